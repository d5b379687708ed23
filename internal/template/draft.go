package template

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// How permissions become policies.
//
// A user's permissions are packed into numbered managed policies. Those of one policy share
// statements: one for all objects with the same allowed actions, one for all buckets with the same
// listing patterns, and one for all keys. So another permission costs little more than its ARN.
//
// The packing is stable: a permission stays in its policy, and a new one is added to the first
// policy with room. So adding a permission changes one policy. A document depends on the set of its
// permissions, not on their order.
//
// A draft is a policy under construction. It knows the size of its document without writing it, so
// that packing takes time in proportion to the number of permissions.
type draft struct {
	sizes *sizer
	user  model.User
	// items counts, by statement and item, the permissions that need it.
	items map[statementKey]map[string]int
	// listed counts, by bucket and listing pattern, the permissions that need it. The pattern of
	// the whole bucket is "*".
	listed map[string]map[string]int
	// keys counts, by key, the permissions that read and those that write.
	keys map[string]readersWriters
	// written is the size of the statements, each with a comma.
	written int
}

type readersWriters struct{ readers, writers int }

// statementKey identifies a statement apart from its resources: the kind, and the actions or
// listing patterns, separated by spaces.
type statementKey struct {
	kind   statementKind
	detail string
}

type statementKind int

// The kinds of statements, in their order in a document.
const (
	onObjects  statementKind = iota // the actions of detail, on objects
	onLocation                      // finding the location of buckets
	onListing                       // listing buckets, restricted to the patterns of detail
	onKeys                          // the actions of detail, on keys
)

// newDraft returns the draft of some permissions.
func newDraft(sizes *sizer, user model.User, grants []Grant) *draft {
	d := &draft{
		sizes: sizes, user: user, items: map[statementKey]map[string]int{}, listed: map[string]map[string]int{},
		keys: map[string]readersWriters{},
	}
	for _, grant := range grants {
		d.change(grant, 1)
	}
	return d
}

// fits adds a grant if the policy has room for it, and reports whether it did.
func (d *draft) fits(grant Grant) bool {
	d.change(grant, 1)
	if d.size() > MaxPolicySize {
		d.change(grant, -1)
		return false
	}
	return true
}

// change adds (by 1) or removes (by -1) a grant. One whose bucket is not in the model grants
// nothing.
func (d *draft) change(grant Grant, by int) {
	bucket := grant.bucket(d.sizes.buckets)
	if bucket == nil {
		return
	}
	permission := grant.Permission
	arn, pattern := d.sizes.env.bucketARN(bucket.BucketName), escapePattern(permission.Prefix)+"*"
	d.item(statementKey{onObjects, strings.Join(objectActions(permission), " ")}, arn+"/"+pattern, by)
	d.item(statementKey{kind: onLocation}, arn, by)
	d.useKey(bucketKey(d.sizes.env, *bucket), writes(permission), by)
	if reads(permission) {
		d.list(arn, pattern, by)
	}
}

// item counts one item of a statement.
func (d *draft) item(key statementKey, item string, by int) {
	items := d.items[key]
	if items == nil {
		items = map[string]int{}
		d.items[key] = items
		d.written += d.sizes.statement(key)
	}
	if items[item] == 0 {
		d.written += d.sizes.text(item) + 1
	}
	if items[item] += by; items[item] > 0 {
		return
	}
	delete(items, item)
	d.written -= d.sizes.text(item) + 1
	if len(items) == 0 {
		delete(d.items, key)
		d.written -= d.sizes.statement(key)
	}
}

// useKey counts a use of a key. A key is in one statement only: the writers' if any permission
// writes.
func (d *draft) useKey(arn string, write bool, by int) {
	before := d.keys[arn]
	after := before
	if write {
		after.writers += by
	} else {
		after.readers += by
	}
	d.keys[arn] = after
	d.move(keyStatement(before), keyStatement(after), arn)
}

func keyStatement(uses readersWriters) *statementKey {
	switch {
	case uses.writers > 0:
		return &statementKey{onKeys, strings.Join(keyActions(model.Permission{Access: model.Write}), " ")}
	case uses.readers > 0:
		return &statementKey{onKeys, strings.Join(keyActions(model.Permission{Access: model.Read}), " ")}
	default:
		return nil
	}
}

// list counts a listing pattern of a bucket. A bucket is in one statement only, with those that
// have the same patterns.
func (d *draft) list(arn, pattern string, by int) {
	patterns := d.listed[arn]
	if patterns == nil {
		patterns = map[string]int{}
		d.listed[arn] = patterns
	}
	before := listStatement(patterns)
	if patterns[pattern] += by; patterns[pattern] == 0 {
		delete(patterns, pattern)
	}
	d.move(before, listStatement(patterns), arn)
}

// separator separates the patterns in a key. No prefix may hold it.
const separator = "\x00"

func listStatement(patterns map[string]int) *statementKey {
	switch {
	case len(patterns) == 0:
		return nil
	case patterns["*"] > 0:
		return &statementKey{onListing, "*"} // the whole bucket: no other pattern adds to it
	default:
		return &statementKey{onListing, strings.Join(slices.Sorted(maps.Keys(patterns)), separator)}
	}
}

// move moves an item between the lists of two statements.
func (d *draft) move(from, to *statementKey, item string) {
	if from != nil && to != nil && *from == *to {
		return
	}
	if from != nil {
		d.item(*from, item, -1)
	}
	if to != nil {
		d.item(*to, item, 1)
	}
}

// size returns the PolicySize of the document.
func (d *draft) size() int {
	if len(d.items) == 0 {
		return d.sizes.nothing
	}
	size := emptySize + d.written - 1 // every statement but the last is followed by a comma, a list doesn't end with one
	if len(d.user.SourceIPs) > 0 {
		size += PolicySize(networks(d.user)) + 1
	}
	return size
}

func (d *draft) document() object {
	if len(d.items) == 0 {
		return nothing(d.sizes.env)
	}
	var statements list
	if len(d.user.SourceIPs) > 0 {
		statements = append(statements, networks(d.user))
	}
	keys := slices.SortedFunc(maps.Keys(d.items), func(a, b statementKey) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), strings.Compare(a.detail, b.detail))
	})
	for _, key := range keys {
		statement := key.statement(d.sizes.env)
		statement["Resource"] = slices.Sorted(maps.Keys(d.items[key]))
		statements = append(statements, statement)
	}
	return object{"Version": "2012-10-17", "Statement": statements}
}

func (k statementKey) statement(env Env) object {
	statement := object{"Effect": "Allow", "Resource": list{}}
	switch k.kind {
	case onObjects:
		statement["Action"] = strings.Fields(k.detail)
	case onLocation:
		statement["Action"] = "s3:GetBucketLocation"
	case onListing:
		statement["Action"] = listActions()
		if k.detail != "*" {
			statement["Condition"] = object{"StringLike": object{"s3:prefix": strings.Split(k.detail, separator)}}
		}
	case onKeys:
		statement["Action"] = strings.Fields(k.detail)
		statement["Condition"] = object{"StringEquals": object{"kms:ViaService": env.via("s3")}}
	}
	return statement
}

// networks restricts the user's S3 requests to its allowed networks, except those of its SFTP role:
// there AWS Transfer calls S3, which doesn't learn the client's address. The key is not restricted
// either, as S3 uses it for the user from its own addresses (IAM user guide,
// reference_policies_condition-keys, aws:SourceIp).
func networks(user model.User) object {
	return object{
		"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": object{
			"NotIpAddress": object{"aws:SourceIp": user.SourceIPs},
			"StringEquals": object{"aws:PrincipalType": "User"},
		},
	}
}

// nothing returns a policy without effect: it denies an action on a nonexistent resource.
func nothing(env Env) object {
	return object{"Version": "2012-10-17", "Statement": list{
		object{
			"Sid": "Nothing", "Effect": "Deny", "Action": "s3:GetObject",
			"Resource": env.bucketARN("stowage-nothing") + "/*",
		},
	}}
}

// emptySize is the size of a document without statements.
var emptySize = PolicySize(object{"Version": "2012-10-17", "Statement": list{}})

// sizer measures the parts of policies, each once. The buckets may not change meanwhile.
type sizer struct {
	env        Env
	buckets    map[string]model.Bucket
	nothing    int
	statements map[statementKey]int
	texts      map[string]int
}

func newSizer(env Env, buckets map[string]model.Bucket) *sizer {
	return &sizer{env, buckets, PolicySize(nothing(env)), map[statementKey]int{}, map[string]int{}}
}

func (s *sizer) statement(key statementKey) int {
	size, known := s.statements[key]
	if !known {
		size = PolicySize(key.statement(s.env))
		s.statements[key] = size
	}
	return size
}

// text returns the size of a string in a document.
func (s *sizer) text(text string) int {
	size, known := s.texts[text]
	if !known {
		size = sizeOf(appendString(nil, text))
		s.texts[text] = size
	}
	return size
}

type packing map[int][]Grant

func (p packing) remove(id model.ID) {
	for n, grants := range p {
		if i := slices.IndexFunc(grants, func(g Grant) bool { return g.Permission.ID() == id }); i >= 0 {
			p[n] = slices.Delete(slices.Clone(grants), i, i+1)
		}
	}
}

// replace replaces the grant with the same ID and returns its policy's number; 0 for none.
func (p packing) replace(grant Grant) int {
	for n, grants := range p {
		for i := range grants {
			if grants[i].Permission.ID() == grant.Permission.ID() {
				p[n] = slices.Clone(grants)
				p[n][i] = grant
				return n
			}
		}
	}
	return 0
}
