package provider_test

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/entity/entitytest"
	"github.com/stowage/terraform-provider-stowage/internal/provider/project"
	"github.com/stowage/terraform-provider-stowage/internal/provider/projectbucket"
	"github.com/stowage/terraform-provider-stowage/internal/provider/projectuser"
	"github.com/stowage/terraform-provider-stowage/internal/provider/userpermission"
)

var record = flag.Bool("record", false, "write the state files of the first schema version, where there are none")

// stored lists all resources, in an order in which they can be created. testdata holds the state
// that the first version of each schema wrote; it is kept for ever.
var stored = []struct {
	typ    string
	config values
}{
	{
		"stowage_project",
		values{"name": "globex", "account_id": "222233334444", "region": "eu-west-1", "tags": values{"client": "Globex"}},
	},
	{"stowage_project_bucket", values{"project": "globex", "name": "inbox", "tags": values{"a": "b"}}},
	{"stowage_project_user", values{"project": "globex", "name": "partner"}},
	{
		"stowage_user_permission",
		values{"project": "globex", "user": "partner", "bucket": "inbox", "prefix": "in/", "access": "read"},
	},
}

// globex returns a provider of all resources, with one of each created.
func globex(t *testing.T) (*entitytest.Terraform, *entitytest.Projects, map[string]*entitytest.Object) {
	t.Helper()
	p := entitytest.NewProjects()
	tf := entitytest.StartObjects(
		t,
		&entity.Services{Projects: p},
		[]func() resource.Resource{
			project.NewResource, projectbucket.NewResource, projectuser.NewResource, userpermission.NewResource,
		}...)
	created := map[string]*entitytest.Object{}
	for _, s := range stored {
		created[s.typ] = tf.Created(s.typ, s.config)
	}
	return tf, p, created
}

func TestUpgradeState_FirstSchema(t *testing.T) {
	tf, _, created := globex(t)
	for _, s := range stored {
		t.Run(s.typ, func(t *testing.T) {
			path := filepath.Join("testdata", s.typ+"-version0.json")
			if *record {
				file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := file.Write(tf.State(created[s.typ])); err != nil {
					t.Fatal(err)
				}
			}
			first, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			object, diagnostics := tf.Upgrade(s.typ, 0, first)
			entitytest.Must(t, diagnostics)
			first = withoutRemoved(t, s.typ, first)
			wantSame(t, "the state", first, tf.State(object))
			read, diagnostics := tf.Read(object)
			entitytest.Must(t, diagnostics)
			if read == nil {
				t.Fatal("it left the state")
			}
			wantSame(t, "the state that was read", first, tf.State(read))
			if action := tf.Action(read, s.config); action != "no-op" {
				t.Errorf("the plan is %s", action)
			}
		})
	}
}

// wantSame checks that all attributes of the first schema are unchanged. Later attributes are
// ignored.
func wantSame(t *testing.T, what string, first, now []byte) {
	t.Helper()
	var before, after map[string]any
	for raw, into := range map[*[]byte]*map[string]any{&first: &before, &now: &after} {
		if err := json.Unmarshal(*raw, into); err != nil {
			t.Fatal(err)
		}
	}
	maps.DeleteFunc(after, func(name string, _ any) bool { _, known := before[name]; return !known })
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("%s: %s", what, diff)
	}
}

// removed returns the attributes of schema version 0 that version 1 does not have.
func removed(typ string) []string {
	if typ == "stowage_user_permission" {
		return []string{"deviations", "actions", "timeouts"}
	}
	return []string{"deviations"}
}

// withoutRemoved returns a state of schema version 0 without the attributes that version 1 does not
// have.
func withoutRemoved(t *testing.T, typ string, state []byte) []byte {
	t.Helper()
	var attributes map[string]any
	if err := json.Unmarshal(state, &attributes); err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(attributes, func(name string, _ any) bool { return slices.Contains(removed(typ), name) })
	state, err := json.Marshal(attributes)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// TestStateUpgrade_Version0 upgrades states of the last provider with schema version 0: every
// attribute set, none set, and a bucket that was changed by hand.
func TestStateUpgrade_Version0(t *testing.T) {
	tf, _, _ := globex(t)
	file, err := os.ReadFile(filepath.Join("testdata", "version0.tfstate"))
	if err != nil {
		t.Fatal(err)
	}
	var state struct {
		Resources []struct {
			Type, Name string
			Instances  []struct{ Attributes json.RawMessage }
		}
	}
	if err := json.Unmarshal(file, &state); err != nil {
		t.Fatal(err)
	}
	drift := map[string]any{"stowage_project_bucket.plain": `BucketPolicyplain is missing
Bucketplain Properties.Tags is [{"Key":"team","Value":"red"}], not [{"Key":"stowage:bucket","Value":"plain"},{"Key":"stowage:project","Value":"acme"}]
Bucketplain Properties.VersioningConfiguration.Status is "Suspended", not "Enabled"`}
	if len(state.Resources) != 7 {
		t.Fatalf("%d resources", len(state.Resources))
	}
	for _, r := range state.Resources {
		t.Run(r.Type+"."+r.Name, func(t *testing.T) {
			object, diagnostics := tf.Upgrade(r.Type, 0, r.Instances[0].Attributes)
			entitytest.Must(t, diagnostics)
			wantSame(t, "the state", withoutRemoved(t, r.Type, r.Instances[0].Attributes), tf.State(object))
			if diff := cmp.Diff(drift[r.Type+"."+r.Name], object.Get("drift")); diff != "" {
				t.Errorf("drift: %s", diff)
			}
		})
	}
}

func TestStateUpgrade_Unreadable(t *testing.T) {
	tf, _, _ := globex(t)
	for _, state := range []string{`[]`, `{"deviations":"x"}`, `{"name":{}}`} {
		_, diagnostics := tf.Upgrade("stowage_project", 0, []byte(state))
		if problem := entitytest.Lacks(
			diagnostics, "Unable to Upgrade Resource State", "The state of schema version 0 could not be read.", "",
		); problem != "" {
			t.Errorf("%s: %s", state, problem)
		}
	}
}

// Terraform refuses such a state before it calls the provider, and so does the provider.
func TestUpgradeState_NewerSchema(t *testing.T) {
	tf, _, created := globex(t)
	for _, s := range stored {
		if _, diagnostics := tf.Upgrade(s.typ, 2, tf.State(created[s.typ])); len(entitytest.Errors(diagnostics)) == 0 {
			t.Errorf("%s of schema version 2 is read", s.typ)
		}
	}
}
