package template

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Compile turns an entity that stands on its own (project, bucket, user, listing) into its resources. Permissions are
// compiled user by user: see CompileGrants.
func Compile(env Env, entity model.Entity, origin string) Resources {
	mark := Mark{Format: formatPlain, Compiler: CompilerVersion, Of: entity.ID(), Origin: origin}
	first := mark
	first.Settings = encodeJSON(entity)
	switch e := entity.(type) {
	case model.Project:
		return compileProject(env, e, first, mark)
	case model.Bucket:
		return compileBucket(env, e, first, mark)
	case model.User:
		return compileUser(env, e, first, mark)
	case model.Listing:
		return compileListing(e, first)
	default:
		panic(fmt.Sprintf("template: a %T doesn't compile on its own", entity))
	}
}

func decodeSettings(mark Mark) (model.Entity, error) {
	switch mark.Of.Kind {
	case model.KindProject:
		return decodeEntity[model.Project](mark.Settings)
	case model.KindBucket:
		return decodeEntity[model.Bucket](mark.Settings)
	case model.KindUser:
		return decodeEntity[model.User](mark.Settings)
	case model.KindListing:
		return decodeEntity[model.Listing](mark.Settings)
	case model.KindPermission:
	}
	return nil, fmt.Errorf("no entity of kind %q can have settings", mark.Of.Kind)
}

func decodeEntity[E model.Entity](settings json.RawMessage) (model.Entity, error) {
	var entity E
	if err := json.Unmarshal(settings, &entity); err != nil {
		return nil, fmt.Errorf("the settings of a %T can't be read: %w", entity, err)
	}
	return entity, nil
}

// object and list are short for the JSON of properties.
type (
	object = map[string]any
	list   = []any
)

// tags are a resource's tags in CloudFormation's form: the entity's own and what we add, sorted by key.
func tags(own map[string]string, project, kind, name string) list {
	all := maps.Clone(own)
	if all == nil {
		all = map[string]string{}
	}
	all["stowage:project"] = project
	if kind != "" {
		all["stowage:"+kind] = name
	}
	result := make(list, 0, len(all))
	for _, key := range slices.Sorted(maps.Keys(all)) {
		result = append(result, object{"Key": key, "Value": all[key]})
	}
	return result
}

// Seed is the first template of a stack: the carrier alone. carrierName is the name of its SSM parameter.
//
// A first creation that fails leaves a stack that can only be deleted, so it holds nothing that is likely to fail.
func Seed(carrierName, description string) *Template {
	seed := &Template{
		sections: map[string]json.RawMessage{
			"AWSTemplateFormatVersion": encodeJSON("2010-09-09"),
			"Description":              encodeJSON(description),
			"Parameters": encodeJSON(object{RevisionParameter: object{
				"Type": "Number", "Default": 0, "Description": "The number of the stack's commits, raised by each of them",
			}}),
		},
		resources: map[string]json.RawMessage{},
	}
	return seed.with(Resources{CarrierID: carrier(carrierName, "", nil)}.raw())
}

// CarrierName is the name of the carrier's SSM parameter in one of a project's stacks.
func CarrierName(project string, shard int) string {
	return fmt.Sprintf("/stowage/%s/%d/revision", project, shard)
}

func carrier(name, commit string, revision *int64) Resource {
	return Resource{
		Type: "AWS::SSM::Parameter",
		Metadata: Metadata{Mark{
			Format: formatPlain, Compiler: CompilerVersion, Of: model.ID{Kind: "carrier", Name: name}, Commit: commit, Revision: revision,
		}},
		Properties: object{
			"Name": name, "Type": "String", "Value": object{"Ref": RevisionParameter},
			"Description": "Raised by each commit to this stack",
		},
	}
}

// compileProject makes what the buckets of a project share: the key, the log bucket, and the bucket through which large
// templates reach CloudFormation.
func compileProject(env Env, project model.Project, first, mark Mark) Resources {
	logs := model.LogBucketName(project.Name, env.AccountID, env.Region)
	templates := model.TemplateBucketName(project.Name, env.AccountID, env.Region)
	projectTags := tags(project.Tags, project.Name, "", "")
	resources := Resources{
		keyID: Resource{
			Type: "AWS::KMS::Key", Metadata: Metadata{first},
			Properties: object{
				"Description":         "Encrypts the buckets of the project " + project.Name,
				"EnableKeyRotation":   true,
				"PendingWindowInDays": 30,
				"KeyPolicy":           keyPolicy(env),
				"Tags":                projectTags,
			},
		}.retained(),
		keyAliasID: Resource{
			Type: "AWS::KMS::Alias", Metadata: Metadata{mark},
			Properties: object{"AliasName": "alias/stowage-" + project.Name, "TargetKeyId": object{"Ref": keyID}},
		},
	}
	for id, bucket := range map[string]Resource{
		logBucketID:      logBucket(env, logs, projectTags, mark),
		templateBucketID: templateBucket(env, templates, projectTags, mark),
	} {
		resources[id] = bucket
	}
	resources[logPolicyID] = bucketPolicy(logs, logBucketID, mark, append(requireTLS(env, logs), object{
		"Sid": "AccessLogs", "Effect": "Allow", "Action": "s3:PutObject",
		"Principal": object{"Service": "logging.s3.amazonaws.com"},
		"Resource":  env.bucketARN(logs) + "/*",
		"Condition": object{"StringEquals": object{"aws:SourceAccount": env.AccountID}},
	}))
	resources[templatePolicyID] = bucketPolicy(templates, templateBucketID, mark, requireTLS(env, templates))
	return resources
}

// keyPolicy leaves the key to the account's own IAM policies, which is what lets the policies of the project's users, and
// nothing else, grant its use (KMS developer guide, key-policy-default).
func keyPolicy(env Env) object {
	return object{"Version": "2012-10-17", "Statement": list{object{
		"Sid": "Account", "Effect": "Allow", "Principal": object{"AWS": env.rootARN()}, "Action": "kms:*", "Resource": "*",
	}}}
}

// keyOutput publishes the key's ARN, so that one DescribeStacks tells it.
func keyOutput() object {
	return object{
		"Description": "The key that encrypts the project's buckets",
		"Value":       object{"Fn::GetAtt": list{keyID, "Arn"}},
	}
}

func compileUser(env Env, user model.User, first, mark Mark) Resources {
	name := model.UserName(env.Project, user.Name)
	return Resources{
		userID(user.Name): Resource{
			Type: "AWS::IAM::User", Metadata: Metadata{first}, DependsOn: []string{groupID(user.Name)},
			Properties: object{
				"UserName": name, "Path": iamPath(env.Project), "Groups": list{name},
				"Tags": tags(user.Tags, env.Project, "user", user.Name),
			},
		},
		groupID(user.Name): Resource{
			Type: "AWS::IAM::Group", Metadata: Metadata{mark},
			Properties: object{"GroupName": name, "Path": iamPath(env.Project)},
		},
	}
}

func iamPath(project string) string { return "/stowage/" + project + "/" }

// compileListing keeps the directory entry in an SSM parameter: the cheapest resource that does nothing.
func compileListing(listing model.Listing, first Mark) Resources {
	return Resources{listingID(listing.Name): Resource{
		Type: "AWS::SSM::Parameter", Metadata: Metadata{first},
		Properties: object{
			"Name": "/stowage/directory/" + listing.Name, "Type": "String",
			"Description": "Where the project " + listing.Name + " is",
			"Value":       string(encodeJSON(listing)),
		},
	}}
}
