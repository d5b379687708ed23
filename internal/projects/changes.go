package projects

import (
	"context"
	"sync"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// changes tracks this process's changes to a project's entities. Waits end with their context.
type changes struct {
	mu       sync.Mutex // guards the fields below; never held during a call or a wait
	underWay map[model.ID]*underWay
	// deletions are the entities that this process is about to delete, each with a channel that is
	// closed when it is deleted.
	deletions map[model.ID]chan struct{}
	// created are the incarnations of the entities that this process has created and not deleted.
	created map[model.ID]string
}

// underWay is a change in progress. There is one at a time for each entity.
type underWay struct {
	shard int           // its stack; 0 while unknown
	done  chan struct{} // closed when the change has succeeded or failed
}

func newChanges() changes {
	return changes{
		underWay: map[model.ID]*underWay{}, deletions: map[model.ID]chan struct{}{}, created: map[model.ID]string{},
	}
}

// begin waits until this process makes no other change of an entity, and registers a new one. The
// caller calls end when it is over. waited reports whether there was another change, so that
// earlier reads are outdated.
func (c *changes) begin(ctx context.Context, id model.ID) (end func(), waited bool, err error) {
	for {
		mine, other := c.start(id)
		if other == nil {
			return func() { c.end(id, mine) }, waited, nil
		}
		waited = true
		if err := wait(ctx, other.done); err != nil {
			return nil, waited, err
		}
	}
}

// start registers a change of an entity, or returns the one in progress.
func (c *changes) start(id model.ID) (mine, other *underWay) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if other = c.underWay[id]; other != nil {
		return nil, other
	}
	mine = &underWay{done: make(chan struct{})}
	c.underWay[id] = mine
	return mine, nil
}

func (c *changes) end(id model.ID, mine *underWay) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.underWay, id)
	close(mine.done)
}

// await waits for this process's changes of the entities. It reports whether there were any.
func (c *changes) await(ctx context.Context, ids ...model.ID) (waited bool, err error) {
	for _, id := range ids {
		done := c.done(id)
		if done == nil {
			continue
		}
		waited = true
		if err := wait(ctx, done); err != nil {
			return waited, err
		}
	}
	return waited, nil
}

// done returns a channel that is closed when the change of an entity is over; nil when there is
// none.
func (c *changes) done(id model.ID) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if u := c.underWay[id]; u != nil {
		return u.done
	}
	return nil
}

// locate records the stack of a change.
func (c *changes) locate(id model.ID, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if u := c.underWay[id]; u != nil {
		u.shard = n
	}
}

// shardOf returns the stack in which this process is changing an entity; 0 for none.
func (c *changes) shardOf(id model.ID) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if u := c.underWay[id]; u != nil {
		return u.shard
	}
	return 0
}

// deleting registers the deletion of an entity. The caller calls end when it is over.
func (c *changes) deleting(id model.ID) (end func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.deletions[id] != nil {
		return func() {}
	}
	over := make(chan struct{})
	c.deletions[id] = over
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.deletions, id)
		close(over)
	}
}

// deletion returns a channel that is closed when the deletion of an entity is over; nil when there
// is none.
func (c *changes) deletion(id model.ID) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.deletions[id]
}

// beginAfter waits until a deletion is over, then calls begin.
func (c *changes) beginAfter(ctx context.Context, id model.ID, deletion <-chan struct{}) (end func(), err error) {
	if err := wait(ctx, deletion); err != nil {
		return func() {}, err
	}
	if end, _, err = c.begin(ctx, id); err != nil {
		return func() {}, err
	}
	return end, nil
}

// creation records that this process has created an entity.
func (c *changes) creation(id model.ID, incarnation string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if incarnation == "" {
		delete(c.created, id)
		return
	}
	c.created[id] = incarnation
}

// deleted records that this process has deleted an entity.
func (c *changes) deleted(id model.ID) { c.creation(id, "") }

// hasCreated reports whether this process has created an entity and not deleted it since.
func (c *changes) hasCreated(id model.ID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.created[id] != ""
}

// twin reports whether this process has created an entity itself: then two resources of one run
// have its name.
func (c *changes) twin(id model.ID, incarnation string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return incarnation != "" && c.created[id] == incarnation
}

// wait waits until a channel is closed.
func wait(ctx context.Context, over <-chan struct{}) error {
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
