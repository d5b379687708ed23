package relay

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/singleflight"
)

// cache keeps values that several clients request concurrently or shortly after each other, and
// reads each of them once. The key must contain everything that a value depends on. It is safe for
// concurrent use; the zero value is empty.
type cache[K comparable, V any] struct {
	reading singleflight.Group

	mu   sync.Mutex // guards kept; never held during a call or a wait
	kept map[K]V
}

// mostKept is the number of values of a kind that are kept. Clients that reconnect together request
// few projects, and most of them miss the same events.
const mostKept = 20

// get returns the value of a key, and calls read if it is not cached. The read does not end with
// the context of its first caller. A failed read is not cached; its waiters read the value
// themselves.
func (c *cache[K, V]) get(ctx context.Context, key K, read func(context.Context) (V, error)) (V, error) {
	if value, ok := c.find(key); ok {
		return value, nil
	}
	first := false
	done := c.reading.DoChan(fmt.Sprintf("%#v", key), func() (any, error) {
		first = true
		if value, ok := c.find(key); ok {
			return value, nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), routeBound)
		defer cancel()
		value, err := read(ctx)
		if err == nil {
			c.keep(key, value)
		}
		return value, err
	})
	select {
	case result := <-done:
		if result.Err != nil && !first {
			return read(ctx)
		}
		value, _ := result.Val.(V)
		return value, result.Err
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}

func (c *cache[K, V]) find(key K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	value, ok := c.kept[key]
	return value, ok
}

func (c *cache[K, V]) keep(key K, value V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil || len(c.kept) >= mostKept {
		c.kept = map[K]V{}
	}
	c.kept[key] = value
}
