package acceptance_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// TestAccProvider_InvalidConfiguration makes every kind of mistake at once. Each is reported on its
// argument.
func TestAccProvider_InvalidConfiguration(t *testing.T) {
	x := newTenant(t)
	configuration := x.in(
		block("stowage_project", "p", `name = "Acme_1"`, `account_id = "12"`),
		block(
			"stowage_project", "reserved", `name = "hub"`, `account_id = "`+account+`"`, `on_delete = "maybe"`,
			`region = "Ireland"`,
		),
		bucketOf("x"),
		block("stowage_project_bucket", "b", `project = "acme"`, `name = "in--box"`, `bucket_name = "has.dots"`),
		bucketOf("lock", "versioning = false", `object_lock = { mode = "GOVERNANCE", days = 1 }`),
		bucketOf("key", `kms_key_arn = "alias/mine"`),
		bucketOf("tags", `tags = { "aws:mine" = "no" }`),
		bucketOf("lifecycle", "lifecycle_rules = { expire_after_days = 99999 }"),
		bucketOf("cors", `cors = [{ allowed_origins = ["*"], allowed_methods = ["PATCH"] }]`),
		userOf("root"),
		userOf("partner", `source_ips = ["203.0.113.7/24"]`),
		userOf("rotating", "access_key = { rotation = { every_days = 10, overlap_days = 5 } }"),
		userOf("keyless", `secret_readers = ["444455556666"]`),
		userOf("private", `sftp = { ssh_public_keys = ["-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0"] }`),
		permissionOf("a", "partner", "inbox", `access = "admin"`),
		permissionOf("b", "partner", "inbox", `access = "read"`, "allow_delete = true"),
		permissionOf("c", "partner", "inbox", `access = "read"`, `prefix = "/in"`),
	)
	wants := map[string]string{ // by the line of the configuration that the CLI quotes
		`name = "Acme_1"`:                      `"Acme_1" may hold only a-z, 0-9 and single hyphens between them.`,
		`account_id = "12"`:                    `must be the 12 digits of an AWS account`,
		`name = "hub"`:                         `"hub" is reserved`,
		`on_delete = "maybe"`:                  `must be "refuse", "retain" or "empty"`,
		`region = "Ireland"`:                   `must be the code of an AWS region`,
		`name = "x"`:                           `"x" has 1 characters; a bucket's name has 2 to 32`,
		`name = "in--box"`:                     `"in--box" may hold only a-z, 0-9 and single hyphens between them`,
		`bucket_name = "has.dots"`:             `"has.dots" may hold only a-z, 0-9 and hyphens`,
		`object_lock = { mode = "GOVERNANCE"`:  `a bucket with object lock is always versioned`,
		`kms_key_arn = "alias/mine"`:           `must be the ARN of a KMS key`,
		`tags = { "aws:mine"`:                  `the key "aws:mine" begins with a reserved prefix`,
		`"stowage_project_bucket" "lifecycle"`: `"lifecycle_rules.expire_after_days" of the project bucket can't be used: must be between 1 and 36500 days`,
		`"stowage_project_bucket" "cors"`:      `"cors.0.allowed_methods" of the project bucket can't be used: "PATCH" is none of GET`,
		`name = "root"`:                        `"root" is reserved`,
		`source_ips = ["203.0.113.7/24"]`:      `"203.0.113.7/24" must be a network such as 203.0.113.0/24, with no bits set behind the mask`,
		`"stowage_project_user" "rotating"`:    `"access_key.rotation.overlap_days" of the project user can't be used: must be less than half of every_days`,
		`secret_readers = ["444455556666"]`:    `needs access_key`,
		`"stowage_project_user" "private"`:     `"sftp.ssh_public_keys" of the project user can't be used: key 1 is a private key`,
		`access = "admin"`:                     `must be "read", "write" or "read_write"`,
		`allow_delete = true`:                  `needs access = "write" or "read_write"`,
		`prefix = "/in"`:                       `must not begin with a slash`,
	}
	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providers,
		ErrorCheck: func(err error) error {
			var missing []error
			diagnostics := strings.Split(err.Error(), "Error: ")
			for line, reason := range wants {
				if !slices.ContainsFunc(diagnostics, x.says(line, reason).MatchString) {
					missing = append(missing, fmt.Errorf("no error with %q at %q", reason, line))
				}
			}
			if strings.Contains(err.Error(), "c2VjcmV0") {
				missing = append(missing, errors.New("a message holds the private key"))
			}
			if len(missing) > 0 {
				missing = append(missing, err)
			}
			return errors.Join(missing...)
		},
		Steps: []resource.TestStep{{Config: configuration, PlanOnly: true}},
	})
}

// TestAccProvider_Unusable configures providers that cannot work. Nothing is written to AWS.
func TestAccProvider_Unusable(t *testing.T) {
	x := newTenant(t)
	steps := []resource.TestStep{}
	for _, test := range []struct {
		arguments string
		texts     []string
	}{
		{`secret_key = "wrong"` + "\n" + `access_key = "` + staticKey() + `"`, []string{"Unable to Configure Provider", "AWS refused the provider's credentials", "The secret key does not belong to the access key"}},
		{`access_key = "AKIAWRONG"` + "\n" + `secret_key = "wrong"`, []string{"Unable to Configure Provider", "AWS refused the provider's credentials", "The access key does not exist"}},
		{`allowed_account_ids = ["999999999999"]`, []string{"Unable to Configure Provider", `The argument "allowed_account_ids" is invalid: it does not allow the account 000000000000`}},
		{`forbidden_account_ids = ["111122223333"]`, []string{"forbidden_account_ids", "does not allow the account 111122223333"}},
		{`project_role_name = "Nope"`, []string{"to work in the account 111122223333", "arn:aws:iam::111122223333:role/Nope", "the provider argument project_role_name"}},
		{`hub = "nope"`, []string{`There is no hub "nope"`, "/stowage/hub/nope", "Check the provider arguments hub and region"}},
	} {
		steps = append(steps, resource.TestStep{
			Config: x.in("provider \"stowage\" {\n"+test.arguments+"\n}\n", acmeProject), ExpectError: x.says(test.texts...),
		})
	}
	steps = append(steps, resource.TestStep{
		PreConfig: func() {
			if left := x.left(); len(left) > 0 {
				t.Errorf("the failures left: %v", left)
			}
		},
		Config: x.in(acmeProject),
		ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
			plancheck.ExpectResourceAction(acme, plancheck.ResourceActionCreate),
		}},
	})
	resource.ParallelTest(t, x.testCase(steps...))
}

func staticKey() string {
	id, _ := sandbox.StaticCredentials(sandbox.HubAccount)
	return id
}

// TestAccProvider_BadMember creates four objects. AWS refuses two of them, which get AWS's reason;
// the others exist.
func TestAccProvider_BadMember(t *testing.T) {
	x := newTenant(t)
	taken := x.in("acme-somebody-was-here-before")
	configuration := func(bucketName string) string {
		return x.in(acmeProject, userOf("lucky", afterProject), userOf("unlucky", afterProject),
			bucketOf("inbox", afterProject), bucketOf("outbox", afterProject, `bucket_name = "`+bucketName+`"`))
	}
	testCase := x.testCase(
		resource.TestStep{Config: x.in(acmeProject)},
		resource.TestStep{
			PreConfig: func() {
				made, err := x.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{
					Bucket:                    aws.String(taken),
					CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
				})
				must(x.w, made, err)
				x.fault(sandbox.Fault{
					ResourceType: "AWS::IAM::User",
					PhysicalID:   x.in("acme-unlucky"),
					Phase:        "create",
					Times:        1,
					Reason:       "Resource handler returned message: \"The maximum number of users is exceeded\" (HandlerErrorCode: ServiceLimitExceeded)",
				})
			},
			Config: configuration(taken),
		},
		resource.TestStep{
			Config: configuration(x.in("acme-nobody-was-here-before")),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction("stowage_project_user.lucky", plancheck.ResourceActionNoop),
				plancheck.ExpectResourceAction("stowage_project_user.unlucky", plancheck.ResourceActionCreate),
				plancheck.ExpectResourceAction(inbox, plancheck.ResourceActionNoop),
				plancheck.ExpectResourceAction(outbox, plancheck.ResourceActionCreate),
			}},
			PostApplyFunc: func() {
				deleted, err := x.s3.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: aws.String(taken)})
				must(x.w, deleted, err)
			},
		},
	)
	testCase.ErrorCheck = func(err error) error {
		for _, texts := range [][]string{
			{`Unable to Create Project User`, `The project user "acme/unlucky" could not be created.`, `The maximum number of users is exceeded`},
			{`Unable to Create Project Bucket`, `The project bucket "acme/outbox" could not be created.`, `exists already in this account, and no stack manages it`},
		} {
			if !x.says(texts...).MatchString(err.Error()) {
				return fmt.Errorf("no error %q: %w", texts, err)
			}
		}
		if n := strings.Count(err.Error(), "Error: "); n != 2 {
			return fmt.Errorf("%d errors, want 2: %w", n, err)
		}
		return nil
	}
	resource.ParallelTest(t, testCase)
}

// fault adds a failure to the sandbox.
func (x *tenant) fault(fault sandbox.Fault) {
	x.t.Helper()
	if err := x.w.box.AddFaults(fault); err != nil {
		x.t.Fatal(err)
	}
}

// TestAccProvider_RollbackFails fails a rollback twice. The same apply continues it, and the stack
// accepts further changes.
func TestAccProvider_RollbackFails(t *testing.T) {
	x := newTenant(t)
	configuration := func(source string, more ...string) string {
		return x.in(
			acmeProject,
			userOf("partner", source, afterProject),
			bucketOf("inbox", afterProject),
			permissionOf(
				"p", "partner", "inbox", `access = "read"`,
				after("stowage_project_user.partner, stowage_project_bucket.inbox"),
			),
			strings.Join(more, "\n"),
		)
	}
	const networks = `source_ips = ["203.0.113.0/24"]`
	resource.ParallelTest(t, x.testCase(
		resource.TestStep{Config: configuration("")},
		resource.TestStep{
			PreConfig: func() {
				x.fault(
					sandbox.Fault{
						ResourceType: "AWS::IAM::User", PhysicalID: x.in("acme-bad"), Phase: "create", Reason: "no such luck",
						Times: 1,
					},
				)
				x.fault(sandbox.Fault{
					ResourceType: "AWS::IAM::ManagedPolicy",
					PhysicalID:   x.in("arn:aws:iam::" + account + ":policy/*"),
					Phase:        "rollback",
					Reason:       "the policy can't be rolled back",
					Times:        2,
				})
			},
			Config: configuration(networks, userOf("bad", afterProject)), ExpectError: x.says("no such luck"),
		},
		resource.TestStep{
			Config: configuration(networks, userOf("bad", afterProject)),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(partner, plancheck.ResourceActionNoop),
				plancheck.ExpectResourceAction("stowage_project_user.bad", plancheck.ResourceActionCreate),
			}},
		},
	))
}

// TestAccProvider_YAMLTemplate saves the stack's template as YAML manually. Plan and apply refuse
// it, and leave it.
func TestAccProvider_YAMLTemplate(t *testing.T) {
	x := newTenant(t)
	configuration := x.in(acmeProject, bucketOf("inbox", afterProject))
	refusal := x.says(
		"The template of its stack is not JSON: it was saved as YAML.",
		"Update the stack with the same template as JSON",
	)
	var asJSON, asYAML string
	resource.ParallelTest(t, x.testCase(
		resource.TestStep{Config: configuration},
		resource.TestStep{
			PreConfig: func() {
				asJSON = x.template(x.project)
				x.edit(x.project, func(body string) string {
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
				asYAML = x.template(x.project)
			},
			Config: configuration, PlanOnly: true, ExpectError: refusal,
		},
		resource.TestStep{
			Config:      x.in(acmeProject, bucketOf("inbox", "versioning = false", afterProject)),
			ExpectError: refusal,
		},
		resource.TestStep{
			PreConfig: func() {
				if x.template(x.project) != asYAML {
					t.Error("the template was changed")
				}
				x.edit(x.project, func(string) string { return asJSON })
			},
			Config: configuration, PlanOnly: true,
		},
	))
}

// TestAccProvider_NewerFormat raises the format of a bucket's metadata, as a newer version of the
// provider would.
func TestAccProvider_NewerFormat(t *testing.T) {
	x := newTenant(t)
	configuration := func(tags string) string {
		return x.in(acmeProject, bucketOf("inbox", tags, afterProject), userOf("partner", afterProject))
	}
	const ours, newer = `"format":1,"compiler":3,"of":{"kind":"bucket"`, `"format":9,"compiler":9,"of":{"kind":"bucket"`
	rewrite := func(from, to string) func() {
		return func() {
			x.edit(x.project, func(template string) string {
				if !strings.Contains(template, from) {
					t.Fatalf("template has no %s:\n%s", from, template)
				}
				return strings.Replace(template, from, to, 1)
			})
		}
	}
	refusal := x.says("A newer version of Stowage is in use", "has format 9", "Upgrade the provider.")
	resource.ParallelTest(t, x.testCase(
		resource.TestStep{Config: configuration("")},
		resource.TestStep{PreConfig: rewrite(ours, newer), Config: configuration(""), PlanOnly: true, ExpectError: refusal},
		resource.TestStep{Config: configuration(`tags = { team = "blue" }`), ExpectError: refusal},
		resource.TestStep{PreConfig: rewrite(newer, ours), Config: configuration(""), PlanOnly: true},
	))
}
