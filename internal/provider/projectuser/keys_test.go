package projectuser

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/entity/entitytest"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/model/modeltest"
)

const day = 24 * time.Hour

// partner tests one user over time.
type partner struct {
	t        *testing.T
	tf       *entitytest.Terraform
	projects *entitytest.Projects
	object   *entitytest.Object
}

func newPartner(t *testing.T, config values) *partner {
	t.Helper()
	projects := entitytest.NewProjects()
	tf := entitytest.StartObjects(t, &entity.Services{Projects: projects, Region: "eu-west-1"}, NewResource)
	return &partner{t, tf, projects, tf.Created(typ, config)}
}

func rotating(more values) values {
	key := values{"rotation": values{"every_days": 90, "overlap_days": 7}}
	for name, value := range more {
		key[name] = value
	}
	return values{"project": "acme", "name": "partner", "access_key": key}
}

func (p *partner) plan(config values) *entitytest.Plan {
	p.t.Helper()
	object, diagnostics := p.tf.Read(p.object)
	entitytest.Must(p.t, diagnostics)
	p.object = object
	plan, diagnostics := p.tf.Plan(typ, p.object, config)
	entitytest.Must(p.t, diagnostics)
	return plan
}

// step plans and applies, and checks the planned keys: "a active" and so on, with a star after new
// keys.
func (p *partner) step(config values, action, keys string) {
	p.t.Helper()
	plan := p.plan(config)
	if plan.Action != action {
		p.t.Errorf("the plan is %s, want %s", plan.Action, action)
	}
	if got := spoken(plan.Planned("access_keys")); got != keys {
		p.t.Errorf("the plan shows the keys %q, want %q", got, keys)
	}
	if plan.Action == "no-op" {
		return
	}
	object, diagnostics := p.tf.Apply(plan)
	entitytest.Must(p.t, diagnostics)
	p.object = object
	if again := p.plan(config); again.Action != "no-op" {
		p.t.Errorf("the next plan is %s", again.Action)
	}
}

func spoken(keys any) string {
	var words []string
	for _, slot := range []string{"a", "b"} {
		key, there := keys.(values)[slot].(values)
		if !there {
			continue
		}
		words = append(words, slot, key["status"].(string))
		if key["access_key_id"] == entitytest.Unknown {
			words = append(words, "*")
		}
	}
	return strings.Join(words, " ")
}

func TestRotation_Steps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := rotating(nil)
		p := newPartner(t, config)
		first, secret := p.object.Get("access_key_id"), p.object.Get("secret_arn")
		p.step(config, "no-op", "a active")
		time.Sleep(90*day - time.Hour)
		p.step(config, "no-op", "a active")
		time.Sleep(time.Hour)
		p.step(config, "update", "a active b active *")
		second := p.object.Get("access_key_id")
		if first == second || secret != p.object.Get("secret_arn") {
			t.Errorf("the current key is %v after %v, the secret %v after %v", second, first, p.object.Get("secret_arn"), secret)
		}
		time.Sleep(7*day - time.Hour)
		p.step(config, "no-op", "a active b active")
		time.Sleep(time.Hour)
		p.step(config, "update", "a inactive b active")
		time.Sleep(7 * day)
		p.step(config, "update", "b active")
		if p.object.Get("access_key_id") != second {
			t.Errorf("the current key is %v, want %v", p.object.Get("access_key_id"), second)
		}
		time.Sleep(90 * day)
		p.step(config, "update", "a active * b active")
		// After a year without an apply, the next apply makes one step as usual.
		time.Sleep(365 * day)
		p.step(config, "update", "a active b active *")
	})
}

func TestRotation_ReplacedKeyInactive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPartner(t, rotating(nil))
		leaked := rotating(values{"replacement_trigger": "leaked"})
		p.step(leaked, "update", "a inactive b active *")
		time.Sleep(7 * day)
		p.step(leaked, "update", "b active")

		// With both slots full, the older key is deleted first, in a commit of its own.
		time.Sleep(83 * day)
		p.step(leaked, "update", "a active * b active")
		again := rotating(values{"replacement_trigger": "again"})
		written := len(p.projects.Written())
		p.step(again, "update", "a inactive b active *")
		if commits := len(p.projects.Written()) - written; commits != 2 {
			t.Errorf("%d commits, want 2", commits)
		}
	})
}

// TestRotation_ResumesBetweenSteps fails the second of two commits, and the next apply
// resumes.
func TestRotation_ResumesBetweenSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPartner(t, rotating(nil))
		time.Sleep(90 * day)
		p.step(rotating(nil), "update", "a active b active *")
		replaced := rotating(values{"replacement_trigger": "leaked"})
		plan := p.plan(replaced)
		updates := 0
		p.projects.Fail = func(_ context.Context, method string) error {
			if method == "Update" {
				if updates++; updates == 2 {
					return errors.New("IAM is out of order")
				}
			}
			return nil
		}
		object, diagnostics := p.tf.Apply(plan)
		if len(entitytest.Errors(diagnostics)) == 0 {
			t.Fatal("the apply succeeded")
		}
		p.object, p.projects.Fail = object, nil
		p.step(replaced, "update", "a active * b inactive")
	})
}

// TestRotation_SavedPlan applies a plan late. Terraform then plans again, and refuses a
// different plan.
func TestRotation_SavedPlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := rotating(nil)
		p := newPartner(t, config)
		time.Sleep(90*day - time.Hour)
		if plan := p.plan(config); plan.Action != "no-op" {
			t.Fatalf("the plan is %s", plan.Action)
		}
		time.Sleep(2 * time.Hour)
		unchanged, diagnostics := p.tf.Plan(typ, p.object, config)
		entitytest.Must(t, diagnostics)
		if unchanged.Action != "no-op" {
			t.Errorf("planned again without a refresh it is %s", unchanged.Action)
		}
		plan := p.plan(config)
		time.Sleep(100 * day)
		again, diagnostics := p.tf.Plan(typ, p.object, config)
		entitytest.Must(t, diagnostics)
		if diff := cmp.Diff(spoken(plan.Planned("access_keys")), spoken(again.Planned("access_keys"))); diff != "" {
			t.Error(diff)
		}
	})
}

// TestRotation_ForeignKeys lets two configurations plan at the same time. The second
// applies an outdated plan.
func TestRotation_ForeignKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPartner(t, rotating(nil))
		time.Sleep(90 * day)
		outdated := p.plan(rotating(values{"replacement_trigger": "leaked"}))
		p.step(rotating(nil), "update", "a active b active *")
		_, diagnostics := p.tf.Apply(outdated)
		if problem := entitytest.Lacks(
			diagnostics, "Unable to Update Project User", "Another writer changed it after the plan was made",
			"access_keys",
		); problem != "" {
			t.Error(problem)
		}
	})
}

func TestRotation_InactiveKeyDeletedWithSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPartner(t, rotating(nil))
		off := rotating(values{"enabled": false})
		p.step(off, "update", "")
		if p.object.Get("secret_arn") != nil || p.object.Get("access_key_id") != nil {
			t.Errorf("the secret is %v, the key %v", p.object.Get("secret_arn"), p.object.Get("access_key_id"))
		}
		imported, diagnostics := p.tf.Import(typ, "acme/partner")
		entitytest.Must(t, diagnostics)
		if action := p.tf.Action(imported, off); action != "no-op" {
			t.Errorf("the plan after an import would %s", action)
		}
		p.step(rotating(nil), "update", "a active *")
	})
}

// The keys are unknown in the plan while access_key is.
func TestPlan_UnknownInAccessKey(t *testing.T) {
	for name, c := range map[string]struct{ planned, final values }{
		"enabled":  {values{"enabled": entitytest.Unknown}, values{"enabled": false}},
		"rotation": {values{"rotation": entitytest.Unknown}, values{"rotation": values{"every_days": 90}}},
		"days":     {values{"rotation": values{"every_days": entitytest.Unknown}}, values{"rotation": values{"every_days": 90}}},
		"trigger":  {values{"replacement_trigger": entitytest.Unknown}, values{"replacement_trigger": ""}},
	} {
		synctest.Test(t, func(t *testing.T) {
			tf := start(t).Case(name)
			config := func(key values) values { return values{"project": "acme", "name": "partner", "access_key": key} }
			object := tf.Created(typ, config(values{"replacement_trigger": "one"}))
			plan, diagnostics := tf.Plan(typ, object, config(c.planned))
			entitytest.Must(t, diagnostics)
			final, diagnostics, problems := tf.Replan(plan, config(c.final))
			entitytest.Must(t, diagnostics)
			for _, problem := range problems {
				t.Errorf("%s: %s", name, problem)
			}
			object, diagnostics = tf.Apply(final)
			entitytest.Must(t, diagnostics)
			if action := tf.Action(object, config(c.final)); action != "no-op" {
				t.Errorf("%s: the next plan would %s it", name, action)
			}
		})
	}
}

func TestSFTP_SourceIPWarning(t *testing.T) {
	tf := start(t)
	config := values{
		"project":    "acme",
		"name":       "partner",
		"sftp":       values{"ssh_public_keys": []any{modeltest.PublicKey(1)}},
		"source_ips": []any{"203.0.113.0/24"},
	}
	plan, diagnostics := tf.Plan(typ, nil, config)
	entitytest.Must(t, diagnostics)
	if len(diagnostics) != 1 || diagnostics[0].Summary != "Networks Don't Bind SFTP" ||
		!strings.Contains(diagnostics[0].Detail, "They don't bind its SFTP") {
		t.Errorf("warnings %v", diagnostics)
	}
	if plan.Planned("sftp_user_name") != "partner" {
		t.Errorf("sftp_user_name is %v", plan.Planned("sftp_user_name"))
	}
}

func TestLifecycle_EveryAttribute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := values{
			"project":        "acme",
			"name":           "partner",
			"access_key":     values{"rotation": values{"every_days": 30}, "replacement_trigger": "first"},
			"secret_readers": []any{"arn:aws:iam::444455556666:role/partner", "444455556667"},
			"sftp":           values{"ssh_public_keys": []any{modeltest.PublicKey(1), modeltest.PublicKey(2)}},
		}
		p := newPartner(t, config)
		imported, diagnostics := p.tf.Import(typ, "acme/partner")
		entitytest.Must(t, diagnostics)
		if action := p.tf.Action(imported, config); action != "no-op" {
			t.Errorf("the plan after an import would %s", action)
		}
		user, ok := p.projects.Written()[0].(model.User)
		if !ok || user.AccessKey.Rotation.OverlapDays != 7 || len(user.SecretReaders) != 2 || len(user.SFTP.PublicKeys) != 2 {
			t.Errorf("written %+v", user)
		}
	})
}

func TestBadKeys(t *testing.T) {
	for _, c := range []struct {
		argument string
		value    any
		where    string // "" where newer versions of Terraform would quote a key
		text     string
	}{
		{"access_key", values{"rotation": values{"every_days": 10, "overlap_days": 5}}, "access_key.rotation.overlap_days", "less than half of every_days"},
		{"access_key", values{"rotation": values{"every_days": 0}}, "access_key.rotation.every_days", "between 1 and 3650"},
		{"secret_readers", []any{"444455556666"}, "secret_readers", "needs access_key"},
		{"sftp", values{"ssh_public_keys": []any{}}, "", "at least one key"},
		{"sftp", values{"ssh_public_keys": []any{modeltest.PublicKey(1), nil}}, "sftp.ssh_public_keys", "null value"},
		{"source_ips", []any{nil}, "source_ips", "null value"},
		{"source_ips", []any{"203.0.113.0/24", nil}, "source_ips", "null value"},
		{"secret_readers", []any{nil}, "secret_readers", "null value"},
		{"project", "", "project", "a project name has 2 to 20"},
		{"tags", values{"a": "{{resolve:ssm:/x}}"}, "tags", "dynamic reference"},
		{"sftp", values{"ssh_public_keys": []any{"-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0"}}, "", "is a private key"},
	} {
		tf := start(t)
		config := values{"project": "acme", "name": "partner"}
		config[c.argument] = c.value
		_, diagnostics := tf.Plan(typ, nil, config)
		summary := "Invalid Project User"
		if c.text == "null value" {
			summary = "Null Set Value"
		}
		if problem := entitytest.Lacks(diagnostics, summary, c.text, c.where); problem != "" {
			t.Error(problem)
		}
		for _, d := range diagnostics {
			if strings.Contains(d.Detail, "c2VjcmV0") {
				t.Errorf("the error shows the key: %s", d.Detail)
			}
		}
	}
}

// TestKeys_DueByTheClock reads a user with an overdue key at the real time, which passes between
// the answers of package unchanged and the framework. Both must find the key due at the same time.
func TestKeys_DueByTheClock(t *testing.T) {
	p := newPartner(t, rotating(nil))
	made := time.Now().UTC()
	if err := p.projects.Rewrite("acme", made.Format("2006-01-"), made.AddDate(-1, 0, 0).Format("2006-01-")); err != nil {
		t.Fatal(err)
	}
	overdue, diagnostics := p.tf.Read(p.object)
	entitytest.Must(t, diagnostics)
	p.object = overdue
	p.tf.Outcomes()
	if action := p.plan(rotating(nil)).Action; action != "update" {
		t.Errorf("the plan is %s, want update", action)
	}
	if outcomes := p.tf.Outcomes(); len(outcomes) == 0 || !outcomes[0].Answered {
		t.Errorf("the read of an unchanged user was left to the framework: %v", outcomes)
	}
}
