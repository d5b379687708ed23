package event

import (
	"encoding/json"
	"fmt"
	"time"
)

// Version is the major version of the protocol, as in Message.V. Minor is raised with every
// addition.
const (
	Version = 1
	Minor   = 0
)

// Subprotocol is this major version's WebSocket subprotocol, which the hub selects when it accepts
// a connection.
const Subprotocol = "stowage.v1"

// Type is the type of a message. It determines the type of its data.
type Type string

// Events, which are numbered and stored. Later minor versions can add types.
const (
	// TypeStack reports the new state of a stack; its data is a StackChange.
	TypeStack Type = "stack"
	// TypeOperation announces a change of a stack, or withdraws the announcement; its data is an
	// OperationChange.
	TypeOperation Type = "operation"
)

// Other messages of the server.
const (
	// TypeWelcome answers a hello; its data is a Welcome.
	TypeWelcome Type = "welcome"
	// TypeSnapshot contains a complete project; its data is a Snapshot. As a request it has no
	// data.
	TypeSnapshot Type = "snapshot"
	// TypeGap names the events that the following snapshot replaces; its data is a Gap.
	TypeGap Type = "gap"
	// TypeHeartbeat contains the position of each project; its data is a Heartbeat.
	TypeHeartbeat Type = "heartbeat"
	// TypeReconnect announces the end of the connection; its data is a Reconnect.
	TypeReconnect Type = "reconnect"
	// TypeError is sent when a request cannot be answered; its data is an Error.
	TypeError Type = "error"
)

// Messages of the client, besides TypeSnapshot.
const (
	// TypeHello is the client's first message on every connection; its data is a Hello.
	TypeHello Type = "hello"
	// TypeResume requests the events of a project after Seq in Epoch. It has no data.
	TypeResume Type = "resume"
	// TypePing requests a heartbeat. It has no data.
	TypePing Type = "ping"
)

// Message is the envelope of every message. Members that a type does not need are omitted.
type Message struct {
	V    int  `json:"v"`
	Type Type `json:"type"`
	// Project is the message's subject; "" for messages about the connection.
	Project string `json:"project,omitempty"`
	// Epoch changes when the project's mirror is created again; Seq then restarts at 1. In an
	// event, Seq is its own number; in a snapshot, that of the last event certainly included; in a
	// resume, that of the client's last event.
	Epoch string `json:"epoch,omitempty"`
	Seq   int64  `json:"seq,omitempty"`
	// Revision is the commit number of an event's stack.
	Revision int64 `json:"revision,omitempty"`
	// Time is when an event was stored or another message created, by the server's clock. Clients
	// do not send it.
	Time time.Time `json:"time,omitzero"`
	// Run is the run that made a change (for example a Terraform run); "" if unknown.
	Run string `json:"run,omitempty"`
	// ID identifies the parts of a message that was too large for one piece. Parts is their number,
	// Part this part's number, from 1. See Encode.
	ID    string `json:"id,omitempty"`
	Part  int    `json:"part,omitempty"`
	Parts int    `json:"parts,omitempty"`

	Data json.RawMessage `json:"data,omitempty"`
}

// Event is a stored Message with a position in its project's sequence: Project, Epoch, Seq and Time
// are set.
type Event = Message

// Position is a position in a project's sequence: after the event Seq of Epoch.
type Position struct {
	Epoch string `json:"epoch"`
	Seq   int64  `json:"seq"`
}

// Position returns the message's position in its project's sequence.
func (m Message) Position() Position { return Position{m.Epoch, m.Seq} }

// Of returns a message with its data; nil for none. The caller sets the other members.
func Of(t Type, data any) (Message, error) {
	m := Message{V: Version, Type: t}
	if data == nil {
		return m, nil
	}
	encoded, err := json.Marshal(data)
	if err != nil {
		return Message{}, fmt.Errorf("encoding the data of a %s message: %w", t, err)
	}
	m.Data = encoded
	return m, nil
}

// StackChange decodes the data of a TypeStack event.
func (m Message) StackChange() (StackChange, error) { return dataOf[StackChange](m, TypeStack) }

// OperationChange decodes the data of a TypeOperation event.
func (m Message) OperationChange() (OperationChange, error) {
	return dataOf[OperationChange](m, TypeOperation)
}

// Snapshot decodes the data of a TypeSnapshot message.
func (m Message) Snapshot() (Snapshot, error) { return dataOf[Snapshot](m, TypeSnapshot) }

// Gap decodes the data of a TypeGap message.
func (m Message) Gap() (Gap, error) { return dataOf[Gap](m, TypeGap) }

// Welcome decodes the data of a TypeWelcome message.
func (m Message) Welcome() (Welcome, error) { return dataOf[Welcome](m, TypeWelcome) }

// Heartbeat decodes the data of a TypeHeartbeat message.
func (m Message) Heartbeat() (Heartbeat, error) { return dataOf[Heartbeat](m, TypeHeartbeat) }

// Reconnect decodes the data of a TypeReconnect message.
func (m Message) Reconnect() (Reconnect, error) { return dataOf[Reconnect](m, TypeReconnect) }

// Error decodes the data of a TypeError message.
func (m Message) Error() (Error, error) { return dataOf[Error](m, TypeError) }

// Hello decodes the data of a TypeHello message.
func (m Message) Hello() (Hello, error) { return dataOf[Hello](m, TypeHello) }

// dataOf decodes a message's data, which must be complete, of this version and of type t.
func dataOf[T any](m Message, t Type) (T, error) {
	var data T
	if m.V != Version || m.Type != t || m.Parts > 1 {
		return data, fmt.Errorf(
			"a message of version %d, type %q and %d parts can't be read as a whole %q of version %d", m.V, m.Type,
			m.Parts, t, Version,
		)
	}
	if err := json.Unmarshal(m.Data, &data); err != nil {
		return data, fmt.Errorf("reading the data of a %s message about %q: %w", m.Type, m.Project, err)
	}
	return data, nil
}
