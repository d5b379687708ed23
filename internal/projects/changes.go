package projects

import (
	"context"
	"sync"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// changes are the changes to a project's entities that this process is making or has made. Waits end with their context.
type changes struct {
	mu       sync.Mutex // guards what follows; never held during a call or a wait
	underWay map[model.ID]*underWay
	// deletions are the entities that this process is asked to delete, with a channel each that is closed when it has.
	deletions map[model.ID]chan struct{}
	// created are the incarnations of the entities that this process has created and not deleted since.
	created map[model.ID]string
}

// underWay is a change of an entity that this process is making. There is one at a time for each entity.
type underWay struct {
	shard int           // where it is being made; 0 while it isn't known
	done  chan struct{} // closed when it has been made, or has failed
}

func newChanges() changes {
	return changes{
		underWay: map[model.ID]*underWay{}, deletions: map[model.ID]chan struct{}{}, created: map[model.ID]string{},
	}
}

// begin waits until this process makes no other change of an entity, and notes that one is under way. end must be called when
// it is over. waited reports whether there was another one: then what was read before is old.
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

// start notes that a change of an entity is under way, or returns the other one that is.
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

// await waits for the changes that this process is making to any of the entities. It says whether there were any.
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

// done is closed when the change of an entity is over; nil when none is under way.
func (c *changes) done(id model.ID) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if u := c.underWay[id]; u != nil {
		return u.done
	}
	return nil
}

// locate notes in which stack a change is being made.
func (c *changes) locate(id model.ID, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if u := c.underWay[id]; u != nil {
		u.shard = n
	}
}

// shardOf is the stack in which this process is making a change of an entity; 0 when it isn't.
func (c *changes) shardOf(id model.ID) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if u := c.underWay[id]; u != nil {
		return u.shard
	}
	return 0
}

// deleting notes that this process is asked to delete an entity. end must be called when the deletion is over.
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

// deletion is closed when the deletion of an entity that this process is asked for is over; nil when it is asked for none.
func (c *changes) deletion(id model.ID) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.deletions[id]
}

// beginAfter waits until a deletion is over, and is begin then.
func (c *changes) beginAfter(ctx context.Context, id model.ID, deletion <-chan struct{}) (end func(), err error) {
	if err := wait(ctx, deletion); err != nil {
		return func() {}, err
	}
	if end, _, err = c.begin(ctx, id); err != nil {
		return func() {}, err
	}
	return end, nil
}

// creation notes that this process has created an entity.
func (c *changes) creation(id model.ID, incarnation string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if incarnation == "" {
		delete(c.created, id)
		return
	}
	c.created[id] = incarnation
}

// deleted notes that this process has deleted an entity.
func (c *changes) deleted(id model.ID) { c.creation(id, "") }

// hasCreated reports whether this process has created an entity and not deleted it since.
func (c *changes) hasCreated(id model.ID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.created[id] != ""
}

// twin reports whether an entity is one that this process has created itself: then two resources of one run have its name.
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
