package template

import (
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// What permissions mean.
//
// A permission allows actions on the objects below its prefix, and what a client needs for them:
// the bucket's location, the key that encrypts the bucket and, for readers, the listing of the
// prefix (IAM user guide, list_amazons3; AmazonS3 user guide, using-with-s3-actions). Nothing else:
// no bucket settings, no access control lists, no deletion of versions.
//
// Permissions are additive. Where they overlap, the user may do what either allows. What a user may
// do is the union of all its permissions, however they are packed into policies (see draft.go).

// Limits of IAM (IAM user guide, reference_iam-quotas): 6,144 characters per managed policy without
// white space, and 10 managed policies per group.
const (
	MaxPolicySize   = 6144
	MaxUserPolicies = 10
)

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

// keyActions include Decrypt for writing: a multipart upload reads its own parts back (S3 API,
// CreateMultipartUpload).
func keyActions(p model.Permission) []string {
	if writes(p) {
		return []string{"kms:Decrypt", "kms:GenerateDataKey"}
	}
	return []string{"kms:Decrypt"}
}

// listActions are granted only for reading: a user that may only upload must not see others' file
// names.
func listActions() []string { return []string{"s3:ListBucket", "s3:ListBucketMultipartUploads"} }

// escapePattern escapes a prefix for a policy's patterns (IAM user guide,
// reference_policies_variables).
var escapePattern = strings.NewReplacer("*", "${*}", "?", "${?}", "$", "${$}").Replace

// policy compiles one managed policy of a user. It is attached to the user's group and to its SFTP
// role, if any. When its permissions grant nothing, as their buckets are gone, it is a policy
// without effect: a policy can't be empty.
func policy(env Env, user model.User, n int, grants []Grant, buckets map[string]model.Bucket) Resource {
	name := model.UserName(env.Project, user.Name)
	resource := Resource{
		Type: "AWS::IAM::ManagedPolicy", DependsOn: []string{groupID(user.Name)},
		Metadata: Metadata{OwnerMetadata{Format: formatPlain, Compiler: CompilerVersion, Of: user.ID(), Grants: grants}},
		Properties: object{
			"ManagedPolicyName": name + "-" + suffix(n), "Path": iamPath(env.Project), "Groups": list{name},
			"PolicyDocument": newDraft(newSizer(env, buckets), user, grants).document(),
		},
	}
	if user.SFTP != nil {
		resource.DependsOn = append(resource.DependsOn, roleID(user.Name))
		resource.Properties["Roles"] = list{SFTPRoleName(env.Project, user.Name)}
	}
	return resource
}

// PolicySize returns the size of a policy document as IAM counts it: without white space.
func PolicySize(document any) int { return sizeOf(encodeJSON(document)) }

func sizeOf(encoded []byte) int {
	size := 0
	for _, r := range string(encoded) {
		if !strings.ContainsRune(" \t\r\n", r) {
			size++
		}
	}
	return size
}
