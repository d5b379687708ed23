package entity

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	engine "github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// action is what was tried.
type action string

const (
	create    action = "Create"
	read      action = "Read"
	update    action = "Update"
	remove    action = "Delete"
	planning  action = "Plan"
	importing action = "Import"
)

// writes says whether the action changes the template.
func (a action) writes() bool { return a == create || a == update || a == remove }

// notInModelError says that a project doesn't hold an entity.
type notInModelError struct{ ID model.ID }

func (e *notInModelError) Error() string { return fmt.Sprintf("the %s is not in the model", e.ID) }

// explained are errors that tell a person what happened and what to do: those of the AWS clients and of the hub.
type explained interface {
	error
	Summary() string
	Detail() string
}

// failure makes the diagnostics of one failed action.
type failure struct {
	action action
	title  string     // Project Bucket
	typ    string     // project_bucket
	kind   model.Kind // of the object
	id     string     // acme/inbox
	own    string     // the attribute that names the object in its project
}

func (r *Resource[M, P]) failure(action action, n name) failure {
	own := r.object.Identity[0].Name
	for _, part := range r.object.Identity {
		if !part.Optional {
			own = part.Name
		}
	}
	return failure{action, r.object.Title, r.object.Name, r.object.Kind, n.String(), own}
}

// diagnostic explains an error: what failed, why, and what to do.
func (f failure) diagnostic(err error) diag.Diagnostic {
	where, why, next := f.explain(err)
	what := fmt.Sprintf("%s can't be %s.", f.object(), map[action]string{
		create: "created", read: "read", update: "updated", remove: "deleted", planning: "planned", importing: "imported",
	}[f.action])
	var unknown *projects.OutcomeUnknownError
	if errors.As(err, &unknown) {
		what = fmt.Sprintf("%s: nobody knows whether it was %s.", f.object(), map[action]string{
			create: "created", update: "updated", remove: "deleted",
		}[f.action])
	}
	detail := what + " " + why + "\n\n" + next
	summary := fmt.Sprintf("Unable to %s %s", f.action, f.title)
	if where.Equal(path.Empty()) {
		return diag.NewErrorDiagnostic(summary, detail)
	}
	return diag.NewAttributeErrorDiagnostic(where, summary, detail)
}

// unread is the diagnostic of a write that is in the template, and that couldn't be read back.
func (f failure) unread(err error) diag.Diagnostic {
	_, why, next := f.explain(err)
	return diag.NewErrorDiagnostic(fmt.Sprintf("Unable to Read %s", f.title), fmt.Sprintf(
		"%s is written, but can't be read back, so the state doesn't have it as it is. %s\n\n%s\n\nThe next apply settles it.", f.object(), why, next))
}

// explain is the reason of an error and the next step, and the attribute to blame, or the empty path.
func (f failure) explain(err error) (where path.Path, why, next string) {
	var (
		unknownProject *projects.UnknownProjectError
		collision      *projects.CollisionError
		notEmpty       *projects.NotEmptyError
		commit         *projects.CommitError
		undeleted      *projects.UndeletedError
		outcome        *projects.OutcomeUnknownError
		stuck          *engine.StuckError
		hub            *projects.HubError
		doubtful       *engine.DoubtfulError
		stackMissing   *projects.StackMissingError
		keyInUse       *projects.KeyInUseError
		missing        *template.MissingError
		exists         *template.ExistsError
		twice          *template.TwiceError
		gone           *template.GoneError
		inUse          *template.InUseError
		closing        *template.ClosingError
		full           *template.FullError
		transform      *template.TransformError
		newer          *template.NewerFormatError
		plain          explained
	)
	if where, why, next, ok := explainUser(err); ok {
		return where, why, next
	}
	switch {
	case errors.As(err, &outcome):
		return path.Empty(), "The time ran out, or the run was interrupted, while CloudFormation was at work on the stack " + outcome.Stack + ": " + outcome.Err.Error() + ".",
			"The state was left as it was. Run apply again once the stack is at rest: it takes over what was finished, and does the rest."
	case errors.As(err, &unknownProject):
		where = path.Root("project")
		if f.kind == model.KindProject {
			where = path.Root(f.own)
		}
		return where, fmt.Sprintf("The directory has no project %q.", unknownProject.Project),
			"Create the project first, as a stowage_project resource, and refer to its name (project = stowage_project.<NAME>.name) so that Terraform knows the order; or check the name, and that the provider argument hub names the right hub."
	case errors.As(err, &missing):
		return path.Root(string(missing.Parent.Kind)), fmt.Sprintf("Its %s %q does not exist in the project.", missing.Parent.Kind, missing.Parent.Name),
			fmt.Sprintf("Check the name, or refer to the resource (%[1]s = stowage_project_%[1]s.<NAME>.name) so that Terraform creates it first.", missing.Parent.Kind)
	case errors.As(err, &exists):
		why = "It exists already, without the mark of any configuration's origin"
		if exists.Origin != "" {
			why = fmt.Sprintf("It exists already, made by the configuration with the origin %q", exists.Origin)
		}
		why += "; what an interrupted run made is taken over only if settings and origin are the same"
		return path.Root(f.own), why + ".", fmt.Sprintf(
			"To manage it here, import it:\n\n  import {\n    to = stowage_%s.%s\n    id = %q\n  }\n\nElse give this one another name.", f.typ, f.label(), f.id)
	case errors.As(err, &twice):
		return path.Root(f.own), "Another resource of this run creates it at the same time, with other settings.",
			"Give one of the two another name, or remove it: a name stands for one thing in a project."
	case errors.As(err, &gone):
		return path.Empty(), "It does not exist any more: somebody else deleted it since the plan was made.", "Run plan again: it shows what is to be created."
	case errors.As(err, &inUse):
		return path.Empty(), fmt.Sprintf("It is still needed by: %s.", list(inUse.By)),
			"Remove these first. If they are in this configuration, refer to this object's name in them, so that Terraform knows the order; if not, somebody else manages them."
	case errors.As(err, &closing):
		return path.Empty(), fmt.Sprintf("The project %q is being deleted and takes no changes.", closing.Project),
			"Finish the deletion by applying again where it began; then create the project anew if it is still wanted."
	case errors.As(err, &full):
		return path.Empty(), "There is no room for it: " + full.Error() + ".", "Remove what isn't needed any more, or begin another project."
	case errors.As(err, &notEmpty):
		return path.Root("on_delete"), fmt.Sprintf("The bucket %s is not empty, and on_delete says to refuse then. Nothing was changed.", notEmpty.Bucket),
			`Empty the bucket; or first apply on_delete = "empty" (deletes the data) or on_delete = "retain" (leaves the bucket, out of the model), and then remove the resource.`
	case errors.As(err, &collision):
		return path.Root("name"), fmt.Sprintf("In the account %s, entities of the projects %q and %q could get the same physical names.", collision.AccountID, collision.Project, collision.Other),
			"Choose a name that is not another project's name with more behind a hyphen, nor the beginning of one; or another account."
	case errors.As(err, &commit) && commit.NameTaken:
		return path.Root(f.own), fmt.Sprintf("Something of its name exists already, outside of the model: %s.", strings.TrimRight(strings.Join(commit.Reasons, "; "), ".")),
			"Nothing was changed. Choose another name, or remove what has the name now."
	case errors.As(err, &undeleted):
		return path.Empty(), fmt.Sprintf("It is no longer in the model, but AWS could not delete it: %s.", strings.TrimRight(strings.Join(undeleted.Reasons, "; "), ".")),
			"Remove by hand what holds the deletion up, and then what is left of it: nothing manages it any more. Until then nothing of the same name can be created."
	case errors.As(err, &stuck):
		return path.Empty(), "Its stack needs a person: " + strings.TrimRight(stuck.Error(), ".") + ".", "Nothing was changed."
	case errors.As(err, &commit):
		return path.Empty(), fmt.Sprintf("CloudFormation did not carry out the commit to the stack %s: %s.", commit.Stack, strings.TrimRight(strings.Join(commit.Reasons, "; "), ".")),
			"The stack is as it was before. Mend the cause and apply again; the events of the stack in the CloudFormation console tell more."
	case errors.Is(err, template.ErrNotJSON):
		return path.Empty(), "The template of its stack is not JSON: somebody saved it as YAML.",
			"Update the stack with the same template as JSON, for instance with the last good template from the project's template bucket. Nothing was changed."
	case errors.As(err, &transform):
		return path.Empty(), fmt.Sprintf("The template of its stack has a Transform section (%s), which somebody added: what stands in such a template is not what stands in the account.", transform.Transform),
			"Update the stack with a template without the Transform section. Nothing was changed."
	case errors.As(err, &newer):
		return path.Empty(), fmt.Sprintf("A newer version of the provider wrote its stack: %s.", newer.Error()), "Upgrade the provider."
	case errors.As(err, &keyInUse):
		return path.Root("on_delete"), fmt.Sprintf("The bucket %s is still encrypted with the project's key %s. Nothing was changed.", keyInUse.Bucket, keyInUse.KeyARN),
			"Without the key its data can't be read any more. Delete that bucket or encrypt it with another key; or first apply on_delete = \"retain\", which leaves the key."
	case errors.As(err, &doubtful):
		return path.Empty(), fmt.Sprintf("It is not certain that %s: the template that CloudFormation gives for the stack %s is not the one that the stack says it has.", doubtful.Err, doubtful.Stack),
			"Nothing was changed. Apply again in a minute. If it stays so, somebody has set the stack's parameter Revision by hand: set it to the revision in the template's carrier."
	case errors.As(err, &stackMissing):
		return path.Empty(), fmt.Sprintf("The directory has the project %q, but the account %s has no stack %s in the region %s.", stackMissing.Project, stackMissing.AccountID, stackMissing.Stack, stackMissing.Region),
			"Check that the account is the right one and was not emptied. This is not taken for a deletion: that would create everything again. " +
				"If you were deleting the project and that was interrupted, terraform destroy -refresh=false finishes it."
	case errors.As(err, &plain):
		return path.Empty(), plain.Summary() + ".", plain.Detail()
	case errors.Is(err, projects.ErrNoHub) && errors.As(err, &hub):
		return path.Empty(), fmt.Sprintf("There is no hub %q: the account of the provider's credentials has no SSM parameter %s in the provider's region.", hub.Hub, hub.Parameter),
			"Check the provider arguments hub and region, and that the credentials are those of the hub's account."
	case errors.As(err, &hub):
		return path.Empty(), fmt.Sprintf("The settings of the hub %q in the SSM parameter %s can't be used.", hub.Hub, hub.Parameter),
			"Check the provider argument hub, and that the credentials may call ssm:GetParameter on it.\n\nOriginal error: " + hub.Err.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return path.Empty(), "The time ran out before anything was changed.", fmt.Sprintf("Apply again, or allow more time with the argument timeouts or the provider argument commit_timeout.\n\nOriginal error: %s", err)
	case errors.Is(err, context.Canceled):
		return path.Empty(), "The run was interrupted before anything was changed.", "Apply again."
	}
	next = "Look at the original error; the calls that failed are in the account's CloudTrail."
	if f.action.writes() {
		next = "Nothing was changed. " + next
	}
	return path.Empty(), "An unexpected error occurred.", next + "\n\nOriginal error: " + err.Error()
}

// object is the object as a sentence begins with it: The project bucket "acme/inbox".
func (f failure) object() string {
	if f.id == "" {
		return "The " + strings.ToLower(f.title)
	}
	return fmt.Sprintf("The %s %q", strings.ToLower(f.title), f.id)
}

// label is a name for the object's resource in a configuration.
func (f failure) label() string {
	parts := strings.Split(f.id, "/")
	if len(parts) > 1 {
		parts = parts[1:]
	}
	if len(parts) > 2 {
		parts = parts[:2]
	}
	return strings.ReplaceAll(strings.Join(parts, "_"), "-", "_")
}

func list(ids []model.ID) string {
	const most = 10
	var names []string
	for i, id := range ids {
		if i == most {
			names = append(names, fmt.Sprintf("and %d more", len(ids)-most))
			break
		}
		names = append(names, id.String())
	}
	return strings.Join(names, ", ")
}
