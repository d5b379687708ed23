package cloudformation

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestDifferences compares values of which the services' own APIs cannot make every form.
func TestDifferences(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ expected, actual, want string }{
		{`{"A":"1","B":true}`, `{"A":1,"B":"true","C":2}`, ""},
		{`{"A":{"B":1}}`, `{"A":{"B":1,"C":2}}`, ""},
		{`{"A":{"B":1}}`, `{"A":{}}`, "/A/B REMOVE 1 null"},
		{`{"A":{"B":1}}`, `{"A":[1]}`, `/A NOT_EQUAL {"B":1} [1]`},
		{`{"A":[]}`, `{}`, "/A REMOVE [] null"},
		{`{"A":[1,2]}`, `{"A":[1,3,4]}`, "/A/1 NOT_EQUAL 2 3; /A/2 ADD null 4"},
		{`{"A":[1,2]}`, `{"A":[2]}`, "/A/0 NOT_EQUAL 1 2; /A/1 REMOVE 2 null"},
		{`{"Users":["a","b"]}`, `{"Users":["b","a"]}`, ""},
		{`{"Users":["a","b"]}`, `{"Users":["b","c"]}`, "/Users/0 REMOVE a null; /Users/1 ADD null c"},
		{`{"Tags":[{"Key":"a","Value":"1"}]}`, `{"Tags":[{"Key":"b","Value":"1"},{"Key":"a","Value":"2"}]}`, `/Tags/0/Value NOT_EQUAL 1 2; /Tags/0 ADD null {"Key":"b","Value":"1"}`},
		{
			`{"Policies":[{"PolicyName":"b","PolicyDocument":{"A":["x","y"]}},{"PolicyName":"a"}]}`,
			`{"Policies":[{"PolicyName":"a"},{"PolicyName":"b","PolicyDocument":{"A":["y","x"]}}]}`, "",
		},
		{`{"PolicyDocument":{"Action":["a","b"],"Resource":["r"]}}`, `{"PolicyDocument":{"Action":["b","a"],"Resource":"r"}}`, ""},
		{`{"PolicyDocument":"{\"Action\":\"a\"}"}`, `{"PolicyDocument":{"Action":["a"]}}`, ""},
		{`{"PolicyDocument":{"Statement":[{"Action":"a"}]}}`, `{"PolicyDocument":{"Statement":[{"Action":"a","Condition":{"x":1}}]}}`, `/PolicyDocument/Statement/0/Condition ADD null {"x":1}`},
		{`{"PolicyDocument":{"Statement":[{"Action":"a","Sid":"s"}]}}`, `{"PolicyDocument":{"Statement":[{"Action":"a"},{"Action":"b"}]}}`, `/PolicyDocument/Statement/0/Sid REMOVE s null; /PolicyDocument/Statement/1 ADD null {"Action":"b"}`},
		{`{"PolicyDocument":{"Action":["a","b"]}}`, `{"PolicyDocument":{"Action":["a","c"]}}`, `/PolicyDocument/Action NOT_EQUAL ["a","b"] ["a","c"]`},
	} {
		var expected, actual map[string]any
		for text, into := range map[string]*map[string]any{test.expected: &expected, test.actual: &actual} {
			d := json.NewDecoder(strings.NewReader(text))
			d.UseNumber()
			if err := d.Decode(into); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		for _, d := range differences(expected, actual) {
			got = append(got, fmt.Sprintf("%s %s %s %s", d.path, d.kind, d.text(d.expected), d.text(d.actual)))
		}
		if strings.Join(got, "; ") != test.want {
			t.Errorf("%s and %s: %s, want %s", test.expected, test.actual, strings.Join(got, "; "), test.want)
		}
	}
}
