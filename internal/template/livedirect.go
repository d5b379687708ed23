package template

import (
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// LiveKey is an access key of a user in a template.
type LiveKey struct {
	LogicalID string
	UserID    string // the logical ID of its user
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
			keys = append(keys, LiveKey{accessKeyID(user.Name, slot), userID(user.Name), id, key.Active()})
		}
	}
	return keys
}

// Compare compares the key's status with the user's keys in AWS, by ID.
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

// MissingKeys returns the slots of a user whose access keys were deleted in AWS.
func MissingKeys(differences []LiveDifference, user string) []model.Slot {
	var missing []model.Slot
	for _, slot := range model.Slots() {
		id := accessKeyID(user, slot)
		if slices.ContainsFunc(differences, func(d LiveDifference) bool { return d.LogicalID == id && d.Deleted() }) {
			missing = append(missing, slot)
		}
	}
	return missing
}

// OwnedResource is a resource of an entity that can be compared with AWS.
type OwnedResource struct {
	LogicalID string
	Readable  *ReadableResource // of a type that CloudFormation may leave out
	Key       *LiveKey          // of an access key
	UserName  string            // of an access key
}

// OwnedBy returns an entity's resources that can be compared with AWS, without the secrets of keys,
// which are never written again.
func OwnedBy(t *Template, env Env, id model.ID) ([]OwnedResource, error) {
	s, err := read(t, env)
	if err != nil {
		return nil, err
	}
	readable, keys := map[string]ReadableResource{}, map[string]OwnedResource{}
	for _, resource := range ReadableResources(t, env) {
		readable[resource.LogicalID] = resource
	}
	contents := s.contents()
	for _, user := range contents.Users {
		for _, key := range KeysOf(contents, user) {
			keys[key.LogicalID] = OwnedResource{key.LogicalID, nil, &key, model.UserName(env.Project, user.Name)}
		}
	}
	var owned []OwnedResource
	for _, logicalID := range t.LogicalIDs() {
		if !slices.Contains(s.ownersOf(logicalID), id) || writtenOnce(logicalID) {
			continue
		}
		if key, ok := keys[logicalID]; ok {
			owned = append(owned, key)
			continue
		}
		if typeOf(t.resources[logicalID]) == "AWS::IAM::AccessKey" {
			continue // its ID is unknown
		}
		resource := OwnedResource{LogicalID: logicalID}
		if readable, ok := readable[logicalID]; ok {
			resource.Readable = &readable
		}
		owned = append(owned, resource)
	}
	return owned, nil
}
