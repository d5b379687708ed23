package main

import (
	"bytes"
	"context"
	"encoding/json"
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
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/apigateway"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/oidc"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

// TestLiveInVirtualTime sends a commit to many clients, and reconnects all of them at once. The
// ordinary tests use few clients, and check exact counts.
func TestLiveInVirtualTime(t *testing.T) {
	clients, entities := 20, 5
	if *full {
		clients, entities = 1000, 100
	}
	l := watched(t, clients, entities)
	if !*full {
		// The announcement, the start and the end, each of one message.
		if want := 3 * clients; l.posts != want {
			t.Errorf("%d posts for %d clients, want %d", l.posts, clients, want)
		}
	}
	// A reconnection costs one read per client, of its projects' positions, and few more for all
	// clients together.
	if most := clients + 20; l.storm > most {
		t.Errorf("%d clients that come back at once read the table %d times, want at most %d", clients, l.storm, most)
	}
	if *full {
		table(fmt.Sprintf("A commit of %d entities, and %d web clients, in virtual time.", entities, clients),
			"what\tmeasured",
			fmt.Sprintf("posts\t%d", l.posts),
			fmt.Sprintf("bytes\t%.1f MB", float64(l.bytes)/1e6),
			fmt.Sprintf("from the end in CloudFormation to a client, p50\t%s", l.percentile(50).Round(time.Millisecond)),
			fmt.Sprintf("the same, p99\t%s", l.percentile(99).Round(time.Millisecond)),
			fmt.Sprintf("all come back at once, until the last one knows everything\t%s", l.back.Round(time.Millisecond)),
			fmt.Sprintf("reads of the table in that\t%d", l.storm),
		)
	}
}

type liveRun struct {
	posts, bytes int
	delays       []time.Duration // sorted
	storm        int             // reads of the table
	back         time.Duration
}

func (l liveRun) percentile(n int) time.Duration { return l.delays[(len(l.delays)-1)*n/100] }

type counting struct {
	next  http.RoundTripper
	mu    sync.Mutex
	calls map[string]int
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch {
	case strings.Contains(r.URL.Path, "/@connections/"):
		operation = "PostToConnection"
	case operation == "" && r.Body != nil:
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, fmt.Errorf("reading a request: %w", err)
		}
		r.Body = io.NopCloser(bytes.NewReader(text))
		_, form, _ := strings.Cut(string(text), "Action=")
		operation, _, _ = strings.Cut(form, "&")
	}
	c.mu.Lock()
	c.calls[operation]++
	c.mu.Unlock()
	return c.next.RoundTrip(r)
}

func (c *counting) take() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	calls := c.calls
	c.calls = map[string]int{}
	return calls
}

type watcher struct {
	event.Client
	conn *apigateway.Conn

	mu      sync.Mutex // protects the fields below
	bytes   int
	buckets int       // known buckets; -1 without the project or with missing events
	heard   time.Time // when the last ones became known
}

func (w *watcher) listen() {
	for {
		text, err := w.conn.Receive(context.Background())
		if err != nil {
			return
		}
		send, _ := w.Receive(text) // the tests of the protocol check errors
		for _, m := range send {
			encoded, _ := json.Marshal(m)
			_ = w.conn.Send(encoded)
		}
		w.mu.Lock()
		w.bytes += len(text)
		if n := w.count(); n != w.buckets {
			w.buckets, w.heard = n, time.Now()
		}
		w.mu.Unlock()
	}
}

func (w *watcher) count() int {
	if !w.Complete("acme") {
		return -1
	}
	n := 0
	for _, stack := range w.View("acme").Stacks {
		for id := range stack.Entities {
			if id.Kind == model.KindBucket {
				n++
			}
		}
	}
	return n
}

func (w *watcher) knows() (buckets int, heard time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buckets, w.heard
}

func watched(t *testing.T, clients, entities int) (l liveRun) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		box := sandbox.New(sandbox.Options{Seed: 1, Latency: sandbox.LatencyAWS()})
		calls := &counting{next: simulate.NewTransport(box), calls: map[string]int{}}
		stage := serve(t, box, calls)
		service := processOver(t, calls, "bench")
		p := model.Project{Name: "acme", AccountID: "000000300000", Region: "eu-west-1", OnDelete: model.Refuse}
		must(t, service.CreateProject(t.Context(), p))

		token, err := box.Issuer().Token(oidc.URL(issuerAddress), oidc.TokenRequest{ExpiresIn: 24 * 3600})
		must(t, err)
		watchers := make([]*watcher, clients)
		connect := func(n int) {
			w := watchers[n]
			w.mu.Lock()
			w.buckets = -1
			w.mu.Unlock()
			for wait := 250 * time.Millisecond; ; wait *= 2 { // API Gateway accepts a limited number per second
				conn, err := stage.Connect(t.Context(), apigateway.Handshake{
					SourceIP:     fmt.Sprintf("198.51.%d.%d", n/256, n%256),
					Subprotocols: []string{event.Subprotocol, "stowage.token." + token},
				})
				if err == nil {
					w.conn = conn
					break
				}
				time.Sleep(wait + time.Duration(n)*time.Millisecond)
			}
			hello, _ := json.Marshal(w.Hello())
			must(t, w.conn.Send(hello))
			go w.listen()
		}
		everybody := func(does func(n int)) {
			var group sync.WaitGroup
			for n := range watchers {
				group.Go(func() { does(n) })
			}
			group.Wait()
		}
		for n := range watchers {
			watchers[n] = &watcher{}
		}
		everybody(connect)
		know := func(buckets int) {
			for _, w := range watchers {
				for n, _ := w.knows(); n != buckets; n, _ = w.knows() {
					time.Sleep(10 * time.Millisecond)
				}
			}
		}
		know(0)

		// The commit.
		for _, w := range watchers {
			w.bytes = 0
		}
		calls.take()
		create(t, service, p, entities)
		know(entities)
		time.Sleep(5 * time.Second)
		l.posts = calls.take()["PostToConnection"]
		ended := endOf(t, box, p)
		for _, w := range watchers {
			_, heard := w.knows()
			l.delays = append(l.delays, heard.Sub(ended))
			l.bytes += w.bytes
		}
		slices.Sort(l.delays)

		// All clients lose the connection, and miss a commit before they reconnect.
		box.WebSockets().Drop(apigateway.All)
		must(t, service.Create(t.Context(), "acme", bucketOf(p, "meanwhile")))
		calls.take()
		from := time.Now()
		everybody(connect)
		know(entities + 1)
		l.back = time.Since(from)
		storm := calls.take()
		l.storm = storm["Query"] + storm["BatchGetItem"] + storm["GetItem"] + storm["TransactGetItems"]
		box.WebSockets().Drop(apigateway.All)
		time.Sleep(30 * time.Second)
	})
	return l
}

func bucketOf(p model.Project, name string) model.Bucket {
	return model.Bucket{
		Name: name, BucketName: model.DefaultBucketName(p.Name, name, p.AccountID, p.Region),
		Lifecycle: model.DefaultLifecycle(), OnDelete: model.Refuse,
	}
}

// create creates buckets concurrently, so that one commit contains them all.
func create(t *testing.T, service *projects.Service, p model.Project, entities int) {
	t.Helper()
	var group sync.WaitGroup
	for n := range entities {
		group.Go(func() {
			if err := service.Create(t.Context(), p.Name, bucketOf(p, fmt.Sprintf("bucket%d", n))); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

// endOf returns when CloudFormation finished the last operation of a project's stack.
func endOf(t *testing.T, box *sandbox.Sandbox, p model.Project) time.Time {
	t.Helper()
	out, err := stacksOf(box, p.AccountID).DescribeStackEvents(
		t.Context(), &cloudformation.DescribeStackEventsInput{StackName: aws.String("stowage-" + p.Name + "-0")},
	)
	must(t, err)
	return aws.ToTime(out.StackEvents[0].Timestamp)
}

// stacksOf returns a client as the administrator of an account.
func stacksOf(box *sandbox.Sandbox, accountID string) *cloudformation.Client {
	access, secret := sandbox.StaticCredentials(accountID)
	return cloudformation.New(cloudformation.Options{
		Region: "eu-west-1", HTTPClient: &http.Client{Transport: simulate.NewTransport(box)},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: access, SecretAccessKey: secret}, nil
		}),
	})
}

const issuerAddress = "https://issuer.test"

func serve(t *testing.T, box *sandbox.Sandbox, transport http.RoundTripper) *apigateway.Stage {
	t.Helper()
	const arn = "arn:aws:lambda:eu-west-1:000000000000:function:relay"
	r := relayOver(t, box, transport)
	box.RegisterFunction(arn, r.Handle)
	box.SubscribeFunction(arn)
	stage, err := box.WebSockets().Deploy(apigateway.Settings{
		API:             "live",
		Stage:           "prod",
		Account:         sandbox.HubAccount,
		Region:          "eu-west-1",
		Authorizer:      arn,
		IdentitySources: []string{"route.request.header.Sec-WebSocket-Protocol"},
		Routes:          map[string]string{"$connect": arn, "$default": arn, "$disconnect": arn},
	})
	must(t, err)
	must(t, box.SetHubSettings(map[string]any{"management_url": "https://" + stage.Domain() + "/prod"}))
	return stage
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
