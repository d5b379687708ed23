package projects_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

func origin(o string) func(*projects.Config) {
	return func(c *projects.Config) { c.Origin = o }
}

// TestCreate_TakenOverByOwnConfiguration creates again what a process that was killed has created.
func TestCreate_TakenOverByOwnConfiguration(t *testing.T) {
	other := bucket("inbox")
	other.Unversioned = true
	cases := map[string]struct {
		before, now string
		bucket      model.Bucket
		taken       bool
	}{
		"the same configuration": {"team/storage", "team/storage", bucket("inbox"), true},
		"another configuration":  {"team/storage", "team/other", bucket("inbox"), false},
		"other settings":         {"team/storage", "team/storage", other, false},
		"no origin":              {"", "", bucket("inbox"), false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, false)
				killed := w.process(origin(c.before))
				must(t, killed.CreateProject(t.Context(), acme()))
				must(t, killed.Create(t.Context(), "acme", bucket("inbox"), projects.As("one")))
				before := w.read(projects.Authoritative)
				err := w.process(origin(c.now)).Create(t.Context(), "acme", c.bucket, projects.As("two"))
				var exists *model.ConflictError
				if c.taken && err != nil ||
					!c.taken && (!errors.As(err, &exists) || exists.Kind != model.ConflictExists || exists.Origin != c.before) {
					t.Errorf("creating again: %v", err)
				}
				if c.taken { // one commit gives it another incarnation, and changes nothing else
					before.Contents.Incarnations["bucket inbox"] = "two"
					before.Stacks[0].Revision++
				}
				sameView(t, before, w.read(projects.Authoritative))
			})
		})
	}
}

// TestCreateProject_InterruptedAtItsEnd interrupts the creation of a project while its last commit
// is being executed. It has to wait for that, and the project exists afterwards.
func TestCreateProject_InterruptedAtItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		done := make(chan error, 1)
		go func() { done <- w.process().CreateProject(ctx, acme()) }()
		for w.calls()["cloudformation.ExecuteChangeSet"] < 4 { // two of the directory, and two of the project
			time.Sleep(50 * time.Millisecond)
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the project was created, and its creation ended with %v", err)
		}
		if view := w.read(projects.Authoritative); view.Contents.Project == nil {
			t.Error("the project is not there")
		}
	})
}

func TestCreateProject_InterruptedAnywhere(t *testing.T) {
	interrupted := 0
	for n, ended := 0, false; !ended; n++ {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, false)
			s := w.process(origin("team/storage"))
			w.faults(sandbox.Fault{Service: "cloudformation", Effect: sandbox.FailCall, Code: "AccessDenied", After: n})
			err := s.CreateProject(t.Context(), acme())
			if ended = err == nil; !ended {
				interrupted++
			}
			w.box.ClearFaults()
			if err := w.process(origin("team/storage")).CreateProject(t.Context(), acme()); err != nil {
				t.Errorf("after an interruption at call %d: %v", n+1, err)
			}
			want := acme()
			want.RoleName = "StowageProvisioner"
			if diff := cmp.Diff(&want, w.read(projects.Verified).Contents.Project); diff != "" {
				t.Errorf("after an interruption at call %d: %s", n+1, diff)
			}
		})
		if n > 100 {
			t.Fatal("the creation never gets through")
		}
	}
	if interrupted < 10 {
		t.Errorf("only %d interruptions: the test shows little", interrupted)
	}
}

func TestCreateProject_AfterFailedResources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.process()
		w.faults(
			sandbox.Fault{ResourceType: "AWS::KMS::Key", Phase: "create", Reason: "the quota of keys is used up", Times: 1},
		)
		var failed *commit.CommitError
		if err := s.CreateProject(t.Context(), acme()); !errors.As(err, &failed) ||
			!strings.Contains(err.Error(), "the quota of keys is used up") {
			t.Errorf("creating: %v", err)
		}
		if _, err := w.process().Read(t.Context(), "acme"); !model.IsNotFound(err, model.NotFoundStack) {
			t.Errorf("reading half a project: %v", err)
		}
		must(t, s.CreateProject(t.Context(), acme()))
		must(t, s.Create(t.Context(), "acme", bucket("inbox")))
	})
}

func TestDeleteProject_HalfCreated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.process()
		w.faults(sandbox.Fault{ResourceType: "AWS::KMS::Key", Phase: "create", Times: 1})
		if err := s.CreateProject(t.Context(), acme()); err == nil {
			t.Fatal("the creation succeeded")
		}
		must(t, s.DeleteProject(t.Context(), "acme"))
		w.nothingIsLeft()
	})
}

func TestCreateProject_Exists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		must(t, w.process().CreateProject(t.Context(), acme()))
		elsewhere := acme()
		elsewhere.AccountID = "444455556666"
		for _, p := range []model.Project{acme(), elsewhere} {
			var exists *model.ConflictError
			if err := w.process().CreateProject(
				t.Context(), p,
			); !errors.As(err, &exists) || exists.Kind != model.ConflictExists ||
				exists.ID != p.ID() {
				t.Errorf("creating in the account %s: %v", p.AccountID, err)
			}
		}
	})
}

func TestCreateProject_CollidingNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.process()
		must(t, s.CreateProject(t.Context(), acme()))
		second := acme()
		second.Name = "acme-x"
		err := s.CreateProject(t.Context(), second)
		explanation, _ := model.Explain(err)
		if !errors.Is(err, projects.ErrNamesCollide) || explanation.Attribute != model.AttributeName ||
			!strings.Contains(explanation.Cause, `"acme-x" and "acme"`) {
			t.Errorf("creating: %v: %+v", err, explanation)
		}
		second.AccountID = "444455556666"
		must(t, s.CreateProject(t.Context(), second))
		entries, err := w.process().List(t.Context())
		must(t, err)
		if len(entries) != 2 {
			t.Errorf("the directory holds %v", entries)
		}
	})
}

func TestProject_UpdateSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.process()
		must(t, s.CreateProject(t.Context(), acme()))
		p := project(model.Empty)
		p.Tags = map[string]string{"client": "Acme"}
		// The role that the project was made with stays, whatever this process assumes for new ones.
		const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + sandbox.HubAccount + `:root"},"Action":"sts:AssumeRole"}]}`
		_, err := w.member().IAM.CreateRole(
			t.Context(),
			&iam.CreateRoleInput{RoleName: aws.String("Another"), AssumeRolePolicyDocument: aws.String(trust)},
		)
		must(t, err)
		_, err = w.member().IAM.AttachRolePolicy(
			t.Context(),
			&iam.AttachRolePolicyInput{
				RoleName: aws.String("Another"), PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess"),
			},
		)
		must(t, err)
		must(t, w.process(func(c *projects.Config) { c.RoleName = "Another" }).UpdateProject(t.Context(), p))
		p.RoleName = "StowageProvisioner"
		if diff := cmp.Diff(&p, w.read(projects.Verified).Contents.Project); diff != "" {
			t.Error(diff)
		}
	})
}

// TestDrift_HandEditRepairedByUpdate switches a bucket's versioning off behind Stowage's back.
func TestDrift_HandEditRepairedByUpdate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		fill(t, w.process())
		w.byHand(func(resources map[string]any) {
			for _, r := range resources {
				properties, _ := r.(map[string]any)["Properties"].(map[string]any)
				if properties["BucketName"] == physical("inbox") {
					properties["VersioningConfiguration"] = map[string]any{"Status": "Suspended"}
				}
			}
		})
		s := w.process()
		view, err := s.Read(t.Context(), "acme")
		must(t, err)
		if d := view.Contents.DriftOf(bucket("inbox").ID()); len(d) != 1 || d[0].Have != `"Suspended"` {
			t.Errorf("drift %v", d)
		}
		// Others' commits leave the edit alone.
		must(t, s.Create(t.Context(), "acme", model.User{Name: "later"}))
		if d := w.read(projects.Verified).Contents.Drift; len(d) != 1 {
			t.Errorf("deviations after another commit: %v", d)
		}
		must(t, s.Update(t.Context(), "acme", bucket("inbox")))
		if d := w.read(projects.Verified).Contents.Drift; len(d) != 0 {
			t.Errorf("deviations after the update: %v", d)
		}
	})
}

// byHand changes the resources of the project's template with UpdateStack, as a person would.
func (w *world) byHand(edit func(resources map[string]any)) {
	w.t.Helper()
	client, name := w.member().CloudFormation, aws.String("stowage-acme-0")
	got, err := client.GetTemplate(w.t.Context(), &cloudformation.GetTemplateInput{StackName: name})
	must(w.t, err)
	var sections map[string]any
	must(w.t, json.Unmarshal([]byte(aws.ToString(got.TemplateBody)), &sections))
	edit(sections["Resources"].(map[string]any))
	body, err := json.Marshal(sections)
	must(w.t, err)
	_, err = client.UpdateStack(w.t.Context(), &cloudformation.UpdateStackInput{
		StackName:    name,
		TemplateBody: aws.String(string(body)),
		Capabilities: []cfntypes.Capability{cfntypes.CapabilityCapabilityNamedIam},
		Parameters: []cfntypes.Parameter{
			{ParameterKey: aws.String(template.RevisionParameter), UsePreviousValue: aws.Bool(true)},
		},
	})
	must(w.t, err)
}

func TestCreate_SharedCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		s := w.process()
		must(t, s.CreateProject(t.Context(), acme()))
		w.resetCalls()
		entities := []model.Entity{
			bucket("a-a"),
			bucket("b-b"),
			bucket("c-c"),
			model.User{Name: "partner"},
			model.User{Name: "second"},
			model.Permission{User: "partner", Bucket: "a-a", Access: model.ReadWrite},
			model.Permission{User: "second", Bucket: "b-b", Access: model.Read},
		}
		outcomes := make(chan error, len(entities))
		for _, e := range entities {
			go func() { outcomes <- s.Create(t.Context(), "acme", e) }()
		}
		for range entities {
			must(t, <-outcomes)
		}
		if calls := w.calls(); calls["cloudformation.ExecuteChangeSet"] != 1 {
			t.Errorf("calls %v, want one executed change set", calls)
		}
	})
}

// TestBucketName_OfAnotherBucket gives a bucket the physical name of another one of the project, or
// of the account: the error says so.
func TestBucketName_OfAnotherBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.process()
		must(t, s.CreateProject(t.Context(), acme()))
		first, second := bucket("first"), bucket("second")
		first.BucketName, second.BucketName = "shared-name", "shared-name"
		must(t, s.Create(t.Context(), "acme", first))
		var conflict *model.ConflictError
		err := w.process().Create(t.Context(), "acme", second)
		if !errors.As(err, &conflict) || conflict.Kind != model.ConflictBucketName || conflict.By[0] != first.ID() {
			t.Errorf("creating the second one: %v", err)
		}
		taken := bucket("foreign")
		taken.BucketName = "taken-by-hand"
		_, err = w.memberOf("111122223333").S3.CreateBucket(t.Context(), &s3.CreateBucketInput{
			Bucket:                    aws.String("taken-by-hand"),
			CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"},
		})
		must(t, err)
		if err := s.Create(t.Context(), "acme", taken); !model.IsConflict(err, model.ConflictBucketKept) {
			t.Errorf("creating one whose name is taken by hand: %v", err)
		}
		kept := bucket("kept")
		kept.OnDelete = model.Retain
		must(t, s.Create(t.Context(), "acme", kept))
		must(t, s.Delete(t.Context(), "acme", kept.ID()))
		if err := s.Create(t.Context(), "acme", kept); !model.IsConflict(err, model.ConflictBucketKept) {
			t.Errorf("creating a retained one again: %v", err)
		}
	})
}
