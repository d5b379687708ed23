package template

import (
	"encoding/json"
	"slices"
	"testing"
)

const stuckTemplate = `{"Resources":{
"Carrier":{"Type":"AWS::SSM::Parameter","Metadata":{"Stowage":{"Format":1}},"Properties":{"Name":"r","Value":"1"}},
"Policypartner":{"Type":"AWS::IAM::ManagedPolicy","Metadata":{"Stowage":{"Format":1,"of":{"kind":"bucket","name":"inbox"}}},"Properties":{"PolicyDocument":{"Statement":[{"Sid":"Copied"}]}}},
"PolicypartnerN1":{"Type":"AWS::IAM::ManagedPolicy","Metadata":{"Stowage":{"Format":1,"of":{"kind":"user","name":"partner"},"grants":[{}]}},"Properties":{"PolicyDocument":{"Statement":[{"Effect":"Allow"},{"Effect":"Deny"}]}}},
"BucketPolicyinbox":{"Type":"AWS::S3::BucketPolicy","Metadata":{"Stowage":{"Format":1,"of":{"kind":"bucket","name":"inbox"}}},"Properties":{"PolicyDocument":{"Statement":[{"Sid":"Tls"}]}}},
"Listingacme":{"Type":"AWS::SSM::Parameter","Metadata":{"Stowage":{"Format":1,"of":{"kind":"listing","name":"acme"}}},"Properties":{"Value":"x"}},
"Userpartner":{"Type":"AWS::IAM::User","Metadata":{"Stowage":{"Format":1,"of":{"kind":"user","name":"partner"}}},"Properties":{}},
"Boundary":{"Type":"AWS::IAM::ManagedPolicy","Metadata":{"Stowage":{"Format":1,"of":{"kind":"project","name":"acme"}}},"Properties":{"PolicyDocument":{"Statement":[]}}},
"Foreign":{"Type":"AWS::S3::BucketPolicy","Properties":{"PolicyDocument":{"Statement":[{"Sid":"Theirs"}]}}}
}}`

// TestHealing changes what can be healed and nothing else, and restores it byte by byte.
func TestHealing(t *testing.T) {
	before, err := Decode([]byte(stuckTemplate))
	if err != nil {
		t.Fatal(err)
	}
	all := append(before.LogicalIDs(), "Gone")
	if got, want := Unhealable(before, all), []string{
		"Boundary",
		"Foreign",
		"Policypartner",
		"Userpartner",
	}; !slices.Equal(got, want) {
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
	if want := []string{"BucketPolicyinbox", "Listingacme", "PolicypartnerN1"}; !slices.Equal(changed, want) {
		t.Errorf("healing changes %v, want %v", changed, want)
	}
	for id, want := range map[string]string{
		"PolicypartnerN1": `{"PolicyDocument":{"Statement":[{"Effect":"Allow","Sid":"Healing"},{"Effect":"Deny"}]}}`,
		"Listingacme":     `{"Description":"Healing","Value":"x"}`,
	} {
		if got := string(encodeJSON(healing.Properties(id))); got != want {
			t.Errorf("%s heals as %s, want %s", id, got, want)
		}
	}
	if !healing.Restore(originals).Equal(before) {
		t.Error("what was healed is not what it was")
	}
	changed = append(changed[:0], "PolicypartnerN1")
	theirs := healing.with(map[string]json.RawMessage{"PolicypartnerN1": []byte(`{"Type":"AWS::IAM::ManagedPolicy"}`)})
	var kept []string
	for _, intent := range Intents(before, theirs.Restore(originals)) {
		kept = append(kept, intent.LogicalID)
	}
	if !slices.Equal(kept, changed) {
		t.Errorf("restoring leaves %v changed, want the other change of %v", kept, changed)
	}
}
