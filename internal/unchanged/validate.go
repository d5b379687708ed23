package unchanged

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// validators are those that use the value only, and accept null and unknown values. Validators that
// compare attributes, or wrap other validators, need the framework's configuration.
var validators = map[string]bool{
	"stringvalidator.oneOfValidator":         true,
	"stringvalidator.lengthAtLeastValidator": true,
	"int64validator.atLeastValidator":        true,
	"listvalidator.noNullValuesValidator":    true,
	"setvalidator.noNullValuesValidator":     true,
	"validators.timeDurationValidator":       true, // of timeouts
}

// ByValue is implemented by the provider's own validators that use the value only, and accept null
// and unknown values.
type ByValue interface{ ByValue() }

func unknownValidators(a *attribute) []error {
	var errs []error
	add := func(v any) {
		if _, byValue := v.(ByValue); byValue {
			return
		}
		if name := fmt.Sprintf("%T", v); !validators[name] {
			errs = append(errs, fmt.Errorf("the validator %s", name))
		}
	}
	for _, v := range a.texts {
		add(v)
	}
	for _, v := range a.integers {
		add(v)
	}
	for _, v := range a.lists {
		add(v)
	}
	for _, v := range a.sets {
		add(v)
	}
	return errs
}

// valid reports whether the framework would return no diagnostic for a configuration.
func (s *schema) valid(ctx context.Context, config *Value) bool {
	for i := range s.attributes {
		if !s.attributes[i].valid(ctx, config.get(i)) {
			return false
		}
	}
	return true
}

func (a *attribute) valid(ctx context.Context, v attr.Value) bool {
	if v.IsNull() {
		return !a.required
	}
	if a.readOnly {
		return false
	}
	if v.IsUnknown() {
		return true
	}
	return a.validatorsAccept(ctx, v) && a.node.valid(ctx, v)
}

func (a *attribute) validatorsAccept(ctx context.Context, v attr.Value) bool {
	var diags diag.Diagnostics
	switch v := v.(type) {
	case types.String:
		for _, check := range a.texts {
			var resp validator.StringResponse
			check.ValidateString(ctx, validator.StringRequest{ConfigValue: v}, &resp)
			diags.Append(resp.Diagnostics...)
		}
	case types.Int64:
		for _, check := range a.integers {
			var resp validator.Int64Response
			check.ValidateInt64(ctx, validator.Int64Request{ConfigValue: v}, &resp)
			diags.Append(resp.Diagnostics...)
		}
	case types.List:
		for _, check := range a.lists {
			var resp validator.ListResponse
			check.ValidateList(ctx, validator.ListRequest{ConfigValue: v}, &resp)
			diags.Append(resp.Diagnostics...)
		}
	case types.Set:
		for _, check := range a.sets {
			var resp validator.SetResponse
			check.ValidateSet(ctx, validator.SetRequest{ConfigValue: v}, &resp)
			diags.Append(resp.Diagnostics...)
		}
	}
	return len(diags) == 0
}

// valid validates the attributes within a known value.
func (n *node) valid(ctx context.Context, v attr.Value) bool {
	switch v := v.(type) {
	case types.List:
		for _, element := range v.Elements() {
			if !n.elem.validElement(ctx, element) {
				return false
			}
		}
		return true
	case types.Map:
		for _, element := range v.Elements() {
			if !n.elem.validElement(ctx, element) {
				return false
			}
		}
		return true
	}
	o, ok := objectOf(v)
	if !ok {
		return true
	}
	attributes := o.Attributes()
	for i := range n.attributes {
		if !n.attributes[i].valid(ctx, attributes[n.attributes[i].name]) {
			return false
		}
	}
	return true
}

func (n *node) validElement(ctx context.Context, v attr.Value) bool {
	if n.attributes == nil {
		return true
	}
	// The framework validates attributes even within null or unknown elements.
	return !v.IsNull() && !v.IsUnknown() && n.valid(ctx, v)
}
