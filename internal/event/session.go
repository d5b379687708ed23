package event

import "time"

// What the hub keeps to.
const (
	// HeartbeatEvery is how often every client hears from the server: far below the 10 minutes after which API Gateway ends an idle connection.
	HeartbeatEvery = time.Minute
	// ConnectionLife is how long API Gateway lets a connection live (API Gateway developer guide, WebSocket quotas).
	ConnectionLife = 2 * time.Hour
	// ReconnectAhead is how long before the end of a connection its client is told to open another one.
	ReconnectAhead = 10 * time.Minute
	// EventLife is how long events are kept for clients that come back.
	EventLife = 24 * time.Hour
)

// Hello is the data of a TypeHello message. The server answers with a welcome, and then, for every project that the client may see,
// with what Resume says about the client's position.
type Hello struct {
	// Versions are the major versions of the protocol that the client speaks.
	Versions []int `json:"versions"`
	// Projects are the positions that the client has, by project.
	Projects map[string]Position `json:"projects,omitempty"`
}

// Welcome is the data of a TypeWelcome message.
type Welcome struct {
	// Protocol is the version that the server speaks on this connection: major and minor, "1.0".
	Protocol string `json:"protocol"`
	// HeartbeatSeconds is how often the server sends a heartbeat. A client that hears nothing for twice as long takes the
	// connection for dead.
	HeartbeatSeconds int `json:"heartbeat_seconds"`
	// Ends is when the connection ends at the latest.
	Ends time.Time `json:"ends"`
	// Projects are all projects that the client may see and that there are, and how far their events go. Client drops all others.
	Projects map[string]Position `json:"projects"`
}

// Heartbeat is the data of a TypeHeartbeat message.
type Heartbeat struct {
	// Projects is what it is in a Welcome: a client that is behind has lost something, and asks. nil: nothing is said about them.
	Projects map[string]Position `json:"projects,omitzero"`
}

// Reconnect is the data of a TypeReconnect message: the connection ends soon. The client opens another one at a random moment before
// SpreadSeconds have passed, says hello there, and then closes this one.
type Reconnect struct {
	Ends          time.Time `json:"ends"`
	SpreadSeconds int       `json:"spread_seconds"`
}

// ErrorCode says what kind of error it is.
type ErrorCode string

// The error codes. Clients take codes that they don't know for CodeUnavailable.
const (
	// CodeBadMessage is for what isn't JSON, or no message of this protocol. Sending it again won't help.
	CodeBadMessage ErrorCode = "bad_message"
	// CodeVersion is for a client that speaks none of the server's versions. It has to be updated.
	CodeVersion ErrorCode = "version"
	// CodeUnknownProject is for a project that the client may not see, or that there isn't: which of them is not told.
	CodeUnknownProject ErrorCode = "unknown_project"
	// CodeUnavailable is for failures of the server. The client asks again after RetrySeconds.
	CodeUnavailable ErrorCode = "unavailable"
)

// Error is the data of a TypeError message; the message's Project is that of the request.
type Error struct {
	Code ErrorCode `json:"code"`
	// Message is for people who write clients.
	Message string `json:"message"`
	// Request is the type of the client's message, when it could be read.
	Request Type `json:"request,omitempty"`
	// RetrySeconds is when to ask again; 0: not at all.
	RetrySeconds int `json:"retry_seconds,omitempty"`
}
