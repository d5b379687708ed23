package relay

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/push"
)

// refusedMessage is returned when a client's request is refused, with the reason.
type refusedMessage struct{ answer event.Error }

func (e *refusedMessage) Error() string { return string(e.answer.Code) + ": " + e.answer.Message }

func refuse(code event.ErrorCode, text string) error {
	return &refusedMessage{event.Error{Code: code, Message: text}}
}

func read(request events.APIGatewayWebsocketProxyRequest) (event.Message, error) {
	text := []byte(request.Body)
	if request.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(request.Body)
		if err != nil {
			return event.Message{}, refuse(event.CodeBadMessage, "the message is not a text")
		}
		text = decoded
	}
	if len(text) > event.MaxMessage {
		return event.Message{}, refuse(
			event.CodeBadMessage, "the message is larger than "+strconv.Itoa(event.MaxMessage)+" bytes",
		)
	}
	var asked event.Message
	if err := json.Unmarshal(text, &asked); err != nil {
		return event.Message{}, refuse(event.CodeBadMessage, "the message is not JSON, or its members are of other types")
	}
	if asked.V != event.Version {
		return asked, refuse(event.CodeVersion, "the message is of a version of the protocol that the hub doesn't speak")
	}
	return asked, nil
}

// session is one message of a client and the answer to it.
type session struct {
	client client
	live   *live
}

// reply answers a message. It returns a *refusedMessage when the client must request something
// else.
func (s *session) reply(ctx context.Context, asked event.Message) error {
	switch asked.Type {
	case event.TypeHello:
		return s.hello(ctx, asked)
	case event.TypePing:
		return s.ping(ctx)
	case event.TypeResume:
		return s.project(ctx, asked, true)
	case event.TypeSnapshot:
		return s.project(ctx, asked, false)
	default:
		return refuse(event.CodeBadMessage, "clients send hello, resume, snapshot and ping")
	}
}

func (s *session) send(ctx context.Context, t event.Type, of event.Message, data any) error {
	m, err := event.Of(t, data)
	if err != nil {
		return err
	}
	m.Project, m.Epoch, m.Seq, m.Time = of.Project, of.Epoch, of.Seq, time.Now().UTC().Truncate(time.Millisecond)
	return s.live.sender.Send(ctx, s.client.id, m)
}

// refuse sends a client the reason why its request is refused.
func (s *session) refuse(ctx context.Context, asked event.Message, answer event.Error) error {
	if kindOf(asked.Type) != otherKind {
		answer.Request = asked.Type
	}
	about := event.Message{}
	if isProjectName(asked.Project) || asked.Project == mirror.Directory {
		about.Project = asked.Project
	}
	return s.send(ctx, event.TypeError, about, answer)
}

// unavailable returns the error for a request that cannot be answered. Its delay is random, so that
// clients do not retry all at once.
func unavailable() event.Error {
	return event.Error{
		Code: event.CodeUnavailable, Message: "the answer can't be given now",
		RetrySeconds: retrySeconds + rand.IntN(retrySeconds+1), //nolint:gosec // to spread load
	}
}

// hello welcomes the client, and sends what it is missing of every visible project.
func (s *session) hello(ctx context.Context, asked event.Message) error {
	hello, err := asked.Hello()
	if err != nil {
		return refuse(event.CodeBadMessage, "the data of a hello can't be read")
	}
	if !slices.Contains(hello.Versions, event.Version) {
		return refuse(event.CodeVersion, "the hub speaks version "+strconv.Itoa(event.Version)+" of the protocol")
	}
	positions, err := s.live.positions(ctx, s.client)
	if err != nil {
		return err
	}
	err = s.send(ctx, event.TypeWelcome, event.Message{}, event.Welcome{
		Protocol: fmt.Sprintf("%d.%d", event.Version, event.Minor), HeartbeatSeconds: int(event.HeartbeatEvery / time.Second),
		Ends: s.client.ends, Projects: positions,
	})
	if err != nil {
		return err
	}
	// A failure of one project does not affect the others: the client receives it and repeats the
	// request.
	for _, name := range slices.Sorted(maps.Keys(positions)) {
		var last *event.Position
		if position, has := hello.Projects[name]; has {
			last = &position
		}
		err := s.tell(ctx, name, positions[name], last, false)
		if err != nil && !errors.Is(err, push.ErrGone) && ctx.Err() == nil {
			s.live.log.ErrorContext(
				ctx, "a client could not be told of a project", "connection", s.client.id, "project", name, "error",
				err.Error(),
			)
			err = s.refuse(ctx, event.Message{Type: event.TypeHello, Project: name}, unavailable())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *session) ping(ctx context.Context) error {
	positions, err := s.live.positions(ctx, s.client)
	if err != nil {
		return err
	}
	return s.send(ctx, event.TypeHeartbeat, event.Message{}, event.Heartbeat{Projects: positions})
}

// project answers a request about one project, with the missing events or the whole project.
func (s *session) project(ctx context.Context, asked event.Message, resume bool) error {
	unknown := refuse(event.CodeUnknownProject, "there is no such project, or you may not see it")
	if !s.client.sees(asked.Project) {
		return unknown
	}
	position, there, err := s.live.position(ctx, asked.Project)
	if err != nil {
		return err
	}
	if !there {
		return unknown
	}
	var last *event.Position
	if resume {
		at := asked.Position()
		last = &at
	}
	return s.tell(ctx, asked.Project, position, last, true)
}

// tell sends what a client is missing of a project. The position was read before and everything
// else is read after it, so nothing is missing in between. A client that asks although it is up to
// date gets a heartbeat.
func (s *session) tell(
	ctx context.Context, project string, current event.Position, last *event.Position, asksAgain bool,
) error {
	var stored []event.Event
	if last != nil && last.Epoch == current.Epoch && last.Seq < current.Seq && current.Seq-last.Seq <= event.MaxReplay {
		var err error
		if stored, err = s.live.events(ctx, project, last.Seq, current); err != nil {
			return err
		}
	}
	reply := event.Resume(last, current, stored)
	at := event.Message{Project: project, Epoch: current.Epoch, Seq: current.Seq}
	if !reply.Snapshot {
		if len(reply.Events) == 0 && asksAgain {
			return s.ping(ctx)
		}
		for _, e := range reply.Events {
			if err := s.live.sender.Send(ctx, s.client.id, e); err != nil {
				return err
			}
		}
		return nil
	}
	snapshot, err := s.live.snapshot(ctx, project, current)
	if err != nil {
		return err
	}
	if reply.Gap != nil {
		if err := s.send(ctx, event.TypeGap, at, reply.Gap); err != nil {
			return err
		}
		snapshot.Gap = reply.Gap
	}
	return s.send(ctx, event.TypeSnapshot, at, snapshot)
}
