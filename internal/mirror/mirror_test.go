package mirror_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

func holding(names ...string) *template.Contents {
	contents := &template.Contents{Env: template.Env{Project: "demo", Region: "eu-west-1"}}
	for _, name := range names {
		contents.Buckets = append(
			contents.Buckets,
			model.Bucket{Name: name, BucketName: "demo-" + name, Lifecycle: model.DefaultLifecycle(), OnDelete: model.Refuse},
		)
	}
	return contents
}

// reading returns the update of a writer that has read the stack at that version.
func reading(v mirror.Version) mirror.Update {
	return mirror.Update{
		Version: v, StackName: "stowage-demo-0",
		Contents: holding(fmt.Sprintf("b%d-%d", v.LastUpdated.UnixMilli(), mirror.PhaseOf(v.Status))),
	}
}

// mustWrite writes, and fails unless the write wins.
func (b *bench) mustWrite(t *testing.T, project string, shard int, u mirror.Update) *mirror.Head {
	t.Helper()
	won, head, err := b.Write(t.Context(), project, shard, u)
	if err != nil || !won {
		t.Fatalf("won %v, head %+v, error %v", won, head, err)
	}
	return head
}

func (b *bench) mustRead(t *testing.T, project string) *mirror.Snapshot {
	t.Helper()
	snapshot, err := b.Read(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	return snapshot
}

func TestWrite_ReadBack(t *testing.T) {
	b := newBench(t)
	if empty := b.mustRead(t, "demo"); len(empty.Heads)+len(empty.Bodies) != 0 {
		t.Errorf("an unknown project has %+v", empty)
	}
	v := at("a", "UPDATE_COMPLETE", 7)
	v.LastUpdated = v.LastUpdated.Add(123 * time.Microsecond)
	head := b.mustWrite(
		t, "demo", 2, mirror.Update{Version: v, StackName: "stowage-demo-2", Contents: holding("inbox", "outbox")},
	)
	b.mustWrite(t, "demo", 10, reading(at("b", "CREATE_IN_PROGRESS", 3)))
	b.mustWrite(t, "demo-2", 0, reading(at("c", "CREATE_COMPLETE", 3)))

	before := b.calls("Query")
	snapshot := b.mustRead(t, "demo")
	if n := b.calls("Query") - before; n != 1 {
		t.Errorf("reading took %d queries", n)
	}
	want := at("a", "UPDATE_COMPLETE", 7)
	want.Phase = mirror.PhaseOf("UPDATE_COMPLETE")
	if len(snapshot.Heads) != 2 || len(snapshot.Bodies) != 1 {
		t.Fatalf("got %d heads and %d bodies", len(snapshot.Heads), len(snapshot.Bodies))
	}
	if diff := cmp.Diff(
		&mirror.Head{
			Shard: 2, StackName: "stowage-demo-2", Version: want, Seq: 1, Epoch: head.Epoch,
			BodyHash: snapshot.Bodies[2].Hash,
		},
		snapshot.Heads[2],
	); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(head, snapshot.Heads[2]); diff != "" {
		t.Errorf("Write returned another head: %s", diff)
	}
	if diff := cmp.Diff(
		&mirror.Body{Format: 3, Shard: 2, Version: want, Hash: head.BodyHash, Contents: *holding("inbox", "outbox")},
		snapshot.Bodies[2], cmpopts.EquateEmpty(),
	); diff != "" {
		t.Error(diff)
	}
}

func TestDirectory_SeparateFromProjects(t *testing.T) {
	b := newBench(t)
	entry := model.DirectoryEntry{Name: "demo", AccountID: "111122223333", Region: "eu-west-1"}
	b.mustWrite(t, mirror.Directory, 0, mirror.Update{
		Version:   at("directory", "UPDATE_COMPLETE", 1),
		StackName: "stowage-directory-0",
		Contents:  &template.Contents{DirectoryEntries: []model.DirectoryEntry{entry}},
	})
	if diff := cmp.Diff(
		[]model.DirectoryEntry{entry}, b.mustRead(t, mirror.Directory).Bodies[0].Contents.DirectoryEntries,
	); diff != "" {
		t.Error(diff)
	}
}

func TestWrite_BodyOnlyWhenStable(t *testing.T) {
	b := newBench(t)
	b.mustWrite(t, "demo", 0, mirror.Update{Version: at("a", "UPDATE_COMPLETE", 1), Contents: holding("inbox")})
	b.mustWrite(t, "demo", 0, mirror.Update{Version: at("a", "UPDATE_IN_PROGRESS", 2), Contents: holding("other")})
	b.mustWrite(
		t, "demo", 0,
		mirror.Update{Version: at("a", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", 2), Contents: holding("other")},
	)
	s := b.mustRead(t, "demo")
	if body := s.Bodies[0]; body == nil || body.Revision != 1 || body.Contents.Buckets[0].Name != "inbox" ||
		s.Heads[0].BodyHash != body.Hash {
		t.Errorf("the body is %+v", body)
	}
	if s.Heads[0].Status != "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" {
		t.Errorf("the head is %+v", s.Heads[0])
	}
	if _, _, err := b.Write(t.Context(), "demo", 0, mirror.Update{Version: at("a", "UPDATE_COMPLETE", 2)}); err == nil {
		t.Error("a stable status without contents was taken")
	}
}

func TestWrite_StaleOrRepeated(t *testing.T) {
	b := newBench(t)
	latest := b.mustWrite(t, "demo", 0, reading(at("a", "UPDATE_COMPLETE", 5)))
	for _, v := range []mirror.Version{
		at("a", "UPDATE_COMPLETE", 5), at("a", "UPDATE_IN_PROGRESS", 5), at("a", "UPDATE_COMPLETE", 4), at("before", "CREATE_COMPLETE", 5),
	} {
		won, current, err := b.Write(t.Context(), "demo", 0, reading(v))
		if won || err != nil {
			t.Errorf("%s at %s: won %v, error %v", v.Status, v.LastUpdated, won, err)
		}
		if diff := cmp.Diff(latest, current); diff != "" {
			t.Error(diff)
		}
	}
	if n := b.calls("TransactWriteItems"); n != 1 {
		t.Errorf("%d transactions were written", n)
	}
}

// MaybeStale contents of a version are replaced by a better reading of it; others are not.
func TestWrite_MaybeStaleContents(t *testing.T) {
	b := newBench(t)
	v := at("a", "UPDATE_COMPLETE", 5)
	maybeStale := mirror.Update{Version: v, StackName: "stowage-demo-0", Contents: holding("old"), MaybeStale: true}
	certain := mirror.Update{Version: v, StackName: "stowage-demo-0", Contents: holding("inbox")}
	for _, step := range []struct {
		update mirror.Update
		won    bool
	}{{maybeStale, true}, {maybeStale, false}, {certain, true}, {maybeStale, false}, {certain, false}} {
		won, _, err := b.Write(t.Context(), "demo", 0, step.update)
		if won != step.won || err != nil {
			t.Errorf("maybe stale %v: won %v, error %v", step.update.MaybeStale, won, err)
		}
	}
	if body := b.mustRead(t, "demo").Bodies[0]; body.MaybeStale || body.Contents.Buckets[0].Name != "inbox" {
		t.Errorf("the body is %+v", body)
	}
	events, err := b.Events(t.Context(), "demo", 0)
	if err != nil || len(events) != 2 {
		t.Errorf("%d events, error %v", len(events), err)
	}
}

// A write that read the head before another writer stored a later version must not overwrite it.
func TestWrite_Overtaken(t *testing.T) {
	b := newBench(t)
	b.mustWrite(t, "demo", 0, reading(at("a", "UPDATE_COMPLETE", 1)))
	writes := 0
	b.before = func(operation string, _ []byte) *cloud.Response {
		if operation == "TransactWriteItems" {
			if writes++; writes == 1 {
				b.mustWrite(t, "demo", 0, reading(at("a", "UPDATE_COMPLETE", 3)))
			}
		}
		return nil
	}
	won, current, err := b.Write(t.Context(), "demo", 0, reading(at("a", "UPDATE_COMPLETE", 2)))
	if won || err != nil || current.Revision != 3 {
		t.Errorf("won %v, current %+v, error %v", won, current, err)
	}
	if s := b.mustRead(t, "demo"); s.Bodies[0].Revision != 3 {
		t.Errorf("the body is of revision %d", s.Bodies[0].Revision)
	}
}

// Only the head decides the order of versions, even if the counter was set back in the meantime.
func TestWrite_OvertakenRegardlessOfCounter(t *testing.T) {
	b := newBench(t)
	b.mustWrite(t, "demo", 0, reading(at("a", "UPDATE_COMPLETE", 1)))
	counter, err := b.client.GetItem(t.Context(), &sdk.GetItemInput{
		TableName: aws.String(tableName), ConsistentRead: aws.Bool(true), Key: map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: "EVENTS#demo"}, "sk": &types.AttributeValueMemberS{Value: "SEQ"},
		},
	})
	if err != nil || len(counter.Item) == 0 {
		t.Fatalf("the counter is %v, error %v", counter, err)
	}
	writes := 0
	b.before = func(operation string, _ []byte) *cloud.Response {
		if operation == "TransactWriteItems" {
			if writes++; writes == 1 {
				b.mustWrite(t, "demo", 0, reading(at("a", "UPDATE_COMPLETE", 3)))
				if _, err := b.client.PutItem(
					t.Context(), &sdk.PutItemInput{TableName: aws.String(tableName), Item: counter.Item},
				); err != nil {
					t.Error(err)
				}
			}
		}
		return nil
	}
	won, current, err := b.Write(t.Context(), "demo", 0, reading(at("a", "UPDATE_COMPLETE", 2)))
	if won || err != nil || current.Revision != 3 {
		t.Errorf("won %v, current %+v, error %v", won, current, err)
	}
}

// A write that loses only the race for the sequence number takes the next one.
func TestWrite_CounterRace(t *testing.T) {
	for _, before := range []int64{0, 1} {
		t.Run(fmt.Sprintf("after %d events", before), func(t *testing.T) {
			b := newBench(t)
			if before == 1 {
				b.mustWrite(t, "demo", 2, reading(at("c", "UPDATE_COMPLETE", 1)))
			}
			writes := 0
			b.before = func(operation string, _ []byte) *cloud.Response {
				if operation == "TransactWriteItems" {
					if writes++; writes == 1 {
						b.mustWrite(t, "demo", 1, reading(at("b", "UPDATE_COMPLETE", 1)))
					}
				}
				return nil
			}
			if head := b.mustWrite(t, "demo", 0, reading(at("a", "UPDATE_COMPLETE", 1))); head.Seq != before+2 {
				t.Errorf("got number %d", head.Seq)
			}
			events, err := b.Events(t.Context(), "demo", 0)
			if err != nil {
				t.Fatal(err)
			}
			checkEvents(t, events, int(before)+2)
		})
	}
}

func TestWrite_GivesUp(t *testing.T) {
	busy := `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"cancelled","CancellationReasons":[{"Code":"None"},{"Code":"TransactionConflict"}]}`
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.before = func(operation string, _ []byte) *cloud.Response {
			if operation != "TransactWriteItems" {
				return nil
			}
			return &cloud.Response{Status: http.StatusBadRequest, Header: http.Header{}, Body: []byte(busy)}
		}
		start := time.Now()
		won, _, err := b.Write(t.Context(), "demo", 0, reading(at("a", "UPDATE_COMPLETE", 1)))
		if won || err == nil || !strings.Contains(err.Error(), "attempts") {
			t.Errorf("won %v, error %v", won, err)
		}
		if took := time.Since(start); took > 6*time.Second {
			t.Errorf("gave up after %s", took)
		}
	})
}

// The answer to a transaction is lost after it took effect. The SDK retries with the same token,
// and the write has won, once.
func TestWrite_LostAnswer(t *testing.T) {
	b := newBench(t)
	lost := false
	b.after = func(operation string) error {
		if operation == "TransactWriteItems" && !lost {
			lost = true
			return errors.New("connection reset by peer")
		}
		return nil
	}
	b.mustWrite(t, "demo", 0, reading(at("a", "UPDATE_COMPLETE", 1)))
	if !lost {
		t.Fatal("no answer was lost")
	}
	if events, err := b.Events(t.Context(), "demo", 0); err != nil || len(events) != 1 {
		t.Errorf("%d events, error %v", len(events), err)
	}
}

// checkEvents fails unless a project has exactly n events, numbered from 1 without gaps.
func checkEvents(t interface {
	Helper()
	Fatalf(string, ...any)
}, events []event.Event, n int) {
	t.Helper()
	if len(events) != n {
		t.Fatalf("%d events for %d writes that won", len(events), n)
	}
	for i, e := range events {
		if e.Seq != int64(i+1) || e.Epoch != events[0].Epoch {
			t.Fatalf("event %d has number %d in epoch %s", i, e.Seq, e.Epoch)
		}
	}
}

// shown returns the buckets of a stack for a client that has applied a project's events.
func shown(t *rapid.T, events []event.Event, shard int) map[string]model.Bucket {
	buckets := map[string]model.Bucket{}
	for _, e := range events {
		change, err := e.StackChange()
		if err != nil {
			t.Fatal(err)
		}
		if change.Shard != shard {
			continue
		}
		for _, id := range change.Removed {
			delete(buckets, id.Name)
		}
		for _, bucket := range change.Put.Buckets {
			buckets[bucket.Name] = bucket
		}
	}
	return buckets
}

// Readings of any age arrive in any order, some repeatedly. The mirror ends at the greatest and
// never goes back, and a client that applies the events equals it.
func TestWritesInAnyOrder(t *testing.T) {
	b := newBench(t)
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		project := fmt.Sprintf("p%d", run)
		wins := 0
		heads := map[int]*mirror.Head{}
		for range rapid.IntRange(1, 12).Draw(rt, "writes") {
			shard := rapid.IntRange(0, 1).Draw(rt, "shard")
			v := versions().Draw(rt, "version")
			won, current, err := b.Write(t.Context(), project, shard, reading(v))
			if err != nil {
				rt.Fatal(err)
			}
			before := heads[shard]
			news := before == nil && v.Status != "DELETE_COMPLETE" || before != nil && v.Supersedes(before.Version)
			if won != news {
				rt.Fatalf("won %v over %+v with %+v", won, before, v)
			}
			if won {
				wins++
				heads[shard] = current
			} else if diff := cmp.Diff(before, current); diff != "" {
				rt.Fatal(diff)
			}
		}
		snapshot, err := b.Read(t.Context(), project)
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(heads, snapshot.Heads); diff != "" {
			rt.Fatal(diff)
		}
		events, err := b.Events(t.Context(), project, 0)
		if err != nil {
			rt.Fatal(err)
		}
		checkEvents(rt, events, wins)
		for shard := range 2 {
			held := map[string]model.Bucket{}
			if body := snapshot.Bodies[shard]; body != nil {
				if body.StackID != heads[shard].StackID || body.Hash != heads[shard].BodyHash {
					rt.Fatalf("the body %+v is not the head's %+v", body, heads[shard])
				}
				for _, bucket := range body.Contents.Buckets {
					held[bucket.Name] = bucket
				}
			}
			if diff := cmp.Diff(held, shown(rt, events, shard), cmpopts.EquateEmpty()); diff != "" {
				rt.Fatalf("the events of stack %d say something else than the mirror: %s", shard, diff)
			}
		}
	})
}

// Several writers write the same versions, each in its own order. Every version wins at most once,
// every win has its event, and the greatest remains.
func TestConcurrentWriters(t *testing.T) {
	b := newBench(t)
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		if run > 25 { // enough to vary the scheduling
			return
		}
		project := fmt.Sprintf("p%d", run)
		all := make([]mirror.Version, 6)
		for i := range all {
			all[i] = at("a", []string{"UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"}[i%2], 1+i/2)
		}
		var mu sync.Mutex
		var group sync.WaitGroup
		wins := map[int]int{}
		for w := range 3 {
			order := rapid.Permutation([]int{0, 1, 2, 3, 4, 5}).Draw(rt, fmt.Sprintf("order %d", w))
			group.Go(func() {
				for _, i := range order {
					won, _, err := b.Write(t.Context(), project, 0, reading(all[i]))
					if err != nil {
						t.Error(err)
					}
					if won {
						mu.Lock()
						wins[i]++
						mu.Unlock()
					}
				}
			})
		}
		group.Wait()
		for i, n := range wins {
			if n != 1 {
				rt.Fatalf("version %d was won %d times", i, n)
			}
		}
		events, err := b.Events(t.Context(), project, 0)
		if err != nil {
			rt.Fatal(err)
		}
		checkEvents(rt, events, len(wins))
		if head := b.mustRead(t, project).Heads[0]; head.Status != "UPDATE_COMPLETE" || head.Revision != 3 ||
			head.Seq != int64(len(wins)) {
			rt.Fatalf("the head is %+v after %d wins", head, len(wins))
		}
	})
}

func TestEvents_Difference(t *testing.T) {
	b := newBench(t)
	first := holding("inbox", "outbox", "same")
	b.mustWrite(
		t, "demo", 0,
		mirror.Update{Version: at("a", "CREATE_COMPLETE", 1), StackName: "stowage-demo-0", Contents: first, Run: "run-1"},
	)
	second := holding("inbox", "same", "new")
	second.Buckets[0].OnDelete = model.Empty
	second.Buckets[1].Tags = map[string]string{} // equals nil
	b.mustWrite(
		t, "demo", 0,
		mirror.Update{Version: at("a", "UPDATE_COMPLETE", 2), StackName: "stowage-demo-0", Contents: second, Run: "run-2"},
	)

	events, err := b.Events(t.Context(), "demo", 1)
	if err != nil || len(events) != 1 {
		t.Fatalf("%d events, error %v", len(events), err)
	}
	e := events[0]
	if e.V != 1 || e.Type != event.TypeStack || e.Project != "demo" || e.Seq != 2 || e.Revision != 2 || e.Run != "run-2" ||
		time.Since(e.Time) > time.Hour {
		t.Errorf("the event is %+v", e)
	}
	got, err := e.StackChange()
	if err != nil {
		t.Fatal(err)
	}
	v := at("a", "UPDATE_COMPLETE", 2)
	want := event.StackChange{
		StackState: event.StackState{
			StackName: "stowage-demo-0", Status: v.Status, Revision: 2,
			Version: event.StackVersion{StackID: v.StackID, LastUpdated: v.LastUpdated, Phase: mirror.PhaseOf(v.Status)},
		},
		Facts: &event.Facts{
			Budget: event.Usage{
				Resources: template.BudgetResources, TemplateBytes: template.BudgetTemplateBytes,
				BodyBytes: template.BudgetBodyBytes,
			},
			MaxPolicies: template.MaxUserPolicies,
		},
		Put:     event.Entities{Buckets: []model.Bucket{second.Buckets[0], second.Buckets[2]}},
		Removed: []model.ID{{Kind: model.KindBucket, Name: "outbox"}},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

func TestWrite_DeletedStackKeepsHead(t *testing.T) {
	b := newBench(t)
	b.mustWrite(t, "demo", 0, mirror.Update{Version: at("a", "CREATE_COMPLETE", 1), Contents: holding("inbox")})
	b.mustWrite(t, "demo", 0, mirror.Update{Version: at("a", "DELETE_IN_PROGRESS", 1)})
	b.mustWrite(t, "demo", 0, mirror.Update{Version: at("a", "DELETE_COMPLETE", 1)})
	if won, _, err := b.Write(
		t.Context(), "demo", 0, mirror.Update{Version: at("a", "CREATE_COMPLETE", 1), Contents: holding("inbox")},
	); won ||
		err != nil {
		t.Errorf("a late reading brought the stack back: %v, %v", won, err)
	}
	s := b.mustRead(t, "demo")
	if s.Heads[0].Status != "DELETE_COMPLETE" || s.Heads[0].BodyHash != "" || len(s.Bodies) != 0 {
		t.Errorf("the snapshot is %+v", s)
	}
	b.mustWrite(t, "demo", 0, mirror.Update{Version: at("again", "CREATE_COMPLETE", 2), Contents: holding("inbox")})
}

func TestAnnouncements(t *testing.T) {
	announced := mirror.Operation{
		Token: "token", Run: "run-1", Who: "alice", Members: []string{"bucket inbox"},
		Started: epoch0.Add(1500 * time.Microsecond), Expires: time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond),
	}
	start := func(t *testing.T) *bench {
		b := newBench(t)
		b.mustWrite(t, "demo", 0, reading(at("a", "CREATE_COMPLETE", 1)))
		if ok, err := b.Announce(t.Context(), "demo", 0, announced); err != nil || !ok {
			t.Fatalf("announced %v, error %v", ok, err)
		}
		return b
	}
	t.Run("stand in the head while the operation runs", func(t *testing.T) {
		b := start(t)
		b.mustWrite(t, "demo", 0, reading(at("a", "UPDATE_IN_PROGRESS", 2)))
		want := announced
		want.Started = epoch0.Add(time.Millisecond)
		if diff := cmp.Diff(&want, b.mustRead(t, "demo").Heads[0].Operation); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("go with the end of the operation and name its run", func(t *testing.T) {
		b := start(t)
		b.mustWrite(t, "demo", 0, reading(at("a", "UPDATE_COMPLETE", 2)))
		if op := b.mustRead(t, "demo").Heads[0].Operation; op != nil {
			t.Errorf("%+v is still there", op)
		}
		if events, err := b.Events(t.Context(), "demo", 2); err != nil || events[0].Run != "run-1" {
			t.Errorf("the events are %+v, error %v", events, err)
		}
	})
	t.Run("are told, and so is their end", func(t *testing.T) {
		b := start(t)
		told := announced
		told.Started = epoch0.Add(time.Millisecond)
		b.mustWrite(t, "demo", 0, reading(at("a", "UPDATE_IN_PROGRESS", 2)))
		b.mustWrite(t, "demo", 0, reading(at("a", "UPDATE_COMPLETE", 2)))
		events, err := b.Events(t.Context(), "demo", 1)
		if err != nil || len(events) != 3 {
			t.Fatalf("%d events, error %v", len(events), err)
		}
		before, err := events[0].OperationChange()
		if err != nil {
			t.Fatal(err)
		}
		v := event.StackVersion{
			StackID: at("a", "", 1).StackID, LastUpdated: epoch0.Add(time.Millisecond),
			Phase: mirror.PhaseOf("CREATE_COMPLETE"),
		}
		announced.Started = announced.Started.UTC() // as given: an event's times are exact
		if diff := cmp.Diff(
			event.OperationChange{Version: v, Operation: &announced}, before,
		); diff != "" || events[0].Run != "run-1" ||
			events[0].Revision != 1 {
			t.Errorf("run %q, revision %d, %s", events[0].Run, events[0].Revision, diff)
		}
		for i, c := range []struct{ operation, ended *mirror.Operation }{{&told, nil}, {nil, &told}} {
			change, err := events[1+i].StackChange()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.operation, change.Operation) + cmp.Diff(c.ended, change.Ended); diff != "" {
				t.Errorf("%s: %s", change.Status, diff)
			}
		}
	})
	t.Run("outlive late news of what was before", func(t *testing.T) {
		b := newBench(t)
		b.mustWrite(t, "demo", 0, reading(at("a", "UPDATE_IN_PROGRESS", 1)))
		later := announced
		later.Started = epoch0.Add(time.Minute)
		if _, err := b.Announce(t.Context(), "demo", 0, later); err != nil {
			t.Fatal(err)
		}
		b.mustWrite(t, "demo", 0, reading(at("a", "UPDATE_COMPLETE", 1)))
		if b.mustRead(t, "demo").Heads[0].Operation == nil {
			t.Error("the announcement is gone")
		}
		if events, err := b.Events(t.Context(), "demo", 2); err != nil || events[0].Run != "" {
			t.Errorf("the events are %+v, error %v", events, err)
		}
		u := reading(at("a", "UPDATE_COMPLETE", 2)) // our clock was a minute ahead of AWS's
		u.Token = "token"
		b.mustWrite(t, "demo", 0, u)
		if op := b.mustRead(t, "demo").Heads[0].Operation; op != nil {
			t.Errorf("%+v is still there", op)
		}
	})
	t.Run("are not lost to a write at the same time", func(t *testing.T) {
		b := newBench(t)
		b.mustWrite(t, "demo", 0, reading(at("a", "CREATE_COMPLETE", 1)))
		b.once("TransactWriteItems", func([]byte) *cloud.Response {
			if _, err := b.Announce(t.Context(), "demo", 0, announced); err != nil {
				t.Error(err)
			}
			return nil
		})
		b.mustWrite(t, "demo", 0, reading(at("a", "UPDATE_IN_PROGRESS", 2)))
		if b.mustRead(t, "demo").Heads[0].Operation == nil {
			t.Error("the announcement is gone")
		}
	})
	t.Run("expire", func(t *testing.T) {
		b := newBench(t)
		b.mustWrite(t, "demo", 0, reading(at("a", "CREATE_COMPLETE", 1)))
		if _, err := b.Announce(
			t.Context(), "demo", 0,
			mirror.Operation{Token: "old", Started: time.Now().Add(-mirror.OperationLife - time.Second)},
		); err != nil {
			t.Fatal(err)
		}
		if op := b.mustRead(t, "demo").Heads[0].Operation; op != nil {
			t.Errorf("%+v has not expired", op)
		}
	})
	t.Run("are replaced by the author of a first creation", func(t *testing.T) {
		b := newBench(t)
		created := reading(at("a", "CREATE_COMPLETE", 1))
		created.Token, created.Run, created.Who = "token", "run-1", "alice"
		b.mustWrite(t, "demo", 0, created)
		events, err := b.Events(t.Context(), "demo", 0)
		if err != nil || len(events) != 1 {
			t.Fatalf("%d events, error %v", len(events), err)
		}
		if c, ok := event.CommitOf(events[0]); !ok || c.Who != "alice" || c.Run != "run-1" || c.Started == nil {
			t.Errorf("the commit is %+v", c)
		}
	})
}

// A client that has followed all events equals one that has just connected.
func TestLive_SnapshotEqualsEvents(t *testing.T) {
	b := newBench(t)
	contents := everything()
	contents.Drift = []template.Drift{
		{Of: []model.ID{contents.Buckets[0].ID()}, LogicalID: "X", Path: "Properties.Y", Want: "1", Have: `"secret"`},
	}
	contents.Policies = map[string][]int{"many": {1, 2, 4}, "one": {1}}
	contents.Usage.Resources = 7
	b.mustWrite(
		t, "demo", 0,
		mirror.Update{Version: at("a", "CREATE_COMPLETE", 1), StackName: "stowage-demo-0", Contents: contents},
	)
	b.mustWrite(t, "demo", 1, mirror.Update{Version: at("b", "CREATE_IN_PROGRESS", 2), StackName: "stowage-demo-1"})
	b.mustWrite(
		t, "demo", 1,
		mirror.Update{Version: at("b", "CREATE_COMPLETE", 2), StackName: "stowage-demo-1", Contents: holding("inbox")},
	)
	b.mustWrite(t, "demo", 0, mirror.Update{Version: at("a", "UPDATE_IN_PROGRESS", 3), StackName: "stowage-demo-0"})
	if _, err := b.Announce(
		t.Context(), "demo", 0,
		mirror.Operation{Token: "t", Started: epoch0, Expires: time.Now().Add(time.Hour).UTC().Truncate(time.Second)},
	); err != nil {
		t.Fatal(err)
	}
	events, err := b.Events(t.Context(), "demo", 0)
	if err != nil {
		t.Fatal(err)
	}
	clients := []*event.Client{{}, {}}
	show := func(c *event.Client, seq int64, snapshot event.Snapshot) {
		m, err := event.Of(event.TypeSnapshot, snapshot)
		if err != nil {
			t.Fatal(err)
		}
		m.Project, m.Epoch, m.Seq = "demo", events[0].Epoch, seq
		texts, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range texts {
			if _, err := c.Receive(text); err != nil {
				t.Fatal(err)
			}
		}
	}
	show(clients[0], 0, event.Snapshot{})
	for _, e := range events {
		if _, err := clients[0].Apply(e); err != nil {
			t.Fatal(err)
		}
	}
	live := b.mustRead(t, "demo").Live()
	if text := fmt.Sprintf("%+v", *live.Stacks[0].Facts); strings.Contains(text, "secret") ||
		!strings.Contains(text, "many:3") {
		t.Errorf("the facts are %s", text)
	}
	live.Commits = event.Commits(events)
	show(clients[1], int64(len(events)), live)
	// Entities are compared in the mirror's form, where an empty list equals no list.
	if diff := cmp.Diff(clients[0].View("demo"), clients[1].View("demo"), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	if stack := clients[1].View("demo").Stacks[0]; stack.Operation == nil ||
		stack.Contents.Phase != mirror.PhaseOf("CREATE_COMPLETE") ||
		len(stack.Entities) == 0 {
		t.Errorf("the first stack is %+v", stack)
	}
}

// large returns contents with an item of about this size.
func large(bytes int) *template.Contents {
	contents := holding()
	for i := range bytes / 1100 {
		contents.Permissions = append(contents.Permissions, model.Permission{
			User: fmt.Sprintf("user-%d", i), Bucket: "inbox", Access: model.Read, Prefix: strings.Repeat("x", 1024),
		})
	}
	return contents
}

func TestContents_TooLarge(t *testing.T) {
	b := newBench(t)
	_, _, err := b.Write(
		t.Context(), "demo", 3, mirror.Update{Version: at("a", "CREATE_COMPLETE", 1), Contents: large(500_000)},
	)
	var tooLarge *mirror.TooLargeError
	if !errors.As(err, &tooLarge) || tooLarge.Project != "demo" || tooLarge.Shard != 3 ||
		tooLarge.Size <= mirror.MaxItemSize {
		t.Errorf("got %v", err)
	}
	if s := b.mustRead(t, "demo"); len(s.Heads) != 0 {
		t.Error("a head was written")
	}
}

// Contents are stored up to DynamoDB's limit. A larger event asks for a reload.
func TestLargeContents(t *testing.T) {
	b := newBench(t)
	for shard := range 4 {
		b.mustWrite(t, "demo", shard, mirror.Update{Version: at("a", "CREATE_COMPLETE", 1), Contents: large(380_000)})
	}
	before := b.calls("Query")
	s := b.mustRead(t, "demo")
	if len(s.Heads) != 4 || len(s.Bodies) != 4 {
		t.Errorf("%d heads and %d bodies came back", len(s.Heads), len(s.Bodies))
	}
	if n := b.calls("Query") - before; n < 2 {
		t.Errorf("1.4 MB came in %d pages", n)
	}

	// A quote takes two bytes in an event's JSON, and one in the body.
	contents := holding()
	for i := range 200 {
		contents.Permissions = append(
			contents.Permissions,
			model.Permission{User: "u", Bucket: fmt.Sprint(i), Prefix: strings.Repeat(`"`, 1024)},
		)
	}
	b.mustWrite(t, "other", 0, mirror.Update{Version: at("a", "CREATE_COMPLETE", 1), Contents: contents})
	events, err := b.Events(t.Context(), "other", 0)
	if err != nil || len(events) != 1 {
		t.Fatalf("%d events, error %v", len(events), err)
	}
	if change, err := events[0].StackChange(); err != nil || !change.Reload || len(change.Put.Permissions) != 0 {
		t.Errorf("reload %v with %d permissions, error %v", change.Reload, len(change.Put.Permissions), err)
	}
}

func TestTable_Missing(t *testing.T) {
	b := newBench(t)
	missing := mirror.New(b.client, "elsewhere")
	_, read := missing.Read(t.Context(), "demo")
	_, _, write := missing.Write(t.Context(), "demo", 0, reading(at("a", "CREATE_COMPLETE", 1)))
	_, announce := missing.Announce(t.Context(), "demo", 0, mirror.Operation{})
	_, events := missing.Events(t.Context(), "demo", 0)
	for name, err := range map[string]error{"Read": read, "Write": write, "Announce": announce, "Events": events, "Forget": missing.Forget(t.Context(), "demo")} {
		var gone *model.NotFoundError
		if !errors.As(err, &gone) || gone.Kind != model.NotFoundTable || gone.Table != "elsewhere" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestForget(t *testing.T) {
	b := newBench(t)
	var epoch string
	for n := range 40 {
		epoch = b.mustWrite(t, "demo", 0, reading(at("a", "UPDATE_COMPLETE", n+1))).Epoch
	}
	b.mustWrite(t, "demo-2", 0, reading(at("b", "UPDATE_COMPLETE", 1)))

	// DynamoDB lacks capacity and processes nothing of the first batch.
	b.once("BatchWriteItem", func(body []byte) *cloud.Response {
		var request struct{ RequestItems json.RawMessage }
		if err := json.Unmarshal(body, &request); err != nil {
			t.Error(err)
		}
		return &cloud.Response{
			Header: http.Header{}, Body: []byte(`{"UnprocessedItems":` + string(request.RequestItems) + `}`),
		}
	})
	if err := b.Forget(t.Context(), "demo"); err != nil {
		t.Fatal(err)
	}
	if s := b.mustRead(t, "demo"); len(s.Heads)+len(s.Bodies) != 0 {
		t.Errorf("%+v is left", s)
	}
	if events, err := b.Events(t.Context(), "demo", 0); err != nil || len(events) != 0 {
		t.Errorf("%d events are left, error %v", len(events), err)
	}
	if s := b.mustRead(t, "demo-2"); len(s.Heads) != 1 {
		t.Error("another project is gone as well")
	}
	if head := b.mustWrite(t, "demo", 0, reading(at("a", "UPDATE_COMPLETE", 1))); head.Seq != 1 || head.Epoch == epoch {
		t.Errorf("the head is %+v after epoch %s", head, epoch)
	}
	if err := b.Forget(t.Context(), "nobody"); err != nil {
		t.Error(err)
	}
}

// DynamoDB deletes an event 24 hours after its time. The attribute is in seconds.
func TestEvents_TimeToLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.mustWrite(t, "demo", 0, reading(at("a", "UPDATE_COMPLETE", 1)))
		written := time.Now()
		out, err := b.client.GetItem(
			t.Context(),
			&sdk.GetItemInput{
				TableName:      aws.String(tableName),
				ConsistentRead: aws.Bool(true),
				Key: map[string]types.AttributeValue{
					"pk": &types.AttributeValueMemberS{Value: "EVENTS#demo"},
					"sk": &types.AttributeValueMemberS{Value: "EVENT#0000000000000000001"},
				},
			},
		)
		if err != nil {
			t.Fatal(err)
		}
		if out.Item[mirror.TTLAttribute] == nil {
			t.Fatalf("the first event is %v", out.Item)
		}
		var expires int64
		if err := attributevalue.Unmarshal(out.Item[mirror.TTLAttribute], &expires); err != nil {
			t.Fatal(err)
		}
		if left := time.Unix(expires, 0).Sub(written); left < 24*time.Hour-time.Minute || left > 24*time.Hour+time.Minute {
			t.Errorf("the event expires in %s", left)
		}
	})
}

// DynamoDB deletes expired items some days later; until then Events omits them.
func TestEventsExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.mustWrite(t, "demo", 0, reading(at("a", "UPDATE_COMPLETE", 1)))
		<-time.After(event.EventLife / 2)
		b.mustWrite(t, "demo", 0, reading(at("a", "UPDATE_COMPLETE", 2)))
		<-time.After(event.EventLife / 2)
		events, err := b.Events(t.Context(), "demo", 0)
		if err != nil || len(events) != 1 || events[0].Seq != 2 {
			t.Errorf("the events are %+v, error %v", events, err)
		}
	})
}

// A Forget concurrent with a Write can leave an event behind. It must not appear among those of the
// next epoch.
func TestEvents_OtherEpoch(t *testing.T) {
	b := newBench(t)
	for n := range 3 {
		b.mustWrite(t, "demo", 0, reading(at("a", "UPDATE_COMPLETE", n+1)))
	}
	third := map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: "EVENTS#demo"},
		"sk": &types.AttributeValueMemberS{Value: "EVENT#0000000000000000003"},
	}
	left, err := b.client.GetItem(
		t.Context(),
		&sdk.GetItemInput{TableName: aws.String(tableName), ConsistentRead: aws.Bool(true), Key: third},
	)
	if err != nil || len(left.Item) == 0 {
		t.Fatalf("the third event is %v, error %v", left, err)
	}
	if err := b.Forget(t.Context(), "demo"); err != nil {
		t.Fatal(err)
	}
	b.mustWrite(t, "demo", 0, reading(at("a", "UPDATE_COMPLETE", 9)))
	if _, err := b.client.PutItem(
		t.Context(), &sdk.PutItemInput{TableName: aws.String(tableName), Item: left.Item},
	); err != nil {
		t.Fatal(err)
	}
	events, err := b.Events(t.Context(), "demo", 0)
	if err != nil {
		t.Fatal(err)
	}
	checkEvents(t, events, 1)
}
