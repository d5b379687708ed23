package acceptance_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// TestStateUpgrade_Version0 converts a state to the schemas of version 0. The next plan must be
// empty, and a refresh must restore the state.
func TestStateUpgrade_Version0(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.workspace(everything)
	s.apply()
	before := s.instances()
	s.rewriteState(func(typ string, instance map[string]any) {
		if version := instance["schema_version"]; version != 1.0 {
			t.Errorf("%s has schema version %v", typ, version)
		}
		instance["schema_version"] = 0
		attributes, _ := instance["attributes"].(map[string]any)
		delete(attributes, "drift")
		attributes["deviations"] = []string{}
		if typ == "stowage_user_permission" {
			attributes["actions"] = []string{"s3:GetObject"}
			attributes["timeouts"] = map[string]any{"create": "10m", "update": nil, "delete": nil}
		}
	})
	s.planIsEmpty()
	s.planIsEmpty("-refresh=false")
	s.run("apply", "-refresh-only", "-auto-approve", "-input=false", "-no-color").succeeds()
	if after := s.instances(); after != before {
		t.Errorf("the state was\n%s\nand is\n%s", before, after)
	}
}

// instances returns the objects of the state as text.
func (s *workspace) instances() string {
	s.t.Helper()
	all := ""
	s.rewriteState(func(typ string, instance map[string]any) { all += typ + string(encoded(s.t, instance)) + "\n" })
	return all
}

// rewriteState edits each object of the state.
func (s *workspace) rewriteState(edit func(typ string, instance map[string]any)) {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "terraform.tfstate"))
	if err != nil {
		s.t.Fatal(err)
	}
	var state map[string]any
	if err := json.Unmarshal(text, &state); err != nil {
		s.t.Fatal(err)
	}
	resources, _ := state["resources"].([]any)
	for _, r := range resources {
		resource, _ := r.(map[string]any)
		typ, _ := resource["type"].(string)
		instances, _ := resource["instances"].([]any)
		for _, i := range instances {
			instance, _ := i.(map[string]any)
			edit(typ, instance)
		}
	}
	s.put("terraform.tfstate", string(encoded(s.t, state)))
}
