package push_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/push"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/apigateway"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

const routesARN = "arn:aws:lambda:eu-west-1:000000000000:function:routes"

// stage is a WebSocket API with the middleware between it and the pusher.
type stage struct {
	*apigateway.Stage
	box   *sandbox.Sandbox
	https http.RoundTripper
	// before, unless nil, is called before a post and may fail it.
	before func(ctx context.Context, connection string) error

	mu        sync.Mutex // protects the fields below
	posts     map[string]int
	now, most int // concurrent posts
}

func newStage(t *testing.T) *stage {
	t.Helper()
	box := sandbox.New(sandbox.Options{Seed: 1, Region: "eu-west-1"})
	box.RegisterFunction(
		routesARN, func(context.Context, []byte) ([]byte, error) { return []byte(`{"statusCode":200}`), nil },
	)
	deployed, err := box.WebSockets().Deploy(apigateway.Settings{
		API:     "live",
		Stage:   "prod",
		Account: sandbox.HubAccount,
		Region:  "eu-west-1",
		Routes:  map[string]string{"$connect": routesARN},
		Rate:    5000,
		Buffer:  64 << 10,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &stage{Stage: deployed, box: box, https: simulate.NewTransport(box), posts: map[string]int{}}
}

func (s *stage) RoundTrip(r *http.Request) (*http.Response, error) {
	id := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	s.mu.Lock()
	s.posts[id]++
	s.now++
	s.most = max(s.most, s.now)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.now--
		s.mu.Unlock()
	}()
	if s.before != nil {
		if err := s.before(r.Context(), id); err != nil {
			return nil, err
		}
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return s.https.RoundTrip(r)
}

func (s *stage) pusher(account string) *push.Pusher {
	access, secret := sandbox.StaticCredentials(account)
	return push.New(apigatewaymanagementapi.New(apigatewaymanagementapi.Options{
		Region:       "eu-west-1",
		BaseEndpoint: aws.String("https://" + s.Domain() + "/prod"),
		HTTPClient:   &http.Client{Transport: s},
		Credentials:  credentials.NewStaticCredentialsProvider(access, secret, ""),
	}))
}

func (s *stage) connect(t *testing.T, n int) (clients []*apigateway.Conn, ids []string) {
	t.Helper()
	for range n {
		c, err := s.Connect(t.Context(), apigateway.Handshake{})
		if err != nil {
			t.Fatal(err)
		}
		clients, ids = append(clients, c), append(ids, c.ID())
	}
	return clients, ids
}

func heard(t *testing.T, c *apigateway.Conn) []event.Message {
	t.Helper()
	var messages []event.Message
	for {
		ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
		text, err := c.Receive(ctx)
		cancel()
		if err != nil {
			return messages
		}
		if len(text) > event.MaxMessage {
			t.Errorf("a text of %d bytes", len(text))
		}
		var m event.Message
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatal(err)
		}
		messages = append(messages, m)
	}
}

type ear struct {
	mu    sync.Mutex
	heard []int64 // numbers of events
}

func listen(ctx context.Context, clients []*apigateway.Conn) []*ear {
	ears := make([]*ear, len(clients))
	for i, c := range clients {
		e := &ear{}
		ears[i] = e
		go func() {
			for {
				text, err := c.Receive(ctx)
				if err != nil {
					return
				}
				var m event.Message
				if json.Unmarshal(text, &m) == nil {
					e.mu.Lock()
					e.heard = append(e.heard, m.Seq)
					e.mu.Unlock()
				}
			}
		}()
	}
	return ears
}

func (e *ear) last() int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.heard) == 0 {
		return 0
	}
	return e.heard[len(e.heard)-1]
}

func change(t testing.TB, seq int64, n int) event.Message {
	t.Helper()
	var put event.Entities
	for i := range n {
		put.Add(
			model.Bucket{
				Name: fmt.Sprintf("bucket-%d", i), BucketName: fmt.Sprintf("acme-bucket-%d-111122223333-eu-west-1", i),
				OnDelete: model.Refuse,
			},
		)
	}
	m, err := event.Of(event.TypeStack, event.StackChange{Put: put})
	if err != nil {
		t.Fatal(err)
	}
	m.Project, m.Epoch, m.Seq = "acme", "e", seq
	return m
}

func seqs(messages []event.Message) (numbers []int64) {
	for _, m := range messages {
		numbers = append(numbers, m.Seq)
	}
	return numbers
}

func TestPush_EveryClientInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		clients, ids := s.connect(t, 3*push.AtOnce)
		s.before = func(context.Context, string) error {
			<-time.After(time.Millisecond) // otherwise they would run one after the other
			return nil
		}
		result := s.pusher(sandbox.HubAccount).Publish(t.Context(), ids, []event.Message{change(t, 1, 1), change(t, 2, 1)})
		if want := (push.Result{Reached: len(ids), Posts: 2 * len(ids)}); !cmp.Equal(want, result) {
			t.Errorf("the result is %+v", result)
		}
		for i, c := range clients {
			if got := seqs(heard(t, c)); !slices.Equal(got, []int64{1, 2}) {
				t.Errorf("client %d heard %v", i, got)
			}
		}
		if s.most != push.AtOnce {
			t.Errorf("%d posts at the same time", s.most)
		}
	})
}

func TestPush_LargeMessageInParts(t *testing.T) {
	s := newStage(t)
	clients, ids := s.connect(t, 1)
	want := change(t, 1, 300)
	if err := s.pusher(sandbox.HubAccount).Send(t.Context(), ids[0], want); err != nil {
		t.Fatal(err)
	}
	var joiner event.Joiner
	parts := heard(t, clients[0])
	for i, part := range parts {
		whole, ok, err := joiner.Add(part)
		if err != nil || ok != (i == len(parts)-1) {
			t.Fatalf("part %d of %d: whole %v, error %v", i+1, len(parts), ok, err)
		}
		if ok {
			sent, err := want.StackChange()
			got, gotErr := whole.StackChange()
			if diff := cmp.Diff(sent, got); diff != "" || err != nil || gotErr != nil {
				t.Error(diff, err, gotErr)
			}
		}
	}
	if len(parts) < 2 || s.posts[ids[0]] != len(parts) {
		t.Errorf("%d parts, %d posts", len(parts), s.posts[ids[0]])
	}
}

// One client has disconnected, one does not read, one hangs in the network. They are named, and the
// others receive everything without delay.
func TestOneClientHarmsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		clients, ids := s.connect(t, 10)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		ears := listen(ctx, clients)
		clients[3].Break()
		s.box.WebSockets().Stall(ids[5])
		s.before = func(ctx context.Context, connection string) error {
			if connection == ids[7] {
				<-ctx.Done()
			}
			return nil
		}
		// A client that does not read keeps its connection until its buffer is full.
		messages := make([]event.Message, 30)
		for i := range messages {
			messages[i] = change(t, int64(i+1), 100)
		}
		pusher := s.pusher(sandbox.HubAccount)
		began := time.Now()
		result := pusher.Publish(t.Context(), ids, messages)
		if took := time.Since(began); took > push.ClientBound {
			t.Errorf("it took %s", took)
		}
		slices.Sort(result.Behind)
		behind := []string{ids[5], ids[7]}
		slices.Sort(behind)
		if !slices.Equal(result.Gone, []string{ids[3]}) || !slices.Equal(result.Behind, behind) || result.Reached != 7 ||
			result.Err != nil {
			t.Errorf("the result is %+v", result)
		}
		synctest.Wait()
		for i, e := range ears {
			if last := e.last(); i != 3 && i != 5 && i != 7 && last != 30 {
				t.Errorf("client %d heard up to %d", i, last)
			}
		}
		if n := s.posts[ids[3]]; n != 1 {
			t.Errorf("%d posts to the client that has gone", n)
		}
		// The same with one client.
		if err := pusher.Send(t.Context(), ids[3], messages[0]); !errors.Is(err, push.ErrGone) {
			t.Errorf("gone: %v", err)
		}
		if err := pusher.Send(t.Context(), ids[5], messages[0]); !errors.Is(err, push.ErrBusy) {
			t.Errorf("it doesn't read: %v", err)
		}
		if err := pusher.Send(t.Context(), ids[7], messages[0]); !errors.Is(err, push.ErrBusy) {
			t.Errorf("it hangs: %v", err)
		}
	})
}

// A client that is busy for a moment gets another attempt.
func TestPush_SlowClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		clients, ids := s.connect(t, 1)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		listen(ctx, clients)
		pusher := s.pusher(sandbox.HubAccount)
		s.box.WebSockets().Stall(ids[0])
		for !errors.Is(pusher.Send(t.Context(), ids[0], change(t, 1, 100)), push.ErrBusy) {
		}
		before, tries := s.posts[ids[0]], 0
		s.before = func(context.Context, string) error {
			if tries++; tries == 3 {
				s.before = nil
				s.box.WebSockets().Resume(ids[0])
				synctest.Wait()
			}
			return nil
		}
		result := pusher.Publish(t.Context(), ids, []event.Message{change(t, 2, 100)})
		if n := s.posts[ids[0]] - before; n != 3 || result.Reached != 1 {
			t.Errorf("%d tries, result %+v", n, result)
		}
	})
}

// A failure that affects all clients is reported once, and not as one of a client.
func TestPush_OwnFailureKeepsClients(t *testing.T) {
	s := newStage(t)
	_, ids := s.connect(t, 100)
	result := s.pusher("111122223333").Publish(t.Context(), ids, []event.Message{change(t, 1, 1)})
	if result.Err == nil || !strings.Contains(result.Err.Error(), "100 of 100 clients") ||
		!strings.Contains(result.Err.Error(), "ForbiddenException") {
		t.Errorf("the error is %v", result.Err)
	}
	if len(result.Gone)+len(result.Behind)+result.Reached+result.Posts != 0 {
		t.Errorf("the result is %+v", result)
	}

	// A network failure is retried within the time limit.
	s.before = func(context.Context, string) error { return io.ErrUnexpectedEOF }
	err := s.pusher(sandbox.HubAccount).Send(t.Context(), ids[0], change(t, 1, 1))
	if err == nil || errors.Is(err, push.ErrGone) || errors.Is(err, push.ErrBusy) {
		t.Errorf("the error is %v", err)
	}
}

// Clients that were not reached in time are a failure: their messages were not sent.
func TestPush_ClientsWithoutTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		_, ids := s.connect(t, 2*push.AtOnce)
		s.before = func(context.Context, string) error {
			<-time.After(time.Second)
			return nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		result := s.pusher(sandbox.HubAccount).Publish(ctx, ids, []event.Message{change(t, 1, 1)})
		if !errors.Is(result.Err, context.DeadlineExceeded) || result.Reached != push.AtOnce || len(result.Behind) != 0 {
			t.Errorf("the result is %+v", result)
		}
	})
}

func TestNobodyToSendTo(t *testing.T) {
	s := newStage(t)
	if result := s.pusher(sandbox.HubAccount).Publish(t.Context(), nil, []event.Message{change(t, 1, 1)}); !cmp.Equal(
		push.Result{}, result,
	) {
		t.Errorf("the result is %+v", result)
	}
}
