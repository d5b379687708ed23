package template

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Recording drift.
//
// A resource that was changed in AWS is repaired in two ordinary commits. The first one records
// what AWS has: the template gets the present values of the properties that differ, and loses the
// resources that were deleted. CloudFormation then has nothing to change. The second commit is an
// ordinary update of the entity, which writes its settings, so CloudFormation changes the recorded
// values back, and creates what was deleted.
//
// In between, the recorded values are drift of the template from its entity. So a crash leaves what
// the next plan shows and repairs.
//
// CloudFormation's drift-aware change sets would need one commit. But they revert everything that
// has drifted in the stack: other entities, whose drift no plan of this caller showed, and
// resources that are not ours. And whether they create deleted resources again is unknown.

// Recorded is what AWS has of a resource.
type Recorded struct {
	// Deleted means that AWS no longer has the resource.
	Deleted bool
	// Properties are the present values of the properties that differ; nil for nothing.
	Properties map[string]any
}

// LostError is returned for drift that cannot be recorded: a resource was deleted in AWS to which
// others refer.
type LostError struct {
	ID        model.ID
	LogicalID string // the deleted resource
	By        string // a resource that refers to it
}

func (e *LostError) Error() string {
	return fmt.Sprintf("%s of the %s was deleted in AWS, and %s refers to it", e.LogicalID, e.ID, e.By)
}

// Explain implements model.Explainer.
func (e *LostError) Explain() model.Explanation {
	return model.Explanation{
		Cause: fmt.Sprintf(
			"The resource %s was deleted in AWS. The resource %s of the stack refers to it, so it cannot be created again.",
			e.LogicalID, e.By,
		),
		Changed: model.ChangedNothing,
		Remedy:  "Remove the reference from the template of the stack and apply again.",
	}
}

// LostKeyError is returned when a project's key was deleted in AWS: a new one could not decrypt its
// data.
type LostKeyError struct {
	ID     model.ID
	KeyARN string
}

func (e *LostKeyError) Error() string {
	return fmt.Sprintf("the key %s of the %s was deleted in AWS", e.KeyARN, e.ID)
}

// Explain implements model.Explainer.
func (e *LostKeyError) Explain() model.Explanation {
	return model.Explanation{
		Cause: fmt.Sprintf(
			"The KMS key %s of the %s was deleted in AWS, or its deletion is scheduled. What it has encrypted cannot be read without it, so it is not replaced.",
			e.KeyARN, e.ID,
		),
		Changed: model.ChangedNothing,
		Remedy: fmt.Sprintf(
			"While its waiting period lasts, cancel the deletion in the project's account (aws kms cancel-key-deletion --key-id %[1]s, then aws kms enable-key --key-id %[1]s), and apply again.",
			e.KeyARN,
		),
	}
}

// ErrOutdatedRecord is returned for a Record that was read at another revision of the stack: the
// drift has to be read again.
var ErrOutdatedRecord = errors.New("the stack was updated since its drift was read")

// recording is what the Records of a batch do.
type recording struct {
	resources map[string]json.RawMessage // nil: removed
	removed   map[model.ID]map[string]bool
}

func (r *recording) set(logicalID string, raw json.RawMessage) {
	if r.resources == nil {
		r.resources = map[string]json.RawMessage{}
	}
	r.resources[logicalID] = raw
}

// remove notes the removed resources of an entity, which no output may name.
func (r *recording) remove(id model.ID, logicalIDs map[string]bool) {
	if r.removed == nil {
		r.removed = map[model.ID]map[string]bool{}
	}
	r.removed[id] = logicalIDs
}

// record applies a Record: it sets properties of the entity's resources, or removes them.
func (e *editor) record(i int, c Change) error {
	id := c.Entity.ID()
	if _, exists := e.lookup(id); !exists {
		return &model.NotFoundError{Kind: model.NotFoundEntity, ID: id}
	}
	if err := e.holds(c); err != nil {
		return err
	}
	if revision, _ := e.before.template.Revision(); revision != c.Revision {
		return ErrOutdatedRecord
	}
	if slices.ContainsFunc(e.members, func(other Change) bool {
		return other.Op != Record && meets(other.Entity.ID(), id)
	}) {
		return &model.ConflictError{Kind: model.ConflictAwaitsDeletion, ID: id} // in the next batch
	}
	found, err := e.recordPolicies(i, c)
	if err != nil {
		return err
	}
	removed := map[string]bool{}
	for logicalID, recorded := range found {
		if recorded.Deleted && slices.Contains(e.before.ownersOf(logicalID), id) {
			removed[logicalID] = true
		}
	}
	if id.Kind == model.KindProject && removed[keyID] {
		return &LostKeyError{id, e.env.KeyARN}
	}
	if err := alsoRemoved(e.before, id, removed); err != nil {
		return err
	}
	var touched []string
	set := func(logicalID string, raw json.RawMessage) {
		e.recorded.set(logicalID, raw)
		touched = append(touched, logicalID)
	}
	for logicalID := range removed {
		set(logicalID, nil)
	}
	for logicalID, recorded := range found {
		raw, there := e.before.template.resources[logicalID]
		if there && !removed[logicalID] && slices.Contains(e.before.ownersOf(logicalID), id) {
			set(logicalID, withProperties(raw, recorded.Properties))
		}
	}
	for logicalID, raw := range e.before.template.resources {
		if now, changed := e.recorded.resources[logicalID]; changed {
			raw = now
		}
		detached, referred := withoutReference(raw, removed)
		if free, depended := withoutDependencies(detached, removed); depended || referred {
			set(logicalID, free)
		}
	}
	for _, logicalID := range touched {
		if !slices.Contains(e.touched[logicalID], i) {
			e.touched[logicalID] = append(e.touched[logicalID], i)
		}
	}
	if len(removed) > 0 {
		e.changed[id] = true
		e.recorded.remove(id, removed)
	}
	if removed[firstID(id)] {
		e.forget(id)
	}
	return nil
}

// meets reports whether changes of two entities can concern the same resources: a policy is that of
// several permissions, and depends on its user and buckets.
func meets(a, b model.ID) bool {
	if a == b {
		return true
	}
	user := func(id model.ID) string {
		name, _, _ := strings.Cut(id.Name, "/")
		return name
	}
	for _, pair := range [][2]model.ID{{a, b}, {b, a}} {
		if pair[0].Kind == model.KindPermission {
			switch pair[1].Kind {
			case model.KindBucket:
				return true
			case model.KindUser, model.KindPermission:
				return user(pair[0]) == user(pair[1])
			case model.KindProject, model.KindDirectoryEntry:
			}
		}
	}
	return false
}

// alsoRemoved adds the resources of an entity that refer to removed ones. References from other
// resources are a *LostError.
func alsoRemoved(before *shard, id model.ID, removed map[string]bool) error {
	for again := len(removed) > 0; again; {
		again = false
		for logicalID, raw := range before.template.resources {
			if removed[logicalID] {
				continue
			}
			raw, _ = withoutReference(raw, removed)
			target, refers := refersTo(raw, removed)
			switch {
			case !refers:
			case !slices.Contains(before.ownersOf(logicalID), id):
				return &LostError{id, target, logicalID}
			default:
				removed[logicalID], again = true, true
			}
		}
	}
	return nil
}

// forget removes an entity whose first resource is removed.
func (s *shard) forget(id model.ID) {
	delete(s.buckets, id.Name)
	delete(s.users, id.Name)
	delete(s.origins, id)
	delete(s.incarnations, id)
}

// withProperties returns a resource with other values of some properties; nil removes one.
func withProperties(raw json.RawMessage, values map[string]any) json.RawMessage {
	resource, err := decodeObject(raw)
	if err != nil {
		return raw
	}
	properties, err := decodeObject(resource["Properties"])
	if err != nil {
		return raw
	}
	properties = maps.Clone(properties)
	for name, value := range values {
		if properties[name] = encodeJSON(value); isEmpty(value) {
			delete(properties, name)
		}
	}
	resource = maps.Clone(resource)
	resource["Properties"] = encodeJSON(properties)
	return encodeJSON(resource)
}

// optionalReferences are, by type, properties with references that the resource can do without for a
// while.
var optionalReferences = map[string]string{
	"AWS::Transfer::Server": "StructuredLogDestinations", // another server would have another address
}

// withoutReference returns a resource without its optional property if that refers to any of
// others; ok is false if it does not.
func withoutReference(raw json.RawMessage, others map[string]bool) (result json.RawMessage, ok bool) {
	property, optional := optionalReferences[typeOf(raw)]
	if raw == nil || !optional {
		return raw, false
	}
	without := withProperties(raw, map[string]any{property: nil})
	_, refers := refersTo(raw, others)
	_, still := refersTo(without, others)
	if !refers || still {
		return raw, false
	}
	return without, true
}

// withoutDependencies returns a resource without dependencies on others; ok is false if it has none.
func withoutDependencies(raw json.RawMessage, on map[string]bool) (result json.RawMessage, ok bool) {
	if raw == nil || len(on) == 0 {
		return raw, false
	}
	value, err := decodeValue(member(raw, "DependsOn"))
	if err != nil {
		return raw, false
	}
	names := stringsIn(value)
	if name, one := value.(string); one {
		names = []string{name}
	}
	left := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return on[name] })
	if len(left) == len(names) {
		return raw, false
	}
	resource, err := decodeObject(raw)
	if err != nil {
		return raw, false
	}
	resource = maps.Clone(resource)
	if resource["DependsOn"] = encodeJSON(left); len(left) == 0 {
		delete(resource, "DependsOn")
	}
	return encodeJSON(resource), true
}

// refersTo reports whether a resource's properties refer to one of others by Ref, Fn::GetAtt or
// Fn::Sub.
func refersTo(raw json.RawMessage, others map[string]bool) (target string, ok bool) {
	value, err := decodeValue(member(raw, "Properties"))
	if err != nil {
		return "", false
	}
	for _, name := range slices.Sorted(maps.Keys(others)) {
		if mentions(value, name) {
			return name, true
		}
	}
	return "", false
}

func mentions(value any, name string) bool {
	switch v := value.(type) {
	case map[string]any:
		for key, member := range v {
			text, _ := member.(string)
			parts, _ := member.([]any)
			switch {
			case key == "Ref" && text == name, key == "Fn::GetAtt" && strings.HasPrefix(text, name+"."),
				key == "Fn::GetAtt" && len(parts) > 0 && parts[0] == name,
				key == "Fn::Sub" && (strings.Contains(text, "${"+name+"}") || strings.Contains(text, "${"+name+".")):
				return true
			}
			if mentions(member, name) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, func(member any) bool { return mentions(member, name) })
	}
	return false
}

// RecordOf returns what is recorded of a resource that has drifted. properties are those in AWS.
func RecordOf(live LiveResource, properties map[string]any) Recorded {
	if live.Deleted {
		return Recorded{Deleted: true}
	}
	recorded := Recorded{Properties: map[string]any{}}
	for _, value := range live.Values {
		name := value.Path[0]
		recorded.Properties[name] = ownValue(name, properties[name])
	}
	return recorded
}

// Defer leaves out what cannot be recorded yet: that a user left a group which was deleted, too. Such
// a commit would have CloudFormation remove the user from a group that does not exist. deferred
// reports whether something was left out.
func Defer(recorded map[string]Recorded, t *Template) (deferred bool) {
	for logicalID, found := range recorded {
		if _, left := found.Properties["Groups"]; !left || typeOf(t.resources[logicalID]) != "AWS::IAM::User" {
			continue
		}
		groups, _ := t.Properties(logicalID)["Groups"].([]any)
		for other, o := range recorded {
			name := t.Properties(other)["GroupName"]
			if !o.Deleted || name == nil || !slices.Contains(groups, name) {
				continue
			}
			delete(found.Properties, "Groups")
			deferred = true
		}
		if len(found.Properties) == 0 && !found.Deleted {
			delete(recorded, logicalID)
		}
	}
	return deferred
}

// ownValue returns a property without what AWS alone can set: a template must not hold it.
func ownValue(name string, value any) any {
	tags, ok := value.([]any)
	if name != "Tags" || !ok {
		return value
	}
	return withoutAWSTags(tags)
}
