package provider_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/stowage/terraform-provider-stowage/internal/account"
	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/entity/entitytest"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/provider/projectuser"
	"github.com/stowage/terraform-provider-stowage/internal/provider/userpermission"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// The envelope is tested with the simplest object that uses all of it: the user.
const typ = "stowage_project_user"

type values = entitytest.Values

func config(more values) values {
	c := values{"project": "acme", "name": "partner"}
	for k, v := range more {
		c[k] = v
	}
	return c
}

func start(t *testing.T, s entity.Services) (*entitytest.Terraform, *entitytest.Projects) {
	t.Helper()
	p := entitytest.NewProjects()
	s.Projects = p
	return entitytest.StartObjects(t, &s, projectuser.NewResource), p
}

// failing returns a hook that fails one method.
func failing(method string, err error) func(context.Context, string) error {
	return func(_ context.Context, m string) error {
		if m == method {
			return err
		}
		return nil
	}
}

func wantError(t *testing.T, diagnostics []*entitytest.Diagnostic, summary, text, at string) {
	t.Helper()
	if problem := entitytest.Lacks(diagnostics, summary, text, at); problem != "" {
		t.Error(problem)
	}
}

// hubError returns an error with the settings of a hub.
func hubError(err error) error {
	return &projects.HubError{
		Hub:       "main",
		Parameter: "/stowage/hub/main",
		At:        projects.HubLocation{AccountID: "000000000000", Region: "eu-west-1"},
		Err:       err,
	}
}

func TestErrors_EveryFailure(t *testing.T) {
	user := model.ID{Kind: model.KindUser, Name: "partner"}
	stack := "stowage-acme-0"
	const summary = "Unable to Create Project User"
	for _, c := range []struct {
		err      error
		text, at string
	}{
		{&model.NotFoundError{Kind: model.NotFoundProject, Project: "acme"}, `The project user "acme/partner" could not be created. The directory has no project "acme".`, "project"},
		{&model.ConflictError{Kind: model.ConflictExists, ID: user, Origin: "other"}, "It exists already. A configuration with the origin \"other\" created it. An object that an interrupted run created is taken over only if its settings and its origin are the same.\n\nTo manage it here, import it:\n\n  import {\n    to = stowage_project_user.partner\n    id = \"acme/partner\"\n  }", "name"},
		{&model.ConflictError{Kind: model.ConflictInUse, ID: user, By: []model.ID{{Kind: model.KindPermission, Name: "partner/inbox"}}}, "It is still needed by: permission partner/inbox.", ""},
		{&model.ConflictError{Kind: model.ConflictInUse, ID: user, By: []model.ID{{Kind: model.KindPermission, Name: "partner/inbox"}}}, "add -replace=ADDRESS for each of them (stowage_user_permission), or add lifecycle { replace_triggered_by = [stowage_project_user.<NAME>] } to their resources.", ""},
		{&model.ConflictError{Kind: model.ConflictDuplicate, ID: user}, "Another resource of this run manages it, too.\n\nNothing was changed. Rename or remove one of the two resources", "name"},
		{&model.ConflictError{Kind: model.ConflictClosing, Project: "acme"}, `The project "acme" is being deleted and accepts no changes.`, ""},
		{&model.NotFoundError{Kind: model.NotFoundEntity, ID: user}, "It does not exist any more", ""},
		{&template.FullError{What: "resources of the stack", Have: 451, Budget: 450}, "the resources of the stack would be 451, over the budget of 450 by 1.", ""},
		{&commit.CommitError{Stack: stack, Reasons: []string{"User acme-partner already exists."}}, "the commit to the stack stowage-acme-0: User acme-partner already exists.\n\nNothing was changed. Remove the cause and apply again.", ""},
		{&commit.OutcomeUnknownError{Stack: stack, Err: errors.New("time ran out")}, "It is unknown whether the project user \"acme/partner\" was created. The time ran out, or the run was interrupted, while CloudFormation updated the stack stowage-acme-0", ""},
		{&account.NotEmptyError{Bucket: "acme-inbox"}, `The bucket acme-inbox is not empty`, ""},
		{&account.NotEmptyError{Bucket: "acme-inbox", Example: "a.pdf", Refused: true, Holds: account.Contents{Objects: 2, Versions: 1, DeleteMarkers: 1, Uploads: 3, More: true}}, "The bucket acme-inbox is not empty: it holds 2 objects, 1 older version, 1 delete marker, 3 unfinished uploads and more, for example \"a.pdf\". on_delete is \"refuse\".\n\nNothing was changed. Empty the bucket.", ""},
		{model.AfterChange(&commit.CommitError{Stack: stack, Reasons: []string{"no"}}, "The bucket acme-inbox no longer exists."), "the commit to the stack stowage-acme-0: no.\n\nThe bucket acme-inbox no longer exists. Remove the cause and apply again.", ""},
		{model.AfterChange(errors.New("surprise"), "The project is closed."), "The next step failed: surprise.\n\nThe project is closed. Apply again.", ""},
		{model.AfterChange(&commit.OutcomeUnknownError{Stack: stack}, "The bucket acme-inbox no longer exists."), "It is unknown whether the project user \"acme/partner\" was created.", ""},
		{&commit.InterruptedError{Stack: stack, Doing: "preparing the change set", Last: errors.New("CreateChangeSet: InternalFailure: no")}, "The time ran out while preparing the change set; the change is not in the stack stowage-acme-0; the last call that AWS did not serve is CreateChangeSet: InternalFailure: no.\n\nNothing was changed. Apply again", ""},
		{&commit.InterruptedError{Stack: stack}, "The run was interrupted before the stack stowage-acme-0 was changed.\n\nNothing was changed. Apply again.", ""},
		{hubError(projects.ErrNoHub), "There is no hub \"main\": the SSM parameter /stowage/hub/main (account 000000000000, Region eu-west-1) does not exist.", ""},
		{hubError(errors.New("AccessDenied")), "Original error: AccessDenied", ""},
		{&model.NotFoundError{Kind: model.NotFoundStack, Project: "acme", Stack: stack, AccountID: "111122223333", Region: "eu-west-1"}, "the account 111122223333 has no stack stowage-acme-0 in the region eu-west-1", ""},
		{&model.NewerFormatError{What: "the resource Key", Format: "9", Known: 2}, "the resource Key has format 9; this version knows formats up to 2.\n\nNothing was changed. Upgrade the provider.", ""},
		{&model.NewerFormatError{What: "the resource Userpartner", Field: "shiny"}, "A newer version of Stowage is in use: the resource Userpartner has the setting \"shiny\", which this version does not know and would lose.\n\nNothing was changed. Upgrade the provider.", ""},
		{hubError(&model.NewerFormatError{What: "the SSM parameter /stowage/hub/main", Format: "2", Known: 1}), "the SSM parameter /stowage/hub/main has format 2; this version knows formats up to 1.\n\nNothing was changed. Upgrade the provider.", ""},
		{template.ErrTransform, "has a Transform section", ""},
		{&model.ConflictError{Kind: model.ConflictKeys, ID: user}, "Another writer changed its access keys after the plan was made.", "access_key"},
		{&model.NotFoundError{Kind: model.NotFoundServer, NeededBy: user}, "Its project has no SFTP server.\n\nNothing was changed. Enable the server of the project (sftp = { enabled = true } in stowage_project", "sftp"},
		{&model.ConflictError{Kind: model.ConflictServerInUse, Project: "acme", By: []model.ID{user}}, "Users still have SFTP: user partner.\n\nNothing was changed.", "sftp"},
		{template.ErrNotJSON, "is not JSON: it was saved as YAML.", ""},
		{context.DeadlineExceeded, "allow more time with the argument timeouts or the provider argument commit_timeout", ""},
		{context.Canceled, "The run was interrupted.", ""},
		{explained{}, "It broke.\n\nMend it.", ""},
		{errors.New("surprise"), "An unexpected error occurred.\n\nThe calls that failed are in the account's CloudTrail.\n\nOriginal error: committing: surprise", ""},
	} {
		tf, p := start(t, entity.Services{})
		plan, diagnostics := tf.Plan(typ, nil, config(nil))
		entitytest.Must(t, diagnostics)
		p.Fail = failing("Create", fmt.Errorf("committing: %w", c.err))
		object, diagnostics := tf.Apply(plan)
		wantError(t, diagnostics, summary, c.text, c.at)
		if object != nil {
			t.Errorf("%T: there is a state", c.err)
		}
	}
}

// The warnings of a commit are reported once, by the next write that ends.
func TestWarnings_WithNextWrite(t *testing.T) {
	saturated := func(atOnce int) projects.Warning { return projects.SaturatedWarning{AtOnce: atOnce} }
	unhealed := projects.UnhealedWarning{
		Project: "acme", Stack: "stowage-acme-0", LogicalIDs: []string{"Bucketinbox"},
		Reasons: []string{"Bucketinbox (AWS::S3::Bucket) UPDATE_FAILED: Access Denied."},
	}
	const limited = "Commits Are Limited by Terraform's Parallelism"
	for _, c := range []struct {
		warning       projects.Warning
		summary, text string
	}{
		{saturated(10), limited, "10 changes were in progress at once, several times: as many as Terraform makes at once"},
		{saturated(10), limited, "run terraform apply -parallelism=100, or set the environment variable TF_CLI_ARGS_apply=-parallelism=100; in HCP Terraform, set the environment variable TFE_PARALLELISM=100"},
		{saturated(100), limited, "TF_CLI_ARGS_apply=-parallelism=250"},
		{unhealed, "Resources May Differ From the Template", "which could not be repaired: Bucketinbox.\n\nAWS's reasons: Bucketinbox (AWS::S3::Bucket) UPDATE_FAILED: Access Denied.\n"},
	} {
		tf, p := start(t, entity.Services{})
		check := func(action string, diagnostics []*entitytest.Diagnostic, wanted bool) {
			t.Helper()
			var got []*entitytest.Diagnostic
			for _, d := range diagnostics {
				if d.Severity == tfprotov6.DiagnosticSeverityWarning {
					got = append(got, d)
				}
			}
			switch {
			case !wanted:
				if len(got) > 0 {
					t.Errorf("%s warns: %s", action, got[0].Summary)
				}
			case len(got) != 1 || got[0].Summary != c.summary || !strings.Contains(got[0].Detail, c.text):
				t.Errorf("%s warns %v, want %q with %q", action, got, c.summary, c.text)
			}
		}
		apply := func(prior *entitytest.Object, config entitytest.Values) (*entitytest.Object, []*entitytest.Diagnostic) {
			t.Helper()
			plan, diagnostics := tf.Plan(typ, prior, config)
			entitytest.Must(t, diagnostics)
			return tf.Apply(plan)
		}
		p.Pending = []projects.Warning{c.warning}
		object, diagnostics := apply(nil, config(nil))
		entitytest.Must(t, diagnostics)
		check("create", diagnostics, true)
		object, diagnostics = apply(object, config(values{"source_ips": []any{"203.0.113.0/24"}}))
		check("the next write", diagnostics, false)
		p.Pending = []projects.Warning{c.warning}
		object, diagnostics = apply(object, config(nil))
		check("update", diagnostics, true)
		p.Pending = []projects.Warning{c.warning}
		_, diagnostics = apply(object, nil)
		check("delete", diagnostics, true)
		p.Pending = []projects.Warning{c.warning}
		p.Fail = failing("Create", errors.New("no"))
		_, diagnostics = apply(nil, config(nil))
		check("a failed create", diagnostics, true)
	}
}

// explained is an error with an explanation, like those of the AWS clients.
type explained struct{}

func (explained) Error() string { return "broken" }
func (explained) Explain() model.Explanation {
	return model.Explanation{Cause: "It broke.", Remedy: "Mend it."}
}

func TestRefresh_YAMLTemplate(t *testing.T) {
	tf, p := start(t, entity.Services{})
	object := tf.Created(typ, config(nil))
	p.Fail = failing("Read", fmt.Errorf("reading: %w", template.ErrNotJSON))
	_, diagnostics := tf.Read(object)
	wantError(t, diagnostics, "Unable to Read Project User", "it was saved as YAML", "")
	_, diagnostics = tf.Plan(typ, nil, config(values{"name": "another"}))
	wantError(t, diagnostics, "Unable to Plan Project User", "it was saved as YAML", "")
	_, diagnostics = tf.Import(typ, "acme/partner")
	wantError(t, diagnostics, "Unable to Import Project User", "it was saved as YAML", "")
}

func TestUnknownOutcomeWritesNoState(t *testing.T) {
	tf, p := start(t, entity.Services{})
	object := tf.Created(typ, config(nil))
	outcome := &commit.OutcomeUnknownError{Stack: "stowage-acme-0", Err: context.DeadlineExceeded}
	plan, diagnostics := tf.Plan(typ, object, config(values{"source_ips": []any{"203.0.113.0/24"}}))
	entitytest.Must(t, diagnostics)
	p.Fail = failing("Update", outcome)
	after, diagnostics := tf.Apply(plan)
	wantError(
		t, diagnostics, "Unable to Update Project User",
		"It is unknown whether the project user \"acme/partner\" was updated.", "",
	)
	if diff := cmp.Diff([]any{}, after.Get("source_ips")); diff != "" {
		t.Errorf("the state has changed: %s", diff)
	}
}

func TestCreate_InterruptedIsTakenOver(t *testing.T) {
	tf, p := start(t, entity.Services{})
	plan, diagnostics := tf.Plan(typ, nil, config(nil))
	entitytest.Must(t, diagnostics)
	if err := p.Create(t.Context(), "acme", model.User{Name: "partner"}); err != nil { // by the run that was killed
		t.Fatal(err)
	}
	if object, diagnostics := tf.Apply(plan); object == nil {
		t.Errorf("not taken over: %v", entitytest.Errors(diagnostics))
	}
	p.Origin = "somebody else"
	_, diagnostics = tf.Apply(plan)
	wantError(t, diagnostics, "Unable to Create Project User", `id = "acme/partner"`, "name")
}

func TestCopiedResource(t *testing.T) {
	tf, p := start(t, entity.Services{})
	object := tf.Created(typ, config(nil))
	err := p.Rewrite(
		"acme",
		`"Resources":{`,
		`"Resources":{"TheirUser":{"Type":"AWS::IAM::User","Metadata":{"Stowage":{"format":1,"compiler":1,`+
			`"of":{"kind":"user","name":"partner"}}},"Properties":{"UserName":"theirs"}},`,
	)
	if err != nil {
		t.Fatal(err)
	}
	got, diagnostics := tf.Read(object)
	if len(diagnostics) != 1 || diagnostics[0].Severity != tfprotov6.DiagnosticSeverityWarning ||
		!strings.Contains(diagnostics[0].Detail, "TheirUser") {
		t.Errorf("reading says %v", entitytest.Errors(diagnostics))
	}
	if diff := cmp.Diff(object.Get("drift"), got.Get("drift")); diff != "" {
		t.Errorf("a copy is drift: %s", diff)
	}
	if got := tf.Applied(typ, object, nil); got != nil {
		t.Error("it was not deleted")
	}
	if err := p.Rewrite("acme", "TheirUser", "TheirUser2"); err != nil {
		t.Fatal(err)
	}
	if view, err := p.Read(t.Context(), "acme"); err != nil || !slices.Contains(view.Contents.Foreign, "TheirUser2") {
		t.Errorf("the copy was deleted with it: %v, %v", view.Contents.Foreign, err)
	}
}

func TestRead_GoneLeavesState(t *testing.T) {
	tf, p := start(t, entity.Services{})
	object := tf.Created(typ, config(nil))
	p.Fail = failing("Read", &model.NotFoundError{Kind: model.NotFoundProject, Project: "acme"})
	if got, diagnostics := tf.Read(object); got != nil || len(diagnostics) > 0 {
		t.Errorf("without its project: %v, %v", got, diagnostics)
	}
	p.Fail = nil
	if err := p.Delete(t.Context(), "acme", model.ID{Kind: model.KindUser, Name: "partner"}); err != nil {
		t.Fatal(err)
	}
	if got, diagnostics := tf.Read(object); got != nil || len(diagnostics) > 0 {
		t.Errorf("without itself: %v, %v", got, diagnostics)
	}
	if got := tf.Applied(typ, object, nil); got != nil {
		t.Error("deleting it again left something")
	}
	p.Fail = failing("Delete", &model.NotFoundError{Kind: model.NotFoundProject, Project: "acme"})
	if got := tf.Applied(typ, object, nil); got != nil {
		t.Error("deleting it with its project left something")
	}
}

func TestRead_WrongAccount(t *testing.T) {
	tf, p := start(t, entity.Services{})
	object := tf.Created(typ, config(nil))
	p.Fail = failing(
		"Read",
		&model.NotFoundError{
			Kind: model.NotFoundStack, Project: "acme", Stack: "stowage-acme-0", AccountID: "1", Region: "r",
		},
	)
	got, diagnostics := tf.Read(object)
	wantError(t, diagnostics, "Unable to Read Project User", "A missing stack is not taken for a deletion", "")
	if got == nil {
		t.Error("it left the state")
	}
}

func TestWrittenButUnreadable(t *testing.T) {
	tf, p := start(t, entity.Services{})
	plan, diagnostics := tf.Plan(typ, nil, config(nil))
	entitytest.Must(t, diagnostics)
	p.Fail = failing("Read", errors.New("no route"))
	object, diagnostics := tf.Apply(plan)
	wantError(t, diagnostics, "Unable to Read Project User", "was written, but could not be read afterwards", "")
	if object != nil {
		t.Error("there is a state that was not read")
	}
	p.Fail = nil
	if object, diagnostics = tf.Apply(plan); object == nil {
		t.Errorf("the next apply doesn't settle it: %v", diagnostics)
	}
}

func TestTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tf, p := start(t, entity.Services{})
		wait := func(ctx context.Context, method string) error {
			if method == "Read" {
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		}
		object := tf.Created(typ, config(values{"timeouts": values{"update": "90s", "delete": "2h"}}))
		p.Fail = wait
		took := func(prior *entitytest.Object, c values) time.Duration {
			begin := time.Now()
			plan, diagnostics := tf.Plan(typ, prior, c)
			entitytest.Must(t, diagnostics)
			_, diagnostics = tf.Apply(plan)
			wantError(
				t,
				diagnostics,
				fmt.Sprintf(
					"Unable to %s Project User",
					map[string]string{"create": "Create", "update": "Update", "delete": "Delete"}[plan.Action],
				),
				"The time ran out.",
				"",
			)
			return time.Since(begin)
		}
		got := []time.Duration{
			took(nil, config(values{"name": "another"})),
			took(
				object,
				config(values{"source_ips": []any{"203.0.113.0/24"}, "timeouts": values{"update": "90s", "delete": "2h"}}),
			),
			took(object, nil),
		}
		if diff := cmp.Diff([]time.Duration{entity.DefaultTimeout, 90 * time.Second, 2 * time.Hour}, got); diff != "" {
			t.Error(diff)
		}
	})
}

// The provider's limit applies to objects without timeouts.
func TestTimeouts_CommitTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := entitytest.NewProjects()
		tf := entitytest.StartObjects(
			t, &entity.Services{Projects: p, CommitTimeout: 5 * time.Minute}, projectuser.NewResource,
			userpermission.NewResource,
		)
		for typ, configs := range map[string][2]values{
			"stowage_project_user": {config(nil), config(values{"source_ips": []any{"203.0.113.0/24"}})},
			"stowage_user_permission": {
				{"project": "acme", "user": "partner", "bucket": "inbox", "access": "read"}, {"project": "acme", "user": "partner", "bucket": "inbox", "access": "write"},
			},
		} {
			if typ == "stowage_user_permission" {
				for _, e := range []model.Entity{model.User{Name: "partner"}, model.Bucket{Name: "inbox", BucketName: "acme-inbox", OnDelete: model.Refuse}} {
					_ = p.Create(t.Context(), "acme", e) // the user may exist already
				}
			}
			object := tf.Created(typ, configs[0])
			for _, c := range []struct {
				prior  *entitytest.Object
				config values
			}{{nil, configs[0]}, {object, configs[1]}, {object, nil}} {
				plan, diagnostics := tf.Plan(typ, c.prior, c.config)
				entitytest.Must(t, diagnostics)
				p.Fail = func(ctx context.Context, method string) error {
					if method == "Read" {
						return nil
					}
					<-ctx.Done()
					return ctx.Err()
				}
				begin := time.Now()
				_, diagnostics = tf.Apply(plan)
				p.Fail = nil
				if took := time.Since(begin); took != 5*time.Minute || len(entitytest.Errors(diagnostics)) == 0 {
					t.Errorf("%s: %s ended after %s: %v", typ, plan.Action, took, diagnostics)
				}
			}
		}
	})
}

func TestDefaultTags(t *testing.T) {
	s := entity.Services{DefaultTags: map[string]string{"team": "x"}}
	tf, p := start(t, s)
	for _, tags := range []any{nil, values{}, values{"team": "y", "a": "b"}} {
		c := config(values{"tags": tags, "name": fmt.Sprintf("user-%d", len(p.Written()))})
		object := tf.Created(typ, c)
		if diff := cmp.Diff(tags, object.Get("tags")); diff != "" {
			t.Errorf("tags are not as they were written: %s", diff)
		}
		if action := tf.Action(object, c); action != "no-op" {
			t.Errorf("%v: the next plan would %s", tags, action)
		}
	}
	var written []map[string]string
	for _, e := range p.Written() {
		user, _ := e.(model.User)
		written = append(written, user.Tags)
	}
	if diff := cmp.Diff([]map[string]string{{"team": "x"}, {"team": "x"}, {"team": "y", "a": "b"}}, written); diff != "" {
		t.Error(diff)
	}
}

func TestPlan_InvalidDefaultTags(t *testing.T) {
	tf, _ := start(t, entity.Services{DefaultTags: map[string]string{"aws:x": "y"}})
	_, diagnostics := tf.Plan(typ, nil, config(nil))
	wantError(t, diagnostics, "Invalid Project User", `"aws:x" begins with a reserved prefix`, "tags")
}

func TestIgnoredTagsStay(t *testing.T) {
	tf, p := start(t, entity.Services{IgnoreTags: entity.IgnoreTags{Keys: []string{"cost"}}})
	if err := p.Create(
		t.Context(), "acme", model.User{Name: "partner", Tags: map[string]string{"cost": "7"}},
	); err != nil {
		t.Fatal(err)
	}
	object, diagnostics := tf.Import(typ, "acme/partner")
	entitytest.Must(t, diagnostics)
	if action := tf.Action(object, config(nil)); action != "no-op" {
		t.Errorf("the plan would %s", action)
	}
	tf.Applied(typ, object, config(values{"tags": values{"a": "b"}}))
	written := p.Written()
	user, _ := written[len(written)-1].(model.User)
	if diff := cmp.Diff(map[string]string{"cost": "7", "a": "b"}, user.Tags); diff != "" {
		t.Error(diff)
	}
}

func TestImport_OtherKinds(t *testing.T) {
	tf, _ := start(t, entity.Services{})
	_, diagnostics := tf.Import(typ, "acme/partner/legacy-iam-user")
	wantError(t, diagnostics, "Invalid Import ID", "comes with a later version", "")
	_, diagnostics = tf.Import(typ, "acme/nobody")
	wantError(
		t, diagnostics, "Cannot Import Project User",
		"Adopting resources that were made without Stowage comes with a later version", "",
	)
	_, diagnostics = tf.Import(typ, "nobody/partner")
	wantError(t, diagnostics, "Unable to Import Project User", `The directory has no project "nobody".`, "project")
}
