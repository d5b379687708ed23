package hub

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var (
	place = Place{AccountID: "111122223333", Region: "eu-west-1", Partition: "aws"}
	zip   = Relay{Version: "0.2.0", Hash: strings.Repeat("0123456789abcdef", 4)}
)

// minimal returns the settings of a hub without web clients.
func minimal() Settings { return Settings{Name: "main", OrganizationID: "o-a1b2c3d4e5"} }

// complete returns settings with every feature.
func complete() Settings {
	const certificate = "arn:aws:acm:eu-west-1:111122223333:certificate/11111111-2222-4333-8444-555555555555"
	return Settings{
		Name: "main", OrganizationID: "o-a1b2c3d4e5",
		Live: &Live{
			OIDCIssuer: "https://login.example.com", OIDCClientID: "stowage-board",
			OIDCAudience: []string{"stowage-board", "stowage"}, ProjectsClaim: "groups",
			BoardDomain:     &Domain{"board.example.com", certificate},
			WebSocketDomain: &Domain{"live.example.com", certificate},
		},
		Operators: Operators{
			HCPTerraform:  &HCPTerraform{Organization: "acme", Workspaces: []string{"storage-*"}},
			GitHubActions: &GitHubActions{Repositories: []string{"acme/storage", "acme@1234/storage@5678"}},
			Principals:    []string{"arn:aws:iam::111122223333:role/Deployer"},
		},
		DriftCheckHours: new(6),
		AlarmActions:    []string{"arn:aws:sns:eu-west-1:111122223333:alarms"},
		Tags:            map[string]string{"owner": "storage"},
	}
}

// accounts returns the settings of a hub with a list of accounts, and a board without domains.
func accounts() Settings {
	return Settings{
		Name: "main", AccountIDs: []string{"444455556666", "222233334444"},
		Live: &Live{OIDCIssuer: "https://login.example.com/", OIDCClientID: "stowage-board"},
	}
}

// TestGolden detects every change of what settings compile to. Such a change needs a new
// compilerVersion: otherwise the stacks of an older provider are taken for edits by hand.
func TestGolden(t *testing.T) {
	t.Parallel()
	for name, tpl := range goldens() {
		path := filepath.Join("testdata", name+".json")
		var indented bytes.Buffer
		if err := json.Indent(&indented, tpl.Encode(), "", "  "); err != nil {
			t.Fatal(err)
		}
		indented.WriteByte('\n')
		if *update {
			if err := os.WriteFile(path, indented.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff(string(want), indented.String()); diff != "" {
			t.Errorf("%s differs. If that is meant, raise compilerVersion and run the test with -update.\n%s", path, diff)
		}
	}
}

func goldens() map[string]*template.Template {
	everywhere := Shared{OIDCProviders: []string{"app.terraform.io", "token.actions.githubusercontent.com"}, GatewayLogs: true}
	china := Place{AccountID: "111122223333", Region: "cn-north-1", Partition: "aws-cn"}
	return map[string]*template.Template{
		"foundation": Foundation(place, minimal()),
		"minimal":    Compile(place, minimal(), zip, Shared{}),
		"complete":   Compile(place, complete(), zip, Shared{}),
		"accounts":   Compile(place, accounts(), zip, everywhere),
		"china":      Compile(china, accounts(), zip, Shared{}),
	}
}

func TestParse_Inverse(t *testing.T) {
	t.Parallel()
	shared := Shared{OIDCProviders: []string{"app.terraform.io"}}
	for name, s := range map[string]Settings{"minimal": minimal(), "complete": complete(), "accounts": accounts()} {
		got, err := Parse(Compile(place, s, zip, shared), place)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := gocmp.Diff(&Deployed{Settings: s, Relay: zip, Shared: shared}, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	got, err := Parse(Foundation(place, complete()), place)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(&Deployed{Settings: complete()}, got); diff != "" {
		t.Errorf("foundation: %s", diff)
	}
}

func TestParse_Drift(t *testing.T) {
	t.Parallel()
	text := string(Compile(place, minimal(), zip, Shared{}).Encode())
	for name, c := range map[string]struct {
		old, new string
		want     []string
	}{
		"changed": {`"MemorySize":512`, `"MemorySize":128`, []string{"Relay: Properties.MemorySize is 128 instead of 512"}},
		"missing": {
			`"SweepAlarm":`, `"Other":`, []string{"SweepAlarm: missing", "Other: not part of the hub"},
		},
		"added": {`"MemorySize":512`, `"MemorySize":512,"Tracing":1`, []string{"Relay: Properties.Tracing was added"}},
		"many": {`"MemorySize":512`, `"A":1,"B":2,"C":3,"D":4`, []string{
			"Relay: Properties.A was added, Properties.B was added, Properties.C was added, 2 more",
		}},
		"long": {
			`"Description":"Stowage relay 0.2.0"`, `"Description":"` + strings.Repeat("a", 99) + `"`,
			[]string{"Relay: Properties.Description is another"},
		},
		"foreign": {`"Resources":{`, `"Resources":{"Other":{"Type":"AWS::SNS::Topic"},`, nil},
		"two":     {`"stowage-hub-main-relay"`, `"another"`, nil},
	} {
		edited := strings.Replace(text, c.old, c.new, 1)
		if edited == text {
			t.Fatalf("%s: the template does not hold %s", name, c.old)
		}
		tpl, err := template.Decode([]byte(edited))
		if err != nil {
			t.Fatal(err)
		}
		got, err := Parse(tpl, place)
		if err != nil {
			t.Fatal(err)
		}
		if name == "two" {
			if len(got.Drift) != 1 {
				t.Errorf("%s: %v", name, got.Drift)
			}
		} else if !slices.Equal(got.Drift, c.want) {
			t.Errorf("%s: drift %v, want %v", name, got.Drift, c.want)
		}
	}
}

// TestParse_Outputs finds outputs that were changed or removed by hand.
func TestParse_Outputs(t *testing.T) {
	t.Parallel()
	text := string(Compile(place, complete(), zip, Shared{}).Encode())
	edited := strings.Replace(text, `"BoardUrl":`, `"Other":`, 1)
	tpl, err := template.Decode([]byte(edited))
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(tpl, place)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"output BoardUrl: changed or missing"}; !slices.Equal(got.Drift, want) {
		t.Errorf("drift %v, want %v", got.Drift, want)
	}
}

// TestParse_OlderCompiler finds no drift in what an older version compiled.
func TestParse_OlderCompiler(t *testing.T) {
	t.Parallel()
	text := string(Compile(place, minimal(), zip, Shared{}).Encode())
	edited := strings.ReplaceAll(text, `"compiler":1`, `"compiler":0`)
	tpl, err := template.Decode([]byte(strings.Replace(edited, `"MemorySize":512`, `"MemorySize":128`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(tpl, place)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Drift) > 0 || got.Relay != zip {
		t.Errorf("got %+v", got)
	}
}

func TestParse_Refusals(t *testing.T) {
	t.Parallel()
	text := string(Compile(place, minimal(), zip, Shared{}).Encode())
	for name, c := range map[string]struct{ old, new, want string }{
		"newer format":     {`"format":1`, `"format":2`, "has format 2; this version knows formats up to 1"},
		"newer compiler":   {`"compiler":1`, `"compiler":9`, "has format 9; this version knows formats up to 1"},
		"another stack":    {`"Artifacts"`, `"Bucket"`, "no resource Artifacts"},
		"another entity":   {`"kind":"hub"`, `"kind":"project"`, "no settings of a hub"},
		"strange metadata": {`"format":1`, `"format":"one"`, "can't be read"},
	} {
		edited := strings.ReplaceAll(text, c.old, c.new)
		tpl, err := template.Decode([]byte(edited))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(tpl, place); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestRelay_Architecture checks that the function runs what its package was built for.
func TestRelay_Architecture(t *testing.T) {
	t.Parallel()
	for architecture, want := range map[string]string{"": "arm64", "arm64": "arm64", "x86_64": "x86_64"} {
		relay := zip
		relay.Architecture = architecture
		raw, _ := Compile(place, minimal(), relay, Shared{}).Resource(relayID)
		if !bytes.Contains(raw, []byte(`"Architectures":["`+want+`"]`)) {
			t.Errorf("a package for %q makes the function %s", architecture, raw)
		}
	}
}

// TestDeployment checks that a new deployment follows each change of the API, and no other.
func TestDeployment(t *testing.T) {
	t.Parallel()
	deployment := func(s Settings, relay Relay) string {
		ids := Compile(place, s, relay, Shared{}).LogicalIDs()
		i := slices.IndexFunc(ids, func(id string) bool { return strings.HasPrefix(id, "WebSocketDeployment") })
		return ids[i]
	}
	s := complete()
	first := deployment(s, zip)
	s.Tags, s.Live.ProjectsClaim, s.Live.WebSocketDomain = nil, "other", nil
	if got := deployment(s, Relay{Version: "0.3.0", Hash: zip.Hash}); got != first {
		t.Errorf("%s became %s without a change of the API", first, got)
	}
	s.Name = "other" // another function
	if got := deployment(s, zip); got == first {
		t.Errorf("%s stays with another API", first)
	}
}

// TestEnvironment checks that the relay documents every variable of its function.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../relay/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	c := newCompiler(place, complete())
	variables := c.environment()
	if len(variables) < 4 {
		t.Errorf("only %v", variables)
	}
	for name := range variables {
		if !regexp.MustCompile(`(?m)^//\t` + name + ` `).Match(doc) {
			t.Errorf("package relay does not know the variable %s", name)
		}
	}
}

// TestLiterals checks that no resource refers to another one, except to IDs that AWS assigns.
func TestLiterals(t *testing.T) {
	t.Parallel()
	assigned := []string{
		"BoardApi", "BoardIntegration", "BoardStage", "BoardDomain", "DeadLetters", "GatewayLogRole", "Key", "RelayRole",
		"Revision", "WebSocketApi", "WebSocketAuthorizer", "WebSocketIntegration", "WebSocketStage", "WebSocketDomain",
	}
	reference := regexp.MustCompile(`\{"Ref":"([^"]+)"\}|\{"Fn::GetAtt":\["([^"]+)"`)
	for name, tpl := range goldens() {
		for _, found := range reference.FindAllStringSubmatch(string(tpl.Encode()), -1) {
			id := found[1] + found[2]
			if !slices.Contains(assigned, id) && !strings.HasPrefix(id, "WebSocketDeployment") {
				t.Errorf("%s refers to %s", name, id)
			}
		}
	}
}

// TestPolicySizes checks the largest policies against AWS's limits: 10,240 characters for the
// inline policies of a role (IAM quotas) and for the policy of a bus (EventBridge quotas).
func TestPolicySizes(t *testing.T) {
	t.Parallel()
	s := complete()
	s.OrganizationID = ""
	for i := range maxAccounts {
		s.AccountIDs = append(s.AccountIDs, strings.Repeat("9", 9)+string(encode(100+i)))
	}
	if problems := s.Problems(place.Region); len(problems) > 0 {
		t.Fatalf("problems %v", problems)
	}
	tpl := Compile(place, s, zip, Shared{})
	for _, id := range []string{"RelayRole", "Operator", "Planner"} {
		policies, _ := tpl.Properties(id)["Policies"].([]any)
		if size := policydoc.Size(string(encode(policies))); size == 0 || size > 10_240 {
			t.Errorf("the policies of %s have %d characters", id, size)
		}
	}
	if size := policydoc.Size(string(encode(tpl.Properties("BusPolicy")["Statement"]))); size < 2000 || size > 10_240 {
		t.Errorf("the policy of the bus has %d characters", size)
	}
}

// TestSubjects checks which Terraform runs may assume which role.
func TestSubjects(t *testing.T) {
	t.Parallel()
	tpl := Compile(place, complete(), zip, Shared{})
	may := func(role, subject string) bool {
		statements := tpl.Properties(role)["AssumeRolePolicyDocument"].(map[string]any)["Statement"].([]any)
		for _, one := range statements {
			conditions, _ := one.(map[string]any)["Condition"].(map[string]any)
			like, _ := conditions["StringLike"].(map[string]any)
			for _, patterns := range like {
				for _, pattern := range patterns.([]any) {
					glob := strings.ReplaceAll(regexp.QuoteMeta(pattern.(string)), `\*`, `.*`)
					if regexp.MustCompile(`^` + glob + `$`).MatchString(subject) {
						return true
					}
				}
			}
		}
		return false
	}
	for subject, want := range map[string][2]bool{ // operator, planner
		"organization:acme:project:Default Project:workspace:storage-eu:run_phase:plan":  {true, true},
		"organization:acme:project:Default Project:workspace:storage-eu:run_phase:apply": {true, false},
		"organization:acme:project:Default Project:workspace:web:run_phase:apply":        {false, false},
		"organization:acme-evil:project:x:workspace:storage-eu:run_phase:apply":          {false, false},
		"repo:acme/storage:ref:refs/heads/main":                                          {true, true},
		"repo:acme/storage:environment:production":                                       {true, true},
		"repo:acme/storage:pull_request":                                                 {false, true},
		"repo:acme@1234/storage@5678:ref:refs/heads/main":                                {true, true},
		"repo:acme@1234/storage@9999:ref:refs/heads/main":                                {false, false},
		"repo:acme/storage-evil:ref:refs/heads/main":                                     {false, false},
	} {
		if got := [2]bool{may("Operator", subject), may("Planner", subject)}; got != want {
			t.Errorf("%s: operator and planner %v, want %v", subject, got, want)
		}
	}
}

func TestSettings_Problems(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*Settings)
		field  string
	}{
		"short name":                {func(s *Settings) { s.Name = "a" }, "name"},
		"upper case":                {func(s *Settings) { s.Name = "Main" }, "name"},
		"long name":                 {func(s *Settings) { s.Name = strings.Repeat("a", 33) }, "name"},
		"name of a project's stack": {func(s *Settings) { s.Name = "acme-0" }, "name"},
		"number":                    {func(s *Settings) { s.Name = "12" }, "name"},
		"no accounts":               {func(s *Settings) { s.OrganizationID = "" }, "organization_id"},
		"two sources":               {func(s *Settings) { s.AccountIDs = []string{"111122223333"} }, "organization_id"},
		"bad organization":          {func(s *Settings) { s.OrganizationID = "acme" }, "organization_id"},
		"bad account": {
			func(s *Settings) { s.OrganizationID, s.AccountIDs = "", []string{"1234"} }, "account_ids",
		},
		"too many accounts": {
			func(s *Settings) { s.OrganizationID, s.AccountIDs = "", slices.Repeat([]string{"111122223333"}, 201) }, "account_ids",
		},
		"drift check": {func(s *Settings) { s.DriftCheckHours = new(-1) }, "drift_check_hours"},
		"topic elsewhere": {
			func(s *Settings) { s.AlarmActions = []string{"arn:aws:sns:us-east-1:111122223333:alarms"} }, "alarm_actions",
		},
		"plain issuer":      {func(s *Settings) { s.Live.OIDCIssuer = "http://login.example.com" }, "live.oidc_issuer"},
		"issuer with query": {func(s *Settings) { s.Live.OIDCIssuer += "?a=b" }, "live.oidc_issuer"},
		"no client":         {func(s *Settings) { s.Live.OIDCClientID = "" }, "live.oidc_client_id"},
		"two audiences in one": {
			func(s *Settings) { s.Live.OIDCAudience = []string{"a,b"} }, "live.oidc_audience",
		},
		"bad claim": {func(s *Settings) { s.Live.ProjectsClaim = "my claim" }, "live.projects_claim"},
		"bad domain": {
			func(s *Settings) { s.Live.BoardDomain.Name = "https://board.example.com" }, "live.board_domain.name",
		},
		"certificate elsewhere": {func(s *Settings) {
			s.Live.BoardDomain.CertificateARN = "arn:aws:acm:us-east-1:111122223333:certificate/1"
		}, "live.board_domain.certificate_arn"},
		"one domain": {
			func(s *Settings) { s.Live.WebSocketDomain.Name = s.Live.BoardDomain.Name }, "live.websocket_domain.name",
		},
		"organization with wildcard": {
			func(s *Settings) { s.Operators.HCPTerraform.Organization = "acme*" }, "operators.hcp_terraform.organization",
		},
		"workspace with colon": {
			func(s *Settings) { s.Operators.HCPTerraform.Workspaces = []string{"a:b"} }, "operators.hcp_terraform.workspaces",
		},
		"no workspaces": {
			func(s *Settings) { s.Operators.HCPTerraform.Workspaces = nil }, "operators.hcp_terraform.workspaces",
		},
		"repository with wildcard": {
			func(s *Settings) { s.Operators.GitHubActions.Repositories = []string{"acme/*"} },
			"operators.github_actions.repositories",
		},
		"repository with one id": {
			func(s *Settings) { s.Operators.GitHubActions.Repositories = []string{"acme@1/storage"} },
			"operators.github_actions.repositories",
		},
		"everybody": {func(s *Settings) { s.Operators.Principals = []string{"*"} }, "operators.principals"},
	} {
		s := complete()
		c.change(&s)
		problems := s.Problems(place.Region)
		if !slices.ContainsFunc(problems, func(p model.Problem) bool { return p.Field == c.field }) {
			t.Errorf("%s: %v, want one of %s", name, problems, c.field)
		}
	}
	for _, s := range []Settings{minimal(), complete(), accounts()} {
		if problems := s.Problems(place.Region); len(problems) > 0 {
			t.Errorf("%v", problems)
		}
	}
}

// TestNames checks AWS's limits for the longest name of a hub and of a region.
func TestNames(t *testing.T) {
	t.Parallel()
	at := Place{AccountID: "111122223333", Region: "ap-southeast-1", Partition: "aws"}
	s := complete()
	s.Name = strings.Repeat("a", maxName)
	c := newCompiler(at, s)
	for name, limit := range map[string]int{ // IAM, Lambda, SQS, EventBridge and S3
		roleName("Operator", c.Name, at): 64, functionName(c.Name): 64, queueName(c.Name): 80, sweepRule(c.Name): 64,
		ArtifactBucket(c.Name, at): 63,
	} {
		if len(name) > limit {
			t.Errorf("%s has %d characters, more than %d", name, len(name), limit)
		}
	}
}
