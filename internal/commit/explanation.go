package commit

import (
	"fmt"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Explain implements model.Explainer.
func (e *CallError) Explain() model.Explanation {
	if explanation, ok := model.Explain(e.Err); ok {
		return explanation
	}
	return model.Explanation{Cause: model.Sentences("AWS refused a call: " + e.Err.Error())}
}

// Explain implements model.Explainer.
func (e *FailedError) Explain() model.Explanation {
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
	return model.Explanation{
		Cause:   "It was removed from the stack " + e.Stack + ", but AWS could not delete it: " + model.Sentences(e.Reasons...),
		Changed: model.ChangedPartly,
		Remedy: "Remove what prevents the deletion by hand, and then what is left of the object: nothing manages it any more. " +
			"Until then, no object of the same name can be created.",
	}
}

// Explain implements model.Explainer.
func (e *StuckError) Explain() model.Explanation {
	return model.Explanation{
		Cause:   "Its stack requires manual intervention: " + model.Sentences(e.Error()),
		Changed: model.ChangedNothing,
	}
}

// Explain implements model.Explainer.
func (e *AbsentError) Explain() model.Explanation {
	return model.Explanation{
		Cause:   fmt.Sprintf("The stack %s does not exist.", e.Stack),
		Changed: model.ChangedNothing,
		Remedy:  "Check that the account is the right one and was not emptied.",
	}
}

// Explain implements model.Explainer.
func (e *DoubtfulError) Explain() model.Explanation {
	return model.Explanation{
		Cause: fmt.Sprintf("CloudFormation returned a stale template of the stack %s, whose revision is not the one of the stack. "+
			"So it is uncertain that %s.", e.Stack, e.Err),
		Changed: model.ChangedNothing,
		Remedy: "Apply again in a minute. If the error persists, the stack's parameter Revision was set by hand: " +
			"set it to the revision in the template's revision marker.",
	}
}

// Explain implements model.Explainer.
func (e *SurpriseError) Explain() model.Explanation {
	return model.Explanation{
		Cause: fmt.Sprintf("The change set that CloudFormation computed for the stack %s contains unexpected changes: %s",
			e.Stack, model.Sentences(e.Details...)),
		Changed: model.ChangedNothing,
		Remedy:  "Run plan again. If the error persists, a resource of the stack was changed by hand: detect the drift of the stack in the CloudFormation console.",
	}
}

// Explain implements model.Explainer.
func (e *UnknownError) Explain() model.Explanation {
	cause := "The time ran out, or the run was interrupted, while CloudFormation updated the stack " + e.Stack
	if e.Err != nil {
		cause += ": " + e.Err.Error()
	}
	return model.Explanation{
		Cause:   model.Sentences(cause),
		Changed: model.ChangedUnknown,
		Remedy:  "The state was not changed. Apply again once the update of the stack has ended: Terraform then takes over what was finished and does the rest.",
	}
}

// Explain implements model.Explainer.
func (e *TimeoutError) Explain() model.Explanation {
	return model.Explanation{
		Cause:   fmt.Sprintf("The time ran out while %s; the stack %s was not changed.", e.Doing, e.Stack),
		Changed: model.ChangedNothing,
		Remedy:  "Apply again, or allow more time with the argument timeouts or the provider argument commit_timeout.",
	}
}

// Explain implements model.Explainer.
func (e *CancelledError) Explain() model.Explanation {
	return model.Explanation{
		Cause:   fmt.Sprintf("The run was interrupted before the stack %s was changed.", e.Stack),
		Changed: model.ChangedNothing,
		Remedy:  "Apply again.",
	}
}

// Explain implements model.Explainer.
func (e *ReadError) Explain() model.Explanation {
	if explanation, ok := model.Explain(e.Err); ok {
		return explanation
	}
	return model.Explanation{
		Cause:   fmt.Sprintf("The stack %s could not be read: %s", e.Stack, model.Sentences(e.Err.Error())),
		Changed: model.ChangedNothing,
		Remedy:  "Apply again. The calls that failed are in the account's CloudTrail.",
	}
}
