package model

import (
	"errors"
	"fmt"
	"slices"
)

// NotFound is the kind of what was not found.
type NotFound string

const (
	// NotFoundProject means that the directory does not have the project.
	NotFoundProject NotFound = "project"
	// NotFoundDirectory means that the hub has never held a project, and so has no directory. A
	// caller that already manages the project uses the wrong hub.
	NotFoundDirectory NotFound = "directory"
	// NotFoundStack means that the account has no such stack, although the project exists or
	// should.
	NotFoundStack NotFound = "stack"
	// NotFoundEntity means that the project does not hold the entity, or no longer does.
	NotFoundEntity NotFound = "entity"
	// NotFoundParent means that the project does not hold the user or bucket that an entity needs.
	NotFoundParent NotFound = "parent"
	// NotFoundServer means that the project has no SFTP server, which a user needs.
	NotFoundServer NotFound = "server"
	// NotFoundOwner means that a stack named like a project's belongs to none.
	NotFoundOwner NotFound = "owner"
	// NotFoundTable means that the mirror's table does not exist.
	NotFoundTable NotFound = "table"
)

// NotFoundError is returned when something that an action needs does not exist. Fields that the
// kind does not need are empty.
type NotFoundError struct {
	Kind    NotFound
	Project string
	// ID is the entity that does not exist, and NeededBy the one that needs it.
	ID, NeededBy ID
	// Stack, AccountID and Region are where the stack was expected.
	Stack, AccountID, Region string
	// Table is the name of the mirror's table.
	Table string
	Err   error // AWS's answer, or nil
}

// Unwrap returns AWS's answer.
func (e *NotFoundError) Unwrap() error { return e.Err }

// IsNotFound reports whether err is a NotFoundError of one of the kinds.
func IsNotFound(err error, kinds ...NotFound) bool {
	var missing *NotFoundError
	return errors.As(err, &missing) && slices.Contains(kinds, missing.Kind)
}

func (e *NotFoundError) Error() string {
	switch e.Kind {
	case NotFoundProject:
		return fmt.Sprintf("the directory has no project %q", e.Project)
	case NotFoundDirectory:
		return fmt.Sprintf("the hub has no directory, so no project %q", e.Project)
	case NotFoundStack:
		text := fmt.Sprintf("the stack %s does not exist", e.Stack)
		if e.AccountID != "" {
			text += fmt.Sprintf(" in the account %s and region %s", e.AccountID, e.Region)
		}
		return text
	case NotFoundParent:
		return fmt.Sprintf("the %s needs the %s, which does not exist", e.NeededBy, e.ID)
	case NotFoundServer:
		return fmt.Sprintf("the %s needs the SFTP server of the project, which has none", e.NeededBy)
	case NotFoundOwner:
		return fmt.Sprintf(
			"the stack %s in the account %s and region %s belongs to no project", e.Stack, e.AccountID, e.Region,
		)
	case NotFoundTable:
		return fmt.Sprintf("the mirror's table %s does not exist", e.Table)
	case NotFoundEntity:
	}
	return fmt.Sprintf("the %s does not exist", e.ID)
}

// Explain implements Explainer.
func (e *NotFoundError) Explain() Explanation {
	switch e.Kind {
	case NotFoundProject, NotFoundDirectory:
		return Explanation{
			Attribute: AttributeProject,
			Cause:     fmt.Sprintf("The directory has no project %q.", e.Project),
			Changed:   ChangedNothing,
			Remedy: "Create the project first, as a stowage_project resource, and refer to its name (project = stowage_project.<NAME>.name) " +
				"so that Terraform knows the order; or check the name, and that the provider argument hub names the right hub.",
		}
	case NotFoundStack:
		return e.explainStack()
	case NotFoundParent:
		kind := string(e.ID.Kind)
		return Explanation{
			Attribute: kind,
			Cause:     fmt.Sprintf("Its %s %q does not exist in the project.", kind, e.ID.Name),
			Changed:   ChangedNothing,
			Remedy: fmt.Sprintf("Check the name, or refer to the resource (%[1]s = stowage_project_%[1]s.<NAME>.name) "+
				"so that Terraform creates it first.", kind),
		}
	case NotFoundServer:
		return Explanation{
			Attribute: "sftp",
			Cause:     "Its project has no SFTP server.",
			Changed:   ChangedNothing,
			Remedy: "Enable the server of the project (sftp = { enabled = true } in stowage_project; AWS charges for each hour of it), " +
				"or remove sftp here.",
		}
	case NotFoundOwner:
		return Explanation{Cause: Sentences("T" + e.Error()[1:])}
	case NotFoundTable:
		return Explanation{
			Cause: Sentences("T" + e.Error()[1:]),
			Remedy: "Check the settings of the hub: its SSM parameter names the table. " +
				"An empty table is enough: it is filled from the templates.",
		}
	case NotFoundEntity:
	}
	return Explanation{
		Cause:   "It does not exist any more: it was deleted after the plan was made.",
		Changed: ChangedNothing,
		Remedy:  "Run plan again: it shows what will be created.",
	}
}

func (e *NotFoundError) explainStack() Explanation {
	explanation := Explanation{
		Cause: fmt.Sprintf("The stack %s does not exist.", e.Stack),
		Remedy: "Check that the account is the right one and was not emptied. A missing stack is not taken for a deletion: " +
			"Terraform would create everything again. If the deletion of the project was interrupted, terraform destroy -refresh=false finishes it.",
	}
	if e.AccountID != "" {
		explanation.Cause = fmt.Sprintf(
			"The directory has the project %q, but the account %s has no stack %s in the region %s.", e.Project,
			e.AccountID, e.Stack, e.Region,
		)
	}
	return explanation
}
