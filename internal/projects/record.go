package projects

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/stowage/terraform-provider-stowage/internal/account"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// foundDrift is how AWS differs from a template in the resources of an entity.
type foundDrift struct {
	// resources are what AWS has of those that have drifted, by logical ID, and revision is that of
	// the stack at the time.
	resources map[string]template.Recorded
	revision  int64
	// unbounded are the users and roles whose permissions boundary was removed or changed.
	unbounded []account.Bounded
}

// drifted returns how AWS differs from the template in an entity's resources. It reads AWS: what a
// plan showed may be hours old.
func (c comparison) drifted(ctx context.Context, id model.ID) (found foundDrift, err error) {
	read, err := c.stack.ReadStable(ctx)
	if err != nil || read == nil {
		return found, err
	}
	found.revision, _ = read.Template.Revision()
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
			if err != nil || !live.Drifted() {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			recorded[resource.LogicalID] = template.RecordOf(live, properties)
			return nil
		})
	}
	err = group.Wait()
	found.resources = withoutKeys(recorded, owned)
	found.unbounded = takeUnbounded(found.resources, owned)
	return found, err
}

// live compares a resource with AWS now, and returns its properties there. What cannot be compared
// has not drifted.
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
		return template.LiveResource{LogicalID: resource.LogicalID}, nil, nil
	}
	properties, exists, err := account.LiveProperties(
		ctx, c.account.CloudControl, resource.Readable.Type, resource.Readable.Identifier,
	)
	if err != nil {
		return template.LiveResource{LogicalID: resource.LogicalID}, nil, ctx.Err() // it cannot be compared
	}
	return resource.Readable.Compare(properties, exists), properties, nil
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
