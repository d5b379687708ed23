package projects

import (
	"errors"
	"fmt"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// HubError is returned when the settings of a hub cannot be used. At is the location where they
// were expected.
type HubError struct {
	Hub, Parameter string
	At             HubLocation
	Err            error
}

func (e *HubError) Error() string {
	return fmt.Sprintf("settings of the hub %q in the SSM parameter %s of %s: %v", e.Hub, e.Parameter, e.At, e.Err)
}

func (e *HubError) Unwrap() error { return e.Err }

// Errors of a HubError.
var (
	// ErrNoHub means that the account and region have no parameter of the hub.
	ErrNoHub = errors.New("the parameter does not exist")
	// ErrHubSettings means that the settings are malformed.
	ErrHubSettings = errors.New("the settings are not valid")
	// ErrOtherHub means that the settings name another account or region than they were read in.
	ErrOtherHub = errors.New("the settings are those of another hub")
	// ErrDirectoryLost means that the stack of the directory does not exist any more.
	ErrDirectoryLost = errors.New("the stack of the directory was deleted")
)

// Explain implements model.Explainer.
func (e *HubError) Explain() model.Explanation {
	where := fmt.Sprintf("the SSM parameter %s (%s)", e.Parameter, e.At)
	var newer *model.NewerFormatError
	explanation, explained := model.Explain(e.Err)
	switch {
	case errors.As(e.Err, &newer):
		return explanation
	case explained:
		explanation.Cause = fmt.Sprintf("The hub %q cannot be used: its settings are %s. %s", e.Hub, where, explanation.Cause)
		return explanation
	case errors.Is(e.Err, ErrNoHub):
		return model.Explanation{
			Cause:   fmt.Sprintf("There is no hub %q: %s does not exist.", e.Hub, where),
			Changed: model.ChangedNothing,
			Remedy: "Check the provider arguments hub and region, and that the credentials are those of the hub's account. " +
				"If this configuration creates the hub, let the project depend on it: depends_on = [stowage_hub.<NAME>].",
		}
	}
	return model.Explanation{
		Cause:   fmt.Sprintf("The settings of the hub %q, %s, cannot be read.", e.Hub, where),
		Changed: model.ChangedNothing,
		Remedy:  "Check the provider argument hub, and that the credentials may call ssm:GetParameter on it.\n\nOriginal error: " + e.Err.Error(),
	}
}

// badHubSettings returns the ErrHubSettings error for a field; "" for the settings as a whole.
func badHubSettings(field, problem string) error {
	if field != "" {
		problem = fmt.Sprintf("field %q: %s", field, problem)
	}
	return &model.ExplainedError{
		Text: problem,
		Explanation: model.Explanation{
			Cause:   "The settings are not valid: " + problem + ".",
			Changed: model.ChangedNothing,
			Remedy:  `Correct the parameter. Its value has the form {"format":1,"account_id":"000000000000","region":"eu-west-1","table":"stowage"}.`,
		},
		Err: ErrHubSettings,
	}
}

// otherHub returns the ErrOtherHub error for settings of a hub in another location.
func otherHub(settings HubLocation) error {
	return &model.ExplainedError{
		Text: "the hub is in " + settings.String(),
		Explanation: model.Explanation{
			Cause: fmt.Sprintf(
				"They are those of a hub in %s. Its projects cannot be seen from here, and a project that cannot be seen would look like a deleted one.",
				settings,
			),
			Changed: model.ChangedNothing,
			Remedy: "Use credentials and a region of the hub (provider arguments profile, assume_role and region). " +
				"If the hub is here, correct account_id and region in the parameter.",
		},
		Err: ErrOtherHub,
	}
}

// directoryLost returns the ErrDirectoryLost error for a directory with some projects in the
// mirror.
func directoryLost(projects int) error {
	return &model.ExplainedError{
		Text: fmt.Sprintf("the stack %s does not exist, although the mirror lists %d projects", directoryStack, projects),
		Explanation: model.Explanation{
			Cause: fmt.Sprintf("The hub has no stack %s, although its table lists %d projects: the stack was deleted.",
				directoryStack, projects),
			Changed: model.ChangedNothing,
			Remedy: "Restore the stack from its last template, which CloudFormation keeps for 90 days: find its ID with aws cloudformation " +
				"list-stacks, read the template with aws cloudformation get-template --stack-name ID, and create the stack from it, " +
				"with the parameter Revision set to the value in the template's revision marker. If the projects are to be forgotten, " +
				"delete the item with pk DIRECTORY and sk BODY#0 from the hub's table.",
		},
		Err: ErrDirectoryLost,
	}
}

// ErrNamesCollide means that two projects could have the same physical names in one account.
var ErrNamesCollide = errors.New("names of the projects collide")

// namesCollide returns the ErrNamesCollide error for two projects.
func namesCollide(project, other model.DirectoryEntry) error {
	return &model.ExplainedError{
		Text: fmt.Sprintf("the projects %q and %q in the account %s", project.Name, other.Name, project.AccountID),
		Explanation: model.Explanation{
			Attribute: model.AttributeName,
			Cause: fmt.Sprintf("In the account %s, entities of the projects %q and %q could get the same physical names.",
				project.AccountID, project.Name, other.Name),
			Changed: model.ChangedNothing,
			Remedy:  "Choose a name that does not start with another project's name and a hyphen, and is not such a start itself; or another account.",
		},
		Err: ErrNamesCollide,
	}
}

// ErrKeyInUse means that the key of a project to delete still encrypts a retained bucket.
var ErrKeyInUse = errors.New("the key is in use")

// keyInUse returns the ErrKeyInUse error for a bucket.
func keyInUse(bucket, key string) error {
	return &model.ExplainedError{
		Text: fmt.Sprintf("the bucket %s is encrypted with the key %s of the project", bucket, key),
		Explanation: model.Explanation{
			Attribute: "on_delete",
			Cause:     fmt.Sprintf("The bucket %s is still encrypted with the project's key %s.", bucket, key),
			Changed:   model.ChangedNothing,
			Remedy: "Without the key, its data can no longer be read. Delete that bucket or encrypt it with another key; " +
				`or first apply on_delete = "retain", which keeps the key.`,
		},
		Err: ErrKeyInUse,
	}
}

// ErrSecretARN is returned for a string that is not the ARN of a secret.
var ErrSecretARN error = &model.ExplainedError{
	Text: "it is not the ARN of a secret (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME)",
	Explanation: model.Explanation{
		Attribute: "secret_arn",
		Cause:     "It is not the ARN of a secret.",
		Remedy:    "Set secret_arn = stowage_project_user.<NAME>.secret_arn.",
	},
}
