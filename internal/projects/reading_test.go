package projects_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// items are all items of the mirror's table.
func (w *world) items() []map[string]types.AttributeValue {
	w.t.Helper()
	out, err := w.clients().Hub().DynamoDB.Scan(w.t.Context(), &dynamodb.ScanInput{TableName: aws.String(sandbox.HubName)})
	must(w.t, err)
	return out.Items
}

func (w *world) loseMirror() {
	w.t.Helper()
	for _, item := range w.items() {
		_, err := w.clients().Hub().DynamoDB.DeleteItem(w.t.Context(), &dynamodb.DeleteItemInput{
			TableName: aws.String(sandbox.HubName), Key: map[string]types.AttributeValue{"pk": item["pk"], "sk": item["sk"]},
		})
		must(w.t, err)
	}
}

func (w *world) restoreMirror(items []map[string]types.AttributeValue) {
	w.t.Helper()
	w.loseMirror()
	for _, item := range items {
		_, err := w.clients().Hub().DynamoDB.PutItem(
			w.t.Context(), &dynamodb.PutItemInput{TableName: aws.String(sandbox.HubName), Item: item},
		)
		must(w.t, err)
	}
}

func (w *world) faults(list ...sandbox.Fault) {
	w.t.Helper()
	must(w.t, w.box.AddFaults(list...))
}

func mode(m projects.ReadMode) func(*projects.Config) {
	return func(c *projects.Config) { c.ReadMode = m }
}

func (w *world) read(m projects.ReadMode) *projects.View {
	w.t.Helper()
	view, err := w.process(mode(m)).Read(w.t.Context(), "acme")
	must(w.t, err)
	return view
}

func sameView(t *testing.T, want, have *projects.View) {
	t.Helper()
	if diff := cmp.Diff(want, have, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(projects.View{})); diff != "" {
		t.Errorf("the views differ (-want +have):\n%s", diff)
	}
}

// TestMirror_SameAsStacks damages the mirror in every way. What is read stays
// the same; only calls are added.
func TestMirror_SameAsStacks(t *testing.T) {
	cases := map[string]struct {
		damage func(w *world, old []map[string]types.AttributeValue)
		modes  []projects.ReadMode
		// templates is the number of templates that a read then gets, with a mirror that can be
		// repaired.
		templates, afterwards int
	}{
		"intact": {
			func(*world, []map[string]types.AttributeValue) {},
			[]projects.ReadMode{projects.Verified, projects.Cached, projects.Authoritative},
			0,
			0,
		},
		"lost": {
			func(w *world, _ []map[string]types.AttributeValue) { w.loseMirror() },
			[]projects.ReadMode{projects.Verified, projects.Cached},
			2,
			0,
		},
		"stale": {
			func(w *world, old []map[string]types.AttributeValue) { w.restoreMirror(old) },
			[]projects.ReadMode{projects.Verified},
			1,
			0,
		},
		"unreachable": {func(w *world, _ []map[string]types.AttributeValue) {
			w.faults(sandbox.Fault{Service: "dynamodb", Effect: sandbox.FailCall, Code: "AccessDeniedException"})
		}, []projects.ReadMode{projects.Verified, projects.Cached}, 2, 2},
		"failing": {func(w *world, _ []map[string]types.AttributeValue) {
			w.faults(sandbox.Fault{Service: "dynamodb", Effect: sandbox.FailCall})
		}, []projects.ReadMode{projects.Verified, projects.Cached}, 2, 2},
	}
	for name, c := range cases {
		for _, m := range c.modes {
			t.Run(name+", "+string(m), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, false)
					s := w.process()
					fill(t, s)
					old := w.items()
					must(t, s.Create(t.Context(), "acme", model.User{Name: "later"}))
					want := w.read(projects.Authoritative)
					c.damage(w, old)
					templates := c.templates
					if m == projects.Authoritative {
						templates = 2
					}
					w.resetCalls()
					sameView(t, want, w.read(m))
					if got := w.calls()["cloudformation.GetTemplate"]; got != templates {
						t.Errorf("%d templates were read, want %d", got, templates)
					}
					if m == projects.Authoritative {
						return
					}
					w.resetCalls()
					sameView(t, want, w.read(m))
					if got := w.calls()["cloudformation.GetTemplate"]; got != c.afterwards {
						t.Errorf("%d templates were read the second time, want %d", got, c.afterwards)
					}
				})
			})
		}
	}
}

func (w *world) dropTable() {
	w.t.Helper()
	_, err := w.clients().Hub().DynamoDB.DeleteTable(
		w.t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String(sandbox.HubName)},
	)
	must(w.t, err)
}

// TestHub_TableMissing refuses a hub whose table does not exist, before anything is changed: the
// settings name the wrong one. Without the mirror, a mode that does not need it works.
func TestHub_TableMissing(t *testing.T) {
	for _, m := range []projects.ReadMode{projects.Verified, projects.Cached} {
		t.Run(string(m), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, false)
				fill(t, w.process())
				want := w.read(projects.Authoritative)
				w.dropTable()
				s := w.process(mode(m))
				w.resetCalls()
				globex := acme()
				globex.Name = "globex"
				_, readErr := s.Read(t.Context(), "acme")
				_, listErr := s.List(t.Context())
				for action, err := range map[string]error{
					"read": readErr, "list": listErr, "create project": s.CreateProject(t.Context(), globex),
					"create": s.Create(t.Context(), "acme", bucket("third")), "delete": s.Delete(t.Context(), "acme", bucket("inbox").ID()),
				} {
					var hub *projects.HubError
					if !errors.As(err, &hub) || !errors.Is(err, projects.ErrHubSettings) ||
						!strings.Contains(err.Error(), `field "table"`) {
						t.Errorf("%s: %v", action, err)
					}
				}
				if n := w.calls()["cloudformation.CreateChangeSet"]; n != 0 {
					t.Errorf("%d change sets were created", n)
				}
				sameView(t, want, w.read(projects.Authoritative))
			})
		})
	}
}

// TestMirror_Outage reads and writes while every call to DynamoDB fails. It takes seconds, and a
// warning says so, once.
func TestMirror_Outage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		fill(t, w.process())
		w.faults(sandbox.Fault{Service: "dynamodb", Effect: sandbox.FailCall})
		began := time.Now()
		s := w.process()
		_, err := s.Read(t.Context(), "acme")
		must(t, err)
		_, err = s.List(t.Context())
		must(t, err)
		// Each of the two projects' worth of reads waits for the mirror once to read it, and once
		// to repair it.
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("reading took %s", took)
		}
		warnings := s.Warnings()
		if len(warnings) != 1 {
			t.Fatalf("warnings %v", warnings)
		}
		warning, ok := warnings[0].(projects.MirrorWarning)
		if !ok || warning.Table != sandbox.HubName || warning.Hub.AccountID != sandbox.HubAccount ||
			!strings.Contains(warning.Err.Error(), "no answer within 2s (InternalServerError: ") {
			t.Errorf("warning %+v", warnings[0])
		}
		must(t, s.Create(t.Context(), "acme", bucket("third")))
		w.box.ClearFaults()
		if got := len(w.read(projects.Verified).Contents.Buckets); got != 3 {
			t.Errorf("%d buckets, want 3", got)
		}
	})
}

func TestReading_NeverGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.process()
		fill(t, s)
		old := w.items()
		must(t, s.Create(t.Context(), "acme", model.User{Name: "later"}))
		w.restoreMirror(old)
		w.faults(sandbox.Fault{Service: "cloudformation", Operation: "DescribeStacks", Effect: sandbox.StaleRead},
			sandbox.Fault{Service: "cloudformation", Operation: "GetTemplate", Effect: sandbox.StaleRead})
		view, err := s.Read(t.Context(), "acme")
		must(t, err)
		if got := len(view.Contents.Users); got != 2 {
			t.Errorf("%d users, want 2: the process has seen them committed", got)
		}
	})
}

// TestReading_TemplateStaysStale has CloudFormation give the template of the commit before,
// for longer than it usually does.
func TestReading_TemplateStaysStale(t *testing.T) {
	partner := model.User{Name: "partner"}
	stale := sandbox.Fault{Service: "cloudformation", Operation: "GetTemplate", Effect: sandbox.StaleRead}
	for name, knows := range map[string]bool{"by a process that knows better": true, "by a process that doesn't": false} {
		t.Run("what is there is not deleted "+name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, false)
				must(t, w.process().CreateProject(t.Context(), acme()))
				s := w.process()
				if !knows {
					_, err := s.Read(t.Context(), "acme")
					must(t, err)
				}
				must(t, w.process().Create(t.Context(), "acme", partner))
				w.faults(stale)
				err := s.Delete(t.Context(), "acme", partner.ID())
				var maybeStale *commit.StaleTemplateError
				var surprise *commit.UnexpectedChangesError
				if knows && !errors.As(err, &surprise) || !knows && !errors.As(err, &maybeStale) {
					t.Errorf("deleting ended with %v", err)
				}
				w.control(http.MethodDelete, "/_sandbox/faults", "")
				must(t, s.Delete(t.Context(), "acme", partner.ID()))
				if view := w.read(projects.Authoritative); len(view.Contents.Users) > 0 {
					t.Errorf("users %v are left", view.Contents.Users)
				}
			})
		})
	}
	t.Run("what is there is not said to be gone", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, false)
			must(t, w.process().CreateProject(t.Context(), acme()))
			must(t, w.process().Create(t.Context(), "acme", partner))
			w.faults(stale)
			err := w.process().Update(t.Context(), "acme", partner)
			var maybeStale *commit.StaleTemplateError
			if !errors.As(err, &maybeStale) || model.IsNotFound(err, model.NotFoundEntity) {
				t.Errorf("updating ended with %v", err)
			}
		})
	})
	t.Run("the mirror doesn't go on with it", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, false)
			must(t, w.process().CreateProject(t.Context(), acme()))
			must(t, w.process().Create(t.Context(), "acme", partner))
			w.loseMirror()
			s := w.process()
			_, err := s.List(t.Context()) // the directory is not stale
			must(t, err)
			w.faults(stale)
			view, err := s.Read(t.Context(), "acme")
			must(t, err)
			if len(view.Contents.Users) > 0 {
				t.Fatal("the template isn't stale")
			}
			w.control(http.MethodDelete, "/_sandbox/faults", "")
			for _, mode := range []projects.ReadMode{projects.Verified, projects.Cached} {
				if view := w.read(mode); len(view.Contents.Users) != 1 {
					t.Errorf("reading %v gives the users %v", mode, view.Contents.Users)
				}
			}
		})
	})
}

func TestList_OwnProjectsStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.process()
		other := acme()
		other.Name = "globex"
		must(t, s.CreateProject(t.Context(), other))
		old := w.items()
		must(t, s.CreateProject(t.Context(), acme()))
		w.restoreMirror(old)
		w.faults(sandbox.Fault{Service: "cloudformation", Operation: "DescribeStacks", Effect: sandbox.StaleRead},
			sandbox.Fault{Service: "cloudformation", Operation: "GetTemplate", Effect: sandbox.StaleRead})
		entries, err := s.List(t.Context())
		must(t, err)
		if len(entries) != 2 {
			t.Errorf("the list holds %v, want both projects", entries)
		}
	})
}

func TestRead_UnknownProject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.process()
		fill(t, s)
		var unknown *model.NotFoundError
		if _, err := s.Read(t.Context(), "nope"); !errors.As(err, &unknown) || unknown.Kind != model.NotFoundProject ||
			unknown.Project != "nope" {
			t.Errorf("reading an unknown project: %v", err)
		}
		if err := s.Create(t.Context(), "nope", model.User{Name: "partner"}); !errors.As(err, &unknown) ||
			unknown.Kind != model.NotFoundProject {
			t.Errorf("creating in an unknown project: %v", err)
		}
		must(t, s.Delete(t.Context(), "nope", model.ID{Kind: model.KindUser, Name: "partner"}))
		must(t, s.DeleteProject(t.Context(), "nope"))
	})
}

// deleteStack deletes the project's stack behind Stowage's back.
func (w *world) deleteStack() {
	w.t.Helper()
	client, name := w.member().CloudFormation, aws.String("stowage-acme-0")
	_, err := client.UpdateTerminationProtection(
		w.t.Context(),
		&cloudformation.UpdateTerminationProtectionInput{StackName: name, EnableTerminationProtection: aws.Bool(false)},
	)
	must(w.t, err)
	_, err = client.DeleteStack(w.t.Context(), &cloudformation.DeleteStackInput{StackName: name})
	must(w.t, err)
	must(
		w.t,
		cloudformation.NewStackDeleteCompleteWaiter(client).Wait(
			w.t.Context(), &cloudformation.DescribeStacksInput{StackName: name}, 1<<40,
		),
	)
}

// member are clients with the project account's own credentials: a person or a script.
func (w *world) member() *awsclient.Account { return w.memberOf(account) }

func TestRead_MissingStack(t *testing.T) {
	for _, m := range []projects.ReadMode{projects.Verified, projects.Authoritative} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, false)
			before := w.process(mode(m))
			fill(t, before)
			w.deleteStack()
			s := w.process(mode(m))
			var missing *model.NotFoundError
			if _, err := s.Read(t.Context(), "acme"); !errors.As(err, &missing) || missing.Kind != model.NotFoundStack ||
				missing.AccountID != account {
				t.Errorf("%s: reading: %v", m, err)
			}
			if err := s.Delete(t.Context(), "acme", bucket("inbox").ID()); !errors.As(err, &missing) ||
				missing.Kind != model.NotFoundStack {
				t.Errorf("%s: deleting: %v", m, err)
			}
			if err := before.Create(t.Context(), "acme", model.User{Name: "later"}); !errors.As(err, &missing) ||
				missing.Kind != model.NotFoundStack {
				t.Errorf("%s: creating in a process that remembers the stack: %v", m, err)
			}
		})
	}
}

func TestRead_RoleNotAssumable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.process(func(c *projects.Config) { c.RoleName = "Nope" })
		var refused *awsclient.AssumeRoleError
		if err := s.CreateProject(t.Context(), acme()); !errors.As(err, &refused) ||
			!strings.Contains(refused.RoleARN, "Nope") {
			t.Errorf("creating a project: %v", err)
		}
		entries, err := w.process().List(t.Context())
		must(t, err)
		if len(entries) > 0 {
			t.Errorf("the directory holds %v", entries)
		}
		if n := w.calls()["cloudformation.CreateChangeSet"]; n != 0 {
			t.Errorf("%d change sets were made", n)
		}
	})
}

func TestRead_NoHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.process(func(c *projects.Config) { c.Hub = "elsewhere" })
		var hub *projects.HubError
		_, err := s.Read(t.Context(), "acme")
		if !errors.As(err, &hub) || !errors.Is(err, projects.ErrNoHub) || hub.Parameter != "/stowage/hub/elsewhere" {
			t.Errorf("reading: %v", err)
		}
		if err := s.CreateProject(t.Context(), acme()); !errors.Is(err, projects.ErrNoHub) {
			t.Errorf("creating: %v", err)
		}
	})
}

func TestRead_TemplateSavedAsYAML(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		fill(t, w.process())
		yaml := w.saveAsYAML()
		s := w.process()
		if _, err := s.Read(t.Context(), "acme"); !errors.Is(err, template.ErrNotJSON) {
			t.Errorf("reading: %v", err)
		}
		if err := s.Create(t.Context(), "acme", model.User{Name: "later"}); !errors.Is(err, template.ErrNotJSON) {
			t.Errorf("creating: %v", err)
		}
		got, err := w.member().CloudFormation.GetTemplate(
			t.Context(), &cloudformation.GetTemplateInput{StackName: aws.String("stowage-acme-0")},
		)
		must(t, err)
		if aws.ToString(got.TemplateBody) != yaml {
			t.Error("the template was changed")
		}
	})
}

// saveAsYAML saves the project's template as YAML, as a person in the console would, and returns it.
func (w *world) saveAsYAML() string {
	w.t.Helper()
	client, name := w.member().CloudFormation, aws.String("stowage-acme-0")
	got, err := client.GetTemplate(w.t.Context(), &cloudformation.GetTemplateInput{StackName: name})
	must(w.t, err)
	yaml := toYAML(w.t, aws.ToString(got.TemplateBody))
	_, err = client.UpdateStack(w.t.Context(), &cloudformation.UpdateStackInput{
		StackName:    name,
		TemplateBody: aws.String(yaml),
		Capabilities: []cfntypes.Capability{cfntypes.CapabilityCapabilityNamedIam},
		Parameters: []cfntypes.Parameter{
			{ParameterKey: aws.String(template.RevisionParameter), ParameterValue: aws.String("77")},
		},
	})
	must(w.t, err)
	return yaml
}

// toYAML spells a template in YAML's block style at its first level, with flow style below, which
// is JSON.
func toYAML(t *testing.T, body string) string {
	t.Helper()
	var sections map[string]json.RawMessage
	must(t, json.Unmarshal([]byte(body), &sections))
	var text strings.Builder
	for name, section := range sections {
		text.WriteString(name + ": " + string(section) + "\n")
	}
	return text.String()
}
