package event_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/event"
)

func numbered(epoch string, first, last int64) []event.Event {
	var events []event.Event
	for n := first; n <= last; n++ {
		events = append(events, event.Event{V: 1, Type: event.TypeOperation, Project: "demo", Epoch: epoch, Seq: n})
	}
	return events
}

func TestResume(t *testing.T) {
	at := func(epoch string, seq int64) *event.Position { return &event.Position{Epoch: epoch, Seq: seq} }
	with := func(events ...[]event.Event) []event.Event {
		var all []event.Event
		for _, e := range events {
			all = append(all, e...)
		}
		return all
	}
	now := event.Position{Epoch: "e", Seq: 9}
	for name, c := range map[string]struct {
		last    *event.Position
		current event.Position
		stored  []event.Event
		want    event.Reply
	}{
		"new":                       {nil, now, nil, event.Reply{Snapshot: true}},
		"nothing missed":            {at("e", 9), now, nil, event.Reply{}},
		"nothing has happened":      {at("e", 0), event.Position{Epoch: "e"}, nil, event.Reply{}},
		"some missed":               {at("e", 7), now, numbered("e", 8, 9), event.Reply{Events: numbered("e", 8, 9)}},
		"all missed":                {at("e", 0), now, numbered("e", 1, 9), event.Reply{Events: numbered("e", 1, 9)}},
		"more has come meanwhile":   {at("e", 7), now, numbered("e", 8, 11), event.Reply{Events: numbered("e", 8, 11)}},
		"more, but with a hole":     {at("e", 7), now, with(numbered("e", 8, 10), numbered("e", 12, 12)), event.Reply{Events: numbered("e", 8, 10)}},
		"the first has expired":     {at("e", 7), now, numbered("e", 9, 9), event.Reply{Snapshot: true, Gap: &event.Gap{From: 8, To: 9, Reason: event.GapExpired}}},
		"one in between has":        {at("e", 5), now, with(numbered("e", 6, 6), numbered("e", 8, 9)), event.Reply{Snapshot: true, Gap: &event.Gap{From: 6, To: 9, Reason: event.GapExpired}}},
		"all have expired":          {at("e", 7), now, nil, event.Reply{Snapshot: true, Gap: &event.Gap{From: 8, To: 9, Reason: event.GapExpired}}},
		"leftovers of an old epoch": {at("e", 7), now, numbered("old", 8, 9), event.Reply{Snapshot: true, Gap: &event.Gap{From: 8, To: 9, Reason: event.GapExpired}}},
		"another epoch":             {at("old", 7), now, numbered("e", 8, 9), event.Reply{Snapshot: true, Gap: &event.Gap{Reason: event.GapEpoch}}},
		"ahead of what there is":    {at("e", 10), now, nil, event.Reply{Snapshot: true, Gap: &event.Gap{Reason: event.GapEpoch}}},
		"as many as are sent":       {at("e", 0), event.Position{Epoch: "e", Seq: event.MaxReplay}, numbered("e", 1, event.MaxReplay), event.Reply{Events: numbered("e", 1, event.MaxReplay)}},
		"too many": {
			at("e", 0), event.Position{Epoch: "e", Seq: event.MaxReplay + 1}, numbered("e", 1, event.MaxReplay+1),
			event.Reply{Snapshot: true, Gap: &event.Gap{From: 1, To: event.MaxReplay + 1, Reason: event.GapMany}},
		},
	} {
		got := event.Resume(c.last, c.current, c.stored)
		if len(got.Events) == 0 {
			got.Events = nil
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
