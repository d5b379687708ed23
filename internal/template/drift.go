package template

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Drift is a difference between a resource and what its entity compiles to, caused by an edit by
// hand.
type Drift struct {
	Of        []model.ID `json:"of"` // the entities that own the resource
	LogicalID string     `json:"logical_id"`
	Path      string     `json:"path"` // Properties.VersioningConfiguration.Status; "" when the resource is missing
	// Want and Have are JSON, truncated; "" for nothing. Both are "" where the values may be
	// secret.
	Want string `json:"want"`
	Have string `json:"have"`
}

// String returns the deviation for display: the actual and the expected value.
func (d Drift) String() string {
	if d.Path == "" {
		return d.LogicalID + " is missing"
	}
	if d.Want == "" && d.Have == "" {
		return fmt.Sprintf("%s %s is not what it should be (its value may be secret and is not shown)", d.LogicalID, d.Path)
	}
	return fmt.Sprintf("%s %s is %s, not %s", d.LogicalID, d.Path, shownValue(d.Have), shownValue(d.Want))
}

func shownValue(value string) string {
	if value == "" {
		return "nothing"
	}
	return value
}

// DriftOf returns the drift of the resources that an entity owns.
func (c *Contents) DriftOf(id model.ID) []Drift {
	var result []Drift
	for _, d := range c.Drift {
		if slices.Contains(d.Of, id) {
			result = append(result, d)
		}
	}
	return result
}

// compiled returns what the shard's entities compile to, including policies, and each resource's
// owners.
func (s *shard) compiled() (Resources, map[string][]model.ID) {
	resources, owners := Resources{}, map[string][]model.ID{}
	add := func(entity model.Entity) {
		for id, resource := range s.compile(entity, s.origins[entity.ID()]) {
			resources[id] = resource
			owners[id] = []model.ID{entity.ID()}
		}
	}
	for _, e := range s.projects {
		add(e)
	}
	for _, e := range s.buckets {
		add(e)
	}
	for _, e := range s.users {
		add(e)
	}
	for _, e := range s.entries {
		add(e)
	}
	for name := range s.packings {
		for n, grants := range s.packings[name] {
			id := policyID(name, n)
			resources[id] = s.policy(name, n, grants)
			for _, grant := range grants {
				owners[id] = append(owners[id], grant.Permission.ID())
			}
		}
	}
	return resources, owners
}

// drift returns the template's drift from what its entities compile to. Resources of another
// compiler are not checked, as it writes them differently.
func (s *shard) drift() []Drift {
	resources, owners := s.compiled()
	compilers := map[model.ID]int{}
	for _, meta := range s.metadata {
		if meta.Settings != nil {
			compilers[meta.Of] = meta.Compiler
		}
	}
	var drift []Drift
	var want []byte // reused
	for _, id := range slices.Sorted(maps.Keys(resources)) {
		raw, there := s.template.resources[id]
		meta, ours := s.metadata[id]
		switch {
		case ours && meta.Compiler != CompilerVersion, there && writtenOnce(id):
		case there:
			want = resources[id].append(want[:0])
			drift = append(drift, compare(owners[id], id, want, raw)...)
		case compilers[owners[id][0]] == CompilerVersion || len(resources[id].Metadata.Stowage.Grants) > 0:
			drift = append(drift, Drift{Of: owners[id], LogicalID: id})
		}
	}
	return append(drift, s.outputDrift(compilers)...)
}

func (s *shard) outputDrift(compilers map[model.ID]int) []Drift {
	have, err := cutObject(s.template.sections["Outputs"])
	if err != nil {
		return nil
	}
	var drift []Drift
	judge := func(entity model.Entity) {
		if compilers[entity.ID()] != CompilerVersion {
			return
		}
		published := outputs(entity)
		for _, name := range slices.Sorted(maps.Keys(published)) {
			drift = append(
				drift,
				compare([]model.ID{entity.ID()}, outputPrefix+name, encodeJSON(published[name]), have[name])...)
		}
	}
	for _, p := range s.projects {
		judge(p)
	}
	for _, name := range slices.Sorted(maps.Keys(s.users)) {
		judge(s.users[name])
	}
	return drift
}

func compare(of []model.ID, logicalID string, want, have json.RawMessage) []Drift {
	if sameMeaning(want, have) {
		return nil
	}
	w, _ := decodeValue(want)
	h, _ := decodeValue(have)
	var drift []Drift
	walk(nil, w, h, func(path []string, wanted, found any) {
		d := Drift{Of: of, LogicalID: logicalID, Path: strings.Join(path, ".")}
		if !conceals(logicalID, path, want, have) {
			d.Want, d.Have = brief(wanted), brief(found)
		}
		drift = append(drift, d)
	})
	return drift
}

// walk calls differ for each innermost difference of two decoded values. Lists are compared as a
// whole.
func walk(path []string, want, have any, differ func(path []string, want, have any)) {
	w, wok := want.(map[string]any)
	h, hok := have.(map[string]any)
	if !wok || !hok {
		if string(encodeJSON(want)) != string(encodeJSON(have)) {
			differ(path, want, have)
		}
		return
	}
	names := map[string]bool{}
	for name := range w {
		names[name] = true
	}
	for name := range h {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		walk(append(slices.Clone(path), name), w[name], h[name], differ)
	}
}

// brief returns a value as JSON, truncated for display in a plan.
func brief(value any) string {
	const most = 120
	if value == nil {
		return ""
	}
	text := string(encodeJSON(value))
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
