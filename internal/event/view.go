package event

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// View is what a client knows of a project. It never goes back in time: older states and contents
// never replace newer ones.
type View struct {
	Project string
	// Position is the last event in the view.
	Position Position
	// Stacks are the project's stacks by number.
	Stacks map[int]*StackView
	// Commits are the latest commits, oldest first.
	Commits []Commit
	// Gaps are the ranges of events that the client missed, oldest first.
	Gaps []Missed
}

// StackView is what a client knows of a stack.
type StackView struct {
	StackState
	// Contents is the version of Facts and Entities, or the version since which there are none.
	Contents StackVersion
	Facts    *Facts
	Entities map[model.ID]model.Entity
}

// Missed is a jump of a view to the position of a snapshot.
type Missed struct {
	From, To Position
	Reason   GapReason
}

func newView(m Message, s Snapshot) *View {
	v := &View{Project: m.Project, Position: m.Position(), Stacks: map[int]*StackView{}, Commits: slices.Clone(s.Commits)}
	for _, stack := range s.Stacks {
		shown := &StackView{
			StackState: stack.StackState, Contents: stack.Version, Facts: stack.Facts,
			Entities: map[model.ID]model.Entity{},
		}
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

// keepNewer keeps what is newer in an older view of the same epoch: a snapshot can be older than
// the view.
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
	case change.Status == cfn.DeleteComplete || change.Version.StackID != s.Contents.StackID:
		s.Contents, s.Facts = change.Version, nil
		clear(s.Entities)
	}
}

func (v *View) announce(change OperationChange) {
	if stack := v.Stacks[change.Shard]; stack != nil && !change.Version.OlderThan(stack.Version) {
		stack.Operation = change.Operation
	}
}

// Entities returns the entities of all stacks, by kind and name. The first of several stacks with
// an entity counts.
func (v *View) Entities() []model.Entity {
	all := map[model.ID]model.Entity{}
	for _, n := range slices.Backward(slices.Sorted(maps.Keys(v.Stacks))) {
		maps.Copy(all, v.Stacks[n].Entities)
	}
	return slices.SortedFunc(maps.Values(all), func(a, b model.Entity) int { return a.ID().Compare(b.ID()) })
}

// Dangling returns the permissions whose bucket is in no stack of the project, by name.
func (v *View) Dangling() []model.ID {
	var dangling []model.ID
	entities := v.Entities()
	for _, entity := range entities {
		permission, ok := entity.(model.Permission)
		if !ok {
			continue
		}
		_, found := slices.BinarySearchFunc(
			entities, permission.BucketID(), func(e model.Entity, id model.ID) int { return e.ID().Compare(id) },
		)
		if !found {
			dangling = append(dangling, permission.ID())
		}
	}
	return dangling
}

// Operations returns the changes in progress at a time of the server's clock, in order of their
// start.
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
