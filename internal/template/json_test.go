package template

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// texts generates strings that need escapes in JSON or contain its delimiters.
func texts() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[a-z"\\{}\[\],: ]{0,6}`), rapid.String(),
		rapid.SampledFrom([]string{"\u2028<>&", "\x00\n\t", "\xff", `\"`, "é"}),
	)
}

// values generates values of properties.
func values(depth int) *rapid.Generator[any] {
	leaf := rapid.OneOf(
		rapid.Map(texts(), func(s string) any { return s }),
		rapid.Map(rapid.Int(), func(i int) any { return i }),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.SliceOfN(texts(), 0, 3), func(s []string) any { return s }),
		rapid.SampledFrom(
			[]any{nil, json.Number("1e400"), 0.5, object(nil), list(nil), []string(nil), map[string]string{"b": "<", "a": ""}},
		),
	)
	if depth == 0 {
		return leaf
	}
	return rapid.OneOf(leaf,
		rapid.Map(rapid.SliceOfN(values(depth-1), 0, 4), func(l []any) any { return l }),
		rapid.Map(rapid.MapOfN(texts(), values(depth-1), 0, 4), func(o map[string]any) any { return o }),
	)
}

func TestEncodeJSON_SameAsStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := values(3).Draw(t, "value")
		var want bytes.Buffer
		encoder := json.NewEncoder(&want)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(value); err != nil {
			t.Fatal(err)
		}
		if got := string(encodeJSON(value)) + "\n"; got != want.String() {
			t.Fatalf("%s, not %s", got, want.String())
		}
	})
}

func TestCutObject_SameAsStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, err := json.MarshalIndent(rapid.MapOfN(texts(), values(3), 0, 5).Draw(t, "object"), " ", "\t")
		if err != nil {
			t.Fatal(err)
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		for name, raw := range want {
			var compact bytes.Buffer
			if err := json.Compact(&compact, raw); err != nil {
				t.Fatal(err)
			}
			want[name] = compact.Bytes()
		}
		got, err := decodeObject(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		for name, raw := range got {
			compact := appendMembers(nil, got, appendRaw)
			if !bytes.Equal(member(compact, name), raw) {
				t.Fatalf("member %q of %s is %s", name, compact, member(compact, name))
			}
		}
	})
}

func TestCutObject_DuplicateMembers(t *testing.T) {
	object, err := decodeObject([]byte(`{"a": 1, "b": [2, {"c": "}"}], "a": 3}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(appendMembers(nil, object, appendRaw)); got != `{"a":3,"b":[2,{"c":"}"}]}` {
		t.Error(got)
	}
	for _, text := range []string{`[]`, `null`, `7`, `"x"`, ``} {
		if names := slices.Collect(maps.Keys(maps.Collect(members(json.RawMessage(text))))); len(names) > 0 {
			t.Errorf("%s has members %v", text, names)
		}
	}
}

func TestSize_EncodedTemplate(t *testing.T) {
	other, err := Decode([]byte(foreign))
	if err != nil {
		t.Fatal(err)
	}
	for _, tpl := range []*Template{seed(), seed().with(map[string]json.RawMessage{RevisionMarkerID: nil}), other} {
		if got, want := tpl.size(), len(tpl.Encode()); got != want {
			t.Errorf("%d, not %d", got, want)
		}
	}
}
