package event_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// value draws JSON as in messages: without null in arrays. Texts can be large.
func value(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		kind := rapid.IntRange(0, 5).Draw(t, "kind")
		if depth == 0 {
			kind %= 4
		}
		switch kind {
		case 0:
			return rapid.Bool().Draw(t, "bool")
		case 1:
			return rapid.Int64().Draw(t, "number")
		case 2:
			return rapid.String().Draw(t, "text")
		case 3:
			return strings.Repeat(
				rapid.SampledFrom([]string{"x", "<", `"`, "é", "\u2028"}).Draw(t, "character"),
				rapid.IntRange(0, 5000).Draw(t, "length"),
			)
		case 4:
			array := []any{}
			for range rapid.IntRange(0, 12).Draw(t, "elements") {
				array = append(array, value(depth-1).Draw(t, "element"))
			}
			return array
		}
		object := map[string]any{}
		for range rapid.IntRange(0, 12).Draw(t, "members") {
			object[rapid.String().Draw(t, "name")] = value(depth-1).Draw(t, "member")
		}
		return object
	})
}

// Each part of a message is a message within the limit, and the parts restore the message in any
// order.
func TestParts_RoundTrip(t *testing.T) {
	v := schemas(t)
	rapid.Check(t, func(t *rapid.T) {
		data := map[string]any{}
		for i := range rapid.IntRange(0, 20).Draw(t, "size") {
			data[fmt.Sprint(i)] = value(3).Draw(t, "value")
		}
		text, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		m := event.Message{V: 1, Type: "snapshot", Project: "demo", Epoch: "e", Seq: 7, Time: noon, Data: text}
		texts, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if whole, _ := json.Marshal(m); (len(texts) == 1) != (len(whole) <= event.MaxMessage) {
			t.Fatalf("%d parts for %d bytes", len(texts), len(whole))
		}
		if len(texts) > 1 && len(texts) > 2*len(text)/(event.MaxMessage/2)+2 {
			t.Fatalf("%d parts for %d bytes", len(texts), len(text))
		}
		order := rapid.Permutation(texts).Draw(t, "order")
		if rapid.Bool().Draw(t, "twice") {
			order = append(slices.Clone(order[:len(order)-1]), order...)
		}
		var j event.Joiner
		for i, text := range order {
			if len(text) > event.MaxMessage {
				t.Fatalf("a part has %d bytes", len(text))
			}
			if len(texts) > 1 {
				if problems := v.Validate("part.json", text); len(problems) > 0 {
					t.Fatal(problems)
				}
			}
			got, ok, err := j.Add(decode(t, text))
			if err != nil || ok != (i == len(order)-1) {
				t.Fatalf("part %d of %d: whole %v, error %v", i+1, len(order), ok, err)
			}
			if ok {
				wantSame(t, m, got)
			}
		}
	})
}

func wantSame(t interface {
	Helper()
	Fatal(...any)
}, want, got event.Message) {
	t.Helper()
	var a, b any
	if err := json.Unmarshal(want.Data, &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(got.Data, &b); err != nil {
		t.Fatal(err)
	}
	want.Data, got.Data = nil, nil
	if diff := cmp.Diff(want, got) + cmp.Diff(a, b); diff != "" {
		t.Fatal(diff)
	}
}

// An entity is divided only if it does not fit into a part of its own.
func TestEntitiesStayWhole(t *testing.T) {
	var snapshot event.Snapshot
	stack := event.StackSnapshot{StackState: state()}
	tags := map[string]string{"tag": strings.Repeat("x", 10_000)}
	for i := range 100 {
		stack.Entities.Buckets = append(stack.Entities.Buckets, model.Bucket{Name: fmt.Sprint("b", i), Tags: tags})
	}
	large := model.Bucket{Name: "large"}
	for range 100 {
		large.CORS = append(large.CORS, model.CORSRule{AllowedOrigins: []string{strings.Repeat("o", 1000)}})
	}
	stack.Entities.Buckets = append(stack.Entities.Buckets, large)
	snapshot.Stacks = []event.StackSnapshot{stack}
	m, err := event.Of(event.TypeSnapshot, snapshot)
	if err != nil {
		t.Fatal(err)
	}
	m.Project, m.Epoch, m.Seq = "demo", "e", 1
	texts, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	whole := 0
	var client event.Client
	for _, text := range texts {
		whole += strings.Count(string(text), `"bucket_name":"","lifecycle_rules":{},"name":"b`)
		if _, err := client.Receive(text); err != nil {
			t.Fatal(err)
		}
	}
	if whole != 100 || len(texts) < 34 || len(texts) > 40 {
		t.Errorf("%d entities are whole in %d parts", whole, len(texts))
	}
	shown := client.View("demo").Stacks[1].Entities
	if len(shown) != 101 || !cmp.Equal(shown[large.ID()], model.Entity(large)) {
		t.Errorf("%d entities are shown; %v", len(shown), shown[large.ID()])
	}
}

func TestDivide_Refusals(t *testing.T) {
	long := strings.Repeat("x", event.MaxMessage)
	for name, data := range map[string]string{
		"a long text":      `{"a":["` + long + `"]}`,
		"a long name":      `{"` + long + `":1}`,
		"a null":           `{"a":[null,"` + long[:20_000] + `","` + long[:20_000] + `"]}`,
		"what is not JSON": `{"a":` + long,
	} {
		m := event.Message{V: 1, Type: "snapshot", Data: json.RawMessage(data)}
		if texts, err := m.Encode(); err == nil {
			t.Errorf("%s: %d parts", name, len(texts))
		}
	}
}

func TestParts_Mismatched(t *testing.T) {
	part := func(id string, n, of int) event.Message {
		return event.Message{V: 1, Type: "snapshot", ID: id, Part: n, Parts: of, Data: json.RawMessage(`{}`)}
	}
	for name, m := range map[string]event.Message{
		"no id": part("", 1, 2), "part 0": part("a", 0, 2), "part 3 of 2": part("a", 3, 2), "too many": part("a", 1, event.MaxParts+1),
		"another number of parts": part("known", 2, 4),
	} {
		var j event.Joiner
		if _, _, err := j.Add(part("known", 1, 3)); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := j.Add(m); ok || err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestParts_OldestDropped(t *testing.T) {
	var j event.Joiner
	add := func(id string, n int) bool {
		_, ok, err := j.Add(event.Message{V: 1, Type: "snapshot", ID: id, Part: n, Parts: 2, Data: json.RawMessage(`{}`)})
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	for i := range 100 {
		add(fmt.Sprint(i), 1)
	}
	if add("0", 2) || !add("99", 2) {
		t.Error("the oldest is still there, or the latest is not")
	}
}
