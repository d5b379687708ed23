package event

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// View is what a client knows of a project. It never goes back: of every stack, its state and its contents are only ever followed by what is
// not older.
type View struct {
	Project string
	// Position is the last event that is in the view.
	Position Position
	// Stacks are the project's stacks by number.
	Stacks map[int]*StackView
	// Commits are what has happened lately, the oldest first.
	Commits []Commit
	// Gaps are the events that the client was never sent one by one, the oldest first.
	Gaps []Missed
}

// StackView is what a client knows of a stack.
type StackView struct {
	StackState
	// Contents is the version of Facts and Entities, or of the moment since which there are none.
	Contents StackVersion
	Facts    *Facts
	Entities map[model.ID]model.Entity
}

// Missed is a jump of a view: from a position to that of the snapshot that stands for everything in between.
type Missed struct {
	From, To Position
	Reason   GapReason
}

// newView is the view that a snapshot gives.
func newView(m Message, s Snapshot) *View {
	v := &View{Project: m.Project, Position: m.Position(), Stacks: map[int]*StackView{}, Commits: slices.Clone(s.Commits)}
	for _, stack := range s.Stacks {
		shown := &StackView{StackState: stack.StackState, Contents: stack.Version, Facts: stack.Facts, Entities: map[model.ID]model.Entity{}}
		if stack.Contents != nil {
			shown.Contents = *stack.Contents
		}
		for entity := range stack.Entities.All {
			shown.Entities[entity.ID()] = entity
		}
		v.Stacks[stack.Shard] = shown
	}
	return v
}

// keepNewer takes over from an older view of the same epoch what is newer there: a snapshot can be older than its reading.
func (v *View) keepNewer(old *View) {
	for n, had := range old.Stacks {
		stack := v.Stacks[n]
		if stack == nil {
			v.Stacks[n] = had
			continue
		}
		if stack.Version.OlderThan(had.Version) {
			stack.StackState = had.StackState
		}
		if stack.Contents.OlderThan(had.Contents) {
			stack.Contents, stack.Facts, stack.Entities = had.Contents, had.Facts, had.Entities
		}
	}
}

// apply puts a stack event into the view.
func (v *View) apply(e Event, change StackChange) {
	stack := v.Stacks[change.Shard]
	if stack == nil {
		stack = &StackView{StackState: change.StackState, Entities: map[model.ID]model.Entity{}}
		v.Stacks[change.Shard] = stack
	}
	if !change.Version.OlderThan(stack.Version) {
		stack.StackState = change.StackState
	}
	stack.contents(change)
	if commit, ok := CommitOf(e); ok {
		v.Commits = append(v.Commits, commit)
		v.Commits = v.Commits[max(0, len(v.Commits)-MaxCommits):]
	}
}

// contents takes over what an event says of the stack's contents.
func (s *StackView) contents(change StackChange) {
	if change.Version.OlderThan(s.Contents) {
		return
	}
	switch {
	case change.Facts != nil:
		s.Contents, s.Facts = change.Version, change.Facts
		for entity := range change.Put.All {
			s.Entities[entity.ID()] = entity
		}
		for _, id := range change.Removed {
			delete(s.Entities, id)
		}
	case change.Status == deleted || change.Version.StackID != s.Contents.StackID:
		s.Contents, s.Facts = change.Version, nil
		clear(s.Entities)
	}
}

// announce puts an operation event into the view.
func (v *View) announce(change OperationChange) {
	if stack := v.Stacks[change.Shard]; stack != nil && !change.Version.OlderThan(stack.Version) {
		stack.Operation = change.Operation
	}
}

// Entities are the entities of all stacks, by kind and name. Should one be in several stacks, it is what the first of them says.
func (v *View) Entities() []model.Entity {
	all := map[model.ID]model.Entity{}
	for _, n := range slices.Backward(slices.Sorted(maps.Keys(v.Stacks))) {
		maps.Copy(all, v.Stacks[n].Entities)
	}
	return slices.SortedFunc(maps.Values(all), func(a, b model.Entity) int { return a.ID().Compare(b.ID()) })
}

// Dangling are the permissions whose bucket is in no stack of the project, by name.
func (v *View) Dangling() []model.ID {
	var dangling []model.ID
	entities := v.Entities()
	for _, entity := range entities {
		permission, ok := entity.(model.Permission)
		if !ok {
			continue
		}
		_, found := slices.BinarySearchFunc(entities, permission.BucketID(), func(e model.Entity, id model.ID) int { return e.ID().Compare(id) })
		if !found {
			dangling = append(dangling, permission.ID())
		}
	}
	return dangling
}

// Operations are what is being changed at a moment of the server's time, by who began first.
func (v *View) Operations(now time.Time) []Operation {
	var operations []Operation
	for _, n := range slices.Sorted(maps.Keys(v.Stacks)) {
		if o := v.Stacks[n].Operation; o != nil && o.Expires.After(now) {
			operations = append(operations, *o)
		}
	}
	slices.SortStableFunc(operations, func(a, b Operation) int {
		return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.Token, b.Token))
	})
	return operations
}
