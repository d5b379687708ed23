package commit

import (
	"fmt"
	"testing"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// BenchmarkEngine commits batches of changes to a hundred buckets with a service that takes no time: what is left is the engine's own work,
// reported per member. It is mostly that of editing and encoding the template.
func BenchmarkEngine(b *testing.B) {
	var buckets []template.Change
	for i := range 100 {
		buckets = append(buckets, create(bucket(fmt.Sprintf("b%d", i), "")))
	}
	base := newState(b, 1, "s1", began, buckets...)
	for _, members := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(members), func(b *testing.B) {
			changes := make([]template.Change, members)
			for i := range changes {
				changes[i] = update(bucket(fmt.Sprintf("b%d", i%100), "new"))
			}
			b.ReportAllocs()
			for b.Loop() {
				commitBatch(b, base, changes)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*members), "ns/member")
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
