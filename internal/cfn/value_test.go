package cfn_test

import (
	"encoding/json"
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
)

func TestIsFunction(t *testing.T) {
	for text, want := range map[string]bool{
		`{"Ref": "A"}`:                 true,
		`{"Fn::GetAtt": ["A", "Arn"]}`: true,
		`{"Condition": "A"}`:           true,
		`{"Condition": {"Bool": {}}}`:  false, // of a policy's statement
		`{"Ref": "A", "Fn::Sub": "B"}`: false,
		`{"Name": "A"}`:                false,
		`{}`:                           false,
	} {
		var object map[string]any
		if err := json.Unmarshal([]byte(text), &object); err != nil {
			t.Fatal(err)
		}
		if got := cfn.IsFunction(object); got != want {
			t.Errorf("%s: %t, want %t", text, got, want)
		}
	}
}

func TestText(t *testing.T) {
	for want, values := range map[string][]any{
		"":        {nil, ""},
		"true":    {true, "true"},
		"5000000": {json.Number("5000000"), 5e6, "5000000"},
		`["a"]`:   {[]any{"a"}},
	} {
		for _, value := range values {
			if got := cfn.Text(value); got != want {
				t.Errorf("%#v: %q, want %q", value, got, want)
			}
		}
	}
}
