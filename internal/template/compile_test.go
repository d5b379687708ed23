package template

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/model/modeltest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// quickstart returns a template of a project with one entity of each kind.
func quickstart(t *testing.T) *Template {
	t.Helper()
	return edit(
		t,
		seed(),
		Change{
			Op: Create,
			Entity: model.Project{
				Name: "acme", AccountID: modeltest.Account, Region: modeltest.Region, OnDelete: model.Refuse,
				Tags: map[string]string{"client": "Acme"},
			},
		},
		Change{Op: Create, Entity: model.Bucket{
			Name:       "inbox",
			BucketName: model.DefaultBucketName("acme", "inbox", modeltest.Account, modeltest.Region),
			Lifecycle:  model.DefaultLifecycle(),
			OnDelete:   model.Refuse,
			ObjectLock: &model.ObjectLock{Mode: "GOVERNANCE", Days: 30},
			CORS:       []model.CORSRule{{AllowedOrigins: []string{"https://acme.example"}, AllowedMethods: []string{"GET"}}},
		}, Origin: "workspace"},
		Change{Op: Create, Entity: model.User{Name: "partner", SourceIPs: []string{"203.0.113.0/24"}}},
		Change{
			Op: Create,
			Entity: model.Permission{
				User: "partner", Bucket: "inbox", Prefix: "in*/", Access: model.ReadWrite, AllowDelete: true,
			},
		},
	)
}

// TestCompile_Template detects every change of what entities compile to. Such a change
// needs a new CompilerVersion: otherwise resources of an older provider are taken for edits by
// hand.
func TestCompile_Template(t *testing.T) {
	golden(t, "quickstart.json", quickstart(t).Encode())
}

// golden compares a template with a file, indented so that a change of one property changes one
// line.
func golden(t *testing.T, name string, encoded []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	var indented bytes.Buffer
	if err := json.Indent(&indented, encoded, "", "  "); err != nil {
		t.Fatal(err)
	}
	indented.WriteByte('\n')
	got := indented.Bytes()
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf(
			"%s differs. If that is meant, raise CompilerVersion and run the test with -update.\n%s", path,
			gocmp.Diff(string(want), string(got)),
		)
	}
}

// TestFirstFormat_Read reads a template of the first format.
func TestFirstFormat_Read(t *testing.T) {
	body, err := os.ReadFile(filepath.Join("testdata", "format1.json"))
	if err != nil {
		t.Fatal(err)
	}
	tpl, err := Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	contents := parse(t, tpl)
	if contents.Project == nil || len(contents.Buckets) != 1 || len(contents.Users) != 1 ||
		len(contents.Permissions) != 1 {
		t.Errorf("%+v", contents)
	}
	if contents.Origins["bucket inbox"] != "workspace" {
		t.Errorf("origins %v", contents.Origins)
	}
}

// TestHardening_EveryBucket checks each bucket, including the log and template buckets, against the
// controls of AWS's Foundational Security Best Practices that CloudFormation can set.
func TestHardening_EveryBucket(t *testing.T) {
	tpl := quickstart(t)
	at := func(value any, path string) string {
		for _, name := range strings.Split(path, ".") {
			switch v := value.(type) {
			case map[string]any:
				value = v[name]
			case []any:
				value = v[0].(map[string]any)[name]
			}
		}
		return fmt.Sprint(value)
	}
	all := map[string][2]string{
		"S3.2 blocks public ACLs":       {"PublicAccessBlockConfiguration.BlockPublicAcls", "true"},
		"S3.3 ignores public ACLs":      {"PublicAccessBlockConfiguration.IgnorePublicAcls", "true"},
		"S3.8 blocks public policies":   {"PublicAccessBlockConfiguration.BlockPublicPolicy", "true"},
		"S3.8 restricts public buckets": {"PublicAccessBlockConfiguration.RestrictPublicBuckets", "true"},
		"S3.12 has no ACLs":             {"OwnershipControls.Rules.ObjectOwnership", "BucketOwnerEnforced"},
		"S3.14 is versioned":            {"VersioningConfiguration.Status", "Enabled"},
		"S3.10 expires what is old":     {"LifecycleConfiguration.Rules.Status", "Enabled"},
		"refuses customer provided keys": {
			"BucketEncryption.ServerSideEncryptionConfiguration.BlockedEncryptionTypes.EncryptionType",
			"[SSE-C]",
		},
		"is in the account's namespace": {"BucketNamespace", "account-regional"},
	}
	entities := map[string][2]string{
		"S3.17 uses the project's key": {
			"BucketEncryption.ServerSideEncryptionConfiguration.ServerSideEncryptionByDefault.KMSMasterKeyID",
			testEnv().KeyARN,
		},
		"S3.17 with bucket keys": {"BucketEncryption.ServerSideEncryptionConfiguration.BucketKeyEnabled", "true"},
		"S3.9 logs accesses": {
			"LoggingConfiguration.DestinationBucketName",
			model.LogBucketName("acme", modeltest.Account, modeltest.Region),
		},
		"S3.11 tells of events": {"NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled", "true"},
		"S3.15 locks objects":   {"ObjectLockConfiguration.Rule.DefaultRetention.Mode", "GOVERNANCE"},
	}
	for _, id := range []string{"Bucketinbox", logBucketID, templateBucketID} {
		properties := tpl.Properties(id)
		for name, want := range all {
			if got := at(properties, want[0]); got != want[1] {
				t.Errorf("%s: %s: %s is %s", id, name, want[0], got)
			}
		}
		raw, _ := tpl.Resource(id)
		for _, policy := range []string{`"DeletionPolicy":"RetainExceptOnCreate"`, `"UpdateReplacePolicy":"Retain"`} {
			if !bytes.Contains(raw, []byte(policy)) {
				t.Errorf("%s has no %s", id, policy)
			}
		}
	}
	for name, want := range entities {
		if got := at(tpl.Properties("Bucketinbox"), want[0]); got != want[1] {
			t.Errorf("%s: %s is %s", name, want[0], got)
		}
	}
	for _, id := range []string{"BucketPolicyinbox", logPolicyID, templatePolicyID} {
		raw, _ := tpl.Resource(id)
		for _, condition := range []string{`"Bool":{"aws:SecureTransport":"false"}`, `"NumericLessThan":{"s3:TlsVersion":"1.2"}`} {
			if !bytes.Contains(raw, []byte(condition)) {
				t.Errorf("S3.5: %s does not deny %s", id, condition)
			}
		}
	}
}

// TestPoliciesStandOnGroupsOnly checks IAM.2: no policy is attached to a user.
func TestPoliciesStandOnGroupsOnly(t *testing.T) {
	tpl := quickstart(t)
	if got := fmt.Sprint(
		tpl.Properties("PolicypartnerN1")["Groups"], tpl.Properties("Userpartner")["Groups"],
	); got != "[acme-partner] [acme-partner]" {
		t.Error(got)
	}
	for _, id := range tpl.LogicalIDs() {
		for _, property := range []string{"Users", "Policies", "ManagedPolicyArns"} {
			if _, there := tpl.Properties(id)[property]; there {
				t.Errorf("%s has %s", id, property)
			}
		}
	}
}

func TestPermissions_ExactStatements(t *testing.T) {
	const read, list = "[s3:GetObject s3:GetObjectVersion]", "[s3:ListBucket s3:ListBucketMultipartUploads]"
	const write = "[s3:AbortMultipartUpload s3:ListMultipartUploadParts s3:PutObject]"
	const location, decrypt, encrypt = "s3:GetBucketLocation [arn:aws:s3:::pail]", "[kms:Decrypt] KEY", "[kms:Decrypt kms:GenerateDataKey] KEY"
	for name, test := range map[string]struct {
		permissions []model.Permission
		want        []string
	}{
		"read the whole bucket": {
			[]model.Permission{{Access: model.Read}},
			[]string{read + " [arn:aws:s3:::pail/*]", location, list + " [arn:aws:s3:::pail]", decrypt},
		},
		"write below a prefix, without seeing what is there": {
			[]model.Permission{{Access: model.Write, Prefix: "in/"}},
			[]string{write + " [arn:aws:s3:::pail/in/*]", location, encrypt},
		},
		"delete only where it is said": {
			[]model.Permission{{Access: model.Write, AllowDelete: true}},
			[]string{"[s3:AbortMultipartUpload s3:DeleteObject s3:ListMultipartUploadParts s3:PutObject] [arn:aws:s3:::pail/*]", location, encrypt},
		},
		"characters that mean something in policies": {
			[]model.Permission{{Access: model.Read, Prefix: "a*b?c$d/"}},
			[]string{
				read + " [arn:aws:s3:::pail/a${*}b${?}c${$}d/*]", location,
				list + " [arn:aws:s3:::pail] if map[StringLike:map[s3:prefix:[a${*}b${?}c${$}d/*]]]", decrypt,
			},
		},
		"one prefix inside another, and a bucket twice": {
			[]model.Permission{{Access: model.Read, Prefix: "in/"}, {Access: model.Write, Prefix: "in/new/"}, {Access: model.Read, Prefix: "out/"}},
			[]string{
				write + " [arn:aws:s3:::pail/in/new/*]", read + " [arn:aws:s3:::pail/in/* arn:aws:s3:::pail/out/*]", location,
				list + " [arn:aws:s3:::pail] if map[StringLike:map[s3:prefix:[in/* out/*]]]", encrypt,
			},
		},
		"the whole bucket beside a part of it": {
			[]model.Permission{{Access: model.Read}, {Access: model.ReadWrite, Prefix: "in/"}},
			[]string{
				"[s3:AbortMultipartUpload s3:GetObject s3:GetObjectVersion s3:ListMultipartUploadParts s3:PutObject] [arn:aws:s3:::pail/in/*]",
				read + " [arn:aws:s3:::pail/*]", location, list + " [arn:aws:s3:::pail]", encrypt,
			},
		},
		"buckets that are used alike": {
			[]model.Permission{{Access: model.Read}, {Access: model.Read, Bucket: "tub"}},
			[]string{
				read + " [arn:aws:s3:::pail/* arn:aws:s3:::tub/*]", "s3:GetBucketLocation [arn:aws:s3:::pail arn:aws:s3:::tub]",
				list + " [arn:aws:s3:::pail arn:aws:s3:::tub]", "[kms:Decrypt] KEY and another",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var grants []Grant
			for _, p := range test.permissions {
				p.User, p.Bucket = "partner", cmp.Or(p.Bucket, "pail")
				grants = append(grants, Grant{Permission: p})
			}
			want := strings.Join(test.want, "\n")
			for range 3 { // a document is a function of the set
				rand.Shuffle(len(grants), func(i, j int) { grants[i], grants[j] = grants[j], grants[i] })
				if diff := gocmp.Diff(
					want, spoken(newDraft(newSizer(testEnv(), pails()), model.User{Name: "partner"}, grants).document()),
				); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// pails returns the buckets of tests: one with the project's key, one with its own.
func pails() map[string]model.Bucket {
	return map[string]model.Bucket{
		"pail": {Name: "pail", BucketName: "pail"},
		"tub":  {Name: "tub", BucketName: "tub", KMSKeyARN: "arn:aws:kms:eu-west-1:111122223333:key/tub"},
	}
}

// spoken returns a policy as text, a line for each statement.
func spoken(document object) string {
	var lines []string
	for _, s := range document["Statement"].(list) {
		statement, _ := s.(object)
		line := fmt.Sprint(statement["Action"], " ", statement["Resource"])
		if strings.Contains(line, ":kms:") {
			line = fmt.Sprint(statement["Action"], " KEY")
			if strings.Contains(fmt.Sprint(statement["Resource"]), "key/tub") {
				line += " and another"
			}
		} else if condition, there := statement["Condition"]; there {
			line += fmt.Sprint(" if ", condition)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// The restriction doesn't apply to the user's SFTP role, which AWS Transfer uses from its own
// addresses.
func TestSourceIPs_EveryStatement(t *testing.T) {
	user := model.User{Name: "partner", SourceIPs: []string{"203.0.113.0/24"}}
	grants := []Grant{
		{Permission: model.Permission{User: "partner", Bucket: "pail", Prefix: "in/", Access: model.ReadWrite}},
	}
	document := newDraft(newSizer(testEnv(), pails()), user, grants).document()
	const want = `{"Action":"s3:*","Condition":{"NotIpAddress":{"aws:SourceIp":["203.0.113.0/24"]},"StringEquals":{"aws:PrincipalType":"User"}},"Effect":"Deny","Resource":"*"}`
	if text := string(encodeJSON(document)); !strings.Contains(text, want) {
		t.Errorf("not bound: %s", text)
	}
}

// full returns a template with a shard's budget of resources.
func full(b *testing.B) *Template {
	b.Helper()
	var changes []Change
	for i := range 150 {
		name := fmt.Sprintf("bucket%03d", i)
		changes = append(
			changes,
			Change{
				Op: Create,
				Entity: model.Bucket{
					Name: name, BucketName: "acme-" + name, Lifecycle: model.DefaultLifecycle(), OnDelete: model.Refuse,
				},
			},
		)
	}
	for i := range 45 {
		user := fmt.Sprintf("user%03d", i)
		changes = append(changes, Change{Op: Create, Entity: model.User{Name: user}})
		for n := range 8 {
			changes = append(
				changes,
				Change{Op: Create, Entity: model.Permission{User: user, Bucket: fmt.Sprintf("bucket%03d", n), Access: model.Read}},
			)
		}
	}
	return edit(b, seed(), changes...)
}

func BenchmarkParseFullShard(b *testing.B) {
	body := full(b).Encode()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		tpl, err := Decode(body)
		if err != nil {
			b.Fatal(err)
		}
		parse(b, tpl)
	}
}

func BenchmarkEditOneIntoFullShard(b *testing.B) {
	base := full(b)
	for b.Loop() {
		edit(b, base, Change{Op: Create, Entity: model.User{Name: "newcomer"}}).Encode()
	}
}

// BenchmarkEditManyInFullShard shows that a member costs no more in a large batch than in a small
// one.
func BenchmarkEditManyInFullShard(b *testing.B) {
	base := full(b)
	for _, members := range []int{10, 50, 150} {
		var changes []Change
		for i := range members {
			name := fmt.Sprintf("bucket%03d", i)
			changes = append(
				changes,
				Change{
					Op:     Update,
					Entity: model.Bucket{Name: name, BucketName: "acme-" + name, Unversioned: true, OnDelete: model.Refuse},
				},
			)
			permission := model.Permission{
				User: fmt.Sprintf("user%03d", i%45), Bucket: fmt.Sprintf("bucket%03d", i%8), Access: model.ReadWrite,
			}
			changes = append(changes, Change{Op: Update, Entity: permission})
		}
		b.Run(fmt.Sprint(len(changes)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				edit(b, base, changes...)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(changes)), "ns/member")
		})
	}
}

func BenchmarkCompileFullShard(b *testing.B) {
	for b.Loop() {
		full(b)
	}
}

// TestDraftKnowsItsSize checks a draft's size against its document after random additions and
// removals.
func TestDraftKnowsItsSize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		user := modeltest.User("partner").Draw(t, "user")
		buckets := pails()
		sizes := newSizer(testEnv(), buckets)
		d := newDraft(sizes, user, nil)
		permissions := rapid.SliceOfDistinct(
			modeltest.Permission([]string{"partner"}, []string{"pail", "tub", "gone"}),
			func(p model.Permission) model.ID { return p.ID() },
		).Draw(t, "permissions")
		for _, p := range permissions {
			d.change(Grant{Permission: p}, 1)
			if got, want := d.size(), PolicySize(d.document()); got != want {
				t.Fatalf("with %v: %d, want %d", p, got, want)
			}
		}
		left := rapid.Permutation(permissions).Draw(t, "order")
		for len(left) > 0 {
			d.change(Grant{Permission: left[0]}, -1)
			left = left[1:]
			var grants []Grant
			for _, p := range left {
				grants = append(grants, Grant{Permission: p})
			}
			fresh := newDraft(sizes, user, grants).document()
			if diff := gocmp.Diff(fresh, d.document()); diff != "" || d.size() != PolicySize(fresh) {
				t.Fatalf("without %d: size %d, want %d\n%s", len(permissions)-len(left), d.size(), PolicySize(fresh), diff)
			}
		}
	})
}

// BenchmarkCompileUsers shows that packing takes time in proportion to the number of permissions:
// 200 users with 20 each should take less than 50 ms.
func BenchmarkCompileUsers(b *testing.B) {
	for _, shape := range [][2]int{{10, 20}, {100, 20}, {200, 20}, {1000, 20}, {1, 300}} {
		users, each := shape[0], shape[1]
		buckets := map[string]model.Bucket{}
		var permissions []model.Permission
		for i := range each {
			name := fmt.Sprintf("bucket%03d", i)
			buckets[name] = model.Bucket{
				Name: name, BucketName: model.DefaultBucketName("acme", name, modeltest.Account, modeltest.Region),
			}
			permissions = append(
				permissions,
				model.Permission{Bucket: name, Access: []model.Access{model.Read, model.ReadWrite}[i%2], Prefix: "incoming/"},
			)
		}
		b.Run(fmt.Sprintf("%dx%d", users, each), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				e := newEditor(&shard{env: testEnv(), buckets: buckets}, nil)
				for i := range users {
					user := fmt.Sprintf("user%03d", i)
					e.users, e.packings = map[string]model.User{user: {Name: user}}, map[string]packing{user: {}}
					for _, p := range permissions {
						p.User = user
						if err := e.policies.place(Grant{Permission: p}, nil); err != nil {
							b.Fatal(err)
						}
					}
					for n, grants := range e.packings[user] {
						encodeJSON(e.policy(user, n, grants))
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*users*each), "ns/permission")
		})
	}
}
