package projects_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// request is a call of CloudFormation as it went over the wire.
type request struct {
	began, ended time.Time
	status       int
	form         url.Values
}

// recorder is a transport that remembers the calls of CloudFormation.
type recorder struct {
	next http.RoundTripper

	mu       sync.Mutex
	requests []*request
}

// RoundTrip implements http.RoundTripper.
func (r *recorder) RoundTrip(hr *http.Request) (*http.Response, error) {
	if !strings.HasPrefix(hr.URL.Host, "cloudformation.") {
		return r.next.RoundTrip(hr)
	}
	body, err := io.ReadAll(hr.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	copied := hr.Clone(hr.Context())
	copied.Body = io.NopCloser(bytes.NewReader(body))
	recorded := &request{began: time.Now(), form: form}
	r.mu.Lock()
	r.requests = append(r.requests, recorded)
	r.mu.Unlock()
	response, err := r.next.RoundTrip(copied)
	r.mu.Lock()
	defer r.mu.Unlock()
	recorded.ended = time.Now()
	if err == nil {
		recorded.status = response.StatusCode
	}
	return response, err
}

// of are the requests for an operation ("": for all), in their order.
func (r *recorder) of(operation string) []*request {
	r.mu.Lock()
	defer r.mu.Unlock()
	var result []*request
	for _, request := range r.requests {
		if operation == "" || request.form.Get("Action") == operation {
			result = append(result, request)
		}
	}
	return result
}

// recorded is a process whose calls are recorded.
func (w *world) recorded() (*projects.Service, *recorder) {
	w.t.Helper()
	r := &recorder{}
	clients := w.clientsBy(sandbox.HubAccount, func(next http.RoundTripper) http.RoundTripper {
		r.next = next
		return r
	})
	return w.process(func(c *projects.Config) { c.Clients = clients }), r
}

// describesByID fails for a DescribeStacks that asks for all stacks of the account, and for one
// that names a stack whose id the process has been told: names can be given to another stack, and
// ids are what a poller is cheap with.
func (r *recorder) describesByID(t *testing.T) {
	t.Helper()
	known := map[string]time.Time{} // the name of a stack, and when its id was first in an answer or a request
	for _, request := range r.of("") {
		stack := request.form.Get("StackName")
		if request.form.Get("Action") != "DescribeStacks" {
			continue
		}
		if stack == "" {
			t.Error("a DescribeStacks asks for all stacks of the account")
			continue
		}
		if arn := strings.Split(stack, "/"); len(arn) > 1 {
			continue
		}
		if since, ok := known[stack]; ok && request.began.After(since) {
			t.Errorf("the stack %s is described by its name, though its id is known since %s", stack, since)
		}
		if request.status == http.StatusOK {
			known[stack] = request.ended
		}
	}
}

// attempts is the number of calls in all.
func (w *world) attempts() int {
	w.t.Helper()
	sum := 0
	for _, n := range w.calls() {
		sum += n
	}
	return sum
}

// storm throttles every second call of every service.
func storm(lasting string) sandbox.Fault {
	return sandbox.Fault{Effect: sandbox.Throttle, Every: 2, For: lasting}
}

// mostAttempts is the bound of what an apply of commits that lasted so long may call in a storm:
// every second attempt is throttled, so twice what is meant. That is at most 10 calls of the
// process and 14 of each commit: one to put the template, five to make and describe the set, one to
// execute it, three of the mirror, four polls in the first five seconds; and then a poll every five
// seconds.
func mostAttempts(commits int, lasted time.Duration) int {
	return 2 * (10 + 14*commits + int(lasted/(5*time.Second)))
}

// TestThrottling_Storm throttles every second call, for a minute and for all
// the time that it takes.
func TestThrottling_Storm(t *testing.T) {
	const m = 300
	for _, c := range []struct {
		n       int
		lasting string
	}{{10, "1m"}, {100, "1m"}, {100, "1h"}} {
		n, lasting := c.n, c.lasting
		t.Run(fmt.Sprintf("parallelism %d, throttled for %s", n, lasting), func(t *testing.T) {
			cryptotest.SetGlobalRandom(t, uint64(n))
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, true)
				must(t, w.process().CreateProject(t.Context(), acme()))
				entities := w.allowed(w.process(), "acme", m)

				w.resetCalls()
				w.faults(storm(lasting))
				planner := w.process()
				for range m {
					_, err := planner.Read(t.Context(), "acme")
					must(t, err)
				}
				if got := w.attempts(); got > 2*6 {
					t.Errorf("the plan took %d attempts, want at most twice its six calls", got)
				}
				w.box.ClearFaults()

				w.resetCalls()
				w.faults(storm(lasting))
				began := time.Now()
				s, r := w.recorded()
				mustAll(
					t,
					terraform{
						parallelism: n, before: 100 * time.Millisecond, rand: newRand(n),
					}.apply(creations(t.Context(), s, "acme", entities...)),
				)
				lasted, commits := time.Since(began), m/n
				// The random pauses between attempts make three commits take 90 to 107 seconds.
				if most := time.Duration(commits) * 40 * time.Second; lasted > most {
					t.Errorf("the apply took %s, want at most %s", lasted, most)
				}
				executed := 0
				for _, request := range r.of("ExecuteChangeSet") {
					if request.status == http.StatusOK {
						executed++
					}
				}
				if executed != commits {
					t.Errorf("%d commits, want %d", executed, commits)
				}
				if got, most := w.attempts(), mostAttempts(commits, lasted); got > most {
					t.Errorf("the apply took %d attempts, want at most %d", got, most)
				}
				r.describesByID(t)
				w.box.ClearFaults()
				truth := w.read(projects.Authoritative)
				if got := len(truth.Contents.Permissions); got != m {
					t.Errorf("%d permissions, want %d", got, m)
				}
				sameView(t, truth, w.read(projects.Verified))
			})
		})
	}
}

// TestProjectLivesThroughAStorm makes a project, fills it, changes it, empties it and deletes it
// while every second call is throttled.
func TestProjectLivesThroughAStorm(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			cryptotest.SetGlobalRandom(t, seed)
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, true)
				w.faults(storm(""))
				s := w.process()
				tf := terraform{parallelism: 20, before: 100 * time.Millisecond, rand: newRand(int(seed))}
				must(t, s.CreateProject(t.Context(), acme()))
				permissions := w.allowed(s, "acme", 20)
				mustAll(t, tf.apply(creations(t.Context(), s, "acme", permissions...)))
				changed := acme()
				changed.Tags = map[string]string{"stage": "two"}
				must(t, s.UpdateProject(t.Context(), changed))
				view := w.read(projects.Verified)
				if got := len(view.Contents.Permissions); got != 20 {
					t.Errorf("%d permissions, want 20", got)
				}
				remove := func(entities ...model.Entity) {
					steps := make([]func() error, len(entities))
					for i, e := range entities {
						steps[i] = func() error { return s.Delete(t.Context(), "acme", e.ID()) }
					}
					mustAll(t, tf.apply(steps))
				}
				remove(permissions...)
				var parents []model.Entity
				for _, u := range view.Contents.Users {
					parents = append(parents, u)
				}
				for _, b := range view.Contents.Buckets {
					parents = append(parents, b)
				}
				remove(parents...)
				must(t, s.DeleteProject(t.Context(), "acme"))
				w.box.ClearFaults()
				w.nothingIsLeft()
			})
		})
	}
}

// TestOperationsOutlastThrottling lets every attempt of one operation be throttled for two minutes.
func TestOperationsOutlastThrottling(t *testing.T) {
	const m, n = 60, 30
	for _, operation := range []struct{ service, name string }{
		{"sts", "AssumeRole"}, {"ssm", "GetParameter"}, {"s3", "PutObject"},
		{"dynamodb", "Query"}, {"dynamodb", "TransactGetItems"}, {"dynamodb", "TransactWriteItems"},
		{"cloudformation", "GetTemplate"}, {"cloudformation", "DescribeStacks"},
		{"cloudformation", "CreateChangeSet"}, {"cloudformation", "DescribeChangeSet"}, {"cloudformation", "ExecuteChangeSet"},
	} {
		t.Run(operation.service+" "+operation.name, func(t *testing.T) {
			cryptotest.SetGlobalRandom(t, 1)
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, true)
				must(t, w.process().CreateProject(t.Context(), acme()))
				entities := w.allowed(w.process(), "acme", m)
				w.resetCalls()
				w.faults(sandbox.Fault{Service: operation.service, Operation: operation.name, Effect: sandbox.Throttle, For: "2m"})
				began := time.Now()
				mustAll(
					t,
					terraform{
						parallelism: n, before: 100 * time.Millisecond, rand: newRand(1),
					}.apply(creations(t.Context(), w.process(), "acme", entities...)),
				)
				if got, most := w.attempts(), 25+mostAttempts(m/n, time.Since(began)); got > most {
					t.Errorf("%d attempts in %s, want at most %d", got, time.Since(began), most)
				}
				if got := w.calls()[operation.service+"."+operation.name]; got < 2 {
					t.Errorf("%d attempts of the operation: the test shows nothing", got)
				}
				w.box.ClearFaults()
				truth := w.read(projects.Authoritative)
				if got := len(truth.Contents.Permissions); got != m {
					t.Errorf("%d permissions, want %d", got, m)
				}
				sameView(t, truth, w.read(projects.Verified))
			})
		})
	}
}

// TestOneLayerRetries lets a call be throttled for ever: it is attempted 25 times and no more, by
// the SDK, and the error says why.
func TestOneLayerRetries(t *testing.T) {
	read := func(ctx context.Context, s *projects.Service) error {
		_, err := s.Read(ctx, "acme")
		return err
	}
	write := func(ctx context.Context, s *projects.Service) error {
		return s.Create(ctx, "acme", model.User{Name: "partner"})
	}
	for _, c := range []struct {
		service, operation, doing string
		mode                      projects.ReadMode
		do                        func(context.Context, *projects.Service) error
	}{
		{"ssm", "GetParameter", "reading", projects.Verified, read},
		{"cloudformation", "DescribeStacks", "reading", projects.Verified, read},
		{"cloudformation", "DescribeStacks", "writing", projects.Cached, write},
	} {
		t.Run(fmt.Sprintf("%s %s, %s", c.service, c.operation, c.doing), func(t *testing.T) {
			cryptotest.SetGlobalRandom(t, 1)
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, true)
				must(t, w.process().CreateProject(t.Context(), acme()))
				w.resetCalls()
				w.faults(sandbox.Fault{Service: c.service, Operation: c.operation, Effect: sandbox.Throttle})
				err := c.do(t.Context(), w.process(mode(c.mode)))
				if err == nil || !strings.Contains(err.Error(), "exceeded maximum number of attempts, 25") ||
					!strings.Contains(err.Error(), "Rate exceeded") {
					t.Errorf("%s ended with: %v", c.doing, err)
				}
				if got := w.calls()[c.service+"."+c.operation]; got != 25 {
					t.Errorf("%d attempts, want 25", got)
				}
			})
		})
	}
}

// TestThrottling_EndsAtTimeout lets CloudFormation throttle everything from some call
// on, and stop only after the writers' time has run out: they end with errors, by then at the
// latest, their attempts are few, and the next apply goes on from there.
func TestThrottling_EndsAtTimeout(t *testing.T) {
	for after := range 17 { // the whole commit takes so many
		t.Run(fmt.Sprintf("after %d calls", after), func(t *testing.T) {
			cryptotest.SetGlobalRandom(t, 1)
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, true)
				must(t, w.process().CreateProject(t.Context(), acme()))
				s := w.process(func(c *projects.Config) { c.Origin = "workspace" }) // whose creations are taken over
				_, err := s.Read(t.Context(), "acme")
				must(t, err)
				w.resetCalls()
				w.faults(sandbox.Fault{Service: "cloudformation", Effect: sandbox.Throttle, After: after})
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				began := time.Now()
				for i, err := range (terraform{parallelism: 10}).apply(creations(ctx, s, "acme", users(10)...)) {
					if err == nil {
						t.Errorf("step %d succeeded", i)
					}
				}
				if lasted := time.Since(began); lasted > time.Hour {
					t.Errorf("it took %s", lasted)
				}
				// Five attempts come in the first half of a minute, the others of a call every
				// twenty seconds: at most five a minute.
				if got, most := w.attempts(), after+10+5*60; got > most {
					t.Errorf("%d attempts in %s, want at most %d", got, time.Since(began), most)
				}
				w.box.ClearFaults()
				mustAll(t, terraform{parallelism: 10}.apply(creations(t.Context(), s, "acme", users(10)...)))
				if got := len(w.read(projects.Authoritative).Contents.Users); got != 10 {
					t.Errorf("%d users, want 10", got)
				}
			})
		})
	}
}

// users are n users.
func users(n int) []model.Entity {
	entities := make([]model.Entity, n)
	for i := range entities {
		entities[i] = model.User{Name: fmt.Sprintf("user%d", i)}
	}
	return entities
}

// TestOnePollerForAllWaiters counts the polls of an operation for which one waits and for which a
// hundred wait.
func TestOnePollerForAllWaiters(t *testing.T) {
	for _, m := range []int{1, 100} {
		t.Run(fmt.Sprint(m, " waiters"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, true)
				must(t, w.process().CreateProject(t.Context(), acme()))
				s, r := w.recorded()
				mustAll(t, terraform{parallelism: m}.apply(creations(t.Context(), s, "acme", users(m)...)))
				executed := r.of("ExecuteChangeSet")
				if len(executed) != 1 {
					t.Fatalf("%d commits, want 1", len(executed))
				}
				last, polls := executed[0].ended, 0
				for _, poll := range r.of("DescribeStacks") {
					if poll.began.Before(last) {
						continue
					}
					pauses := []time.Duration{250 * time.Millisecond, 750 * time.Millisecond, 2250 * time.Millisecond, 5 * time.Second}
					want := pauses[min(polls, len(pauses)-1)]
					polls++
					if gap := poll.began.Sub(last); gap < want {
						t.Errorf("poll %d comes %s after the one before, want %s at least", polls, gap, want)
					}
					last = poll.ended
				}
				if lasted := last.Sub(executed[0].ended); polls == 0 || polls > 4+int(lasted/(5*time.Second)) {
					t.Errorf("%d polls of an operation of %s", polls, lasted)
				}
				r.describesByID(t)
			})
		})
	}
}

// TestMirror_StackID reads and writes with a process that has nothing but the mirror: no
// call names a stack by its name.
func TestMirror_StackID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		must(t, w.process().CreateProject(t.Context(), acme()))
		s, r := w.recorded()
		_, err := s.Read(t.Context(), "acme")
		must(t, err)
		must(t, s.Create(t.Context(), "acme", model.User{Name: "partner"}))
		for _, request := range r.of("") {
			if stack := request.form.Get("StackName"); stack != "" && !strings.HasPrefix(stack, "arn:") {
				t.Errorf("%s names the stack %s", request.form.Get("Action"), stack)
			}
		}
	})
}
