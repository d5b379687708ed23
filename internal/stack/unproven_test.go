package stack_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// TestCommit_EveryAnswer commits a series of changes under each unproven answer of AWS. The
// outcomes are the same.
func TestCommit_EveryAnswer(t *testing.T) {
	worlds := map[string]unproven.Answers{"believed": nil}
	for _, rule := range unproven.Switches() {
		if rule.Test != "internal/stack:TestCommit_EveryAnswer" {
			continue
		}
		for _, answer := range rule.Answers[1:] {
			worlds[rule.ID+"/"+answer] = unproven.Answers{rule.ID: answer}
		}
	}
	for name, answers := range worlds {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				box := sandbox.New(sandbox.Options{Seed: 1, Latency: sandbox.LatencyAWS(), Answers: answers})
				w := &world{t: t, box: box, transport: simulate.NewTransport(box)}
				w.commitSeries()
			})
		})
	}
}

// commitSeries makes more changes than fit into a small page, changes metadata alone, loses a
// member to a rollback, and lets two processes write at once.
func (w *world) commitSeries() {
	t, ctx := w.t, w.t.Context()
	first, second := w.process(), w.process()
	w.filled(first)
	mustAll(t, commitAll(ctx, first, 12, creations("bucket", 12)...))

	emptied := bucket("bucket03")
	emptied.OnDelete = model.Empty
	must(t, first.Commit(ctx, template.Change{Op: template.Update, Entity: emptied}))

	w.faults(sandbox.Fault{ResourceType: "AWS::IAM::User", PhysicalID: "acme-user01", Phase: "create", Reason: "the quota of users is used up", Times: 1})
	outcomes := commitAll(ctx, first, 3, creations("user", 3)...)
	if outcomes[1] == nil || !strings.Contains(outcomes[1].Error(), "the quota of users is used up") {
		t.Errorf("the bad member ended with %v", outcomes[1])
	}
	mustAll(t, []error{outcomes[0], outcomes[2]})

	ended := make(chan error, 1)
	go func() { ended <- second.Commit(ctx, create(user("user01"))) }()
	must(t, first.Commit(ctx, create(user("other"))))
	must(t, <-ended)
	must(t, first.Commit(ctx, template.Change{Op: template.Delete, Entity: user("user02")}))

	contents := w.contents()
	if len(contents.Buckets) != 12 || len(contents.Users) != 3 {
		t.Errorf("%d buckets and %d users, want 12 and 3", len(contents.Buckets), len(contents.Users))
	}
	for _, b := range contents.Buckets {
		if want := b.Name == "bucket03"; (b.OnDelete == model.Empty) != want {
			t.Errorf("%s has on_delete %s", b.Name, b.OnDelete)
		}
	}
}
