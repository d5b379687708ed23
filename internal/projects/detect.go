package projects

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	smithytime "github.com/aws/smithy-go/time"

	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/stack"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Comparing stacks with AWS on demand, and waiting for the result. The sweep's comparison is the
// same, spread over several sweeps (drift.go).
//
// A comparison of a stack takes DescribeStacks, DetectStackDrift, DescribeStackDriftDetectionStatus
// after each pause until the detection has ended, and then the reads of readDrift. When the stack
// is updated meanwhile, it is compared again. A stack that is being updated, or that another process
// compares, is asked again after each pause. The result is stored in the mirror, as a sweep's is.

const (
	// detectPause is the time before the first look at a detection. The next ones are twice as long
	// each, up to maxDetectPause: 10 looks in 75 seconds, and 6 a minute after that.
	detectPause    = time.Second
	maxDetectPause = 10 * time.Second
	// detectBound limits the comparison of a project with AWS.
	detectBound = 15 * time.Minute
	// stacksAtOnce is the number of stacks of a project that are compared at once.
	stacksAtOnce = 4
)

// StackDrift is how a stack differs from AWS.
type StackDrift struct {
	Stack string
	template.LiveDrift
}

// detection is the comparison of a project with AWS that its reads wait for: one per process.
type detection struct {
	sharing flights[struct{}]

	mu   sync.Mutex // protects done; never held during a call or a wait
	done bool
}

func (d *detection) ended() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.done
}

func (d *detection) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.done = true
}

// CheckDrift compares the stacks of a project with AWS, once per process. Views that are read
// afterwards have the result. A failure is a DriftWarning: views then have the result of the last
// comparison that succeeded. CheckDrift returns an error only if the context has ended.
func (s *Service) CheckDrift(ctx context.Context, name string) error {
	proj, err := s.registry.project(ctx, name)
	if err != nil {
		return ctx.Err() // the read that follows returns the error
	}
	if proj.detection.ended() {
		return nil
	}
	_, err = proj.detection.sharing.do(ctx, "", func(ctx context.Context) (struct{}, error) {
		if proj.detection.ended() {
			return struct{}{}, nil
		}
		defer proj.detection.end()
		t, err := s.reader.target(ctx, name)
		if err != nil {
			return struct{}{}, nil
		}
		if _, err := t.detectDrift(ctx, func(string) {}); err != nil {
			s.process.warnings.add(DriftWarning{Project: name, Err: err})
		}
		return struct{}{}, nil
	})
	return err
}

// DetectDrift compares the stacks of a project with AWS now, and returns their drift. progress gets
// a line for each step and each look at a detection.
func (s *Service) DetectDrift(ctx context.Context, name string, progress func(string)) ([]StackDrift, error) {
	t, err := s.reader.target(ctx, name)
	if err != nil {
		return nil, err
	}
	return t.detectDrift(ctx, progress)
}

// detectDrift compares the stacks of a project. It returns the results of those that could be
// compared, and the first error. It calls progress in the caller's goroutine.
func (t *target) detectDrift(ctx context.Context, progress func(string)) ([]StackDrift, error) {
	ctx, cancel := context.WithTimeout(ctx, detectBound)
	defer cancel()
	found := make([]*mirror.Drift, len(t.view.shards))
	lines, ended := make(chan string), make(chan error, 1)
	go func() {
		var group errgroup.Group
		group.SetLimit(stacksAtOnce)
		for n, read := range t.view.shards {
			if read == nil {
				continue // deleted, of a closing project
			}
			group.Go(func() (err error) {
				found[n], err = comparison{t.shard(n)}.now(ctx, func(line string) { lines <- line })
				return err
			})
		}
		ended <- group.Wait()
		close(lines)
	}()
	for line := range lines {
		progress(line)
	}
	err := <-ended
	var drifts []StackDrift
	for n, drift := range found {
		if drift != nil {
			t.project.memory.compared(n, drift)
			drifts = append(drifts, StackDrift{stackName(t.project.name, n), drift.Drift})
		}
	}
	return drifts, err
}

// now compares the stack with AWS and waits for the result. It returns nil without an error for a
// stack that does not exist.
func (c comparison) now(ctx context.Context, progress func(string)) (*mirror.Drift, error) {
	began := time.Now()
	tell := func(doing string) {
		text := fmt.Sprintf("%s: %s [%s elapsed]", c.stack.Name(), doing, time.Since(began).Round(time.Second))
		c.project.hub.config.Log(ctx, text, nil)
		progress(text)
	}
	var pause pauses
	for {
		described, err := c.stack.Describe(ctx)
		if err != nil || described == nil {
			return nil, c.late(ctx, began, err)
		}
		lastUpdated := described.LastUpdated.Truncate(time.Millisecond)
		id, ok, err := c.detector().Start(ctx)
		switch {
		case err != nil:
			return nil, c.late(ctx, began, err)
		case !ok:
			tell("waiting for another operation")
		default:
			drift, err := c.await(ctx, id, described.StackID, lastUpdated, tell)
			if err != nil || drift != nil {
				return drift, c.late(ctx, began, err)
			}
			tell("updated meanwhile; comparing again")
			continue
		}
		if err := smithytime.SleepWithContext(ctx, pause.next()); err != nil {
			return nil, c.late(ctx, began, err)
		}
	}
}

// pauses are the times between looks at a detection.
type pauses struct{ last time.Duration }

func (p *pauses) next() time.Duration {
	p.last = min(max(2*p.last, detectPause), maxDetectPause)
	return p.last
}

// late explains that the time for a comparison has run out.
func (c comparison) late(ctx context.Context, began time.Time, err error) error {
	if err == nil || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return err
	}
	return &model.ExplainedError{
		Text: "comparing the stack " + c.stack.Name() + " with AWS",
		Explanation: model.Explanation{
			Cause: fmt.Sprintf(
				"The comparison of the stack %s with AWS did not end within %s. It waits while the stack is updated, or compared by another "+
					"process.", c.stack.Name(), time.Since(began).Round(time.Second),
			),
			Remedy: "Try again when no other run changes the project.",
		},
		Err: err,
	}
}

// await waits for a detection, and stores its result. It returns nil without an error when the
// stack was updated meanwhile, or the detection was lost.
func (c comparison) await(
	ctx context.Context, id, stackID string, lastUpdated time.Time, tell func(string),
) (*mirror.Drift, error) {
	var pause pauses
	for status := stack.DriftRunning; status == stack.DriftRunning; {
		tell("comparing with AWS")
		if err := smithytime.SleepWithContext(ctx, pause.next()); err != nil {
			return nil, err
		}
		var err error
		if status, err = c.detector().Status(ctx, id); err != nil {
			return nil, err
		}
		if status == stack.DriftLost {
			return nil, nil //nolint:nilnil // see above
		}
	}
	found, err := c.readDrift(ctx, lastUpdated)
	if err != nil || found == nil {
		return nil, err
	}
	tell(fmt.Sprintf("compared with AWS, %d differences", len(found.Differences)+found.Omitted))
	drift := &mirror.Drift{
		Shard: c.n, StackID: stackID, Checked: time.Now().UTC(), LastUpdated: lastUpdated, Drift: *found,
	}
	c.keepDrift(ctx, *drift)
	return drift, nil
}

// keepDrift stores the result of a comparison in the mirror, for plans and web clients. A failure is
// logged: this process remembers the result, and the sweep finds it again.
func (c comparison) keepDrift(ctx context.Context, drift mirror.Drift) {
	if c.project.hub.config.ReadMode == Authoritative {
		return // it does not use the mirror
	}
	bounded, cancel := context.WithTimeout(ctx, mirrorBound)
	defer cancel()
	changed, err := c.project.hub.table.ChangeDrift(bounded, c.project.name, c.n, func(*mirror.Drift) *mirror.Drift {
		return &drift
	})
	if err != nil {
		c.project.hub.warnMirror(ctx, "written", c.project.name, err)
	}
	if changed {
		c.project.tell(ctx)
	}
}
