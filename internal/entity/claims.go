package entity

import (
	"context"
	"slices"
	"sync"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/unchanged"
)

// claims are what the plans of one walk say about entities, so that two resources of one name are found while planning. Terraform
// configures a provider for each walk (refresh and plan, or apply), so they live as long as Services does.
//
// A plan does not tell its address. It is told apart by what Terraform does with one resource in one walk: it plans a resource that
// exists once, and to replace it a second time, without a state but with the private state that the first plan returned.
type claims struct {
	mu      sync.Mutex // protects what follows
	claimed map[entityKey]claim
	removed map[entityKey][]string // the incarnations that destroyed resources hold
	read    map[entityKey][]string // the incarnations that resources of the state hold
}

// entityKey is an entity of a project.
type entityKey struct {
	project string
	id      model.ID
}

// claim is the plan of a resource that is to manage an entity.
type claim struct {
	creates bool
	held    string // with !creates: the incarnation that the resource holds
	present string // that of the entity itself, as the plan sees it; "" for none, or when there is no entity
}

// clash is what two plans of one walk cannot both do.
type clash int

const (
	noClash clash = iota
	// twoCreations and twoResources are two resources that manage the same entity.
	twoCreations
	twoResources
	// removesKept is a destroyed resource whose entity another resource keeps.
	removesKept
)

// claimOf and removalOf are the keys of what is noted of a plan.
type (
	claimOf struct {
		key entityKey
		now claim
	}
	removalOf struct {
		key  entityKey
		held string
	}
)

// claim notes that a resource is to manage an entity, once in a call of Terraform: a second claim is that of another resource.
func (s *Services) claim(ctx context.Context, key entityKey, now claim) clash {
	return unchanged.Once(ctx, claimOf{key, now}, func() clash { return s.claims.claim(key, now) })
}

// claimRemoval notes that a resource is to be destroyed, once in a call of Terraform.
func (s *Services) claimRemoval(ctx context.Context, key entityKey, held string) clash {
	return unchanged.Once(ctx, removalOf{key, held}, func() clash { return s.claims.remove(key, held) })
}

// claim notes that a resource is to manage an entity.
func (c *claims) claim(key entityKey, now claim) clash {
	if c == nil {
		return noClash
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.claimed == nil {
		c.claimed = map[entityKey]claim{}
	}
	before, there := c.claimed[key]
	c.claimed[key] = now
	switch {
	case there && (before.creates || now.creates):
		return twoCreations
	case there:
		return twoResources
	case slices.ContainsFunc(c.removed[key], now.losesTo):
		return removesKept
	}
	return noClash
}

// remove notes that a resource is to be destroyed.
func (c *claims) remove(key entityKey, held string) clash {
	if c == nil {
		return noClash
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.removed == nil {
		c.removed = map[entityKey][]string{}
	}
	c.removed[key] = append(c.removed[key], held)
	if kept, there := c.claimed[key]; there && kept.losesTo(held) {
		return removesKept
	}
	return noClash
}

// losesTo reports whether destroying the holder of an incarnation deletes what the resource keeps.
func (k claim) losesTo(held string) bool { return !k.creates && (held == k.held || held == k.present) }

// saw notes that a resource of the state holds an incarnation.
func (c *claims) saw(key entityKey, held string) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.read == nil {
		c.read = map[entityKey][]string{}
	}
	c.read[key] = append(c.read[key], held)
}

// holds reports whether a resource of the state was seen to hold an incarnation.
func (c *claims) holds(key entityKey, incarnation string) bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Contains(c.read[key], incarnation)
}

// release forgets the claim on an entity once its resource is created: hosts other than Terraform keep a provider for longer.
func (c *claims) release(key entityKey) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.claimed, key)
}
