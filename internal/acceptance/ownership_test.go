package acceptance_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Providers without and with an origin.
const (
	anonymous  = "provider \"stowage\" {}\n"
	workspace1 = "provider \"stowage\" {\n  origin = \"team/prod\"\n}\n"
)

// renamable is a bucket and a user under a key of for_each. Another key changes their addresses and
// nothing else.
func renamable(key string) string {
	return acmeProject + block(
		"stowage_project_bucket", "b", `for_each = { `+key+` = "inbox" }`, "project = stowage_project.acme.name",
		"name = each.value",
	) +
		block(
			"stowage_project_user", "u", `for_each = { `+key+` = "partner" }`, "project = stowage_project.acme.name",
			"name = each.value", "access_key = {}",
		)
}

func (c *clients) wantBucket() {
	c.w.t.Helper()
	policy := &s3.GetBucketPolicyInput{Bucket: aws.String(physical("inbox"))}
	if _, err := c.s3.GetBucketPolicy(c.w.t.Context(), policy); err != nil {
		c.w.t.Errorf("the policy of the bucket: %v", err)
	}
}

func (c *clients) wantThere() {
	c.w.t.Helper()
	c.wantBucket()
	if users := c.users(); len(users) != 1 || users[0] != "acme-partner" {
		c.w.t.Errorf("the users are %v", users)
	}
	if keys := c.accessKeys("acme-partner"); len(keys) != 1 {
		c.w.t.Errorf("the access keys are %v", keys)
	}
}

func (c *clients) accessKeys(user string) []string {
	c.w.t.Helper()
	out, err := c.iam.ListAccessKeys(c.w.t.Context(), &iam.ListAccessKeysInput{UserName: aws.String(user)})
	var ids []string
	for _, key := range must(c.w, out, err).AccessKeyMetadata {
		ids = append(ids, aws.ToString(key.AccessKeyId))
	}
	return ids
}

// TestOwnership_RenamedKey changes a key of for_each without a moved block: Terraform deletes and
// creates the same bucket at once.
func TestOwnership_RenamedKey(t *testing.T) {
	t.Parallel()
	for name, provider := range map[string]string{"without an origin": anonymous, "with an origin": workspace1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := w.workspace(provider + renamable("one"))
			s.apply()
			s.applied(provider + renamable("two")).says("2 added, 0 changed, 2 destroyed")
			w.clients().wantThere()
			s.write(
				provider + strings.ReplaceAll(renamable("two"), "name = each.value", "name = each.value\n  tags = { x = \"1\" }"),
			)
			s.apply().says("0 added, 2 changed, 0 destroyed")
		})
	}
}

// TestOwnership_CreateBeforeDestroy replaces objects that create_before_destroy creates again under
// the same name.
func TestOwnership_CreateBeforeDestroy(t *testing.T) {
	t.Parallel()
	const cbd = "lifecycle {\n    create_before_destroy = true\n  }"
	configuration := acmeProject + bucketOf("inbox", afterProject, cbd) + userOf(
		"partner", "access_key = {}", afterProject, cbd,
	)
	replace := []string{"-replace=stowage_project_bucket.inbox", "-replace=stowage_project_user.partner"}
	t.Run("with an origin", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		s := w.workspace(workspace1 + configuration)
		s.apply()
		s.apply(
			replace...).says(
			"2 added, 0 changed, 2 destroyed",
			"Project Bucket Only Removed From State",
			"Project User Only Removed From State",
		)
		w.clients().wantThere()
		s.planIsEmpty()
	})
	t.Run("without an origin", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		s := w.workspace(anonymous + configuration)
		s.apply()
		s.tryApply(replace...).fails("It exists already", `id = "acme/inbox"`, `id = "acme/partner"`)
		w.clients().wantThere()
		s.planIsEmpty()
	})
}

// TestOwnership_Taint replaces tainted and named objects, which are destroyed first.
func TestOwnership_Taint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.workspace(
		workspace1 + acmeProject + bucketOf("inbox", afterProject) + userOf("partner", "access_key = {}", afterProject),
	)
	s.apply()
	s.run("taint", "stowage_project_bucket.inbox").succeeds()
	s.run("taint", "stowage_project_user.partner").succeeds()
	for _, args := range [][]string{nil, {"-replace=stowage_project_bucket.inbox", "-replace=stowage_project_user.partner"}} {
		o := s.apply(args...).says("2 added, 0 changed, 2 destroyed")
		if strings.Contains(o.raw, "Warning: Project") || strings.Contains(o.raw, "Warning: Duplicate") {
			t.Errorf("replacing warns:\n%s", o.raw)
		}
		w.clients().wantThere()
		s.planIsEmpty()
	}
	s.destroy()
	w.clients().wantNothingLeft()
}

// TestOwnership_Twins gives two resources one name, in one apply and in two, and removes either of
// them.
func TestOwnership_Twins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := bucketOf("inbox", afterProject)
	copied := block("stowage_project_bucket", "copied", `project = "acme"`, `name = "inbox"`, afterProject)
	s := w.workspace(workspace1 + acmeProject + first + copied)
	s.tryApply().fails(
		"Duplicate Project Bucket", "Two resources of this configuration manage the project bucket \"acme/inbox\"",
	)
	s.applied(workspace1 + acmeProject + first)
	s.write(workspace1 + acmeProject + first + copied)
	s.tryApply().fails("Duplicate Project Bucket")

	// An import makes twins with one incarnation.
	imported := "import {\n  to = stowage_project_bucket.copied\n  id = \"acme/inbox\"\n}\n"
	s.write(workspace1 + acmeProject + first + copied + imported)
	s.apply().says("Duplicate Project Bucket", "1 imported, 0 added, 0 changed, 0 destroyed")
	for _, left := range []string{first, copied} {
		s.write(workspace1 + acmeProject + left)
		s.tryApply().fails("Unable to Destroy Project Bucket", "destroy = false")
	}
	s.applied(
		workspace1 + acmeProject + first + "removed {\n  from = stowage_project_bucket.copied\n  lifecycle {\n    destroy = false\n  }\n}\n",
	)
	w.clients().wantBucket()
	s.destroy()
	w.clients().wantNothingLeft()
}

// TestOwnership_TwoStates manages one bucket in two states of one origin: the last one to create it
// owns it.
func TestOwnership_TwoStates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.workspace(acmeProject).apply()
	first, second := w.workspace(workspace1+bucketOf("inbox")), w.workspace(workspace1+bucketOf("inbox"))
	first.apply()
	second.apply().says("Project Bucket Will Be Taken Over")
	first.write(workspace1 + bucketOf("inbox", `tags = { by = "first" }`))
	first.tryApply().fails(
		"Project Bucket Is Managed by Another Resource", "Another resource manages it", "Nothing was changed",
	)
	second.planIsEmpty()
	first.destroy().says("Project Bucket Only Removed From State")
	w.clients().wantBucket()
	second.planIsEmpty()
	second.destroy()
	if buckets := w.clients().buckets(); strings.Contains(strings.Join(buckets, " "), "inbox") {
		t.Errorf("the buckets are %v", buckets)
	}
}

// TestOwnership_StatesWithoutIncarnation removes the attribute from a state, as an earlier version
// wrote it.
func TestOwnership_StatesWithoutIncarnation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.workspace(anonymous + renamable("one"))
	s.apply()
	path := filepath.Join(s.dir, "terraform.tfstate")
	var state map[string]any
	body, err := os.ReadFile(path)
	must(w, 0, err)
	must(w, 0, json.Unmarshal(body, &state))
	for _, r := range state["resources"].([]any) {
		for _, i := range r.(map[string]any)["instances"].([]any) {
			instance := i.(map[string]any)
			if incarnation, _ := instance["attributes"].(map[string]any)["incarnation"].(string); len(incarnation) != 12 {
				t.Errorf("the state has the incarnation %q", incarnation)
			}
			delete(instance["attributes"].(map[string]any), "incarnation")
			delete(instance, "private")
		}
	}
	body, err = json.Marshal(state)
	must(w, 0, err)
	s.put("terraform.tfstate", string(body))
	s.planIsEmpty()
	s.destroy()
	w.clients().wantNothingLeft()
}

// saved saves a plan, lets another workspace with the same state apply another configuration, and
// applies the plan.
func (s *workspace) saved(w *world, planned, others string) outcome {
	s.t.Helper()
	s.write(planned)
	s.run("plan", "-out=saved", "-input=false", "-no-color").succeeds()
	other := w.workspace(others)
	state, err := os.ReadFile(filepath.Join(s.dir, "terraform.tfstate"))
	must(w, 0, err)
	other.put("terraform.tfstate", string(state))
	other.apply()
	return s.run("apply", "-input=false", "-no-color", "saved")
}

func TestThreeWay_SavedPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	configuration := func(project, bucket, user, permission string) string {
		return block("stowage_project", "acme", `name = "acme"`, `account_id = "`+account+`"`, project) +
			bucketOf("inbox", bucket, afterProject) + userOf("partner", user, afterProject) +
			permissionOf(
				"p", "partner", "inbox", permission,
				"depends_on = [stowage_project_bucket.inbox, stowage_project_user.partner]",
			)
	}
	s, c := w.workspace(configuration("", "", "", `access = "read_write"`)), w.clients()
	s.apply()
	cors := `cors = [{ allowed_origins = ["https://a.example"], allowed_methods = ["GET"] }]`
	s.saved(
		w,
		configuration(
			`on_delete = "empty"`, "lifecycle_rules = { expire_after_days = 6 }\ntags = { mine = \"x\" }",
			`source_ips = ["203.0.113.0/24"]`, `access = "write"`,
		),
		configuration(
			`tags = { theirs = "x" }`,
			cors+"\nlifecycle_rules = { abort_multipart_after_days = 3 }\ntags = { theirs = \"x\" }",
			`tags = { theirs = "x" }`, "access = \"read_write\"\nallow_delete = true",
		),
	).succeeds().says("0 added, 4 changed, 0 destroyed")
	got, err := c.s3.GetBucketCors(t.Context(), &s3.GetBucketCorsInput{Bucket: aws.String(physical("inbox"))})
	if rules := must(w, got, err).CORSRules; len(rules) != 1 {
		t.Errorf("CORS: %v", rules)
	}
	if tags := c.tags(physical("inbox")); tags["mine"] != "x" || tags["theirs"] != "x" {
		t.Errorf("tags: %v", tags)
	}
	// The next plan reverts the other writer's change, and nothing else.
	s.apply("-refresh-only")
	both := configuration(
		"on_delete = \"empty\"\ntags = { theirs = \"x\" }",
		cors+"\nlifecycle_rules = { expire_after_days = 6, abort_multipart_after_days = 3 }\ntags = { mine = \"x\", theirs = \"x\" }",
		"source_ips = [\"203.0.113.0/24\"]\ntags = { theirs = \"x\" }",
		"access = \"write\"\nallow_delete = true",
	)
	s.write(both)
	s.planIsEmpty()

	s.saved(
		w, strings.ReplaceAll(both, "expire_after_days = 6", "expire_after_days = 7"),
		strings.ReplaceAll(both, "expire_after_days = 6", "expire_after_days = 8"),
	).
		fails(
			"Unable to Update Project Bucket", "with stowage_project_bucket.inbox",
			`"lifecycle_rules.expire_after_days" was 6 when the plan was made, the plan sets it to 7, and it is 8 now`,
			"Nothing was changed",
		)
}
