package event

import (
	"encoding/json"
	"fmt"
	"time"
)

// Version is the major version of the protocol that this package speaks, as Message.V says it; Minor is raised with every addition to it.
const (
	Version = 1
	Minor   = 0
)

// Subprotocol is the WebSocket subprotocol of this major version. The hub names it when it accepts a connection.
const Subprotocol = "stowage.v1"

// Type says what a message is, and so what its data looks like.
type Type string

// The events: messages that are numbered and stored. Later minor versions add to them.
const (
	// TypeStack says that a stack has moved on; its data is a StackChange.
	TypeStack Type = "stack"
	// TypeOperation says what is about to be changed in a stack, or that it won't be; its data is an OperationChange.
	TypeOperation Type = "operation"
)

// What the server says besides.
const (
	// TypeWelcome answers a hello; its data is a Welcome.
	TypeWelcome Type = "welcome"
	// TypeSnapshot is a project as a whole; its data is a Snapshot. As a request it has no data.
	TypeSnapshot Type = "snapshot"
	// TypeGap says which events the client isn't sent, before the snapshot that stands for them; its data is a Gap.
	TypeGap Type = "gap"
	// TypeHeartbeat says that the server is there, and how far each project's events go; its data is a Heartbeat.
	TypeHeartbeat Type = "heartbeat"
	// TypeReconnect announces the end of the connection; its data is a Reconnect.
	TypeReconnect Type = "reconnect"
	// TypeError says why a request isn't answered; its data is an Error.
	TypeError Type = "error"
)

// What the client says, besides TypeSnapshot.
const (
	// TypeHello is the client's first message on every connection; its data is a Hello.
	TypeHello Type = "hello"
	// TypeResume asks for the events of a project after Seq in Epoch. It has no data.
	TypeResume Type = "resume"
	// TypePing asks for a heartbeat. It has no data.
	TypePing Type = "ping"
)

// Message is what goes over the wire, either way. Members that a type doesn't need are left out.
type Message struct {
	V    int  `json:"v"`
	Type Type `json:"type"`
	// Project is what the message is about; "" for those about the connection.
	Project string `json:"project,omitempty"`
	// Epoch changes when the project's mirror is made anew; Seq begins again at 1 then. Of an event, Seq is its own number. Of
	// a snapshot, it is the number of the last event that is surely in it. Of a resume, it is that of the last event that the client has.
	Epoch string `json:"epoch,omitempty"`
	Seq   int64  `json:"seq,omitempty"`
	// Revision is the commit number of the stack that an event is about.
	Revision int64 `json:"revision,omitempty"`
	// Time is when an event was stored, and when any other message was made, by the server's clock. Clients send none.
	Time time.Time `json:"time,omitzero"`
	// Run says on whose behalf a change was made (a Terraform run, for instance); "" when nobody has said so.
	Run string `json:"run,omitempty"`
	// ID is the same in all parts of a message that was too large to be sent in one, Parts is their number, and Part the number
	// of this one, from 1. See Encode.
	ID    string `json:"id,omitempty"`
	Part  int    `json:"part,omitempty"`
	Parts int    `json:"parts,omitempty"`

	Data json.RawMessage `json:"data,omitempty"`
}

// Event is a Message with a place in its project's sequence: Project, Epoch, Seq and Time are set, and it is stored for a day.
type Event = Message

// Position is a place in a project's sequence: behind the event Seq of Epoch.
type Position struct {
	Epoch string `json:"epoch"`
	Seq   int64  `json:"seq"`
}

// Position is the message's place in its project's sequence.
func (m Message) Position() Position { return Position{m.Epoch, m.Seq} }

// Of makes a message of a type and its data, nil for none. The caller sets the members that say where it belongs, and Time.
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

// StackChange reads the data of a TypeStack event.
func (m Message) StackChange() (StackChange, error) { return dataOf[StackChange](m, TypeStack) }

// OperationChange reads the data of a TypeOperation event.
func (m Message) OperationChange() (OperationChange, error) {
	return dataOf[OperationChange](m, TypeOperation)
}

// Snapshot reads the data of a TypeSnapshot message.
func (m Message) Snapshot() (Snapshot, error) { return dataOf[Snapshot](m, TypeSnapshot) }

// Gap reads the data of a TypeGap message.
func (m Message) Gap() (Gap, error) { return dataOf[Gap](m, TypeGap) }

// Welcome reads the data of a TypeWelcome message.
func (m Message) Welcome() (Welcome, error) { return dataOf[Welcome](m, TypeWelcome) }

// Heartbeat reads the data of a TypeHeartbeat message.
func (m Message) Heartbeat() (Heartbeat, error) { return dataOf[Heartbeat](m, TypeHeartbeat) }

// Reconnect reads the data of a TypeReconnect message.
func (m Message) Reconnect() (Reconnect, error) { return dataOf[Reconnect](m, TypeReconnect) }

// Error reads the data of a TypeError message.
func (m Message) Error() (Error, error) { return dataOf[Error](m, TypeError) }

// Hello reads the data of a TypeHello message.
func (m Message) Hello() (Hello, error) { return dataOf[Hello](m, TypeHello) }

// dataOf reads a message's data, which must be whole, of this version and of the type t.
func dataOf[T any](m Message, t Type) (T, error) {
	var data T
	if m.V != Version || m.Type != t || m.Parts > 1 {
		return data, fmt.Errorf("a message of version %d, type %q and %d parts can't be read as a whole %q of version %d", m.V, m.Type, m.Parts, t, Version)
	}
	if err := json.Unmarshal(m.Data, &data); err != nil {
		return data, fmt.Errorf("reading the data of a %s message about %q: %w", m.Type, m.Project, err)
	}
	return data, nil
}
