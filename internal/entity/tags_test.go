package entity

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// withNull returns tags with one null value and one that is not null.
func withNull(null string, other ...string) types.Map {
	elements := map[string]attr.Value{null: types.StringNull()}
	for i := 0; i+1 < len(other); i += 2 {
		elements[other[i]] = types.StringValue(other[i+1])
	}
	return types.MapValueMust(types.StringType, elements)
}

func TestTags_MergedAndSeparated(t *testing.T) {
	s := &Services{
		DefaultTags: map[string]string{"team": "x", "env": "prod"},
		IgnoreTags:  IgnoreTags{Keys: []string{"cost"}, Prefixes: []string{"scan:"}},
	}
	null, empty := types.MapNull(types.StringType), StringMap(nil)
	for name, c := range map[string]struct {
		written, all types.Map
		actual       map[string]string // nil for the planned tags
		read         types.Map         // nil for the written tags
		readAll      map[string]string
	}{
		"defaults alone, null": {written: null, all: StringMap(map[string]string{"team": "x", "env": "prod"})},
		"defaults alone, {}":   {written: empty, all: StringMap(map[string]string{"team": "x", "env": "prod"})},
		"own over default":     {written: StringMap(map[string]string{"team": "y"}), all: StringMap(map[string]string{"team": "y", "env": "prod"})},
		"own like default":     {written: StringMap(map[string]string{"team": "x"}), all: StringMap(map[string]string{"team": "x", "env": "prod"})},
		"null":                 {written: withNull("cost", "team", "y"), all: StringMap(map[string]string{"team": "y", "env": "prod"})},
		"null alone":           {written: withNull("owner"), all: StringMap(map[string]string{"team": "x", "env": "prod"})},
		"null a default":       {written: withNull("env"), all: StringMap(map[string]string{"team": "x", "env": "prod"})},
		"null, set by another": {
			written: withNull("owner"), all: StringMap(map[string]string{"team": "x", "env": "prod"}),
			actual: map[string]string{"team": "x", "env": "prod", "owner": "me"}, read: StringMap(map[string]string{"owner": "me"}),
			readAll: map[string]string{"team": "x", "env": "prod", "owner": "me"},
		},
		"default changed by another": {
			written: null, all: StringMap(map[string]string{"team": "x", "env": "prod"}),
			actual: map[string]string{"team": "z", "env": "prod"}, read: StringMap(map[string]string{"team": "z"}), readAll: map[string]string{"team": "z", "env": "prod"},
		},
		"ignored ones of others": {
			written: null, all: StringMap(map[string]string{"team": "x", "env": "prod"}),
			actual: map[string]string{"team": "x", "env": "prod", "cost": "1", "scan:a": "b"}, read: null, readAll: map[string]string{"team": "x", "env": "prod"},
		},
	} {
		tags := Tagged{Tags: c.written}
		tags.plan(s)
		if !tags.TagsAll.Equal(c.all) {
			t.Errorf("%s: tags_all is planned as %s", name, tags.TagsAll)
		}
		actual := c.actual
		read := c.read
		if actual == nil {
			actual, read, c.readAll = stringMap(c.all), c.written, stringMap(c.all)
		}
		tags.fill(s, actual)
		if !tags.Tags.Equal(read) {
			t.Errorf("%s: tags are read as %s", name, tags.Tags)
		}
		if diff := cmp.Diff(c.readAll, stringMap(tags.TagsAll)); diff != "" {
			t.Errorf("%s: tags_all: %s", name, diff)
		}
	}
}

func TestTags_IgnoredKept(t *testing.T) {
	s := &Services{IgnoreTags: IgnoreTags{Keys: []string{"cost"}}}
	got := s.preserve(map[string]string{"a": "b"}, map[string]string{"cost": "1", "gone": "x"})
	if diff := cmp.Diff(map[string]string{"a": "b", "cost": "1"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestUnknownTagsMakeAllUnknown(t *testing.T) {
	some := types.MapValueMust(types.StringType, map[string]attr.Value{"a": types.StringUnknown()})
	for _, tags := range []types.Map{types.MapUnknown(types.StringType), some} {
		m := Tagged{Tags: tags}
		m.plan(&Services{DefaultTags: map[string]string{"b": "c"}})
		if !m.TagsAll.IsUnknown() {
			t.Errorf("%s makes tags_all %s", tags, m.TagsAll)
		}
	}
}
