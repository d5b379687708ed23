package provider

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/stowage/terraform-provider-stowage/internal/entity/entitytest"
)

// oddCase is an odd value at one place of a configuration: planned is what is known while planning,
// final what is known during the apply.
type oddCase struct {
	name           string
	at             place
	planned, final any
	// valid means that the final configuration is valid, so that the case must not be refused.
	valid bool
}

func (c oddCase) argument() string { return c.at[0].(string) }

// oddCombination is a set of odd values at several places, at most one per argument.
type oddCombination []oddCase

func (c oddCombination) name() string {
	var names []string
	for _, odd := range c {
		names = append(names, odd.name)
	}
	return strings.Join(names, " and ")
}

func (c oddCombination) valid() bool {
	return !slices.ContainsFunc(c, func(odd oddCase) bool { return !odd.valid })
}

// late reports whether a value is unknown while planning.
func (c oddCombination) late() bool {
	return slices.ContainsFunc(c, func(odd oddCase) bool { return strings.Contains(odd.name, "unknown") })
}

// planned returns a complete configuration with the odd values known while planning.
func (c oddCombination) planned(full values) values {
	for _, odd := range c {
		full = with(full, odd.at, odd.planned)
	}
	return full
}

// final returns a complete configuration with the odd values known during the apply.
func (c oddCombination) final(full values) values {
	for _, odd := range c {
		full = with(full, odd.at, odd.final)
	}
	return full
}

// combinations returns some combinations of two to four cases.
func combinations(cases []oddCase, random *rand.Rand, count int) []oddCombination {
	var result []oddCombination
	for len(result) < count {
		var c oddCombination
		arguments := map[string]bool{}
		for range 2 + random.IntN(3) {
			odd := cases[random.IntN(len(cases))]
			if !arguments[odd.argument()] && (odd.valid || random.IntN(4) == 0) {
				c = append(c, odd)
				arguments[odd.argument()] = true
			}
		}
		if len(c) > 1 {
			result = append(result, c)
		}
	}
	return result
}

// place is the path of a configurable value: attribute names, and 0 for the first element of a
// list.
type place []any

func (p place) String() string {
	var text strings.Builder
	for _, step := range p {
		if name, ok := step.(string); ok {
			text.WriteString("." + name)
		} else {
			fmt.Fprintf(&text, "[%d]", step)
		}
	}
	return strings.TrimPrefix(text.String(), ".")
}

// configurable returns all places of a schema that a configuration can set, with their types.
func configurable(schema *tfprotov6.Schema) map[string]oddPlace {
	places := map[string]oddPlace{}
	attributePlaces(schema.Block.Attributes, nil, places)
	blockPlaces(schema.Block.BlockTypes, places)
	return places
}

type oddPlace struct {
	at       place
	typ      tftypes.Type
	optional bool
	block    bool // the list always exists, and no element is null or unknown
}

func attributePlaces(attributes []*tfprotov6.SchemaAttribute, under place, places map[string]oddPlace) {
	for _, a := range attributes {
		if !a.Optional && !a.Required {
			continue
		}
		at := append(slices.Clone(under), a.Name)
		places[at.String()] = oddPlace{at: at, typ: a.ValueType(), optional: a.Optional}
		if a.NestedType == nil {
			continue
		}
		if a.NestedType.Nesting == tfprotov6.SchemaObjectNestingModeList {
			at = append(at, 0)
		}
		attributePlaces(a.NestedType.Attributes, at, places)
	}
}

func blockPlaces(blocks []*tfprotov6.SchemaNestedBlock, places map[string]oddPlace) {
	for _, b := range blocks {
		at := place{b.TypeName}
		places[at.String()] = oddPlace{at: at, typ: b.ValueType(), block: true}
		attributePlaces(b.Block.Attributes, append(at, 0), places)
	}
}

// oddCases returns the cases for all places of a schema. full is a configuration with a valid value
// for each.
func oddCases(schema *tfprotov6.Schema, full values) []oddCase {
	places := configurable(schema)
	var cases []oddCase
	for _, name := range slices.Sorted(maps.Keys(places)) {
		where := places[name]
		right := lookup(full, where.at)
		add := func(what string, planned, final any, valid bool) {
			cases = append(cases, oddCase{name + " = " + what, where.at, planned, final, valid})
		}
		odd := func(what string, value any) { add(what, value, value, false) }
		if !where.block {
			add("null", nil, nil, where.optional)
			add("unknown, then valid", entitytest.Unknown, right, true)
			add("unknown, then null", entitytest.Unknown, nil, where.optional)
		}
		switch typ := where.typ.(type) {
		case tftypes.List, tftypes.Set:
			elements, _ := right.([]any)
			odd("[]", []any{})
			if where.block {
				continue
			}
			odd("[null]", []any{nil})
			odd("[..., null]", append(slices.Clone(elements), nil))
			// The framework treats an unknown object in a list as one without attributes, and so
			// refuses it.
			add("[unknown], then valid", []any{entitytest.Unknown}, elements[:1], elementTypeOf(typ).Is(tftypes.String))
			add(
				"[..., unknown], then null", append(slices.Clone(elements), entitytest.Unknown),
				append(slices.Clone(elements), nil), false,
			)
			add("unknown, then []", entitytest.Unknown, []any{}, false)
			if elementTypeOf(typ).Is(tftypes.String) {
				odd(`[""]`, []any{""})
			}
		case tftypes.Map:
			elements, _ := right.(values)
			add("{}", values{}, values{}, true)
			add("{ key = null }", values{"key": nil}, values{"key": nil}, true)
			add(`{ key = "" }`, values{"key": ""}, values{"key": ""}, true)
			odd(`{ "" = "x" }`, values{"": "x"})
			add("{ ..., key = null }", withKey(elements, "key", nil), withKey(elements, "key", nil), true)
			add(
				"{ ..., key = unknown }, then null", withKey(elements, "key", entitytest.Unknown),
				withKey(elements, "key", nil), true,
			)
			add(
				"{ ..., key = unknown }, then valid", withKey(elements, "key", entitytest.Unknown),
				withKey(elements, "key", "x"), true,
			)
			add("unknown, then {}", entitytest.Unknown, values{}, true)
		case tftypes.Object:
			odd("{}", values{})
			add("unknown, then {}", entitytest.Unknown, values{}, false)
		default:
			switch {
			case typ.Is(tftypes.String):
				odd(`""`, "")
				odd("a space", " ")
				odd("a dynamic reference", "{{resolve:ssm:/x}}")
				odd("other characters", "\u00fcn\u00ef\u2028<&\"'\\${x}")
				add(`unknown, then ""`, entitytest.Unknown, "", false)
			case typ.Is(tftypes.Number):
				odd("0", int64(0))
				odd("-1", int64(-1))
				odd("2^53", int64(1<<53))
			case typ.Is(tftypes.Bool):
				odd("false", false)
			}
		}
	}
	return cases
}

func elementTypeOf(typ tftypes.Type) tftypes.Type {
	switch typ := typ.(type) {
	case tftypes.List:
		return typ.ElementType
	case tftypes.Set:
		return typ.ElementType
	}
	return nil
}

func withKey(m values, key string, value any) values {
	changed := maps.Clone(m)
	changed[key] = value
	return changed
}

func lookup(in any, at place) any {
	for _, step := range at {
		switch step := step.(type) {
		case string:
			members, _ := in.(values)
			in = members[step]
		case int:
			elements, _ := in.([]any)
			if step >= len(elements) {
				return nil
			}
			in = elements[step]
		}
	}
	return in
}

// with returns a copy of a configuration with another value at a place.
func with(in values, at place, value any) values {
	changed, _ := replaced(in, at, value).(values)
	return changed
}

func replaced(in any, at place, value any) any {
	if len(at) == 0 {
		return value
	}
	switch step := at[0].(type) {
	case string:
		members, _ := in.(values)
		return withKey(members, step, replaced(members[step], at[1:], value))
	case int:
		elements, _ := in.([]any)
		changed := slices.Clone(elements)
		changed[step] = replaced(elements[step], at[1:], value)
		return changed
	}
	return in
}
