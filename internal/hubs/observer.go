package hubs

import (
	"context"
	"sync"

	"github.com/stowage/terraform-provider-stowage/internal/commit"
)

// lastKnown keeps what a commit shows of a stack, so that it need not be read again.
type lastKnown struct {
	mu   sync.Mutex // guards read
	read *commit.BaseRead
}

// take returns what the last commit has shown, once; nil for nothing.
func (l *lastKnown) take() *commit.BaseRead {
	l.mu.Lock()
	defer l.mu.Unlock()
	read := l.read
	l.read = nil
	return read
}

func (l *lastKnown) keep(read *commit.BaseRead) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.read = read
}

// Announce implements stack.Observer.
func (l *lastKnown) Announce(context.Context, commit.Announce) {}

// Committed implements stack.Observer.
func (l *lastKnown) Committed(_ context.Context, c commit.Committed) {
	l.keep(&commit.BaseRead{Before: c.Description, After: c.Description, Template: c.Template})
}

// Superseded implements stack.Observer.
func (l *lastKnown) Superseded() { l.keep(nil) }

// Unchanged implements stack.Observer.
func (l *lastKnown) Unchanged(_ context.Context, u commit.Unchanged) {
	l.keep(&commit.BaseRead{Before: u.Description, After: u.Description, Template: u.Template})
}

// Unhealed implements stack.Observer.
func (l *lastKnown) Unhealed(context.Context, commit.Unhealed) {}
