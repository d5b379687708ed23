package acceptance_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// TestInvalidConfiguration is refused by validate already, which calls nothing: each mistake on its argument, all at once.
func TestInvalidConfiguration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.workspace(
		block("stowage_project", "p", `name = "Acme_1"`, `account_id = "12"`) +
			block("stowage_project", "reserved", `name = "hub"`, `account_id = "`+account+`"`, `on_delete = "maybe"`) +
			bucketOf("x") +
			block("stowage_project_bucket", "b", `project = "acme"`, `name = "in--box"`, `bucket_name = "has.dots"`) +
			bucketOf("lock", "versioning = false", `object_lock = { mode = "GOVERNANCE", days = 1 }`) +
			bucketOf("key", `kms_key_arn = "alias/mine"`) +
			bucketOf("tags", `tags = { "aws:mine" = "no" }`) +
			userOf("root") + userOf("partner", `source_ips = ["203.0.113.7/24"]`) +
			permissionOf("a", "partner", "inbox", `access = "admin"`) +
			permissionOf("b", "partner", "inbox", `access = "read"`, "allow_delete = true") +
			permissionOf("c", "partner", "inbox", `access = "read"`, `prefix = "/in"`))
	calls := w.counted(func() {
		s.run("validate", "-no-color").fails(
			`The argument "name" of the project can't be used: "Acme_1" may hold only a-z, 0-9 and single hyphens between them.`,
			`The argument "account_id" of the project can't be used`,
			`"hub" is reserved`,
			`on_delete value must be one of`,
			`"x" has 1 characters; a bucket's name has 2 to 32`,
			`"in--box" may hold only a-z, 0-9 and single hyphens between them`,
			`"has.dots" may hold only a-z, 0-9 and hyphens`,
			`The argument "object_lock" of the project bucket can't be used: needs versioning`,
			`must be the ARN of a KMS key`,
			`the key "aws:mine" begins with a reserved prefix`,
			`"root" is reserved`,
			`"203.0.113.7/24" must be a network such as 203.0.113.0/24, with no bits set behind the mask`,
			`access value must be one of`,
			`The argument "allow_delete" of the user permission can't be used`,
			`must not begin with a slash`,
		)
	})
	w.wantCalls(calls, map[string]int{})
}

// TestMissingParents are told by the apply, which changes nothing: what one apply creates, another plan can't know.
func TestMissingParents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, s, c := w.workspace(acmeProject+bucketOf("inbox", afterProject)+userOf("partner", afterProject)), w.workspace(""), w.clients()
	owner.apply()
	revision := c.revision("acme")
	for _, test := range []struct{ configuration, text, next string }{
		{
			permissionOf("p", "partner", "outbox", `access = "read"`), `Its bucket "outbox" does not exist in the project.`,
			"bucket = stowage_project_bucket.<NAME>.name",
		},
		{
			permissionOf("p", "nobody", "inbox", `access = "read"`), `Its user "nobody" does not exist in the project.`,
			"user = stowage_project_user.<NAME>.name",
		},
		{
			strings.Replace(bucketOf("inbox"), `"acme"`, `"umbrella"`, 1), `The directory has no project "umbrella".`,
			"project = stowage_project.<NAME>.name",
		},
	} {
		s.write(test.configuration)
		w.wantNoWrite(w.counted(func() { s.tryApply().fails(test.text, test.next) }))
	}
	if now := c.revision("acme"); now != revision {
		t.Errorf("the refusals changed the stack: revision %s, then %s", revision, now)
	}
	owner.planIsEmpty()
}

// TestWhatExistsIsNotTakenOver refuses to create what another configuration manages, and prints how to import it.
func TestWhatExistsIsNotTakenOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, other := w.workspace(acmeProject+bucketOf("inbox", afterProject)), w.workspace(bucketOf("inbox"))
	owner.apply()
	w.wantNoWrite(w.counted(func() {
		other.tryApply().fails("It exists already", "import { to = stowage_project_bucket.inbox id = \"acme/inbox\" }")
	}))
	owner.planIsEmpty()
}

// TestProviderThatCanNotWork is told what is wrong with the provider's own arguments and credentials.
func TestProviderThatCanNotWork(t *testing.T) {
	t.Parallel()
	second := "resource \"stowage_project\" \"second\" {\n  name       = \"second\"\n  account_id = \"444455556666\"\n}\n"
	for _, test := range []struct {
		name, configuration string
		env                 map[string]string
		texts               []string
	}{
		{
			"wrong secret key", second, map[string]string{"AWS_SECRET_ACCESS_KEY": "wrong"},
			[]string{"Unable to Configure Provider", "AWS refused the provider's credentials", "The secret key does not belong to the access key"},
		},
		{
			"wrong access key", second, map[string]string{"AWS_ACCESS_KEY_ID": "AKIAWRONG"},
			[]string{"Unable to Configure Provider", "AWS refused the provider's credentials", "The access key does not exist"},
		},
		{
			"no credentials", second, map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
			[]string{"Unable to Configure Provider", "No AWS credentials were found"},
		},
		{
			"account not allowed", `provider "stowage" { allowed_account_ids = ["999999999999"] }` + "\n" + second, nil,
			[]string{"Unable to Configure Provider", "The provider argument allowed_account_ids does not allow the account 000000000000"},
		},
		{
			"project's account forbidden", `provider "stowage" { forbidden_account_ids = ["444455556666"] }` + "\n" + second, nil,
			[]string{"The account 444455556666 must not be used: the provider argument forbidden_account_ids says so"},
		},
		{
			"role that can't be assumed", `provider "stowage" { project_role_name = "Nope" }` + "\n" + second, nil,
			[]string{"to work in the account 444455556666", "arn:aws:iam::444455556666:role/Nope", "the provider argument project_role_name"},
		},
		{
			"no hub", `provider "stowage" { hub = "nope" }` + "\n" + second, nil,
			[]string{`There is no hub "nope"`, "/stowage/hub/nope", "Check the provider arguments hub and region"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := w.workspace(test.configuration)
			maps.Copy(s.env, test.env)
			w.wantNoWrite(w.counted(func() { s.tryApply().fails(test.texts...) }))
		})
	}
}

// TestMissingTableChangesNoPlan takes the mirror away: plans are the same, from the stacks. Without the hub's settings
// nothing goes.
func TestMissingTableChangesNoPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, config := w.workspace(everything), w.config(sandbox.HubAccount)
	s.apply()
	table, err := dynamodb.NewFromConfig(config).DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("stowage")})
	must(w, table, err)
	for _, mode := range []string{"verified", "cached", "authoritative"} {
		s.env["STOWAGE_READ_CONSISTENCY"] = mode
		s.planIsEmpty()
	}
	s.applied(strings.Replace(everything, "expire_after_days = 30", "expire_after_days = 31", 1))

	parameter, err := ssm.NewFromConfig(config).DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: aws.String("/stowage/hub/stowage")})
	must(w, parameter, err)
	s.tryPlan().fails(`There is no hub "stowage"`)
}

// TestTemplateThatSomebodySavedAsYAML is refused by plan and apply, and left as it is.
func TestTemplateThatSomebodySavedAsYAML(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, c := w.workspace(acmeProject+bucketOf("inbox", afterProject)), w.clients()
	s.apply()
	c.edit("acme", func(body string) string {
		var sections map[string]json.RawMessage
		if err := json.Unmarshal([]byte(body), &sections); err != nil {
			t.Fatal(err)
		}
		var yaml strings.Builder
		for section, value := range sections {
			yaml.WriteString(section + ": " + string(value) + "\n")
		}
		return strings.Replace(yaml.String(), `"inbox/"`, `"elsewhere/"`, 1) // an update must change something
	})
	before := c.template("acme")
	const refusal = "The template of its stack is not JSON: it was saved as YAML."
	w.wantNoWrite(w.counted(func() {
		s.tryPlan().fails(refusal, "Update the stack with the same template as JSON")
		s.tryApply("-refresh=false", "-replace=stowage_project_bucket.inbox").fails(refusal)
	}))
	if c.template("acme") != before {
		t.Error("the template was changed")
	}
}
