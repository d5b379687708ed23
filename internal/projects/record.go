package projects

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/stowage/terraform-provider-stowage/internal/account"
	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// foundDrift is how AWS differs from a template in the resources of an entity.
type foundDrift struct {
	// resources are what AWS has of those that have drifted, by logical ID, and revision is that of
	// the stack at the time.
	resources map[string]template.Recorded
	revision  int64
	base      commit.Description
	// unbounded are the users and roles whose permissions boundary was removed or changed.
	unbounded []account.Bounded
	// deferred is set when properties were left out that refer to a deleted resource.
	deferred bool
	// failures are why resources could not be compared, by logical ID.
	failures map[string]error
}

// uncomparedError is returned for a resource that cannot be compared with AWS.
type uncomparedError struct{ err error }

func (e *uncomparedError) Error() string { return e.err.Error() }
func (e *uncomparedError) Unwrap() error { return e.err }

// errUncomparable is the reason when AWS gives none: the stack is being updated, or CloudFormation
// does not compare the type.
var errUncomparable = errors.New("CloudFormation does not compare it now")

// drifted returns how AWS differs from the template in an entity's resources. It reads AWS: what a
// plan showed may be hours old.
func (c comparison) drifted(ctx context.Context, id model.ID) (found foundDrift, err error) {
	read, err := c.stack.ReadStable(ctx)
	if err != nil || read == nil {
		return found, err
	}
	found.revision, _ = read.Template.Revision()
	found.base, found.failures = read.After, map[string]error{}
	owned, err := template.OwnedBy(read.Template, c.withOutputs(read.After.Outputs), id)
	if err != nil {
		return found, err
	}
	recorded := map[string]template.Recorded{}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(readsAtOnce)
	for _, resource := range owned {
		group.Go(func() error {
			live, properties, err := c.live(ctx, resource)
			mu.Lock()
			defer mu.Unlock()
			var uncompared *uncomparedError
			if errors.As(err, &uncompared) {
				found.failures[resource.LogicalID] = uncompared.err
				return nil
			}
			if err != nil || !live.Drifted() {
				return err
			}
			recorded[resource.LogicalID] = template.RecordOf(live, properties)
			return nil
		})
	}
	err = group.Wait()
	found.resources = withoutKeys(recorded, owned)
	found.unbounded = takeUnbounded(found.resources, owned)
	found.deferred = template.Defer(found.resources, read.Template)
	return found, err
}

// live compares a resource with AWS now, and returns its properties there. It returns an
// *uncomparedError for one that cannot be compared.
func (c comparison) live(
	ctx context.Context, resource template.OwnedResource,
) (live template.LiveResource, properties map[string]any, err error) {
	if resource.Key != nil {
		keys, err := account.ListKeys(ctx, c.account.IAM, resource.UserName)
		if err != nil {
			return live, nil, err
		}
		return resource.Key.Compare(keys), map[string]any{"Status": keys[resource.Key.ID]}, nil
	}
	drift, properties, compared, err := c.detector().Resource(ctx, resource.LogicalID)
	if err != nil {
		return live, nil, err
	}
	if compared {
		live, err = c.confirmOne(ctx, drift)
		return live, properties, err
	}
	if resource.Readable == nil {
		return live, nil, &uncomparedError{errUncomparable}
	}
	properties, exists, err := account.LiveProperties(
		ctx, c.account.CloudControl, resource.Readable.Type, resource.Readable.Identifier,
	)
	if err != nil && ctx.Err() == nil {
		err = &uncomparedError{err}
	}
	if err != nil {
		return live, nil, err
	}
	return resource.Readable.Compare(properties, exists), properties, nil
}

// uncompared returns an error when a resource whose drift was shown could not be compared now: the
// repair would leave it as it is. again is true when the stack was updated meanwhile, which may be
// the reason.
func (c comparison) uncompared(
	ctx context.Context, found foundDrift, shown []template.LiveDifference,
) (again bool, err error) {
	for _, difference := range shown {
		reason, failed := found.failures[difference.LogicalID]
		if !failed {
			continue
		}
		read, err := c.stack.ReadStable(ctx)
		if err != nil {
			return false, err
		}
		if read != nil && !read.After.LastUpdated.Equal(found.base.LastUpdated) {
			return true, nil
		}
		return false, &model.ExplainedError{
			Text: fmt.Sprintf("comparing %s with AWS", difference.LogicalID),
			Explanation: model.Explanation{
				Cause: fmt.Sprintf(
					"The plan shows drift of the resource %s in AWS, which could not be read again: %s",
					difference.LogicalID, model.Sentences(reason.Error()),
				),
				Changed: model.ChangedNothing,
				Remedy: "Check the rights of the role in the project's account: they are in the guide \"Preparing accounts\". " +
					"Then apply again.",
			},
			Err: reason,
		}
	}
	return false, nil
}

// withoutKeys leaves out access keys that were deleted, unless their user was: a plan replaces them.
func withoutKeys(recorded map[string]template.Recorded, owned []template.OwnedResource) map[string]template.Recorded {
	for _, resource := range owned {
		if resource.Key != nil && recorded[resource.LogicalID].Deleted && !recorded[resource.Key.UserID].Deleted {
			delete(recorded, resource.LogicalID)
		}
	}
	return recorded
}
