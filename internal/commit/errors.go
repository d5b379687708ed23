package commit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// CallError is a failed call.
type CallError struct {
	Failure Failure
	ARN     string // with NameTaken: the other change set
	Err     error  // never nil
}

func (e *CallError) Error() string { return e.Err.Error() }

func (e *CallError) Unwrap() error { return e.Err }

// CommitError is returned when CloudFormation refused or rolled back a commit because of the
// member, or for a reason that concerns no single member.
type CommitError struct {
	Stack   string
	Status  string   // the final status, or "" when the change set was not executed
	Reasons []string // AWS's, resource by resource: of the member's own resources
	Err     error    // the call that was refused; nil when the operation itself failed
	// NameTaken means that the validation found the physical name outside of the stack.
	NameTaken bool
	// Unserved means that AWS did not serve the calls for the change set.
	Unserved bool
}

func (e *CommitError) Error() string {
	text := fmt.Sprintf("the commit to the stack %s failed", e.Stack)
	if e.Status != "" {
		text += " (" + e.Status + ")"
	}
	for _, reason := range e.Reasons {
		text += "; " + reason
	}
	return text
}

func (e *CommitError) Unwrap() error { return e.Err }

// Explain implements model.Explainer.
func (e *CommitError) Explain() model.Explanation {
	explanation := model.Explanation{
		Cause: fmt.Sprintf(
			"CloudFormation did not carry out the commit to the stack %s: %s", e.Stack, model.Sentences(e.Reasons...),
		),
		Changed: model.ChangedNothing,
		Remedy:  "Remove the cause and apply again. The events of the stack in the CloudFormation console have more details.",
	}
	if e.Unserved {
		explanation.Remedy = "Apply again once the AWS Health Dashboard shows no problem with CloudFormation in this region."
	} else if called, ok := model.Explain(e.Err); ok { // the call's error knows better what to do
		explanation.Cause, explanation.Remedy = called.Cause, called.Remedy
	}
	if slices.ContainsFunc(e.Reasons, unprepared) {
		explanation.Remedy = "Apply the template of the guide \"Preparing accounts\" of this provider version in the account, then apply again. " +
			"If the right is missing after that, a policy of the organization or a permissions boundary of the role denies it."
	}
	if e.NameTaken {
		explanation.Attribute = model.AttributeName
		explanation.Cause = "An AWS resource of its name exists already, outside of the stack: " + model.Sentences(
			e.Reasons...)
		explanation.Remedy = "Choose another name, or remove the resource that has the name now."
	}
	return explanation
}

// unprepared reports whether the account lacks what the template for accounts makes: a right of the
// role, or the permissions boundary of users.
func unprepared(reason string) bool {
	return strings.Contains(reason, "is not authorized to perform") ||
		strings.Contains(reason, "policy/"+template.BoundaryName) && strings.Contains(reason, "does not exist")
}

// UndeletedError is returned when the member's resources were removed from the stack although AWS
// could not delete them.
type UndeletedError struct {
	Stack   string
	Reasons []string // AWS's, resource by resource
}

func (e *UndeletedError) Error() string {
	return fmt.Sprintf("the stack %s is updated, but what was removed from it could not be deleted and is still there: %s",
		e.Stack, strings.Join(e.Reasons, "; "))
}

// Explain implements model.Explainer.
func (e *UndeletedError) Explain() model.Explanation {
	return model.Explanation{
		Cause: "It was removed from the stack " + e.Stack + ", but AWS could not delete it: " + model.Sentences(
			e.Reasons...),
		Changed: model.ChangedPartly,
		Remedy: "Remove what prevents the deletion by hand, and then what is left of the object: nothing manages it any more. " +
			"Until then, no object of the same name can be created.",
	}
}

// StuckError is returned when the stack is in a status that requires manual intervention.
type StuckError struct{ Stack, Status, Reason string }

func (e *StuckError) Error() string {
	text := fmt.Sprintf("the stack %s is in the status %s, in which it can't be updated", e.Stack, e.Status)
	if e.Reason != "" {
		text += "; CloudFormation's reason: " + e.Reason
	}
	return text
}

// Explain implements model.Explainer.
func (e *StuckError) Explain() model.Explanation {
	return model.Explanation{
		Cause:   "Its stack requires manual intervention: " + model.Sentences(e.Error()),
		Changed: model.ChangedNothing,
		Remedy:  e.remedy(),
	}
}

func (e *StuckError) remedy() string {
	switch e.Status {
	case cfn.UpdateRollbackFailed:
		return fmt.Sprintf(
			"Correct what made the rollback fail, continue it (aws cloudformation continue-update-rollback --stack-name %s), then apply again.",
			e.Stack,
		)
	case cfn.UpdateFailed:
		return fmt.Sprintf(
			"It was updated without rollback. Roll it back (aws cloudformation rollback-stack --stack-name %s), then apply again.",
			e.Stack,
		)
	case cfn.CreateFailed, cfn.RollbackComplete, cfn.RollbackFailed:
		return fmt.Sprintf(
			"Its first creation failed. Correct the cause, delete the stack (aws cloudformation delete-stack --stack-name %s), then apply again.",
			e.Stack,
		)
	case cfn.DeleteFailed:
		return fmt.Sprintf(
			"Its deletion failed. Remove what prevents the deletion, delete it again (aws cloudformation delete-stack --stack-name %s), then apply again.",
			e.Stack,
		)
	}
	return "Bring it back to a status that ends in _COMPLETE in the CloudFormation console, then apply again."
}

// StaleTemplateError is returned when a change cannot be validated because the template may be
// stale: its revision differs from the stack's for longer than cfn.StalePatience.
type StaleTemplateError struct {
	Stack string
	Err   error // why the change would be refused if the template were current; not for errors.As
}

func (e *StaleTemplateError) Error() string {
	return fmt.Sprintf("the template of the stack %s may be stale: it is uncertain whether %s", e.Stack, e.Err)
}

// Explain implements model.Explainer.
func (e *StaleTemplateError) Explain() model.Explanation {
	return model.Explanation{
		Cause: fmt.Sprintf("CloudFormation returned a template of the stack %s whose revision is not the stack's. "+
			"So it is uncertain whether %s.", e.Stack, e.Err),
		Changed: model.ChangedNothing,
		Remedy: "Apply again in a minute. If the error persists, the stack's parameter Revision was set by hand: " +
			"set it to the revision in the template's revision marker.",
	}
}

// UnexpectedChangesError is returned when CloudFormation's change set differs from the intended
// changes twice on one base.
type UnexpectedChangesError struct {
	Stack   string
	Details []string
}

func (e *UnexpectedChangesError) Error() string {
	text := fmt.Sprintf("the change set for the stack %s has unexpected changes", e.Stack)
	for _, detail := range e.Details {
		text += "; " + detail
	}
	return text
}

// Explain implements model.Explainer.
func (e *UnexpectedChangesError) Explain() model.Explanation {
	return model.Explanation{
		Cause: fmt.Sprintf("The change set that CloudFormation computed for the stack %s has unexpected changes: %s",
			e.Stack, model.Sentences(e.Details...)),
		Changed: model.ChangedNothing,
		Remedy: "Run plan again. If the error persists, a resource of the stack was changed by hand: " +
			"detect the drift of the stack in the CloudFormation console.",
	}
}

// OutcomeUnknownError is returned when the time ran out during the execution: the change may be in
// the stack.
type OutcomeUnknownError struct {
	Stack string
	Err   error // why the execution cannot be followed any longer; nil when the time ran out
	Last  error // AWS's answer to the last call that it did not serve; nil when it serves all
}

func (e *OutcomeUnknownError) Error() string {
	text := fmt.Sprintf(
		"the time ran out while the stack %s was being updated; the change may or may not be in it", e.Stack,
	)
	if e.Err != nil {
		text += "; " + e.Err.Error()
	}
	return text + lastAnswered(e.Last)
}

// lastAnswered ends a text about a wait with AWS's last answer.
func lastAnswered(last error) string {
	if last == nil {
		return ""
	}
	return "; the last call that AWS did not serve is " + last.Error()
}

func (e *OutcomeUnknownError) Unwrap() error { return e.Err }

// Explain implements model.Explainer.
func (e *OutcomeUnknownError) Explain() model.Explanation {
	cause := "The time ran out, or the run was interrupted, while CloudFormation updated the stack " + e.Stack
	if e.Err != nil {
		cause += ": " + e.Err.Error()
	}
	cause += lastAnswered(e.Last)
	return model.Explanation{
		Cause:   model.Sentences(cause),
		Changed: model.ChangedUnknown,
		Remedy: "The state was not changed. Apply again once the update of the stack has ended: " +
			"Terraform then takes over what was finished and does the rest.",
	}
}

// InterruptedError is returned when the time ran out, or the caller cancelled, before the
// execution: the change is not in the stack.
type InterruptedError struct {
	Stack string
	Doing string // what the member waited for when its time ran out; "" when it was cancelled
	Last  error  // AWS's answer to the last call that it did not serve; nil when it serves all
}

func (e *InterruptedError) Error() string {
	if e.Doing == "" {
		return fmt.Sprintf("cancelled before the stack %s was changed", e.Stack)
	}
	return fmt.Sprintf(
		"the time ran out while %s; the change is not in the stack %s%s", e.Doing, e.Stack, lastAnswered(e.Last),
	)
}

// Explain implements model.Explainer.
func (e *InterruptedError) Explain() model.Explanation {
	if e.Doing == "" {
		return model.Explanation{
			Cause:   fmt.Sprintf("The run was interrupted before the stack %s was changed.", e.Stack),
			Changed: model.ChangedNothing,
			Remedy:  "Apply again.",
		}
	}
	return model.Explanation{
		Cause: model.Sentences(fmt.Sprintf("The time ran out while %s; the change is not in the stack %s%s",
			e.Doing, e.Stack, lastAnswered(e.Last))),
		Changed: model.ChangedNothing,
		Remedy:  "Apply again, or allow more time with the argument timeouts or the provider argument commit_timeout.",
	}
}

func unreadable(stack string, err error) error {
	explanation, ok := model.Explain(err)
	if !ok {
		explanation = model.Explanation{
			Cause:  fmt.Sprintf("The stack %s could not be read: %s", stack, model.Sentences(err.Error())),
			Remedy: "Apply again. The calls that failed are in the account's CloudTrail.",
		}
	}
	explanation.Changed = model.ChangedNothing
	return &model.ExplainedError{
		Text: fmt.Sprintf("the stack %s can't be read", stack), Explanation: explanation, Err: err,
	}
}
