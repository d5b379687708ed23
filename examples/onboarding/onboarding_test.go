package onboarding_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/stowage/terraform-provider-stowage/examples/onboarding"
	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/model/modeltest"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

const (
	account     = "111122223333"
	region      = "eu-west-1"
	provisioner = "arn:aws:sts::" + account + ":assumed-role/StowageProvisioner"
)

// world is a sandbox whose accounts are prepared by the template.
type world struct {
	t   *testing.T
	box *sandbox.Sandbox
	// processes counts the created services. Each represents one run of the provider.
	processes int
}

func newWorld(t *testing.T, template string) *world {
	t.Helper()
	return &world{t: t, box: sandbox.New(sandbox.Options{Seed: 1, Onboarding: template})}
}

// as returns clients with the fixed credentials of an account.
func (w *world) as(id string) *awsclient.Clients { return w.with(id, awsclient.Config{}) }

// with returns clients with the fixed credentials of an account and other settings.
func (w *world) with(id string, config awsclient.Config) *awsclient.Clients {
	w.t.Helper()
	config.Region, config.Version = region, "test"
	config.HTTPClient = &http.Client{Transport: simulate.NewTransport(w.box)}
	config.AccessKey, config.SecretKey = sandbox.StaticCredentials(id)
	clients, err := awsclient.New(w.t.Context(), config)
	must(w.t, err)
	return clients
}

func (w *world) process() *projects.Service { return w.processOf(w.as(sandbox.HubAccount)) }

func (w *world) processOf(clients *awsclient.Clients) *projects.Service {
	w.t.Helper()
	w.processes++
	return projects.New(projects.Config{
		Clients: clients, Hub: sandbox.HubName, RoleName: "StowageProvisioner", ReadMode: projects.Verified,
		Writer: fmt.Sprint("test-", w.processes),
		Warn: func(_ context.Context, message string, fields map[string]any) {
			w.t.Logf("warning: %s %v", message, fields)
		},
		Log: func(context.Context, string, map[string]any) {},
	})
}

// allowed returns the actions that the template allows a role, with the Sids that allow them.
func (w *world) allowed(role string) map[string]string {
	w.t.Helper()
	actions := map[string]string{}
	for _, document := range w.policies(role) {
		for _, s := range document.Statements {
			if s.Effect != "Allow" {
				continue
			}
			for _, action := range s.Actions {
				actions[action] = s.Sid
			}
		}
	}
	return actions
}

// policies returns the policies that the template gives a role.
func (w *world) policies(role string) []*policydoc.Document {
	w.t.Helper()
	client := w.as(account).Hub().IAM
	list, err := client.ListPolicies(w.t.Context(), &iam.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal})
	must(w.t, err)
	var documents []*policydoc.Document
	for _, p := range list.Policies {
		if !strings.HasPrefix(aws.ToString(p.PolicyName), role) {
			continue
		}
		out, err := client.GetPolicyVersion(
			w.t.Context(), &iam.GetPolicyVersionInput{PolicyArn: p.Arn, VersionId: p.DefaultVersionId},
		)
		must(w.t, err)
		text, err := url.QueryUnescape(aws.ToString(out.PolicyVersion.Document))
		must(w.t, err)
		document, err := policydoc.Parse(text, policydoc.Identity)
		must(w.t, err)
		documents = append(documents, document)
	}
	return documents
}

// used returns the actions that the provisioner has used.
func (w *world) used() map[string]bool {
	actions := map[string]bool{}
	for _, p := range w.box.Permissions()[provisioner] {
		actions[p.Action] = true
	}
	return actions
}

func project(onDelete model.OnDelete, sftp bool) model.Project {
	return model.Project{Name: "acme", AccountID: account, Region: region, OnDelete: onDelete, SFTP: sftp}
}

func bucket(name string, change ...func(*model.Bucket)) model.Bucket {
	b := model.Bucket{
		Name:       name,
		BucketName: model.DefaultBucketName("acme", name, account, region),
		Lifecycle:  model.DefaultLifecycle(),
		OnDelete:   model.Empty,
	}
	for _, c := range change {
		c(&b)
	}
	return b
}

// adopt adopts a bucket with all settings that an adoption can remove.
func (w *world) adopt(s *projects.Service) {
	t, ctx := w.t, w.t.Context()
	const template = `{"Resources":{"B":{"Type":"AWS::S3::Bucket","DeletionPolicy":"Retain","Properties":{"BucketName":"legacy","AbacStatus":"Enabled",
		"AccelerateConfiguration":{"AccelerationStatus":"Enabled"},"WebsiteConfiguration":{"IndexDocument":"i"},"ReplicationConfiguration":{"Role":"r"},
		"AnalyticsConfigurations":[{"Id":"a"}],"IntelligentTieringConfigurations":[{"Id":"a"}],"InventoryConfigurations":[{"Id":"a"}],
		"MetricsConfigurations":[{"Id":"a"}]}}}}`
	stacks := w.as(account).Hub().CloudFormation
	must(
		t,
		second(
			stacks.CreateStack(
				ctx,
				&cloudformation.CreateStackInput{StackName: aws.String("before"), TemplateBody: aws.String(template)},
			),
		),
	)
	must(t, second(stacks.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: aws.String("before")})))
	time.Sleep(time.Minute)
	live, err := s.Existing(ctx, "acme", "legacy", "legacy")
	must(t, err)
	view, err := s.Read(ctx, "acme")
	must(t, err)
	prior := live.Entity(view.Contents.Env, "legacy", "")
	prior.Adoption = nil
	planned := bucket(
		"legacy", func(b *model.Bucket) { b.BucketName, b.UnmodeledSettings = "legacy", model.RemoveUnmodeled },
	)
	must(t, s.Adopt(ctx, "acme", projects.Adoption{Prior: prior, Planned: planned, Live: live, Incarnation: "one"}))
}

// life runs a project from its creation to its deletion through everything that the sandbox can
// show.
func (w *world) life() {
	t, ctx := w.t, w.t.Context()
	must(t, w.process().CreateProject(ctx, project(model.Empty, true)))
	s := w.process()

	// Buckets in all forms, including failures.
	must(t, s.Create(ctx, "acme", bucket("inbox")))
	must(
		t,
		s.Create(
			ctx, "acme",
			bucket("locked", func(b *model.Bucket) { b.ObjectLock = &model.ObjectLock{Mode: "GOVERNANCE", Days: 1} }),
		),
	)
	must(t, s.Create(ctx, "acme", bucket("web", func(b *model.Bucket) {
		b.Unversioned, b.Tags = true, map[string]string{"for": "web"}
		b.CORS = []model.CORSRule{{AllowedOrigins: []string{"https://example.com"}, AllowedMethods: []string{"GET"}}}
	})))
	must(t, s.Update(ctx, "acme", bucket("web", func(b *model.Bucket) { b.Tags = map[string]string{"for": "others"} })))
	must(
		t,
		w.box.AddFaults(sandbox.Fault{ResourceType: "AWS::S3::BucketPolicy", Phase: "create", Reason: "it failed", Times: 1}),
	)
	if err := s.Create(ctx, "acme", bucket("unlucky")); err == nil || !strings.Contains(err.Error(), "it failed") {
		t.Errorf("a bucket that can't be made: %v", err)
	}
	for n := range 40 { // until the template does not fit into a request
		must(t, s.Create(ctx, "acme", bucket(fmt.Sprint("many-", n))))
	}

	w.adopt(s)

	// A user with all features.
	user := model.User{
		Name:          "partner",
		SFTP:          &model.SFTP{PublicKeys: []string{modeltest.PublicKey(1)}},
		SecretReaders: []string{"arn:aws:iam::444455556666:root"},
		AccessKey:     &model.AccessKey{Rotation: &model.Rotation{EveryDays: 90, OverlapDays: 7}},
	}
	user.AccessKey.Keys = user.AccessKey.Next(nil, time.Now().UTC())
	permission := model.Permission{User: "partner", Bucket: "inbox", Prefix: "in/", Access: model.ReadWrite}
	must(t, s.Create(ctx, "acme", user, projects.As("one")))
	must(t, s.Create(ctx, "acme", permission))
	permission.AllowDelete = true
	must(t, s.Update(ctx, "acme", permission))
	view, err := w.process().Read(ctx, "acme")
	must(t, err)
	if c, ok := view.Contents.Credentials["partner"]; !ok {
		t.Errorf("no credentials: %v", view.Contents.Credentials)
	} else if _, err := s.Credentials(ctx, c.SecretARN); err != nil {
		t.Errorf("reading the key: %v", err)
	}
	for range 3 { // a rotation, step by step
		time.Sleep(90 * 24 * time.Hour)
		next := user
		key := *user.AccessKey
		key.Keys = key.Next(user.AccessKey, time.Now().UTC())
		next.AccessKey, next.Tags = &key, map[string]string{"at": time.Now().UTC().Format("2006-01-02")}
		must(t, w.process().Update(ctx, "acme", next, projects.As("one"), projects.From(user)))
		user = next
	}
	user.SFTP, user.SecretReaders = &model.SFTP{PublicKeys: []string{modeltest.PublicKey(2)}}, nil
	s = w.process()
	must(t, s.Update(ctx, "acme", user))
	user.SFTP = nil
	must(t, s.Update(ctx, "acme", user))
	other := model.User{Name: "other", SFTP: user.SFTP}
	must(t, s.Create(ctx, "acme", other))

	// The project itself.
	p := project(model.Empty, false)
	p.Tags = map[string]string{"owner": "storage"}
	must(t, s.UpdateProject(ctx, p))

	// Deletion of buckets with content.
	client := w.as(account).Hub().S3
	_, err = client.PutObject(
		ctx,
		&s3.PutObjectInput{
			Bucket: aws.String(bucket("inbox").BucketName), Key: aws.String("in/a"), Body: strings.NewReader("a"),
		},
	)
	must(t, err)
	_, err = client.PutObject(
		ctx,
		&s3.PutObjectInput{Bucket: aws.String(bucket("web").BucketName), Key: aws.String("b"), Body: strings.NewReader("b")},
	)
	must(t, err)
	_, err = client.CreateMultipartUpload(
		ctx,
		&s3.CreateMultipartUploadInput{Bucket: aws.String(bucket("inbox").BucketName), Key: aws.String("in/b")},
	)
	must(t, err)
	must(t, s.Delete(ctx, "acme", permission.ID()))
	must(t, s.Delete(ctx, "acme", user.ID()))
	must(t, s.Delete(ctx, "acme", other.ID()))
	view, err = w.process().Read(ctx, "acme")
	must(t, err)
	for _, b := range view.Contents.Buckets {
		must(t, s.Delete(ctx, "acme", b.ID()))
	}
	must(t, s.DeleteProject(ctx, "acme"))
}

// unshown lists actions that the sandbox cannot show to be needed, by the reason why they are
// allowed.
var unshown = map[string][]string{
	"what handlers do for changes that this life hasn't: tags are removed, a boundary is put": {
		"iam:UntagRole",
		"iam:UntagUser",
		"iam:PutRolePermissionsBoundary",
		"iam:PutUserPermissionsBoundary",
		"iam:UpdateRole",
		"iam:UpdateUser",
		"iam:UpdateAssumeRolePolicy",
		"iam:UpdateAccessKey",
		"kms:EnableKeyRotation",
		"kms:UntagResource",
		"kms:UpdateAlias",
		"kms:UpdateKeyDescription",
		"secretsmanager:UntagResource",
		"secretsmanager:ValidateResourcePolicy",
		"ssm:AddTagsToResource",
		"ssm:RemoveTagsFromResource",
		"transfer:UntagResource",
		"transfer:UpdateServer",
		"logs:UntagResource",
		"logs:DisassociateKmsKey",
		"logs:GetLogDelivery",
		"logs:ListLogDeliveries",
		"logs:UpdateLogDelivery",
	},
	"what handlers do on deletion with what was added by hand, and the older name of an action": {
		"iam:DeleteGroupPolicy",
		"iam:DeleteRolePolicy",
		"iam:DeleteUserPolicy",
		"iam:DetachUserPolicy",
		"iam:GetGroupPolicy",
		"iam:GetRolePolicy",
		"iam:GetUserPolicy",
		"iam:UpdateRoleDescription",
	},
	"what recovers from failures that this life hasn't": {
		"cloudformation:ContinueUpdateRollback",
		"cloudformation:ListStackResources",
		"cloudformation:DescribeEvents",
		"cloudformation:ListChangeSets",
		"cloudformation:DeleteChangeSet",
	},
	"what TestProvisioner_ComparesStacks and the repair of drift use": {
		"cloudformation:DescribeStackDriftDetectionStatus",
		"cloudformation:DescribeStackResourceDrifts",
		"cloudformation:DetectStackDrift",
		"cloudformation:DetectStackResourceDrift",
	},
	"a bucket's policy goes only when its creation is rolled back after it was there": {"s3:DeleteBucketPolicy"},
	"the sandbox's CloudFormation reads templates without asking":                     {"s3:GetObject"},
	"notifications: it is not documented whether AWS publishes them as the caller":    {"sns:Publish"},
}

// TestProvisioner_ExactRights runs a project's whole life as the template's
// role. No call is refused, and every allowed action is used or has a reason.
func TestProvisioner_ExactRights(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, onboarding.Account)
		allowed := w.allowed("StowageProvisioner")
		if len(allowed) < 50 {
			t.Fatalf("only %d actions are allowed: the template was not understood", len(allowed))
		}
		w.life()
		used := w.used()
		reasons := map[string]string{}
		for reason, actions := range unshown {
			for _, action := range actions {
				reasons[action] = reason
			}
		}
		for _, action := range slices.Sorted(maps.Keys(allowed)) {
			switch {
			case used[action] && reasons[action] != "":
				t.Errorf("%s was used: the list of those that weren't is out of date", action)
			case !used[action] && reasons[action] == "":
				t.Errorf("%s is allowed (%s) and was not used", action, allowed[action])
			}
		}
		for _, action := range slices.Sorted(maps.Keys(reasons)) {
			if allowed[action] == "" {
				t.Errorf("%s has a reason and is not allowed", action)
			}
		}
		for _, p := range w.box.Permissions()[provisioner] {
			if allowed[p.Action] == "" {
				t.Errorf("%s was used and is not allowed", p.Action)
			}
		}
	})
}

// TestErrors_MissingRight removes one right: the error names it, and the role.
func TestErrors_MissingRight(t *testing.T) {
	for _, action := range []string{
		"cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet", "cloudformation:DescribeStacks", "s3:CreateBucket", "s3:PutBucketPolicy", "iam:CreateUser",
		"iam:AttachGroupPolicy", "kms:CreateKey", "ssm:PutParameter", "secretsmanager:CreateSecret",
		"ssm:ListTagsForResource", "s3:GetBucketWebsite", "iam:GetLoginProfile", "iam:DeleteLoginProfile", "iam:ListAttachedGroupPolicies",
	} {
		t.Run(action, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				less := strings.ReplaceAll(onboarding.Account, "              - "+action+"\n", "")
				if less == onboarding.Account { // the only action of its statement
					less = strings.Replace(onboarding.Account, "Action: "+action+"\n", "Action: none:None\n", 1)
				}
				if less == onboarding.Account {
					t.Fatal("the template doesn't hold it")
				}
				w := newWorld(t, less)
				ctx := t.Context()
				s := w.process()
				err := s.CreateProject(ctx, project(model.Refuse, false))
				permission := model.Permission{User: "partner", Bucket: "inbox", Access: model.Read}
				for _, e := range []model.Entity{bucket("inbox"), userWithKey(), permission} {
					if err == nil {
						err = s.Create(ctx, "acme", e)
					}
				}
				for _, e := range []model.Entity{permission, userWithKey()} {
					if err == nil {
						err = s.Delete(ctx, "acme", e.ID())
					}
				}
				if err == nil || !strings.Contains(err.Error(), action) || !strings.Contains(err.Error(), "StowageProvisioner") {
					t.Errorf("the error is %v", err)
				}
			})
		})
	}
}

// TestUnpreparedAccount removes the boundary of users, as in an account that an older template
// prepared. The error contains the solution.
func TestUnpreparedAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, onboarding.Account)
		s := w.process()
		must(t, s.CreateProject(t.Context(), project(model.Refuse, false)))
		boundary := aws.String("arn:aws:iam::" + account + ":policy/StowageBoundary")
		must(t, second(w.as(account).Hub().IAM.DeletePolicy(t.Context(), &iam.DeletePolicyInput{PolicyArn: boundary})))
		err := s.Create(t.Context(), "acme", userWithKey())
		var explained model.Explainer
		if !errors.As(err, &explained) || !strings.Contains(explained.Explain().Remedy, `"Preparing accounts"`) ||
			!strings.Contains(err.Error(), *boundary) {
			t.Errorf("the error is %v", err)
		}
	})
}

func userWithKey() model.User {
	key := &model.AccessKey{}
	key.Keys = key.Next(nil, time.Now().UTC())
	return model.User{Name: "partner", AccessKey: key}
}

// TestProvisioner_ChangeSetsOnly tries calls that would change a stack regardless of changes
// by others, and calls on other stacks than projects'.
func TestProvisioner_ChangeSetsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, onboarding.Account)
		must(t, w.process().CreateProject(t.Context(), project(model.Refuse, false)))
		role, err := w.as(sandbox.HubAccount).Project(t.Context(), account, region, "StowageProvisioner")
		must(t, err)
		reader, err := w.as(sandbox.HubAccount).Project(t.Context(), account, region, "StowageReader")
		must(t, err)
		body := aws.String(
			`{"Resources":{"A":{"Type":"AWS::SSM::Parameter","Properties":{"Name":"/stowage/x","Type":"String","Value":"x"}}}}`,
		)
		stack := aws.String("stowage-acme-0")
		for name, err := range map[string]error{
			"CreateStack": second(role.CloudFormation.CreateStack(t.Context(), &cloudformation.CreateStackInput{StackName: aws.String("stowage-other-0"), TemplateBody: body})),
			"UpdateStack": second(role.CloudFormation.UpdateStack(t.Context(), &cloudformation.UpdateStackInput{StackName: stack, TemplateBody: body})),
			"CreateChangeSet": second(role.CloudFormation.CreateChangeSet(t.Context(), &cloudformation.CreateChangeSetInput{
				StackName: aws.String("StowageAccount"), ChangeSetName: aws.String("more"), TemplateBody: body,
			})),
			"CreateUser":     second(role.IAM.CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("x"), Path: aws.String("/stowage/acme/")})),
			"ListBucket":     second(role.S3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(model.LogBucketName("acme", account, region))})),
			"DeleteStack":    second(reader.CloudFormation.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: stack})),
			"ListChangeSets": second(reader.CloudFormation.ListChangeSets(t.Context(), &cloudformation.ListChangeSetsInput{StackName: stack})),
		} {
			if err == nil || !strings.Contains(err.Error(), "AccessDenied") || !strings.Contains(err.Error(), ":"+name) {
				t.Errorf("%s: %v", name, err)
			}
		}
		must(t, second(reader.CloudFormation.GetTemplate(t.Context(), &cloudformation.GetTemplateInput{StackName: stack})))
	})
}

// TestExternalID prepares an account with an external ID: both roles can be assumed only with it.
func TestExternalID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		template := strings.Replace(
			onboarding.Account, "    Default: ''\n    AllowedPattern: '|[a-zA-Z0-9_+=,.@:/-]{2,}'",
			"    Default: ext-1\n    AllowedPattern: '|[a-zA-Z0-9_+=,.@:/-]{2,}'", 1,
		)
		if template == onboarding.Account {
			t.Fatal("the template has no parameter ExternalId")
		}
		w := newWorld(t, template)
		must(
			t,
			w.processOf(w.with(sandbox.HubAccount, awsclient.Config{ProjectExternalID: "ext-1"})).CreateProject(
				t.Context(), project(model.Refuse, false),
			),
		)
		for _, role := range []string{"StowageProvisioner", "StowageReader"} {
			must(
				t,
				second(
					w.with(sandbox.HubAccount, awsclient.Config{ProjectExternalID: "ext-1"}).Project(
						t.Context(), account, region, role,
					),
				),
			)
			for _, id := range []string{"", "ext-2"} {
				_, err := w.with(sandbox.HubAccount, awsclient.Config{ProjectExternalID: id}).Project(
					t.Context(), account, region, role,
				)
				var explained model.Explainer
				if !errors.As(err, &explained) || !strings.Contains(explained.Explain().Remedy, "project_external_id") {
					t.Errorf("%s with the external ID %q: %v", role, id, err)
				}
			}
		}
	})
}

// TestSessionAttributes gives the hub's own session a source identity and transitive tags, which
// propagate into the account.
func TestSessionAttributes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, onboarding.Account)
		client := w.as(sandbox.HubAccount).Hub().IAM
		trust := fmt.Sprintf(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":["sts:AssumeRole","sts:SetSourceIdentity","sts:TagSession"]}]}`,
			sandbox.HubAccount,
		)
		must(
			t,
			second(
				client.CreateRole(
					t.Context(), &iam.CreateRoleInput{RoleName: aws.String("deploy"), AssumeRolePolicyDocument: &trust},
				),
			),
		)
		must(t, second(client.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
			RoleName: aws.String("deploy"), PolicyName: aws.String("Projects"), PolicyDocument: aws.String(
				`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::*:role/Stowage*"}]}`,
			),
		})))
		clients := w.with(sandbox.HubAccount, awsclient.Config{AssumeRole: []awsclient.AssumeRole{
			{
				RoleARN:           "arn:aws:iam::" + sandbox.HubAccount + ":role/deploy",
				SourceIdentity:    "ann",
				Tags:              map[string]string{"team": "blue"},
				TransitiveTagKeys: []string{"team"},
			},
		}})
		must(t, second(clients.Project(t.Context(), account, region, "StowageProvisioner")))
		must(t, second(clients.Project(t.Context(), account, region, "StowageReader")))
	})
}

func second[T any](_ T, err error) error { return err }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestMain isolates the tests from the machine's own AWS settings.
func TestMain(m *testing.M) {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			if err := os.Unsetenv(name); err != nil {
				panic(err)
			}
		}
	}
	os.Exit(m.Run())
}
