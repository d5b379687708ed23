package cloudformation

import (
	"reflect"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

func (op *operation) outputs() ([]output, error) {
	var list []output
	for _, name := range sortedKeys(op.next.template.outputs) {
		o := op.next.template.outputs[name]
		condition, _ := o["Condition"].(string)
		wanted, err := op.scope.wanted(condition)
		if err != nil {
			return nil, err
		}
		if !wanted {
			continue
		}
		v, err := op.scope.resolve(o["Value"])
		if err != nil {
			return nil, err
		}
		text, err := textOf(v)
		if err != nil {
			return nil, err
		}
		description, _ := o["Description"].(string)
		list = append(list, output{OutputKey: name, OutputValue: text, Description: description})
	}
	return list, nil
}

// valueOf returns Ref and GetAtt of a resource during the deployment.
func (op *operation) valueOf(name, attribute string) (any, error) {
	r := op.st.resources[name]
	if r == nil || r.physicalID == "" {
		return nil, invalid("Template error: resource %s is not there", name)
	}
	return r.value(attribute)
}

func (r *resource) value(attribute string) (any, error) {
	if attribute == "" {
		return r.physicalID, nil
	}
	if v, ok := r.attributes[attribute]; ok {
		return v, nil
	}
	if v, ok := r.properties[attribute]; ok {
		return v, nil
	}
	return nil, cloud.NotModelled("the attribute %s of %s (an imported resource has none)", attribute, r.logicalID)
}

// requestedName returns a resource's future name: its primary identifier in the template, else
// another name property, else the logical ID.
func requestedName(schema *cloud.TypeSchema, properties map[string]any, logicalID string) string {
	for _, property := range schema.PrimaryID {
		if s, ok := properties[property].(string); ok {
			return s
		}
	}
	for _, property := range sortedKeys(properties) {
		if s, ok := properties[property].(string); ok && schema.Properties[property].CreateOnly &&
			strings.HasSuffix(property, "Name") {
			return s
		}
	}
	return logicalID
}

// sameName reports whether both versions of a resource have the same explicit identity.
func sameName(schema *cloud.TypeSchema, old, next map[string]any) bool {
	if len(schema.PrimaryID) == 0 {
		return false
	}
	for _, property := range schema.PrimaryID {
		a, ok := old[property]
		if !ok || !reflect.DeepEqual(a, next[property]) {
			return false
		}
	}
	return true
}

// changedProperties returns the top-level properties that differ, sorted.
func changedProperties(old, next map[string]any) []string {
	var changed []string
	for name, v := range next {
		if before, ok := old[name]; !ok || !reflect.DeepEqual(before, v) {
			changed = append(changed, name)
		}
	}
	for name := range old {
		if _, ok := next[name]; !ok {
			changed = append(changed, name)
		}
	}
	slices.Sort(changed)
	return changed
}

func copyOf(r *resource) *resource {
	c := *r
	return &c
}
