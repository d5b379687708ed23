package template

import (
	"fmt"
	"strconv"
)

// Limits of CloudFormation (user guide, cloudformation-limits), and lower budgets of our own. A
// stack that is full for new entities can still be changed.
const (
	MaxResources     = 500
	MaxTemplateBytes = 1_000_000
	MaxInlineBytes   = 51_200 // a larger template is passed to CloudFormation by URL

	maxDynamicReferences = 60

	BudgetResources     = 450
	BudgetTemplateBytes = 900_000
	// BudgetBodyBytes is for the mirror's item of a stack, with its limit of 400 KB (DynamoDB
	// developer guide, Limits).
	BudgetBodyBytes = 350_000
	maxBodyBytes    = 400_000
	// BudgetDynamicReferences limits the users with access keys, with one reference each.
	BudgetDynamicReferences = 50
)

// Usage is how much of its limits a stack uses.
type Usage struct {
	Resources         int `json:"resources"`
	TemplateBytes     int `json:"template_bytes"`
	BodyBytes         int `json:"body_bytes"`
	DynamicReferences int `json:"dynamic_references,omitempty"`
}

// Budget returns how much of its limits a stack may use.
func Budget() Usage {
	return Usage{BudgetResources, BudgetTemplateBytes, BudgetBodyBytes, BudgetDynamicReferences}
}

// limits are the hard limits of what has a budget.
var limits = Usage{MaxResources, MaxTemplateBytes, maxBodyBytes, maxDynamicReferences}

// Left returns what is left of a budget, at least 0.
func (u Usage) Left(budget Usage) Usage {
	return Usage{
		max(budget.Resources-u.Resources, 0),
		max(budget.TemplateBytes-u.TemplateBytes, 0),
		max(budget.BodyBytes-u.BodyBytes, 0),
		max(budget.DynamicReferences-u.DynamicReferences, 0),
	}
}

// Plus returns the usage of two stacks together.
func (u Usage) Plus(other Usage) Usage {
	return Usage{
		u.Resources + other.Resources,
		u.TemplateBytes + other.TemplateBytes,
		u.BodyBytes + other.BodyBytes,
		u.DynamicReferences + other.DynamicReferences,
	}
}

// minus returns the usage of a stack without a part of it.
func (u Usage) minus(part Usage) Usage {
	return Usage{
		u.Resources - part.Resources, u.TemplateBytes - part.TemplateBytes, u.BodyBytes - part.BodyBytes,
		u.DynamicReferences - part.DynamicReferences,
	}
}

// Over returns a *FullError for the first budget that the usage exceeds, or nil.
func (u Usage) Over(budget Usage) error {
	for _, check := range []FullError{
		{"resources of the stack", u.Resources, budget.Resources, true},
		{"bytes of the stack's template", u.TemplateBytes, budget.TemplateBytes, true},
		{"bytes of the stack's mirror item", u.BodyBytes, budget.BodyBytes, true},
		{"users with access keys of the stack", u.DynamicReferences, budget.DynamicReferences, true},
	} {
		if check.Have > check.Budget {
			return &check
		}
	}
	return nil
}

// FullError is returned for a change that would exceed a budget.
type FullError struct {
	What         string
	Have, Budget int
	Stack        bool // the stack is full: another one may have room
}

func (e *FullError) Error() string {
	return fmt.Sprintf("the %s would be %d, over the budget of %d by %d", e.What, e.Have, e.Budget, e.Have-e.Budget)
}

func suffix(n int) string { return strconv.Itoa(n) }
