package projects

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// View is a project as it was read: what its stacks hold together. It is immutable.
type View struct {
	// Contents are those of all stacks. Its drift includes policies with outdated values of other
	// stacks; its usage is the sum.
	Contents template.Contents
	Stacks   []Stack

	// Live is the drift in AWS as of the last comparison, by entity.
	Live map[model.ID][]template.LiveDifference

	drifts map[int]*mirror.Drift // what Live was made of

	// shards are the stacks that the view consists of, by number; nil for the deleted ones of a
	// closing project.
	shards []*shardRead
}

// Stack is the state of one of a project's stacks. It changes with every commit.
type Stack struct {
	Name     string
	ID       string
	Status   string
	Revision int64
	Usage    template.Usage
	// Closed is true when nothing more can be added to the stack, because the project is being
	// deleted.
	Closed bool
}

// shardRead is what one stack holds, and its version.
type shardRead struct {
	version    mirror.Version
	contents   *template.Contents
	maybeStale bool // see mirror.Update
	mirrored   bool // read from the mirror, which another version may have written
}

// certain returns a *commit.StaleTemplateError when an entity that the view doesn't show may exist.
func (v *View) certain(project string, id model.ID) error {
	for n, read := range v.shards {
		if read != nil && read.maybeStale {
			return &commit.StaleTemplateError{
				Stack: stackName(project, n), Err: &model.NotFoundError{Kind: model.NotFoundEntity, ID: id},
			}
		}
	}
	return nil
}

// shards returns the number of a project's stacks; the first stack holds it.
func (r *shardRead) shards() int { return max(r.contents.Shards, 1) }

// newView returns a project that consists of the stacks' contents; the first stack holds the
// project.
func newView(project string, shards []*shardRead) *View {
	v := &View{Contents: *shards[0].contents, shards: shards}
	for n, shard := range shards {
		if shard == nil {
			continue
		}
		v.Stacks = append(v.Stacks, Stack{
			Name:     stackName(project, n),
			ID:       shard.version.StackID,
			Status:   shard.version.Status,
			Revision: shard.version.Revision,
			Usage:    shard.contents.Usage,
			Closed:   shard.contents.Closed,
		})
	}
	if len(shards) > 1 {
		v.merge()
	}
	return v
}

// with returns the view with another state of one stack; nil when that shows another number of
// stacks.
func (v *View) with(project string, n int, read *shardRead) *View {
	shards := slices.Clone(v.shards)
	shards[n] = read
	if shards[0].shards() != len(shards) {
		return nil
	}
	return newView(project, shards).withDrifts(v.drifts)
}

// merge merges the contents of all stacks into Contents. Of an entity in several stacks, the first
// one counts.
func (v *View) merge() {
	c := &v.Contents
	c.Buckets, c.Users, c.Permissions = slices.Clone(c.Buckets), slices.Clone(c.Users), slices.Clone(c.Permissions)
	c.Drift, c.Foreign = slices.Clone(c.Drift), slices.Clone(c.Foreign)
	c.Copies, c.Mismatches = slices.Clone(c.Copies), slices.Clone(c.Mismatches)
	c.Origins, c.Incarnations = maps.Clone(c.Origins), maps.Clone(c.Incarnations)
	c.Policies, c.Dangling, c.HeldRefs = nil, nil, nil
	credentials := map[string]template.Credentials{}
	maps.Copy(credentials, c.Credentials)
	c.Credentials = credentials
	seen := map[string]bool{}
	for e := range v.shards[0].contents.Entities() {
		seen[e.ID().String()] = true
	}
	for _, shard := range v.shards[1:] {
		if shard == nil {
			continue
		}
		s := shard.contents
		c.Buckets, c.Users, c.Permissions = append(
			c.Buckets,
			s.Buckets...), append(
			c.Users,
			s.Users...), append(
			c.Permissions,
			s.Permissions...)
		c.Drift, c.Foreign = append(c.Drift, s.Drift...), append(c.Foreign, s.Foreign...)
		c.Copies, c.Mismatches = append(c.Copies, s.Copies...), append(c.Mismatches, s.Mismatches...)
		c.Usage = c.Usage.Plus(s.Usage)
		maps.Copy(c.Credentials, s.Credentials)
		for e := range s.Entities() {
			id := e.ID().String()
			if !seen[id] {
				c.Origins = with(c.Origins, id, s.Origins[id])
				c.Incarnations = with(c.Incarnations, id, s.Incarnations[id])
			}
			seen[id] = true
		}
	}
	c.Buckets, c.Users, c.Permissions = sorted(c.Buckets), sorted(c.Users), sorted(c.Permissions)
	for _, permission := range c.Permissions {
		if _, there := c.Of(permission.BucketID()); !there {
			c.Dangling = append(c.Dangling, permission.ID())
		}
	}
	for _, o := range v.outdated() {
		c.Drift = append(c.Drift, o.drift())
	}
}

// with returns a map with another value; "" removes the key.
func with(values map[string]string, key, value string) map[string]string {
	if value == "" {
		return values
	}
	if values == nil {
		values = map[string]string{}
	}
	values[key] = value
	return values
}

// sorted sorts entities of one kind by their IDs; of several with one ID the first stays.
func sorted[E model.Entity](entities []E) []E {
	slices.SortStableFunc(entities, func(a, b E) int { return a.ID().Compare(b.ID()) })
	return slices.CompactFunc(entities, func(a, b E) bool { return a.ID() == b.ID() })
}

// shardsOf returns the stacks that hold an entity: one, unless two processes have added the same
// permission to two stacks.
func (v *View) shardsOf(id model.ID) []int {
	var numbers []int
	for n, shard := range v.shards {
		if shard == nil {
			continue
		}
		if _, ok := shard.contents.Of(id); ok {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// elsewhere returns what a change of an entity in the n-th stack needs of the others.
func (v *View) crossStackRefs(n int, e model.Entity) template.CrossStackRefs {
	var other template.CrossStackRefs
	if len(v.shards) == 1 {
		return other
	}
	switch e := e.(type) {
	case model.Permission:
		if bucket, there := v.Contents.Of(e.BucketID()); there && !slices.Contains(v.shardsOf(e.BucketID()), n) {
			ref := template.RefOf(v.Contents.Env, bucket.(model.Bucket)) //nolint:forcetypeassert // as its id says
			other.Bucket = &ref
		}
		if user, there := v.Contents.Of(e.UserID()); there && !slices.Contains(v.shardsOf(e.UserID()), n) {
			whole := user.(model.User) //nolint:forcetypeassert // as its id says
			other.User = &whole
		}
		other.Policies = v.policiesInOtherStacks(n, e.User)
	case model.User:
		other.Policies = v.policiesInOtherStacks(n, e.Name)
	case model.Bucket:
		if n >= len(v.shards) {
			break // the next stack, which is still empty
		}
		var users []string
		for _, permission := range permissionsOn(v.shards[n], e.ID()) {
			users = append(users, permission.User)
		}
		other.Policies = v.policiesInOtherStacks(n, users...)
	}
	return other
}

// policiesInOtherStacks returns the numbers of the users' policies in other stacks than the n-th.
func (v *View) policiesInOtherStacks(n int, users ...string) map[string][]int {
	numbers := map[string][]int{}
	slices.Sort(users)
	for _, user := range slices.Compact(users) {
		for i, shard := range v.shards {
			if i != n && shard != nil {
				numbers[user] = append(numbers[user], shard.contents.Policies[user]...)
			}
		}
		slices.Sort(numbers[user])
	}
	return numbers
}

// outdated is a value in the policies of one stack of a bucket or user in another stack that has
// changed.
type outdated struct {
	shard       int
	stack       string
	of          model.ID           // the bucket or user
	permissions []model.Permission // whose policies hold the value
	want, have  any
}

// outdated returns the outdated values of other stacks in policies.
func (v *View) outdated() []outdated {
	var all []outdated
	for n, shard := range v.shards {
		if shard == nil || shard.contents.HeldRefs == nil {
			continue
		}
		project := v.Contents.Env.Project
		for _, name := range slices.Sorted(maps.Keys(shard.contents.HeldRefs.Buckets)) {
			bucket, there := v.Contents.Of(model.Bucket{Name: name}.ID())
			if !there {
				continue // the permission is dangling
			}
			want := template.RefOf(v.Contents.Env, bucket.(model.Bucket)) //nolint:forcetypeassert // as its id says
			for _, have := range shard.contents.HeldRefs.Buckets[name] {
				if have != want {
					all = append(all, outdated{n, stackName(project, n), bucket.ID(), permissionsOn(shard, bucket.ID()), want, have})
				}
			}
		}
		for _, have := range shard.contents.HeldRefs.Users {
			user, there := v.Contents.Of(have.ID())
			if !there {
				continue
			}
			want := template.UserRef(user.(model.User)) //nolint:forcetypeassert // as its id says
			if !slices.Equal(have.SourceIPs, want.SourceIPs) {
				all = append(all, outdated{n, stackName(project, n), user.ID(), permissionsOn(shard, user.ID()), want, have})
			}
		}
	}
	return all
}

// permissionsOn returns the permissions in a stack that need a bucket or user.
func permissionsOn(shard *shardRead, parent model.ID) []model.Permission {
	var permissions []model.Permission
	if shard == nil {
		return nil
	}
	for _, p := range shard.contents.Permissions {
		if p.BucketID() == parent || p.UserID() == parent {
			permissions = append(permissions, p)
		}
	}
	return permissions
}

// deviation returns the drift of the permissions.
func (o outdated) drift() template.Drift {
	d := template.Drift{
		LogicalID: "policies in " + o.stack + ":", Path: o.of.String(), Want: text(o.want), Have: text(o.have),
	}
	for _, p := range o.permissions {
		d.Of = append(d.Of, p.ID())
	}
	return d
}

func text(value any) string {
	raw, _ := json.Marshal(value) // cannot fail: strings
	return string(raw)
}
