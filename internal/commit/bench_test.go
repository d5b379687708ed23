package commit

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// BenchmarkEngine commits batches with a service that takes no time: what is left is the engine's
// own work, reported per member. It is mostly that of editing, comparing and encoding the template,
// a nearly full one, which is shared by the members of a batch; so the time for a member falls with
// the size of the batch, towards what the member itself takes. It never grows.
func BenchmarkEngine(b *testing.B) {
	const each = 100 // entities of a kind
	var entities, changed []model.Entity
	for i := range each {
		one, user := bucket(fmt.Sprintf("b%d", i), ""), model.User{Name: fmt.Sprintf("u%d", i)}
		// Ten permissions for each of ten users, or there would be more policies than a stack has room for.
		permission := model.Permission{User: fmt.Sprintf("u%d", i%10), Bucket: one.Name, Access: model.Read}
		entities = append(entities, one, user, permission)
		one.Unversioned, user.Tags, permission.Access = true, map[string]string{"new": "yes"}, model.Write
		changed = append(changed, one, user, permission)
	}
	var creations []template.Change
	for _, e := range entities {
		creations = append(creations, create(e))
	}
	base := newState(b, 1, "s1", began, creations...)
	for _, members := range []int{10, 100, 300} {
		b.Run(fmt.Sprint(members), func(b *testing.B) {
			changes := make([]template.Change, members)
			for i := range changes {
				changes[i] = update(changed[i])
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for b.Loop() {
				commitBatch(b, base, changes)
			}
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*members), "ns/member")
			b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(b.N*members), "allocs/member")
		})
	}
}

func commitBatch(b *testing.B, base state, changes []template.Change) {
	e := New(config())
	now := began
	for i, change := range changes {
		e.Submit(now, Member{ID: MemberID(i), Change: change})
	}
	now = now.Add(time.Second)
	e.Tick(now)
	done := 0
	for effects := e.Effects(); len(effects) > 0; effects = e.Effects() {
		for _, effect := range effects {
			switch effect := effect.(type) {
			case Read:
				e.Observe(now, BaseRead{Before: base.description, After: base.description, Template: base.template})
			case CreateChangeSet:
				e.Observe(now, ChangeSetMade{ARN: "arn", StackID: stackID, Changes: base.computed(effect.Template)})
			case Execute:
				e.Observe(now, Executed{})
			case Follow:
				after := base.description
				after.ChangeSetID = effect.ARN
				e.Observe(now, Finished{Description: after})
			case Done:
				done++
			}
		}
	}
	if done != len(changes) || !e.Idle() {
		b.Fatalf("%d of %d members are done", done, len(changes))
	}
}
