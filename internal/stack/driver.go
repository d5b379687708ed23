package stack

import (
	"context"
	"errors"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Commit applies a change to the stack and returns when CloudFormation has finished; commit.Engine
// documents the errors. The context's deadline is the time limit. A cancelled change that is not
// executing is dropped; an executing one returns its true outcome.
func (s *Stack) Commit(ctx context.Context, change template.Change) error {
	deadline, _ := ctx.Deadline()
	outcome := make(chan error, 1)
	id := s.submit(ctx, change, deadline, outcome)
	select {
	case err := <-outcome:
		return err
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return <-outcome // the engine knows the deadline and the outcome of the change
		}
		s.arrive(arrival{at: time.Now(), member: commit.Member{ID: id}, cancel: true})
		return <-outcome
	}
}

func (s *Stack) submit(
	ctx context.Context, change template.Change, deadline time.Time, outcome chan error,
) commit.MemberID {
	s.mu.Lock()
	s.next++
	id := s.next
	s.waiters[id] = outcome
	s.arrived = append(
		s.arrived, arrival{at: time.Now(), member: commit.Member{ID: id, Change: change, Deadline: deadline}},
	)
	start := !s.running
	s.running = true
	s.mu.Unlock()
	if start {
		go s.run(context.WithoutCancel(ctx))
	}
	s.signal()
	return id
}

func (s *Stack) arrive(a arrival) {
	s.mu.Lock()
	s.arrived = append(s.arrived, a)
	s.mu.Unlock()
	s.signal()
}

func (s *Stack) signal() {
	select {
	case s.wake <- struct{}{}:
	default: // a signal is already pending
	}
}

// run drives the engine until it has nothing to do. Only one run is active, so the engine needs no
// lock.
func (s *Stack) run(ctx context.Context) {
	observations := make(chan commit.Observation, 1) // at most one call is outstanding
	for s.step(ctx, observations) {
		s.await(observations)
	}
}

// await waits for an arrival, the answer to a call, or a tick that the engine wants.
func (s *Stack) await(observations <-chan commit.Observation) {
	var tick <-chan time.Time
	if at, ok := s.engine.NextTick(); ok {
		timer := time.NewTimer(time.Until(at))
		defer timer.Stop()
		tick = timer.C
	}
	select {
	case <-s.wake:
	case <-tick:
	case o := <-observations:
		s.engine.Observe(time.Now(), o)
	}
}

// step passes arrivals to the engine and performs its effects. It returns false when nothing is
// left to do.
func (s *Stack) step(ctx context.Context, observations chan<- commit.Observation) bool {
	s.mu.Lock()
	arrived := s.arrived
	s.arrived = nil
	s.mu.Unlock()
	for _, a := range arrived {
		if a.cancel {
			s.engine.Cancel(a.at, a.member.ID)
		} else {
			s.engine.Submit(a.at, a.member)
		}
	}
	s.engine.Tick(time.Now())
	for _, effect := range s.engine.Effects() {
		s.perform(ctx, effect, observations)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = !s.engine.Idle() || len(s.arrived) > 0
	return s.running
}

// perform performs an effect: directly if it needs no answer, else in another goroutine.
func (s *Stack) perform(ctx context.Context, effect commit.Effect, observations chan<- commit.Observation) {
	switch e := effect.(type) {
	case commit.Done:
		s.done(e)
	case commit.Announce:
		s.config.Observer.Announce(ctx, e)
	case commit.Committed:
		s.config.Log(ctx, "Committed", map[string]any{"stack": s.config.Stack, "revision": e.Revision, "token": e.Token})
		s.config.Observer.Committed(ctx, e)
	case commit.Superseded:
		s.config.Observer.Superseded()
	case commit.Unchanged:
		s.config.Observer.Unchanged(ctx, e)
	case commit.Unhealed:
		s.config.Observer.Unhealed(ctx, e)
	default:
		go func() {
			observations <- performer{s}.call(observed(ctx, func(a commit.Attempt) { observations <- a }), effect)
		}()
	}
}

func (s *Stack) done(e commit.Done) {
	s.mu.Lock()
	outcome := s.waiters[e.Member]
	delete(s.waiters, e.Member)
	s.mu.Unlock()
	if outcome != nil {
		outcome <- e.Err // of capacity 1, and each member is completed once
	}
}
