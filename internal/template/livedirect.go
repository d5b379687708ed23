package template

import (
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// identifiers are, by type, the properties that identify the resources that are read directly where
// CloudFormation's drift detection leaves out their type: that is reported for bucket policies and
// users, and the types that users depend on are read alike.
var identifiers = map[string]string{
	"AWS::S3::BucketPolicy": "Bucket",
	"AWS::IAM::User":        "UserName",
	"AWS::IAM::Group":       "GroupName",
	"AWS::IAM::Role":        "RoleName",
}

// ReadableResource is a resource of a template that can be read with Cloud Control.
type ReadableResource struct {
	LogicalID  string
	Type       string
	Identifier string
	properties map[string]any
}

// ReadableResources returns the resources of a template that are read directly if CloudFormation
// does not compare them, by logical ID. Those that are not named by literals are left out.
func ReadableResources(t *Template) []ReadableResource {
	var resources []ReadableResource
	for _, id := range t.LogicalIDs() {
		name := typeOf(t.resources[id])
		property, readable := identifiers[name]
		if !readable {
			continue
		}
		properties := t.Properties(id)
		if identifier, ok := properties[property].(string); ok {
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
	return LiveResource{LogicalID: r.LogicalID, Values: CompareProperties(r.properties, properties)}
}

// LiveKey is an access key of a user in a template.
type LiveKey struct {
	LogicalID string
	ID        string // chosen by AWS
	Active    bool
}

// KeysOf returns the access keys of a user whose IDs are known, by slot.
func KeysOf(c *Contents, user model.User) []LiveKey {
	if user.AccessKey == nil {
		return nil
	}
	var keys []LiveKey
	for _, slot := range model.Slots() {
		key, there := user.AccessKey.Keys[slot]
		if id := c.Credentials[user.Name].KeyIDs[slot]; there && id != "" {
			keys = append(keys, LiveKey{accessKeyID(user.Name, slot), id, key.Active()})
		}
	}
	return keys
}

// Compare compares the key with the keys that the user has in AWS, by ID: their statuses.
func (k LiveKey) Compare(existing map[string]string) LiveResource {
	want := "Active"
	if !k.Active {
		want = "Inactive"
	}
	status, exists := existing[k.ID]
	switch {
	case !exists:
		return LiveResource{LogicalID: k.LogicalID, Deleted: true}
	case status != want:
		return LiveResource{LogicalID: k.LogicalID, Values: []LiveValue{{[]string{"Status"}, want, status}}}
	}
	return LiveResource{LogicalID: k.LogicalID}
}
