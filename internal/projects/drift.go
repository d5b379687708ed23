package projects

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/stowage/terraform-provider-stowage/internal/account"
	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/stack"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Comparing the stacks with AWS.
//
// CloudFormation compares the resources of a stack on demand. That takes minutes, so a sweep starts
// a detection, and a later one stores its result in the mirror, where plans read it with the Query
// that they make anyway. The result counts only if the stack was not updated meanwhile.
//
// CloudFormation leaves out resources whose types do not support drift detection, without a word.
// Those that can be read with Cloud Control are (template.ReadableResources). Access keys are
// always listed in IAM. What nothing reads is stored as uncovered. CloudFormation also reports some
// differences and deletions that do not exist; each one is confirmed by a read with Cloud Control
// where that supports the type. That a bucket was deleted is confirmed by S3 alone.
//
// A check of a stack takes DetectStackDrift once, DescribeStackDriftDetectionStatus once for each
// sweep that looks at it, DescribeStackResourceDrifts for every 100 resources, DescribeStacks twice,
// GetTemplate once, ListAccessKeys for every user with a key, HeadBucket for every deleted bucket,
// and GetResource for every other resource that has drifted or is read directly.

// Times of drift detections.
const (
	// detectionLife is how long a detection may take. After that it counts as lost.
	detectionLife = time.Hour
	// readsAtOnce is the number of resources of a stack that are read at once.
	readsAtOnce = 8
	// driftPause is how long a stack is left alone after a comparison failed.
	driftPause = time.Hour
)

const (
	bucketType = "AWS::S3::Bucket"
	userType   = "AWS::IAM::User"
)

// RefreshAndCheck is Refresh, and also looks after the drift of the project's stacks: it starts a
// detection for a stack that was not compared with AWS for the given time, and stores the result of
// a detection that has ended. A stack with drift that has been updated since is compared again at
// once. With a time of 0 it does none of this.
func (s *Synchronizer) RefreshAndCheck(
	ctx context.Context, name string, every time.Duration,
) (changed bool, err error) {
	proj, err := s.registry.project(ctx, name)
	if err != nil {
		return false, err
	}
	done, err := proj.refreshing.do(ctx, wholeProject, func(ctx context.Context) (Refreshed, error) {
		r, err := newRefresh(ctx, proj)
		if err != nil {
			return Refreshed{}, err
		}
		done, err := r.all(ctx)
		if err != nil || every == 0 || name == mirror.Directory || done.Changed {
			return done, err // what has just changed is looked at by the next sweep
		}
		found, err := r.checkDrift(ctx, every)
		done.Changed = done.Changed || found
		return done, err
	})
	return done.Changed, err
}

// checkDrift looks after the drift of the stacks that the mirror holds, one after the other. found
// reports whether a result was stored.
func (r *refresh) checkDrift(ctx context.Context, every time.Duration) (found bool, err error) {
	for n, body := range r.snapshot.Bodies {
		sh, head := comparison{r.project.reached(n)}, r.snapshot.Heads[n]
		if sh.shard == nil || head == nil || !cfn.Stable(head.Status) {
			continue
		}
		if !sh.mayCheckDrift(time.Now()) {
			continue
		}
		stored, err := sh.checkDrift(ctx, every, body, r.snapshot.Drifts[n])
		if ctx.Err() != nil {
			return found, ctx.Err()
		}
		if err != nil { // accounts that an older template prepared lack the rights
			sh.driftFailed(time.Now())
			r.project.hub.config.Warn(ctx, "The stack could not be compared with AWS", map[string]any{
				"stack": sh.stack.Name(), "error": err.Error(),
			})
		}
		found = found || stored
	}
	return found, nil
}

// comparison compares a stack with AWS.
type comparison struct{ *shard }

func (c comparison) detector() stack.DriftDetector { return stack.DriftDetector{Stack: c.stack} }

// mayCheckDrift reports whether the last failed comparison is long enough ago.
func (c comparison) mayCheckDrift(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return now.Sub(c.driftFailure) >= driftPause
}

// driftFailed records that a comparison with AWS failed.
func (c comparison) driftFailed(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.driftFailure = now
}

// checkDrift does the next step of a stack's comparison with AWS.
func (c comparison) checkDrift(
	ctx context.Context, every time.Duration, body *mirror.Body, have *mirror.Drift,
) (stored bool, err error) {
	if have == nil || have.StackID != body.StackID {
		have = &mirror.Drift{Shard: c.n, StackID: body.StackID}
	}
	if have.Detection == nil {
		if !driftDue(have, body, every, time.Now()) {
			return false, nil
		}
		return false, c.startDetection(ctx, *have, body.LastUpdated)
	}
	status, err := c.detector().Status(ctx, have.Detection.ID)
	if err != nil {
		return false, err
	}
	late := time.Since(have.Detection.Started) > detectionLife
	if status == stack.DriftRunning && !late {
		return false, nil
	}
	if status == stack.DriftComplete && have.Detection.LastUpdated.Equal(body.LastUpdated) {
		found, err := c.readDrift(ctx, body.LastUpdated)
		if err != nil {
			return false, err
		}
		if found != nil {
			return c.storeDrift(ctx, body, found)
		}
	}
	// The stack was updated meanwhile, or the detection was lost: the next sweep starts another one.
	have.Detection = nil
	return false, c.project.hub.table.PutDrift(ctx, c.project.name, *have)
}

// driftDue reports whether a stack is to be compared with AWS.
func driftDue(have *mirror.Drift, body *mirror.Body, every time.Duration, now time.Time) bool {
	drifted := len(have.Drift.Differences) > 0
	return now.Sub(have.Checked) >= every || drifted && !have.LastUpdated.Equal(body.LastUpdated)
}

// startDetection starts a drift detection and records it.
func (c comparison) startDetection(ctx context.Context, have mirror.Drift, lastUpdated time.Time) error {
	id, ok, err := c.detector().Start(ctx)
	if err != nil || !ok {
		return err
	}
	have.Detection = &mirror.DriftDetection{ID: id, Started: time.Now().UTC(), LastUpdated: lastUpdated}
	return c.project.hub.table.PutDrift(ctx, c.project.name, have)
}

// storeDrift stores the result of a comparison.
func (c comparison) storeDrift(ctx context.Context, body *mirror.Body, found *template.LiveDrift) (bool, error) {
	now := time.Now().UTC()
	return c.project.hub.table.ChangeDrift(ctx, c.project.name, c.n, func(*mirror.Drift) *mirror.Drift {
		return &mirror.Drift{StackID: body.StackID, Checked: now, LastUpdated: body.LastUpdated, Drift: *found}
	})
}

// readDrift reads what the last detection has found, and what CloudFormation does not compare. It
// returns nil when the stack has been updated since lastUpdated.
func (c comparison) readDrift(ctx context.Context, lastUpdated time.Time) (*template.LiveDrift, error) {
	read, err := c.stack.ReadStableOrBusy(ctx)
	if err != nil || read == nil || !cfn.Stable(read.After.Status) ||
		!read.After.LastUpdated.Truncate(time.Millisecond).Equal(lastUpdated) {
		return nil, err
	}
	drifts, err := c.detector().Results(ctx)
	if err != nil {
		return nil, err
	}
	env := c.withOutputs(read.After.Outputs)
	compared, err := c.confirm(ctx, drifts)
	if err != nil {
		return nil, err
	}
	direct, err := c.readUncompared(ctx, read, env, compared)
	if err != nil {
		return nil, err
	}
	return template.Compare(read.Template, env, append(compared, direct...))
}

// confirm reads the resources that CloudFormation reports as changed or deleted, and drops what is
// not so. A bucket or user whose deletion cannot be confirmed is left out, and so counts as uncovered.
func (c comparison) confirm(ctx context.Context, drifts []stack.Drift) ([]template.LiveResource, error) {
	confirmed := make([]*template.LiveResource, len(drifts))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(readsAtOnce)
	for i, drift := range drifts {
		group.Go(func() error {
			live, err := c.confirmOne(ctx, drift)
			var unconfirmed *account.UnconfirmedError
			switch {
			case errors.As(err, &unconfirmed):
				c.project.hub.config.Warn(ctx, "A deletion in AWS could not be confirmed", map[string]any{
					"stack": c.stack.Name(), "resource": drift.LogicalID, "error": err.Error(),
				})
			case err != nil:
				return err
			default:
				confirmed[i] = &live
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var compared []template.LiveResource
	for _, live := range confirmed {
		if live != nil {
			compared = append(compared, *live)
		}
	}
	return compared, nil
}

// confirmOne is confirm for one resource. It returns an *account.UnconfirmedError for the deletion of
// a bucket or user that cannot be confirmed: if it exists, recording its deletion loses the bucket,
// or the user's access keys. Of other resources that cannot be read, CloudFormation's report counts.
func (c comparison) confirmOne(ctx context.Context, drift stack.Drift) (template.LiveResource, error) {
	live := drift.LiveResource
	if !live.Drifted() {
		return live, nil
	}
	if live.Deleted && drift.Type == bucketType {
		missing, err := c.buckets().Missing(ctx, drift.PhysicalID)
		live.Deleted = missing
		return live, err
	}
	properties, exists, err := account.LiveProperties(ctx, c.account.CloudControl, drift.Type, drift.PhysicalID)
	switch {
	case ctx.Err() != nil:
		return live, ctx.Err()
	case err != nil && live.Deleted && drift.Type == userType:
		return live, &account.UnconfirmedError{Type: drift.Type, Name: drift.PhysicalID, Err: err}
	case err != nil:
		return live, nil //nolint:nilerr // CloudFormation's report counts
	case live.Deleted && exists:
		live.Deleted = false
	case !exists && drift.Type == bucketType: // Cloud Control does not say where it looked
		live.Values = nil
		live.Deleted, err = c.buckets().Missing(ctx, drift.PhysicalID)
		return live, err
	case !exists:
		live.Deleted, live.Values = true, nil
	default:
		live.Values = template.StillDiffer(drift.Values, properties)
	}
	return live, nil
}

// readUncompared reads the resources that CloudFormation's detection left out and that can be read
// directly.
func (c comparison) readUncompared(
	ctx context.Context, read *commit.BaseRead, env template.Env, compared []template.LiveResource,
) ([]template.LiveResource, error) {
	contents, err := template.Parse(read.Template, env)
	if err != nil {
		return nil, err
	}
	covered := map[string]bool{}
	for _, resource := range compared {
		covered[resource.LogicalID] = true
	}
	var mu sync.Mutex
	var found []template.LiveResource
	add := func(resources ...template.LiveResource) {
		mu.Lock()
		defer mu.Unlock()
		found = append(found, resources...)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(readsAtOnce)
	for _, resource := range template.ReadableResources(read.Template, env) {
		if covered[resource.LogicalID] {
			continue
		}
		group.Go(func() error {
			properties, exists, err := account.LiveProperties(
				ctx, c.account.CloudControl, resource.Type, resource.Identifier,
			)
			if err == nil {
				add(resource.Compare(properties, exists))
			}
			return ctx.Err()
		})
	}
	for _, user := range contents.Users {
		if keys := template.KeysOf(contents, user); len(keys) > 0 {
			group.Go(func() error {
				existing, err := account.ListKeys(ctx, c.account.IAM, model.UserName(c.project.name, user.Name))
				if err != nil {
					return ctx.Err() // uncovered
				}
				for _, key := range keys {
					add(key.Compare(existing))
				}
				return nil
			})
		}
	}
	err = group.Wait()
	slices.SortFunc(found, func(a, b template.LiveResource) int { return strings.Compare(a.LogicalID, b.LogicalID) })
	return found, err
}
