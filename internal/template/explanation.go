package template

import (
	"fmt"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// upgrade is the remedy for what a newer version of the provider wrote.
const upgrade = "Upgrade the provider."

// Explain implements model.Explainer.
func (e *ExistsError) Explain() model.Explanation {
	cause := "It exists already, and no configuration's origin is recorded for it."
	if e.Origin != "" {
		cause = fmt.Sprintf("It exists already. A configuration with the origin %q created it.", e.Origin)
	}
	return model.Explanation{
		Attribute: model.AttributeName,
		Cause:     cause + " An object that an interrupted run created is taken over only if its settings and its origin are the same.",
		Changed:   model.ChangedNothing, Importable: true,
		Remedy: "Otherwise, choose another name.",
	}
}

// Explain implements model.Explainer.
func (e *TwiceError) Explain() model.Explanation {
	return model.Explanation{
		Attribute: model.AttributeName,
		Cause:     "Another resource of this run creates it at the same time, with other settings.",
		Changed:   model.ChangedNothing,
		Remedy:    "Rename or remove one of the two resources: a name stands for one object in a project.",
	}
}

// Explain implements model.Explainer.
func (e *GoneError) Explain() model.Explanation {
	return model.Explanation{
		Cause:   "It does not exist any more: it was deleted after the plan was made.",
		Changed: model.ChangedNothing,
		Remedy:  "Run plan again: it shows what will be created.",
	}
}

// Explain implements model.Explainer.
func (e *MissingError) Explain() model.Explanation {
	kind := string(e.Parent.Kind)
	return model.Explanation{
		Attribute: kind,
		Cause:     fmt.Sprintf("Its %s %q does not exist in the project.", kind, e.Parent.Name),
		Changed:   model.ChangedNothing,
		Remedy:    fmt.Sprintf("Check the name, or refer to the resource (%[1]s = stowage_project_%[1]s.<NAME>.name) so that Terraform creates it first.", kind),
	}
}

// Explain implements model.Explainer.
func (e *NoServerError) Explain() model.Explanation {
	return model.Explanation{
		Attribute: "sftp",
		Cause:     "Its project has no SFTP server.",
		Changed:   model.ChangedNothing,
		Remedy:    "Enable the server of the project (sftp = { enabled = true } in stowage_project; AWS charges for each hour of it), or remove sftp here.",
	}
}

// Explain implements model.Explainer.
func (e *SpreadError) Explain() model.Explanation {
	return model.Explanation{
		Cause:   fmt.Sprintf("The stack of the user %s has no room for another policy. The permissions of a user with SFTP must be in one stack, with the user's directories.", e.User),
		Changed: model.ChangedNothing,
		Remedy:  "Create another user for the other buckets, remove permissions that are no longer needed, or remove sftp from the user.",
	}
}

// Explain implements model.Explainer.
func (e *MovedError) Explain() model.Explanation {
	return model.Explanation{
		Attribute: "access_key",
		Cause:     "Another writer changed its access keys after the plan was made.",
		Changed:   model.ChangedNothing,
		Remedy:    "Run plan again: it shows the current keys and how they will change.",
	}
}

// Explain implements model.Explainer.
func (e *InUseError) Explain() model.Explanation {
	return model.Explanation{
		Cause:   fmt.Sprintf("It is still needed by: %s.", firstOf(e.By)),
		Changed: model.ChangedNothing,
		Remedy: "Remove these first. If they are in this configuration, refer to this object's name in them, so that Terraform knows the order; " +
			"if not, another configuration or person manages them.",
	}
}

// Explain implements model.Explainer.
func (e *ServerInUseError) Explain() model.Explanation {
	return model.Explanation{
		Attribute: "sftp",
		Cause:     fmt.Sprintf("Users still have SFTP: %s.", firstOf(e.By)),
		Changed:   model.ChangedNothing,
		Remedy:    "First apply without sftp in these users, then remove the server: Terraform changes the project before its users.",
	}
}

// Explain implements model.Explainer.
func (e *ClosingError) Explain() model.Explanation {
	return model.Explanation{
		Cause:   fmt.Sprintf("The project %q is being deleted and accepts no changes.", e.Project),
		Changed: model.ChangedNothing,
		Remedy:  "Finish the deletion by applying again where it was started; then create the project again if it is still wanted.",
	}
}

// Explain implements model.Explainer.
func (e *GrownError) Explain() model.Explanation {
	return model.Explanation{
		Cause:   fmt.Sprintf("The project %q was given another stack in the meantime: it has %d now.", e.Project, e.Shards),
		Changed: model.ChangedNothing,
		Remedy:  "Apply again.",
	}
}

// Explain implements model.Explainer.
func (e *FullError) Explain() model.Explanation {
	return model.Explanation{
		Cause:   "There is no room for it: " + e.Error() + ".",
		Changed: model.ChangedNothing,
		Remedy:  "Remove what is no longer needed, or create another project.",
	}
}

// Explain implements model.Explainer.
func (e *TransformError) Explain() model.Explanation {
	return model.Explanation{
		Cause:   fmt.Sprintf("The template of its stack has a Transform section (%s) that was added by hand. CloudFormation does not return what such a template becomes.", e.Transform),
		Changed: model.ChangedNothing,
		Remedy:  "Update the stack with a template without the Transform section.",
	}
}

// Explain implements model.Explainer.
func (e *NewerFormatError) Explain() model.Explanation {
	return model.Explanation{
		Cause:   fmt.Sprintf("A newer version of the provider wrote its stack: %s.", e.Error()),
		Changed: model.ChangedNothing, Remedy: upgrade,
	}
}

// Explain implements model.Explainer.
func (e *NewerSettingsError) Explain() model.Explanation {
	return model.Explanation{
		Cause:   fmt.Sprintf("A newer version of the provider wrote it: %s.", e.Error()),
		Changed: model.ChangedNothing, Remedy: upgrade,
	}
}

// firstOf names the first ids of many.
func firstOf(ids []model.ID) string {
	const most = 10
	if len(ids) <= most {
		return names(ids)
	}
	return strings.Join([]string{names(ids[:most]), fmt.Sprintf("and %d more", len(ids)-most)}, ", ")
}
