package unchanged

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	fwschema "github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
)

type schema struct {
	version    int64
	attributes []attribute // sorted by name
	fields     [][]int     // index of the model's field for each attribute
	index      map[string]int
	identity   []string // names of the attributes of the identity, sorted
}

type attribute struct {
	name string
	node
	required bool
	readOnly bool
	// fallback is the default, or nil. defaults reports whether this attribute or a nested one has
	// a default.
	fallback attr.Value
	defaults bool
	texts    []validator.String
	integers []validator.Int64
	lists    []validator.List
	sets     []validator.Set
}

type node struct {
	kind          kind
	typ           attr.Type
	null, unknown attr.Value
	elem          *node                // of a list, set or map
	attributes    []attribute          // of an object, sorted by name
	types         map[string]attr.Type // of the attributes
}

type kind int

const (
	text kind = iota
	boolean
	integer
	list
	set
	mapping
	object
	withTimeouts // an object of the type timeouts.Type
)

// newSchema returns the schema of an object, or an error that names what is not supported.
func newSchema(ctx context.Context, o Object) (*schema, error) {
	if err := unknownInterfaces(ctx, o); err != nil {
		return nil, err
	}
	var resp resource.SchemaResponse
	o.Schema(ctx, resource.SchemaRequest{}, &resp)
	var errs []error
	if resp.Diagnostics.HasError() {
		errs = append(errs, errors.New("the schema has errors"))
	}
	errs = append(errs, unknownFields(resp.Schema, "Attributes", "Description", "MarkdownDescription", "Version")...)
	s := &schema{version: resp.Schema.Version, index: map[string]int{}}
	var err error
	if s.attributes, err = attributesOf(ctx, resp.Schema.Attributes); err != nil {
		errs = append(errs, err)
	}
	for i, a := range s.attributes {
		s.index[a.name] = i
	}
	errs = append(errs, s.addModel(o.NewModel()), s.addIdentity(ctx, o))
	return s, errors.Join(errs...)
}

// unknownInterfaces returns an error for the resource's interfaces that affect the answers but are
// not supported.
func unknownInterfaces(ctx context.Context, o Object) error {
	if _, ok := o.(resource.ResourceWithConfigValidators); ok {
		return errors.New("the resource has config validators")
	}
	var resp resource.MetadataResponse
	o.Metadata(ctx, resource.MetadataRequest{}, &resp)
	resp.ResourceBehavior.MutableIdentity = false // only the framework's checks depend on it
	if resp.ResourceBehavior != (resource.ResourceBehavior{}) {
		return errors.New("the resource has a behavior")
	}
	return nil
}

func (s *schema) addModel(model any) error {
	t := reflect.TypeOf(model)
	if t == nil || t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("the model is a %T, not a pointer to a struct", model)
	}
	s.fields = make([][]int, len(s.attributes))
	for _, field := range reflect.VisibleFields(t.Elem()) {
		if field.Anonymous {
			continue
		}
		name := field.Tag.Get("tfsdk")
		i, ok := s.index[name]
		if !ok {
			return fmt.Errorf("the model's field %s matches no attribute", field.Name)
		}
		if null := s.attributes[i].null; null == nil || !reflect.TypeOf(null).AssignableTo(field.Type) {
			return fmt.Errorf("the model's field %s is a %s", field.Name, field.Type)
		}
		s.fields[i] = field.Index
	}
	for i, a := range s.attributes {
		if s.fields[i] == nil {
			return fmt.Errorf("the model has no field for the attribute %s", a.name)
		}
	}
	return nil
}

func (s *schema) addIdentity(ctx context.Context, o Object) error {
	var resp resource.IdentitySchemaResponse
	o.IdentitySchema(ctx, resource.IdentitySchemaRequest{}, &resp)
	for name, a := range resp.IdentitySchema.Attributes {
		if a, ok := a.(identityschema.StringAttribute); !ok || a.CustomType != nil {
			return fmt.Errorf("the attribute %s of the identity is no plain string", name)
		}
		s.identity = append(s.identity, name)
	}
	slices.Sort(s.identity)
	return nil
}

func (s *schema) newValue(model any) *Value {
	return &Value{Model: model, schema: s, fields: reflect.ValueOf(model).Elem()}
}

// described are the fields of attributes that do not affect any answer.
var described = []string{"Required", "Optional", "Computed", "Sensitive", "Description", "MarkdownDescription"}

func attributesOf(ctx context.Context, from map[string]fwschema.Attribute) ([]attribute, error) {
	var attributes []attribute
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(from)) {
		a, err := attributeOf(ctx, from[name])
		if err != nil {
			errs = append(errs, fmt.Errorf("attribute %s: %w", name, err))
		}
		a.name = name
		attributes = append(attributes, a)
	}
	return attributes, errors.Join(errs...)
}

func attributeOf(ctx context.Context, from fwschema.Attribute) (attribute, error) {
	a := attribute{required: from.IsRequired(), readOnly: from.IsComputed() && !from.IsOptional()}
	var errs []error
	add := func(err error) { errs = append(errs, err) }
	fallback, err := defaultOf(ctx, from)
	add(err)
	a.fallback, a.defaults = fallback, fallback != nil
	var inner []attribute
	known := slices.Clone(described)
	switch from := from.(type) {
	case fwschema.StringAttribute:
		a.texts = from.Validators
		known = append(known, "Default", "Validators")
	case fwschema.BoolAttribute:
		known = append(known, "Default")
	case fwschema.Int64Attribute:
		a.integers = from.Validators
		known = append(known, "Default", "Validators")
	case fwschema.ListAttribute:
		a.lists = from.Validators
		known = append(known, "Default", "ElementType", "Validators")
	case fwschema.SetAttribute:
		a.sets = from.Validators
		known = append(known, "Default", "ElementType", "Validators")
	case fwschema.MapAttribute:
		known = append(known, "Default", "ElementType")
	case fwschema.SingleNestedAttribute:
		inner, err = attributesOf(ctx, from.Attributes)
		known = append(known, "Default", "Attributes", "CustomType")
	case fwschema.ListNestedAttribute:
		a.lists = from.Validators
		inner, err = nestedOf(ctx, from.NestedObject)
		known = append(known, "Default", "NestedObject", "Validators")
	case fwschema.MapNestedAttribute:
		inner, err = nestedOf(ctx, from.NestedObject)
		known = append(known, "Default", "NestedObject")
	default:
		return a, fmt.Errorf("a %T", from)
	}
	add(err)
	for _, i := range inner {
		a.defaults = a.defaults || i.defaults
	}
	errs = append(errs, unknownFields(from, known...)...)
	errs = append(errs, unknownValidators(&a)...)
	a.node, err = nodeOf(ctx, from.GetType(), inner)
	add(err)
	return a, errors.Join(errs...)
}

func nestedOf(ctx context.Context, o fwschema.NestedAttributeObject) ([]attribute, error) {
	attributes, err := attributesOf(ctx, o.Attributes)
	return attributes, errors.Join(append(unknownFields(o, "Attributes"), err)...)
}

// nodeOf returns the node of a type; inner are the attributes of a nested attribute's object or
// elements.
func nodeOf(ctx context.Context, t attr.Type, inner []attribute) (node, error) {
	n := node{typ: t}
	ofElements := func(k kind, elem attr.Type, null, unknown attr.Value) (node, error) {
		e, err := nodeOf(ctx, elem, inner)
		if err == nil && k == set && e.kind != text {
			err = errors.New("a set of other than strings")
		}
		n.kind, n.elem, n.null, n.unknown = k, &e, null, unknown
		return n, err
	}
	switch t := t.(type) {
	case basetypes.StringType:
		n.kind, n.null, n.unknown = text, types.StringNull(), types.StringUnknown()
	case basetypes.BoolType:
		n.kind, n.null, n.unknown = boolean, types.BoolNull(), types.BoolUnknown()
	case basetypes.Int64Type:
		n.kind, n.null, n.unknown = integer, types.Int64Null(), types.Int64Unknown()
	case types.ListType:
		return ofElements(list, t.ElemType, types.ListNull(t.ElemType), types.ListUnknown(t.ElemType))
	case types.SetType:
		return ofElements(set, t.ElemType, types.SetNull(t.ElemType), types.SetUnknown(t.ElemType))
	case types.MapType:
		return ofElements(mapping, t.ElemType, types.MapNull(t.ElemType), types.MapUnknown(t.ElemType))
	case types.ObjectType:
		n.kind, n.types = object, t.AttrTypes
		n.null, n.unknown = types.ObjectNull(n.types), types.ObjectUnknown(n.types)
	case timeouts.Type:
		n.kind, n.types = withTimeouts, t.AttrTypes
		n.null, n.unknown = timeouts.Value{Object: types.ObjectNull(n.types)}, timeouts.Value{
			Object: types.ObjectUnknown(n.types),
		}
	default:
		return n, fmt.Errorf("the type %T", t)
	}
	if n.types != nil {
		if len(inner) != len(n.types) {
			return n, errors.New("an object that is no nested attribute")
		}
		n.attributes = inner
	}
	return n, nil
}

// unknownFields returns an error for each field of a struct that is set and not in names: a part of
// the schema that this package does not know, or a field of a newer framework.
func unknownFields(of any, names ...string) []error {
	var errs []error
	v := reflect.ValueOf(of)
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; !slices.Contains(names, name) && !v.Field(i).IsZero() {
			errs = append(errs, fmt.Errorf("%s of %s", name, v.Type()))
		}
	}
	return errs
}

// objectOf returns the object behind a value of an object type.
func objectOf(v attr.Value) (types.Object, bool) {
	switch v := v.(type) {
	case types.Object:
		return v, true
	case timeouts.Value:
		return v.Object, true
	}
	return types.Object{}, false
}

func (n *node) objectValue(attributes map[string]attr.Value) (attr.Value, bool) {
	o, diags := types.ObjectValue(n.types, attributes)
	if n.kind == withTimeouts {
		return timeouts.Value{Object: o}, !diags.HasError()
	}
	return o, !diags.HasError()
}
