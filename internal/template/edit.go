package template

import (
	"bytes"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Op is what a change does to its entity.
type Op string

// The changes that can be made to an entity.
const (
	// Create adds an entity. An existing one with the same settings and origin is taken over (see
	// ownership.go); any other is refused with a model.ConflictExists error. An entity that another
	// change of the batch creates or takes over is refused with a model.ConflictDuplicate error,
	// one that another change deletes with a model.ConflictAwaitsDeletion error.
	Create Op = "create"
	// Update changes an entity's settings. It is refused with a model.NotFoundEntity error for a
	// missing entity, and a model.ConflictOwner error for another incarnation.
	Update Op = "update"
	// Delete removes an entity; a missing one counts as deleted. It is refused with a
	// model.ConflictOwner error for another incarnation.
	Delete Op = "delete"
	// Adopt adds an existing bucket (Change.Live) without changing it: see adopt.go.
	Adopt Op = "adopt"
	// Record records in the template what AWS has of an entity's drifted resources: see record.go.
	Record Op = "record"
	// Replace replaces the whole template, as Change.Replacement describes it: see replace.go.
	Replace Op = "replace"
)

// Change is one change to one entity: a member of a commit.
type Change struct {
	Op     Op
	Entity model.Entity // with Delete only its ID counts
	Origin string       // identifies the configuration that makes the change; "" for none
	// Incarnation is a Create's new one, else the one that the caller holds: see ownership.go.
	Incarnation string
	// AnyIncarnation lets an Update or Delete apply to any incarnation.
	AnyIncarnation bool
	// Prior is, for an Update, the entity that the caller knows. The change is then the difference
	// between Prior and Entity (model.Merge): other writers' changes of other fields stay, and a
	// field that both have changed refuses it with a *model.ConflictError. nil: Entity replaces the
	// settings.
	Prior model.Entity
	// Target is, for the first of several Updates of one change, the entity after the last one.
	// What would conflict later refuses the first one. nil: there is one Update.
	Target model.Entity
	// Live is the existing bucket of an Adopt. Entity is then Live.Entity.
	Live *Live
	// Recorded is, for a Record, what AWS has of the entity's resources, by logical ID. Revision is
	// the stack's at that reading.
	Recorded map[string]Recorded
	Revision int64
	// Replacement is, for a Replace, the template before and after.
	Replacement Replacement
	// CrossStackRefs is what the change needs of the project's other stacks.
	CrossStackRefs CrossStackRefs
	// Shards is the number of the project's stacks: with Grow the new one, with an Update that
	// closes the project the one that its caller knows, 0 for any.
	Shards int
}

// Action is what CloudFormation does to a resource.
type Action string

// The actions in change sets of our templates.
const (
	Add    Action = "Add"
	Modify Action = "Modify"
	Remove Action = "Remove"
	Import Action = "Import"
)

// Intent is an action that CloudFormation must find when it compares the new template with the
// stack.
type Intent struct {
	LogicalID string
	Action    Action
	// PhysicalID is, for an Import, the physical id of the resource.
	PhysicalID string
	// Members are the indexes of the causing changes; empty for the revision marker.
	Members []int
	// Unlisted is set when a change set may omit the action, as only the resource's policies
	// change. AWS lists that, contrary to its documentation.
	Unlisted bool
	// Replaceable is set for a Modify that may replace the resource, which holds nothing.
	Replaceable bool
	// Dependent is set for a Modify that a change set may only hold because values of other resources
	// might change the resource.
	Dependent bool
}

// Edited is the outcome of Edit.
type Edited struct {
	// Template is the base with all accepted changes; the base itself when nothing changes.
	Template *Template
	// Intents are the differences by logical ID, without the revision marker.
	Intents []Intent
	// Errors are the refusals by index of the change.
	Errors []error
}

// Edit applies changes to a template and validates the end state of the batch, whatever the order
// of changes. A refused change leaves no trace; refusals are in Edited.Errors. The error is that of
// reading the base (*model.NewerFormatError).
func Edit(base *Template, env Env, changes []Change) (*Edited, error) {
	if replaces(changes) {
		return replace(base, changes), nil
	}
	result := &Edited{Template: base, Errors: make([]error, len(changes))}
	// A refused change can invalidate another one (its user isn't created after all), so the batch
	// is applied again until nothing more is refused.
	for _, c := range changes {
		if c.CrossStackRefs.Shared != nil {
			env.Shared = *c.CrossStackRefs.Shared
		}
	}
	before, err := read(base, env)
	if err != nil {
		return nil, err
	}
	compiled := newCompilations(env)
	for {
		e := newEditor(before, changes)
		e.compilations, e.records = compiled, true
		refused := e.apply(result.Errors)
		for i, err := range refused {
			result.Errors[i] = err
		}
		if len(refused) > 0 {
			continue
		}
		result.Template = e.next.remember(before, compiled)
		result.Intents = e.intents(base, result.Template)
		return result, nil
	}
}

// editor is a batch under construction.
type editor struct {
	*shard
	before   *shard
	policies *packer
	reshaped []int            // the changes that grow or close the project
	touched  map[string][]int // logical ids that a change may set or remove -> the changes
	members  []Change
	next     *Template // what the batch makes of the template, when all changes are in

	changed   map[model.ID]bool // the entities that were touched
	takeovers map[model.ID]int  // the entities that were taken over, by which change
	// the logical ids of the buckets that are adopted, and of their policies, by which change
	adoptions map[string]int
	recorded  recording // what Records set and remove
}

func newEditor(before *shard, changes []Change) *editor {
	next := before.clone()
	return &editor{
		shard:     next,
		before:    before,
		policies:  newPacker(next, before, changes),
		members:   changes,
		touched:   map[string][]int{},
		changed:   map[model.ID]bool{},
		takeovers: map[model.ID]int{},
		adoptions: map[string]int{},
	}
}

// apply applies all accepted changes and returns the new refusals.
func (e *editor) apply(errs []error) map[int]error {
	refused := map[int]error{}
	forEach := func(do func(i int, c Change) error) {
		for i, c := range e.members {
			if errs[i] == nil && refused[i] == nil {
				if err := do(i, c); err != nil {
					refused[i] = err
				}
			}
		}
	}
	// Deletions precede creations, which check for a deletion of their entity. Entities precede the
	// permissions that need them.
	forEach(func(i int, c Change) error { return e.only(c, Delete, i, e.remove) })
	forEach(func(i int, c Change) error { return e.only(c, Record, i, e.record) })
	forEach(func(i int, c Change) error {
		if c.Op.reshapes() {
			return e.reshape(i, c)
		}
		if c.Op == Delete || c.Op == Record || c.Entity.ID().Kind == model.KindPermission {
			return nil
		}
		return e.set(i, c)
	})
	forEach(func(i int, c Change) error {
		if c.Op == Delete || c.Op == Record || c.Op.reshapes() || c.Entity.ID().Kind != model.KindPermission {
			return nil
		}
		return e.set(i, c)
	})
	e.policies.repack(errs, refused)
	needed := e.needed()
	forEach(func(_ int, c Change) error { return e.check(c, needed) })
	e.next = e.finish()
	e.keepNewer(refused, errs)
	e.full(refused, errs)
	return refused
}

func (e *editor) only(c Change, op Op, i int, do func(int, Change) error) error {
	if c.Op != op {
		return nil
	}
	return do(i, c)
}

func (s *shard) lookup(id model.ID) (model.Entity, bool) {
	switch id.Kind {
	case model.KindProject:
		entity, ok := s.projects[id]
		return entity, ok
	case model.KindBucket:
		entity, ok := s.buckets[id.Name]
		return entity, ok
	case model.KindUser:
		entity, ok := s.users[id.Name]
		return entity, ok
	case model.KindDirectoryEntry:
		entity, ok := s.entries[id.Name]
		return entity, ok
	case model.KindPermission:
		user, _, _ := strings.Cut(id.Name, "/")
		for _, grant := range s.grants(user) {
			if grant.Permission.ID() == id {
				return grant.Permission, true
			}
		}
	}
	return nil, false
}

func (e *editor) remove(i int, c Change) error {
	id := c.Entity.ID()
	entity, ok := e.lookup(id)
	if !ok {
		return nil
	}
	if err := e.holds(c); err != nil {
		return err
	}
	if err := e.before.mismatchOf(id); err != nil {
		return err
	}
	switch id.Kind {
	case model.KindProject:
		delete(e.projects, id)
	case model.KindBucket:
		delete(e.buckets, id.Name)
	case model.KindUser:
		delete(e.users, id.Name)
	case model.KindDirectoryEntry:
		delete(e.entries, id.Name)
	case model.KindPermission:
		user, _, _ := strings.Cut(id.Name, "/")
		e.packings[user].remove(id)
		e.policies.touch(user, i)
		delete(e.origins, id)
		delete(e.incarnations, id)
		return nil
	}
	e.touch(i, entity)
	delete(e.origins, id)
	delete(e.incarnations, id)
	return nil
}

// touch records that a change may set or remove an entity's resources, including those that its
// owner metadata names.
func (e *editor) touch(i int, entity model.Entity) {
	ids := map[string]bool{}
	e.changed[entity.ID()] = true
	for logicalID := range e.compile(entity, e.origins[entity.ID()]) {
		ids[logicalID] = true
	}
	for _, logicalID := range e.before.owned[entity.ID()] {
		ids[logicalID] = true
	}
	for logicalID := range ids {
		e.touched[logicalID] = append(e.touched[logicalID], i)
	}
}

func (e *editor) set(i int, c Change) error {
	id := c.Entity.ID()
	if closing, err := e.closingAlready(c); closing {
		return err
	}
	there, exists := e.lookup(id)
	origin, incarnation := c.Origin, c.Incarnation
	switch {
	case c.Op == Create && exists:
		return e.meet(i, c, there)
	case c.Op == Adopt && exists:
		return e.adoptedAlready(c, there)
	case c.Op == Create || c.Op == Adopt:
		if _, existed := e.before.lookup(id); existed {
			return &model.ConflictError{Kind: model.ConflictAwaitsDeletion, ID: id}
		}
		if err := e.adoptedAs(c); err != nil {
			return err
		}
		if id.Kind != model.KindPermission {
			if err := e.vacant(c.Entity, c.Origin); err != nil {
				return err
			}
		}
	case !exists:
		return &model.NotFoundError{Kind: model.NotFoundEntity, ID: id}
	default:
		if err := e.holds(c); err != nil {
			return err
		}
		origin, incarnation = e.origins[id], e.incarnations[id]
		merged, err := c.merge(there)
		if err != nil {
			return err
		}
		c.Entity = afterAdoption(there, merged)
	}
	if e.closes(i, c) {
		return nil
	}
	if user, ok := c.Entity.(model.User); ok {
		if err := e.allows(user, c, there); err != nil {
			return err
		}
	}
	if permission, ok := c.Entity.(model.Permission); ok {
		return e.policies.setPermission(i, Grant{permission, origin, incarnation, c.CrossStackRefs.Bucket}, c.CrossStackRefs)
	}
	e.put(c.Entity)
	e.origins[id], e.incarnations[id] = origin, incarnation
	e.touch(i, c.Entity)
	if c.Op == Adopt {
		e.adoptions[bucketID(id.Name)], e.adoptions[bucketPolicyID(id.Name)] = i, i
	}
	if id.Kind == model.KindUser {
		e.policies.touch(id.Name, i) // its source addresses are in its policies
	}
	if bucket, ok := c.Entity.(model.Bucket); ok {
		e.policies.touchGrantsOn(i, bucket)
	}
	return nil
}

func (c Change) merge(there model.Entity) (model.Entity, error) {
	if c.Prior == nil {
		return c.Entity, nil
	}
	if c.Target != nil {
		if _, conflicts := model.Merge(c.Prior, c.Target, there); len(conflicts) > 0 {
			return nil, &model.FieldConflictError{ID: c.Entity.ID(), Conflicts: conflicts}
		}
	}
	merged, conflicts := model.Merge(c.Prior, c.Entity, there)
	if len(conflicts) > 0 {
		return nil, &model.FieldConflictError{ID: c.Entity.ID(), Conflicts: conflicts}
	}
	return merged, nil
}

// closes applies the change that begins a project's deletion. It sets only that owner metadata:
// edits by hand stay.
func (e *editor) closes(i int, c Change) bool {
	next, isProject := c.Entity.(model.Project)
	if !isProject || !next.Closing || c.Op != Update || e.project() == nil {
		return false
	}
	project := *e.project()
	project.Closing = true
	e.put(project)
	e.reshaped = append(e.reshaped, i)
	return true
}

// sameConfiguration reports whether two entities are configured alike, whatever a user's keys.
func sameConfiguration(a, b model.Entity) bool {
	for _, e := range []*model.Entity{&a, &b} {
		if user, ok := (*e).(model.User); ok {
			*e = user.WithoutKeys()
		}
	}
	return bytes.Equal(encodeJSON(a), encodeJSON(b))
}
