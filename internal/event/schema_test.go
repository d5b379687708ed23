package event_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/event/schematest"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

func schemas(t interface {
	Helper()
	Fatal(...any)
}) *schematest.Validator {
	t.Helper()
	folder, err := fs.Sub(event.Schemas, "schema")
	if err != nil {
		t.Fatal(err)
	}
	v, err := schematest.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func schemaOf(m event.Message) string {
	switch {
	case m.Parts > 1:
		return "part.json"
	case m.Type == event.TypeSnapshot && m.Data == nil:
		return "snapshot-request.json"
	}
	return string(m.Type) + ".json"
}

var noon = time.Date(2026, 5, 1, 12, 0, 0, 123e6, time.UTC)

func state() event.StackState {
	return event.StackState{
		Shard:     1,
		StackName: "stowage-demo-1",
		Status:    "UPDATE_ROLLBACK_FAILED",
		Revision:  3,
		Reason:    "The following resource(s) failed to update: [X]",
		Version: event.StackVersion{
			StackID: "arn:aws:cloudformation:eu-west-1:111122223333:stack/stowage-demo-1/a", LastUpdated: noon,
			Phase: 2,
		},
		Operation: operation(),
	}
}

func operation() *event.Operation {
	return &event.Operation{
		Token:   "token",
		Run:     "run-1",
		Who:     "arn:aws:iam::111122223333:user/alice",
		Members: []string{"bucket inbox", "permission partner/inbox/in/"},
		Started: noon,
		Expires: noon.Add(time.Hour),
	}
}

func entities() event.Entities {
	inactive := noon.Add(time.Hour)
	tags := map[string]string{"team": "data"}
	var all event.Entities
	for _, e := range []model.Entity{
		model.Project{Name: "demo", AccountID: "111122223333", Region: "eu-west-1", RoleName: "role", OnDelete: model.Refuse, SFTP: true, Tags: tags, Closing: true},
		model.Bucket{
			Name: "inbox", BucketName: "demo-inbox", Unversioned: true, KMSKeyARN: "arn:aws:kms:eu-west-1:111122223333:key/a",
			Lifecycle:  model.Lifecycle{ExpireAfterDays: 1, ExpireNoncurrentAfterDays: 2, AbortMultipartAfterDays: 3},
			ObjectLock: &model.ObjectLock{Mode: "COMPLIANCE", Days: 1},
			CORS:       []model.CORSRule{{AllowedOrigins: []string{"*"}, AllowedMethods: []string{"GET"}, AllowedHeaders: []string{"*"}, ExposeHeaders: []string{"etag"}, MaxAgeSeconds: 5}},
			OnDelete:   model.Empty, Tags: tags,
		},
		model.User{
			Name: "partner", SourceIPs: []string{"203.0.113.0/24"}, Tags: tags, SecretReaders: []string{"arn:aws:iam::111122223333:role/reader"},
			AccessKey: &model.AccessKey{
				Disabled: true, Rotation: &model.Rotation{EveryDays: 90, OverlapDays: 7}, Trigger: "again",
				Keys: map[model.Slot]model.Key{model.SlotA: {Created: noon, Inactive: &inactive}, model.SlotB: {Created: noon}},
			},
			SFTP: &model.SFTP{PublicKeys: []string{"ssh-ed25519 AAAA"}},
		},
		model.Permission{User: "partner", Bucket: "inbox", Prefix: "in/", Access: model.ReadWrite, AllowDelete: true},
		model.DirectoryEntry{Name: "demo", AccountID: "111122223333", Region: "eu-west-1", RoleName: "role"},
	} {
		all.Add(e)
	}
	return all
}

func messages(t *testing.T) []event.Message {
	t.Helper()
	id := model.ID{Kind: model.KindBucket, Name: "old"}
	positions := map[string]event.Position{"demo": {Epoch: "e1", Seq: 7}, "directory": {Epoch: "e2"}}
	facts := &event.Facts{
		Usage:        event.Usage{Resources: 1, TemplateBytes: 2, BodyBytes: 3},
		Budget:       event.Usage{Resources: 450, TemplateBytes: 900_000, BodyBytes: 350_000},
		Policies:     map[string]int{"partner": 2},
		MaxPolicies:  10,
		Drift:        []event.Drift{{Of: []model.ID{id}, Text: "X was removed by hand", Live: true}},
		DriftChecked: &noon,
	}
	gap := event.Gap{From: 3, To: 9, Reason: event.GapExpired}
	contents := state().Version
	var all []event.Message
	add := func(kind event.Type, data any, change func(*event.Message)) {
		m, err := event.Of(kind, data)
		if err != nil {
			t.Fatal(err)
		}
		change(&m)
		all = append(all, m)
	}
	inEvent := func(m *event.Message) {
		m.Project, m.Epoch, m.Seq, m.Revision, m.Time, m.Run = "demo", "e1", 7, 3, noon, "run-1"
	}
	inProject := func(m *event.Message) { m.Project, m.Epoch, m.Seq, m.Time = "demo", "e1", 7, noon }
	alone := func(m *event.Message) { m.Time = noon }
	change := event.StackChange{
		StackState: state(), Ended: operation(), Facts: facts, Put: entities(), Removed: []model.ID{id},
	}
	add(event.TypeStack, change, inEvent)
	ended := all[0]
	change.Status, change.Facts, change.Put, change.Removed, change.Reload = "UPDATE_COMPLETE", nil, event.Entities{}, nil, true
	add(event.TypeStack, change, inEvent)
	change.Reload, change.Facts, change.DriftOnly = false, facts, true
	add(event.TypeStack, change, inEvent)
	add(event.TypeOperation, event.OperationChange{Shard: 1, Version: state().Version, Operation: operation()}, inEvent)
	add(event.TypeWelcome, event.Welcome{Protocol: "1.0", HeartbeatSeconds: 60, Ends: noon, Projects: positions}, alone)
	add(event.TypeHeartbeat, event.Heartbeat{Projects: positions}, alone)
	add(event.TypeHeartbeat, event.Heartbeat{}, alone)
	add(event.TypeReconnect, event.Reconnect{Ends: noon, SpreadSeconds: 300}, alone)
	add(event.TypeGap, gap, inProject)
	add(event.TypeSnapshot, event.Snapshot{
		Stacks:  []event.StackSnapshot{{StackState: state(), Contents: &contents, Facts: facts, Entities: entities()}},
		Commits: event.Commits([]event.Event{ended}), Gap: &gap,
	}, inProject)
	add(
		event.TypeError,
		event.Error{Code: event.CodeUnavailable, Message: "later", Request: event.TypeResume, RetrySeconds: 5},
		func(m *event.Message) {
			m.Project, m.Time = "demo", noon
		},
	)
	add(event.TypeHello, event.Hello{Versions: []int{1}, Projects: positions}, func(*event.Message) {})
	add(event.TypeResume, nil, func(m *event.Message) { m.Project, m.Epoch, m.Seq = "demo", "e1", 7 })
	add(event.TypeSnapshot, nil, func(m *event.Message) { m.Project = "demo" })
	add(event.TypePing, nil, func(*event.Message) {})
	add(event.TypeWelcome, nil, func(m *event.Message) {
		m.Project, m.Epoch, m.Seq, m.Revision, m.Time, m.Run, m.ID, m.Part, m.Parts = "demo", "e1", 7, 3, noon, "run-1", "id", 1, 2
		m.Data = json.RawMessage(`{}`)
	})
	return all
}

// Every message is valid, and the schemas describe no member that no message has.
func TestMessagesKeepToTheirSchemas(t *testing.T) {
	v := schemas(t)
	for _, m := range messages(t) {
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range v.Validate(schemaOf(m), text) {
			t.Errorf("%s %s: %s", schemaOf(m), text, problem)
		}
	}
	for _, place := range v.Unseen() {
		t.Errorf("no message has %s", place)
	}
}

func TestSchemas_Refusals(t *testing.T) {
	v := schemas(t)
	const version = `"version":{"stack_id":"a","last_updated":"2026-05-01T12:00:00Z","phase":4}`
	envelope := `"v":1,"type":"operation","project":"demo","epoch":"e","seq":1,"time":"2026-05-01T12:00:00Z"`
	good := `{` + envelope + `,"data":{"shard":0,` + version + `}}`
	if problems := v.Validate("operation.json", []byte(good)); len(problems) > 0 {
		t.Fatal(problems)
	}
	for old, spoilt := range map[string]string{
		`"v":1`:           `"v":2`,
		`"operation"`:     `"stack"`,
		`"demo"`:          `"Demo"`,
		`"epoch":"e",`:    ``,
		`"seq":1`:         `"seq":0`,
		`"shard":0`:       `"shard":-1`,
		`"phase":4`:       `"phase":"4"`,
		`12:00:00Z","ph`:  `noon","ph`,
		`"shard":0,`:      `"shard":0,"secret":"x",`,
		`"stack_id":"a",`: ``,
	} {
		text := strings.Replace(good, old, spoilt, 1)
		if text == good {
			t.Fatalf("%s is not in %s", old, good)
		}
		if problems := v.Validate("operation.json", []byte(text)); len(problems) != 1 {
			t.Errorf("%s: %q", text, problems)
		}
	}
}

// The AsyncAPI document names every message and refers to existing schemas.
func TestAsyncAPI_AllMessages(t *testing.T) {
	for _, folder := range []string{"templates", "docs"} {
		document := filepath.Join("..", "..", folder, "live", "asyncapi.yaml")
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		var referred []string
		for _, match := range regexp.MustCompile(`\$ref: ['"]?(\.\.[^'"#\s]+\.json)`).FindAllSubmatch(text, -1) {
			path := filepath.Join(filepath.Dir(document), string(match[1]))
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s: %v", document, err)
			}
			referred = append(referred, filepath.Base(path))
		}
		all, err := fs.Glob(event.Schemas, "schema/*.json")
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range all {
			if name := filepath.Base(path); name != "types.json" && !slices.Contains(referred, name) {
				t.Errorf("%s does not refer to %s", document, name)
			}
		}
		if version := fmt.Sprintf("version: %d.%d.0", event.Version, event.Minor); !strings.Contains(string(text), version) {
			t.Errorf("%s is not of %s", document, version)
		}
	}
}
