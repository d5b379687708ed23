package acceptance_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
)

// everything is one object of each kind, by literal names, and its ids by address.
const everything = acmeProject + `
resource "stowage_project_bucket" "inbox" {
  project         = "acme"
  name            = "inbox"
  lifecycle_rules = { expire_after_days = 30 }
  cors            = [{ allowed_origins = ["https://example.com"], allowed_methods = ["GET"] }]
  tags            = { team = "blue" }
  depends_on      = [stowage_project.acme]
}

resource "stowage_project_user" "partner" {
  project    = "acme"
  name       = "partner"
  source_ips = ["203.0.113.0/24"]
  depends_on = [stowage_project.acme]
}

resource "stowage_user_permission" "whole" {
  project    = "acme"
  user       = "partner"
  bucket     = "inbox"
  access     = "read"
  depends_on = [stowage_project_bucket.inbox, stowage_project_user.partner]
}

resource "stowage_user_permission" "part" {
  project    = "acme"
  user       = "partner"
  bucket     = "inbox"
  prefix     = "incoming/"
  access     = "write"
  depends_on = [stowage_project_bucket.inbox, stowage_project_user.partner]
}
`

var ids = map[string]string{
	"stowage_project.acme":          "acme",
	"stowage_project_bucket.inbox":  "acme/inbox",
	"stowage_project_user.partner":  "acme/partner",
	"stowage_user_permission.whole": "acme/partner/inbox",
	"stowage_user_permission.part":  "acme/partner/inbox/incoming/",
}

var identities = map[string]string{
	"stowage_project.acme":          `name = "acme"`,
	"stowage_project_bucket.inbox":  "project = \"acme\"\nname = \"inbox\"",
	"stowage_project_user.partner":  "project = \"acme\"\nname = \"partner\"",
	"stowage_user_permission.whole": "project = \"acme\"\nuser = \"partner\"\nbucket = \"inbox\"",
	"stowage_user_permission.part":  "project = \"acme\"\nuser = \"partner\"\nbucket = \"inbox\"\nprefix = \"incoming/\"",
}

// TestImport imports everything into workspaces that know nothing of it, in each way that the CLI has.
func TestImport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.workspace(everything).apply()

	t.Run("by command", func(t *testing.T) {
		t.Parallel()
		s := w.in(t).workspace(everything)
		for address, id := range ids {
			s.run("import", "-input=false", "-no-color", address, id).succeeds()
		}
		s.planIsEmpty()
	})
	t.Run("by block with an id", func(t *testing.T) {
		t.Parallel()
		blocks := ""
		for address, id := range ids {
			blocks += "import {\n  to = " + address + "\n  id = \"" + id + "\"\n}\n"
		}
		s := w.in(t).workspace(everything + blocks)
		s.apply().says("5 imported, 0 added, 0 changed, 0 destroyed")
		s.planIsEmpty()
	})
	t.Run("with generated configuration", func(t *testing.T) {
		t.Parallel()
		blocks := ""
		for address, id := range ids {
			blocks += "import {\n  to = " + address + "\n  id = \"" + id + "\"\n}\n"
		}
		s := w.in(t).workspace(blocks)
		s.run("plan", "-input=false", "-no-color", "-generate-config-out=generated.tf").succeeds().says("5 to import, 0 to add, 0 to change, 0 to destroy")
		s.apply().says("5 imported, 0 added, 0 changed, 0 destroyed")
		s.planIsEmpty()
	})
	t.Run("by identity", func(t *testing.T) {
		t.Parallel()
		blocks := ""
		for address, identity := range identities {
			blocks += "import {\n  to = " + address + "\n  identity = {\n" + identity + "\n}\n}\n"
		}
		s := w.in(t).workspace(everything + blocks)
		if !s.knowsIdentity() { // which the tests of the resources cover by the protocol
			s.tryPlan().fails("identity")
			return
		}
		s.apply().says("5 imported, 0 added, 0 changed, 0 destroyed")
		s.planIsEmpty()
	})
	t.Run("of what isn't there", func(t *testing.T) {
		t.Parallel()
		s := w.in(t).workspace(everything)
		for _, test := range []struct{ address, id, text string }{
			{"stowage_project.acme", "umbrella", `There is no project "umbrella": only what is in the model can be imported.`},
			{"stowage_project_bucket.inbox", "acme/outbox", `There is no project bucket "acme/outbox"`},
			{"stowage_project_bucket.inbox", "umbrella/inbox", `The directory has no project "umbrella"`},
			{"stowage_project_bucket.inbox", "inbox", "The id \"inbox\" has not the form `<project>/<name>`"},
			{"stowage_user_permission.whole", "acme/partner/outbox", `There is no user permission "acme/partner/outbox"`},
		} {
			s.run("import", "-input=false", "-no-color", test.address, test.id).fails(test.text)
		}
	})
}

// knowsIdentity says whether the CLI has import by identity: from 1.12, terraform and tofu alike.
func (s *workspace) knowsIdentity() bool {
	s.t.Helper()
	var version struct {
		Version string `json:"terraform_version"`
	}
	if err := json.Unmarshal([]byte(s.run("version", "-json").raw), &version); err != nil {
		s.t.Fatal(err)
	}
	parts := strings.Split(version.Version, ".")
	minor, err := strconv.Atoi(parts[1])
	if err != nil {
		s.t.Fatal(err)
	}
	return parts[0] != "1" || minor >= 12
}
