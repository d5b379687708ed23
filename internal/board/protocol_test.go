//go:build browser

package board_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/stowage/terraform-provider-stowage/internal/board"
	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// step is a client's reaction to one text: what it sends, whether it rejects the text, and what it
// knows then.
type step struct {
	Send   []event.Message
	Failed bool
	Ends   time.Time
	Heard  time.Time
	// Reconnect and LastError are the last ones received.
	Reconnect *event.Reconnect
	LastError *event.Error
	Projects  map[string]known
}

// known is a client's state of a project.
type known struct {
	Position   event.Position
	Complete   bool
	Stacks     map[int]knownStack
	Commits    []event.Commit
	Gaps       []event.Missed
	Operations []event.Operation // at the time epoch
	Entities   event.Entities    // of all stacks
}

type knownStack struct {
	State    event.StackState
	Contents event.StackVersion
	Facts    *event.Facts
	Entities event.Entities
}

// goSteps returns the steps of event.Client. "" is a new connection.
func goSteps(t *rapid.T, texts []string) []step {
	var client event.Client
	var steps []step
	for _, text := range texts {
		var s step
		if text == "" {
			s.Send = []event.Message{client.Hello()}
		} else {
			send, err := client.Receive([]byte(text))
			s.Send, s.Failed = send, err != nil
		}
		s.Ends, s.Heard, s.Reconnect, s.LastError, s.Projects = client.Ends, client.Heard, client.Reconnect, client.LastError, map[string]known{}
		for _, name := range client.Projects() {
			v := client.View(name)
			k := known{
				v.Position, client.Complete(name), map[int]knownStack{}, v.Commits, v.Gaps, v.Operations(epoch),
				grouped(v.Entities()),
			}
			for n, stack := range v.Stacks {
				entities := slices.SortedFunc(
					maps.Values(stack.Entities), func(a, b model.Entity) int { return a.ID().Compare(b.ID()) },
				)
				k.Stacks[n] = knownStack{stack.StackState, stack.Contents, stack.Facts, grouped(entities)}
			}
			s.Projects[name] = k
		}
		// The view changes later: encode its current state.
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var then step
		if err := json.Unmarshal(text, &then); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, then)
	}
	return steps
}

func grouped(entities []model.Entity) event.Entities {
	var by event.Entities
	for _, entity := range entities {
		by.Add(entity)
	}
	return by
}

// pageSteps is goSteps in JavaScript, as a function in the page.
const pageSteps = `Promise.all(["protocol", "content", "attention", "tree"].map((name) => import("./" + name + ".js"))).then((modules) => {
	const { Client, Marks, attention, changes, commits, rows } = Object.assign({}, ...modules);
	const members = { project: "project", bucket: "buckets", user: "users", permission: "permissions", listing: "listings" };
	const grouped = (entities) => {
		const by = {};
		for (const { kind, entity } of [...entities.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
			if (kind === "project") by.project = entity;
			else (by[members[kind]] ??= []).push(entity);
		}
		return by;
	};
	const date = (ms) => (Number.isFinite(ms) ? new Date(ms).toISOString() : undefined);
	window.steps = (texts) => {
		const client = new Client(), marks = new Marks();
		return texts.map((text) => {
			let Send = [], Failed = false;
			try {
				Send = text === "" ? [client.hello()] : client.receive(text);
			} catch {
				Failed = true;
			}
			const Projects = {};
			for (const name of client.projects()) {
				const v = client.view(name), Stacks = {};
				for (const s of v.ordered()) {
					const { contents, facts, entities, ...State } = s;
					Stacks[s.shard] = { State, Contents: contents, Facts: facts, Entities: grouped(entities) };
				}
				Projects[name] = {
					Position: v.position, Complete: client.complete(name), Stacks, Commits: v.commits, Gaps: v.gaps.map(({ from, to, reason }) => ({ From: from, To: to, Reason: reason })),
					Operations: v.operations(Date.parse("2026-05-01T12:00:00Z")), Entities: grouped(v.entities()),
				};
			}
			// The page can show whatever is known.
			const now = Date.parse("2026-05-01T12:00:00Z");
			marks.update(client, now);
			for (const of of [attention, changes, commits]) of(client, now);
			for (const search of ["", "in"]) rows(client, { now, search, marks, isOpen: () => true });
			// What is shown is changed later: it must be what it is now.
			return structuredClone({ Send, Failed, Ends: client.ends ?? undefined, Heard: date(client.heard), Reconnect: client.reconnect ?? undefined, LastError: client.lastError ?? undefined, Projects });
		});
	};
})`

// TestProtocol_SameAsGoClient sends both clients the same messages: regular, lost, late and
// invalid ones. After each of them both must have sent the same and know the same.
func TestProtocol_SameAsGoClient(t *testing.T) {
	server := httptest.NewServer(board.Handler(board.Settings{}))
	defer server.Close()
	p := startChromium(t).open(t, server.URL, desktop)
	p.until(`document.readyState === "complete"`)
	eval[any](p, pageSteps)
	rapid.Check(t, func(rt *rapid.T) {
		texts := rapid.Custom(drawTexts).Draw(rt, "texts")
		encoded, err := json.Marshal(texts)
		if err != nil {
			rt.Fatal(err)
		}
		want, got := goSteps(rt, texts), eval[[]step](p, "steps("+string(encoded)+")")
		if len(got) != len(want) {
			rt.Fatalf("%d steps, not %d", len(got), len(want))
		}
		for i := range want {
			diff := cmp.Diff(
				want[i], got[i], cmpopts.EquateEmpty(),
				cmpopts.SortSlices(func(a, b event.Message) bool { return a.Project < b.Project }),
				cmp.FilterValues(func(a, b json.RawMessage) bool { return len(a) > 0 && len(b) > 0 }, cmp.Comparer(sameJSON)),
			)
			if diff != "" {
				rt.Fatalf("after text %d of\n%s\n(- Go, + JavaScript)\n%s", i, strings.Join(texts[:i+1], "\n"), diff)
			}
		}
	})
}

func sameJSON(a, b json.RawMessage) bool {
	var said, wanted any
	return json.Unmarshal(a, &said) == nil && json.Unmarshal(b, &wanted) == nil && cmp.Equal(said, wanted)
}

// drawTexts draws the texts that a client receives; "" opens a new connection.
func drawTexts(t *rapid.T) []string {
	var texts []string
	for range rapid.IntRange(1, 40).Draw(t, "messages") {
		switch rapid.IntRange(0, 19).Draw(t, "what") {
		case 0:
			texts = append(texts, "")
		case 1:
			texts = append(texts, rapid.SampledFrom(nonsense).Draw(t, "nonsense"))
		default:
			parts, err := drawMessage(t).Encode()
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range parts {
				texts = append(texts, string(part))
			}
			if len(parts) > 1 { // parts arrive in any order, may repeat and may be lost
				last := texts[len(texts)-len(parts):]
				for i := range last {
					j := rapid.IntRange(0, len(last)-1).Draw(t, "place")
					last[i], last[j] = last[j], last[i]
				}
				if rapid.IntRange(0, 3).Draw(t, "lost") == 0 {
					texts = texts[:len(texts)-1]
				}
			}
		}
		if len(texts) > 0 && rapid.IntRange(0, 9).Draw(t, "again") == 0 {
			texts = append(texts, rapid.SampledFrom(texts).Draw(t, "which"))
		}
	}
	return texts
}

// nonsense contains texts that are no complete message of this version.
var nonsense = []string{
	`{`,
	`[]`,
	`1`,
	`"hello"`,
	`{}`,
	`{"v":1}`,
	`{"v":2,"type":"welcome","data":{"projects":{}}}`,
	`{"v":2,"type":"heartbeat","data":{"projects":{}}}`,
	`{"v":1,"type":"welcome"}`,
	`{"v":1,"type":"heartbeat","data":{}}`,
	`{"v":1,"type":"heartbeat"}`,
	`{"v":1,"type":"reconnect"}`,
	`{"v":1,"type":"error","project":"demo"}`,
	`{"v":1,"type":"snapshot","project":"demo","epoch":"a","seq":4}`,
	`{"v":1,"type":"weather","data":{"rain":true}}`,
	`{"v":1,"type":"stack","project":"demo","epoch":"a"}`,
	`{"v":1,"type":"stack","project":"demo","epoch":"a","seq":1}`,
	`{"v":1,"type":"stack","project":"demo","epoch":"a","seq":2,"data":{"shard":0,"mood":1}}`,
	`{"v":1,"type":"operation","project":"demo","epoch":"a","seq":2,"data":{"shard":0}}`,
	`{"v":1,"type":"operation","project":"demo","epoch":"a","seq":2}`,
	`{"v":1,"type":"stack","epoch":"a","seq":2,"data":{"shard":0}}`,
	`{"v":1,"type":"snapshot","project":"demo","id":"a","part":3,"parts":2,"data":{}}`,
	`{"v":1,"type":"snapshot","project":"demo","part":1,"parts":2,"data":{}}`,
	`{"v":1,"type":"snapshot","project":"demo","epoch":"a","seq":3,"data":{"stacks":[{"shard":7,"mood":[null]}],"mood":1},"mood":{}}`,
}

// drawMessage draws a message of the server.
func drawMessage(t *rapid.T) event.Message {
	kinds := []event.Type{
		event.TypeWelcome,
		event.TypeHeartbeat,
		event.TypeSnapshot,
		event.TypeSnapshot,
		event.TypeGap,
		event.TypeReconnect,
		event.TypeError,
		event.TypeStack,
		event.TypeStack,
		event.TypeStack,
		event.TypeStack,
		event.TypeStack,
		event.TypeOperation,
		event.TypeOperation,
		"weather",
	}
	kind := rapid.SampledFrom(kinds).Draw(t, "type")
	about := true
	var data any
	switch kind {
	case event.TypeWelcome:
		about = false
		data = event.Welcome{Protocol: "1.7", HeartbeatSeconds: 60, Ends: drawTime(t), Projects: drawPositions(t)}
	case event.TypeHeartbeat:
		about = false
		data = event.Heartbeat{Projects: drawPositions(t)}
	case event.TypeReconnect:
		about = false
		data = event.Reconnect{Ends: drawTime(t), SpreadSeconds: rapid.IntRange(0, 300).Draw(t, "spread")}
	case event.TypeSnapshot:
		data = drawSnapshot(t)
	case event.TypeGap:
		data = drawGap(t)
	case event.TypeError:
		about = rapid.Bool().Draw(t, "about a project")
		codes := []event.ErrorCode{
			event.CodeUnknownProject, event.CodeUnavailable, event.CodeVersion, event.CodeBadMessage, "tired",
		}
		data = event.Error{
			Code: rapid.SampledFrom(codes).Draw(t, "code"), Message: "no",
			RetrySeconds: rapid.IntRange(0, 5).Draw(t, "retry"),
		}
	case event.TypeStack:
		data = drawChange(t)
	case event.TypeOperation:
		data = event.OperationChange{
			Shard: rapid.IntRange(0, 1).Draw(t, "shard"), Version: drawVersion(t), Operation: drawOperation(t),
		}
	default:
		data = map[string]any{"rain": true}
	}
	m, err := event.Of(kind, data)
	if err != nil {
		t.Fatal(err)
	}
	m.Time = drawTime(t)
	if about {
		at := drawPosition(t)
		m.Project, m.Epoch, m.Seq = drawProject(t), at.Epoch, at.Seq
	}
	if kind == event.TypeStack || kind == event.TypeOperation || kind == "weather" {
		m.Seq = max(m.Seq, 1)
		m.Revision = rapid.Int64Range(0, 3).Draw(t, "revision")
		m.Run = rapid.SampledFrom([]string{"", "run-1"}).Draw(t, "run")
		if rapid.IntRange(0, 19).Draw(t, "version") == 0 {
			m.V = 2
		}
	}
	return m
}

func drawProject(t *rapid.T) string {
	return rapid.SampledFrom([]string{"demo", "demo", "demo", "constructor", "other"}).Draw(t, "project")
}

func drawTime(t *rapid.T) time.Time {
	return epoch.Add(time.Duration(rapid.IntRange(-2, 3).Draw(t, "time")) * 700 * time.Millisecond)
}

func drawPosition(t *rapid.T) event.Position {
	return event.Position{
		Epoch: rapid.SampledFrom([]string{"a", "a", "a", "b"}).Draw(t, "epoch"),
		Seq:   rapid.Int64Range(0, 5).Draw(t, "seq"),
	}
}

func drawPositions(t *rapid.T) map[string]event.Position {
	positions := map[string]event.Position{}
	for range rapid.IntRange(0, 2).Draw(t, "projects") {
		positions[drawProject(t)] = drawPosition(t)
	}
	return positions
}

func drawGap(t *rapid.T) event.Gap {
	reasons := []event.GapReason{event.GapExpired, event.GapEpoch, event.GapMany}
	return event.Gap{From: 1, To: 2, Reason: rapid.SampledFrom(reasons).Draw(t, "reason")}
}

func drawVersion(t *rapid.T) event.StackVersion {
	return event.StackVersion{
		StackID: rapid.SampledFrom([]string{"one", "one", "two"}).Draw(t, "stack"), LastUpdated: drawTime(t),
		Phase: rapid.IntRange(1, 2).Draw(t, "phase"),
	}
}

func drawOperation(t *rapid.T) *event.Operation {
	if rapid.IntRange(0, 2).Draw(t, "operation") == 0 {
		return nil
	}
	return &event.Operation{
		Token:   rapid.SampledFrom([]string{"t1", "t2"}).Draw(t, "token"),
		Run:     "run-1",
		Who:     rapid.SampledFrom([]string{"", "alice"}).Draw(t, "who"),
		Members: []string{"bucket inbox"},
		Started: drawTime(t),
		Expires: drawTime(t),
	}
}

func drawState(t *rapid.T) event.StackState {
	statuses := []string{
		"UPDATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED", "DELETE_COMPLETE",
	}
	shard := rapid.IntRange(0, 1).Draw(t, "shard")
	return event.StackState{
		Shard:     shard,
		StackName: fmt.Sprint("stowage-demo-", shard),
		Version:   drawVersion(t),
		Status:    rapid.SampledFrom(statuses).Draw(t, "status"),
		Revision:  rapid.Int64Range(0, 3).Draw(t, "revision"),
		Reason:    rapid.SampledFrom([]string{"", "it failed"}).Draw(t, "reason"),
		Operation: drawOperation(t),
	}
}

func drawFacts(t *rapid.T) *event.Facts {
	if rapid.Bool().Draw(t, "without facts") {
		return nil
	}
	return &event.Facts{
		Usage:    event.Usage{Resources: rapid.IntRange(0, 9).Draw(t, "resources")},
		Policies: map[string]int{"partner": 2}, MaxPolicies: 10,
	}
}

func drawEntities(t *rapid.T) event.Entities {
	var entities event.Entities
	if rapid.IntRange(0, 3).Draw(t, "project") == 0 {
		entities.Project = &model.Project{
			Name: "demo", Region: rapid.SampledFrom([]string{"eu-west-1", "us-east-1"}).Draw(t, "region"),
		}
	}
	for _, name := range []string{"inbox", "outbox", "constructor"} {
		if rapid.IntRange(0, 2).Draw(t, name) > 0 {
			continue
		}
		b := model.Bucket{Name: name, Unversioned: rapid.Bool().Draw(t, "unversioned"), Tags: map[string]string{}}
		for n := range rapid.SampledFrom([]int{0, 0, 0, 0, 50}).Draw(t, "tags") {
			b.Tags[fmt.Sprint("tag-", n)] = strings.Repeat("ü\u2028", 250)
		}
		entities.Buckets = append(entities.Buckets, b)
	}
	for n := range rapid.SampledFrom([]int{0, 1, 1, 25}).Draw(t, "users") {
		entities.Users = append(
			entities.Users, model.User{Name: fmt.Sprint("partner", n), SourceIPs: []string{"192.0.2.0/24"}},
		)
	}
	for _, prefix := range []string{"", "incoming/"} {
		if rapid.Bool().Draw(t, "permission") {
			entities.Permissions = append(
				entities.Permissions,
				model.Permission{User: "partner0", Bucket: "inbox", Prefix: prefix, Access: model.Read},
			)
		}
	}
	if rapid.IntRange(0, 3).Draw(t, "listing") == 0 {
		entities.DirectoryEntries = []model.DirectoryEntry{{Name: "demo"}}
	}
	return entities
}

func drawChange(t *rapid.T) event.StackChange {
	change := event.StackChange{StackState: drawState(t), Ended: drawOperation(t)}
	if rapid.IntRange(0, 14).Draw(t, "too large") == 0 {
		change.Reload = true
		return change
	}
	change.Facts, change.Put = drawFacts(t), drawEntities(t)
	ids := []model.ID{
		{Kind: model.KindBucket, Name: "inbox"}, {Kind: model.KindBucket, Name: "constructor"},
		{Kind: model.KindPermission, Name: "partner0/inbox/incoming/"}, {Kind: model.KindUser, Name: "nobody"},
	}
	for _, id := range ids {
		if rapid.IntRange(0, 2).Draw(t, "removed") == 0 {
			change.Removed = append(change.Removed, id)
		}
	}
	return change
}

func drawSnapshot(t *rapid.T) event.Snapshot {
	s := event.Snapshot{Stacks: []event.StackSnapshot{}}
	for range rapid.IntRange(0, 2).Draw(t, "stacks") {
		stack := event.StackSnapshot{StackState: drawState(t), Facts: drawFacts(t), Entities: drawEntities(t)}
		if rapid.Bool().Draw(t, "with contents") {
			version := drawVersion(t)
			stack.Contents = &version
		}
		s.Stacks = append(s.Stacks, stack)
	}
	for n := range rapid.SampledFrom([]int{0, 0, 1, 50}).Draw(t, "commits") {
		s.Commits = append(
			s.Commits,
			event.Commit{Seq: int64(n), Time: epoch, StackName: "stowage-demo-0", Status: "UPDATE_COMPLETE", PutCount: n},
		)
	}
	if rapid.Bool().Draw(t, "gap") {
		gap := drawGap(t)
		s.Gap = &gap
	}
	return s
}
