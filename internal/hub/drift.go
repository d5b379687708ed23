package hub

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// maxDifferences is how many differences of one resource are named.
const maxDifferences = 3

// drift lists what differs between the template of a hub and the one that its settings compile to,
// by logical ID. The revision marker differs with every commit.
func drift(want, have *template.Template) []string {
	var found []string
	for _, id := range want.LogicalIDs() {
		should, _ := want.Resource(id)
		is, there := have.Resource(id)
		switch {
		case id == template.RevisionMarkerID:
		case !there:
			found = append(found, id+": missing")
		default:
			if different := differences("", decode(should), decode(is)); len(different) > 0 {
				found = append(found, id+": "+shorten(different))
			}
		}
	}
	for _, id := range have.LogicalIDs() {
		raw, _ := have.Resource(id)
		if _, wanted := want.Resource(id); !wanted && isOurs(raw) {
			found = append(found, id+": not part of the hub")
		}
	}
	should, is := outputs(want), outputs(have)
	for _, name := range slices.Sorted(maps.Keys(should)) {
		if len(differences("", should[name], is[name])) > 0 {
			found = append(found, "output "+name+": changed or missing")
		}
	}
	return found
}

// isOurs reports whether a resource was compiled for a hub.
func isOurs(raw json.RawMessage) bool {
	var r struct { // a newer format may have any other field
		Metadata struct {
			Stowage struct{ Of struct{ Kind model.Kind } }
		}
	}
	return json.Unmarshal(raw, &r) == nil && r.Metadata.Stowage.Of.Kind == kind
}

func outputs(t *template.Template) map[string]any {
	var document struct{ Outputs map[string]any }
	if json.Unmarshal(t.Encode(), &document) != nil {
		return nil
	}
	return document.Outputs
}

func decode(raw json.RawMessage) any {
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return string(raw)
	}
	return value
}

func shorten(different []string) string {
	if more := len(different) - maxDifferences; more > 0 {
		different = append(slices.Clone(different[:maxDifferences]), fmt.Sprintf("%d more", more))
	}
	return strings.Join(different, ", ")
}

// differences lists the paths at which two values differ, with the values if they are short.
func differences(path string, should, is any) []string {
	switch s := should.(type) {
	case map[string]any:
		if have, ok := is.(map[string]any); ok {
			return differentMembers(path, s, have)
		}
	case []any:
		have, ok := is.([]any)
		if !ok || len(have) != len(s) {
			break
		}
		var all []string
		for i := range s {
			all = append(all, differences(path+"."+strconv.Itoa(i), s[i], have[i])...)
		}
		return all
	}
	left, right := string(encode(should)), string(encode(is))
	if left == right {
		return nil
	}
	path = cmp.Or(strings.TrimPrefix(path, "."), "it")
	if is == nil {
		return []string{path + " is missing"}
	}
	if should == nil {
		return []string{path + " was added"}
	}
	if len(left)+len(right) > maxShown {
		return []string{path + " is another"}
	}
	return []string{path + " is " + right + " instead of " + left}
}

// maxShown is the length of two values that are shown.
const maxShown = 100

func differentMembers(path string, should, is map[string]any) []string {
	names := slices.Concat(slices.Collect(maps.Keys(should)), slices.Collect(maps.Keys(is)))
	slices.Sort(names)
	var all []string
	for _, name := range slices.Compact(names) {
		all = append(all, differences(path+"."+name, should[name], is[name])...)
	}
	return all
}
