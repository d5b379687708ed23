package template

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Op is what a change does to its entity.
type Op string

// The changes that can be made to an entity.
const (
	// Create adds an entity. One that exists is taken over if its settings and its origin mark are the same (see
	// ownership.go), else refused with an model.ConflictExists error; one that another change of the batch creates or takes over, with a
	// model.ConflictDuplicate error; one that another change of the batch deletes, with an model.ConflictAwaitsDeletion error.
	Create Op = "create"
	// Update changes an entity's settings; it is refused with a model.NotFoundEntity error when there is no such entity, and with an
	// model.ConflictOwner error when it has another incarnation.
	Update Op = "update"
	// Delete removes an entity; deleting what is gone succeeds. It is refused with an model.ConflictOwner error when the entity has
	// another incarnation.
	Delete Op = "delete"
	// Adopt adds a bucket that exists in the account, as Change.Live describes it, without changing it: see adopt.go.
	Adopt Op = "adopt"
)

// Change is one change to one entity: a member of a commit.
type Change struct {
	Op     Op
	Entity model.Entity // with Delete only its ID counts
	Origin string       // the mark of the configuration that makes the change; "" for none
	// Incarnation is, with a Create, that of the new entity, else that which the caller holds: see ownership.go.
	Incarnation string
	// AnyIncarnation makes an Update or Delete whatever the entity's incarnation is.
	AnyIncarnation bool
	// Prior is, for an Update, what the caller took the entity to be. The change is then the difference between Prior and
	// Entity (model.Merge): what another writer has changed in other fields stays, and a field that both have changed refuses
	// it with a *model.ConflictError. nil: Entity replaces the settings.
	Prior model.Entity
	// Target is, for the first of several Updates that make one change, the entity after the last of them. What would
	// conflict later refuses the first one. nil: there is one Update.
	Target model.Entity
	// Live is, for an Adopt, the bucket as it exists. Entity is then Live.Entity.
	Live *Live
	// Elsewhere is what the change has to know of the project's other stacks.
	Elsewhere Elsewhere
	// Shards is the number of the project's stacks: with Grow the new one; with an Update that closes the project the one that
	// its caller knows, 0 for any.
	Shards int
}

// Action is what CloudFormation does to a resource.
type Action string

// The actions that a change set can hold for our templates.
const (
	Add    Action = "Add"
	Modify Action = "Modify"
	Remove Action = "Remove"
	Import Action = "Import"
)

// Intent is one action that CloudFormation has to find when it compares the new template with the stack.
type Intent struct {
	LogicalID string
	Action    Action
	// PhysicalID is, for an Import, the physical id of the resource.
	PhysicalID string
	// Members are the indexes of the changes that want it; empty for the carrier.
	Members []int
	// Unlisted is set when a change set may leave the action out: only the resource's policies change. AWS lists that, other than
	// its documentation says.
	Unlisted bool
}

// Edited is the outcome of Edit.
type Edited struct {
	// Template is the base with all good changes in it; the base itself when nothing changes.
	Template *Template
	// Intents are the differences, sorted by logical id, without the carrier.
	Intents []Intent
	// Errors holds, by index of the change, why it can't be made; nil entries are good.
	Errors []error
}

// Edit puts changes into a template, in no particular order: the batch is judged by its end state. A change that is refused
// leaves no trace. The error is that of reading the base (*model.NewerFormatError); refusals are in Edited.Errors.
func Edit(base *Template, env Env, changes []Change) (*Edited, error) {
	result := &Edited{Template: base, Errors: make([]error, len(changes))}
	// A refused change can take the ground from under another one (its user isn't created after all), so the batch is
	// put together again without the refused ones until nothing more is refused.
	for _, c := range changes {
		if c.Elsewhere.Shared != nil {
			env.Shared = *c.Elsewhere.Shared
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

// editor is a batch being put together.
type editor struct {
	*shard
	before   *shard
	reshaped []int            // the changes that grow or close the project
	touched  map[string][]int // logical ids that a change may set or remove -> the changes
	regrant  map[string][]int // users whose policies have to be compiled again -> the changes
	members  []Change
	next     *Template // what the batch makes of the template, when all changes are in

	changed   map[model.ID]bool          // the entities that were touched
	takeovers map[model.ID]int           // the entities that were taken over, by which change
	adoptions map[string]int             // the logical ids of the buckets that are adopted, and of their policies, by which change
	sizes     *sizer                     // made when all users and buckets are in
	drafts    map[string]map[int]*draft  // by user: the policies whose size was asked for
	onBucket  map[string]map[string]bool // by bucket: the users that had permissions on it
	edited    map[string]map[int]bool    // by user: the policies that somebody edited by hand, as far as asked for
}

func newEditor(before *shard, changes []Change) *editor {
	e := &editor{
		shard: before.clone(), before: before, members: changes, touched: map[string][]int{}, regrant: map[string][]int{},
		changed: map[model.ID]bool{}, drafts: map[string]map[int]*draft{}, onBucket: map[string]map[string]bool{}, edited: map[string]map[int]bool{},
		takeovers: map[model.ID]int{}, adoptions: map[string]int{},
	}
	for user, packed := range before.packings {
		for _, grants := range packed {
			for _, grant := range grants {
				users := e.onBucket[grant.Permission.Bucket]
				if users == nil {
					users = map[string]bool{}
					e.onBucket[grant.Permission.Bucket] = users
				}
				users[user] = true
			}
		}
	}
	return e
}

// apply makes all changes that have no error yet and returns the new refusals.
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
	// Deletions before creations, which see that their entity is being deleted; entities before the permissions that need
	// them.
	forEach(func(i int, c Change) error { return e.only(c, Delete, i, e.remove) })
	forEach(func(i int, c Change) error {
		if c.Op.reshapes() {
			return e.reshape(i, c)
		}
		if c.Op == Delete || c.Entity.ID().Kind == model.KindPermission {
			return nil
		}
		return e.set(i, c)
	})
	forEach(func(i int, c Change) error {
		if c.Op == Delete || c.Op.reshapes() || c.Entity.ID().Kind != model.KindPermission {
			return nil
		}
		return e.set(i, c)
	})
	e.repack(errs, refused)
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
	case model.KindListing:
		entity, ok := s.listings[id.Name]
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
	case model.KindListing:
		delete(e.listings, id.Name)
	case model.KindPermission:
		user, _, _ := strings.Cut(id.Name, "/")
		e.packings[user].remove(id)
		e.regrant[user] = append(e.regrant[user], i)
		delete(e.origins, id)
		delete(e.incarnations, id)
		return nil
	}
	e.touch(i, entity)
	delete(e.origins, id)
	delete(e.incarnations, id)
	return nil
}

// touch notes that a change may set or remove the resources of an entity, those that its mark names included.
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
		return e.setPermission(i, Grant{permission, origin, incarnation, c.Elsewhere.Bucket}, c.Elsewhere)
	}
	e.put(c.Entity)
	e.origins[id], e.incarnations[id] = origin, incarnation
	e.touch(i, c.Entity)
	if c.Op == Adopt {
		e.adoptions[bucketID(id.Name)], e.adoptions[bucketPolicyID(id.Name)] = i, i
	}
	if id.Kind == model.KindUser {
		e.regrant[id.Name] = append(e.regrant[id.Name], i) // its source addresses stand in its policies
	}
	if bucket, ok := c.Entity.(model.Bucket); ok {
		e.touchGrantsOn(i, bucket)
	}
	return nil
}

// merge is the entity that an Update makes of the one that is there.
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

// closingAlready reports whether a change is one of a project whose deletion has begun. Such a project takes no change: one that
// closes it again changes nothing, and any other is refused with a model.ConflictClosing error.
func (e *editor) closingAlready(c Change) (closing bool, err error) {
	next, isProject := c.Entity.(model.Project)
	before := e.project()
	if !isProject || before == nil || !before.Closing {
		return false, nil
	}
	if c.Op == Update && next.Closing {
		return true, nil
	}
	return true, &model.ConflictError{Kind: model.ConflictClosing, Project: e.env.Project}
}

// closes makes the change that begins the deletion of a project, if it is one. It sets the mark of that and nothing else: what a
// person has changed or taken out of the template stays as it is.
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

// sameConfiguration says whether two entities are configured alike. The keys that a user happens to have are no configuration.
func sameConfiguration(a, b model.Entity) bool {
	for _, e := range []*model.Entity{&a, &b} {
		if user, ok := (*e).(model.User); ok {
			*e = user.WithoutKeys()
		}
	}
	return bytes.Equal(encodeJSON(a), encodeJSON(b))
}

// allows says why a user can't be what a change makes of it. there is what it was; nil for a new one.
func (e *editor) allows(user model.User, c Change, there model.Entity) error {
	if user.SFTP != nil {
		if e.env.SFTPServerID == "" {
			return &model.NotFoundError{Kind: model.NotFoundServer, NeededBy: user.ID()}
		}
		if len(c.Elsewhere.Policies[user.Name]) > 0 {
			return cannotSpread(user.Name)
		}
	}
	before, stood := there.(model.User)
	if stood && len(model.KeySteps(before, user)) > 1 {
		return &model.ConflictError{Kind: model.ConflictKeys, ID: user.ID()} // a slot takes another key once it is empty
	}
	return nil
}

// touchGrantsOn notes the users whose policies name a bucket whose key may have changed.
func (e *editor) touchGrantsOn(i int, bucket model.Bucket) {
	before, ok := e.before.buckets[bucket.Name]
	if ok && bucketKey(e.env, before) == bucketKey(e.env, bucket) && before.BucketName == bucket.BucketName {
		return
	}
	for user := range e.onBucket[bucket.Name] {
		if slices.ContainsFunc(e.grants(user), func(g Grant) bool { return g.Permission.Bucket == bucket.Name }) {
			e.regrant[user] = append(e.regrant[user], i)
		}
	}
}

func (e *editor) setPermission(i int, grant Grant, elsewhere Elsewhere) error {
	permission := grant.Permission
	id := permission.ID()
	_, userHere := e.users[permission.User]
	_, bucketHere := e.buckets[permission.Bucket]
	switch {
	case !userHere && elsewhere.User == nil:
		return &model.NotFoundError{Kind: model.NotFoundParent, ID: permission.UserID(), NeededBy: id}
	case !bucketHere && elsewhere.Bucket == nil:
		return &model.NotFoundError{Kind: model.NotFoundParent, ID: permission.BucketID(), NeededBy: id}
	case !userHere && elsewhere.User.SFTP != nil:
		return cannotSpread(permission.User)
	}
	if bucketHere {
		grant.Bucket = nil
	}
	if !userHere {
		e.away[permission.User] = UserRef(*elsewhere.User)
	}
	if e.packings[permission.User] == nil {
		e.packings[permission.User] = packing{}
	}
	packed := e.packings[permission.User]
	e.regrant[permission.User] = append(e.regrant[permission.User], i)
	e.origins[id], e.incarnations[id] = grant.Origin, grant.Incarnation
	if n := packed.replace(grant); n != 0 {
		delete(e.drafts[permission.User], n)
		if e.draft(permission.User, n).size() <= MaxPolicySize {
			return nil
		}
		packed.remove(id)
		delete(e.drafts[permission.User], n)
	}
	return e.place(grant, elsewhere.Policies[permission.User])
}

// draft is a policy of a user as the batch has made it so far.
func (e *editor) draft(user string, n int) *draft {
	if e.sizes == nil {
		e.sizes = newSizer(e.env, e.buckets)
	}
	if e.drafts[user] == nil {
		e.drafts[user] = map[int]*draft{}
	}
	d := e.drafts[user][n]
	if d == nil {
		d = newDraft(e.sizes, e.user(user), e.packings[user][n])
		e.drafts[user][n] = d
	}
	return d
}

// place puts a grant into the first of its user's policies with room. Those with the numbers elsewhere live in other stacks.
func (e *editor) place(grant Grant, elsewhere []int) error {
	user := grant.Permission.User
	for _, n := range e.numbers(user, elsewhere) {
		if !e.frozen(user)[n] && e.draft(user, n).fits(grant) {
			e.packings[user][n] = append(e.packings[user][n], grant)
			return nil
		}
	}
	return &FullError{What: "policies of the user " + user, Have: MaxUserPolicies + 1, Budget: MaxUserPolicies}
}

// frozen are the policies that somebody edited by hand: they take no new permission, which would revert the edit without
// a word. Changing a permission that stands in one does revert it, and the plan of that permission shows it.
func (e *editor) frozen(user string) map[int]bool {
	if frozen, known := e.edited[user]; known {
		return frozen
	}
	frozen := map[int]bool{}
	e.edited[user] = frozen
	for n, grants := range e.before.packings[user] {
		id := policyID(user, n)
		want := e.before.policy(user, n, grants)
		switch mark := e.marks[id]; {
		case mark.Compiler < CompilerVersion: // an older one spelled it its own way
		case mark.Compiler > CompilerVersion, !sameMeaning(encodeJSON(want), e.before.template.resources[id]):
			frozen[n] = true
		}
	}
	return frozen
}

// needed are the permissions that need a user or bucket when the batch is in.
func (e *editor) needed() map[model.ID][]model.ID {
	needed := map[model.ID][]model.ID{}
	for user := range e.packings {
		for _, grant := range e.grants(user) {
			p := grant.Permission
			needed[p.BucketID()] = append(needed[p.BucketID()], p.ID())
			needed[p.UserID()] = append(needed[p.UserID()], p.ID())
		}
	}
	return needed
}

// check judges one change by the end state of the batch.
func (e *editor) check(c Change, needed map[model.ID][]model.ID) error {
	id := c.Entity.ID()
	project := e.before.project()
	if (e.before.closing || project != nil && project.Closing) && id.Kind != model.KindProject {
		return &model.ConflictError{Kind: model.ConflictClosing, Project: e.env.Project}
	}
	by := needed[id]
	if id.Kind == model.KindProject {
		by = e.inhabitants()
	}
	entity := c.Entity
	if merged, there := e.lookup(id); there && c.Op == Update {
		entity = merged
	}
	p, isProject := entity.(model.Project)
	if isProject && p.Closing && c.Op == Update && c.Shards > 0 && e.before.shards > c.Shards {
		return &model.ConflictError{Kind: model.ConflictStackAdded, Project: p.Name, Stacks: e.before.shards}
	}
	if isProject && !p.SFTP && !p.Closing && c.Op == Update {
		return e.checkServer(p)
	}
	if len(by) == 0 || c.Op != Delete && c.Op != Close && (!isProject || !p.Closing) {
		return nil
	}
	slices.SortFunc(by, model.ID.Compare)
	return &model.ConflictError{Kind: model.ConflictInUse, ID: id, By: by}
}

// checkServer refuses to take the SFTP server away from users that need it.
func (e *editor) checkServer(p model.Project) error {
	var by []model.ID
	for _, name := range slices.Sorted(maps.Keys(e.users)) {
		if e.users[name].SFTP != nil {
			by = append(by, model.ID{Kind: model.KindUser, Name: name})
		}
	}
	if len(by) == 0 {
		return nil
	}
	return &model.ConflictError{Kind: model.ConflictServerInUse, Project: p.Name, By: by}
}

// inhabitants are the buckets, users and permissions of the shard, which a project that goes has to be without.
func (e *editor) inhabitants() []model.ID {
	var ids []model.ID
	for _, bucket := range e.buckets {
		ids = append(ids, bucket.ID())
	}
	for user := range e.packings {
		for _, grant := range e.grants(user) {
			ids = append(ids, grant.Permission.ID())
		}
	}
	for _, user := range e.users {
		ids = append(ids, user.ID())
	}
	return ids
}

// repack moves permissions out of policies that have become too large, as the user's networks or a bucket's key are longer than they
// were. When there is no place for them, the changes that made them longer are refused.
func (e *editor) repack(errs []error, refused map[int]error) {
	for name, by := range e.regrant {
		packed := e.packings[name]
		var elsewhere []int
		for _, i := range by {
			elsewhere = append(elsewhere, e.members[i].Elsewhere.Policies[name]...)
		}
		for _, n := range slices.Sorted(maps.Keys(packed)) {
			for len(packed[n]) > 1 && e.draft(name, n).size() > MaxPolicySize {
				last := packed[n][len(packed[n])-1]
				packed[n] = slices.Clip(packed[n][:len(packed[n])-1])
				e.draft(name, n).change(last, -1)
				err := e.place(last, elsewhere)
				if err == nil {
					continue
				}
				packed[n] = append(packed[n], last)
				e.draft(name, n).change(last, 1)
				for _, i := range by {
					if errs[i] == nil && refused[i] == nil && e.members[i].Entity.ID().Kind != model.KindPermission {
						refused[i] = err
					}
				}
				break
			}
		}
	}
}

// full refuses the last creations of the batch when it takes the stack over a budget, as many as are too much. Changes to
// what is there are never refused. A permission goes together with all others in its policy, if that is new, and stays if it isn't,
// unless bytes are short.
func (e *editor) full(refused map[int]error, errs []error) {
	usage, budget := e.usage(), e.env.budget()
	over := usage.Over(budget)
	if over == nil {
		return
	}
	var fresh map[int][]int
	for i := len(e.members) - 1; i >= 0 && usage.Over(budget) != nil; i-- {
		c := e.members[i]
		if !e.creates(i, errs) || refused[i] != nil {
			continue
		}
		if c.Entity.ID().Kind != model.KindPermission {
			refused[i] = over
			usage = usage.minus(demand(c, e.compile(c.Entity, c.Origin)))
			continue
		}
		if e.bound(c.Entity) && usage.Over(limits) == nil {
			continue
		}
		if fresh == nil {
			fresh = e.freshPolicies(errs)
		}
		with, resources := fresh[i], 1
		if with == nil {
			if usage.TemplateBytes <= budget.TemplateBytes && usage.BodyBytes <= budget.BodyBytes {
				continue
			}
			with, resources = []int{i}, 0
		}
		for _, j := range with {
			refused[j] = over
			usage = usage.minus(demand(e.members[j], nil))
		}
		usage.Resources -= resources
	}
}

// bound says of a permission that it can't go to another stack, so that it may use what is left between the budget and the limits.
func (e *editor) bound(entity model.Entity) bool {
	permission, ok := entity.(model.Permission)
	return ok && e.user(permission.User).SFTP != nil
}

// creates says that a change that has not been refused makes something that was not there.
func (e *editor) creates(i int, errs []error) bool {
	_, existed := e.before.lookup(e.members[i].Entity.ID())
	return !existed && (e.members[i].Op == Create || e.members[i].Op == Adopt) && errs[i] == nil
}

// freshPolicies are, by each change that creates a permission in a policy that the batch makes, all that do so in that policy.
func (e *editor) freshPolicies(errs []error) map[int][]int {
	type policy struct {
		user string
		n    int
	}
	in := map[model.ID]policy{}
	for user := range e.regrant {
		for n, grants := range e.packings[user] {
			for _, grant := range grants {
				if len(e.before.packings[user][n]) == 0 {
					in[grant.Permission.ID()] = policy{user, n}
				}
			}
		}
	}
	members := map[policy][]int{}
	for i, c := range e.members {
		if at, ok := in[c.Entity.ID()]; ok && e.creates(i, errs) {
			members[at] = append(members[at], i)
		}
	}
	fresh := map[int][]int{}
	for _, together := range members {
		for _, i := range together {
			fresh[i] = together
		}
	}
	return fresh
}

func (e *editor) usage() Usage {
	usage := Usage{Resources: len(e.next.resources), TemplateBytes: e.next.size()}
	for id, incarnation := range e.incarnations {
		usage.BodyBytes += incarnationBytes(id, incarnation)
	}
	for _, raw := range e.next.resources {
		mark := member(member(raw, "Metadata"), "Stowage")
		usage.BodyBytes += len(member(mark, "settings")) + len(member(mark, "grants"))
		if bytes.Contains(raw, []byte(dynamicReference)) {
			usage.DynamicReferences++
		}
	}
	return usage
}

// finish makes the new template: the base, with the touched resources set or removed.
func (e *editor) finish() *Template {
	wanted := Resources{}
	for _, c := range e.members {
		if entity, ok := e.lookup(c.Entity.ID()); ok && c.Entity.ID().Kind != model.KindPermission && c.Op != Delete {
			maps.Copy(wanted, e.compile(entity, e.origins[entity.ID()]))
		}
	}
	changes := map[string]json.RawMessage{}
	for id := range e.touched {
		changes[id] = nil
		resource, ok := wanted[id]
		before, there := e.before.template.resources[id]
		if there && (ok && writtenOnce(id) || e.keepsProjectBoundary(id)) {
			changes[id] = before
		} else if ok {
			changes[id] = encodeJSON(resource)
		}
		if i, adopted := e.adoptions[id]; adopted {
			changes[id] = e.members[i].Live.resource(resource)
		}
	}
	updated := map[model.ID]bool{}
	for _, c := range e.members {
		if c.Op == Update {
			updated[c.Entity.ID()] = true
		}
	}
	for user := range e.regrant {
		for n := 1; n <= MaxUserPolicies; n++ {
			e.finishPolicy(changes, user, n, updated)
		}
		e.finishHome(changes, user)
	}
	e.finishTakeovers(changes)
	e.finishShape(changes)
	next := e.before.template.with(changes)
	for _, id := range slices.SortedFunc(maps.Keys(e.changed), model.ID.Compare) {
		before, _ := e.before.lookup(id)
		after, stays := e.lookup(id)
		if !stays {
			after = nil // not the empty entity, which publishes outputs, too
		}
		next = next.publish(before, after)
	}
	return next
}

// finishHome compiles a user's home in SFTP again if its directories have changed.
func (e *editor) finishHome(changes map[string]json.RawMessage, name string) {
	id := sftpUserID(name)
	user, here := e.users[name]
	if !here || user.SFTP == nil {
		return
	}
	before, existed := e.before.users[name]
	want := e.compile(user, e.origins[user.ID()])[id]
	if _, touched := changes[id]; !touched && existed && before.SFTP != nil && bytes.Equal(encodeJSON(want), encodeJSON(e.before.compile(before, e.origins[user.ID()])[id])) {
		return
	}
	changes[id] = encodeJSON(want)
}

// finishPolicy compiles one policy of a user again, unless neither its permissions nor what they mean have changed: so
// policies that no member touches keep what stands in them. A permission that is itself updated heals a policy that was
// edited by hand.
func (e *editor) finishPolicy(changes map[string]json.RawMessage, user string, n int, updated map[model.ID]bool) {
	id := policyID(user, n)
	before, existed := e.before.packings[user][n]
	now := e.packings[user][n]
	if len(now) == 0 {
		if existed {
			changes[id] = nil
		}
		return
	}
	want := encodeJSON(e.policy(user, n, now))
	if existed && !slices.ContainsFunc(now, func(g Grant) bool { return updated[g.Permission.ID()] }) {
		if bytes.Equal(want, encodeJSON(e.before.policy(user, n, before))) {
			return
		}
		if taken, ok := reincarnated(e.before.template.resources[id], before, now); ok &&
			bytes.Equal(encodeJSON(e.policy(user, n, before)), encodeJSON(e.before.policy(user, n, before))) {
			changes[id] = taken
			return
		}
	}
	changes[id] = want
}

func (e *editor) intents(base, next *Template) []Intent {
	intents := Intents(base, next)
	byPolicy := map[string][]int{}
	for user, by := range e.regrant {
		for n := 1; n <= MaxUserPolicies; n++ {
			byPolicy[policyID(user, n)] = by
		}
		byPolicy[sftpUserID(user)] = by
	}
	for i := range intents {
		id := intents[i].LogicalID
		if by, adopted := e.adoptions[id]; adopted {
			bucket, _ := e.members[by].Entity.(model.Bucket)
			intents[i].Action, intents[i].PhysicalID = Import, bucket.BucketName
		}
		members := slices.Concat(e.touched[id], byPolicy[id])
		slices.Sort(members)
		intents[i].Members = slices.Compact(members)
	}
	return intents
}

// Intents are what CloudFormation has to find when it compares two templates, sorted by logical id. Type, properties, metadata and
// the two policies count. A change of only DependsOn, Condition, CreationPolicy or UpdatePolicy is no update (CloudFormation
// user guide, troubleshooting, "No updates to perform").
func Intents(base, next *Template) []Intent {
	var intents []Intent
	for id, raw := range next.resources {
		before, there := base.resources[id]
		switch {
		case !there:
			intents = append(intents, Intent{LogicalID: id, Action: Add})
		case differ(before, raw, "Type", "Properties", "Metadata"):
			intents = append(intents, Intent{LogicalID: id, Action: Modify})
		case differ(before, raw, "DeletionPolicy", "UpdateReplacePolicy"):
			intents = append(intents, Intent{LogicalID: id, Action: Modify, Unlisted: true})
		}
	}
	for id := range base.resources {
		if _, stays := next.resources[id]; !stays {
			intents = append(intents, Intent{LogicalID: id, Action: Remove})
		}
	}
	slices.SortFunc(intents, func(a, b Intent) int { return strings.Compare(a.LogicalID, b.LogicalID) })
	return intents
}

// differ reports whether two spellings of a resource differ in the meaning of any of the attributes.
func differ(before, after json.RawMessage, attributes ...string) bool {
	return !bytes.Equal(before, after) && slices.ContainsFunc(attributes, func(attribute string) bool {
		return !sameMeaning(member(before, attribute), member(after, attribute))
	})
}

// Stamp sets the commit token on the carrier. Every commit does, so that no two commits make the same change set.
// It returns an error when somebody took the carrier out of the template by hand.
func Stamp(t *Template, token string, revision int64) (*Template, error) {
	properties := t.Properties(CarrierID)
	name, ok := properties["Name"].(string)
	if !ok {
		return nil, ErrNoCarrier
	}
	stamped := carrier(name, token, &revision)
	if mark, ok := markOf(t.resources[CarrierID]); ok {
		stamped.Metadata.Stowage.Closing = mark.Closing
	}
	return t.with(Resources{CarrierID: stamped}.raw()), nil
}

// Revision is the revision that the template was committed as; ok is false when it doesn't say.
func (t *Template) Revision() (revision int64, ok bool) {
	var carrier marked
	if json.Unmarshal(t.resources[CarrierID], &carrier) != nil || carrier.Metadata.Stowage == nil || carrier.Metadata.Stowage.Revision == nil {
		return 0, false
	}
	return *carrier.Metadata.Stowage.Revision, true
}
