package template

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// plainBucket is a new bucket as Cloud Control describes it.
const plainBucket = `{"BucketName":"legacy","Arn":"arn:aws:s3:::legacy","WebsiteURL":"http://x","AbacStatus":"Disabled",` +
	`"BucketEncryption":{"ServerSideEncryptionConfiguration":[{"BucketKeyEnabled":false,"BlockedEncryptionTypes":{"EncryptionType":["SSE-C"]},` +
	`"ServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]},"OwnershipControls":{"Rules":[{"ObjectOwnership":"BucketOwnerEnforced"}]},` +
	`"Tags":[{"Key":"b","Value":"2"},{"Key":"aws:cloudformation:stack-name","Value":"old"},{"Key":"a","Value":"1"}]}`

// withSettings is plainBucket with more members.
func withSettings(settings string) string {
	return strings.TrimSuffix(plainBucket, "}") + "," + settings + "}"
}

func decodeLive(t *testing.T, bucket, policy string) *Live {
	t.Helper()
	live, err := DecodeLive(bucket, policy)
	if err != nil {
		t.Fatal(err)
	}
	return live
}

// adopt is a template with the bucket in it, as its first commit leaves it.
func adopt(t *testing.T, base *Template, live *Live, settings model.Unmodeled) *Edited {
	t.Helper()
	edited := tried(
		t, base,
		Change{Op: Adopt, Entity: live.Entity(testEnv(), "old", settings), Live: live, Incarnation: "one", Origin: "ws"},
	)
	if edited.Errors[0] != nil {
		t.Fatal(edited.Errors[0])
	}
	return edited
}

// configured is the bucket as its configuration has it.
func configured(settings model.Unmodeled) model.Bucket {
	return model.Bucket{
		Name: "old", BucketName: "legacy", OnDelete: model.Refuse, Lifecycle: model.DefaultLifecycle(),
		UnmodeledSettings: settings,
	}
}

func TestAdopt_ImportsWhatExists(t *testing.T) {
	live := decodeLive(t, plainBucket, "")
	base := edit(t, seed(), Change{Op: Create, Entity: home()})
	edited := adopt(t, base, live, "")
	want := []Intent{{LogicalID: "Bucketold", Action: Import, PhysicalID: "legacy", Members: []int{0}}}
	if diff := cmp.Diff(want, edited.Intents); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(live.Bucket, edited.Template.Properties("Bucketold")); diff != "" {
		t.Errorf("properties: %s", diff)
	}
	if strings.Contains(string(edited.Template.Encode()), "aws:cloudformation") {
		t.Error("a tag of AWS is declared")
	}
	for _, policy := range []string{"DeletionPolicy", "UpdateReplacePolicy"} {
		if got := edited.Template.Attribute("Bucketold", policy); got != "Retain" {
			t.Errorf("%s is %q", policy, got)
		}
	}
	contents := parse(t, edited.Template)
	there, _ := contents.Of(model.ID{Kind: model.KindBucket, Name: "old"})
	bucket, _ := there.(model.Bucket)
	if !bucket.Adoption.Begun || bucket.OnDelete != model.Retain || !bucket.Unversioned ||
		!cmp.Equal(bucket.Tags, map[string]string{"a": "1", "b": "2"}) {
		t.Errorf("the entity is %+v", bucket)
	}
	drift := contents.DriftOf(bucket.ID())
	if len(drift) < 5 || slices.ContainsFunc(drift, func(d Drift) bool {
		return strings.Contains(d.Path, "Policy") && d.Path != "" && d.LogicalID == "Bucketold"
	}) {
		t.Errorf("what the second commit changes: %v", drift)
	}
	if again := tried(
		t, edited.Template, Change{Op: Adopt, Entity: bucket, Live: live, Incarnation: "one"},
	); again.Errors[0] != nil ||
		len(again.Intents) > 0 {
		t.Errorf("the same adoption again: %v, %v", again.Errors, again.Intents)
	}
	if other := tried(
		t, edited.Template, Change{Op: Adopt, Entity: bucket, Live: live, Incarnation: "two"},
	); !model.IsConflict(other.Errors[0], model.ConflictExists) {
		t.Errorf("another adoption: %v", other.Errors)
	}
}

func TestAdopt_SecondCommit(t *testing.T) {
	base := edit(t, seed(), Change{Op: Create, Entity: home()})
	adopted := adopt(t, base, decodeLive(t, plainBucket, ""), "").Template
	done := edit(t, adopted, Change{Op: Update, Entity: configured(""), Incarnation: "one"})
	contents := parse(t, done)
	there, _ := contents.Of(model.ID{Kind: model.KindBucket, Name: "old"})
	if bucket, _ := there.(model.Bucket); bucket.Adoption == nil || bucket.Adoption.Begun {
		t.Errorf("the adoption is %+v", bucket.Adoption)
	}
	if drift := contents.DriftOf(there.ID()); len(drift) > 0 {
		t.Errorf("drift after the adoption: %v", drift)
	}
	for property, want := range map[string]any{"AbacStatus": "Disabled", "BucketNamespace": nil} {
		if got := done.Properties("Bucketold")[property]; got != want {
			t.Errorf("%s is %v, not %v", property, got, want)
		}
	}
	if got := done.Attribute("Bucketold", "DeletionPolicy"); got != "Retain" {
		t.Errorf("DeletionPolicy is %q", got)
	}
}

const (
	archive   = `{"Id":"archive","Status":"Enabled","Prefix":"","Transitions":[{"StorageClass":"GLACIER","TransitionInDays":30}]}`
	statement = `{"Sid":"Partner","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::legacy/*"}`
	rich      = `"VersioningConfiguration":{"Status":"Enabled"},"WebsiteConfiguration":{"IndexDocument":"i"},` +
		`"AccelerateConfiguration":{"AccelerationStatus":"Suspended"},` +
		`"LifecycleConfiguration":{"TransitionDefaultMinimumObjectSize":"varies_by_storage_class","Rules":[` + archive +
		`,{"Id":"expire","Status":"Disabled","Prefix":"x/","ExpirationInDays":1},{"Id":"old","Status":"Enabled","Prefix":"","ExpirationInDays":400}]},` +
		`"NotificationConfiguration":{"TopicConfigurations":[{"Event":"s3:ObjectCreated:*","Topic":"arn:t"}],"QueueConfigurations":[],"LambdaConfigurations":[]},` +
		`"ObjectLockEnabled":true,"ObjectLockConfiguration":{"ObjectLockEnabled":"Enabled","Rule":{"DefaultRetention":{"Mode":"GOVERNANCE","Years":1}}}`
)

func TestAdopt_UnmodeledSettings(t *testing.T) {
	base := edit(t, seed(), Change{Op: Create, Entity: home()})
	live := decodeLive(t, withSettings(rich), `{"Version":"2012-10-17","Statement":[`+statement+`]}`)
	entity := live.Entity(testEnv(), "old", model.KeepUnmodeled)
	if entity.Lifecycle != (model.Lifecycle{ExpireAfterDays: 400}) || entity.ObjectLock != nil || entity.Unversioned {
		t.Errorf("what the model can express: %+v", entity)
	}
	words := strings.Join(entity.Adoption.Unmodeled(), "\n")
	for _, want := range []string{"website hosting", "object lock without", `"Id":"archive"`, `"Prefix":"x/"`, "SNS topics", "Partner"} {
		if !strings.Contains(words, want) {
			t.Errorf("%q is not in the list:\n%s", want, words)
		}
	}
	if strings.Contains(words, "acceleration") || strings.Contains(words, "SQS") || len(entity.Adoption.Unmodeled()) != 6 {
		t.Errorf("what means nothing is in the list:\n%s", words)
	}
	adopted := adopt(t, base, live, model.KeepUnmodeled)
	if n := len(adopted.Intents); n != 2 || adopted.Intents[1].Action != Import ||
		adopted.Intents[1].PhysicalID != "legacy" {
		t.Errorf("intents %v", adopted.Intents)
	}
	for settings, kept := range map[model.Unmodeled]bool{model.KeepUnmodeled: true, model.RemoveUnmodeled: false} {
		done := edit(t, adopted.Template, Change{Op: Update, Entity: configured(settings), Incarnation: "one"})
		if drift := parse(t, done).Drift; len(drift) > 0 {
			t.Errorf("%s: drift: %v", settings, drift)
		}
		text := string(encodeJSON(done.Properties("Bucketold"))) + string(encodeJSON(done.Properties("BucketPolicyold")))
		for _, part := range []string{"IndexDocument", `"Id":"archive"`, `"arn:t"`, `"Years":1`, `"Sid":"Partner"`, "varies_by_storage_class"} {
			if strings.Contains(text, part) != kept {
				t.Errorf("%s: %s is there: %t", settings, part, !kept)
			}
		}
		if !strings.Contains(text, `"Suspended"`) || !strings.Contains(text, `"Sid":"RequireTLS"`) {
			t.Errorf("%s: %s", settings, text)
		}
		changed := configured(settings)
		changed.Tags = map[string]string{"c": "3"}
		again := edit(t, done, Change{Op: Update, Entity: changed, Prior: configured(settings), Incarnation: "one"})
		if strings.Contains(string(encodeJSON(again.Properties("Bucketold"))), "IndexDocument") != kept {
			t.Errorf("%s: another update changes what is kept", settings)
		}
		removed := configured(model.RemoveUnmodeled)
		again = edit(t, again, Change{Op: Update, Entity: removed, Prior: configured(settings), Incarnation: "one"})
		if strings.Contains(string(encodeJSON(again.Properties("Bucketold"))), "IndexDocument") {
			t.Errorf("%s, then remove: it is still there", settings)
		}
	}
}

func TestLive_Differences(t *testing.T) {
	one := decodeLive(t, plainBucket, "")
	shuffled := strings.Replace(
		strings.Replace(plainBucket, `{"Key":"b","Value":"2"},`, "", 1), `,{"Key":"a","Value":"1"}`,
		`,{"Key":"a","Value":"1"},{"Key":"b","Value":"2"}`, 1,
	)
	shuffled = strings.Replace(shuffled, `"Value":"old"`, `"Value":"new"`, 1)
	if got := one.Differences(decodeLive(t, shuffled, "")); len(got) > 0 {
		t.Errorf("another order of tags, and other tags of AWS: %v", got)
	}
	if got := one.Differences(
		decodeLive(t, withSettings(`"VersioningConfiguration":{"Status":"Enabled"}`), `{"Statement":[]}`),
	); len(got) != 2 {
		t.Errorf("two differences: %v", got)
	}
	text := one.Encode()
	again, err := ReadLive(text)
	if err != nil || len(one.Differences(again)) > 0 || string(again.Encode()) != string(text) {
		t.Errorf("encoded and read again: %v, %s", err, again.Encode())
	}
	if _, err := ReadLive(json.RawMessage(`{"bucket":null}`)); err == nil {
		t.Error("no bucket is read without an error")
	}
}

func TestAdopted_ShowsWhatThePlanChanges(t *testing.T) {
	base := parse(t, edit(t, seed(), Change{Op: Create, Entity: home()}))
	live := decodeLive(t, plainBucket, "")
	contents, err := Adopted(base, live.Entity(testEnv(), "old", ""), "one", "", live)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, d := range contents.DriftOf(model.ID{Kind: model.KindBucket, Name: "old"}) {
		all = append(all, d.String())
	}
	text := strings.Join(all, "\n")
	for _, want := range []string{"LoggingConfiguration", "PublicAccessBlockConfiguration", "BucketEncryption", "BucketPolicyold is missing", "NotificationConfiguration"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not shown:\n%s", want, text)
		}
	}
}

// TestAdopt_Twice adopts one bucket under two names, in one batch and in two.
func TestAdopt_Twice(t *testing.T) {
	live := decodeLive(t, plainBucket, "")
	base := edit(t, seed(), Change{Op: Create, Entity: home()})
	as := func(name string) Change {
		return Change{Op: Adopt, Entity: live.Entity(testEnv(), name, ""), Live: live, Incarnation: name}
	}
	for _, edited := range []*Edited{
		tried(t, base, as("old"), as("other")), tried(t, edit(t, base, as("old")), as("other")),
	} {
		var twice *AdoptedTwiceError
		if err := edited.Errors[len(edited.Errors)-1]; !errors.As(err, &twice) || twice.Other.Name != "old" {
			t.Errorf("the error is %v", err)
		}
	}
}

// TestAdopt_RoomForThePolicy fills a stack with adoptions: what the second commits add fits, too.
func TestAdopt_RoomForThePolicy(t *testing.T) {
	base := edit(t, seed(), Change{Op: Create, Entity: home()})
	var changes, updates []Change
	for i := range 300 {
		name := fmt.Sprintf("old-%d", i)
		live := decodeLive(t, fmt.Sprintf(`{"BucketName":"legacy-%s"}`, name), "")
		changes = append(changes, Change{Op: Adopt, Entity: live.Entity(testEnv(), name, ""), Live: live, Incarnation: name})
	}
	edited := tried(t, base, changes...)
	for i, err := range edited.Errors {
		if err != nil {
			continue
		}
		bucket := changes[i].Entity.(model.Bucket)
		bucket.Adoption, bucket.OnDelete, bucket.Lifecycle = nil, model.Refuse, model.DefaultLifecycle()
		updates = append(updates, Change{Op: Update, Entity: bucket, Incarnation: bucket.Name})
	}
	if len(updates) == 0 || len(updates) == len(changes) {
		t.Fatalf("%d of %d were adopted", len(updates), len(changes))
	}
	if n := len(edit(t, edited.Template, updates...).resources); n > Budget().Resources {
		t.Errorf("the stack has %d resources", n)
	}
}
