package simulation

import (
	"fmt"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

// rotationStep is an apply of a user whose access key is rotated, after some time, with a
// replacement trigger.
type rotationStep struct {
	name    string
	after   time.Duration
	trigger string
}

const day = 24 * time.Hour

// rotationSteps are all steps of a rotation: a new key, both active, a replacement while both slots
// are full, the old key inactive, the old key deleted.
var rotationSteps = []rotationStep{
	{"first key", 0, ""},
	{"new beside old", 90 * day, ""},
	{"replaced with both slots full", day, "leaked"},
	{"inactive gone", 7 * day, "leaked"},
	{"new beside old again", 90 * day, "leaked"},
	{"old inactive", 7 * day, "leaked"},
	{"old gone", 7 * day, "leaked"},
}

// TestCrashInARotation kills the process at the calls of each step of a rotation. The next apply
// resumes from the state that it finds. In the end the user has exactly the keys of the model, and
// the secret holds the current one.
func TestCrashInARotation(t *testing.T) {
	for n, step := range rotationSteps {
		calls := crashRotation(t, n, -1, false)
		if calls < 5 {
			t.Fatalf("%s: only %d calls", step.name, calls)
		}
		for at := int64(n) % *stride; at < int64(calls); at += *stride { // other calls in each step
			for _, after := range []bool{false, true} {
				t.Run(
					fmt.Sprintf("%s at call %d after %v", step.name, at, after),
					func(t *testing.T) { crashRotation(t, n, int(at), after) },
				)
			}
		}
	}
}

// applyRotation applies the user as the provider does: it reads the state, plans the keys from it
// and the time, and creates them.
func applyRotation(p *process, trigger string) error {
	view, err := p.Read(p.ctx, project)
	if err != nil {
		return err
	}
	wanted := model.User{
		Name:      "partner",
		AccessKey: &model.AccessKey{Rotation: &model.Rotation{EveryDays: 90, OverlapDays: 7}, Trigger: trigger},
	}
	stands, there := view.Contents.Of(wanted.ID())
	if !there {
		wanted.AccessKey.Keys = wanted.AccessKey.Next(nil, time.Now())
		return p.Create(p.ctx, project, wanted)
	}
	from, ok := stands.(model.User)
	if !ok {
		return fmt.Errorf("the user is a %T", stands)
	}
	wanted.AccessKey.Keys = wanted.AccessKey.Next(from.AccessKey, time.Now())
	if model.SameKeys(from, wanted) && from.AccessKey.Trigger == trigger {
		return nil
	}
	return p.Update(p.ctx, project, wanted, projects.As(view.Contents.IncarnationOf(wanted.ID())), projects.From(from))
}

// crashRotation runs the steps, with a crash at one call of one of them; -1 for none. It returns
// the number of calls of that step.
func crashRotation(t *testing.T, in, at int, after bool) (calls int) {
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
		for n, step := range rotationSteps[:in+1] {
			time.Sleep(step.after)
			p := w.start("step", 100+n)
			began := func() int64 { return 0 }
			if n == in {
				began = p.crashAt(int64(at)+1, after)
			}
			if err := applyRotation(p, step.trigger); err != nil && !p.crashed() {
				t.Fatalf("%s: %v", step.name, err)
			}
			calls = int(began())
		}
		time.Sleep(time.Minute)
		heir := w.start("heir", 200)
		if err := applyRotation(heir, rotationSteps[in].trigger); err != nil {
			t.Errorf("after the crash: %v", err)
		}
		time.Sleep(time.Hour) // the dead process's operations end
		if err := applyRotation(w.start("second", 201), rotationSteps[in].trigger); err != nil {
			t.Errorf("once more: %v", err)
		}
		w.wantRotated()
		w.checkLiveness()
		for _, problem := range w.problems {
			t.Error(problem)
		}
	})
	return calls
}

// wantRotated checks that IAM has the keys of the model, that the secret holds the current one, and
// that no step is due.
func (w *world) wantRotated() {
	w.t.Helper()
	for _, mode := range []projects.ReadMode{projects.Authoritative, projects.Cached} {
		reader := w.start("auditor", 9, func(c *projects.Config) { c.ReadMode = mode })
		view, err := reader.Read(reader.ctx, project)
		if err != nil {
			w.t.Fatal(err)
		}
		if len(view.Contents.Users) != 1 || len(view.Contents.Drift) > 0 {
			w.t.Fatalf("the project holds the users %+v, drift %v", view.Contents.Users, view.Contents.Drift)
		}
		user := view.Contents.Users[0]
		if user.AccessKey.Due(time.Now()) {
			w.t.Errorf("a step is due with the keys %v", user.AccessKey.Keys)
		}
		out, err := iam.NewFromConfig(w.person("inspector")).ListAccessKeys(
			w.t.Context(), &iam.ListAccessKeysInput{UserName: aws.String("acme-partner")},
		)
		if err != nil {
			w.t.Fatal(err)
		}
		has := map[string]bool{}
		for _, key := range out.AccessKeyMetadata {
			has[aws.ToString(key.AccessKeyId)] = key.Status == "Active"
		}
		chosen := view.Contents.Credentials["partner"]
		want := map[string]bool{}
		for slot, key := range user.AccessKey.Keys {
			want[chosen.KeyIDs[slot]] = key.Active()
		}
		if fmt.Sprint(has) != fmt.Sprint(want) {
			w.t.Errorf("IAM has the keys %v, the model %v", has, want)
		}
		secrets, err := secretsmanager.NewFromConfig(w.person("inspector")).ListSecrets(
			w.t.Context(), &secretsmanager.ListSecretsInput{},
		)
		if err != nil || len(secrets.SecretList) != len(want)+1 {
			w.t.Errorf("there are %d secrets for %d keys and the current one, error %v", len(secrets.SecretList), len(want), err)
		}
		current, _ := user.AccessKey.Current()
		held, err := reader.Credentials(reader.ctx, chosen.SecretARN)
		if err != nil || held.ID != chosen.KeyIDs[current] {
			w.t.Errorf("the secret holds the key %s, the current one is %s, error %v", held.ID, chosen.KeyIDs[current], err)
		}
	}
}
