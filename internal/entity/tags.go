package entity

import (
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Tagged has the attributes of an object with tags. Models embed it.
type Tagged struct {
	Tags    types.Map `tfsdk:"tags"`
	TagsAll types.Map `tfsdk:"tags_all"`
}

func (t *Tagged) tags() *Tagged { return t }

// tagged returns the Tagged of a model; nil if it has none.
func tagged(model any) *Tagged {
	if t, ok := model.(interface{ tags() *Tagged }); ok {
		return t.tags()
	}
	return nil
}

// IgnoreTags are tags set by other tools: they are in no attribute, and writes do not change them.
type IgnoreTags struct {
	Keys     []string
	Prefixes []string
}

// Match reports whether a tag is ignored.
func (i IgnoreTags) Match(key string) bool {
	return slices.Contains(i.Keys, key) ||
		slices.ContainsFunc(i.Prefixes, func(p string) bool { return strings.HasPrefix(key, p) })
}

func tagAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"tags": schema.MapAttribute{
			ElementType:         types.StringType,
			Optional:            true,
			MarkdownDescription: "Tags of the object. They take precedence over the provider's `default_tags` with the same key. Tags with the value `null` are omitted.",
		},
		"tags_all": schema.MapAttribute{
			ElementType: types.StringType, Computed: true,
			MarkdownDescription: "All tags of the object, including those from the provider's `default_tags`.",
		},
	}
}

// plan sets tags_all to the provider's tags, overridden by the object's own, without ignored tags.
// It is unknown while any tag is.
func (t *Tagged) plan(s *Services) {
	if t.Tags.IsUnknown() {
		t.TagsAll = types.MapUnknown(types.StringType)
		return
	}
	for _, value := range t.Tags.Elements() {
		if value.IsUnknown() {
			t.TagsAll = types.MapUnknown(types.StringType)
			return
		}
	}
	t.TagsAll = StringMap(s.merge(stringMap(t.Tags)))
}

// merge returns the provider's tags, overridden by the object's own, without ignored tags.
func (s *Services) merge(own map[string]string) map[string]string {
	all := map[string]string{}
	for _, tags := range []map[string]string{s.DefaultTags, own} {
		for key, value := range tags {
			if !s.IgnoreTags.Match(key) {
				all[key] = value
			}
		}
	}
	return all
}

// fill sets both attributes from an entity's tags. Tags in the attribute tags stay. Tags that
// differ from the provider's default tags are added. A tag written as null that the entity does not
// have stays null. Without tags, the attribute stays as written: null or {}.
func (t *Tagged) fill(s *Services, actual map[string]string) {
	written := stringMap(t.Tags)
	all, own := map[string]string{}, map[string]string{}
	for key, value := range actual {
		if s.IgnoreTags.Match(key) {
			continue
		}
		all[key] = value
		if _, ok := written[key]; ok || s.DefaultTags[key] != value {
			own[key] = value
		} else if _, isDefault := s.DefaultTags[key]; !isDefault {
			own[key] = value
		}
	}
	for key, value := range written {
		if s.IgnoreTags.Match(key) {
			own[key] = value // only the configuration has it
		}
	}
	t.TagsAll = StringMap(all)
	unset := nullKeys(t.Tags)
	if len(own) == 0 && !known(t.Tags) {
		return
	}
	elements := StringMap(own).Elements()
	for _, key := range unset {
		if _, set := own[key]; !set {
			elements[key] = types.StringNull()
		}
	}
	t.Tags = types.MapValueMust(types.StringType, elements)
}

func nullKeys(m types.Map) []string {
	var keys []string
	for key, value := range m.Elements() {
		if value.IsNull() {
			keys = append(keys, key)
		}
	}
	return keys
}

// entity returns the tags of a model's entity: all once they are planned, else those in the
// configuration.
func (t *Tagged) entity() map[string]string {
	if known(t.TagsAll) {
		return stringMap(t.TagsAll)
	}
	return stringMap(t.Tags)
}

// PlannedTags returns the object's tags: all once they are planned, else those in the configuration.
func (t *Tagged) PlannedTags() map[string]string { return t.entity() }

// Fill sets both attributes from an object's tags, like fill.
func (t *Tagged) Fill(s *Services, actual map[string]string) { t.fill(s, actual) }

// WithoutIgnored returns tags without the ignored ones.
func (s *Services) WithoutIgnored(tags map[string]string) map[string]string {
	return s.withoutIgnored(tags)
}

// Preserve returns tags with the ignored ones of an object's actual tags.
func (s *Services) Preserve(tags, actual map[string]string) map[string]string {
	return s.preserve(tags, actual)
}

func (s *Services) withoutIgnored(tags map[string]string) map[string]string {
	kept := map[string]string{}
	for key, value := range tags {
		if !s.IgnoreTags.Match(key) {
			kept[key] = value
		}
	}
	if len(kept) == 0 {
		return nil
	}
	return kept
}

// preserve adds an entity's ignored tags to tags.
func (s *Services) preserve(tags, actual map[string]string) map[string]string {
	result := map[string]string{}
	for key, value := range tags {
		result[key] = value
	}
	for key, value := range actual {
		if s.IgnoreTags.Match(key) {
			result[key] = value
		}
	}
	if len(result) == 0 {
		return nil
	}
	return result
}
