package stack_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
	"github.com/stowage/terraform-provider-stowage/internal/stack"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// driven is the transport of one writer. Its calls pass straight through until the driver takes
// over. They carry the writer's name, so that the driver can distinguish equal calls of two
// writers.
type driven struct {
	name   string
	driver *simulate.Driver // nil until the driver takes over
	direct http.RoundTripper
}

func (d *driven) RoundTrip(r *http.Request) (*http.Response, error) {
	if d.driver == nil {
		return d.direct.RoundTrip(r)
	}
	return d.driver.Transport().RoundTrip(r.WithContext(simulate.WithActor(r.Context(), d.name)))
}

// writer returns a process whose calls are ordered by a driver.
func (w *world) writer(driver *simulate.Driver, n int) *stack.Stack {
	w.t.Helper()
	transport := &driven{name: fmt.Sprint("writer ", n), direct: w.transport}
	client := w.clientBy(transport)
	transport.driver = driver
	return w.process(func(c *stack.Config) { c.CloudFormation, c.S3 = client.CloudFormation, client.S3 })
}

// TestRace_NoLostWrite lets several processes write to one stack at once. The seed chooses
// the order of calls, with lost replies, throttling and stale reads. Every acknowledged change is
// in the template, and no failed change is.
func TestRace_NoLostWrite(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			cryptotest.SetGlobalRandom(t, seed)
			synctest.Test(t, func(t *testing.T) { race(t, seed) })
		})
	}
}

// TestDeterminism_Race shows that a seed determines the order, times and answers of
// all calls, so that a failure can be replayed.
func TestDeterminism_Race(t *testing.T) {
	const seed = 7
	var first []string
	for n := range 20 {
		cryptotest.SetGlobalRandom(t, seed)
		synctest.Test(t, func(t *testing.T) {
			trace := race(t, seed)
			if n == 0 {
				first = trace
			}
			if diff := cmp.Diff(first, trace); diff != "" {
				t.Fatalf("run %d differs from the first (-first +this):\n%s", n, diff)
			}
		})
	}
}

func race(t *testing.T, seed uint64) []string {
	t.Helper()
	const writers, each = 3, 4
	w := &world{t: t, box: sandbox.New(sandbox.Options{Seed: seed, Latency: sandbox.LatencyAWS()})}
	driver := simulate.NewDriver(w.box, seed)
	// Only the writers' calls are driven. Earlier and later calls pass straight through.
	w.transport = simulate.NewTransport(w.box)
	w.filled(w.process())
	w.faults(
		sandbox.Fault{
			Service: "cloudformation", Operation: "ExecuteChangeSet", Effect: sandbox.LostReply, After: int(seed % 5),
			Times: 1,
		},
		sandbox.Fault{Service: "cloudformation", Effect: sandbox.Throttle, After: int(10 + seed), Times: 3},
		sandbox.Fault{
			Service: "cloudformation", Operation: "DescribeStacks", Effect: sandbox.StaleRead, After: int(8 + seed),
			Times: 1,
		},
	)
	var (
		mu           sync.Mutex
		acknowledged = map[string]bool{}
		group        sync.WaitGroup
	)
	for n := range writers {
		s := w.writer(driver, n)
		for i := range each {
			name := fmt.Sprintf("user%d%d", n, i)
			group.Go(func() {
				err := s.Commit(t.Context(), create(user(name)))
				mu.Lock()
				defer mu.Unlock()
				acknowledged[name] = err == nil
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
	}
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	driver.Run(done)
	w.box.ClearFaults()
	maps.DeleteFunc(acknowledged, func(_ string, ok bool) bool { return !ok })
	var have []string
	for _, u := range w.contents().Users {
		have = append(have, u.Name)
	}
	slices.Sort(have)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(acknowledged)), have); diff != "" {
		t.Errorf("acknowledged and there differ (-acknowledged +there):\n%s\n%v", diff, driver.Trace())
	}
	// A writer that remembers its own last commit continues from the other writers' commits.
	must(t, w.process().Commit(t.Context(), template.Change{Op: template.Delete, Entity: user("user00")}))
	if got := len(w.contents().Users); got != writers*each-1 {
		t.Errorf("%d users after a deletion, want %d", got, writers*each-1)
	}
	return driver.Trace()
}

func TestRace_FirstWriters(t *testing.T) {
	for seed := range uint64(8) {
		cryptotest.SetGlobalRandom(t, seed)
		synctest.Test(t, func(t *testing.T) {
			w := &world{t: t, box: sandbox.New(sandbox.Options{Seed: seed, Latency: sandbox.LatencyAWS()})}
			driver := simulate.NewDriver(w.box, seed)
			w.transport = simulate.NewTransport(w.box)
			var group sync.WaitGroup
			for n := range 2 {
				s := w.writer(driver, n)
				group.Go(func() {
					if err := s.Commit(t.Context(), create(user(fmt.Sprint("user", n)))); err != nil {
						t.Errorf("seed %d, writer %d: %v", seed, n, err)
					}
				})
			}
			done := make(chan struct{})
			go func() { group.Wait(); close(done) }()
			driver.Run(done)
			if got := len(w.contents().Users); got != 2 {
				t.Errorf("seed %d: %d users, want 2", seed, got)
			}
		})
	}
}

// after is a transport that does something once, between the first answer to an action and the
// return to its caller.
type after struct {
	next   http.RoundTripper
	action string
	do     func()
	done   bool
}

func (a *after) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer, err := a.next.RoundTrip(r)
	if !a.done && bytes.Contains(body, []byte("Action="+a.action)) {
		a.done = true
		a.do()
	}
	return answer, err
}

// TestFollow_DirectUpdateAfterwards lets a person update the stack without a change set after a
// commit has ended, before its process polls again: the outcome is the commit's own, and what the
// person added stays.
func TestFollow_DirectUpdateAfterwards(t *testing.T) {
	for _, answer := range []string{unproven.Cleared, unproven.Kept} {
		for _, sleeps := range []time.Duration{20 * time.Second, 2 * time.Minute} {
			for _, fails := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, fails %t, asleep for %s", answer, fails, sleeps), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						box := sandbox.New(sandbox.Options{
							Seed: 1, Latency: sandbox.LatencyAWS(), Answers: unproven.Answers{unproven.DirectUpdateChangeSetID: answer},
						})
						w := &world{t: t, box: box, transport: simulate.NewTransport(box)}
						w.filled(w.process())
						client := w.clientBy(&after{next: w.transport, action: "ExecuteChangeSet", do: func() { time.Sleep(sleeps) }})
						var told reports
						s := w.process(func(c *stack.Config) { c.CloudFormation, c.Observer = client.CloudFormation, &told })
						if fails {
							w.faults(sandbox.Fault{ResourceType: "AWS::IAM::User", Phase: "create", Reason: "no", Times: 1})
						}
						first := make(chan error, 1)
						go func() { first <- s.Commit(t.Context(), create(user("first"))) }()
						for w.called("ExecuteChangeSet") == 0 || strings.HasSuffix(string(w.described().StackStatus), "_IN_PROGRESS") {
							time.Sleep(time.Second)
						}
						w.byHand(nil, func(sections map[string]any) {
							section(sections, "Outputs")["Theirs"] = map[string]any{"Value": "by hand"}
							section(sections, "Resources")["Theirs"] = map[string]any{"Type": "AWS::SNS::Topic"}
						})
						if err := <-first; (err != nil) != fails {
							t.Errorf("the commit ended with %v", err)
						}
						for _, done := range told.committed {
							t.Errorf("what the person has left is taken for revision %d: %+v", done.Revision, done.Description)
						}
						must(t, s.Commit(t.Context(), create(user("second"))))
						if body := *w.template(); !strings.Contains(body, "by hand") {
							t.Error("the output that was added by hand is gone")
						}
					})
				})
			}
		}
	}
}

// TestFollow_OwnOutcome lets another writer commit, or fail, before the
// first one polls again.
func TestFollow_OwnOutcome(t *testing.T) {
	for _, fails := range []string{"neither", "first", "second"} {
		t.Run(fails, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.filled(w.process())
				// The first writer's machine sleeps.
				client := w.clientBy(
					&after{next: w.transport, action: "ExecuteChangeSet", do: func() { time.Sleep(2 * time.Minute) }},
				)
				var told reports
				s := w.process(func(c *stack.Config) { c.CloudFormation, c.Observer = client.CloudFormation, &told })
				if fails != "neither" {
					w.faults(
						sandbox.Fault{
							ResourceType: "AWS::IAM::User", PhysicalID: "acme-" + fails, Phase: "create", Reason: "no", Times: 1,
						},
					)
				}
				first := make(chan error, 1)
				go func() { first <- s.Commit(t.Context(), create(user("first"))) }()
				time.Sleep(time.Minute) // the first is done, and doesn't know it
				second := w.process().Commit(t.Context(), create(user("second")))
				if err := <-first; (err != nil) != (fails == "first") {
					t.Errorf("the first ended with %v", err)
				}
				if (second != nil) != (fails == "second") {
					t.Errorf("the second ended with %v", second)
				}
				if want := map[string]int{"neither": 1, "first": 0, "second": 1}[fails]; told.superseded != want {
					t.Errorf("superseded %d times, want %d", told.superseded, want)
				}
				for _, done := range told.committed {
					t.Errorf("what the second has left is taken for revision %d of the first: %+v", done.Revision, done.Description)
				}
				must(t, w.process().Commit(t.Context(), create(user("third"))))
				want := map[string]int{"neither": 3, "first": 2, "second": 2}[fails]
				if got := len(w.contents().Users); got != want {
					t.Errorf("%d users, want %d", got, want)
				}
			})
		})
	}
}
