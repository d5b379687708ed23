package template

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// TestParse_SecretPutInByHand adds a secret to every place of a template that can hold one.
// Contents, which reach the mirror, the state, plans and events, contain the path only.
func TestParse_SecretPutInByHand(t *testing.T) {
	const canary = "CANARYCANARYCANARY"
	made := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	user := model.User{
		Name: "partner", SecretReaders: []string{"444455556666"},
		AccessKey: &model.AccessKey{Keys: map[model.Slot]model.Key{model.SlotA: {Created: made}}},
	}
	base := edit(t, seed(), changesOf([]model.Entity{user}, "")...)
	properties := func(r map[string]any) map[string]any { return r["Properties"].(map[string]any) }
	for name, c := range map[string]struct {
		section, id string
		change      func(r map[string]any)
		path        string
	}{
		"text":           {"Resources", "Secretpartner", func(r map[string]any) { properties(r)["SecretString"] = `{"secret_access_key":"` + canary + `"}` }, "Properties.SecretString"},
		"text as object": {"Resources", "Secretpartner", func(r map[string]any) { properties(r)["SecretString"] = object{"Fn::Sub": canary} }, "Properties.SecretString"},
		"generated": {"Resources", "Secretpartner", func(r map[string]any) {
			properties(r)["GenerateSecretString"] = object{"SecretStringTemplate": canary}
		}, "Properties.GenerateSecretString"},
		"other property": {"Resources", "Secretpartner", func(r map[string]any) { properties(r)["SecretBinary"] = canary }, "Properties.SecretBinary"},
		"all properties": {"Resources", "Secretpartner", func(r map[string]any) { r["Properties"] = canary }, "Properties"},
		"metadata":       {"Resources", "Secretpartner", func(r map[string]any) { r["Metadata"].(map[string]any)["Note"] = canary }, "Metadata.Note"},
		"password":       {"Resources", "Userpartner", func(r map[string]any) { properties(r)["LoginProfile"] = object{"Password": canary} }, "Properties.LoginProfile"},
		"properties":     {"Resources", "Userpartner", func(r map[string]any) { r["Properties"] = list{canary} }, "Properties"},
		"other type": {"Resources", "Grouppartner", func(r map[string]any) {
			r["Type"], r["Properties"] = "AWS::SecretsManager::Secret", object{"SecretString": canary}
		}, "Properties.SecretString"},
		"output":          {"Outputs", UserOutput("partner"), func(r map[string]any) { r["Value"] = canary }, "Value"},
		"output's export": {"Outputs", UserOutput("partner"), func(r map[string]any) { r["Export"] = object{"Name": canary} }, "Export"},
	} {
		t.Run(name, func(t *testing.T) {
			decoded, err := decodeValue(base.Encode())
			if err != nil {
				t.Fatal(err)
			}
			c.change(decoded.(map[string]any)[c.section].(map[string]any)[c.id].(map[string]any))
			changed, err := Decode(encodeJSON(decoded))
			if err != nil {
				t.Fatal(err)
			}
			contents := parse(t, changed)
			body, err := json.Marshal(contents)
			if err != nil {
				t.Fatal(err)
			}
			var shown []string
			for _, d := range contents.DriftOf(user.ID()) {
				shown = append(shown, d.String())
			}
			if strings.Contains(string(body)+strings.Join(shown, " "), canary) {
				t.Errorf("the secret is shown: %v", shown)
			}
			if !slices.ContainsFunc(shown, func(text string) bool {
				return strings.Contains(text, c.id+" "+c.path+" is not what it should be")
			}) {
				t.Errorf("the hand edit is not shown: %v", shown)
			}
		})
	}
}

// Values without a secret are still shown.
func TestParse_HarmlessPropertyOfASecret(t *testing.T) {
	user := model.User{
		Name: "partner",
		AccessKey: &model.AccessKey{
			Keys: map[model.Slot]model.Key{model.SlotA: {Created: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}},
		},
	}
	base := edit(t, seed(), changesOf([]model.Entity{user}, "")...)
	decoded, err := decodeValue(base.Encode())
	if err != nil {
		t.Fatal(err)
	}
	resources := decoded.(map[string]any)["Resources"].(map[string]any)
	resources["Secretpartner"].(map[string]any)["Properties"].(map[string]any)["KmsKeyId"] = "alias/other"
	changed, err := Decode(encodeJSON(decoded))
	if err != nil {
		t.Fatal(err)
	}
	if drift := parse(t, changed).DriftOf(user.ID()); len(drift) != 1 ||
		!strings.Contains(drift[0].String(), `is "alias/other"`) {
		t.Errorf("drift %v", drift)
	}
}

// A key's secret in an output that was changed by hand is not shown.
func TestCredentials_SecretInOutput(t *testing.T) {
	got := credentials("secret=wJalrXUtnFEMI/K7MDENG a=wJalrXUtnFEMI/K7MDENG b=AKIAIOSFODNN7EXAMPLE")
	if got.SecretARN != "" || len(got.KeyIDs) != 1 || got.KeyIDs[model.SlotB] != "AKIAIOSFODNN7EXAMPLE" {
		t.Errorf("read %+v", got)
	}
}
