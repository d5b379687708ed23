package hub

import (
	"archive/zip"
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/entity/entitytest"
	"github.com/stowage/terraform-provider-stowage/internal/hub"
	"github.com/stowage/terraform-provider-stowage/internal/hubs"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/provider/project"
	"github.com/stowage/terraform-provider-stowage/internal/relaypackage"
)

type values = entitytest.Values

const typ = "stowage_hub"

// release is the package of a provider's release.
type release struct{ version string }

func (r *release) embedded() (*relaypackage.Package, error) {
	if r.version == "" {
		return nil, relaypackage.ErrNotEmbedded
	}
	return &relaypackage.Package{
		Version: r.version, Hash: strings.Repeat("ab", 32), Architecture: "arm64", Zip: []byte(r.version),
	}, nil
}

type world struct {
	*entitytest.Terraform
	hubs     *entitytest.Hubs
	projects *entitytest.Projects
	release  *release
}

func start(t *testing.T) *world {
	t.Helper()
	w := &world{hubs: entitytest.NewHubs(), projects: entitytest.NewProjects(), release: &release{"0.2.0"}}
	services := &entity.Services{Projects: w.projects, Hubs: w.hubs, Region: "eu-west-1"}
	p := &entitytest.Provider{Services: services}
	p.Objects = append(p.Objects, project.NewResource)
	p.Objects = append(p.Objects, func() resource.Resource { return newResource(relays{w.release.embedded}) })
	w.Terraform = entitytest.Start(t, p)
	entitytest.Must(t, w.Configure(values{}))
	return w
}

// minimal and full are configurations.
func minimal() values { return values{"name": "main", "organization_id": "o-a1b2c3d4e5"} }

func full() values {
	const certificate = "arn:aws:acm:eu-west-1:000000000000:certificate/11111111-2222-4333-8444-555555555555"
	return values{
		"name": "main", "account_ids": []any{"111122223333", "222233334444"},
		"live": values{
			"oidc_issuer": "https://login.example.com", "oidc_client_id": "board", "oidc_audience": []any{"board", "stowage"},
			"projects_claim": "groups", "board_domain": values{"name": "board.example.com", "certificate_arn": certificate},
			"websocket_domain": values{"name": "live.example.com", "certificate_arn": certificate},
		},
		"operators": values{
			"hcp_terraform":  values{"organization": "acme", "workspaces": []any{"storage-*"}},
			"github_actions": values{"repositories": []any{"acme/storage"}},
			"principals":     []any{"arn:aws:iam::000000000000:role/Deployer"},
		},
		"drift_check_hours": int64(0), "alarm_actions": []any{"arn:aws:sns:eu-west-1:000000000000:alarms"},
		"tags": values{"owner": "storage"},
	}
}

func withLive(live values) values {
	c := minimal()
	c["live"] = live
	return c
}

func TestModel_SchemaAttributes(t *testing.T) { entitytest.Parity(t, NewResource(), Model{}) }

func TestPlan_Create(t *testing.T) {
	w := start(t)
	for name, c := range map[string]struct {
		config values
		wants  values
	}{
		"minimal": {minimal(), values{
			"id": "main", "table_name": "stowage-hub-main", "event_bus_arn": entitytest.Unknown, "relay_version": "0.2.0",
			"websocket_url": nil, "board_url": nil, "operator_role_arn": nil, "planner_role_arn": nil, "drift": nil,
			"drift_check_hours": int64(24), "account_ids": []any{}, "alarm_actions": []any{}, "tags_all": values{},
			"allow_relay_downgrade": false,
		}},
		"full": {full(), values{
			"websocket_url": entitytest.Unknown, "board_url": entitytest.Unknown, "operator_role_arn": entitytest.Unknown,
			"planner_role_arn": entitytest.Unknown, "tags_all": values{"owner": "storage"},
		}},
		"defaults of live": {withLive(values{"oidc_issuer": "https://a.example", "oidc_client_id": "board"}), values{
			"live": values{
				"oidc_issuer": "https://a.example", "oidc_client_id": "board", "oidc_audience": []any{"board"},
				"projects_claim": "stowage_projects", "board_domain": nil, "websocket_domain": nil,
			},
		}},
		"unknown client": {withLive(values{"oidc_issuer": "https://a.example", "oidc_client_id": entitytest.Unknown}), values{
			"live": values{
				"oidc_issuer": "https://a.example", "oidc_client_id": entitytest.Unknown, "oidc_audience": entitytest.Unknown,
				"projects_claim": "stowage_projects", "board_domain": nil, "websocket_domain": nil,
			},
		}},
		"unknown accounts": {values{"name": "main", "account_ids": entitytest.Unknown}, values{
			"account_ids": entitytest.Unknown, "organization_id": nil,
		}},
		"unknown package": {values{"name": "main", "organization_id": "o-a1b2c3d4e5", "relay_package": entitytest.Unknown}, values{
			"relay_version": entitytest.Unknown,
		}},
		"unknown operators": {values{"name": "main", "organization_id": "o-a1b2c3d4e5", "operators": entitytest.Unknown}, values{
			"operator_role_arn": entitytest.Unknown, "planner_role_arn": entitytest.Unknown,
		}},
	} {
		plan, diagnostics := w.Case(name).Plan(typ, nil, c.config)
		entitytest.Must(t, diagnostics)
		for attribute, want := range c.wants {
			if diff := cmp.Diff(want, plan.Planned(attribute)); diff != "" {
				t.Errorf("%s: %s: %s", name, attribute, diff)
			}
		}
	}
}

func TestApply_ReadAndImportAgree(t *testing.T) {
	for name, config := range map[string]values{
		"minimal": minimal(), "full": full(),
		"no operators": {"name": "main", "organization_id": "o-a1b2c3d4e5", "operators": values{}},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			object := w.Created(typ, config)
			if action := w.Action(object, config); action != "no-op" {
				t.Errorf("the second plan would %s", action)
			}
			for _, imports := range []func() (*entitytest.Object, []*entitytest.Diagnostic){
				func() (*entitytest.Object, []*entitytest.Diagnostic) { return w.Import(typ, "main") },
				func() (*entitytest.Object, []*entitytest.Diagnostic) {
					return w.ImportIdentity(typ, values{"name": "main"})
				},
			} {
				imported, diagnostics := imports()
				entitytest.Must(t, diagnostics)
				if action := w.Action(imported, config); action != "no-op" && name != "no operators" {
					t.Errorf("the plan after an import would %s", action)
				}
			}
		})
	}
}

func TestUpdate(t *testing.T) {
	w := start(t)
	object := w.Created(typ, minimal())
	object = w.Applied(typ, object, full())
	got, _ := w.hubs.Read(t.Context(), "main")
	if got.Settings.OrganizationID != "" || len(got.Settings.AccountIDs) != 2 || got.Settings.Live == nil {
		t.Errorf("the hub has the settings %+v", got.Settings)
	}
	if url := object.Get("board_url"); url != "https://board.example.com" {
		t.Errorf("the board's URL is %v", url)
	}
	// Domains come and go with their addresses alone.
	config := full()
	live, _ := config["live"].(values)
	live["board_domain"] = nil
	plan, diagnostics := w.Plan(typ, object, config)
	entitytest.Must(t, diagnostics)
	if plan.Planned("board_url") != entitytest.Unknown || plan.Planned("websocket_url") != "wss://live.example.com" ||
		plan.Planned("operator_role_arn") != object.Get("operator_role_arn") {
		t.Errorf("planned %v and %v", plan.Planned("board_url"), plan.Planned("websocket_url"))
	}
	_, diagnostics = w.Apply(plan)
	entitytest.Must(t, diagnostics)

	config["name"] = "other"
	if plan, diagnostics = w.Plan(typ, object, config); len(plan.Replaced) != 1 || plan.Replaced[0] != "name" {
		t.Errorf("another name gives %v, %v", plan.Replaced, diagnostics)
	}
}

// TestUpdate_OtherWriter changes the hub between plan and apply. What the plan does not change is
// kept, and a conflict is an error.
func TestUpdate_OtherWriter(t *testing.T) {
	w := start(t)
	object := w.Created(typ, minimal())
	config := minimal()
	config["drift_check_hours"] = int64(6)
	plan, diagnostics := w.Plan(typ, object, config)
	entitytest.Must(t, diagnostics)
	w.hubs.Change("main", func(h *hubs.Hub) { h.Settings.DriftCheckHours = new(48) })
	_, diagnostics = w.Apply(plan)
	if problem := entitytest.Lacks(
		diagnostics, "Unable to Update Hub", "the plan sets it to 6, and it is 48 now", "drift_check_hours",
	); problem != "" {
		t.Error(problem)
	}
	w.hubs.Change("main", func(h *hubs.Hub) {
		h.Settings.DriftCheckHours, h.Settings.AlarmActions = nil, []string{"arn:aws:sns:eu-west-1:000000000000:a"}
	})
	_, diagnostics = w.Apply(plan)
	entitytest.Must(t, diagnostics)
	got, _ := w.hubs.Read(t.Context(), "main")
	if len(got.Settings.AlarmActions) != 1 || *got.Settings.DriftCheckHours != 6 {
		t.Errorf("the hub has %+v", got.Settings)
	}
	w.hubs.Fail = func(_ context.Context, method string) error {
		if method == "Update" {
			t.Error("a hub that was deleted is updated")
		}
		return nil
	}
	_ = w.hubs.Delete(t.Context(), "main")
	_, diagnostics = w.Apply(plan)
	if problem := entitytest.Lacks(diagnostics, "Unable to Update Hub", "It does not exist any more", ""); problem != "" {
		t.Error(problem)
	}
}

func TestRead_Drift(t *testing.T) {
	w := start(t)
	object := w.Created(typ, minimal())
	w.hubs.Change("main", func(h *hubs.Hub) { h.Drift = []string{"Relay MemorySize was changed by hand", "Table"} })
	object, diagnostics := w.Read(object)
	entitytest.Must(t, diagnostics)
	if got := object.Get("drift"); got != "Relay MemorySize was changed by hand\nTable" {
		t.Errorf("drift is %q", got)
	}
	if plan, _ := w.Plan(typ, object, minimal()); plan.Action != "update" || plan.Planned("drift") != nil {
		t.Errorf("the plan would %s", plan.Action)
	}
}

// TestRead_OtherPlace looks for a hub with the credentials or the region of another account.
func TestRead_OtherPlace(t *testing.T) {
	for name, at := range map[string]hub.Place{
		"account": {AccountID: "999999999999", Region: "eu-west-1", Partition: "aws"},
		"region":  {AccountID: "000000000000", Region: "us-east-1", Partition: "aws"},
	} {
		w := start(t)
		object := w.Created(typ, minimal())
		home := w.hubs.Place
		w.hubs.Place = at
		_, diagnostics := w.Read(object)
		if problem := entitytest.Lacks(
			diagnostics, "Unable to Read Hub", "This is not taken for a deletion", "",
		); problem != "" {
			t.Errorf("%s: %s", name, problem)
		}
		w.hubs.Place = home
		plan, diagnostics := w.Plan(typ, object, nil)
		entitytest.Must(t, diagnostics)
		w.hubs.Place = at
		_, diagnostics = w.Apply(plan)
		if problem := entitytest.Lacks(
			diagnostics, "Unable to Delete Hub", "This is not taken for a deletion", "",
		); problem != "" {
			t.Errorf("%s: %s", name, problem)
		}
		w.hubs.Place = home
		_ = w.hubs.Delete(t.Context(), "main")
		if object, diagnostics = w.Read(object); object != nil {
			t.Errorf("%s: a deleted hub is still in the state: %v", name, diagnostics)
		}
		_, diagnostics = w.Apply(plan)
		entitytest.Must(t, diagnostics)
	}
}

func TestCreate_Exists(t *testing.T) {
	w := start(t)
	w.Created(typ, minimal())
	plan, diagnostics := w.Plan(typ, nil, minimal())
	entitytest.Must(t, diagnostics)
	object, diagnostics := w.Apply(plan)
	if problem := entitytest.Lacks(
		diagnostics, "Unable to Create Hub", "import {\n    to = stowage_hub.main\n    id = \"main\"", "name",
	); problem != "" || object != nil {
		t.Error(problem, object)
	}
}

func TestDelete_HoldsProjects(t *testing.T) {
	w := start(t)
	object := w.Created(typ, minimal())
	w.hubs.Fail = func(_ context.Context, method string) error {
		if method == "Delete" {
			return &hubs.HoldsProjectsError{Name: "main", Projects: []string{"acme"}}
		}
		return nil
	}
	plan, diagnostics := w.Plan(typ, object, nil)
	entitytest.Must(t, diagnostics)
	kept, diagnostics := w.Apply(plan)
	if problem := entitytest.Lacks(
		diagnostics, "Unable to Delete Hub", `still holds projects: acme.`, "",
	); problem != "" || kept == nil {
		t.Error(problem)
	}
}

func TestImport_Missing(t *testing.T) {
	w := start(t)
	_, diagnostics := w.Import(typ, "other")
	if problem := entitytest.Lacks(
		diagnostics, "Unable to Import Hub", `account 000000000000 has no stack stowage-hub-other in Region eu-west-1`, "name",
	); problem != "" {
		t.Error(problem)
	}
}

// TestPlan_Invalid places every kind of problem on its argument, in the plan.
func TestPlan_Invalid(t *testing.T) {
	w := start(t)
	with := func(argument string, value any) values {
		c := minimal()
		c[argument] = value
		return c
	}
	issuer := func(live values) values {
		c := values{"oidc_issuer": "https://login.example.com", "oidc_client_id": "board"}
		for name, value := range live {
			c[name] = value
		}
		return with("live", c)
	}
	for at, config := range map[string]values{
		"name":                   {"name": "main-1", "organization_id": "o-a1b2c3d4e5"},
		"organization_id":        {"name": "main"},
		"account_ids":            {"name": "main", "account_ids": []any{"12"}},
		"drift_check_hours":      with("drift_check_hours", int64(-1)),
		"alarm_actions":          with("alarm_actions", []any{"arn:aws:sns:us-east-1:000000000000:alarms"}),
		"tags":                   with("tags", values{"stowage:hub": "x"}),
		"live.oidc_issuer":       issuer(values{"oidc_issuer": "http://login.example.com"}),
		"live.oidc_client_id":    issuer(values{"oidc_client_id": "a b"}),
		"live.oidc_audience":     issuer(values{"oidc_audience": []any{"a,b"}}),
		"live.projects_claim":    issuer(values{"projects_claim": "a\"b"}),
		"live.board_domain.name": issuer(values{"board_domain": values{"name": "Board", "certificate_arn": "arn:aws:acm:eu-west-1:000000000000:certificate/1"}}),
		"live.websocket_domain.certificate_arn": issuer(values{"websocket_domain": values{
			"name": "live.example.com", "certificate_arn": "arn:aws:acm:us-east-1:000000000000:certificate/1",
		}}),
		"operators.principals":                  with("operators", values{"principals": []any{"*"}}),
		"operators.hcp_terraform.organization":  with("operators", values{"hcp_terraform": values{"organization": "*", "workspaces": []any{"a"}}}),
		"operators.hcp_terraform.workspaces":    with("operators", values{"hcp_terraform": values{"organization": "acme", "workspaces": []any{}}}),
		"operators.github_actions.repositories": with("operators", values{"github_actions": values{"repositories": []any{"acme/*"}}}),
	} {
		_, diagnostics := w.Plan(typ, nil, config)
		if problem := entitytest.Lacks(diagnostics, "Invalid Hub", "can't be used", at); problem != "" {
			t.Error(problem)
		}
	}
}

func TestPlan_RelayUpgrade(t *testing.T) {
	w := start(t)
	object := w.Created(typ, minimal())
	w.release.version = "0.3.0"
	plan, diagnostics := w.Plan(typ, object, minimal())
	entitytest.Must(t, diagnostics)
	if plan.Action != "update" || object.Get("relay_version") != "0.2.0" || plan.Planned("relay_version") != "0.3.0" {
		t.Errorf("planned %s to %v", plan.Action, plan.Planned("relay_version"))
	}
	object, diagnostics = w.Apply(plan)
	entitytest.Must(t, diagnostics)
	if got, _ := w.hubs.Read(t.Context(), "main"); got.Relay.Version != "0.3.0" {
		t.Errorf("the relay has version %s", got.Relay.Version)
	}

	// An older provider leaves the hub alone, and refuses to change it.
	w.release.version = "0.2.0"
	plan, diagnostics = w.Plan(typ, object, minimal())
	entitytest.Must(t, diagnostics)
	if plan.Action != "no-op" || len(diagnostics) != 1 || diagnostics[0].Summary != "Hub Has a Newer Relay" {
		t.Errorf("an older provider would %s, and says %v", plan.Action, diagnostics)
	}
	changed := minimal()
	changed["drift_check_hours"] = int64(6)
	_, diagnostics = w.Plan(typ, object, changed)
	if problem := entitytest.Lacks(
		diagnostics, "Unable to Downgrade Hub", "has version 0.3.0, and this provider would replace it by 0.2.0", "relay_version",
	); problem != "" {
		t.Error(problem)
	}
	changed["allow_relay_downgrade"] = true
	plan, diagnostics = w.Plan(typ, object, changed)
	entitytest.Must(t, diagnostics)
	_, diagnostics = w.Apply(plan)
	entitytest.Must(t, diagnostics)
	if got, _ := w.hubs.Read(t.Context(), "main"); got.Relay.Version != "0.2.0" {
		t.Errorf("the relay has version %s", got.Relay.Version)
	}
}

func TestPlan_RelayPackage(t *testing.T) {
	w := start(t)
	w.release.version = ""
	_, diagnostics := w.Plan(typ, nil, minimal())
	if problem := entitytest.Lacks(diagnostics, "Missing Relay Package", "make build", "relay_package"); problem != "" {
		t.Error(problem)
	}
	config := minimal()
	config["relay_package"] = filepath.Join(t.TempDir(), "relay.zip")
	_, diagnostics = w.Plan(typ, nil, config)
	if problem := entitytest.Lacks(diagnostics, "Invalid Relay Package", "no such file", "relay_package"); problem != "" {
		t.Error(problem)
	}
	path, _ := config["relay_package"].(string)
	if err := os.WriteFile(path, relayZip(t), 0o600); err != nil {
		t.Fatal(err)
	}
	object := w.Created(typ, config)
	if got, _ := w.hubs.Read(t.Context(), "main"); got.Relay.Version != "0.9.0" || got.Relay.Architecture != "x86_64" ||
		object.Get("relay_version") != "0.9.0" {
		t.Errorf("the relay is %+v", got.Relay)
	}
}

// relayZip returns a package for x86_64.
func relayZip(t *testing.T) []byte {
	t.Helper()
	var program, b bytes.Buffer
	header := elf.Header64{
		Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_EXEC), Machine: uint16(elf.EM_X86_64), Version: uint32(elf.EV_CURRENT), Ehsize: 64,
	}
	if err := binary.Write(&program, binary.LittleEndian, header); err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(&b)
	for name, content := range map[string]string{"bootstrap": program.String(), "VERSION": "0.9.0\n"} {
		f := &zip.FileHeader{Name: name}
		f.SetMode(0o755)
		w, err := z.CreateHeader(f)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestPlan_FirstProject plans a hub and a project of it together. The project waits for the hub if
// it is planned after it, as depends_on demands.
func TestPlan_FirstProject(t *testing.T) {
	w := start(t)
	missing := &projects.HubError{
		Hub: "main", Parameter: "/stowage/hub/main", At: w.projects.Location, Err: projects.ErrNoHub,
	}
	w.projects.Fail = func(_ context.Context, method string) error {
		if method == "Read" {
			return missing
		}
		return nil
	}
	beta := values{"name": "beta", "account_id": "222233334444"}
	w.Walk(func() {
		_, diagnostics := w.Plan("stowage_project", nil, beta)
		if problem := entitytest.Lacks(
			diagnostics, "Unable to Plan Project", "depends_on = [stowage_hub.<NAME>]", "",
		); problem != "" {
			t.Error(problem)
		}
		other := minimal()
		other["name"] = "other"
		_, diagnostics = w.Plan(typ, nil, other)
		entitytest.Must(t, diagnostics)
		if _, diagnostics = w.Plan("stowage_project", nil, beta); len(entitytest.Errors(diagnostics)) == 0 {
			t.Error("the creation of another hub is enough")
		}
		_, diagnostics = w.Plan(typ, nil, minimal())
		entitytest.Must(t, diagnostics)
		plan, diagnostics := w.Plan("stowage_project", nil, beta)
		entitytest.Must(t, diagnostics)
		if plan.Action != "create" || plan.Planned("kms_key_arn") != entitytest.Unknown {
			t.Errorf("the plan would %s", plan.Action)
		}
	})
	w.Walk(func() {
		if _, diagnostics := w.Plan("stowage_project", nil, beta); len(entitytest.Errors(diagnostics)) == 0 {
			t.Error("a later walk still counts on the hub")
		}
	})
}
