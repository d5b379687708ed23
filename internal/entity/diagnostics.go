package entity

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

type action string

const (
	create    action = "Create"
	read      action = "Read"
	update    action = "Update"
	remove    action = "Delete"
	planning  action = "Plan"
	importing action = "Import"
)

// done returns the action's past participle.
func (a action) done() string {
	return map[action]string{
		create: "created", read: "read", update: "updated", remove: "deleted", planning: "planned", importing: "imported",
	}[a]
}

// Unexpected returns the diagnostic for an entity of another type than the object's.
func Unexpected(noun string, name fmt.Stringer, e model.Entity) diag.Diagnostic {
	return diag.NewErrorDiagnostic(
		"Unexpected Entity",
		fmt.Sprintf("The %s %s is a %T. This is a bug in the provider, please report it.", noun, name, e),
	)
}

// failure creates the diagnostics of one failed action.
type failure struct {
	action  action
	title   string // Project Bucket
	typ     string // project_bucket
	id      string // acme/inbox
	project string // the attribute that names the project; "" when there is none
	own     string // the attribute that names the object in its project
	// has reports whether the object has an attribute besides these.
	has func(attribute string) bool
}

func (o *Object[M]) failure(action action, n name) failure {
	identity := o.Identity
	has := func(attribute string) bool {
		_, ok := o.Attributes[attribute]
		return ok
	}
	f := failure{
		action: action, title: o.Title, typ: o.Name, id: n.String(), project: identity[0].Name,
		has: has,
	}
	for _, part := range identity {
		if !part.Optional {
			f.own = part.Name
		}
	}
	return f
}

// diagnostic reports an error: what failed, why, what was changed, and what to do.
func (f failure) diagnostic(err error) diag.Diagnostic {
	explanation := explain(err)
	what := fmt.Sprintf("%s could not be %s.", f.object(), f.action.done())
	if explanation.Changed == model.ChangedUnknown {
		what = fmt.Sprintf("It is unknown whether %s was %s.", lowerFirst(f.object()), f.action.done())
	}
	summary := fmt.Sprintf("Unable to %s %s", f.action, f.title)
	detail := what + " " + f.detail(explanation)
	if where, ok := f.attribute(explanation.Attribute); ok {
		return diag.NewAttributeErrorDiagnostic(where, summary, detail)
	}
	return diag.NewErrorDiagnostic(summary, detail)
}

// unread reports that an object was written but could not be read afterwards.
func (f failure) unread(err error) diag.Diagnostic {
	return diag.NewErrorDiagnostic(fmt.Sprintf("Unable to Read %s", f.title), fmt.Sprintf(
		"%s was written, but could not be read afterwards, so it is not in the state as it is. %s\n\nThe next apply resolves this.",
		f.object(),
		f.detail(explain(err).withoutChanges()),
	))
}

// Explained returns the cause and remedy of an error that no action on an object led to.
func Explained(err error) (attribute, detail string) {
	explanation := explain(err)
	return explanation.Attribute, failure{}.detail(explanation)
}

type explanation struct{ model.Explanation }

// explain returns the explanation of an error. An error without one may have occurred before or
// after a change.
func explain(err error) explanation {
	if explained, ok := model.Explain(err); ok {
		return explanation{explained}
	}
	return explanation{model.Explanation{
		Cause:  "An unexpected error occurred.",
		Remedy: "The calls that failed are in the account's CloudTrail.\n\nOriginal error: " + err.Error(),
	}}
}

func (e explanation) withoutChanges() explanation {
	e.Changed, e.Done = model.ChangedUnstated, ""
	return e
}

func (f failure) detail(e explanation) string {
	paragraphs := []string{e.Cause}
	if e.Importable {
		paragraphs = append(paragraphs, fmt.Sprintf(
			"To manage it here, import it:\n\n  import {\n    to = stowage_%s.%s\n    id = %q\n  }", f.typ, f.label(), f.id))
	}
	remedy := e.Remedy
	switch {
	case e.Changed == model.ChangedNothing:
		remedy = "Nothing was changed. " + remedy
	case e.Done != "":
		remedy = e.Done + " " + remedy
	}
	if remedy = strings.TrimSpace(remedy); remedy != "" {
		paragraphs = append(paragraphs, remedy)
	}
	return strings.Join(paragraphs, "\n\n")
}

// attribute returns the path of an explanation's attribute in the object's configuration; ok is
// false if there is none.
func (f failure) attribute(attribute string) (where path.Path, ok bool) {
	steps := strings.Split(attribute, ".")
	switch {
	case steps[0] == model.AttributeProject:
		steps[0] = f.project
	case steps[0] == model.AttributeName:
		steps[0] = f.own
	case steps[0] != "" && !f.has(steps[0]): // an attribute of the provider or of another object
		steps[0] = ""
	}
	if steps[0] == "" {
		return path.Empty(), false
	}
	where = path.Root(steps[0])
	for _, step := range steps[1:] {
		where = where.AtName(step)
	}
	return where, true
}

// object returns the object for the start of a sentence: The project bucket "acme/inbox".
func (f failure) object() string {
	if f.id == "" {
		return "The " + strings.ToLower(f.title)
	}
	return fmt.Sprintf("The %s %q", strings.ToLower(f.title), f.id)
}

func lowerFirst(text string) string { return strings.ToLower(text[:1]) + text[1:] }

// label returns a name for the object's resource in a configuration.
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
