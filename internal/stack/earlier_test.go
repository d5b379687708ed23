package stack_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/stack"
)

// readsBefore returns the operations that were called before the first change set was created.
func (r *recorder) readsBefore() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var operations []string
	for _, call := range r.calls {
		if call.Get("Action") == "CreateChangeSet" {
			break
		}
		operations = append(operations, call.Get("Action"))
	}
	return operations
}

// TestCommit_Reads checks what a commit reads of its stack before it creates a change set.
func TestCommit_Reads(t *testing.T) {
	whole := []string{"DescribeStacks", "GetTemplate", "DescribeStacks"}
	for name, c := range map[string]struct {
		earlier func(t *testing.T, w *world, s *stack.Stack)
		want    []string
	}{
		"nothing was read": {func(*testing.T, *world, *stack.Stack) {}, whole},
		"described for a plan": {func(t *testing.T, _ *world, s *stack.Stack) {
			_, err := s.Describe(t.Context())
			must(t, err)
		}, whole[1:]},
		"read for a plan": {settled, nil},
		"committed to":    {func(t *testing.T, _ *world, s *stack.Stack) { must(t, s.Commit(t.Context(), create(user("first")))) }, nil},
		"read long ago": {func(t *testing.T, w *world, s *stack.Stack) {
			settled(t, w, s)
			time.Sleep(2 * time.Minute)
		}, whole},
		"described before another commit": {func(t *testing.T, w *world, s *stack.Stack) {
			_, err := s.Describe(t.Context())
			must(t, err)
			must(t, w.process().Commit(t.Context(), create(user("theirs"))))
		}, slices.Concat(whole[1:], whole)},
		"known to have changed since it was read": {func(t *testing.T, w *world, s *stack.Stack) {
			settled(t, w, s)
			must(t, w.process().Commit(t.Context(), create(user("theirs"))))
			s.Know(*w.described().StackId, *w.described().LastUpdatedTime)
		}, whole},
		// The process learns of the other commit from its change set.
		"read before another commit": {func(t *testing.T, w *world, s *stack.Stack) {
			settled(t, w, s)
			must(t, w.process().Commit(t.Context(), create(user("theirs"))))
		}, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.filled(w.process())
			calls := &recorder{next: w.transport}
			client := w.clientBy(calls).CloudFormation
			s := w.process(func(c *stack.Config) { c.CloudFormation = client })
			c.earlier(t, w, s)
			calls.calls = nil
			must(t, s.Commit(t.Context(), create(user("partner"))))
			if got := calls.readsBefore(); !slices.Equal(got, c.want) {
				t.Errorf("%s: the commit reads %q, want %q", name, got, c.want)
			}
			var names []string
			for _, u := range w.contents().Users {
				names = append(names, u.Name)
			}
			if !slices.Contains(names, "partner") {
				t.Errorf("%s: the users are %q", name, names)
			}
		})
	}
}

func settled(t *testing.T, _ *world, s *stack.Stack) {
	t.Helper()
	_, err := s.ReadStable(t.Context())
	must(t, err)
}

// TestCommit_ReadsOfACreation counts the reads of a stack's creation: one that finds no stack, and
// the polls of two operations.
func TestCommit_ReadsOfACreation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		calls := &recorder{next: w.transport}
		client := w.clientBy(calls).CloudFormation
		s := w.process(func(c *stack.Config) { c.CloudFormation = client })
		calls.calls = nil
		must(t, s.Commit(t.Context(), create(user("partner"))))
		if got, want := calls.readsBefore(), []string{"DescribeStacks"}; !slices.Equal(got, want) {
			t.Errorf("a creation reads %q, want %q", got, want)
		}
		if n := w.called("GetTemplate"); n > 0 {
			t.Errorf("what was created is read again %d times", n)
		}
	})
}
