package projects

import (
	"context"
	"fmt"

	"github.com/stowage/terraform-provider-stowage/internal/account"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Permissions boundaries.
//
// A boundary that was removed or changed by hand cannot be repaired by commits. The first one would
// have to remove it from the template, so that CloudFormation takes it away from the user, and the
// role that changes projects is denied that. So the boundary is set again in IAM. The template has
// it all the time.

// boundaryProperty is the property of users and roles.
const boundaryProperty = "PermissionsBoundary"

// takeUnbounded removes permissions boundaries from what is recorded, and returns the users and roles
// that lack theirs.
func takeUnbounded(recorded map[string]template.Recorded, owned []template.OwnedResource) []account.Bounded {
	var unbounded []account.Bounded
	for _, resource := range owned {
		found, drifted := recorded[resource.LogicalID]
		if _, differs := found.Properties[boundaryProperty]; !drifted || !differs || resource.Readable == nil {
			continue
		}
		unbounded = append(unbounded, account.Bounded{
			Name: resource.Readable.Identifier, Role: resource.Readable.Type == "AWS::IAM::Role",
		})
		delete(found.Properties, boundaryProperty)
		if len(found.Properties) == 0 {
			delete(recorded, resource.LogicalID)
		}
	}
	return unbounded
}

// putBoundary sets a permissions boundary.
func (c comparison) putBoundary(ctx context.Context, of account.Bounded, policyARN string) error {
	err := account.PutBoundary(ctx, c.account.IAM, of, policyARN)
	if err == nil || ctx.Err() != nil {
		return err
	}
	command, option := "put-user-permissions-boundary", "--user-name"
	if of.Role {
		command, option = "put-role-permissions-boundary", "--role-name"
	}
	return &model.ExplainedError{
		Text: "a permissions boundary could not be set",
		Explanation: model.Explanation{
			Cause: fmt.Sprintf(
				"The permissions boundary of the IAM %s was changed or removed in AWS, and could not be set again: %s",
				of, model.Sentences(err.Error()),
			),
			Changed: model.ChangedNothing,
			Remedy: fmt.Sprintf(
				"Apply the current account template of the guide \"Preparing accounts\" in the project's account, which lets the "+
					"provider's role set the boundary. Or set it in IAM (aws iam %s %s %s --permissions-boundary %s). Then apply again.",
				command, option, of.Name, policyARN,
			),
		},
		Err: err,
	}
}
