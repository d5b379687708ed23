package entity

import (
	"context"
	"slices"
	"sync"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/unchanged"
)

// claims records the plans of one walk, so that two resources for one entity are found while
// planning. Terraform configures a provider for each walk (refresh and plan, or apply), so claims
// live as long as Services.
//
// A plan does not know its resource address. Within a walk, Terraform plans an existing resource
// once, and again to replace it: without a state, but with the private state that the first plan
// returned.
type claims struct {
	mu      sync.Mutex // protects the fields below
	claimed map[entityKey]claim
	removed map[entityKey][]string // the incarnations held by destroyed resources
	read    map[entityKey][]string // the incarnations held by resources in the state
	hubs    map[string]bool        // the names of hubs that will be created
}

type entityKey struct {
	project string
	id      model.ID
}

// claim is the plan of a resource that will manage an entity.
type claim struct {
	creates bool
	held    string // if !creates: the incarnation held by the resource
	present string // the entity's incarnation as seen by the plan; "" for none, or without an entity
}

// clash is a conflict between two plans of one walk.
type clash int

const (
	noClash clash = iota
	// twoCreations and twoResources mean that two resources manage the same entity.
	twoCreations
	twoResources
	// removesKept means that a destroyed resource's entity is kept by another resource.
	removesKept
)

// claimOf and removalOf are the keys of a plan's records.
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

// claim records once per call of Terraform that a resource will manage an entity. A second claim is
// that of another resource.
func (s *Services) claim(ctx context.Context, key entityKey, now claim) clash {
	return unchanged.Once(ctx, claimOf{key, now}, func() clash { return s.claims.claim(key, now) })
}

// claimRemoval records once per call of Terraform that a resource will be destroyed.
func (s *Services) claimRemoval(ctx context.Context, key entityKey, held string) clash {
	return unchanged.Once(ctx, removalOf{key, held}, func() clash { return s.claims.remove(key, held) })
}

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

// losesTo reports whether destroying the holder of an incarnation deletes the resource's entity.
func (k claim) losesTo(held string) bool { return !k.creates && (held == k.held || held == k.present) }

// saw records that a resource in the state holds an incarnation.
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

func (c *claims) holds(key entityKey, incarnation string) bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Contains(c.read[key], incarnation)
}

// release removes the claim on an entity once its resource is created, because hosts other than
// Terraform keep a provider longer.
func (c *claims) release(key entityKey) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.claimed, key)
}
