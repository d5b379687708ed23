package entitytest

import (
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Unknown is a configuration value that is only known after the apply.
var Unknown = unknown{}

type unknown struct{}

// Values are the arguments of a configuration or the attributes of a state: strings, booleans,
// int64, []any, Values, nil and Unknown.
type Values = map[string]any

func (tf *Terraform) dynamic(typ tftypes.Type, value tftypes.Value) *tfprotov6.DynamicValue {
	tf.t.Helper()
	dynamic, err := tfprotov6.NewDynamicValue(typ, value)
	tf.must(err)
	return &dynamic
}

// Value returns a Terraform value of a resource's type.
func (tf *Terraform) Value(typ string, v Values) tftypes.Value {
	tf.t.Helper()
	_, valueType := tf.resource(typ)
	return tf.value(valueType, v)
}

func (tf *Terraform) value(typ tftypes.Type, v any) tftypes.Value {
	tf.t.Helper()
	switch v := v.(type) {
	case nil:
		return tftypes.NewValue(typ, nil)
	case unknown:
		return tftypes.NewValue(typ, tftypes.UnknownValue)
	case Values:
		switch typ := typ.(type) {
		case tftypes.Object:
			object := map[string]tftypes.Value{}
			for name, attribute := range typ.AttributeTypes {
				object[name] = tf.value(attribute, v[name])
			}
			for name := range v {
				if _, ok := typ.AttributeTypes[name]; !ok {
					tf.t.Fatalf("there is no attribute %s", name)
				}
			}
			return tftypes.NewValue(typ, object)
		case tftypes.Map:
			elements := map[string]tftypes.Value{}
			for name := range v {
				elements[name] = tf.value(typ.ElementType, v[name])
			}
			return tftypes.NewValue(typ, elements)
		}
	case []any:
		elements := make([]tftypes.Value, 0, len(v))
		for _, element := range v {
			elements = append(elements, tf.value(elementType(typ), element))
		}
		return tftypes.NewValue(typ, elements)
	}
	return tftypes.NewValue(typ, v)
}

func elementType(typ tftypes.Type) tftypes.Type {
	switch typ := typ.(type) {
	case tftypes.List:
		return typ.ElementType
	case tftypes.Set:
		return typ.ElementType
	}
	return tftypes.DynamicPseudoType
}

// Get returns an attribute as a Go value.
func (o *Object) Get(attribute string) any { return attributeOf(o.state, attribute) }

func attributeOf(value tftypes.Value, attribute string) any {
	values, _ := Plain(value).(Values)
	return values[attribute]
}

// Plain converts a Terraform value to a Go value.
func Plain(value tftypes.Value) any {
	switch {
	case !value.IsKnown():
		return Unknown
	case value.IsNull():
		return nil
	case value.Type().Is(tftypes.String):
		var s string
		_ = value.As(&s)
		return s
	case value.Type().Is(tftypes.Bool):
		var b bool
		_ = value.As(&b)
		return b
	case value.Type().Is(tftypes.Number):
		return number(value)
	case value.Type().Is(tftypes.Object{}), value.Type().Is(tftypes.Map{}):
		members := map[string]tftypes.Value{}
		_ = value.As(&members)
		result := Values{}
		for name, member := range members {
			result[name] = Plain(member)
		}
		return result
	}
	var elements []tftypes.Value
	_ = value.As(&elements)
	result := []any{}
	for _, element := range elements {
		result = append(result, Plain(element))
	}
	return result
}
