package template

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Projects of several stacks.
//
// Each stack is edited and judged by itself. What a policy has to know of another stack stands in its mark as literals: the
// physical name and the key of a bucket that lives elsewhere (Grant.Bucket), and the user when it is the user that does
// (Mark.User). So compiling and parsing stay inverse to each other, stack by stack. Whether the literals are still true is seen by
// whoever knows all stacks (package projects).

// Changes to a stack as a whole. Their Entity is the project, of which only the name counts.
const (
	// Grow raises the number of the project's stacks to Change.Shards, in the stack that holds the project. It never lowers it,
	// so that of two processes that open the next stack at once neither undoes the other.
	Grow Op = "grow"
	// Open changes nothing; as a member of a commit it makes sure that the stack is there. It is refused with a model.ConflictClosing error
	// when the stack is closed.
	Open Op = "open"
	// Close closes a stack that doesn't hold the project: from then on it takes nothing more. It is refused with an
	// model.ConflictInUse error while there is anything in it.
	Close Op = "close"
)

// formatShards is the format of the project's mark once there are several stacks: providers that know of one stack only would
// take what lives in the others for deleted, so they have to refuse the project. All other marks have formatPlain, whose
// meaning has not changed.
const (
	formatPlain  = 1
	formatShards = 2
)

// Elsewhere is what a change has to know of the project's other stacks. What the stack itself holds counts more.
type Elsewhere struct {
	// Shared is what the project's first stack shares, for changes to the others; nil in the first one, whose outputs tell.
	Shared *Shared
	Bucket *BucketRef  // the permission's bucket; nil when it is not in another stack
	User   *model.User // the permission's user; nil when it is not in another stack
	// Policies are, by user, the numbers of the policies in other stacks: their names are taken. A permission needs to know its user's,
	// a user its own, a bucket those of all who have permissions on it.
	Policies map[string][]int
}

// BucketRef is what a policy says of a bucket that lives in another stack.
type BucketRef struct {
	BucketName string `json:"bucket_name"` // physical
	KeyARN     string `json:"key_arn"`     // of the key that encrypts the bucket
}

// RefOf is what policies in other stacks say of a bucket.
func RefOf(env Env, bucket model.Bucket) BucketRef {
	return BucketRef{bucket.BucketName, bucketKey(env, bucket)}
}

// UserRef is what policies in other stacks say of a user: without what no policy depends on.
func UserRef(user model.User) model.User {
	return model.User{Name: user.Name, SourceIPs: user.SourceIPs}
}

// Literals are what the policies of a stack say of other stacks. They are right if they say what stands there.
type Literals struct {
	// Buckets are by the bucket's name all that is said of it, which is one thing unless it has changed meanwhile.
	Buckets map[string][]BucketRef `json:"buckets,omitempty"`
	// Users are the users whose policies outgrew their own stack.
	Users []model.User `json:"users,omitempty"`
}

// bucket is the bucket of a grant: the stack's own, or what the grant says of one that lives elsewhere; nil when there is none.
func (g Grant) bucket(buckets map[string]model.Bucket) *model.Bucket {
	if b, ok := buckets[g.Permission.Bucket]; ok {
		return &b
	}
	if g.Bucket == nil {
		return nil
	}
	return &model.Bucket{Name: g.Permission.Bucket, BucketName: g.Bucket.BucketName, KMSKeyARN: g.Bucket.KeyARN}
}

// literals are what the shard's policies say of others.
func (s *shard) literals() *Literals {
	var l Literals
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

// compile is Compile, with what the shard says about the project as a whole, and about a user's home in SFTP.
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

// incarnate puts an entity's incarnation into the metadata of its first resource.
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

// order lets what a user consists of come after the project's resources that it names, where those live in the same stack, and go
// before them.
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

// home is a user on the project's SFTP server, with the directories of its permissions.
func (s *shard) home(user model.User) Resource {
	mark := Mark{Format: formatPlain, Compiler: CompilerVersion, Of: user.ID(), Origin: s.origins[user.ID()]}
	return sftpUser(s.env, user, mark, directories(s.grants(user.Name), s.buckets))
}

// policy compiles one policy of a user. One whose user lives in another stack is attached by the name of the user's group, and
// its mark holds the user.
func (s *shard) policy(user string, n int, grants []Grant) Resource {
	resource := policy(s.env, s.user(user), n, grants, s.buckets)
	_, here := s.users[user]
	if away, ok := s.away[user]; ok && !here {
		resource.DependsOn = nil
		resource.Metadata.Stowage.User = &away
	}
	return resource
}

// numbers are the policies of a user in the order in which they are filled: from the first in the user's own stack, from
// the last in another one, so that two stacks come to the same name only when there is none left. Those in other stacks, and those
// whose logical ids foreign resources have, are left out.
func (s *shard) numbers(user string, elsewhere []int) []int {
	var numbers []int
	for n := 1; n <= MaxUserPolicies; n++ {
		id := policyID(user, n)
		_, there := s.template.resources[id]
		_, ours := s.marks[id]
		if !slices.Contains(elsewhere, n) && (ours || !there) {
			numbers = append(numbers, n)
		}
	}
	if _, here := s.users[user]; !here {
		slices.Reverse(numbers)
	}
	return numbers
}

// reshape makes a change to the stack as a whole.
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
	case Create, Update, Delete:
	}
	return nil
}

func (o Op) reshapes() bool { return o == Grow || o == Open || o == Close }

// finishShape puts the changes to the stack as a whole into those of its resources. Of these only the marks change: somebody's
// hand edit beside them is not reverted.
func (e *editor) finishShape(changes map[string]json.RawMessage) {
	closes := e.project() != nil && e.project().Closing && e.before.project() != nil && !e.before.project().Closing
	if e.shards > e.before.shards || closes {
		for _, id := range e.before.owned[e.project().ID()] {
			raw, changed := changes[id]
			if !changed {
				raw = e.before.template.resources[id]
			}
			if mark, ok := markOf(raw); ok && mark.Settings != nil {
				if e.shards > e.before.shards {
					mark.Format, mark.Shards = formatShards, e.shards
				}
				if closes {
					mark.Settings = withClosing(mark.Settings)
				}
				changes[id] = remarked(raw, mark)
				e.touched[id] = append(e.touched[id], e.reshaped...)
			}
		}
	}
	if raw, ok := e.before.template.resources[CarrierID]; ok && e.closing && !e.before.closing {
		if mark, ok := markOf(raw); ok {
			mark.Closing = true
			changes[CarrierID] = remarked(raw, mark)
		}
	}
}

// withClosing are the settings of a project whose deletion begins.
func withClosing(settings json.RawMessage) json.RawMessage {
	fields, err := cutObject(settings)
	if err != nil {
		return settings
	}
	fields["closing"] = encodeJSON(true)
	return appendMembers(nil, fields, appendRaw)
}

// remarked is a resource with another mark, and everything else as it was.
func remarked(raw json.RawMessage, mark Mark) json.RawMessage {
	resource, err := cutObject(raw)
	if err != nil {
		return raw
	}
	metadata, err := cutObject(resource["Metadata"])
	if err != nil {
		return raw
	}
	metadata["Stowage"] = encodeJSON(mark)
	resource["Metadata"] = appendMembers(nil, metadata, appendRaw)
	return appendMembers(nil, resource, appendRaw)
}
