package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// FieldConflict is a field that both a plan and, since then, another writer change.
type FieldConflict struct {
	// Field is the name of the field, as in Problem.Field.
	Field string
	// Prior, Planned and Present are the field's values before the plan, in it, and now, as JSON;
	// "unset" for none.
	Prior, Planned, Present string
	// Reason explains why the values of several writers cannot be combined, like Problem.Reason; ""
	// when the field itself was changed.
	Reason string
}

// String returns the conflict as a sentence.
func (c FieldConflict) String() string {
	if c.Reason != "" {
		return fmt.Sprintf("With both changes, the argument %q would be invalid: it %s.", c.Field, c.Reason)
	}
	return fmt.Sprintf(
		"The argument %q was %s when the plan was made, the plan sets it to %s, and it is %s now.", c.Field,
		c.Prior, c.Planned, c.Present,
	)
}

// FieldConflictError is returned for an update of fields that another writer has changed since the
// plan.
type FieldConflictError struct {
	ID        ID
	Conflicts []FieldConflict
}

func (e *FieldConflictError) Error() string {
	texts := make([]string, len(e.Conflicts))
	for i, c := range e.Conflicts {
		texts[i] = fmt.Sprintf("%s was %s, is %s, and would become %s", c.Field, c.Prior, c.Present, c.Planned)
	}
	return fmt.Sprintf("the %s has been changed since the plan: %s", e.ID, strings.Join(texts, "; "))
}

// Explain implements Explainer.
func (e *FieldConflictError) Explain() Explanation {
	explanation := Explanation{Changed: ChangedNothing, Remedy: "Run plan again: it starts from the present values."}
	var causes []string
	for _, c := range e.Conflicts {
		if explanation.Attribute == "" {
			explanation.Attribute = c.Field
		}
		causes = append(causes, c.String())
	}
	explanation.Cause = "Another writer changed it after the plan was made. " + strings.Join(causes, " ")
	return explanation
}

// Merge applies the difference between prior and planned to present, field by field. Fields that
// are equal in prior and planned keep their present values. A field that differs in all three is a
// conflict, and so is an invalid merged entity. Nothing is merged if there are conflicts. All three
// have one type.
//
// Members of objects and tags are separate fields, unless the whole object was added or removed. A
// list is one field, in which the order of strings is ignored. A user's keys are one field, because
// which of them work is one decision.
func Merge(prior, planned, present Entity) (merged Entity, conflicts []FieldConflict) {
	m := merger{kind: planned.ID().Kind}
	tree := m.object("", fields(prior), fields(planned), fields(present))
	if len(m.conflicts) > 0 {
		return nil, m.conflicts
	}
	if sameValue(tree, fields(planned)) {
		return planned, nil
	}
	merged = decodeAs(planned, tree)
	for _, problem := range merged.Problems() {
		c := FieldConflict{Field: problem.Field, Reason: problem.Reason}
		c.Prior, c.Planned, c.Present = valueAt(prior, problem.Field), valueAt(
			planned, problem.Field,
		), valueAt(present, problem.Field)
		conflicts = append(conflicts, c)
	}
	if len(conflicts) > 0 && len(present.Problems()) == 0 {
		return nil, conflicts
	}
	return merged, nil
}

type merger struct {
	kind      Kind
	conflicts []FieldConflict
}

// object merges the members of objects.
func (m *merger) object(path string, prior, planned, present map[string]any) map[string]any {
	names := map[string]bool{}
	for _, object := range []map[string]any{prior, planned, present} {
		for name := range object {
			names[name] = true
		}
	}
	result := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		at := strings.TrimPrefix(path+"."+name, ".")
		if value := m.value(at, prior[name], planned[name], present[name]); value != nil {
			result[name] = value
		}
	}
	return result
}

// value merges the values of one field; nil is a field that is not set.
func (m *merger) value(path string, prior, planned, present any) any {
	switch {
	case sameValue(prior, planned):
		return present
	case sameValue(prior, present), sameValue(planned, present):
		return planned
	}
	isMap := path == "tags"
	a, isObject := asObject(prior, isMap)
	b, alsoObject := asObject(planned, isMap)
	c, allObjects := asObject(present, isMap)
	if !isObject || !alsoObject || !allObjects || path == "access_key.keys" {
		m.conflicts = append(m.conflicts, m.conflict(path, prior, planned, present))
		return present
	}
	merged := m.object(path, a, b, c)
	if len(merged) == 0 && isMap {
		return nil
	}
	return merged
}

// asObject returns a value as an object; with absent, a missing value is an empty object.
func asObject(value any, absent bool) (object map[string]any, ok bool) {
	if value == nil && absent {
		return nil, true
	}
	object, ok = value.(map[string]any)
	return object, ok
}

// conflict returns the values of a field as the configuration has them.
func (m *merger) conflict(path string, prior, planned, present any) FieldConflict {
	show := text
	field := path
	switch {
	case m.kind == KindBucket && path == "unversioned":
		field, show = "versioning", negated
	case m.kind == KindUser && path == "access_key.disabled":
		field, show = "access_key.enabled", negated
	case m.kind == KindUser && path == "access_key.keys":
		field = "access_keys"
	case m.kind == KindProject && path == "sftp":
		field, show = "sftp.enabled", switched
	case m.kind == KindPermission && path == "allow_delete":
		show = switched
	}
	return FieldConflict{Field: field, Prior: show(prior), Planned: show(planned), Present: show(present)}
}

func text(value any) string {
	if value == nil {
		return "unset"
	}
	return string(encode(value))
}

func switched(value any) string { return fmt.Sprint(value == true) }
func negated(value any) string  { return fmt.Sprint(value != true) }

// fields returns an entity's fields as decoded JSON.
func fields(e Entity) map[string]any {
	decoder := json.NewDecoder(bytes.NewReader(encode(e)))
	decoder.UseNumber()
	var tree map[string]any
	if err := decoder.Decode(&tree); err != nil {
		panic(fmt.Sprintf("model: a %T is no JSON object: %v", e, err))
	}
	return tree
}

// valueAt returns the value of a field as JSON.
func valueAt(e Entity, field string) string {
	var value any = fields(e)
	for name := range strings.SplitSeq(field, ".") {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return text(value)
}

// encode encodes a value as JSON without HTML escapes.
func encode(value any) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(fmt.Sprintf("model: a %T cannot be encoded: %v", value, err))
	}
	return bytes.TrimSpace(out.Bytes())
}

// decodeAs decodes a tree of fields to an entity of the type of like.
func decodeAs(like Entity, tree map[string]any) Entity {
	target := reflect.New(reflect.TypeOf(like))
	if err := json.Unmarshal(encode(tree), target.Interface()); err != nil {
		panic(fmt.Sprintf("model: merging a %T: %v", like, err))
	}
	merged, _ := target.Elem().Interface().(Entity)
	return merged
}

// sameValue reports whether two decoded values are equal, whatever the order of strings in a list:
// all of ours are sets.
func sameValue(a, b any) bool { return reflect.DeepEqual(canonical(a), canonical(b)) }

// canonical returns the common form of equal values: without empty lists and members, strings
// sorted.
func canonical(value any) any {
	switch v := value.(type) {
	case map[string]any:
		result := make(map[string]any, len(v))
		for name, member := range v {
			if member = canonical(member); member != nil {
				result[name] = member
			}
		}
		return result
	case []any:
		if len(v) == 0 {
			return nil
		}
		result := make([]any, len(v))
		strings := true
		for i, element := range v {
			result[i] = canonical(element)
			_, isString := element.(string)
			strings = strings && isString
		}
		if strings {
			slices.SortFunc(result, func(a, b any) int { return bytes.Compare(encode(a), encode(b)) })
		}
		return result
	}
	return value
}
