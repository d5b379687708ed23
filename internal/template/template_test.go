package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/model/modeltest"
)

func testEnv() Env {
	return Env{
		Project: "acme", AccountID: modeltest.Account, Region: modeltest.Region, Partition: "aws",
		Shared: Shared{
			KeyARN:       "arn:aws:kms:eu-west-1:111122223333:key/1234",
			SFTPServerID: "s-0123456789abcdef0",
		},
	}
}

func seed() *Template { return Seed(RevisionMarkerName("acme", 0), "A test") }

// foreign is a template of things unknown to Stowage: resources, sections, numbers that no float
// can hold, characters that JSON encoders like to escape.
const foreign = `{"AWSTemplateFormatVersion":"2010-09-09","Conditions":{"C":{"Fn::Equals":["a","a"]}},"Mappings":{"M":{"k":{"v":12345678901234567890}}},` +
	`"Metadata":{"note":"<a&b> ü \u2028","n":1e400,"d":0.10},"Outputs":{"O":{"Value":"x"}},"Parameters":{"P":{"Type":"String","Default":"q"},"Revision":{"Type":"Number","Default":0}},` +
	`"Resources":{"Carrier":{"Type":"AWS::SSM::Parameter","Metadata":{"Stowage":{"format":1,"compiler":1,"of":{"kind":"carrier","name":"/stowage/acme/0/revision"}}},"Properties":{"Name":"/stowage/acme/0/revision","Type":"String","Value":{"Ref":"Revision"}}},` +
	`"Theirs":{"Condition":"C","Type":"AWS::SNS::Topic","Properties":{"TopicName":"t<>&","X":12345678901234567890,"Y":1e400}}}}`

func changesOf(entities []model.Entity, origin string) []Change {
	var changes []Change
	for _, e := range entities {
		changes = append(changes, Change{Op: Create, Entity: e, Origin: origin})
	}
	return changes
}

// edit makes changes. None may be refused.
func edit(t interface{ Fatalf(string, ...any) }, base *Template, changes ...Change) *Template {
	edited, err := Edit(base, testEnv(), changes)
	if err != nil {
		t.Fatalf("%v", err)
	}
	for i, err := range edited.Errors {
		if err != nil {
			t.Fatalf("%s %s: %v", changes[i].Op, changes[i].Entity.ID(), err)
		}
	}
	return edited.Template
}

func parse(t interface{ Fatalf(string, ...any) }, tpl *Template) *Contents {
	contents, err := Parse(tpl, testEnv())
	if err != nil {
		t.Fatalf("%v", err)
	}
	decoded, err := Decode(tpl.Encode())
	if err != nil {
		t.Fatalf("%v", err)
	}
	again, err := Parse(decoded, testEnv())
	if err != nil {
		t.Fatalf("%v", err)
	}
	if diff := cmp.Diff(again, contents); diff != "" {
		t.Fatalf("what an Edit knows of its template is not what is read from its text (-read +known):\n%s", diff)
	}
	return contents
}

func TestParse_InverseOfCompile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entities := modeltest.Entities().Draw(t, "entities")
		for _, e := range entities {
			if problems := e.Problems(); len(problems) > 0 {
				t.Fatalf("%s is drawn invalid: %v", e.ID(), problems)
			}
		}
		tpl := edit(t, seed(), changesOf(entities, "ws")...)
		again, err := Decode(tpl.Encode())
		if err != nil {
			t.Fatal(err)
		}
		contents := parse(t, again)
		if len(contents.Drift) > 0 || len(contents.Foreign) > 0 || len(contents.Dangling) > 0 {
			t.Fatalf("drift %v, foreign %v, dangling %v", contents.Drift, contents.Foreign, contents.Dangling)
		}
		want := map[model.ID]model.Entity{}
		for _, e := range entities {
			want[e.ID()] = e
		}
		have := map[model.ID]model.Entity{}
		for e := range contents.Entities() {
			have[e.ID()] = e
			if contents.Origins[e.ID().String()] != "ws" {
				t.Fatalf("%s has lost its origin", e.ID())
			}
		}
		if diff := cmp.Diff(want, have, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestEdit_EndStateInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		changes := changesOf(modeltest.Entities().Draw(t, "entities"), "")
		want := meaning(parse(t, edit(t, seed(), changes...)))
		shuffled := rapid.Permutation(changes).Draw(t, "order")
		if diff := cmp.Diff(want, meaning(parse(t, edit(t, seed(), shuffled...))), cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
		// Deleting everything, in any order, leaves nothing behind.
		var removals []Change
		for _, c := range rapid.Permutation(changes).Draw(t, "removals") {
			removals = append(removals, Change{Op: Delete, Entity: c.Entity})
		}
		left := edit(t, edit(t, seed(), shuffled...), removals...)
		if ids := left.LogicalIDs(); !slices.Equal(ids, []string{RevisionMarkerID}) {
			t.Fatalf("%v are left", ids)
		}
	})
}

// meaning removes the packing of permissions, which depends on the order of their creation.
func meaning(c *Contents) *Contents {
	c.Usage = Usage{}
	return c
}

func TestEdit_OwnResourcesOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base, err := Decode([]byte(foreign))
		if err != nil {
			t.Fatal(err)
		}
		entities := modeltest.Entities().Draw(t, "entities")
		base = edit(t, base, changesOf(entities, "")...)
		contents := parse(t, base)
		bucket := rapid.SampledFrom(contents.Buckets).Draw(t, "bucket")
		bucket.Tags = map[string]string{"changed": "yes"}
		next := edit(
			t, base, Change{Op: Update, Entity: bucket}, Change{Op: Create, Entity: model.User{Name: "somebody-new"}},
		)
		mine := []string{bucketID(bucket.Name), userID("somebody-new"), groupID("somebody-new")}
		for _, id := range next.LogicalIDs() {
			before, _ := base.Resource(id)
			after, _ := next.Resource(id)
			if !slices.Contains(mine, id) && !bytes.Equal(before, after) {
				t.Fatalf("%s was changed from\n%s to\n%s", id, before, after)
			}
		}
		for name, section := range base.sections {
			if !bytes.Equal(section, next.sections[name]) {
				t.Fatalf("the section %s was changed", name)
			}
		}
		for _, intent := range Intents(base, next) {
			if !slices.Contains(mine, intent.LogicalID) {
				t.Fatalf("%s of %s is intended", intent.Action, intent.LogicalID)
			}
		}
	})
}

func TestEdit_ForeignResourcesUnchanged(t *testing.T) {
	base, err := Decode([]byte(foreign))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(base.Encode()); got != foreign {
		t.Errorf("encoded as\n%s\nnot\n%s", got, foreign)
	}
	next := edit(t, base, Change{Op: Create, Entity: model.User{Name: "partner"}})
	theirs, _ := next.Resource("Theirs")
	if !strings.Contains(foreign, `"Theirs":`+string(theirs)) {
		t.Errorf("the foreign resource has become %s", theirs)
	}
	if got := parse(t, next).Foreign; !slices.Equal(got, []string{"Theirs"}) {
		t.Errorf("foreign resources %v", got)
	}
}

func TestEncode_Canonical(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tpl := edit(t, seed(), changesOf(modeltest.Entities().Draw(t, "entities"), "")...)
		once := tpl.Encode()
		again, err := Decode(once)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(once, again.Encode()) {
			t.Fatal("a second encoding differs")
		}
	})
}

func TestLogicalIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := modeltest.Name().Draw(t, "a"), modeltest.Name().Draw(t, "b")
		owner := map[string]string{}
		for _, name := range []string{a, b} {
			ids := []string{
				bucketID(name), bucketPolicyID(name), userID(name), groupID(name), directoryEntryID(name), policyID(name, 1),
				policyID(name, 10),
			}
			for _, id := range ids {
				if strings.ContainsFunc(id, func(r rune) bool {
					return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", r)
				}) {
					t.Fatalf("%q is no logical id", id)
				}
				if other, taken := owner[id]; taken && other != name {
					t.Fatalf("%q and %q share %s", other, name, id)
				}
				owner[id] = name
			}
			if a != b && len(ids) != 7 {
				t.Fatal("ids collide")
			}
		}
		if a != b && len(owner) != 14 {
			t.Fatalf("%q and %q have %d ids", a, b, len(owner))
		}
	})
	// These must never change: a changed logical ID is a deleted and a created resource.
	for got, want := range map[string]string{
		bucketID("in-box-1"): "BucketinXboxX1", bucketPolicyID("inbox"): "BucketPolicyinbox", userID("a-b"): "UseraXb",
		groupID("a-b"): "GroupaXb", policyID("a-b", 10): "PolicyaXbN10", directoryEntryID("acme"): "Listingacme",
	} {
		if got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	permission := model.Permission{User: "partner", Bucket: "inbox", Access: model.Read}
	inbox := model.Bucket{Name: "inbox", BucketName: "inbox-bucket", OnDelete: model.Refuse}
	partner := model.User{Name: "partner"}
	base := edit(
		t, seed(), Change{Op: Create, Entity: inbox, Origin: "ws"}, Change{Op: Create, Entity: partner},
		Change{Op: Create, Entity: permission},
	)
	changed := inbox
	changed.Unversioned = true
	closing := edit(
		t,
		seed(),
		Change{
			Op: Create,
			Entity: model.Project{
				Name: "acme", AccountID: modeltest.Account, Region: modeltest.Region, OnDelete: model.Refuse,
				Closing: true,
			},
		},
	)
	open, closed := *parse(t, closing).Project, *parse(t, closing).Project
	open.Closing, open.Tags = false, map[string]string{"a": "b"}
	for name, test := range map[string]struct {
		base   *Template
		change Change
		want   error
	}{
		"exists, created by the same configuration": {base, Change{Op: Create, Entity: inbox, Origin: "ws"}, nil},
		"exists, created by another":                {base, Change{Op: Create, Entity: inbox, Origin: "other"}, &model.ConflictError{Kind: model.ConflictExists, ID: inbox.ID(), Origin: "ws"}},
		"exists, with other settings":               {base, Change{Op: Create, Entity: changed, Origin: "ws"}, &model.ConflictError{Kind: model.ConflictExists, ID: inbox.ID(), Origin: "ws"}},
		"exists, without an origin on either side":  {base, Change{Op: Create, Entity: partner}, &model.ConflictError{Kind: model.ConflictExists, ID: partner.ID()}},
		"gone":                                  {base, Change{Op: Update, Entity: model.User{Name: "nobody"}}, &model.NotFoundError{Kind: model.NotFoundEntity, ID: model.User{Name: "nobody"}.ID()}},
		"deleted already":                       {base, Change{Op: Delete, Entity: model.User{Name: "nobody"}}, nil},
		"no user":                               {base, Change{Op: Create, Entity: model.Permission{User: "nobody", Bucket: "inbox", Access: model.Read}}, &model.NotFoundError{Kind: model.NotFoundParent, NeededBy: model.ID{Kind: "permission", Name: "nobody/inbox"}, ID: model.ID{Kind: "user", Name: "nobody"}}},
		"no bucket":                             {base, Change{Op: Create, Entity: model.Permission{User: "partner", Bucket: "none", Access: model.Read}}, &model.NotFoundError{Kind: model.NotFoundParent, NeededBy: model.ID{Kind: "permission", Name: "partner/none"}, ID: model.ID{Kind: "bucket", Name: "none"}}},
		"bucket with permissions":               {base, Change{Op: Delete, Entity: inbox}, &model.ConflictError{Kind: model.ConflictInUse, ID: inbox.ID(), By: []model.ID{permission.ID()}}},
		"user with permissions":                 {base, Change{Op: Delete, Entity: partner}, &model.ConflictError{Kind: model.ConflictInUse, ID: partner.ID(), By: []model.ID{permission.ID()}}},
		"project that is closing":               {closing, Change{Op: Create, Entity: inbox}, &model.ConflictError{Kind: model.ConflictClosing, Project: "acme"}},
		"update of a project that is closing":   {closing, Change{Op: Update, Entity: open}, &model.ConflictError{Kind: model.ConflictClosing, Project: "acme"}},
		"creation of a project that is closing": {closing, Change{Op: Create, Entity: open}, &model.ConflictError{Kind: model.ConflictClosing, Project: "acme"}},
		"closing a project again":               {closing, Change{Op: Update, Entity: closed, Shards: 1}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			edited, err := Edit(test.base, testEnv(), []Change{test.change})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, edited.Errors[0]); diff != "" {
				t.Error(diff)
			}
			if !edited.Template.Equal(test.base) || len(edited.Intents) > 0 {
				t.Error("it has left a trace")
			}
		})
	}
	if got := edit(
		t, base, Change{Op: Delete, Entity: inbox}, Change{Op: Delete, Entity: partner},
		Change{Op: Delete, Entity: permission},
	); len(got.LogicalIDs()) != 1 {
		t.Errorf("what goes together leaves %v", got.LogicalIDs())
	}
}

func TestEdit_RefusedMember(t *testing.T) {
	edited, err := Edit(seed(), testEnv(), []Change{
		{Op: Create, Entity: model.User{Name: "partner"}},
		{Op: Create, Entity: model.Permission{User: "partner", Bucket: "none", Access: model.Read}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if edited.Errors[0] != nil || edited.Errors[1] == nil {
		t.Fatalf("errors %v", edited.Errors)
	}
	if got := parse(t, edited.Template).Users; len(got) != 1 {
		t.Errorf("users %v", got)
	}
}

func TestEdit_FullStack(t *testing.T) {
	var changes []Change
	for i := range 230 {
		name := "b" + strings.Repeat("x", i/26) + string(rune('a'+i%26))
		if len(name) > 32 {
			name = name[:32]
		}
		changes = append(
			changes,
			Change{Op: Create, Entity: model.Bucket{Name: name, BucketName: "bucket-" + name, OnDelete: model.Refuse}},
		)
	}
	edited, err := Edit(seed(), testEnv(), changes)
	if err != nil {
		t.Fatal(err)
	}
	var refused int
	for _, err := range edited.Errors {
		var full *FullError
		if errors.As(err, &full) {
			refused++
			if full.Have != 461 || full.Budget != BudgetResources {
				t.Fatalf("%v", full)
			}
		}
	}
	if usage := parse(t, edited.Template).Usage; refused != 6 || usage.Resources != 449 {
		t.Errorf("%d refused, %d resources", refused, usage.Resources)
	}
}

func TestDrift_HandEditsOfTheirOwner(t *testing.T) {
	inbox := model.Bucket{Name: "inbox", BucketName: "inbox-bucket", OnDelete: model.Refuse}
	permission := model.Permission{User: "partner", Bucket: "inbox", Access: model.Read}
	base := edit(
		t, seed(), Change{Op: Create, Entity: inbox}, Change{Op: Create, Entity: model.User{Name: "partner"}},
		Change{Op: Create, Entity: permission},
	)
	text := string(base.Encode())
	by := func(replacements ...string) *Template {
		t.Helper()
		edited := strings.NewReplacer(replacements...).Replace(text)
		if edited == text {
			t.Fatal("nothing was edited")
		}
		tpl, err := Decode([]byte(edited))
		if err != nil {
			t.Fatal(err)
		}
		return tpl
	}
	suspended := by(`"VersioningConfiguration":{"Status":"Enabled"}`, `"VersioningConfiguration":{"Status":"Suspended"}`)
	want := []Drift{
		{[]model.ID{inbox.ID()}, "Bucketinbox", "Properties.VersioningConfiguration.Status", `"Enabled"`, `"Suspended"`},
	}
	if diff := cmp.Diff(want, parse(t, suspended).Drift); diff != "" {
		t.Error(diff)
	}
	if got := parse(
		t, suspended.with(map[string]json.RawMessage{"BucketPolicyinbox": nil}),
	).DriftOf(inbox.ID()); len(got) != 2 {
		t.Errorf("%v", got)
	}
	if healed := edit(t, suspended, Change{Op: Update, Entity: inbox}); !healed.Equal(base) {
		t.Error("an update of the owner does not heal it")
	}
	if other := edit(
		t, suspended, Change{Op: Create, Entity: model.User{Name: "courier"}},
	); len(parse(t, other).Drift) != 1 {
		t.Error("another member's change has reverted the edit")
	}

	// A policy that was edited by hand accepts no new permission, which would silently revert the
	// edit.
	policy := by(`"s3:GetObject"`, `"s3:GetObjectTorrent"`)
	second := model.Permission{User: "partner", Bucket: "inbox", Prefix: "x/", Access: model.Write}
	frozen := edit(t, policy, Change{Op: Create, Entity: second})
	before, _ := policy.Resource("PolicypartnerN1")
	after, _ := frozen.Resource("PolicypartnerN1")
	if !bytes.Equal(before, after) {
		t.Error("a new permission went into a policy that was edited by hand")
	}
	if _, there := frozen.Resource("PolicypartnerN2"); !there {
		t.Error("the new permission is in no policy")
	}
	if got := parse(t, edit(t, policy, Change{Op: Update, Entity: permission})).Drift; len(got) > 0 {
		t.Errorf("an update of its permission does not heal the policy: %v", got)
	}
}

func TestDanglingPermissionGrantsNothing(t *testing.T) {
	bucket := func(name string) model.Bucket {
		return model.Bucket{Name: name, BucketName: name + "-bucket", OnDelete: model.Refuse}
	}
	dangling := model.Permission{User: "partner", Bucket: "inbox", Access: model.ReadWrite}
	other := model.Permission{User: "partner", Bucket: "outbox", Access: model.Read}
	base := edit(
		t, seed(), Change{Op: Create, Entity: bucket("inbox")}, Change{Op: Create, Entity: bucket("outbox")},
		Change{Op: Create, Entity: model.User{Name: "partner"}}, Change{Op: Create, Entity: dangling},
		Change{Op: Create, Entity: other},
	)
	gone := base.with(map[string]json.RawMessage{"Bucketinbox": nil, "BucketPolicyinbox": nil})
	contents := parse(t, gone)
	if !slices.Equal(contents.Dangling, []model.ID{dangling.ID()}) || len(contents.DriftOf(dangling.ID())) == 0 {
		t.Errorf("dangling %v, drift %v", contents.Dangling, contents.Drift)
	}
	other.Access = model.Write
	policy, _ := edit(t, gone, Change{Op: Update, Entity: other}).Resource("PolicypartnerN1")
	if bytes.Contains(policy, []byte("inbox-bucket")) || !bytes.Contains(policy, []byte("outbox-bucket")) {
		t.Errorf("compiled again, it is %s", policy)
	}
	// Alone in its policy, it leaves a policy that allows nothing.
	policy, _ = edit(t, gone, Change{Op: Delete, Entity: other}).Resource("PolicypartnerN1")
	if bytes.Contains(policy, []byte(`"Allow"`)) {
		t.Errorf("alone, it allows something: %s", policy)
	}
}

func TestTemplates_OfOthers(t *testing.T) {
	for text, want := range map[string]error{
		"Resources:\n  A:\n    Type: X": ErrNotJSON, "null": ErrNotJSON, "[]": ErrNotJSON, `{} {}`: ErrNotJSON, "": ErrNotJSON,
	} {
		if _, err := Decode([]byte(text)); !errors.Is(err, want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := Decode([]byte(`{"Transform":"AWS::Serverless-2016-10-31"}`)); !errors.Is(err, ErrTransform) {
		t.Errorf("transform: %v", err)
	}
	newer, err := Decode(bytes.Replace(seed().Encode(), []byte(`"format":1`), []byte(`"format":4`), 1))
	if err != nil {
		t.Fatal(err)
	}
	var format *model.NewerFormatError
	if _, err := Parse(newer, testEnv()); !errors.As(err, &format) || format.Format != "4" {
		t.Errorf("newer format: %v", err)
	}
}

func TestEdit_NewerCompiler(t *testing.T) {
	base := edit(
		t, seed(),
		Change{Op: Create, Entity: model.Bucket{Name: "inbox", BucketName: "inbox-bucket", OnDelete: model.Refuse}},
	)
	newer, err := Decode(
		bytes.ReplaceAll(
			bytes.ReplaceAll(
				base.Encode(), fmt.Appendf(nil, `"compiler":%d`, CompilerVersion),
				fmt.Appendf(nil, `"compiler":%d`, CompilerVersion+1),
			),
			[]byte(`"Enabled"`),
			[]byte(`"Better"`),
		),
	)
	if err != nil {
		t.Fatal(err)
	}
	contents := parse(t, newer)
	if len(contents.Drift) > 0 || len(contents.Buckets) != 1 {
		t.Errorf("drift %v, buckets %v", contents.Drift, contents.Buckets)
	}
}

func TestPacking_Stable(t *testing.T) {
	base := edit(t, seed(), Change{Op: Create, Entity: model.User{Name: "partner"}},
		Change{Op: Create, Entity: model.Bucket{Name: "inbox", BucketName: "inbox-bucket", OnDelete: model.Refuse}})
	refused := 0
	for i := range 250 {
		permission := model.Permission{
			User:   "partner",
			Bucket: "inbox",
			Prefix: strings.Repeat("p", 250) + string(rune('a'+i%26)) + strings.Repeat("q", i/26) + "/",
			Access: model.ReadWrite,
		}
		edited, err := Edit(base, testEnv(), []Change{{Op: Create, Entity: permission}})
		if err != nil {
			t.Fatal(err)
		}
		if edited.Errors[0] != nil {
			var full *FullError
			if !errors.As(edited.Errors[0], &full) {
				t.Fatal(edited.Errors[0])
			}
			refused++
			continue
		}
		if len(edited.Intents) != 1 {
			t.Fatalf("permission %d changes %v", i, edited.Intents)
		}
		base = edited.Template
	}
	policies := 0
	for _, id := range base.LogicalIDs() {
		if strings.HasPrefix(id, "Policy") {
			policies++
			if size := PolicySize(base.Properties(id)["PolicyDocument"]); size > MaxPolicySize {
				t.Errorf("%s has %d characters", id, size)
			}
		}
	}
	if policies != MaxUserPolicies || refused == 0 {
		t.Errorf("%d policies, %d refused", policies, refused)
	}
}

func TestEdit_DependentPolicies(t *testing.T) {
	var changes []Change
	for _, name := range []string{"alpha", "beta"} {
		changes = append(changes, Change{Op: Create, Entity: model.User{Name: name}},
			Change{Op: Create, Entity: model.Bucket{Name: name, BucketName: name + "-bucket", OnDelete: model.Refuse}},
			Change{Op: Create, Entity: model.Permission{User: name, Bucket: name, Access: model.Read}})
	}
	base := edit(t, seed(), changes...)
	touched := func(c Change) []string {
		var ids []string
		for _, intent := range Intents(base, edit(t, base, c)) {
			ids = append(ids, intent.LogicalID)
		}
		return ids
	}
	if got := touched(
		Change{Op: Update, Entity: model.User{Name: "alpha", SourceIPs: []string{"203.0.113.0/24"}}},
	); !slices.Equal(got, []string{"PolicyalphaN1", "Useralpha"}) {
		t.Errorf("a user's addresses change %v", got)
	}
	keyed := model.Bucket{
		Name: "beta", BucketName: "beta-bucket", OnDelete: model.Refuse,
		KMSKeyARN: "arn:aws:kms:eu-west-1:111122223333:key/own",
	}
	if got := touched(Change{Op: Update, Entity: keyed}); !slices.Equal(got, []string{"Bucketbeta", "PolicybetaN1"}) {
		t.Errorf("a bucket's key changes %v", got)
	}
}

// TestPacking_Growth makes full policies longer: by the networks of their user, and by the
// keys of their buckets.
func TestPacking_Growth(t *testing.T) {
	var networks []string
	for i := range 60 {
		networks = append(networks, fmt.Sprintf("203.0.113.%d/32", i))
	}
	more := []Change{{Op: Update, Entity: model.User{Name: "partner", SourceIPs: networks}}}
	var keys []Change
	for i := range 12 {
		b := pail(i)
		b.KMSKeyARN = fmt.Sprintf("arn:aws:kms:eu-west-1:111122223333:key/%036d", i)
		keys = append(keys, Change{Op: Update, Entity: b})
	}
	for name, c := range map[string]struct {
		full   int // policies
		change []Change
		fits   bool
	}{
		"networks":                      {1, more, true},
		"keys":                          {1, keys, true},
		"networks for which is no room": {MaxUserPolicies, more, false},
	} {
		t.Run(name, func(t *testing.T) {
			base := fullPolicies(t, c.full)
			before := parse(t, base)
			edited, err := Edit(base, testEnv(), c.change)
			if err != nil {
				t.Fatal(err)
			}
			var full *FullError
			if refusal := edited.Errors[0]; errors.As(refusal, &full) == c.fits || refusal != nil && full == nil {
				t.Errorf("refused: %v", refusal)
			}
			after := parse(t, edited.Template)
			if diff := cmp.Diff(before.Permissions, after.Permissions); diff != "" {
				t.Errorf("the permissions are others: %s", diff)
			}
			for _, id := range edited.Template.LogicalIDs() {
				if size := PolicySize(edited.Template.Properties(id)["PolicyDocument"]); strings.HasPrefix(id, "Policy") &&
					size > MaxPolicySize {
					t.Errorf("%s has %d characters", id, size)
				}
			}
			want := c.full
			if c.fits {
				want++
			}
			if got := len(after.Policies["partner"]); len(before.Policies["partner"]) != c.full || got != want {
				t.Errorf("%d policies became %d, want %d to become %d", len(before.Policies["partner"]), got, c.full, want)
			}
		})
	}
}

// fullPolicies returns a template with a user with that many policies, the last of them full.
func fullPolicies(t *testing.T, policies int) *Template {
	changes := []Change{{Op: Create, Entity: model.User{Name: "partner"}}}
	for i := range 12 {
		changes = append(changes, Change{Op: Create, Entity: pail(i)})
	}
	base := edit(t, seed(), changes...)
	for i := 0; ; i++ {
		permission := model.Permission{
			User:   "partner",
			Bucket: pail(i % 12).Name,
			Access: model.Read,
			Prefix: fmt.Sprintf("%s%d/", strings.Repeat("p", 200), i),
		}
		edited, err := Edit(base, testEnv(), []Change{{Op: Create, Entity: permission}})
		if err != nil {
			t.Fatal(err)
		}
		if edited.Errors[0] != nil || len(parse(t, edited.Template).Policies["partner"]) > policies {
			return base
		}
		base = edited.Template
	}
}

// pail returns one of many buckets.
func pail(i int) model.Bucket {
	name := fmt.Sprintf("pail%d", i)
	return model.Bucket{Name: name, BucketName: name + "-bucket", OnDelete: model.Refuse}
}

func TestStamp_NoRevisionMarker(t *testing.T) {
	stamped, err := Stamp(seed(), "token-1", 7)
	if err != nil {
		t.Fatal(err)
	}
	if intents := Intents(seed(), stamped); len(intents) != 1 || intents[0].Action != Modify {
		t.Errorf("%v", intents)
	}
	if _, err := Stamp(seed().with(map[string]json.RawMessage{RevisionMarkerID: nil}), "token", 1); !errors.Is(
		err, ErrNoRevisionMarker,
	) {
		t.Error(err)
	}
}

func TestFind_EveryEntity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entities := modeltest.Entities().Draw(t, "entities")
		contents := parse(t, edit(t, seed(), changesOf(entities, "")...))
		for _, e := range entities {
			found, ok := contents.Of(e.ID())
			if !ok || found.ID() != e.ID() {
				t.Fatalf("%s: found %v", e.ID(), found)
			}
		}
		if _, ok := contents.Of(model.ID{Kind: model.KindUser, Name: "zz-nobody-zz"}); ok {
			t.Fatal("a missing user is found")
		}
	})
}
