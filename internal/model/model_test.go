package model_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/model/modeltest"
)

func TestNames(t *testing.T) {
	user := func(name string) model.Entity { return model.User{Name: name} }
	project := func(name string) model.Entity {
		return model.Project{Name: name, AccountID: modeltest.Account, Region: modeltest.Region, OnDelete: model.Refuse}
	}
	bucket := func(name string) model.Entity {
		return model.Bucket{Name: name, BucketName: "some-bucket", OnDelete: model.Refuse}
	}
	for _, test := range []struct {
		entity model.Entity
		want   string // "" if valid
	}{
		{project("ab"), ""},
		{project("a1-b2-c3"), ""},
		{project("a"), `"a" has 1 characters; a project name has 2 to 20`},
		{project(strings.Repeat("a", 21)), "has 21 characters; a project name has 2 to 20"},
		{project("hub"), `"hub" is reserved`},
		{project("directory"), `"directory" is reserved`},
		{bucket("ab"), ""},
		{bucket(strings.Repeat("b", 32)), ""},
		{bucket(strings.Repeat("b", 33)), "has 33 characters; a bucket's name has 2 to 32"},
		{bucket("In"), `"In" may hold only a-z, 0-9 and single hyphens between them`},
		{bucket("a--b"), "single hyphens"},
		{bucket("-ab"), "single hyphens"},
		{bucket("ab-"), "single hyphens"},
		{bucket("a.b"), "single hyphens"},
		{user("abc"), ""},
		{user("ab"), "a user's name has 3 to 32"},
		{user("root"), `"root" is reserved`},
	} {
		t.Run(test.entity.ID().String(), func(t *testing.T) { wantProblem(t, test.entity, "name", test.want) })
	}
}

// wantProblem checks that an entity has one problem, with this field and a reason that contains
// want; none if want is "".
func wantProblem(t *testing.T, e model.Entity, field, want string) {
	t.Helper()
	problems := e.Problems()
	if want == "" {
		if len(problems) > 0 {
			t.Errorf("problems %v, want none", problems)
		}
		return
	}
	if len(problems) != 1 || problems[0].Field != field || !strings.Contains(problems[0].Reason, want) {
		t.Errorf("problems %v, want one of %s: %s", problems, field, want)
	}
}

func TestProblems(t *testing.T) {
	bucket := func(change func(*model.Bucket)) model.Entity {
		b := model.Bucket{
			Name: "inbox", BucketName: "some-bucket", Lifecycle: model.DefaultLifecycle(), OnDelete: model.Refuse,
		}
		change(&b)
		return b
	}
	permission := func(change func(*model.Permission)) model.Entity {
		p := model.Permission{User: "partner", Bucket: "inbox", Access: model.ReadWrite}
		change(&p)
		return p
	}
	cors := func(rules ...model.CORSRule) model.Entity {
		return bucket(func(b *model.Bucket) {
			for _, rule := range rules {
				rule.AllowedMethods = []string{"GET"}
				if rule.AllowedOrigins == nil {
					rule.AllowedOrigins = []string{"*"}
				}
				b.CORS = append(b.CORS, rule)
			}
		})
	}
	tags := func(key, value string) model.Entity {
		return model.User{Name: "partner", Tags: map[string]string{key: value}}
	}
	for name, test := range map[string]struct {
		entity      model.Entity
		field, want string
	}{
		"account":            {model.Project{Name: "acme", AccountID: "1234", Region: "eu-west-1", OnDelete: model.Refuse}, "account_id", "12 digits"},
		"region":             {model.Project{Name: "acme", AccountID: modeltest.Account, Region: "Europe", OnDelete: model.Refuse}, "region", "eu-west-1"},
		"government region":  {model.Project{Name: "acme", AccountID: modeltest.Account, Region: "us-gov-east-1", OnDelete: model.Refuse}, "", ""},
		"on_delete":          {bucket(func(b *model.Bucket) { b.OnDelete = "delete" }), "on_delete", `"refuse", "retain" or "empty"`},
		"physical name dots": {bucket(func(b *model.Bucket) { b.BucketName = "a.b.c" }), "bucket_name", "no dots"},
		"physical name long": {bucket(func(b *model.Bucket) { b.BucketName = strings.Repeat("a", 64) }), "bucket_name", "has 64 characters"},
		"reserved prefix":    {bucket(func(b *model.Bucket) { b.BucketName = "xn--abc" }), "bucket_name", "xn--, which S3 reserves"},
		"reserved suffix":    {bucket(func(b *model.Bucket) { b.BucketName = "abc-s3alias" }), "bucket_name", "-s3alias, which S3 reserves"},
		"key alias":          {bucket(func(b *model.Bucket) { b.KMSKeyARN = "arn:aws:kms:eu-west-1:111122223333:alias/x" }), "kms_key_arn", "an alias won't do"},
		"days":               {bucket(func(b *model.Bucket) { b.Lifecycle.ExpireAfterDays = -1 }), "lifecycle_rules.expire_after_days", "between 1 and 36500"},
		"lock mode":          {bucket(func(b *model.Bucket) { b.ObjectLock = &model.ObjectLock{Mode: "x", Days: 1} }), "object_lock.mode", "COMPLIANCE"},
		"lock days":          {bucket(func(b *model.Bucket) { b.ObjectLock = &model.ObjectLock{Mode: "COMPLIANCE"} }), "object_lock.days", "between 1"},
		"lock unversioned": {bucket(func(b *model.Bucket) {
			b.Unversioned, b.ObjectLock = true, &model.ObjectLock{Mode: "COMPLIANCE", Days: 1}
		}), "object_lock", "needs versioning"},
		"cors without origins": {bucket(func(b *model.Bucket) { b.CORS = []model.CORSRule{{AllowedMethods: []string{"GET"}}} }), "cors.0.allowed_origins", "at least one"},
		"cors method": {bucket(func(b *model.Bucket) {
			b.CORS = []model.CORSRule{{AllowedMethods: []string{"PATCH"}, AllowedOrigins: []string{"*"}}}
		}), "cors.0.allowed_methods", `"PATCH"`},
		"cors origin": {bucket(func(b *model.Bucket) {
			b.CORS = []model.CORSRule{{AllowedMethods: []string{"GET"}, AllowedOrigins: []string{"https://*.*"}}}
		}), "cors.0.allowed_origins", "more than one *"},
		"cors origin empty": {cors(model.CORSRule{AllowedOrigins: []string{""}}), "cors.0.allowed_origins", `"" is no origin`},
		"cors origin IDN":   {cors(model.CORSRule{AllowedOrigins: []string{"https://bücher.example"}}), "cors.0.allowed_origins", "in Punycode"},
		"cors headers":      {cors(model.CORSRule{AllowedHeaders: []string{"x-*-*"}}), "cors.0.allowed_headers", "more than one *"},
		"cors header":       {cors(model.CORSRule{AllowedHeaders: []string{"x y"}}), "cors.0.allowed_headers", "not the name of a header"},
		"cors exposed":      {cors(model.CORSRule{ExposeHeaders: []string{"*"}}), "cors.0.expose_headers", "name each header"},
		"cors exposed name": {cors(model.CORSRule{ExposeHeaders: []string{""}}), "cors.0.expose_headers", "not the name of a header"},
		"cors age":          {cors(model.CORSRule{MaxAgeSeconds: 1 << 31}), "cors.0.max_age_seconds", "between 0 and 2147483647"},
		"cors":              {cors(model.CORSRule{AllowedHeaders: []string{"*", "x-amz-*"}, ExposeHeaders: []string{"ETag"}}), "", ""},
		"cors rules":        {cors(slices.Repeat([]model.CORSRule{{}}, 101)...), "cors", "at most 100"},
		"reserved names":    {bucket(func(b *model.Bucket) { b.BucketName = "reports-an" }), "bucket_name", "PREFIX-ACCOUNT-REGION-an"},
		"tags of a bucket":  {bucket(func(b *model.Bucket) { b.Tags = map[string]string{"note": "R&D (team)"} }), "tags", `the tag "note" holds '&'`},
		"tag key of a project": {
			model.Project{Name: "acme", AccountID: modeltest.Account, Region: modeltest.Region, OnDelete: model.Refuse, Tags: map[string]string{"a,b": "x"}},
			"tags", `the tag "a,b" holds ','`,
		},
		"tags in two cases":          {model.User{Name: "partner", Tags: map[string]string{"env": "a", "Env": "b"}}, "tags", `"Env" and "env" differ in case only`},
		"bucket's tags in two cases": {bucket(func(b *model.Bucket) { b.Tags = map[string]string{"env": "a", "Env": "b"} }), "", ""},
		"prefix beyond Latin-1":      {permission(func(p *model.Permission) { p.Prefix = "受信/" }), "prefix", `holds '受'`},
		"address in two families":    {model.User{Name: "partner", SourceIPs: []string{"::ffff:203.0.113.0/120"}}, "source_ips", "must be a network"},
		"access":                     {permission(func(p *model.Permission) { p.Access = "all" }), "access", `"read", "write" or "read_write"`},
		"delete and read":            {permission(func(p *model.Permission) { p.Access, p.AllowDelete = model.Read, true }), "allow_delete", `needs access = "write"`},
		"prefix slash":               {permission(func(p *model.Permission) { p.Prefix = "/in" }), "prefix", "must not begin with a slash"},
		"prefix long":                {permission(func(p *model.Permission) { p.Prefix = strings.Repeat("é", 480) }), "prefix", "is 960 bytes long; at most 959 fit"},
		"prefix control":             {permission(func(p *model.Permission) { p.Prefix = "a\nb" }), "prefix", "control characters"},
		"prefix":                     {permission(func(p *model.Permission) { p.Prefix = "in*?$ü/" }), "", ""},
		"address":                    {model.User{Name: "partner", SourceIPs: []string{"203.0.113.1"}}, "source_ips", `"203.0.113.1" must be a network`},
		"address host bit":           {model.User{Name: "partner", SourceIPs: []string{"203.0.113.1/24"}}, "source_ips", "no bits set behind the mask"},
		"address v6":                 {model.User{Name: "partner", SourceIPs: []string{"2001:db8::/32"}}, "", ""},
		"tag of AWS":                 {tags("AWS:x", "y"), "tags", "reserved prefix"},
		"tag of ours":                {tags("stowage:x", "y"), "tags", "reserved prefix"},
		"tag key":                    {tags("", "y"), "tags", "1 to 128 characters"},
		"tag of a user":              {model.User{Name: "partner", Tags: map[string]string{"note": `R&D`}}, "tags", `the tag "note" holds '&'`},
		"tags of a user":             {model.User{Name: "partner", Tags: map[string]string{"Größe": "a_b.c:d/e=f+g-h@i 1"}}, "", ""},
		"tag value":                  {tags("x", strings.Repeat("v", 257)), "tags", "more than 256"},
	} {
		t.Run(name, func(t *testing.T) { wantProblem(t, test.entity, test.field, test.want) })
	}
}

func TestDefaultBucketName(t *testing.T) {
	for _, test := range []struct{ project, name, region, want string }{
		{"acme", "inbox", "eu-west-1", "acme-inbox-111122223333-eu-west-1-an"},
		{"acme", "inbox", "me-south-1", "acme-inbox-111122223333-me-south-1"}, // has no account-regional namespace
		{"a-project-of-twenty-c", "a-bucket-with-thirty-two-letters", "ap-southeast-3", "a-project-of-twenty-c-a-be05ceb7-111122223333-ap-southeast-3-an"},
	} {
		if got := model.DefaultBucketName(test.project, test.name, modeltest.Account, test.region); got != test.want {
			t.Errorf("%s %s %s: %s, not %s: names must never change", test.project, test.name, test.region, got, test.want)
		}
	}
}

func TestDefaultBucketName_ValidAndDistinct(t *testing.T) {
	regions := []string{"eu-west-1", "ap-southeast-3", "us-gov-east-1", "me-south-1", "ap-northeast-1"}
	rapid.Check(t, func(t *rapid.T) {
		region := rapid.SampledFrom(regions).Draw(t, "region")
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z0-9]{2,10}(-[a-z0-9]{1,9}){0,2}`), 2, 2, rapid.ID).Draw(
			t, "names",
		)
		project := rapid.StringMatching(`[a-z][a-z0-9]{1,19}`).Draw(t, "project")
		var physical []string
		for _, name := range names {
			physical = append(physical, model.DefaultBucketName(project, name, modeltest.Account, region))
		}
		if physical[0] == physical[1] {
			t.Fatalf("%q share %s", names, physical[0])
		}
		for _, name := range physical {
			if problems := (model.Bucket{Name: "xx", BucketName: name, OnDelete: model.Refuse}).Problems(); len(problems) > 0 {
				t.Fatalf("%s: %v", name, problems)
			}
			if model.HasAccountNamespace(region) != model.InAccountNamespace(name, modeltest.Account, region) {
				t.Fatalf("%s is in the wrong namespace", name)
			}
		}
	})
}

func TestNamesCollide(t *testing.T) {
	for pair, want := range map[[2]string]bool{
		{"acme", "acme"}: true, {"acme", "acme-x"}: true, {"acme-x", "acme"}: true,
		{"acme", "acmex"}: false, {"acmex", "acme"}: false, {"acme-a", "acme-b"}: false,
	} {
		if got := model.NamesCollide(pair[0], pair[1]); got != want {
			t.Errorf("%v: %v", pair, got)
		}
	}
}

func TestDraw_ValidAndDistinct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entities := modeltest.Entities().Draw(t, "entities")
		var ids []string
		for _, e := range entities {
			if problems := e.Problems(); len(problems) > 0 {
				t.Fatalf("%s: %v", e.ID(), problems)
			}
			ids = append(ids, fmt.Sprint(e.ID()))
		}
		slices.Sort(ids)
		if len(slices.Compact(ids)) != len(entities) {
			t.Fatalf("ids repeat: %v", ids)
		}
	})
}
