package relay

import (
	"context"
	"sync"
)

// shared are readings that several clients want at the same time, or shortly after each other: each is made once, and kept. The key must
// hold whatever a reading depends on. It is safe for concurrent use; the zero value is empty.
type shared[K comparable, V any] struct {
	mu       sync.Mutex // protects readings; never held during a call or a wait
	readings map[K]*reading[V]
}

type reading[V any] struct {
	done  chan struct{} // closed when value and err are there
	value V
	err   error
}

// mostKept is how many readings of a kind are kept: a storm of clients that come back wants few projects, and most of them lack the same.
const mostKept = 20

// get is the reading of a key. One that has failed is not kept, and who waited for it makes an own one: the first one may have run out of
// time of its own.
func (s *shared[K, V]) get(ctx context.Context, key K, read func(context.Context) (V, error)) (V, error) {
	s.mu.Lock()
	r, there := s.readings[key]
	if !there {
		if s.readings == nil || len(s.readings) >= mostKept {
			s.readings = map[K]*reading[V]{}
		}
		r = &reading[V]{done: make(chan struct{})}
		s.readings[key] = r
	}
	s.mu.Unlock()
	if !there {
		r.value, r.err = read(ctx)
		if r.err != nil {
			s.forget(key, r)
		}
		close(r.done)
		return r.value, r.err
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
	if r.err != nil {
		return read(ctx)
	}
	return r.value, nil
}

func (s *shared[K, V]) forget(key K, r *reading[V]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readings[key] == r {
		delete(s.readings, key)
	}
}
