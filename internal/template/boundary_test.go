package template

import (
	"bytes"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/stowage/terraform-provider-stowage/examples/onboarding"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/model/modeltest"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/evaluate"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

// accountBoundary returns the policy StowageBoundary as onboarding creates it in an account.
func accountBoundary(t *testing.T) *policydoc.Document {
	t.Helper()
	box := sandbox.New(sandbox.Options{Seed: 1, Onboarding: onboarding.Account})
	key, secret := sandbox.StaticCredentials(modeltest.Account)
	client := iam.New(iam.Options{
		Region: modeltest.Region, Credentials: awscredentials.NewStaticCredentialsProvider(key, secret, ""),
		HTTPClient: &http.Client{Transport: simulate.NewTransport(box)},
	})
	arn := testEnv().BoundaryARN()
	policy, err := client.GetPolicy(t.Context(), &iam.GetPolicyInput{PolicyArn: &arn})
	if err != nil {
		t.Fatal(err)
	}
	version, err := client.GetPolicyVersion(
		t.Context(), &iam.GetPolicyVersionInput{PolicyArn: &arn, VersionId: policy.Policy.DefaultVersionId},
	)
	if err != nil {
		t.Fatal(err)
	}
	text, err := url.QueryUnescape(*version.PolicyVersion.Document)
	if err != nil {
		t.Fatal(err)
	}
	document, err := policydoc.Parse(text, policydoc.Identity)
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// TestBoundary_LimitsEveryGrant grants a user everything, by its own policy and by that of the
// resource. The boundary leaves only objects of the project's account, through TLS.
func TestBoundary_LimitsEveryGrant(t *testing.T) {
	boundary := accountBoundary(t)
	all, err := policydoc.Parse(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, policydoc.Identity,
	)
	if err != nil {
		t.Fatal(err)
	}
	const user = "arn:aws:iam::111122223333:user/stowage/acme/acme-partner"
	given, err := policydoc.Parse(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"`+user+`"},"Action":"*","Resource":"*"}}`,
		policydoc.Resource,
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		action, resource string
		context          map[string][]string
		want             bool
	}{
		{"s3:GetObject", "arn:aws:s3:::acme-inbox/x", nil, true},
		{"s3:DeleteObject", "arn:aws:s3:::acme-inbox/x", nil, true},
		{"s3:GetObject", "arn:aws:s3:::acme-inbox/x", map[string][]string{"aws:SecureTransport": {"false"}}, false},
		{"s3:GetObject", "arn:aws:s3:::theirs/x", map[string][]string{"aws:ResourceAccount": {"444455556666"}}, false},
		{"s3:GetObject", "arn:aws:s3:::stowage-acme-logs-111122223333-eu-west-1-an/x", nil, false},
		{"s3:PutObject", "arn:aws:s3:::stowage-acme-templates-111122223333-eu-west-1-an/x", nil, false},
		{"s3:DeleteObjectVersion", "arn:aws:s3:::acme-inbox/x", nil, false},
		{"s3:PutBucketPolicy", "arn:aws:s3:::acme-inbox", nil, false},
		{"s3:GetObject", "arn:aws:s3:::acme-inbox-111122223333-eu-west-1-an/x", nil, true},
		{"s3:ListBucket", "arn:aws:s3:::stowage-acme-logs-111122223333-eu-west-1-an", nil, false},
		{"iam:CreateAccessKey", user, nil, false},
		{"sts:AssumeRole", "arn:aws:iam::111122223333:role/admin", nil, false},
		{"secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:stowage/acme/other-x", nil, false},
		{"kms:Decrypt", testEnv().KeyARN, map[string][]string{"kms:ViaService": {"s3.eu-west-1.amazonaws.com"}}, true},
		{"kms:Decrypt", testEnv().KeyARN, map[string][]string{"kms:ViaService": {"secretsmanager.eu-west-1.amazonaws.com"}}, false},
		{"kms:Decrypt", testEnv().KeyARN, nil, false},
		{"kms:ScheduleKeyDeletion", testEnv().KeyARN, nil, false},
	} {
		context := map[string][]string{"aws:SecureTransport": {"true"}, "aws:ResourceAccount": {modeltest.Account}}
		for key, values := range test.context {
			context[key] = values
		}
		got := evaluate.Evaluate(
			evaluate.Request{Principal: user, Action: test.action, Resource: test.resource, Context: context},
			evaluate.Policies{Identity: []*policydoc.Document{all}, Boundary: boundary, Resource: given},
		)
		if got.Allowed != test.want {
			t.Errorf("%s on %s %v: %+v", test.action, test.resource, test.context, got)
		}
	}
}

// TestBoundary_EveryUserAndRoleHasIt finds the fixed boundary on all users and roles, and none in
// the stack.
func TestBoundary_EveryUserAndRoleHasIt(t *testing.T) {
	tpl := complete(t)
	bounded := 0
	for _, id := range tpl.LogicalIDs() {
		raw, _ := tpl.Resource(id)
		isIdentity := bytes.Contains(raw, []byte(`"Type":"AWS::IAM::User"`)) ||
			bytes.Contains(raw, []byte(`"Type":"AWS::IAM::Role"`))
		if !isIdentity {
			continue
		}
		bounded++
		if got := tpl.Properties(id)["PermissionsBoundary"]; got != "arn:aws:iam::111122223333:policy/StowageBoundary" {
			t.Errorf("%s has the boundary %v", id, got)
		}
	}
	if bounded != 2 {
		t.Errorf("%d users and roles", bounded)
	}
	if _, there := tpl.Resource(projectBoundaryID); there {
		t.Error("the project has a boundary of its own")
	}
}

// secondCompiler returns a template of compiler 2: the project has its own boundary, which its
// users name.
func secondCompiler(t *testing.T) *Template {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "compiler2.json"))
	if err != nil {
		t.Fatal(err)
	}
	tpl, err := Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	return tpl
}

// The boundary of compiler 2 stays as long as the project exists: its users in this and in other
// stacks may name it.
func TestBoundary_OlderProjects(t *testing.T) {
	const own, fixed = "arn:aws:iam::111122223333:policy/stowage/acme/acme-boundary", "arn:aws:iam::111122223333:policy/StowageBoundary"
	base := secondCompiler(t)
	contents := parse(t, base)
	if len(contents.Drift) > 0 || contents.Project == nil || len(contents.Users) != 1 {
		t.Fatalf("%+v", contents)
	}
	boundary, _ := base.Resource(projectBoundaryID)
	user, project := contents.Users[0], *contents.Project
	keeps := func(step string, tpl *Template) {
		t.Helper()
		if now, _ := tpl.Resource(projectBoundaryID); !bytes.Equal(now, boundary) {
			t.Errorf("%s: the project's boundary is %s", step, now)
		}
		if member(tpl.sections["Outputs"], projectBoundaryOutput) == nil {
			t.Errorf("%s: the output of the project's boundary is gone", step)
		}
		if drift := parse(t, tpl).Drift; len(drift) > 0 {
			t.Errorf("%s: drift %v", step, drift)
		}
	}

	project.Tags = map[string]string{"changed": "yes"}
	afterProject := edit(t, base, Change{Op: Update, Entity: project})
	keeps("update of the project", afterProject)
	if got := afterProject.Properties("Userpartner")["PermissionsBoundary"]; got != own {
		t.Errorf("an update of the project gives its user the boundary %v", got)
	}

	user.Tags = map[string]string{"changed": "yes"}
	afterUser := edit(t, afterProject, Change{Op: Update, Entity: user})
	keeps("update of the user", afterUser)
	for _, id := range []string{"Userpartner", "Rolepartner"} {
		if got := afterUser.Properties(id)["PermissionsBoundary"]; got != fixed {
			t.Errorf("an updated %s has the boundary %v", id, got)
		}
	}

	var all []Change
	for _, e := range []model.Entity{contents.Permissions[0], user, contents.Buckets[0], project} {
		all = append(all, Change{Op: Delete, Entity: e, AnyIncarnation: true})
	}
	empty := edit(t, afterUser, all...)
	if _, there := empty.Resource(projectBoundaryID); there ||
		member(empty.sections["Outputs"], projectBoundaryOutput) != nil {
		t.Errorf("a deleted project leaves its boundary: %s", empty.Encode())
	}
}
