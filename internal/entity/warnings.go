package entity

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// warnings are the diagnostics of what has come up and is no failure. They go with the answer to whoever asks first.
func (s *Services) warnings() diag.Diagnostics {
	var diags diag.Diagnostics
	for _, w := range s.Projects.Warnings() {
		switch w := w.(type) {
		case projects.SaturatedWarning:
			if more := moreThan(w.AtOnce); more > 0 {
				diags.AddWarning("Commits Are Limited by Terraform's Parallelism", saturated(w, more))
			}
		case projects.GrownWarning:
			diags.AddWarning("Project Has Got Another Stack", grown(w))
		case projects.HeadroomWarning:
			diags.Append(Headroom(w))
		case projects.AccessBlockWarning:
			diags.AddWarning("Account Doesn't Block Public Access", openAccount(w))
		case projects.UnhealedWarning:
			diags.AddWarning("Resources May Differ From the Template", unhealed(w))
		}
	}
	return diags
}

// moreThan is the parallelism to try when there are n changes at once; 0 when there is none to gain: HCP Terraform takes
// at most 256, and about as many entities fit into a stack.
func moreThan(n int) int {
	switch {
	case n < 100:
		return 100
	case n < 250:
		return 250
	}
	return 0
}

func saturated(w projects.SaturatedWarning, more int) string {
	return fmt.Sprintf("%d changes were under way at once, again and again: as many as Terraform makes at once, with more to come. "+
		"Changes that are made at once share commits, and a commit takes about as long with many changes as with few, so a large apply is faster with fewer of them.\n\n"+
		"Raise Terraform's parallelism: run terraform apply -parallelism=%[2]d, or set the environment variable TF_CLI_ARGS_apply=-parallelism=%[2]d; "+
		"in HCP Terraform, set the environment variable TFE_PARALLELISM=%[2]d in the workspace.", w.AtOnce, more)
}

func grown(w projects.GrownWarning) string {
	return fmt.Sprintf("The stacks of the project %q were full, so that it has got another one: it has %d now. Nothing needs to be done. "+
		"Versions of the provider that know projects of one stack only refuse this project from now on.", w.Project, w.Stacks)
}

// Headroom is the diagnostic of a user that has few policies left.
func Headroom(w projects.HeadroomWarning) diag.Diagnostic {
	return diag.NewWarningDiagnostic("User Has Few Policies Left", fmt.Sprintf(
		"The permissions of the user %q of the project %q take %d policies, of the %d that its group can have. What no longer fits is refused.\n\n"+
			"Replace permissions on many prefixes by one on what they have in common, or divide them among several users.",
		w.User, w.Project, w.Policies, template.MaxUserPolicies))
}

func openAccount(w projects.AccessBlockWarning) string {
	how := "aws s3control put-public-access-block --account-id " + w.AccountID +
		" --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"
	if w.Err != nil {
		return fmt.Sprintf("The project %q is as it should be. Whether S3 blocks public access for its whole account %s could not be read: %s.\n\n"+
			"Bring the roles of the account up to date with the template of the onboarding guide. To block it, run with credentials of the account:\n\n  %s",
			w.Project, w.AccountID, strings.TrimRight(w.Err.Error(), "."), how)
	}
	return fmt.Sprintf("The project %q is as it should be, and each of its buckets blocks public access for itself. S3 can block it for the whole account %s, too, "+
		"which doesn't: %s. Stowage leaves alone what concerns more than its projects. Run with credentials of the account:\n\n  %s",
		w.Project, w.AccountID, strings.Join(w.Missing, ", "), how)
}

func unhealed(w projects.UnhealedWarning) string {
	return fmt.Sprintf("CloudFormation could not roll back a failed commit to the stack %s. The rollback was continued without these resources, "+
		"which could not be healed: %s.\n\nAWS's reasons: %s.\n\nDetect the drift of the stack in the CloudFormation console, and bring these resources back to what its template says.",
		w.Stack, strings.Join(w.LogicalIDs, ", "), strings.TrimRight(strings.Join(w.Reasons, "; "), "."))
}
