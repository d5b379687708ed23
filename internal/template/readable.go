package template

import (
	"slices"
	"strings"
)

// ReadableResource is a resource of a template that can be read with Cloud Control.
type ReadableResource struct {
	LogicalID  string
	Type       string
	Identifier string
	properties map[string]any
}

// literals are properties of a resource.
type literals map[string]any

// text returns a property that is a literal text; "" for any other.
func (l literals) text(name string) string {
	text, _ := l[name].(string)
	return text
}

// identifiers return, by type, the primary identifier of a resource for Cloud Control; "" when it is
// not known. These types are read directly where CloudFormation's drift detection leaves them out:
// that is reported for bucket policies, users, keys and aliases, and uncertain for AWS Transfer
// Family. The values of secrets must not be read, and only S3 tells whether a bucket exists, so that
// these types are not here.
var identifiers = map[string]func(env Env, properties literals) string{
	"AWS::S3::BucketPolicy": func(_ Env, p literals) string { return p.text("Bucket") },
	"AWS::IAM::User":        func(_ Env, p literals) string { return p.text("UserName") },
	"AWS::IAM::Group":       func(_ Env, p literals) string { return p.text("GroupName") },
	"AWS::IAM::Role":        func(_ Env, p literals) string { return p.text("RoleName") },
	"AWS::IAM::ManagedPolicy": func(env Env, p literals) string {
		if p.text("Path") == "" || p.text("ManagedPolicyName") == "" {
			return ""
		}
		return "arn:" + env.Partition + ":iam::" + env.AccountID + ":policy" + p.text("Path") + p.text("ManagedPolicyName")
	},
	"AWS::KMS::Key": func(env Env, _ literals) string {
		return env.KeyARN[strings.LastIndexByte(env.KeyARN, '/')+1:]
	},
	"AWS::KMS::Alias":     func(_ Env, p literals) string { return p.text("AliasName") },
	"AWS::Logs::LogGroup": func(_ Env, p literals) string { return p.text("LogGroupName") },
	"AWS::Transfer::Server": func(env Env, _ literals) string {
		if env.SFTPServerID == "" {
			return ""
		}
		return env.arn("transfer") + ":server/" + env.SFTPServerID
	},
	"AWS::Transfer::User": func(env Env, p literals) string {
		if p.text("ServerId") == "" || p.text("UserName") == "" {
			return ""
		}
		return env.arn("transfer") + ":user/" + p.text("ServerId") + "/" + p.text("UserName")
	},
}

// neverRead are, by type, the properties that no read returns (the resource type schemas' write-only
// properties).
var neverRead = map[string][]string{
	"AWS::KMS::Key": {"PendingWindowInDays"},
}

// ReadableResources returns the resources of a template that are read directly if CloudFormation
// does not compare them, by logical ID.
func ReadableResources(t *Template, env Env) []ReadableResource {
	var resources []ReadableResource
	for _, id := range t.LogicalIDs() {
		name := typeOf(t.resources[id])
		identify, readable := identifiers[name]
		if !readable {
			continue
		}
		properties := t.Properties(id)
		if identifier := identify(env, properties); identifier != "" {
			resources = append(resources, ReadableResource{id, name, identifier, properties})
		}
	}
	return resources
}

// Compare compares the resource with its properties in AWS. exists is false when AWS does not have
// it.
func (r ReadableResource) Compare(properties map[string]any, exists bool) LiveResource {
	if !exists {
		return LiveResource{LogicalID: r.LogicalID, Deleted: true}
	}
	values := slices.DeleteFunc(CompareProperties(r.properties, properties), func(v LiveValue) bool {
		return slices.Contains(neverRead[r.Type], v.Path[0])
	})
	return LiveResource{LogicalID: r.LogicalID, Values: values}
}
