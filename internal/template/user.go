package template

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// What a user consists of.
//
// A user is an IAM user in a group of its own. The group carries its policies: users have none
// (IAM.2), and a group takes ten. The user and its SFTP role have the account's permissions
// boundary: see boundary.go.
//
// The stack creates an access key, and passes its secret by reference to Secrets Manager, so that
// no person or process handles it. The stack's output for the user holds the IDs that AWS has
// chosen, of the secret and the keys.
//
// Each key has a secret, which is created and deleted with the key and never changed: a change set
// shows a changed resource's properties, including the text of a secret by reference (recorded from
// AWS for other types), but nothing of what it adds or removes. People read another one, the user's
// secret, whose name and ARN stay the same through all rotations. Its text is a dynamic reference
// to the secret of the current key, which CloudFormation shows and compares unresolved
// (CloudFormation user guide, dynamic-references-secretsmanager).
//
// In SFTP, the user has a role with the same policies. Its home consists of logical directories,
// one per permission, which the user can't leave.

func compileUser(env Env, user model.User, first, meta OwnerMetadata) Resources {
	name := model.UserName(env.Project, user.Name)
	properties := object{
		"UserName": name, "Path": iamPath(env.Project), "Groups": list{name}, "PermissionsBoundary": env.BoundaryARN(),
		"Tags": tags(user.Tags, env.Project, "user", user.Name),
	}
	resources := Resources{
		userID(user.Name): Resource{
			Type: "AWS::IAM::User", Metadata: Metadata{first}, DependsOn: []string{groupID(user.Name)}, Properties: properties,
		},
		groupID(user.Name): Resource{
			Type: "AWS::IAM::Group", Metadata: Metadata{meta},
			Properties: object{"GroupName": name, "Path": iamPath(env.Project)},
		},
	}
	if user.AccessKey != nil {
		maps.Copy(resources, compileKeys(env, user, meta))
	}
	if user.SFTP != nil {
		resources[roleID(user.Name)] = sftpRole(env, user, meta)
		resources[sftpUserID(user.Name)] = sftpUser(env, user, meta, nil)
	}
	return resources
}

func iamPath(project string) string { return "/stowage/" + project + "/" }

// compileKeys compiles a user's keys, their secrets, the user's secret, and its readers.
func compileKeys(env Env, user model.User, meta OwnerMetadata) Resources {
	resources := Resources{}
	for slot, key := range user.AccessKey.Keys {
		status := "Active"
		if !key.Active() {
			status = "Inactive"
		}
		resources[accessKeyID(user.Name, slot)] = Resource{
			Type: "AWS::IAM::AccessKey", Metadata: Metadata{meta}, DependsOn: []string{userID(user.Name)},
			Properties: object{"UserName": model.UserName(env.Project, user.Name), "Status": status},
		}
		resources[keySecretID(user.Name, slot)] = Resource{
			Type: "AWS::SecretsManager::Secret", Metadata: Metadata{meta},
			Properties: object{
				"Name":         keySecretName(env.Project, user, slot),
				"Description":  "An access key of the user " + user.Name + " of the project " + env.Project,
				"KmsKeyId":     env.KeyARN,
				"SecretString": keySecret(env, user, accessKeyID(user.Name, slot)),
				"Tags":         tags(nil, env.Project, "user", user.Name),
			},
		}
	}
	current, ok := user.AccessKey.Current()
	if !ok {
		return resources
	}
	resources[secretID(user.Name)] = Resource{
		Type: "AWS::SecretsManager::Secret", Metadata: Metadata{meta}, DependsOn: []string{keySecretID(user.Name, current)},
		Properties: object{
			"Name":         SecretName(env.Project, user.Name),
			"Description":  "The current access key of the user " + user.Name + " of the project " + env.Project,
			"KmsKeyId":     env.KeyARN,
			"SecretString": dynamicReference + keySecretName(env.Project, user, current) + ":SecretString}}",
			"Tags":         tags(user.Tags, env.Project, "user", user.Name),
		},
	}
	if len(user.SecretReaders) > 0 {
		resources[secretPolicyID(user.Name)] = Resource{
			Type: "AWS::SecretsManager::ResourcePolicy", Metadata: Metadata{meta},
			Properties: object{
				"SecretId": object{"Ref": secretID(user.Name)}, "BlockPublicPolicy": true,
				"ResourcePolicy": object{"Version": "2012-10-17", "Statement": list{object{
					"Sid": "Readers", "Effect": "Allow", "Principal": object{"AWS": slices.Sorted(slices.Values(user.SecretReaders))},
					"Action": list{"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"}, "Resource": "*",
				}}},
			},
		}
	}
	return resources
}

const dynamicReference = "{{resolve:secretsmanager:"

// SecretName returns the name of the secret with a user's current access key.
func SecretName(project, user string) string { return "stowage/" + project + "/" + user }

// keySecretName returns the name of a key's secret, which is never reused.
func keySecretName(project string, user model.User, slot model.Slot) string {
	return SecretName(project, user.Name) + "/" + string(slot) + strconv.FormatInt(
		user.AccessKey.Keys[slot].Created.Unix(), 10,
	)
}

// keySecret returns the text of a key's secret: JSON, with the key by reference. Only the two
// references depend on AWS, and neither can hold a character that JSON escapes.
func keySecret(env Env, user model.User, keyLogicalID string) object {
	return object{"Fn::Sub": string(encodeJSON(object{
		"access_key_id": "${" + keyLogicalID + "}", "secret_access_key": "${" + keyLogicalID + ".SecretAccessKey}",
		"user_name": model.UserName(env.Project, user.Name), "region": env.Region,
	}))}
}

// writtenOnce reports whether a resource never changes once it exists: see above.
func writtenOnce(logicalID string) bool { return strings.HasPrefix(logicalID, keySecretPrefix) }

// keysOutput publishes the IDs of a user's secret and keys, for DescribeStacks: slot=ID, and
// secret=ARN.
func keysOutput(user model.User) object {
	parts := list{object{"Fn::Join": list{"=", list{"secret", object{"Ref": secretID(user.Name)}}}}}
	for _, slot := range model.Slots() {
		if _, there := user.AccessKey.Keys[slot]; there {
			parts = append(parts, object{"Fn::Join": list{"=", list{string(slot), object{"Ref": accessKeyID(user.Name, slot)}}}})
		}
	}
	return object{
		"Description": "The secret and the access keys of the user " + user.Name,
		"Value":       object{"Fn::Join": list{" ", parts}},
	}
}

func publishes(user model.User) bool {
	if user.AccessKey == nil {
		return false
	}
	_, ok := user.AccessKey.Current()
	return ok
}

// Credentials are the IDs that AWS has chosen for a user's access keys.
type Credentials struct {
	SecretARN string                `json:"secret_arn"`
	KeyIDs    map[model.Slot]string `json:"key_ids"`
}

// credentials reads the output of keysOutput. Parts without the form of an ARN or of a key's ID are
// left out: an output that was changed by hand can show a secret.
func credentials(value string) Credentials {
	c := Credentials{KeyIDs: map[model.Slot]string{}}
	for _, part := range strings.Fields(value) {
		switch name, id, _ := strings.Cut(part, "="); {
		case name == "secret" && strings.HasPrefix(id, "arn:"):
			c.SecretARN = id
		case (name == string(model.SlotA) || name == string(model.SlotB)) && strings.HasPrefix(id, "AKIA"):
			c.KeyIDs[model.Slot(name)] = id
		}
	}
	return c
}

// SFTPRoleName returns the name of a user's SFTP role.
func SFTPRoleName(project, user string) string { return model.UserName(project, user) + "-sftp" }

// sftpRole can be assumed by the project's SFTP server only, which prevents a confused deputy (AWS
// Transfer Family user guide, confused-deputy).
func sftpRole(env Env, user model.User, meta OwnerMetadata) Resource {
	properties := object{
		"RoleName": SFTPRoleName(env.Project, user.Name), "Path": iamPath(env.Project),
		"Description": "Stands for the user " + user.Name + " of the project " + env.Project + " in SFTP",
		"AssumeRolePolicyDocument": object{"Version": "2012-10-17", "Statement": list{object{
			"Effect": "Allow", "Principal": object{"Service": "transfer.amazonaws.com"}, "Action": "sts:AssumeRole",
			"Condition": object{
				"StringEquals": object{"aws:SourceAccount": env.AccountID},
				"ArnLike":      object{"aws:SourceArn": env.arn("transfer") + ":user/" + env.SFTPServerID + "/*"},
			},
		}}},
		"PermissionsBoundary": env.BoundaryARN(),
		"Tags":                tags(user.Tags, env.Project, "user", user.Name),
	}
	return Resource{Type: "AWS::IAM::Role", Metadata: Metadata{meta}, Properties: properties}
}

// sftpUser returns the user on the project's SFTP server, with the directories of its permissions.
func sftpUser(env Env, user model.User, meta OwnerMetadata, directories []directory) Resource {
	mappings := make(list, 0, len(directories)+1)
	for _, d := range directories {
		mappings = append(mappings, object{"Entry": d.entry, "Target": d.target})
	}
	if len(mappings) == 0 { // one is required: an empty home that no policy allows
		mappings = append(mappings, object{"Entry": "/", "Target": "/stowage-nothing"})
	}
	return Resource{
		Type: "AWS::Transfer::User", Metadata: Metadata{meta}, DependsOn: []string{roleID(user.Name)},
		Properties: object{
			"ServerId":              env.SFTPServerID,
			"UserName":              user.Name,
			"HomeDirectoryType":     "LOGICAL",
			"HomeDirectoryMappings": mappings,
			"Role": "arn:" + env.Partition + ":iam::" + env.AccountID + ":role" + iamPath(env.Project) + SFTPRoleName(
				env.Project, user.Name,
			),
			"SshPublicKeys": user.SFTP.PublicKeys,
			"Tags":          tags(user.Tags, env.Project, "user", user.Name),
		},
	}
}

// directory is one logical directory of a user in SFTP.
type directory struct{ entry, target string }

// directories returns the directories that grants give a user in SFTP: /<bucket>, or
// /<bucket>/<prefix>, sorted. A directory inside another is left out, as it is reachable through
// that. A prefix without a slash at its end means the folder of that name: SFTP knows folders only.
func directories(grants []Grant, buckets map[string]model.Bucket) []directory {
	var all []directory
	for _, grant := range grants {
		bucket := grant.bucket(buckets)
		if bucket == nil {
			continue
		}
		below := ""
		if prefix := strings.Trim(grant.Permission.Prefix, "/"); prefix != "" {
			below = "/" + prefix
		}
		all = append(all, directory{"/" + bucket.Name + below, "/" + bucket.BucketName + below})
	}
	slices.SortFunc(all, func(a, b directory) int { return strings.Compare(a.entry+"/", b.entry+"/") })
	var homes []directory
	for _, d := range all {
		if n := len(homes); n == 0 || !strings.HasPrefix(d.entry+"/", homes[n-1].entry+"/") {
			homes = append(homes, d)
		}
	}
	return homes
}
