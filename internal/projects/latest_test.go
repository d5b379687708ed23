package projects

import (
	"testing"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/mirror"
)

// CloudFormation may return an older state of a stack: a process that has seen a newer one keeps
// that. Only another stack of the same name, or a later moment, replaces it.
func TestLatest_ReadsNeverGoBack(t *testing.T) {
	at := func(stack string, second int) *shardRead {
		return &shardRead{version: mirror.Version{StackID: stack, LastUpdated: time.Unix(int64(second), 0)}}
	}
	maybeStaleRead := func(r *shardRead) *shardRead {
		r.maybeStale = true
		return r
	}
	ofTheMirror := func(r *shardRead) *shardRead {
		r.mirrored = true
		return r
	}
	d := &shard{}
	for _, step := range []struct {
		name  string
		read  *shardRead
		taken bool
	}{
		{"the first", at("a", 2), true},
		{"an older one", at("a", 1), false},
		{"another one of the same moment", at("a", 2), false},
		{"a later one", at("a", 3), true},
		{"the one before", at("a", 2), false},
		{"one that may be stale", maybeStaleRead(at("a", 4)), true},
		{"another one that may be stale of the same moment", maybeStaleRead(at("a", 4)), false},
		{"one of the same moment that is not stale", at("a", 4), true},
		{"one that may be stale of the same moment", maybeStaleRead(at("a", 4)), false},
		{"the mirror's of the same moment", ofTheMirror(at("a", 4)), false},
		{"a later one of the mirror", ofTheMirror(at("a", 5)), true},
		{"a template that may be stale of the same moment", maybeStaleRead(at("a", 5)), false},
		{"the template of the same moment", at("a", 5), true},
		{"another stack of the name", at("b", 1), true},
	} {
		before := d.newest
		got := d.latest(step.read)
		if want := before; step.taken && got != step.read || !step.taken && got != want {
			t.Errorf("%s: of %v and %v it took %v", step.name, before, step.read, got)
		}
		if d.newest != got {
			t.Errorf("%s: it remembers %v", step.name, d.newest)
		}
	}
}
