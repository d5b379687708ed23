package cloudformation

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseYAML(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"block scalars":                {"a: |\n  x\n  y\nb: >-\n  x\n  y\n", `{"a":"x\ny\n","b":"x y"}`},
		"folded lines":                 {"a: x\n  y\n\n  z\nb: 'x\n  y'\n", `{"a":"x y\nz","b":"x y"}`},
		"flow":                         {"a: [1, {b: c, 'd': \"e\\n\"}]\n", `{"a":[1,{"b":"c","d":"e\n"}]}`},
		"list at the depth of its key": {"a:\n- 1\n- b: 2\n  c: 3\n", `{"a":[1,{"b":2,"c":3}]}`},
		"complex nesting":              {"a:\n  - - 1\n    - 2\n  - b:\n      c: ~\n", `{"a":[[1,2],{"b":{"c":null}}]}`},
		"directive and markers":        {"%YAML 1.1\n---\na: 1\n...\n", `{"a":1}`},
		"an anchor alone":              {"a: &x 1\n", `{"a":1}`},
		"short forms of scalars":       {"a: !Ref B\nb: !GetAtt B.Outputs.C\nc: !Sub 5\nd: !Condition E\n", `{"a":{"Ref":"B"},"b":{"Fn::GetAtt":["B","Outputs.C"]},"c":{"Fn::Sub":"5"},"d":{"Condition":"E"}}`},
		"short forms of lists":         {"a: !Join\n  - ''\n  - - x\n    - !Ref B\nb: !GetAtt [B, C]\n", `{"a":{"Fn::Join":["",["x",{"Ref":"B"}]]},"b":{"Fn::GetAtt":["B","C"]}}`},
		"a short form of a block":      {"a: !Sub |\n  x ${B}\n", `{"a":{"Fn::Sub":"x ${B}\n"}}`},
		"a short form of a mapping":    {"a: !Transform\n  Name: x\n", `{"a":{"Fn::Transform":{"Name":"x"}}}`},
		"YAML 1.1 booleans":            {"a: [yes, No, ON, off, true, y]\n", `{"a":[true,false,true,false,true,"y"]}`},
		"quoted scalars are strings":   {"a: ['yes', \"012\", '~', !!str 5]\n", `{"a":["yes","012","~","5"]}`},
		"YAML 1.1 numbers":             {"a: [012, 0x1f, 0b11, 1_000, +5, -7, 1.50, .5, 1e3, 089, 0o17]\n", `{"a":[10,31,3,1000,5,-7,1.50,0.5,"1e3","089","0o17"]}`},
		"a number beyond 64 bits":      {"a: 123456789012345678901234567890\n", `{"a":123456789012345678901234567890}`},
		"dates are strings":            {"Version: 2012-10-17\n", `{"Version":"2012-10-17"}`},
		"keys that are numbers":        {"111122223333: x\n", `{"111122223333":"x"}`},
		"comments":                     {"# x\na: b # c\nb: 'd # e'\n", `{"a":"b","b":"d # e"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseYAML(test.text)
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, string(text)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestParseYAML_Refused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"alias":              {"a: &x 1\nb: *x\n", "Template error: YAML aliases are not allowed in CloudFormation templates"},
		"merged alias":       {"a: &x {b: 1}\nc:\n  <<: *x\n", "Template error: YAML aliases are not allowed in CloudFormation templates"},
		"merge key":          {"a:\n  <<: {b: 1}\n", "the YAML merge key"},
		"mapping in a value": {"a: 1\nb: c: d\n", "Template format error: YAML not well-formed. (line 2, column 5)"},
		"tab":                {"a:\n\t- x\n", "Template format error: YAML not well-formed. (line 2, column 1)"},
		"unclosed list":      {"a: [1\n", "Template format error: YAML not well-formed. (line 2, column 1)"},
		"unknown short form": {"a:\n  b: !Nope x\n", "Template format error: YAML not well-formed. (line 2, column 6)"},
		"second document":    {"a: 1\n---\nb: 1\n", "Template format error: YAML not well-formed. (line 3, column 1)"},
		"nothing":            {"# only a comment\n", "Template format error: unsupported structure."},
		"duplicate key":      {"a: 1\na: 2\n", "the key a twice in a YAML mapping"},
		"binary":             {"a: !!binary aGk=\n", "the YAML tag !!binary"},
		"base 60":            {"a: 22:22\n", "the YAML 1.1 number 22:22 of base 60"},
		"a key that is none": {"yes: 1\n", "the YAML key yes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseYAML(test.text)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, error %v, want %s", got, err, test.want)
			}
		})
	}
}
