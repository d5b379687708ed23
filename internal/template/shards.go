package template

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Projects of several stacks.
//
// Each stack is edited and validated independently. What a policy needs of other stacks is stored
// in its owner metadata as literals: a bucket's physical name and key (Grant.Bucket), and the user
// (OwnerMetadata.User). So compiling and parsing are inverse in each stack. Package projects, which
// reads all stacks, checks that the literals are up to date.

// Changes to a stack as a whole. Of their Entity, the project, only the name counts.
const (
	// Grow raises the number of the project's stacks to Change.Shards, in its first stack. It never
	// lowers it, so that two processes that add a stack at once don't undo each other.
	Grow Op = "grow"
	// Open changes nothing; as a member of a commit it ensures that the stack exists. A closed
	// stack refuses it with a model.ConflictClosing error.
	Open Op = "open"
	// Close closes a stack without the project to new entities. A stack with entities refuses it
	// with a model.ConflictInUse error.
	Close Op = "close"
)

// formatShards is the format of the project's owner metadata once there are several stacks. A
// provider that knows only one stack would consider the entities in the others deleted, so it must
// refuse the project. All other owner metadata has formatPlain, whose meaning has not changed.
const (
	formatPlain  = 1
	formatShards = 2
	// formatAdopted is the format of an adopted bucket's metadata: older providers would remove
	// what it keeps.
	formatAdopted = 3
)

// CrossStackRefs is what a change needs of the project's other stacks. The stack's own entities take
// precedence.
type CrossStackRefs struct {
	// Shared is what the project's first stack shares, for changes to the others; nil in the first
	// one, which has the outputs.
	Shared *Shared
	Bucket *BucketRef  // the permission's bucket; nil when it is not in another stack
	User   *model.User // the permission's user; nil when it is not in another stack
	// Policies are the numbers of the policies in other stacks by user: their names are taken. A
	// permission needs those of its user, a user its own, a bucket those of all users with
	// permissions on it.
	Policies map[string][]int
}

// BucketRef is what a policy holds of a bucket in another stack.
type BucketRef struct {
	BucketName string `json:"bucket_name"` // physical
	KeyARN     string `json:"key_arn"`     // the key that encrypts the bucket
}

// RefOf returns what policies in other stacks hold of a bucket.
func RefOf(env Env, bucket model.Bucket) BucketRef {
	return BucketRef{bucket.BucketName, bucketKey(env, bucket)}
}

// UserRef returns what policies in other stacks hold of a user: only what policies depend on.
func UserRef(user model.User) model.User {
	return model.User{Name: user.Name, SourceIPs: user.SourceIPs}
}

// HeldRefs are what a stack's policies hold of other stacks, outdated when those have changed.
type HeldRefs struct {
	// Buckets are a bucket's references by its name: one unless it has changed meanwhile.
	Buckets map[string][]BucketRef `json:"buckets,omitempty"`
	// Users are the users in other stacks that have policies in this one.
	Users []model.User `json:"users,omitempty"`
}

// bucket returns a grant's bucket: the stack's own, or the reference to another stack's; nil for
// none.
func (g Grant) bucket(buckets map[string]model.Bucket) *model.Bucket {
	if b, ok := buckets[g.Permission.Bucket]; ok {
		return &b
	}
	if g.Bucket == nil {
		return nil
	}
	return &model.Bucket{Name: g.Permission.Bucket, BucketName: g.Bucket.BucketName, KMSKeyARN: g.Bucket.KeyARN}
}

func (s *shard) heldRefs() *HeldRefs {
	var l HeldRefs
	for user, packed := range s.packings {
		if away, ok := s.away[user]; ok && len(packed) > 0 {
			l.Users = append(l.Users, away)
		}
		for _, grants := range packed {
			for _, grant := range grants {
				name, ref := grant.Permission.Bucket, grant.Bucket
				if _, here := s.buckets[name]; here || ref == nil || slices.Contains(l.Buckets[name], *ref) {
					continue
				}
				if l.Buckets == nil {
					l.Buckets = map[string][]BucketRef{}
				}
				l.Buckets[name] = append(l.Buckets[name], *ref)
			}
		}
	}
	if l.Buckets == nil && l.Users == nil {
		return nil
	}
	slices.SortFunc(l.Users, func(a, b model.User) int { return a.ID().Compare(b.ID()) })
	for _, refs := range l.Buckets {
		slices.SortFunc(refs, func(a, b BucketRef) int {
			return slices.Compare([]string{a.BucketName, a.KeyARN}, []string{b.BucketName, b.KeyARN})
		})
	}
	return &l
}

// compile is Compile, with the shard's data about the whole project and a user's SFTP home.
func (s *shard) compile(entity model.Entity, origin string) Resources {
	resources, known := s.compilations.find(s.env, entity, origin)
	if !known {
		resources = Compile(s.env, entity, origin)
		if s.records {
			s.compilations.by[entity.ID()] = compilation{entity, origin, maps.Clone(resources)}
		}
	}
	s.incarnate(entity.ID(), resources)
	if user, ok := entity.(model.User); ok {
		if user.SFTP != nil {
			resources[sftpUserID(user.Name)] = s.home(user)
		}
		s.order(resources)
	}
	if _, ok := entity.(model.Project); ok && s.shards > 1 {
		key := resources[keyID]
		key.Metadata.Stowage.Format, key.Metadata.Stowage.Shards = formatShards, s.shards
		resources[keyID] = key
	}
	return resources
}

// incarnate writes an entity's incarnation into the metadata of its first resource.
func (s *shard) incarnate(id model.ID, resources Resources) {
	incarnation := s.incarnations[id]
	if incarnation == "" {
		return
	}
	for logicalID, resource := range resources {
		if resource.Metadata.Stowage.Settings != nil {
			resource.Metadata.Stowage.Incarnation = incarnation
			resources[logicalID] = resource
		}
	}
}

// order makes a user's resources depend on the project's resources that they name, in the same
// stack: created after and deleted before them.
func (s *shard) order(resources Resources) {
	if s.project() == nil {
		return
	}
	for id, resource := range resources {
		if resource.Type == "AWS::Transfer::User" && s.project().SFTP {
			resource.DependsOn = append(resource.DependsOn, sftpServerID)
		}
		resources[id] = resource
	}
}

// home returns a user on the project's SFTP server, with the directories of its permissions.
func (s *shard) home(user model.User) Resource {
	meta := OwnerMetadata{Format: formatPlain, Compiler: CompilerVersion, Of: user.ID(), Origin: s.origins[user.ID()]}
	return sftpUser(s.env, user, meta, directories(s.grants(user.Name), s.buckets))
}

// policy compiles a user's policy. For a user in another stack, it is attached by the name of the
// user's group, and its owner metadata holds the user.
func (s *shard) policy(user string, n int, grants []Grant) Resource {
	resource := policy(s.env, s.user(user), n, grants, s.buckets)
	_, here := s.users[user]
	if away, ok := s.away[user]; ok && !here {
		resource.DependsOn = nil
		resource.Metadata.Stowage.User = &away
	}
	return resource
}

// numbers returns a user's policies in filling order: from the first in the user's own stack, from
// the last in another one. So two stacks choose the same name only when no other is left. Policies
// in other stacks, and those whose logical IDs foreign resources have, are left out.
func (s *shard) numbers(user string, taken []int) []int {
	var numbers []int
	for n := 1; n <= MaxUserPolicies; n++ {
		id := policyID(user, n)
		_, there := s.template.resources[id]
		_, ours := s.metadata[id]
		if !slices.Contains(taken, n) && (ours || !there) {
			numbers = append(numbers, n)
		}
	}
	if _, here := s.users[user]; !here {
		slices.Reverse(numbers)
	}
	return numbers
}

func (e *editor) reshape(i int, c Change) error {
	project := e.project()
	switch c.Op {
	case Grow:
		switch {
		case project == nil:
			return &model.NotFoundError{Kind: model.NotFoundEntity, ID: c.Entity.ID()}
		case project.Closing:
			return &model.ConflictError{Kind: model.ConflictClosing, Project: project.Name}
		}
		e.shards = max(e.shards, c.Shards)
		e.reshaped = append(e.reshaped, i)
	case Open:
		if e.before.closing {
			return &model.ConflictError{Kind: model.ConflictClosing, Project: e.env.Project}
		}
	case Close:
		e.closing = true
	case Create, Update, Delete, Adopt, Record, Replace:
	}
	return nil
}

func (o Op) reshapes() bool { return o == Grow || o == Open || o == Close }

// finishShape adds the changes to the stack as a whole to those of its resources. Only owner
// metadata change: edits by hand beside them are not reverted.
func (e *editor) finishShape(changes map[string]json.RawMessage) {
	closes := e.project() != nil && e.project().Closing && e.before.project() != nil && !e.before.project().Closing
	grows := e.shards > e.before.shards
	var project []string
	if grows || closes {
		project = e.before.owned[e.project().ID()]
	}
	for _, id := range project {
		raw, changed := changes[id]
		if !changed {
			raw = e.before.template.resources[id]
		}
		meta, ok := ownerMetadataOf(raw)
		if !ok || meta.Settings == nil {
			continue
		}
		if grows {
			meta.Format, meta.Shards = formatShards, e.shards
		}
		if closes {
			meta.Settings = withClosing(meta.Settings)
		}
		changes[id] = withOwnerMetadata(raw, meta)
		e.touched[id] = append(e.touched[id], e.reshaped...)
	}
	if raw, ok := e.before.template.resources[RevisionMarkerID]; ok && e.closing && !e.before.closing {
		if meta, ok := ownerMetadataOf(raw); ok {
			meta.Closing = true
			changes[RevisionMarkerID] = withOwnerMetadata(raw, meta)
		}
	}
}

// withClosing returns the settings of a project whose deletion has begun.
func withClosing(settings json.RawMessage) json.RawMessage {
	fields, err := cutObject(settings)
	if err != nil {
		return settings
	}
	fields["closing"] = encodeJSON(true)
	return appendMembers(nil, fields, appendRaw)
}

// withOwnerMetadata returns a resource with other owner metadata, otherwise unchanged.
func withOwnerMetadata(raw json.RawMessage, meta OwnerMetadata) json.RawMessage {
	resource, err := cutObject(raw)
	if err != nil {
		return raw
	}
	metadata, err := cutObject(resource["Metadata"])
	if err != nil {
		return raw
	}
	metadata["Stowage"] = encodeJSON(meta)
	resource["Metadata"] = appendMembers(nil, metadata, appendRaw)
	return appendMembers(nil, resource, appendRaw)
}
