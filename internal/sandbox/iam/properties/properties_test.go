package properties_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

func TestDecode_UnknownNames(t *testing.T) {
	type common struct{ Users []string }
	type whole struct {
		Name  string
		Rules []struct {
			Days json.Number `json:"InDays"`
		}
		common
	}
	for text, want := range map[string]string{
		`{"Name":"a","Rules":[{"InDays":7}],"Users":["u"]}`: "",
		`{"name":"a"}`:               "extraneous key [name]",
		`{"Rules":[{"Days":7}]}`:     "#/Rules: extraneous key [Days]",
		`{"Rules":{"InDays":7}}`:     "cannot unmarshal",
		`{"Users":[{"Name":"u"}]}`:   "cannot unmarshal",
		`{"Name":["a"],"Users":[1]}`: "cannot unmarshal",
	} {
		var resolved map[string]any
		if err := json.Unmarshal([]byte(text), &resolved); err != nil {
			t.Fatal(err)
		}
		var into whole
		err := properties.Decode(resolved, &into)
		if want == "" && (err != nil || into.Name != "a" || into.Rules[0].Days != "7" || into.Users[0] != "u") {
			t.Errorf("%s: %+v, %v", text, into, err)
		}
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want something about %q", text, err, want)
		}
	}
}
