package relay

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/board"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

// DefaultRole is the default role in projects' accounts. It has read access only.
const DefaultRole = "StowageReader"

// Config configures a Relay.
type Config struct {
	// Clients has the credentials of the relay's role in the hub's account.
	Clients *awsclient.Clients
	// Version is the relay's version, for the log and the hub's health.
	Version string
	// Hub is the hub's name, and RoleName the role that is assumed in projects' accounts.
	Hub, RoleName string
	// Access configures who may connect; the zero value refuses every connection.
	Access Access
	// Board configures the page; the zero value serves one that needs an address with a token.
	Board Board
	// DriftCheck is the interval at which stacks are compared with AWS; 0 means never.
	DriftCheck time.Duration
	// Log is the log; nil means JSON on standard error, from INFO on.
	Log *slog.Logger
}

// Relay handles the events of a hub. It is safe for concurrent use.
type Relay struct {
	log      *slog.Logger
	version  string
	projects *projects.Service
	gate     *gate
	board    board.Settings
	// driftCheck is Config.DriftCheck.
	driftCheck time.Duration

	mu       sync.Mutex // protects the fields below; never held during a call or a wait
	compared time.Time  // start of this process's last comparison of all stacks
	recorded time.Time  // when this process last recorded the time of an event
	opened   *live      // set once the address of web clients is known
}

// New returns a Relay. It makes no calls: the first event that needs the hub's settings reads them.
func New(ctx context.Context, config Config) (*Relay, error) {
	if config.Clients == nil {
		return nil, errors.New("relay: there are no clients")
	}
	log := config.Log
	if log == nil {
		log = slog.New(slog.NewJSONHandler(os.Stderr, nil))
	}
	if err := config.Board.check(config.Access); err != nil {
		return nil, fmt.Errorf("relay: %w", err)
	}
	if client := config.Board.ClientID; client != "" && !slices.Contains(config.Access.Audiences, client) {
		config.Access.Audiences = append(slices.Clone(config.Access.Audiences), client)
	}
	gate, err := newGate(config.Access)
	if err != nil {
		return nil, fmt.Errorf("relay: %w", err)
	}
	log.InfoContext(ctx, "started", "version", config.Version, "hub", config.Hub)
	return &Relay{
		log: log, version: config.Version, gate: gate, board: config.Board.settings(gate.access),
		driftCheck: config.DriftCheck,
		projects: projects.New(projects.Config{
			Clients:  config.Clients,
			Hub:      config.Hub,
			RoleName: config.RoleName,
			ReadMode: projects.Verified,
			Writer:   "relay-" + strings.ToLower(rand.Text()),
			Log:      logger(log, slog.LevelDebug),
			Warn:     logger(log, slog.LevelWarn),
		}),
	}, nil
}

// logger returns a function that logs the lines of package projects.
func logger(log *slog.Logger, level slog.Level) func(context.Context, string, map[string]any) {
	return func(ctx context.Context, message string, fields map[string]any) {
		attributes := make([]slog.Attr, 0, len(fields))
		for name, value := range fields {
			attributes = append(attributes, slog.Any(name, value))
		}
		log.LogAttrs(ctx, level, message, attributes...)
	}
}

// Kind is the kind of an event.
type Kind string

// Kinds of events.
const (
	KindNotification  Kind = "notification"  // about a stack, from SNS or EventBridge
	KindSchedule      Kind = "schedule"      // triggers a sweep
	KindAuthorization Kind = "authorization" // authorization of a connection
	KindRoute         Kind = "route"         // a WebSocket connection or a message on it
	KindPage          Kind = "page"          // a request of the HTTP API
	kindUnknown       Kind = ""
)

// KindOf determines the kind of an event by its shape.
func KindOf(event []byte) (Kind, error) {
	var shape struct {
		Records []struct {
			EventSource string `json:"EventSource"`
		} `json:"Records"`
		DetailType     string `json:"detail-type"`
		Source         string `json:"source"`
		Type           string `json:"type"`
		MethodARN      string `json:"methodArn"`
		RequestContext struct {
			ConnectionID string `json:"connectionId"`
			RouteKey     string `json:"routeKey"`
			HTTP         struct {
				Method string `json:"method"`
			} `json:"http"`
		} `json:"requestContext"`
	}
	if err := json.Unmarshal(event, &shape); err != nil {
		return kindUnknown, fmt.Errorf("the event: %w", withoutContent(err))
	}
	switch {
	case shape.Type == "REQUEST" && shape.MethodARN != "":
		return KindAuthorization, nil
	case shape.RequestContext.ConnectionID != "" && shape.RequestContext.RouteKey != "":
		return KindRoute, nil
	case shape.RequestContext.HTTP.Method != "":
		return KindPage, nil
	case shape.DetailType == scheduledEvent:
		return KindSchedule, nil
	case shape.DetailType != "" && shape.Source == cloudFormationSource:
		return KindNotification, nil
	case len(shape.Records) > 0 && slices.Contains([]string{"aws:sns", "aws:sqs"}, shape.Records[0].EventSource):
		return KindNotification, nil
	}
	return kindUnknown, errors.New(
		"the event is none that the relay knows: it wants notifications of SNS, events of CloudFormation or of a schedule, and those of a WebSocket API or an HTTP API",
	)
}

// Handle handles an event of any kind, with the signature of Lambda functions.
func (r *Relay) Handle(ctx context.Context, event []byte) ([]byte, error) {
	kind, err := KindOf(event)
	if err != nil {
		r.log.ErrorContext(ctx, "an event could not be handled", "error", err.Error())
		return nil, err
	}
	switch kind {
	case KindAuthorization:
		return r.HandleAuthorization(ctx, event)
	case KindRoute:
		return r.HandleRoute(ctx, event)
	case KindPage:
		return r.HandlePage(ctx, event)
	case KindSchedule:
		return r.HandleSchedule(ctx, event)
	case KindNotification:
		return r.HandleNotifications(ctx, event)
	case kindUnknown:
	}
	return nil, errors.New("there is no handler") // KindOf returns no other kind
}

// HandleNotifications is Notifications with the signature of a Lambda function.
func (r *Relay) HandleNotifications(ctx context.Context, event []byte) ([]byte, error) {
	return nil, r.Notifications(ctx, event)
}

// Invoke is Handle under the name that the Lambda runtime calls.
func (r *Relay) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	return r.Handle(ctx, event)
}
