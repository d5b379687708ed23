package unchanged

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	fwschema "github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/defaults"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// defaultOf returns the default of an attribute, which must be a static one of the framework; nil
// if there is none.
func defaultOf(ctx context.Context, a fwschema.Attribute) (attr.Value, error) {
	switch a := a.(type) {
	case fwschema.StringAttribute:
		return staticDefault(a.Default, func() attr.Value {
			var resp defaults.StringResponse
			a.Default.DefaultString(ctx, defaults.StringRequest{}, &resp)
			return resp.PlanValue
		})
	case fwschema.BoolAttribute:
		return staticDefault(a.Default, func() attr.Value {
			var resp defaults.BoolResponse
			a.Default.DefaultBool(ctx, defaults.BoolRequest{}, &resp)
			return resp.PlanValue
		})
	case fwschema.Int64Attribute:
		return staticDefault(a.Default, func() attr.Value {
			var resp defaults.Int64Response
			a.Default.DefaultInt64(ctx, defaults.Int64Request{}, &resp)
			return resp.PlanValue
		})
	case fwschema.ListAttribute:
		return listDefault(ctx, a.Default)
	case fwschema.ListNestedAttribute:
		return listDefault(ctx, a.Default)
	case fwschema.SetAttribute:
		return staticDefault(a.Default, func() attr.Value {
			var resp defaults.SetResponse
			a.Default.DefaultSet(ctx, defaults.SetRequest{}, &resp)
			return resp.PlanValue
		})
	case fwschema.MapAttribute:
		return mapDefault(ctx, a.Default)
	case fwschema.MapNestedAttribute:
		return mapDefault(ctx, a.Default)
	case fwschema.SingleNestedAttribute:
		return staticDefault(a.Default, func() attr.Value {
			var resp defaults.ObjectResponse
			a.Default.DefaultObject(ctx, defaults.ObjectRequest{}, &resp)
			return resp.PlanValue
		})
	}
	return nil, nil //nolint:nilnil // no default and no error: newSchema refuses other types
}

func listDefault(ctx context.Context, d defaults.List) (attr.Value, error) {
	return staticDefault(d, func() attr.Value {
		var resp defaults.ListResponse
		d.DefaultList(ctx, defaults.ListRequest{}, &resp)
		return resp.PlanValue
	})
}

func mapDefault(ctx context.Context, d defaults.Map) (attr.Value, error) {
	return staticDefault(d, func() attr.Value {
		var resp defaults.MapResponse
		d.DefaultMap(ctx, defaults.MapRequest{}, &resp)
		return resp.PlanValue
	})
}

// staticDefault returns the value of a constant default.
func staticDefault(d any, value func() attr.Value) (attr.Value, error) {
	if d == nil {
		return nil, nil //nolint:nilnil // no default
	}
	const static = "github.com/hashicorp/terraform-plugin-framework/resource/schema/"
	t := reflect.TypeOf(d)
	if !strings.HasPrefix(t.PkgPath(), static) || !strings.HasPrefix(t.Name(), "static") {
		return nil, fmt.Errorf("the default %s", t)
	}
	return value(), nil
}

// applyDefaults sets the defaults of attributes that the configuration omits in a proposed state,
// as the framework does. ok is false if the framework's result is unknown.
func (s *schema) applyDefaults(config, plan *Value) (ok bool) {
	for i, a := range s.attributes {
		if !a.defaults {
			continue
		}
		value, ok := a.withDefaults(config.get(i), plan.get(i))
		if !ok {
			return false
		}
		plan.set(i, value)
	}
	return true
}

func (a *attribute) withDefaults(config, plan attr.Value) (attr.Value, bool) {
	if config.IsNull() && a.fallback != nil {
		return a.fallback, true
	}
	if plan.IsNull() || !a.defaultsWithin() {
		return plan, true
	}
	if config.IsNull() {
		return nil, false
	}
	return a.node.withDefaults(config, plan)
}

// defaultsWithin reports whether attributes within values of the node have defaults.
func (n *node) defaultsWithin() bool {
	if n.elem != nil {
		return n.elem.defaultsWithin()
	}
	for _, a := range n.attributes {
		if a.defaults {
			return true
		}
	}
	return false
}

// withDefaults applies defaults within a value; neither is null.
func (n *node) withDefaults(config, plan attr.Value) (attr.Value, bool) {
	switch plan := plan.(type) {
	case types.List:
		given, ok := config.(types.List)
		if !ok || len(given.Elements()) != len(plan.Elements()) {
			return nil, false
		}
		elements, configured := plan.Elements(), given.Elements()
		for i := range elements {
			if configured[i].IsNull() || elements[i].IsNull() {
				return nil, false
			}
			if elements[i], ok = n.elem.withDefaults(configured[i], elements[i]); !ok {
				return nil, false
			}
		}
		value, diags := types.ListValue(n.elem.typ, elements)
		return value, !diags.HasError()
	case types.Map:
		given, ok := config.(types.Map)
		if !ok || len(given.Elements()) != len(plan.Elements()) {
			return nil, false
		}
		elements := plan.Elements()
		for key, configured := range given.Elements() {
			element, ok := elements[key]
			if !ok || configured.IsNull() || element.IsNull() {
				return nil, false
			}
			if elements[key], ok = n.elem.withDefaults(configured, element); !ok {
				return nil, false
			}
		}
		value, diags := types.MapValue(n.elem.typ, elements)
		return value, !diags.HasError()
	}
	planned, ok := objectOf(plan)
	given, alsoObject := objectOf(config)
	if !ok || !alsoObject {
		return nil, false
	}
	attributes, configured := maps.Clone(planned.Attributes()), given.Attributes()
	for i := range n.attributes {
		a := &n.attributes[i]
		if !a.defaults {
			continue
		}
		if attributes[a.name], ok = a.withDefaults(configured[a.name], attributes[a.name]); !ok {
			return nil, false
		}
	}
	return n.objectValue(attributes)
}
