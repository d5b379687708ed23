package event

import (
	"encoding/json"
	"fmt"
	"time"
)

// Version is the version of the protocol that this package speaks, as Event.V says it.
const Version = 1

// Type says what an event is about, and so what its data looks like.
type Type string

// The types of events.
const (
	// TypeStack says that a stack has moved on; its data is a StackChange.
	TypeStack Type = "stack"
)

// Event is one message to the clients that watch a project.
type Event struct {
	V       int    `json:"v"`
	Type    Type   `json:"type"`
	Project string `json:"project"`
	// Epoch changes when the project's mirror is made anew; Seq begins again at 1 then.
	Epoch string `json:"epoch"`
	Seq   int64  `json:"seq"`
	// Revision is the commit number of the stack that the event is about.
	Revision int64 `json:"revision"`
	// Time is when the event was published.
	Time time.Time `json:"time"`
	// Run says on whose behalf the change was made (a Terraform run, for instance); "" when nobody has said so.
	Run  string          `json:"run,omitempty"`
	Data json.RawMessage `json:"data"`
}

// Of makes an event of a type and its data. The caller sets the members that say where it belongs.
func Of(t Type, data any) (Event, error) {
	encoded, err := json.Marshal(data)
	if err != nil {
		return Event{}, fmt.Errorf("encoding the data of a %s event: %w", t, err)
	}
	return Event{V: Version, Type: t, Data: encoded}, nil
}

// StackChange reads the data of a TypeStack event.
func (e Event) StackChange() (StackChange, error) {
	if e.V != Version || e.Type != TypeStack {
		return StackChange{}, fmt.Errorf("event %d of the project %s is of version %d and type %q; it holds no stack change", e.Seq, e.Project, e.V, e.Type)
	}
	var change StackChange
	if err := json.Unmarshal(e.Data, &change); err != nil {
		return StackChange{}, fmt.Errorf("event %d of the project %s: %w", e.Seq, e.Project, err)
	}
	return change, nil
}
