package template

import (
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// How permissions become policies.
//
// A permission becomes up to four statements (IAM user guide, list_amazons3; AmazonS3 user guide, using-with-s3-actions):
// the actions on objects, the listing bound to the prefix, the bucket's location, and the key. The statements of a user's
// permissions are packed into numbered managed policies on the user's own group. A permission stays in the policy where it
// is; a new one goes into the first policy with room, so that adding a permission changes one policy.

// Limits of IAM (IAM user guide, reference_iam-quotas): a managed policy has at most 6,144 characters, white space not
// counted, and a group at most 10 managed policies.
const (
	MaxPolicySize   = 6144
	MaxUserPolicies = 10
)

// Actions are what a permission allows, for the person who reads the plan. The list is sorted.
func Actions(permission model.Permission) []string {
	actions := append(objectActions(permission), "s3:GetBucketLocation")
	actions = append(actions, keyActions(permission)...)
	if reads(permission) {
		actions = append(actions, listActions()...)
	}
	slices.Sort(actions)
	return actions
}

func reads(p model.Permission) bool  { return p.Access != model.Write }
func writes(p model.Permission) bool { return p.Access != model.Read }

func objectActions(p model.Permission) []string {
	var actions []string
	if p.AllowDelete {
		actions = append(actions, "s3:DeleteObject")
	}
	if reads(p) {
		actions = append(actions, "s3:GetObject", "s3:GetObjectVersion")
	}
	if writes(p) {
		actions = append(actions, "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
	}
	slices.Sort(actions)
	return actions
}

// keyActions need Decrypt for writing too: a multipart upload reads its own parts back (S3 API, CreateMultipartUpload).
func keyActions(p model.Permission) []string {
	if writes(p) {
		return []string{"kms:Decrypt", "kms:GenerateDataKey"}
	}
	return []string{"kms:Decrypt"}
}

// listActions are only given with reading: whoever may only drop files off has no business with the names of others'.
func listActions() []string { return []string{"s3:ListBucket", "s3:ListBucketMultipartUploads"} }

// escapePattern makes a prefix stand for itself in a policy's patterns (IAM user guide, reference_policies_variables).
var escapePattern = strings.NewReplacer("*", "${*}", "?", "${?}", "$", "${$}").Replace

// statements compiles one permission. A permission whose bucket is not in the model grants nothing.
func statements(env Env, user model.User, permission model.Permission, bucket *model.Bucket) list {
	if bucket == nil {
		return nil
	}
	prefix := escapePattern(permission.Prefix)
	arn := env.bucketARN(bucket.BucketName)
	result := list{
		fromSources(user, object{"Effect": "Allow", "Action": objectActions(permission), "Resource": arn + "/" + prefix + "*"}, nil),
		fromSources(user, object{"Effect": "Allow", "Action": "s3:GetBucketLocation", "Resource": arn}, nil),
		object{
			"Effect": "Allow", "Action": keyActions(permission), "Resource": bucketKey(env, *bucket),
			"Condition": object{"StringEquals": object{"kms:ViaService": "s3." + env.Region + ".amazonaws.com"}},
		},
	}
	if reads(permission) {
		var condition object
		if prefix != "" {
			condition = object{"StringLike": object{"s3:prefix": list{prefix, prefix + "*"}}}
		}
		result = append(result, fromSources(user, object{"Effect": "Allow", "Action": listActions(), "Resource": arn}, condition))
	}
	return result
}

// fromSources binds a statement to the networks that the user may come from. The key's statement is not bound: S3 uses
// the key for the user, and aws:SourceIp is then not the user's address (IAM user guide, reference_policies_condition-keys).
func fromSources(user model.User, statement, condition object) object {
	if len(user.SourceIPs) > 0 {
		if condition == nil {
			condition = object{}
		}
		condition["IpAddress"] = object{"aws:SourceIp": user.SourceIPs}
	}
	if condition != nil {
		statement["Condition"] = condition
	}
	return statement
}

// policy compiles one managed policy. When none of its permissions grants anything, as all their buckets are gone, it
// denies what nobody has: a policy can't be empty.
func policy(env Env, user model.User, n int, grants []Grant, buckets map[string]model.Bucket) Resource {
	name := model.UserName(env.Project, user.Name)
	return Resource{
		Type: "AWS::IAM::ManagedPolicy", DependsOn: []string{groupID(user.Name)},
		Metadata: Metadata{Mark{Format: formatPlain, Compiler: CompilerVersion, Of: user.ID(), Grants: grants}},
		Properties: object{
			"ManagedPolicyName": name + "-" + suffix(n), "Path": iamPath(env.Project), "Groups": list{name},
			"PolicyDocument": document(env, user, grants, buckets),
		},
	}
}

func document(env Env, user model.User, grants []Grant, buckets map[string]model.Bucket) object {
	var all list
	for _, grant := range grants {
		all = append(all, statements(env, user, grant.Permission, grant.bucket(buckets))...)
	}
	if len(all) == 0 {
		all = list{object{"Sid": "Nothing", "Effect": "Deny", "Action": "s3:GetObject", "Resource": env.bucketARN("stowage-nothing") + "/*"}}
	}
	return object{"Version": "2012-10-17", "Statement": all}
}

// PolicySize is the size of a policy document as IAM counts it: its characters without white space.
func PolicySize(document any) int {
	size := 0
	for _, r := range string(encodeJSON(document)) {
		if !strings.ContainsRune(" \t\r\n", r) {
			size++
		}
	}
	return size
}

// Sizes of a policy document without its statements, and of one that grants nothing.
var (
	emptySize   = PolicySize(object{"Version": "2012-10-17", "Statement": list{}})
	nothingSize = func(env Env) int { return PolicySize(document(env, model.User{}, nil, nil)) }
)

// sizer tells the sizes of policies by those of their statements, each of which it measures once. The users and buckets may not change
// meanwhile.
type sizer struct {
	env     Env
	buckets map[string]model.Bucket
	known   map[sized]int
}

// sized is all on which the statements of a permission depend, the networks of its user and the stack's own buckets apart.
type sized struct {
	permission model.Permission
	elsewhere  BucketRef
}

func newSizer(env Env, buckets map[string]model.Bucket) *sizer {
	return &sizer{env, buckets, map[sized]int{}}
}

// policy is PolicySize of the document of some grants.
func (s *sizer) policy(user model.User, grants []Grant) int {
	size := 0
	for _, grant := range grants {
		size += s.grant(user, grant)
	}
	if size == 0 {
		return nothingSize(s.env)
	}
	return emptySize + size - 1 // of the commas, there is one less than statements
}

// grant is the size of the statements of a grant, each with a comma.
func (s *sizer) grant(user model.User, grant Grant) int {
	key := sized{permission: grant.Permission}
	if grant.Bucket != nil {
		key.elsewhere = *grant.Bucket
	}
	size, known := s.known[key]
	if !known {
		for _, statement := range statements(s.env, user, grant.Permission, grant.bucket(s.buckets)) {
			size += PolicySize(statement) + 1
		}
		s.known[key] = size
	}
	return size
}

// packing is the assignment of a user's permissions to numbered policies.
type packing map[int][]Grant

// place puts a grant into the first of the numbered policies with room. frozen policies take nothing new.
func (p packing) place(sizes *sizer, user model.User, grant Grant, numbers []int, frozen map[int]bool) error {
	for _, n := range numbers {
		if frozen[n] {
			continue
		}
		grants := append(slices.Clone(p[n]), grant)
		if sizes.policy(user, grants) <= MaxPolicySize {
			p[n] = grants
			return nil
		}
	}
	return &FullError{What: "policies of the user " + user.Name, Have: MaxUserPolicies + 1, Budget: MaxUserPolicies}
}

// remove takes a permission out.
func (p packing) remove(id model.ID) {
	for n, grants := range p {
		p[n] = slices.DeleteFunc(slices.Clone(grants), func(g Grant) bool { return g.Permission.ID() == id })
	}
}

// replace puts a grant in the place of the one with the same id and says in which policy; 0 if there is none.
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
