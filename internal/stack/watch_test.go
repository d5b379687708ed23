package stack_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// unserved makes an operation of CloudFormation fail for ever.
func unserved(operation string) sandbox.Fault {
	return sandbox.Fault{
		Service: "cloudformation", Operation: operation, Effect: sandbox.FailCall, Code: "InternalFailure", Times: 1_000_000,
	}
}

// TestUnserved_TimeRunsOut returns AWS's last answer to a member whose time runs out.
func TestUnserved_TimeRunsOut(t *testing.T) {
	for operation, changed := range map[string]model.Changed{
		"DescribeStacks": model.ChangedNothing, "CreateChangeSet": model.ChangedNothing, "DescribeChangeSet": model.ChangedNothing,
		"ExecuteChangeSet": model.ChangedUnknown,
	} {
		t.Run(operation, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.filled(w.process())
				w.faults(unserved(operation))
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				err := w.process().Commit(ctx, create(user("partner")))
				e, ok := model.Explain(err)
				if !ok || !strings.Contains(e.Cause, "The time ran out") ||
					!strings.Contains(e.Cause, operation+": InternalFailure: ") {
					t.Errorf("the error does not tell AWS's answer: %v\n%+v", err, e)
				}
				if e.Changed != changed {
					t.Errorf("changed: %v, want %v", e.Changed, changed)
				}
				w.box.ClearFaults()
				synctest.Wait()
				time.Sleep(time.Hour) // the writer's own calls end
			})
		})
	}
}

// TestUnserved_Bounded gives up on change sets that AWS does not create, long before the members'
// time runs out.
func TestUnserved_Bounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.process()
		w.filled(s)
		w.faults(unserved("CreateChangeSet"))
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
		defer cancel()
		began := time.Now()
		err := s.Commit(ctx, create(user("partner")))
		var failed *commit.CommitError
		if !errors.As(err, &failed) || !failed.Unserved ||
			!strings.Contains(err.Error(), "CreateChangeSet: InternalFailure: ") {
			t.Errorf("error %v", err)
		}
		if took := time.Since(began); took < commit.UnservedPatience || took > 30*time.Minute {
			t.Errorf("given up after %s", took)
		}
		w.box.ClearFaults()
		must(t, s.Commit(ctx, create(user("partner"))))
	})
}

// TestUnserved_ServedAgain forgets AWS's answer once the call is served, because a later wait has
// another cause.
func TestUnserved_ServedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.filled(w.process())
		w.faults(
			sandbox.Fault{
				Service: "cloudformation", Operation: "DescribeStacks", Effect: sandbox.FailCall,
				Code: "InternalFailure", Times: 3,
			},
		)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		err := w.process().Commit(ctx, create(user("partner")))
		var unknown *commit.OutcomeUnknownError
		if !errors.As(err, &unknown) || unknown.Last != nil {
			t.Errorf("error %v", err)
		}
		time.Sleep(time.Hour) // the commit ends
	})
}
