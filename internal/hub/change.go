package hub

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Change returns the change of a commit that makes a template of Foundation or Compile of the
// template that was read. What others have added to the stack by hand stays: resources, outputs,
// parameters and other sections.
func Change(name string, read, want *template.Template) template.Change {
	return template.Change{
		Op: template.Replace, Entity: identity{name},
		Replacement: template.Replacement{Base: read, Next: withForeign(read, want)},
	}
}

// identity is a hub as the object of a commit.
type identity struct{ name string }

// ID implements model.Entity.
func (i identity) ID() model.ID { return model.ID{Kind: kind, Name: i.name} }

// Problems implements model.Entity. Those of a hub depend on its region: see Settings.Problems.
func (i identity) Problems() []model.Problem { return nil }

// Names of the sections of a template that are merged.
const (
	resourcesSection  = "Resources"
	parametersSection = "Parameters"
	outputsSection    = "Outputs"
)

// withForeign adds to a compiled template what others have added to the one that was read.
func withForeign(read, want *template.Template) *template.Template {
	from, to := sections(read), sections(want)
	result := maps.Clone(from)
	maps.Copy(result, to)
	resources, removed := members(to[resourcesSection]), map[string]bool{}
	for id, raw := range members(from[resourcesSection]) {
		if _, compiled := resources[id]; compiled {
			continue
		}
		if removed[id] = isOurs(raw); !removed[id] {
			resources[id] = raw
		}
	}
	result[resourcesSection] = encode(resources)
	for _, section := range []string{parametersSection, outputsSection} {
		merged := members(to[section])
		for name, raw := range members(from[section]) {
			_, compiled := merged[name]
			if !compiled && !slices.Contains(outputNames(), name) && !refersTo(decode(raw), removed) {
				merged[name] = raw
			}
		}
		if len(merged) > 0 {
			result[section] = encode(merged)
		} else {
			delete(result, section)
		}
	}
	merged, err := template.Decode(encode(result))
	if err != nil {
		panic(fmt.Sprintf("hub: the merged template can't be decoded: %v", err))
	}
	return merged
}

func sections(t *template.Template) map[string]json.RawMessage { return members(t.Encode()) }

// members returns the members of an object; none for anything else.
func members(raw json.RawMessage) map[string]json.RawMessage {
	all := map[string]json.RawMessage{}
	if len(raw) > 0 && json.Unmarshal(raw, &all) != nil {
		return map[string]json.RawMessage{}
	}
	return all
}

// refersTo reports whether a value refers by Ref or Fn::GetAtt to one of some resources.
func refersTo(value any, resources map[string]bool) bool {
	switch v := value.(type) {
	case map[string]any:
		for name, argument := range v {
			target, _ := argument.(string)
			if parts, ok := argument.([]any); ok && name == "Fn::GetAtt" && len(parts) > 0 {
				target, _ = parts[0].(string)
			}
			if (name == "Ref" || name == "Fn::GetAtt") && resources[target] || refersTo(argument, resources) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, func(one any) bool { return refersTo(one, resources) })
	}
	return false
}
