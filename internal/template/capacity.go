package template

import (
	"errors"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Demand is what the creation of an entity takes of the budget of a stack. The entity is compiled
// once, however many stacks are considered.
type Demand struct {
	env       Env
	change    Change
	resources Resources // none for a permission
	usage     Usage
}

// NewDemand returns the demand of a change in an environment, which includes the budget.
func NewDemand(env Env, change Change) *Demand {
	d := &Demand{env: env, change: change}
	if change.Entity.ID().Kind != model.KindPermission {
		d.resources = Compile(env, change.Entity, change.Origin)
	}
	d.usage = demand(change, d.resources)
	return d
}

// demand returns what a new entity takes. A permission takes a statement of a policy; the policy's
// own resource is not counted.
func demand(change Change, resources Resources) Usage {
	id, size := change.Entity.ID(), len(encodeJSON(change.Entity))
	u := Usage{TemplateBytes: size, BodyBytes: size + incarnationBytes(id, change.Incarnation)}
	if id.Kind != model.KindPermission {
		u.Resources, u.DynamicReferences = len(resources), resources.dynamicReferences()
		u.TemplateBytes = len(appendMembers(nil, resources.raw(), appendRaw))
	}
	return u
}

// Fits reports whether a stack is open and probably has room for the entity. A user counts with its
// first policy, so that its later permissions have room, and a permission with a policy of its own.
// Editing the stack decides.
func (d *Demand) Fits(c *Contents) bool {
	if c.Closed {
		return false
	}
	want := c.Usage.Plus(d.usage)
	for _, user := range c.Users {
		if len(c.Policies[user.Name]) == 0 {
			want.Resources++
		}
	}
	if d.change.Entity.ID().Kind != model.KindBucket {
		want.Resources++
	}
	return want.Over(d.env.budget()) == nil
}

// Check returns a *FullError when the entity is too large even for an empty stack.
func (d *Demand) Check() error {
	if permission, ok := d.change.Entity.(model.Permission); ok {
		return d.checkPolicy(permission)
	}
	empty := &editor{shard: &shard{env: d.env}, next: Seed(CarrierName(d.env.Project, 0), "").with(d.resources.raw())}
	var full *FullError
	if !errors.As(empty.usage().Over(d.env.budget()), &full) {
		return nil
	}
	full.Stack = false
	return full
}

// checkPolicy returns a *FullError when a permission is too large for a policy of its own.
func (d *Demand) checkPolicy(permission model.Permission) error {
	elsewhere := d.change.Elsewhere
	bucket := model.Bucket{BucketName: model.DefaultBucketName(d.env.Project, permission.Bucket, d.env.AccountID, d.env.Region)}
	if ref := elsewhere.Bucket; ref != nil {
		bucket.BucketName, bucket.KMSKeyARN = ref.BucketName, ref.KeyARN
	}
	user := model.User{Name: permission.User}
	if away := elsewhere.User; away != nil {
		user = *away
	}
	sizes := newSizer(d.env, map[string]model.Bucket{permission.Bucket: bucket})
	size := newDraft(sizes, user, []Grant{{Permission: permission}}).size()
	if size > MaxPolicySize {
		return &FullError{What: "characters of a policy of the user " + permission.User, Have: size, Budget: MaxPolicySize}
	}
	return nil
}
