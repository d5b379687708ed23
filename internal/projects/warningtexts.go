package projects

import (
	"fmt"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// parallelism returns the parallelism to try; 0 when a higher one gains nothing: HCP Terraform
// allows at most 256, and about as many entities fit into a stack.
func (w SaturatedWarning) parallelism() int {
	switch {
	case w.AtOnce < 100:
		return 100
	case w.AtOnce < 250:
		return 250
	}
	return 0
}

// Summary implements Warning.
func (SaturatedWarning) Summary() string { return "Commits Are Limited by Terraform's Parallelism" }

// Detail implements Warning.
func (w SaturatedWarning) Detail() string {
	return fmt.Sprintf(
		"%d changes were in progress at once, several times: as many as Terraform makes at once, with more to come. "+
			"Changes that are made at once share commits, and a commit takes about as long with many changes as with few, so a large apply is faster with fewer commits.\n\n"+
			"Raise Terraform's parallelism: run terraform apply -parallelism=%[2]d, or set the environment variable TF_CLI_ARGS_apply=-parallelism=%[2]d; "+
			"in HCP Terraform, set the environment variable TFE_PARALLELISM=%[2]d in the workspace.",
		w.AtOnce,
		w.parallelism(),
	)
}

// Summary implements Warning.
func (GrownWarning) Summary() string { return "Stack Added to Project" }

// Detail implements Warning.
func (w GrownWarning) Detail() string {
	return fmt.Sprintf(
		"The stacks of the project %q were full, so another one was added: it has %d now. No action is needed. "+
			"Versions of the provider that support only projects of one stack refuse this project from now on.",
		w.Project,
		w.Stacks,
	)
}

// Summary implements Warning.
func (HeadroomWarning) Summary() string { return "User Has Few Policies Left" }

// Detail implements Warning.
func (w HeadroomWarning) Detail() string {
	return fmt.Sprintf(
		"The permissions of the user %q of the project %q take %d policies, of the %d that its group can have. Permissions that no longer fit are refused.\n\n"+
			"Replace permissions on many prefixes by one on their common prefix, or divide them among several users.",
		w.User,
		w.Project,
		w.Policies,
		template.MaxUserPolicies,
	)
}

// Summary implements Warning.
func (AccessBlockWarning) Summary() string { return "Account Doesn't Block Public Access" }

// Detail implements Warning.
func (w AccessBlockWarning) Detail() string {
	how := "aws s3control put-public-access-block --account-id " + w.AccountID +
		" --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"
	if w.Err != nil {
		return fmt.Sprintf(
			"The project %q is up to date. Whether S3 blocks public access for its whole account %s could not be read: %s\n\n"+
				"Bring the roles of the account up to date with the template of the onboarding guide. To block public access, run with credentials of the account:\n\n  %s",
			w.Project,
			w.AccountID,
			model.Sentences(w.Err.Error()),
			how,
		)
	}
	return fmt.Sprintf(
		"The project %q is up to date, and each of its buckets blocks public access. S3 can also block it for the whole account %s, "+
			"which is not set: %s. Stowage does not change settings that concern more than its projects. Run with credentials of the account:\n\n  %s",
		w.Project,
		w.AccountID,
		strings.Join(w.Missing, ", "),
		how,
	)
}

// Summary implements Warning.
func (UnhealedWarning) Summary() string { return "Resources May Differ From the Template" }

// Detail implements Warning.
func (w UnhealedWarning) Detail() string {
	return fmt.Sprintf(
		"CloudFormation could not roll back a failed commit to the stack %s. The rollback was continued without these resources, "+
			"which could not be repaired: %s.\n\nAWS's reasons: %s\n\nDetect the drift of the stack in the CloudFormation console, and change these resources to what its template says.",
		w.Stack,
		strings.Join(w.LogicalIDs, ", "),
		model.Sentences(w.Reasons...),
	)
}

// Summary implements Warning.
func (MirrorWarning) Summary() string { return "Mirror Unavailable" }

// Detail implements Warning.
func (w MirrorWarning) Detail() string {
	if w.DriftOnly {
		return fmt.Sprintf("The drift in AWS could not be read from the DynamoDB table %q of the hub (%s): %s\n\n"+
			"The templates of the stacks were read. What was changed or deleted in AWS is not shown. "+
			"Check that the table is reachable and that the provider's credentials may call dynamodb:Query on it.",
			w.Table, w.Hub, model.Sentences(w.Err.Error()))
	}
	return fmt.Sprintf("The DynamoDB table %q of the hub (%s) could not be read: %s\n\n"+
		"The templates of the stacks were read instead. The result is the same, and takes longer. "+
		"Check that the table is reachable and that the provider's credentials may call dynamodb:Query on it.",
		w.Table, w.Hub, model.Sentences(w.Err.Error()))
}

// Summary implements Warning.
func (DriftWarning) Summary() string { return "Unable to Detect Drift" }

// Detail implements Warning.
func (w DriftWarning) Detail() string {
	reason := model.Sentences(w.Err.Error())
	if explanation, ok := model.Explain(w.Err); ok {
		reason = explanation.Cause
	}
	return fmt.Sprintf("The project %q was not completely compared with AWS: %s\n\n"+
		"The plan shows the drift of the last comparison. The role StowageProvisioner may detect drift if the account was prepared with "+
		"the template of the guide \"Preparing accounts\" of this provider version.", w.Project, reason)
}
