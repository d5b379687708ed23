package commit

import (
	"slices"
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// healable and not are resources of stackWithBucket.
const (
	healable   = "BucketPolicyinbox"
	unhealable = "Bucketinbox"
)

func stackWithBucket(t *testing.T) *template.Template {
	return newState(t, 1, "set", began, template.Change{Op: template.Create, Entity: bucket("inbox", "")}).template
}

// TestRecovery_ContinuedRollback drives the states of a failed rollback, attempt by attempt.
func TestRecovery_ContinuedRollback(t *testing.T) {
	type step struct {
		status string
		failed []string

		next continuation
		skip []string // of the next attempt
	}
	for name, steps := range map[string][]step{
		"its cause has passed": {
			{status: cfn.UpdateRollbackComplete, next: restored},
		},
		"a resource is skipped": {
			{status: cfn.UpdateRollbackFailed, failed: []string{healable}, next: readAgain, skip: []string{healable}},
			{status: cfn.UpdateRollbackComplete, next: toHeal},
		},
		"another resource fails once the first is skipped": {
			{status: cfn.UpdateRollbackFailed, failed: []string{healable}, next: readAgain, skip: []string{healable}},
			{
				status: cfn.UpdateRollbackFailed, failed: []string{template.RevisionMarkerID}, next: readAgain,
				skip: []string{healable, template.RevisionMarkerID},
			},
			{status: cfn.UpdateRollbackComplete, next: toHeal},
		},
		"a resource that cannot be healed": {
			{status: cfn.UpdateRollbackFailed, failed: []string{healable, unhealable}, next: givenUp},
		},
		"no resource is named": {
			{status: cfn.UpdateRollbackFailed, next: givenUp},
		},
		"another writer's operation has begun": {
			{status: "UPDATE_IN_PROGRESS", next: readAgain},
			{status: cfn.UpdateRollbackComplete, next: restored},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var r recovery
			r.begin()
			var want []string
			for n, s := range steps {
				skip, ok := r.found(stackWithBucket(t))
				if !ok || !slices.Equal(skip, want) {
					t.Fatalf("attempt %d skips %v (%t), want %v", n+1, skip, ok, want)
				}
				r.accepted()
				next, skipped := r.ended(s.status, s.failed)
				if next != s.next {
					t.Fatalf("after attempt %d: %d, want %d", n+1, next, s.next)
				}
				if next == toHeal && !slices.Equal(skipped, want) {
					t.Errorf("%v are to be healed, want %v", skipped, want)
				}
				if s.skip != nil {
					want = s.skip
				}
			}
		})
	}
}

// TestRecovery_Bounds: a rollback is continued three times and tried twenty times, no more.
func TestRecovery_Bounds(t *testing.T) {
	for accepted, want := range map[bool]int{true: maxContinued, false: maxContinuing} {
		var r recovery
		attempts := 0
		for attempts < 100 {
			if _, ok := r.found(stackWithBucket(t)); !ok {
				break
			}
			attempts++
			if accepted {
				r.accepted()
			}
		}
		if attempts != want {
			t.Errorf("accepted %t: %d attempts, want %d", accepted, attempts, want)
		}
	}
}

// TestRecovery_Healing: a commit changes what was skipped, and a second one restores it.
func TestRecovery_Healing(t *testing.T) {
	r := recovery{heal: []string{healable}}
	base := stackWithBucket(t)
	changed, restores := r.next(base)
	if restores || changed.Equal(base) {
		t.Fatalf("the first commit restores: %t, or changes nothing", restores)
	}
	again, restores := r.next(changed)
	if !restores || !again.Equal(base) {
		t.Errorf("the second commit restores: %t, and gives the template from before: %t", restores, again.Equal(base))
	}
	r.healed()
	if r.pending() {
		t.Error("healing is pending after its end")
	}
}

// TestRecovery_HealingRollbackFailed: what a healing commit has damaged is continued, and not
// healed again.
func TestRecovery_HealingRollbackFailed(t *testing.T) {
	r := recovery{heal: []string{healable}}
	r.next(stackWithBucket(t))
	r.healingRollbackFailed()
	if r.healing() || !r.pending() {
		t.Fatalf("healing %t, pending %t", r.healing(), r.pending())
	}
	r.found(stackWithBucket(t))
	r.ended(cfn.UpdateRollbackFailed, []string{healable})
	r.found(stackWithBucket(t))
	if next, skipped := r.ended(cfn.UpdateRollbackComplete, nil); next != leftUnhealed ||
		!slices.Equal(skipped, []string{healable}) {
		t.Errorf("%d with %v, want it left unhealed", next, skipped)
	}
	if r.pending() {
		t.Error("the recovery does not end")
	}
}

// TestRecovery_Overtaken: when another writer has continued the rollback, its healing is theirs;
// ours stays pending.
func TestRecovery_Overtaken(t *testing.T) {
	r := recovery{heal: []string{healable}}
	r.begin()
	r.overtaken()
	if r.rollback != nil || !r.healing() {
		t.Errorf("rollback %v, healing %t", r.rollback, r.healing())
	}
}
