package template

import (
	"encoding/json"
	"slices"
)

// Heal changes resources slightly, without changing their meaning, so that a commit writes their
// whole content. It is for resources whose rollback was skipped: their actual state is unknown, and
// a commit of an unchanged resource does nothing. before are the original resources, for Restore.
// Missing resources and those of Unhealable stay unchanged.
//
// The type's update call must write everything, regardless of the state it expects. That is true
// for policies (CreatePolicyVersion, PutBucketPolicy) and parameters (PutParameter).
func Heal(t *Template, logicalIDs []string) (healing *Template, before map[string]json.RawMessage) {
	before, changes := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	for _, id := range logicalIDs {
		if id == RevisionMarkerID {
			continue // each commit writes it
		}
		if raw, ok := varied(id, t.resources[id]); ok {
			before[id], changes[id] = t.resources[id], raw
		}
	}
	return t.with(changes), before
}

// Restore reverts the changes of Heal, except to resources that another writer has changed since.
func (t *Template) Restore(before map[string]json.RawMessage) *Template {
	changes := map[string]json.RawMessage{}
	for id, raw := range before {
		if healing, ok := varied(id, raw); ok && slices.Equal(canonical(healing), canonical(t.resources[id])) {
			changes[id] = raw
		}
	}
	return t.with(changes)
}

// Unhealable returns the resources that Heal can't change. Missing resources need no healing.
func Unhealable(t *Template, logicalIDs []string) []string {
	var unable []string
	for _, id := range logicalIDs {
		raw, there := t.resources[id]
		if !there || id == RevisionMarkerID {
			continue
		}
		if _, ok := varied(id, raw); !ok {
			unable = append(unable, id)
		}
	}
	return unable
}

// healingMark marks a resource during its healing: letters only, as in a statement's Sid.
const healingMark = "Healing"

// varied returns one of our resources with a small change; ok is false for foreign resources and
// types that can't be healed.
func varied(logicalID string, raw json.RawMessage) (result json.RawMessage, ok bool) {
	var ours ownedResource
	if json.Unmarshal(raw, &ours) != nil || ours.Metadata.Stowage == nil || !ours.Metadata.Stowage.belongs(logicalID) {
		return nil, false
	}
	value, err := decodeValue(raw)
	if err != nil {
		return nil, false
	}
	resource, _ := value.(map[string]any)
	properties, _ := resource["Properties"].(map[string]any)
	switch ours.Type {
	case "AWS::IAM::ManagedPolicy", "AWS::S3::BucketPolicy":
		document, _ := properties["PolicyDocument"].(map[string]any)
		statements, _ := document["Statement"].([]any)
		if len(statements) == 0 {
			return nil, false
		}
		first, isObject := statements[0].(map[string]any)
		if !isObject {
			return nil, false
		}
		first["Sid"] = healingMark
	case "AWS::SSM::Parameter":
		properties["Description"] = healingMark
	default:
		return nil, false
	}
	return encodeJSON(resource), true
}
