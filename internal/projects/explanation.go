package projects

import (
	"errors"
	"fmt"

	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Explain implements model.Explainer.
func (e *UnknownProjectError) Explain() model.Explanation {
	return model.Explanation{
		Attribute: model.AttributeProject,
		Cause:     fmt.Sprintf("The directory has no project %q.", e.Project),
		Changed:   model.ChangedNothing,
		Remedy: "Create the project first, as a stowage_project resource, and refer to its name (project = stowage_project.<NAME>.name) so that " +
			"Terraform knows the order; or check the name, and that the provider argument hub names the right hub.",
	}
}

// Explain implements model.Explainer.
func (e *StackMissingError) Explain() model.Explanation {
	return model.Explanation{
		Cause: fmt.Sprintf("The directory has the project %q, but the account %s has no stack %s in the region %s.",
			e.Project, e.AccountID, e.Stack, e.Region),
		Remedy: "Check that the account is the right one and was not emptied. A missing stack is not taken for a deletion: Terraform would create " +
			"everything again. If the deletion of the project was interrupted, terraform destroy -refresh=false finishes it.",
	}
}

// Explain implements model.Explainer.
func (e *NotEmptyError) Explain() model.Explanation {
	return model.Explanation{
		Attribute: "on_delete",
		Cause:     fmt.Sprintf("The bucket %s is not empty, and on_delete is \"refuse\".", e.Bucket),
		Changed:   model.ChangedNothing,
		Remedy: `Empty the bucket. Or first apply on_delete = "empty" (deletes the data) or on_delete = "retain" (keeps the bucket, which is no longer managed), ` +
			`and then remove the resource.`,
	}
}

// Explain implements model.Explainer.
func (e *CollisionError) Explain() model.Explanation {
	return model.Explanation{
		Attribute: model.AttributeName,
		Cause:     fmt.Sprintf("In the account %s, entities of the projects %q and %q could get the same physical names.", e.AccountID, e.Project, e.Other),
		Changed:   model.ChangedNothing,
		Remedy:    "Choose a name that does not start with another project's name and a hyphen, and is not such a start itself; or another account.",
	}
}

// Explain implements model.Explainer.
func (e *KeyInUseError) Explain() model.Explanation {
	return model.Explanation{
		Attribute: "on_delete",
		Cause:     fmt.Sprintf("The bucket %s is still encrypted with the project's key %s.", e.Bucket, e.KeyARN),
		Changed:   model.ChangedNothing,
		Remedy: "Without the key, its data can no longer be read. Delete that bucket or encrypt it with another key; " +
			`or first apply on_delete = "retain", which keeps the key.`,
	}
}

// Explain implements model.Explainer.
func (e *HubError) Explain() model.Explanation {
	where := fmt.Sprintf("the SSM parameter %s (%s)", e.Parameter, e.At)
	if explanation, ok := model.Explain(e.Err); ok {
		var newer *NewerHubError
		if !errors.As(e.Err, &newer) {
			explanation.Cause = fmt.Sprintf("The hub %q cannot be used: its settings are %s. %s", e.Hub, where, explanation.Cause)
		}
		return explanation
	}
	if errors.Is(e.Err, ErrNoHub) {
		return model.Explanation{
			Cause:   fmt.Sprintf("There is no hub %q: %s does not exist.", e.Hub, where),
			Changed: model.ChangedNothing,
			Remedy:  "Check the provider arguments hub and region, and that the credentials are those of the hub's account.",
		}
	}
	return model.Explanation{
		Cause:   fmt.Sprintf("The settings of the hub %q, %s, cannot be read.", e.Hub, where),
		Changed: model.ChangedNothing,
		Remedy:  "Check the provider argument hub, and that the credentials may call ssm:GetParameter on it.\n\nOriginal error: " + e.Err.Error(),
	}
}

// Explain implements model.Explainer.
func (e *HubFieldError) Explain() model.Explanation {
	return model.Explanation{
		Cause:   "The settings are not valid: " + e.Error() + ".",
		Changed: model.ChangedNothing,
		Remedy:  `Correct the parameter. Its value has the form {"format":1,"account_id":"000000000000","region":"eu-west-1","table":"stowage"}.`,
	}
}

// Explain implements model.Explainer.
func (e *WrongHubError) Explain() model.Explanation {
	return model.Explanation{
		Cause: fmt.Sprintf("They are those of a hub in %s. Its projects cannot be seen from here, and a project that cannot be seen would look like a deleted one.",
			e.Settings),
		Changed: model.ChangedNothing,
		Remedy: "Use credentials and a region of the hub (provider arguments profile, assume_role and region). " +
			"If the hub is here, correct account_id and region in the parameter.",
	}
}

// Explain implements model.Explainer.
func (e *NewerHubError) Explain() model.Explanation {
	return model.Explanation{
		Cause:   fmt.Sprintf("A newer version of Stowage set up the hub. In the SSM parameter %s, %s.", e.Parameter, e.Error()),
		Changed: model.ChangedNothing,
		Remedy:  "Upgrade the provider.",
	}
}

// Explain implements model.Explainer.
func (e *SecretARNError) Explain() model.Explanation {
	return model.Explanation{
		Attribute: "secret_arn",
		Cause:     "It is not the ARN of a secret.",
		Remedy:    "Set secret_arn = stowage_project_user.<NAME>.secret_arn.",
	}
}

// Explain implements model.Explainer.
func (e *CommitError) Explain() model.Explanation {
	explanation := model.Explanation{
		Cause:   fmt.Sprintf("CloudFormation did not carry out the commit to the stack %s: %s", e.Stack, model.Sentences(e.Reasons...)),
		Changed: model.ChangedNothing,
		Remedy:  "Remove the cause and apply again. The events of the stack in the CloudFormation console have more details.",
	}
	if e.NameTaken {
		explanation.Attribute = model.AttributeName
		explanation.Cause = "An AWS resource of its name exists already, outside of the stack: " + model.Sentences(e.Reasons...)
		explanation.Remedy = "Choose another name, or remove the resource that has the name now."
	}
	return explanation
}

// Explain implements model.Explainer.
func (e *UndeletedError) Explain() model.Explanation {
	return (&commit.UndeletedError{Stack: e.Stack, Reasons: e.Reasons}).Explain()
}

// Explain implements model.Explainer.
func (e *OutcomeUnknownError) Explain() model.Explanation {
	if explanation, ok := model.Explain(e.Err); ok && explanation.Changed == model.ChangedUnknown {
		return explanation
	}
	return (&commit.UnknownError{Stack: e.Stack, Err: e.Err}).Explain()
}
