package provider

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/entity/entitytest"
	"github.com/stowage/terraform-provider-stowage/internal/model/modeltest"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

const oddAccount = "111122223333"

// onSandbox starts the provider on a sandbox, without configuring it.
func onSandbox(t *testing.T, box *sandbox.Sandbox) *entitytest.Terraform {
	t.Helper()
	return entitytest.Start(
		t,
		&Stowage{
			version: "1.2.3",
			connect: func(ctx context.Context, c awsclient.Config, s projects.Config) (entity.Projects, entity.Hubs, string, []awsclient.Warning, error) {
				c.HTTPClient = &http.Client{Transport: simulate.NewTransport(box)}
				return connectAWS(ctx, c, s)
			},
		},
	)
}

// minimal returns the block that connects to the sandbox.
func minimal() values {
	access, secret := sandbox.StaticCredentials(sandbox.HubAccount)
	return values{
		"region": "eu-west-1", "access_key": access, "secret_key": secret, "hub": sandbox.HubName,
		"project_role_name": "StowageProvisioner",
	}
}

// anyKey is a placeholder for the ARN of the project's key.
const anyKey = "arn:aws:kms:eu-west-1:" + oddAccount + ":key/11111111-2222-3333-4444-555555555555"

var (
	oddTags     = values{"team": "core", "stage": "test"}
	oddTimeouts = values{"create": "10m", "update": "20m", "delete": "30m"}
)

// oddObjects are complete configurations of all resources.
var oddObjects = map[string]values{
	"stowage_project": {
		"name":       "acme",
		"account_id": oddAccount,
		"region":     "eu-west-1",
		"on_delete":  "empty",
		"sftp":       values{"enabled": true},
		"tags":       oddTags,
		"timeouts":   oddTimeouts,
	},
	"stowage_project_bucket": {
		"project":     "acme",
		"name":        "inbox",
		"bucket_name": "acme-bucket",
		"versioning":  true,
		"kms_key_arn": anyKey,
		"on_delete":   "empty",
		"lifecycle_rules": values{
			"expire_after_days": int64(30), "expire_noncurrent_after_days": int64(60),
			"abort_multipart_after_days": int64(3),
		},
		"object_lock": values{"mode": "GOVERNANCE", "days": int64(2)},
		"cors": []any{
			values{
				"allowed_origins": []any{
					"https://example.com",
				},
				"allowed_methods": []any{"GET", "PUT"},
				"allowed_headers": []any{"x-custom"},
				"expose_headers":  []any{"etag"},
				"max_age_seconds": int64(60),
			},
		},
		"tags":     oddTags,
		"timeouts": oddTimeouts,
	},
	"stowage_project_user": {
		"project":        "acme",
		"name":           "partner",
		"source_ips":     []any{"203.0.113.0/24"},
		"secret_readers": []any{"444455556666"},
		"access_key": values{
			"enabled": true, "replacement_trigger": "one",
			"rotation": values{"every_days": int64(90), "overlap_days": int64(7)},
		},
		"sftp":     values{"ssh_public_keys": []any{modeltest.PublicKey(1)}},
		"tags":     oddTags,
		"timeouts": oddTimeouts,
	},
	"stowage_user_permission": {
		"project":      "acme",
		"user":         "partner",
		"bucket":       "inbox",
		"prefix":       "incoming/",
		"access":       "read_write",
		"allow_delete": true,
	},
}

// TestOddValues_Resources sets arguments of every resource to nulls, empty collections and values
// unknown while planning, one at a time and some together. A value that is not refused on its path,
// before any change, is applied, read back, and leaves an empty plan.
func TestOddValues_Resources(t *testing.T) {
	t.Parallel()
	for _, typ := range []string{"stowage_project", "stowage_project_bucket", "stowage_project_user", "stowage_user_permission"} {
		t.Run(typ, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				full := oddObjects[typ]
				odd := oddCases(onSandbox(t, sandbox.New(sandbox.Options{Seed: 1})).Schema(typ), full)
				if typ != "stowage_project" { // all objects have the same
					odd = slices.DeleteFunc(odd, func(c oddCase) bool { return c.argument() == "timeouts" })
				}
				cases := combinations(odd, rand.New(rand.NewPCG(1, 2)), 20)
				for _, c := range odd {
					cases = append(cases, oddCombination{c})
				}
				for cases := range slices.Chunk(cases, casesPerWorld) {
					newOddWorld(t).try(typ, full, cases)
				}
			})
		})
	}
}

// casesPerWorld keeps templates small, because the cost of a commit grows with them.
const casesPerWorld = 30

type oddWorld struct {
	t      *testing.T
	tf     *entitytest.Terraform
	keyARN any
}

// newOddWorld creates a project and what permissions need.
func newOddWorld(t *testing.T) *oddWorld {
	t.Helper()
	w := &oddWorld{t: t, tf: onSandbox(t, sandbox.New(sandbox.Options{Seed: 1}))}
	entitytest.Must(t, w.tf.Configure(minimal()))
	project := w.tf.Created(
		"stowage_project", values{"name": "acme", "account_id": oddAccount, "sftp": values{"enabled": true}},
	)
	w.keyARN = project.Get("kms_key_arn")
	return w
}

// oddTrial is a case in progress.
type oddTrial struct {
	oddCombination
	id     string
	object *entitytest.Object
	plan   *entitytest.Plan
	over   bool // it was refused or failed
}

// walk does something with all trials in progress, concurrently in one walk of Terraform.
func (w *oddWorld) walk(trials []*oddTrial, do func(tf *entitytest.Terraform, c *oddTrial)) {
	w.tf.Walk(func() {
		var group sync.WaitGroup
		for _, c := range trials {
			if !c.over {
				group.Go(func() { do(w.tf.Case(c.name()), c) })
			}
		}
		group.Wait()
	})
}

// try creates objects with odd values, then sets complete values, and odd ones again.
func (w *oddWorld) try(typ string, full values, cases []oddCombination) {
	var trials []*oddTrial
	for i, c := range cases {
		trials = append(trials, &oddTrial{oddCombination: c, id: fmt.Sprintf("obj%d", i)})
	}
	own := func(c *oddTrial, config values) values {
		config = named(typ, c.id, full, config)
		if config["kms_key_arn"] == anyKey {
			config["kms_key_arn"] = w.keyARN
		}
		return config
	}
	if typ == "stowage_user_permission" {
		w.walk(trials, func(tf *entitytest.Terraform, c *oddTrial) {
			var parents sync.WaitGroup
			parents.Go(func() { tf.Created("stowage_project_user", values{"project": "acme", "name": c.id + "-u"}) })
			parents.Go(func() { tf.Created("stowage_project_bucket", values{"project": "acme", "name": c.id + "-b"}) })
			parents.Wait()
		})
	}
	odd := func() {
		w.walk(trials, func(tf *entitytest.Terraform, c *oddTrial) { w.plan(tf, typ, c, own(c, c.planned(full))) })
		w.walk(trials, func(tf *entitytest.Terraform, c *oddTrial) { w.apply(tf, c, own(c, c.final(full))) })
		w.walk(trials, func(tf *entitytest.Terraform, c *oddTrial) {
			if action := tf.Action(c.object, own(c, c.final(full))); action != "no-op" {
				w.t.Errorf("%s: after it was applied (%s) the next plan would %s it", c.name(), c.plan.Action, action)
			}
		})
	}
	odd()
	w.walk(trials, func(tf *entitytest.Terraform, c *oddTrial) { w.plan(tf, typ, c, own(c, full)) })
	w.walk(trials, func(tf *entitytest.Terraform, c *oddTrial) { w.apply(tf, c, own(c, full)) })
	odd()
}

// plan plans with the values that are known while planning.
func (w *oddWorld) plan(tf *entitytest.Terraform, typ string, c *oddTrial, config values) {
	plan, diagnostics := tf.Plan(typ, c.object, config)
	if c.plan = plan; plan == nil {
		c.over = true
		w.refused(c.oddCombination, diagnostics)
	}
}

// apply plans again if more values are known by then, and applies the plan.
func (w *oddWorld) apply(tf *entitytest.Terraform, c *oddTrial, final values) {
	if c.late() {
		again, diagnostics, problems := tf.Replan(c.plan, final)
		for _, problem := range problems {
			w.t.Errorf("%s: the plan is not kept: %s", c.name(), problem)
		}
		if again == nil {
			c.over = true
			w.refused(c.oddCombination, diagnostics)
			return
		}
		c.plan = again
	}
	if c.plan.Action == "no-op" {
		return
	}
	object, diagnostics := tf.Apply(c.plan)
	for _, d := range entitytest.Errors(diagnostics) {
		c.over = true
		w.t.Errorf("%s: the plan is fine, and its apply (%s) fails: %s\n%s", c.name(), c.plan.Action, d.Summary, d.Detail)
	}
	c.object, c.over = object, c.over || object == nil
}

// named returns a configuration of a separate object. Where the complete configuration has its
// name, the copy has the id.
func named(typ, id string, full, config values) values {
	names := map[string]values{
		"stowage_project":         {"name": id},
		"stowage_project_user":    {"name": id},
		"stowage_project_bucket":  {"name": id, "bucket_name": "acme-" + id + "-bucket"},
		"stowage_user_permission": {"user": id + "-u", "bucket": id + "-b"},
	}[typ]
	own := maps.Clone(config)
	for argument, value := range names {
		if own[argument] == full[argument] {
			own[argument] = value
		}
	}
	return own
}

// refusedElsewhere maps arguments to those on which they are refused, which require them.
var refusedElsewhere = map[string]string{
	"access_key": "secret_readers", "versioning": "object_lock", "access": "allow_delete",
}

// refused checks that a configuration is refused on an odd argument, with a text for its author.
func (w *oddWorld) refused(c oddCombination, diagnostics []*tfprotov6.Diagnostic) {
	for _, d := range entitytest.Errors(diagnostics) {
		text := fmt.Sprintf("%v: %s\n%s", d.Attribute, d.Summary, d.Detail)
		if blamesProvider(text) {
			w.t.Errorf("%s: it is refused as a fault of the provider: %s", c.name(), text)
		}
		var at tftypes.AttributeName
		if steps := d.Attribute.Steps(); len(steps) > 0 {
			at, _ = steps[0].(tftypes.AttributeName)
		}
		here, elsewhere := false, false
		for _, odd := range c {
			here = here || odd.argument() == string(at)
			elsewhere = elsewhere || refusedElsewhere[odd.argument()] == string(at)
		}
		if at == "object_lock" && d.Summary == "Unable to Change Object Lock" {
			continue // fixed when a bucket is created
		}
		if !here && !elsewhere {
			w.t.Errorf("%s: it is refused at another argument: %s", c.name(), text)
		}
		if c.valid() && !elsewhere {
			w.t.Errorf("%s: it is refused, and valid: %s", c.name(), text)
		}
	}
}

// blamesProvider reports whether a diagnostic reports a bug of the provider.
func blamesProvider(text string) bool {
	for _, words := range []string{"Value Conversion Error", "always an error in the provider", "please report", "reflect"} {
		if strings.Contains(text, words) {
			return true
		}
	}
	return false
}

// TestMain isolates the tests from the machine's settings.
func TestMain(m *testing.M) {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(
			variable, "=",
		); strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "STOWAGE_") ||
			strings.HasPrefix(name, "TFC_") {
			if err := os.Unsetenv(name); err != nil {
				panic(err)
			}
		}
	}
	os.Exit(m.Run())
}
