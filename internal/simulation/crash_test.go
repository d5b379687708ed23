package simulation

import (
	"fmt"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

// chore is one item of a configuration, in order.
type chore struct {
	action Action
	entity model.Entity
}

func chores() []chore {
	bucket := func(name, tag string) model.Bucket {
		return model.Bucket{
			Name: name, BucketName: model.DefaultBucketName(project, name, account, region), Lifecycle: model.DefaultLifecycle(),
			OnDelete: model.Refuse, Tags: map[string]string{"v": tag},
		}
	}
	return []chore{
		{Create, bucket("b0", "one")},
		{Create, bucket("b1", "two")},
		{Create, model.User{Name: "u0", Tags: map[string]string{"v": "three"}}},
		{Create, model.Permission{User: "u0", Bucket: "b0", Access: model.Read}},
		{Update, bucket("b0", "four")},
		{Delete, bucket("b1", "")},
	}
}

// TestCrashAtEveryStep runs a small configuration once to count its calls. Then it runs it twice
// per call, with the process killed before the call reaches AWS, and right after. A new process
// does what the dead one had not reported. The end is the same in all cases.
func TestCrashAtEveryStep(t *testing.T) {
	calls := crashAt(t, -1, false)
	if calls < 40 {
		t.Fatalf("only %d calls", calls)
	}
	for i := range calls {
		for _, after := range []bool{false, true} {
			name := fmt.Sprintf("before call %d", i)
			if after {
				name = fmt.Sprintf("after call %d", i)
			}
			t.Run(name, func(t *testing.T) { crashAt(t, i, after) })
		}
	}
}

// crashAt runs the chores with a crash at one call; -1 for none. It returns the number of calls of
// the first process.
func crashAt(t *testing.T, at int, after bool) (calls int) {
	t.Helper()
	cryptotest.SetGlobalRandom(t, 1)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		founder := w.start("founder", 1)
		if err := founder.CreateProject(
			founder.ctx, model.Project{Name: project, AccountID: account, Region: region, OnDelete: model.Refuse},
		); err != nil {
			t.Fatal(err)
		}
		victim := w.start("victim", 100)
		began := victim.crashAt(int64(at)+1, after)
		done := 0
		for _, c := range chores() {
			err := victim.write(c.action, c.entity)
			if victim.crashed() {
				break
			}
			if err != nil {
				t.Errorf("%s %s: %v", c.action, c.entity.ID(), err)
			}
			done++
		}
		calls = int(began())
		time.Sleep(time.Second)
		heir := w.start("heir", 200)
		for _, c := range chores()[done:] {
			if err := heir.write(c.action, c.entity); err != nil {
				t.Errorf("after the crash: %s %s: %v", c.action, c.entity.ID(), err)
			}
		}
		time.Sleep(time.Hour) // the dead process's operations end
		w.atRest(swarm{})
		for _, problem := range w.problems {
			t.Error(problem)
		}
		w.wanted()
		if t.Failed() {
			t.Logf("replay with: go test ./internal/simulation -run 'TestCrashAtEveryStep/(before|after)_call_%d$'", at)
		}
	})
	return calls
}

// wanted checks that the project holds exactly what the chores create.
func (w *world) wanted() {
	w.t.Helper()
	reader := w.start("auditor", 9, func(c *projects.Config) { c.ReadMode = projects.Authoritative })
	view, err := reader.Read(reader.ctx, project)
	if err != nil {
		w.t.Fatal(err)
	}
	c := view.Contents
	if len(c.Buckets) != 1 || value(c.Buckets[0]) != "four|" || len(c.Users) != 1 || value(c.Users[0]) != "three|" ||
		len(c.Permissions) != 1 {
		w.t.Errorf("the project holds %+v %+v %+v", c.Buckets, c.Users, c.Permissions)
	}
}
