package template

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Template is a decoded CloudFormation template. It is immutable: With and Without return changed
// copies that share the unchanged raw JSON, which is valid and compact.
type Template struct {
	sections  map[string]json.RawMessage // all but Resources
	resources map[string]json.RawMessage
	memory    *memory // nil for a template that no Edit has made
}

// ErrNotJSON is returned by Decode for a template that isn't a JSON object, such as YAML.
var ErrNotJSON error = &model.ExplainedError{
	Text: "the template is not a JSON object",
	Explanation: model.Explanation{
		Cause:   "The template of its stack is not JSON: it was saved as YAML.",
		Changed: model.ChangedNothing,
		Remedy: "Update the stack with the same template as JSON, for instance with the last good template from the project's " +
			"template bucket.",
	},
}

// ErrNoRevisionMarker is returned by Stamp for a template without the resource that carries the
// revision: it isn't a stack of Stowage, or the resource was removed by hand.
var ErrNoRevisionMarker error = &model.ExplainedError{
	Text: "the template has no resource " + RevisionMarkerID + " that carries the revision",
	Explanation: model.Explanation{
		Cause:   "The template of its stack has no resource " + RevisionMarkerID + ", which counts the commits: it was removed by hand.",
		Changed: model.ChangedNothing,
		Remedy:  "Update the stack with its last good template, for instance from the project's template bucket.",
	},
}

// ErrTransform is returned by Decode for a template with a Transform section: CloudFormation does
// not return the transform's result.
var ErrTransform error = &model.ExplainedError{
	Text: "the template has a Transform section",
	Explanation: model.Explanation{
		Cause: "The template of its stack has a Transform section that was added by hand. CloudFormation does not return " +
			"what such a template becomes.",
		Changed: model.ChangedNothing,
		Remedy:  "Update the stack with a template without the Transform section.",
	},
}

// Decode parses a template's text. It returns ErrNotJSON or ErrTransform for unsupported templates.
func Decode(body []byte) (*Template, error) {
	sections, err := decodeObject(body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotJSON, err)
	}
	if transform, ok := sections["Transform"]; ok {
		return nil, fmt.Errorf("%w: %s", ErrTransform, transform)
	}
	resources := map[string]json.RawMessage{}
	if raw, ok := sections["Resources"]; ok {
		if resources, err = cutObject(raw); err != nil {
			return nil, fmt.Errorf("the template's Resources section is not an object: %w", err)
		}
		delete(sections, "Resources")
	}
	return &Template{sections: sections, resources: resources}, nil
}

// Encode returns the template as one line of JSON with sorted members, so that equal templates have
// equal bytes. Decoded sections and resources are unchanged, apart from insignificant white space.
func (t *Template) Encode() []byte {
	sections := maps.Clone(t.sections)
	sections["Resources"] = nil
	return appendMembers(make([]byte, 0, t.size()), sections, func(to []byte, raw json.RawMessage) []byte {
		if raw == nil {
			return appendMembers(to, t.resources, appendRaw)
		}
		return append(to, raw...)
	})
}

// size returns the length of the encoded template in bytes.
func (t *Template) size() int {
	size := len(`{"Resources":{}}`)
	for name, raw := range t.sections {
		size += len(encodeJSON(name)) + len(":,") + len(raw)
	}
	for id, raw := range t.resources {
		size += len(encodeJSON(id)) + len(":,") + len(raw)
	}
	if len(t.resources) > 0 {
		size-- // no comma after the last one
	}
	return size
}

// Hash returns a hash of the template's bytes, in hexadecimal.
func (t *Template) Hash() string {
	sum := sha256.Sum256(t.Encode())
	return hex.EncodeToString(sum[:])
}

// Equal reports whether two templates have the same bytes.
func (t *Template) Equal(other *Template) bool { return bytes.Equal(t.Encode(), other.Encode()) }

// SameButRevision reports whether two templates differ at most in their revision markers, which
// every commit changes.
func SameButRevision(a, b *Template) bool {
	without := map[string]json.RawMessage{RevisionMarkerID: nil}
	return a.with(without).Equal(b.with(without))
}

// LogicalIDs returns the sorted logical IDs of the template's resources.
func (t *Template) LogicalIDs() []string { return slices.Sorted(maps.Keys(t.resources)) }

// Resource returns a resource's raw JSON; ok is false when there is none.
func (t *Template) Resource(logicalID string) (raw json.RawMessage, ok bool) {
	raw, ok = t.resources[logicalID]
	return raw, ok
}

// Properties returns a resource's decoded properties with numbers as json.Number, or nil.
func (t *Template) Properties(logicalID string) map[string]any {
	value, err := decodeValue(member(t.resources[logicalID], "Properties"))
	if err != nil {
		return nil
	}
	properties, _ := value.(map[string]any)
	return properties
}

// Attribute returns a resource's string attribute, such as DeletionPolicy, or "".
func (t *Template) Attribute(logicalID, attribute string) string {
	var text string
	if json.Unmarshal(member(t.resources[logicalID], attribute), &text) != nil {
		return ""
	}
	return text
}

// Parameters returns the sorted names of the template's parameters.
func (t *Template) Parameters() []string {
	parameters, err := cutObject(t.sections["Parameters"])
	if err != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(parameters))
}

// with returns a copy with some resources set, and some removed (a nil value).
func (t *Template) with(changes map[string]json.RawMessage) *Template {
	next := &Template{t.sections, maps.Clone(t.resources), t.memory}
	for id, raw := range changes {
		if raw == nil {
			delete(next.resources, id)
		} else {
			next.resources[id] = raw
		}
	}
	return next
}

// withMembers returns a copy with some members of an object section (Parameters, Outputs) set, and
// some removed (a nil value). An empty section is left out.
func (t *Template) withMembers(section string, changes map[string]json.RawMessage) *Template {
	members, err := cutObject(t.sections[section])
	if err != nil {
		members = map[string]json.RawMessage{}
	}
	for name, raw := range changes {
		if raw == nil {
			delete(members, name)
		} else {
			members[name] = raw
		}
	}
	next := &Template{maps.Clone(t.sections), t.resources, t.memory}
	if len(members) == 0 {
		delete(next.sections, section)
	} else {
		next.sections[section] = appendMembers(nil, members, appendRaw)
	}
	return next
}
