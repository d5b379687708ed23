package commit

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Verify compares a change set as the service computed it with what is intended, and returns the
// differences in words; none means that it may be executed. base is the template that the set was
// made from, revision the base's.
func Verify(base *template.Template, revision int64, intents []template.Intent, changes []ResourceChange) []string {
	unexpected := verifyDiff(intents, changes)
	for _, change := range changes {
		if change.LogicalID == template.RevisionMarkerID {
			unexpected = append(unexpected, verifyRevisionMarker(revision, change)...)
		}
		unexpected = append(unexpected, verifyBefore(base, change)...)
	}
	return unexpected
}

// verifyDiff is the diff check: the service makes the intended changes, no others, and replaces
// nothing that may hold data.
func verifyDiff(intents []template.Intent, changes []ResourceChange) []string {
	want := map[string]template.Action{template.RevisionMarkerID: template.Modify}
	unlisted, physicalIDs, replaceable := map[string]bool{}, map[string]string{}, map[string]bool{}
	dependents := map[string]bool{}
	for _, intent := range intents {
		if intent.Dependent {
			dependents[intent.LogicalID] = intent.Replaceable
			continue
		}
		want[intent.LogicalID], unlisted[intent.LogicalID] = intent.Action, intent.Unlisted
		physicalIDs[intent.LogicalID], replaceable[intent.LogicalID] = intent.PhysicalID, intent.Replaceable
	}
	var unexpected []string
	for _, change := range changes {
		action, intended := want[change.LogicalID]
		delete(want, change.LogicalID)
		switch {
		// AWS lists a resource that refers to a changing property in some answers, and not in
		// others.
		case !intended && change.Dependent && change.Action == string(template.Modify) &&
			(!replaces(change) || dependents[change.LogicalID]):
		case !intended:
			unexpected = append(unexpected, fmt.Sprintf("%s %s is not intended", change.Action, change.LogicalID))
		case change.Action != string(action):
			unexpected = append(unexpected, fmt.Sprintf("%s %s instead of %s", change.Action, change.LogicalID, action))
		case action == template.Import && change.PhysicalID != physicalIDs[change.LogicalID]:
			unexpected = append(
				unexpected,
				fmt.Sprintf("%s would import %q, not %q", change.LogicalID, change.PhysicalID, physicalIDs[change.LogicalID]),
			)
		case replaces(change) && !replaceable[change.LogicalID]:
			unexpected = append(unexpected, fmt.Sprintf("%s would be replaced (%s)", change.LogicalID, change.Replacement))
		}
	}
	for logicalID, action := range want {
		if unlisted[logicalID] {
			continue
		}
		unexpected = append(unexpected, fmt.Sprintf("%s %s is missing", action, logicalID))
	}
	slices.Sort(unexpected)
	return unexpected
}

// replaces reports whether a change might replace the resource. Only a modification can: until May
// 2025 AWS gave True for additions, too.
func replaces(change ResourceChange) bool {
	return change.Action == string(template.Modify) && change.Replacement != "" && change.Replacement != "False"
}

func verifyRevisionMarker(revision int64, change ResourceChange) []string {
	if change.Unvalued {
		return nil // the engine decides whether the other checks are enough
	}
	if have, want := cfn.Text(change.Before["Value"]), strconv.FormatInt(revision, 10); have != want {
		return []string{fmt.Sprintf("the stack is at revision %q, not %s", have, want)}
	}
	return nil
}

// Behind reports whether the revision marker's before-value shows that the stack has changed since
// the base of that revision was read. Then it helps to read again.
func Behind(revision int64, changes []ResourceChange) bool {
	for _, change := range changes {
		if change.LogicalID == template.RevisionMarkerID {
			have, err := strconv.ParseInt(cfn.Text(change.Before["Value"]), 10, 64)
			return err == nil && have > revision
		}
	}
	return false
}

// verifyBefore is the before-value check: the values that a modification replaces are the base's.
// Values given by an intrinsic function cannot be compared.
func verifyBefore(base *template.Template, change ResourceChange) []string {
	if change.Action != string(template.Modify) || change.Unvalued {
		return nil
	}
	var unexpected, paths []string
	if !propertiesStay(change) {
		paths = differing("", base.Properties(change.LogicalID), change.Before)
	}
	for _, policy := range slices.Sorted(maps.Keys(change.Policies)) {
		if withDefault(base.Attribute(change.LogicalID, policy)) != withDefault(change.Policies[policy]) {
			paths = append(paths, policy)
		}
	}
	for _, path := range paths {
		unexpected = append(
			unexpected, fmt.Sprintf("%s %s is not what it was when the stack was read", change.LogicalID, path),
		)
	}
	return unexpected
}

// propertiesStay reports whether the service says that a change leaves the properties as they are,
// and shows none. It compares the template with the stack itself, so they are the template's.
func propertiesStay(change ResourceChange) bool {
	return change.Before == nil && len(change.Scope) > 0 && !slices.Contains(change.Scope, "Properties")
}

// withDefault returns a resource's policy. Without one, AWS deletes.
func withDefault(policy string) string {
	if policy == "" {
		return "Delete"
	}
	return policy
}

// differing lists the paths at which two property values differ. BeforeContext spells scalars as
// strings.
func differing(path string, want, have any) []string {
	switch w := want.(type) {
	case map[string]any:
		if cfn.IsFunction(w) {
			return nil
		}
		h, ok := have.(map[string]any)
		if !ok {
			return []string{path}
		}
		return differingMembers(path, w, h)
	case []any:
		h, ok := have.([]any)
		if !ok || len(h) != len(w) {
			return []string{path}
		}
		var paths []string
		for i := range w {
			paths = append(paths, differing(path+"."+strconv.Itoa(i), w[i], h[i])...)
		}
		return paths
	}
	if cfn.Text(want) != cfn.Text(have) {
		return []string{path}
	}
	return nil
}

func differingMembers(path string, want, have map[string]any) []string {
	var paths []string
	join := func(name string) string { return strings.TrimPrefix(path+"."+name, ".") }
	for name, value := range want {
		if other, ok := have[name]; ok {
			paths = append(paths, differing(join(name), value, other)...)
		} else {
			paths = append(paths, join(name))
		}
	}
	for name := range have {
		if _, ok := want[name]; !ok {
			paths = append(paths, join(name))
		}
	}
	slices.Sort(paths)
	return paths
}
