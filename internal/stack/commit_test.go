package stack_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

func TestBatching_ThirtyCreations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.process()
		w.filled(s)
		mustAll(t, commitAll(t.Context(), s, 10, creations("bucket", 30)...))
		if got := w.called("ExecuteChangeSet"); got != 3 {
			t.Errorf("%d change sets were executed, want 3", got)
		}
		if got := len(w.contents().Buckets); got != 30 {
			t.Errorf("%d buckets, want 30", got)
		}
	})
}

func TestBatching_EverythingAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.process()
		w.filled(s)
		changes := creations("bucket", 20)
		changes = append(
			changes, create(user("partner")),
			create(model.Permission{User: "partner", Bucket: "bucket00", Access: model.Read}),
		)
		mustAll(t, commitAll(t.Context(), s, len(changes), changes...))
		if got := w.called("ExecuteChangeSet"); got != 1 {
			t.Errorf("%d change sets were executed, want 1", got)
		}
	})
}

func TestFirstCreation_TwoCommits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		must(t, w.process().Commit(t.Context(), create(user("partner"))))
		if got := w.called("ExecuteChangeSet"); got != 2 {
			t.Errorf("%d change sets were executed, want 2", got)
		}
	})
}

func TestCancel_Queued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.process()
		w.filled(s)
		first := make(chan error, 1)
		go func() { first <- s.Commit(t.Context(), create(user("first"))) }()
		time.Sleep(3 * time.Second) // the first commit is executing
		ctx, cancel := context.WithCancel(t.Context())
		second := make(chan error, 1)
		go func() { second <- s.Commit(ctx, create(user("second"))) }()
		time.Sleep(100 * time.Millisecond)
		cancel()
		synctest.Wait()
		var cancelled *commit.InterruptedError
		select {
		case err := <-second:
			if !errors.As(err, &cancelled) {
				t.Errorf("the cancelled change ended with %v", err)
			}
		default:
			t.Error("the cancelled change still waits")
		}
		must(t, <-first)
		if users := w.contents().Users; len(users) != 1 || users[0].Name != "first" {
			t.Errorf("users %v, want the first alone", users)
		}
	})
}

func TestCancel_Executing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.process()
		w.filled(s)
		ctx, cancel := context.WithCancel(t.Context())
		outcome := make(chan error, 1)
		go func() { outcome <- s.Commit(ctx, create(user("partner"))) }()
		for w.called("ExecuteChangeSet") == 0 {
			time.Sleep(50 * time.Millisecond)
		}
		cancel()
		must(t, <-outcome)
		if got := len(w.contents().Users); got != 1 {
			t.Errorf("%d users, want 1", got)
		}
	})
}

func TestDeadline_BeforeExecution(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.process()
		w.filled(s)
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		var timeout *commit.InterruptedError
		if err := s.Commit(ctx, create(user("partner"))); !errors.As(err, &timeout) {
			t.Errorf("the change ended with %v", err)
		}
		time.Sleep(time.Minute)
		if got := len(w.contents().Users); got != 0 {
			t.Errorf("%d users, want none", got)
		}
	})
}

func TestDeadline_DuringExecution(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.process()
		w.filled(s)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		var unknown *commit.OutcomeUnknownError
		if err := s.Commit(ctx, create(user("partner"))); !errors.As(err, &unknown) {
			t.Errorf("the change ended with %v", err)
		}
		// The next commit waits for the operation that is still running.
		must(t, s.Commit(t.Context(), create(user("other"))))
		if got := len(w.contents().Users); got != 2 {
			t.Errorf("%d users, want 2", got)
		}
	})
}

func TestBatching_RefusedMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.process()
		w.filled(s)
		outcomes := commitAll(t.Context(), s, 3,
			create(user("partner")),
			template.Change{Op: template.Update, Entity: user("nobody")},
			create(model.Permission{User: "partner", Bucket: "missing", Access: model.Read}))
		must(t, outcomes[0])
		if !model.IsNotFound(outcomes[1], model.NotFoundEntity) {
			t.Errorf("updating what isn't there ended with %v", outcomes[1])
		}
		var missing *model.NotFoundError
		if !errors.As(outcomes[2], &missing) || missing.Kind != model.NotFoundParent {
			t.Errorf("the permission on a missing bucket ended with %v", outcomes[2])
		}
	})
}
