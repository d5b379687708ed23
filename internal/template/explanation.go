package template

import (
	"fmt"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Explain implements model.Explainer.
func (e *FullError) Explain() model.Explanation {
	return model.Explanation{
		Cause:   "There is no room for it: " + e.Error() + ".",
		Changed: model.ChangedNothing,
		Remedy:  "Remove what is no longer needed, or create another project.",
	}
}

// cannotSpread returns the error for a change that would spread an SFTP user over several stacks:
// its directories are in its own stack.
func cannotSpread(user string) error {
	return &model.ExplainedError{
		Text: fmt.Sprintf("the permissions of the user %s, which has SFTP, must be in one stack", user),
		Explanation: model.Explanation{
			Cause: fmt.Sprintf("The stack of the user %s has no room for another policy. The permissions of a user with SFTP "+
				"must be in one stack, with the user's directories.", user),
			Changed: model.ChangedNothing,
			Remedy:  "Create another user for the other buckets, remove permissions that are no longer needed, or remove sftp from the user.",
		},
	}
}
