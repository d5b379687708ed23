package hubs

import (
	"fmt"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/hub"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// NotFoundError is returned for a hub that does not exist.
type NotFoundError struct {
	Name  string
	Place hub.Place
}

func (e *NotFoundError) Error() string {
	return fmt.Sprintf("there is no hub %q in account %s, Region %s", e.Name, e.Place.AccountID, e.Place.Region)
}

// Explain implements model.Explainer.
func (e *NotFoundError) Explain() model.Explanation {
	return model.Explanation{
		Attribute: model.AttributeName,
		Cause: fmt.Sprintf("There is no hub %q: account %s has no stack %s in Region %s.",
			e.Name, e.Place.AccountID, hub.StackName(e.Name), e.Place.Region),
		Changed: model.ChangedNothing,
		Remedy:  "Check the name, and the account and Region of the provider's credentials.",
	}
}

// ExistsError is returned when the name of a hub to create is in use.
type ExistsError struct {
	Name  string
	Place hub.Place
	// By is what has the name: the stack of another hub, or a resource of a hub without a stack.
	By string
	// Importable reports that By is a hub that can be imported.
	Importable bool
}

func (e *ExistsError) Error() string {
	return fmt.Sprintf("the hub %q exists already: %s", e.Name, e.By)
}

// Explain implements model.Explainer.
func (e *ExistsError) Explain() model.Explanation {
	remedy := "Choose another name, or delete what has the name."
	if e.Importable {
		remedy = "Choose another name, or import the hub."
	}
	return model.Explanation{
		Attribute: model.AttributeName,
		Cause: fmt.Sprintf("The name %q is in use in account %s, Region %s: %s.",
			e.Name, e.Place.AccountID, e.Place.Region, e.By),
		Changed:    model.ChangedNothing,
		Remedy:     remedy,
		Importable: e.Importable,
	}
}

// DowngradeError is returned when an update would replace the relay or the template of a newer
// version.
type DowngradeError struct {
	Name string
	// Deployed and Wanted are the versions of the relay. They are equal if only the template is
	// newer.
	Deployed, Wanted string
}

func (e *DowngradeError) Error() string {
	return fmt.Sprintf("the hub %q has version %s, which is newer than %s", e.Name, e.Deployed, e.Wanted)
}

// Explain implements model.Explainer.
func (e *DowngradeError) Explain() model.Explanation {
	return model.Explanation{
		Cause: fmt.Sprintf("The hub %q was deployed by a newer version of Stowage: its relay has version %s, and this provider deploys %s.",
			e.Name, e.Deployed, e.Wanted),
		Changed: model.ChangedNothing,
		Remedy:  "Upgrade the provider, or allow the downgrade explicitly.",
	}
}

// HoldsProjectsError is returned when a hub to delete still holds projects.
type HoldsProjectsError struct {
	Name     string
	Projects []string // sorted
}

func (e *HoldsProjectsError) Error() string {
	return fmt.Sprintf("the hub %q holds %d projects: %s", e.Name, len(e.Projects), strings.Join(e.Projects, ", "))
}

// maxListed is how many projects an explanation lists.
const maxListed = 10

// Explain implements model.Explainer.
func (e *HoldsProjectsError) Explain() model.Explanation {
	listed := e.Projects
	more := ""
	if len(listed) > maxListed {
		more = fmt.Sprintf(" and %d more", len(listed)-maxListed)
		listed = listed[:maxListed]
	}
	return model.Explanation{
		Cause:   fmt.Sprintf("The hub %q still holds projects: %s%s.", e.Name, strings.Join(listed, ", "), more),
		Changed: model.ChangedNothing,
		Remedy:  "Delete the projects first. Without their hub they could no longer be managed.",
	}
}

// PrerequisiteError is returned when something that the settings refer to cannot be used: the
// issuer, a certificate, or an OIDC provider of the account.
type PrerequisiteError struct {
	Attribute string // the path of the setting, with dots between its steps
	Cause     string // one or more complete sentences
	Remedy    string
	Err       error // nil without one
}

func (e *PrerequisiteError) Error() string {
	if e.Err != nil {
		return e.Attribute + ": " + e.Cause + " " + e.Err.Error()
	}
	return e.Attribute + ": " + e.Cause
}

// Unwrap returns the error of the failed call.
func (e *PrerequisiteError) Unwrap() error { return e.Err }

// Explain implements model.Explainer.
func (e *PrerequisiteError) Explain() model.Explanation {
	remedy := e.Remedy
	if e.Err != nil {
		remedy += "\n\nOriginal error: " + e.Err.Error()
	}
	return model.Explanation{Attribute: e.Attribute, Cause: e.Cause, Changed: model.ChangedNothing, Remedy: remedy}
}
