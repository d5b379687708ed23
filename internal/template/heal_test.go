package template

import (
	"encoding/json"
	"slices"
	"testing"
)

const stuckTemplate = `{"Resources":{
"Carrier":{"Type":"AWS::SSM::Parameter","Metadata":{"Stowage":{"Format":1}},"Properties":{"Name":"r","Value":"1"}},
"Policy":{"Type":"AWS::IAM::ManagedPolicy","Metadata":{"Stowage":{"Format":1}},"Properties":{"PolicyDocument":{"Statement":[{"Effect":"Allow"},{"Effect":"Deny"}]}}},
"Rules":{"Type":"AWS::S3::BucketPolicy","Metadata":{"Stowage":{"Format":1}},"Properties":{"PolicyDocument":{"Statement":[{"Sid":"Tls"}]}}},
"Entry":{"Type":"AWS::SSM::Parameter","Metadata":{"Stowage":{"Format":1}},"Properties":{"Value":"x"}},
"User":{"Type":"AWS::IAM::User","Metadata":{"Stowage":{"Format":1}},"Properties":{}},
"Empty":{"Type":"AWS::IAM::ManagedPolicy","Metadata":{"Stowage":{"Format":1}},"Properties":{"PolicyDocument":{"Statement":[]}}},
"Foreign":{"Type":"AWS::S3::BucketPolicy","Properties":{"PolicyDocument":{"Statement":[{"Sid":"Theirs"}]}}}
}}`

// TestHealing changes what can be healed and nothing else, and takes it back to the byte.
func TestHealing(t *testing.T) {
	before, err := Decode([]byte(stuckTemplate))
	if err != nil {
		t.Fatal(err)
	}
	all := append(before.LogicalIDs(), "Gone")
	if got, want := Unhealable(before, all), []string{"Empty", "Foreign", "User"}; !slices.Equal(got, want) {
		t.Errorf("unhealable are %v, want %v", got, want)
	}
	healing, originals := Heal(before, all)
	var changed []string
	for _, intent := range Intents(before, healing) {
		if intent.Action != Modify {
			t.Errorf("%s %s", intent.Action, intent.LogicalID)
		}
		changed = append(changed, intent.LogicalID)
	}
	if want := []string{"Entry", "Policy", "Rules"}; !slices.Equal(changed, want) {
		t.Errorf("healing changes %v, want %v", changed, want)
	}
	for id, want := range map[string]string{
		"Policy": `{"PolicyDocument":{"Statement":[{"Effect":"Allow","Sid":"Healing"},{"Effect":"Deny"}]}}`,
		"Entry":  `{"Description":"Healing","Value":"x"}`,
	} {
		if got := string(encodeJSON(healing.Properties(id))); got != want {
			t.Errorf("%s heals as %s, want %s", id, got, want)
		}
	}
	if !healing.Restore(originals).Equal(before) {
		t.Error("what was healed is not what it was")
	}
	changed = append(changed[:0], "Policy")
	theirs := healing.with(map[string]json.RawMessage{"Policy": []byte(`{"Type":"AWS::IAM::ManagedPolicy"}`)})
	var kept []string
	for _, intent := range Intents(before, theirs.Restore(originals)) {
		kept = append(kept, intent.LogicalID)
	}
	if !slices.Equal(kept, changed) {
		t.Errorf("restoring leaves %v changed, want somebody's change of %v", kept, changed)
	}
}
