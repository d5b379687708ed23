package template

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Replacing a template.
//
// The stack of a hub holds one object, which package hub compiles. So one change replaces the whole
// template, apart from the revision marker. It is bound to the template that its caller has read:
// what another writer changes in between refuses it.

// Replacement is what a Replace makes of a template.
type Replacement struct {
	// Base is the template that the caller has read, and Next the one that it wants. The revision
	// marker of neither counts.
	Base, Next *Template
}

// replaces reports whether a batch replaces the template.
func replaces(changes []Change) bool {
	for _, c := range changes {
		if c.Op == Replace {
			return true
		}
	}
	return false
}

// replace applies a batch that replaces the template: the first change, and those that want the
// same. A change is refused with a model.ConflictStackChanged error if the template is neither its
// base nor what it wants.
func replace(base *Template, changes []Change) *Edited {
	result := &Edited{Template: base, Errors: make([]error, len(changes))}
	var next *Template
	var members []int
	for i, c := range changes {
		switch {
		case c.Op != Replace, next != nil && !SameButRevision(c.Replacement.Next, next):
			result.Errors[i] = &model.ConflictError{Kind: model.ConflictDuplicate, ID: c.Entity.ID()}
		case !SameButRevision(base, c.Replacement.Base) && !SameButRevision(base, c.Replacement.Next):
			result.Errors[i] = &model.ConflictError{
				Kind: model.ConflictStackChanged, ID: c.Entity.ID(), Stack: "of the " + c.Entity.ID().String(),
			}
		default:
			next = c.Replacement.Next
			members = append(members, i)
		}
	}
	if next == nil {
		return result
	}
	result.Template = next.with(map[string]json.RawMessage{RevisionMarkerID: base.resources[RevisionMarkerID]})
	result.Intents = withDependents(result.Template, Intents(base, result.Template))
	for i := range result.Intents {
		intent := &result.Intents[i]
		intent.Members = members
		intent.Replaceable = replaceable(base, intent.LogicalID) && replaceable(result.Template, intent.LogicalID)
	}
	return result
}

// replaceable reports whether a resource holds nothing: a template sets the UpdateReplacePolicy of
// resources that hold data or are used by others.
func replaceable(t *Template, logicalID string) bool {
	return t.Attribute(logicalID, "UpdateReplacePolicy") == ""
}

// withDependents adds the unchanged resources that refer to others. A change set may say that they
// might be replaced: it does not know before the execution that the referenced IDs stay the same.
func withDependents(t *Template, intents []Intent) []Intent {
	if len(intents) == 0 {
		return nil
	}
	changed := map[string]bool{RevisionMarkerID: true}
	for _, intent := range intents {
		changed[intent.LogicalID] = true
	}
	for _, id := range t.LogicalIDs() {
		if !changed[id] && refers(t.Properties(id)) && replaceable(t, id) {
			intents = append(intents, Intent{LogicalID: id, Action: Modify, Unlisted: true, Dependent: true})
		}
	}
	slices.SortFunc(intents, func(a, b Intent) int { return strings.Compare(a.LogicalID, b.LogicalID) })
	return intents
}

// refers reports whether a value holds a call of an intrinsic function.
func refers(value any) bool {
	switch v := value.(type) {
	case map[string]any:
		if cfn.IsFunction(v) {
			return true
		}
		for _, member := range v {
			if refers(member) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, refers)
	}
	return false
}
