package projects_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/apigateway"
)

// live makes web clients reachable.
func (w *world) live() *apigateway.Stage {
	w.t.Helper()
	const arn = "arn:aws:lambda:eu-west-1:000000000000:function:routes"
	w.box.RegisterFunction(arn, func(context.Context, []byte) ([]byte, error) { return []byte(`{"statusCode":200}`), nil })
	stage, err := w.box.WebSockets().Deploy(apigateway.Settings{
		API:     "live",
		Stage:   "prod",
		Account: sandbox.HubAccount,
		Region:  "eu-west-1",
		Routes:  map[string]string{"$connect": arn},
		Buffer:  4 << 10,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.manage("wss://" + stage.Domain() + "/prod") // as a hub's template writes it
	return stage
}

// manage puts the address at which web clients are reached into the hub's settings.
func (w *world) manage(url string) {
	w.t.Helper()
	if err := w.box.SetHubSettings(map[string]any{"management_url": url}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) table() *mirror.Table { return mirror.New(w.clients().Hub().DynamoDB, "stowage") }

// watch connects a client that may see projects.
func (w *world) watch(stage *apigateway.Stage, names ...string) *apigateway.Conn {
	w.t.Helper()
	c, err := stage.Connect(
		w.t.Context(), apigateway.Handshake{SourceIP: fmt.Sprint(len(w.box.WebSockets().Connections()))},
	)
	if err != nil {
		w.t.Fatal(err)
	}
	err = w.table().Connect(
		w.t.Context(), mirror.Connection{ID: c.ID(), Projects: names, Ends: time.Now().Add(2 * time.Hour)},
	)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// heard is what a client has received by now, in short.
func (w *world) heard(c *apigateway.Conn) (short []string) {
	w.t.Helper()
	for {
		ctx, cancel := context.WithTimeout(w.t.Context(), time.Nanosecond)
		text, err := c.Receive(ctx)
		cancel()
		if err != nil {
			return short
		}
		var m event.Message
		if err := json.Unmarshal(text, &m); err != nil {
			w.t.Fatal(err)
		}
		about := fmt.Sprintf("%d %s %s", m.Seq, m.Project, m.Type)
		if change, err := m.OperationChange(); err == nil && change.Operation != nil {
			about += fmt.Sprintf(" %v by %s in %s", change.Operation.Members, change.Operation.Who, change.Operation.Run)
		}
		if change, err := m.StackChange(); err == nil {
			about += " " + change.Status
			for _, b := range change.Put.Buckets {
				about += " " + b.Name
			}
		}
		short = append(short, about)
	}
}

func inRun(c *projects.Config) { c.Run = "run-7" }

// Who watches hears what is being changed before it is, and what has changed before the caller does.
func TestWatchers_FirstToHear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		stage := w.live()
		all, mine, foreign := w.watch(stage, mirror.Everything), w.watch(stage, "acme", "globex"), w.watch(stage, "globex")
		s := w.process(inRun)
		must(t, s.CreateProject(t.Context(), acme()))
		w.heard(all)
		w.heard(mine)

		executed := make(chan []string, 1)
		stop := context.AfterFunc(w.called("ExecuteChangeSet"), func() { executed <- w.heard(mine) })
		defer stop()
		must(t, s.Create(t.Context(), "acme", bucket("inbox")))
		got := w.heard(mine)
		announced := "2 acme operation [bucket inbox] by " + w.clients().Caller() + " in run-7"
		if before := <-executed; !cmp.Equal([]string{announced}, before) {
			t.Errorf("before the execution it had heard %q", before)
		}
		if want := []string{"3 acme stack UPDATE_COMPLETE inbox"}; !cmp.Equal(want, got) {
			t.Errorf("when the caller heard, it had heard %q", got)
		}
		if got := w.heard(all); len(got) != 2 {
			t.Errorf("who sees everything heard %q", got)
		}
		if got := w.heard(foreign); got != nil {
			t.Errorf("who may not see it heard %q", got)
		}
	})
}

// called ends when an operation is called for the next time.
func (w *world) called(operation string) context.Context {
	ctx, cancel := context.WithCancel(w.t.Context())
	before := w.calls()["cloudformation."+operation]
	go func() {
		defer cancel()
		for ctx.Err() == nil && w.calls()["cloudformation."+operation] == before {
			<-time.After(time.Millisecond)
		}
	}()
	return ctx
}

// The cost of telling: for each of the two events of a commit three reads and a write, and a post
// for each client that may see it.
func TestPublish_Calls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cost := func(clients int, manage bool) map[string]int {
			w := newWorld(t, false)
			if manage {
				stage := w.live()
				for range clients {
					w.watch(stage, "acme")
				}
			}
			s := w.process()
			must(t, s.CreateProject(t.Context(), acme()))
			w.resetCalls()
			must(t, s.Create(t.Context(), "acme", bucket("inbox")))
			return w.calls()
		}
		without := cost(0, false)
		for clients, want := range map[int]map[string]int{
			0: {"dynamodb.Query": 2 * 2, "dynamodb.PutItem": 2},
			7: {"dynamodb.Query": 2 * 3, "dynamodb.PutItem": 2, "execute-api.PostToConnection": 2 * 7},
		} {
			more := cost(clients, true)
			for call, n := range without {
				if more[call] -= n; more[call] == 0 {
					delete(more, call)
				}
			}
			if diff := cmp.Diff(want, more); diff != "" {
				t.Errorf("%d clients: %s", clients, diff)
			}
		}
	})
}

// Clients that have gone are forgotten, those that don't read are left to catch up: neither is a
// failure, nor is it tried again.
func TestPush_UnreachableClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		stage := w.live()
		gone, stalled, fine := w.watch(stage, "acme"), w.watch(stage, "acme"), w.watch(stage, "acme")
		s := w.process(func(c *projects.Config) {
			c.Warn = func(_ context.Context, message string, fields map[string]any) {
				t.Errorf("warned: %s %v", message, fields)
			}
		})
		must(t, s.CreateProject(t.Context(), acme()))
		gone.Break()
		w.box.WebSockets().Stall(stalled.ID())
		for n := range 6 {
			must(t, s.Create(t.Context(), "acme", bucket(fmt.Sprintf("bucket-%d", n))))
			w.heard(fine)
		}
		kept, err := w.table().Connections(t.Context())
		must(t, err)
		behind := map[string]bool{}
		for _, c := range kept {
			behind[c.ID] = c.Behind
		}
		if want := map[string]bool{stalled.ID(): true, fine.ID(): false}; !cmp.Equal(want, behind) {
			t.Errorf("kept are %v", kept)
		}
		w.resetCalls()
		must(t, s.Create(t.Context(), "acme", bucket("last")))
		if n := w.calls()["execute-api.PostToConnection"]; n != 2 {
			t.Errorf("%d posts for two events and one client", n)
		}
		if got := w.heard(fine); len(got) != 2 || !strings.HasSuffix(got[1], "UPDATE_COMPLETE last") {
			t.Errorf("the other client heard %q", got)
		}
	})
}

// An apply doesn't fail when clients can't be reached, nor does it take long: the next publisher
// sends the rest.
func TestPublish_RetriedLater(t *testing.T) {
	for name, fails := range map[string]struct {
		transport func(next http.RoundTripper) http.RoundTripper
		bound     time.Duration // for each of the events
	}{
		"refused": {func(next http.RoundTripper) http.RoundTripper {
			return posting(next, func(r *http.Request) (*http.Response, error) {
				r.Header.Del("Authorization")
				return next.RoundTrip(r)
			})
		}, 0},
		"hanging": {func(next http.RoundTripper) http.RoundTripper {
			return posting(next, func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				return nil, r.Context().Err()
			})
		}, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, false)
				stage := w.live()
				healthy := w.process()
				must(t, healthy.CreateProject(t.Context(), acme()))
				began := time.Now()
				must(t, w.process().Create(t.Context(), "acme", bucket("before")))
				usual := time.Since(began)

				c := w.watch(stage, "acme")
				clients := w.clientsBy(sandbox.HubAccount, fails.transport)
				var warned []string
				s := w.process(inRun, func(c *projects.Config) {
					c.Clients = clients
					c.Warn = func(_ context.Context, message string, _ map[string]any) { warned = append(warned, message) }
				})
				began = time.Now()
				must(t, s.Create(t.Context(), "acme", bucket("inbox")))
				// A little more than the bound: the retries of the SDK.
				if took := time.Since(began); took > usual+2*fails.bound+time.Second {
					t.Errorf("it took %s, usually %s", took, usual)
				}
				if len(warned) == 0 && name == "refused" ||
					slices.ContainsFunc(
						warned, func(m string) bool { return !strings.HasPrefix(m, "Web clients could not be told") },
					) {
					t.Errorf("warned: %q", warned)
				}
				if got := w.heard(c); got != nil {
					t.Errorf("it received %q", got)
				}
				must(t, w.table().FallBehind(t.Context(), c.ID(), false))
				must(t, healthy.Synchronizer().Publish(t.Context(), "acme"))
				if got := w.heard(c); name == "refused" && (len(got) != 2 || !strings.HasSuffix(got[1], "UPDATE_COMPLETE inbox")) {
					t.Errorf("later it heard %q", got)
				}
				w.resetCalls()
				must(t, healthy.Synchronizer().Publish(t.Context(), "acme"))
				if diff := cmp.Diff(map[string]int{"dynamodb.Query": 1}, w.calls()); diff != "" {
					t.Errorf("nothing is left: %s", diff)
				}
			})
		})
	}
}

// posting hands posts to clients to f.
func posting(next http.RoundTripper, f func(*http.Request) (*http.Response, error)) http.RoundTripper {
	return transport(func(r *http.Request) (*http.Response, error) {
		if strings.Contains(r.URL.Path, "/@connections/") {
			return f(r)
		}
		return next.RoundTrip(r)
	})
}

// Two that publish at the same moment, in one process or two, may send an event twice, and lose none.
func TestPublish_Concurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		stage := w.live()
		quiet := w.process()
		must(t, quiet.CreateProject(t.Context(), acme()))
		c := w.watch(stage, "acme")
		version := mirror.Version{
			StackID: "arn:other", LastUpdated: time.Now(), Status: "UPDATE_IN_PROGRESS",
			Phase: mirror.PhaseOf("UPDATE_IN_PROGRESS"),
		}
		for n := range 3 { // stored by a process that died
			_, _, err := w.table().Write(t.Context(), "acme", 10+n, mirror.Update{Version: version, StackName: "other"})
			must(t, err)
		}
		other := w.process()
		done := make(chan error)
		for _, s := range []*projects.Service{quiet, quiet, other, quiet} {
			go func() { done <- s.Synchronizer().Publish(t.Context(), "acme") }()
		}
		for range 4 {
			must(t, <-done)
		}
		count := map[string]int{}
		for _, about := range w.heard(c) {
			count[about]++
		}
		for about, n := range count {
			if n > 2 {
				t.Errorf("%q came %d times from two processes", about, n)
			}
		}
		if len(count) != 3 {
			t.Errorf("it heard %v", count)
		}
	})
}
