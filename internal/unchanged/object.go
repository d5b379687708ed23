package unchanged

import (
	"context"
	"reflect"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Object is a resource whose decisions can be made on Go models. A method that returns a bool
// reports whether the decision has no diagnostics; false declines. The methods are called
// concurrently.
type Object interface {
	resource.ResourceWithConfigure
	resource.ResourceWithIdentity

	// NewModel returns a pointer to a zero model: a struct with a field per attribute, as filled by
	// the framework's Get.
	NewModel() any
	// IdentityOf returns the identity attributes of an object in the state.
	IdentityOf(ctx context.Context, state *Value) (map[string]types.String, bool)

	// ValidateModel makes the decision of ValidateConfig.
	ValidateModel(ctx context.Context, config *Value) bool
	// ReadModel makes the decision of Read. It updates state.Model and the private state as Read
	// would.
	ReadModel(ctx context.Context, state *Value, private *Private) bool
	// PlanModel makes the decision of ModifyPlan. It updates plan.Model and the private state as
	// ModifyPlan would.
	PlanModel(ctx context.Context, config, plan, state *Value, private *Private) bool
	// PlanDestroyModel makes the decision of ModifyPlan for a plan to destroy.
	PlanDestroyModel(ctx context.Context, state *Value, private *Private) bool
}

// Value is a decoded configuration, plan or state.
type Value struct {
	// Model points to the model.
	Model any

	schema *schema
	fields reflect.Value // the struct that Model points to
	known  bool          // it contains no unknown value
}

func (v *Value) get(i int) attr.Value {
	value, _ := v.fields.FieldByIndex(v.schema.fields[i]).Interface().(attr.Value)
	return value
}

func (v *Value) set(i int, value attr.Value) {
	v.fields.FieldByIndex(v.schema.fields[i]).Set(reflect.ValueOf(value))
}

// copy returns an independent copy; the values in models are immutable.
func (v *Value) copy() *Value {
	c := v.schema.newValue(reflect.New(v.fields.Type()).Interface())
	c.fields.Set(v.fields)
	c.known = v.known
	return c
}

func (v *Value) equal(o *Value) bool {
	for i := range v.schema.attributes {
		if !v.get(i).Equal(o.get(i)) {
			return false
		}
	}
	return true
}

// GetAttribute sets target, a *types.String or an *attr.Value, to the attribute at a path of
// attribute names and list indexes, like the method of the framework's values.
func (v *Value) GetAttribute(_ context.Context, at path.Path, target any) diag.Diagnostics {
	value := v.at(at)
	switch target := target.(type) {
	case *attr.Value:
		if value != nil {
			*target = value
			return nil
		}
	case *types.String:
		if text, ok := value.(types.String); ok {
			*target = text
			return nil
		}
	}
	return diag.Diagnostics{diag.NewErrorDiagnostic("Unknown Attribute", "There is no attribute "+at.String()+".")}
}

// at returns nil for a missing attribute.
func (v *Value) at(at path.Path) attr.Value {
	var value attr.Value
	for i, step := range at.Steps() {
		switch step := step.(type) {
		case path.PathStepAttributeName:
			if i == 0 {
				field, ok := v.schema.index[string(step)]
				if !ok {
					return nil
				}
				value = v.get(field)
				continue
			}
			object, ok := objectOf(value)
			if !ok {
				return nil
			}
			value = object.Attributes()[string(step)]
		case path.PathStepElementKeyInt:
			list, ok := value.(types.List)
			if !ok || int(step) < 0 || int(step) >= len(list.Elements()) {
				return nil
			}
			value = list.Elements()[step]
		default:
			return nil
		}
	}
	return value
}
