package stack

import (
	"context"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// earlier is what this process read of the stack before a commit, such as for a plan, to save the
// commit's calls: with a template it is a base, without one a base's first description. It is used
// for one commit.
type earlier struct {
	description *commit.Description // nil: nothing
	template    *template.Template  // nil: only described
	at          time.Time
}

// earlierBound is its maximum age. An older reading is likely to be outdated by another writer,
// which costs more calls than it saves.
const earlierBound = time.Minute

func (s *Stack) keepEarlier(read earlier) {
	if cfn.InProgress(read.description.Status) {
		read = earlier{}
	}
	read.at = time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.earlier = read
}

// takeEarlier returns the earlier reading, unless the stack has changed since.
func (s *Stack) takeEarlier() earlier {
	s.mu.Lock()
	defer s.mu.Unlock()
	read := s.earlier
	s.earlier = earlier{}
	if read.description == nil || time.Since(read.at) > earlierBound ||
		read.description.StackID != s.newest.stackID || s.newest.changed.After(read.description.LastUpdated) {
		return earlier{}
	}
	return read
}

// readFrom reads the stack with the fewest calls that the earlier reading allows.
func (s *Stack) readFrom(ctx context.Context, known earlier) commit.BaseRead {
	switch {
	case known.template != nil:
		return commit.BaseRead{Before: *known.description, After: *known.description, Template: known.template, Earlier: true}
	case known.description != nil:
		read := s.readSince(ctx, *known.description)
		if failed := classify(read.Err); failed != nil && failed.Failure != commit.Gone ||
			read.Template != nil && read.Consistent() {
			return read
		}
	}
	read := s.Read(ctx)
	s.takeEarlier() // Read has kept it for other commits
	return read
}
