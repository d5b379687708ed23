package template

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Ownership.
//
// Each creation of an entity has an incarnation: a random name, chosen by the caller. It is stored
// in the metadata of the entity's first resource, beside the settings (for a permission, in its
// grant). The caller stores it, too, and passes it with every update and deletion. A change with
// another incarnation is refused with a model.ConflictOwner error: the entity was created again or
// taken over, so another caller manages it.
//
// A Create of an existing entity with the same settings and origin takes it over: so the next apply
// resolves an interrupted one. A takeover writes only the new incarnation, so edits by hand remain.
// The previous holder gets the error at its next read or change. So when Terraform replaces an
// object with create_before_destroy, the deposed half cannot delete the new one.
//
// "" is the incarnation of an entity created before there were incarnations, or without one. It is
// one like any other: only callers without an incarnation can change the entity.
//
// Only the first resource holds the incarnation and the settings. So a takeover modifies one
// resource, and the secrets of access keys, which are written once, stay untouched.

// IncarnationOf returns the incarnation of an entity; "" for none.
func (c *Contents) IncarnationOf(id model.ID) string { return c.Incarnations[id.String()] }

// holds returns a model.ConflictOwner error when the change's incarnation is not the entity's.
func (e *editor) holds(c Change) error {
	id := c.Entity.ID()
	if present := e.incarnations[id]; !c.AnyIncarnation && present != c.Incarnation {
		return &model.ConflictError{
			Kind: model.ConflictOwner, ID: id, Held: c.Incarnation, Present: present, Origin: e.origins[id],
		}
	}
	return nil
}

// meet applies the Create of an existing entity: a takeover, or an error.
func (e *editor) meet(i int, c Change, there model.Entity) error {
	id := c.Entity.ID()
	_, existed := e.before.lookup(id)
	_, taken := e.takeovers[id]
	same := takesOver(there, e.origins[id], c.Entity, c.Origin)
	switch {
	case !existed && (!same || c.Incarnation != "" || e.incarnations[id] != ""), taken && c.Incarnation != "":
		return &model.ConflictError{Kind: model.ConflictDuplicate, ID: id}
	case c.Incarnation != "" && e.incarnations[id] == c.Incarnation:
		return nil // this very creation: its commit succeeded, and its caller did not get the result
	case !same:
		return &model.ConflictError{Kind: model.ConflictExists, ID: id, Origin: e.origins[id]}
	case c.Incarnation == "":
		return nil
	}
	e.takeovers[id] = i
	e.incarnations[id] = c.Incarnation
	if id.Kind == model.KindPermission {
		permission, _ := there.(model.Permission)
		e.packings[permission.User].incarnate(id, c.Incarnation)
		e.policies.touch(permission.User, i)
	}
	return nil
}

// TakesOver reports whether a creation by a configuration with an origin takes over the existing
// entity.
func (c *Contents) TakesOver(e model.Entity, origin string) bool {
	there, exists := c.Of(e.ID())
	return exists && takesOver(there, c.Origins[e.ID().String()], e, origin)
}

// takesOver reports whether a creation has the existing entity's settings and origin. A user must
// have the same key slots, as the new holder's plan would otherwise not be fulfilled.
func takesOver(there model.Entity, present string, e model.Entity, origin string) bool {
	return origin != "" && present == origin && sameConfiguration(there, e) && sameSlots(there, e)
}

// sameSlots reports whether two users have keys in the same slots with the same status, whatever
// their age.
func sameSlots(a, b model.Entity) bool {
	slots := func(e model.Entity) map[model.Slot]bool {
		result := map[model.Slot]bool{}
		if user, ok := e.(model.User); ok && user.AccessKey != nil {
			for slot, key := range user.AccessKey.Keys {
				result[slot] = key.Active()
			}
		}
		return result
	}
	return maps.Equal(slots(a), slots(b))
}

// finishTakeovers writes the new incarnations of taken-over entities into their metadata.
func (e *editor) finishTakeovers(changes map[string]json.RawMessage) {
	for id, i := range e.takeovers {
		for _, logicalID := range e.before.owned[id] {
			raw, changed := changes[logicalID]
			if !changed {
				raw = e.before.template.resources[logicalID]
			}
			if meta, ok := ownerMetadataOf(raw); ok && meta.Settings != nil {
				meta.Incarnation = e.incarnations[id]
				changes[logicalID] = withOwnerMetadata(raw, meta)
				e.touched[logicalID] = append(e.touched[logicalID], i)
			}
		}
	}
}

func (p packing) incarnate(id model.ID, incarnation string) {
	for n, grants := range p {
		if i := slices.IndexFunc(grants, func(g Grant) bool { return g.Permission.ID() == id }); i >= 0 {
			p[n] = slices.Clone(grants)
			p[n][i].Incarnation = incarnation
		}
	}
}

// reincarnated returns a policy in which only incarnations have changed; ok is false when more has
// changed.
func reincarnated(raw json.RawMessage, before, now []Grant) (result json.RawMessage, ok bool) {
	if slices.Equal(withoutIncarnations(before), withoutIncarnations(now)) {
		if meta, ours := ownerMetadataOf(raw); ours {
			meta.Grants = now
			return withOwnerMetadata(raw, meta), true
		}
	}
	return nil, false
}

func withoutIncarnations(grants []Grant) []Grant {
	result := slices.Clone(grants)
	for i := range result {
		result[i].Incarnation = ""
	}
	return result
}

// incarnationBytes is an incarnation's approximate size in the mirror's item of a stack.
func incarnationBytes(id model.ID, incarnation string) int {
	if incarnation == "" {
		return 0
	}
	return len(id.Kind) + len(id.Name) + len(incarnation) + len(`" ":"",`)
}
