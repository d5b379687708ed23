package template

import (
	"bytes"
	"errors"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Demand is what the creation of an entity takes of a stack's budget. It compiles the entity once
// for all considered stacks.
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

// demand returns what a new entity takes. A permission takes a statement; its policy's resource is
// not counted.
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

// Check returns a *FullError when the entity is too large for an empty stack.
func (d *Demand) Check() error {
	if permission, ok := d.change.Entity.(model.Permission); ok {
		return d.checkPolicy(permission)
	}
	seed := Seed(RevisionMarkerName(d.env.Project, 0), "")
	alone := usageOf(seed.with(d.resources.raw()), nil)
	var full *FullError
	if !errors.As(alone.Over(d.env.budget()), &full) {
		return nil
	}
	full.Stack = false
	return full
}

// checkPolicy returns a *FullError when a permission is too large for a policy of its own.
func (d *Demand) checkPolicy(permission model.Permission) error {
	refs := d.change.CrossStackRefs
	bucket := model.Bucket{
		BucketName: model.DefaultBucketName(d.env.Project, permission.Bucket, d.env.AccountID, d.env.Region),
	}
	if ref := refs.Bucket; ref != nil {
		bucket.BucketName, bucket.KMSKeyARN = ref.BucketName, ref.KeyARN
	}
	user := model.User{Name: permission.User}
	if away := refs.User; away != nil {
		user = *away
	}
	sizes := newSizer(d.env, map[string]model.Bucket{permission.Bucket: bucket})
	size := newDraft(sizes, user, []Grant{{Permission: permission}}).size()
	if size > MaxPolicySize {
		return &FullError{What: "characters of a policy of the user " + permission.User, Have: size, Budget: MaxPolicySize}
	}
	return nil
}

// full refuses the last creations that take the stack over a budget, and no other changes. A
// permission is refused with all others in its policy if that is new, and stays otherwise, unless
// bytes are short.
func (e *editor) full(refused map[int]error, errs []error) {
	usage, budget := usageOf(e.next, e.incarnations), e.env.budget()
	usage.Resources += e.policiesToCome()
	over := usage.Over(budget)
	if over == nil {
		return
	}
	var fresh map[int][]int
	for i := len(e.members) - 1; i >= 0 && usage.Over(budget) != nil; i-- {
		c := e.members[i]
		if !e.creates(i, errs) || refused[i] != nil {
			continue
		}
		if c.Entity.ID().Kind != model.KindPermission {
			refused[i] = over
			usage = usage.minus(demand(c, e.compile(c.Entity, c.Origin)))
			continue
		}
		if e.bound(c.Entity) && usage.Over(limits) == nil {
			continue
		}
		if fresh == nil {
			fresh = e.policies.fresh(func(i int) bool { return e.creates(i, errs) })
		}
		with, resources := fresh[i], 1
		if with == nil {
			if usage.TemplateBytes <= budget.TemplateBytes && usage.BodyBytes <= budget.BodyBytes {
				continue
			}
			with, resources = []int{i}, 0
		}
		for _, j := range with {
			refused[j] = over
			usage = usage.minus(demand(e.members[j], nil))
		}
		usage.Resources -= resources
	}
}

// policiesToCome counts the bucket policies that the second commits of adoptions will add.
func (e *editor) policiesToCome() int {
	missing := 0
	for name, bucket := range e.buckets {
		if bucket.Adoption == nil || !bucket.Adoption.Begun {
			continue
		}
		if _, there := e.next.resources[bucketPolicyID(name)]; !there {
			missing++
		}
	}
	return missing
}

// bound reports whether a permission can't be in another stack, so that it may use what is left
// between the budget and the limits.
func (e *editor) bound(entity model.Entity) bool {
	permission, ok := entity.(model.Permission)
	return ok && e.user(permission.User).SFTP != nil
}

// creates reports whether an accepted change makes something new.
func (e *editor) creates(i int, errs []error) bool {
	_, existed := e.before.lookup(e.members[i].Entity.ID())
	return !existed && (e.members[i].Op == Create || e.members[i].Op == Adopt) && errs[i] == nil
}

// usageOf returns how much of its limits a stack with this template uses.
func usageOf(t *Template, incarnations map[model.ID]string) Usage {
	usage := Usage{Resources: len(t.resources), TemplateBytes: t.size()}
	for id, incarnation := range incarnations {
		usage.BodyBytes += incarnationBytes(id, incarnation)
	}
	for _, raw := range t.resources {
		meta := member(member(raw, "Metadata"), "Stowage")
		usage.BodyBytes += len(member(meta, "settings")) + len(member(meta, "grants"))
		if bytes.Contains(raw, []byte(dynamicReference)) {
			usage.DynamicReferences++
		}
	}
	return usage
}
