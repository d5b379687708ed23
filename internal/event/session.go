package event

import "time"

// Intervals and limits of the hub.
const (
	// HeartbeatEvery is the interval of heartbeats, far below the 10 minutes after which API
	// Gateway closes an idle connection.
	HeartbeatEvery = time.Minute
	// ConnectionLife is the maximum duration of a connection (API Gateway developer guide,
	// WebSocket quotas).
	ConnectionLife = 2 * time.Hour
	// ReconnectAhead is how long before its connection ends a client is asked to open another one.
	ReconnectAhead = 10 * time.Minute
	// EventLife is how long events are kept for returning clients.
	EventLife = 24 * time.Hour
)

// Hello is the data of a TypeHello message. The server answers with a welcome and the result of
// Resume for every visible project.
type Hello struct {
	// Versions are the major versions of the protocol that the client supports.
	Versions []int `json:"versions"`
	// Projects are the client's positions by project.
	Projects map[string]Position `json:"projects,omitempty"`
}

// Welcome is the data of a TypeWelcome message.
type Welcome struct {
	// Protocol is the version on this connection: major and minor, "1.0".
	Protocol string `json:"protocol"`
	// HeartbeatSeconds is the interval of heartbeats. A client that receives nothing for twice as
	// long treats the connection as broken.
	HeartbeatSeconds int `json:"heartbeat_seconds"`
	// Ends is the latest end of the connection.
	Ends time.Time `json:"ends"`
	// Projects are all existing projects that the client can see, with their positions. A client
	// drops all others.
	Projects map[string]Position `json:"projects"`
}

// Heartbeat is the data of a TypeHeartbeat message.
type Heartbeat struct {
	// Projects has the meaning of Welcome.Projects. A client that is behind requests the events
	// that it lacks. nil makes no statement.
	Projects map[string]Position `json:"projects,omitzero"`
}

// Reconnect is the data of a TypeReconnect message: the connection ends soon. The client opens
// another one at a random moment within SpreadSeconds, sends hello there, and then closes this one.
type Reconnect struct {
	Ends          time.Time `json:"ends"`
	SpreadSeconds int       `json:"spread_seconds"`
}

// ErrorCode is the kind of an error.
type ErrorCode string

// The error codes. Clients treat unknown codes like CodeUnavailable.
const (
	// CodeBadMessage is sent for a text that is not a message of this protocol. Repeating it does
	// not help.
	CodeBadMessage ErrorCode = "bad_message"
	// CodeVersion is sent to a client that supports none of the server's versions. It must be
	// updated.
	CodeVersion ErrorCode = "version"
	// CodeUnknownProject is sent for a project that does not exist or that the client cannot see.
	// It does not reveal which.
	CodeUnknownProject ErrorCode = "unknown_project"
	// CodeUnavailable is sent for failures of the server. The client sends the request again after
	// RetrySeconds.
	CodeUnavailable ErrorCode = "unavailable"
)

// Error is the data of a TypeError message; the message's Project is that of the request.
type Error struct {
	Code ErrorCode `json:"code"`
	// Message is a text for developers of clients.
	Message string `json:"message"`
	// Request is the type of the client's message, if it could be read.
	Request Type `json:"request,omitempty"`
	// RetrySeconds is the time after which to send the request again; 0 for never.
	RetrySeconds int `json:"retry_seconds,omitempty"`
}
