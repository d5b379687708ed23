package simulation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

const (
	account = "111122223333"
	region  = "eu-west-1"
	project = "acme"
	stack   = "stowage-acme-0"
	origin  = "simulation"
)

// world is one run. Create and use it inside a synctest bubble.
type world struct {
	t       *testing.T
	seed    uint64
	rand    *rand.Rand  // draws the plan; used only before anything runs
	damaged atomic.Bool // a person has damaged metadata
	holds   *rand.Rand  // draws who holds what; separate, so that old seeds draw the same as before
	box     *sandbox.Sandbox
	driver  *simulate.Driver
	history *History
	driving atomic.Bool // calls pass in the driver's order
	// resources is the maximum of a stack's resources before the project gets another stack; 0 for
	// the usual number. The project takes seven resources of its first stack, and the revision
	// marker one of each.
	resources int

	mu       sync.Mutex // protects the fields below
	problems []string
	theirs   []string // logical ids of a person's additions
	lost     map[model.ID]bool
}

func newWorld(t *testing.T, seed uint64) *world {
	t.Helper()
	box := sandbox.New(
		sandbox.Options{Seed: seed, Latency: sandbox.LatencyAWS(), Region: region, Answers: drawAnswers(seed)},
	)
	return &world{
		t:       t,
		seed:    seed,
		rand:    rand.New(rand.NewPCG(seed, 0x5170)),
		holds:   rand.New(rand.NewPCG(seed, 0x5171)),
		box:     box,
		driver:  simulate.NewDriver(box, seed),
		history: NewHistory(),
		lost:    map[model.ID]bool{},
	}
}

// drawAnswers draws one of AWS's two answers to each open question. Seeds that have shown a defect
// keep the usual answers, with which they showed it.
func drawAnswers(seed uint64) unproven.Answers {
	if slices.Contains(past, seed) {
		return nil
	}
	r := rand.New(rand.NewPCG(seed, 0x5172))
	answers := unproven.Answers{}
	for _, rule := range unproven.Switches() {
		if r.IntN(4) == 0 {
			answers[rule.ID] = rule.Answers[1+r.IntN(len(rule.Answers)-1)]
		}
	}
	return answers
}

// problem records a failure; the run continues. Goroutines may call it.
func (w *world) problem(check, format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.problems = append(w.problems, check+": "+fmt.Sprintf(format, args...))
}

// process is one run of the provider.
type process struct {
	*projects.Service
	w       *world
	n       int
	name    string
	clients *awsclient.Clients
	ctx     context.Context //nolint:containedctx // it lives as long as its process
	cancel  context.CancelFunc
	dead    chan struct{} // closed on a crash
	once    sync.Once
	before  func() // called before each call reaches AWS; after, once it has. nil: not called
	after   func()
}

// start starts a process. The caller chooses its unique number; a counter would depend on the
// scheduler.
func (w *world) start(name string, n int, change ...func(*projects.Config)) *process {
	w.t.Helper()
	p := &process{w: w, n: n, name: fmt.Sprintf("%s-%d", name, n), dead: make(chan struct{})}
	p.ctx, p.cancel = context.WithCancel(simulate.WithActor(w.t.Context(), p.name))
	access, secret := sandbox.StaticCredentials(sandbox.HubAccount)
	clients, err := awsclient.New(p.ctx, awsclient.Config{
		Region:     region,
		AccessKey:  access,
		SecretKey:  secret,
		Version:    "test",
		HTTPClient: &http.Client{Transport: p.mortal(w)},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	p.clients = clients
	config := projects.Config{
		Clients: clients, Hub: sandbox.HubName, RoleName: "StowageProvisioner", ReadMode: projects.Verified,
		Writer: fmt.Sprintf("writer-%d-%d", w.seed, p.n), Origin: origin,
	}
	if w.resources > 0 {
		config.Budget = template.Budget()
		config.Budget.Resources = w.resources
	}
	for _, c := range change {
		c(&config)
	}
	p.Service = projects.New(config)
	return p
}

// crash kills the process: none of its pending or later calls reaches AWS.
func (p *process) crash() {
	p.once.Do(func() {
		close(p.dead)
		p.cancel()
	})
}

// crashAt crashes the process at one of its calls, counted from 1 (0 for none), before or after it
// reaches AWS. calls returns how many it has started.
func (p *process) crashAt(at int64, after bool) (calls func() int64) {
	var began, ended atomic.Int64
	p.before = func() {
		if began.Add(1) == at && !after {
			p.crash()
		}
	}
	p.after = func() {
		if ended.Add(1) == at && after {
			p.crash()
		}
	}
	return began.Load
}

func (p *process) crashed() bool {
	select {
	case <-p.dead:
		return true
	default:
		return false
	}
}

// mortal is a transport that dies with its process. A dead process receives an answer that no
// client retries, so its remaining code ends unseen.
func (p *process) mortal(transport http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if p.before != nil {
			p.before()
		}
		if p.crashed() {
			return killed(r), nil
		}
		ctx, cancel := context.WithCancel(simulate.WithActor(r.Context(), p.name))
		defer cancel()
		stop := context.AfterFunc(p.ctx, func() {
			if p.crashed() {
				cancel()
			}
		})
		defer stop()
		response, err := transport.RoundTrip(r.WithContext(ctx))
		if p.after != nil {
			p.after()
		}
		if p.crashed() {
			return killed(r), nil
		}
		return response, err
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func killed(r *http.Request) *http.Response {
	body, kind := `<ErrorResponse><Error><Code>Killed</Code><Message>the process is dead</Message></Error></ErrorResponse>`, "text/xml"
	if r.Header.Get("X-Amz-Target") != "" {
		body, kind = `{"__type":"Killed","message":"the process is dead"}`, "application/x-amz-json-1.0"
	}
	return &http.Response{
		StatusCode:    http.StatusForbidden,
		Status:        "403 Forbidden",
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        http.Header{"Content-Type": {kind}},
		Body:          io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)),
		Request:       r,
	}
}

// RoundTrip answers calls immediately while the world is prepared or inspected, and in the driver's
// order otherwise.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.driving.Load() {
		return w.driver.Transport().RoundTrip(r)
	}
	return simulate.NewTransport(w.box).RoundTrip(r)
}

// person returns the SDK configuration of a person in the project's account.
func (w *world) person(name string) aws.Config {
	access, secret := sandbox.StaticCredentials(account)
	return aws.Config{
		Region: region, Credentials: credentials.NewStaticCredentialsProvider(access, secret, ""),
		HTTPClient: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			return w.RoundTrip(r.WithContext(simulate.WithActor(r.Context(), name)))
		})},
	}
}

// drive runs all tasks to their ends, with their calls in the seed's order.
func (w *world) drive(tasks ...func()) {
	w.driving.Store(true)
	defer w.driving.Store(false)
	done := make(chan struct{})
	var group sync.WaitGroup
	for _, task := range tasks {
		group.Go(task)
	}
	go func() {
		group.Wait()
		close(done)
	}()
	w.driver.Run(done)
}

type change struct {
	action Action
	entity model.Entity
	// prior is the entity from which an update was planned; nil replaces what exists.
	prior model.Entity
	// incarnation is that of a new entity, or the one that the writer holds. any ignores it.
	incarnation string
	any         bool
}

// write makes one change, whatever the incarnation, and records it in the history.
func (p *process) write(action Action, e model.Entity) error {
	_, err := p.do(change{action: action, entity: e, incarnation: p.name, any: action != Create})
	return err
}

func (p *process) do(c change) (Outcome, error) {
	access := Access{
		Process: p.n, Entity: project + "/" + c.entity.ID().String(), Action: c.action, Origin: origin,
		Incarnation: c.incarnation, AnyIncarnation: c.any, Call: p.w.history.Now(),
	}
	if c.action != Delete {
		access.Value = value(c.entity)
	}
	if c.prior != nil {
		access.Prior = value(c.prior)
	}
	ctx, cancel := context.WithTimeout(p.ctx, 2*time.Hour)
	defer cancel()
	err := p.call(ctx, c)
	access.Return = p.w.history.Now()
	access.Outcome = p.outcome(err)
	p.w.history.Add(access)
	if _, isBucket := c.entity.(model.Bucket); isBucket && c.action == Delete &&
		(access.Outcome == Refused || access.Outcome == Unknown || is[*projects.BucketLostError](err)) {
		p.w.lose(c.entity.ID())
	}
	return access.Outcome, err
}

func (p *process) call(ctx context.Context, c change) error {
	switch {
	case c.action == Create:
		return p.Create(ctx, project, c.entity, projects.As(c.incarnation))
	case c.action == Update && c.any:
		return p.Update(ctx, project, c.entity)
	case c.action == Update:
		return p.Update(ctx, project, c.entity, projects.As(c.incarnation), projects.From(c.prior))
	case c.any:
		return p.Delete(ctx, project, c.entity.ID())
	}
	return p.Delete(ctx, project, c.entity.ID(), projects.As(c.incarnation))
}

// lose records a failed deletion, which may have deleted the bucket in S3 but not in the model.
func (w *world) lose(id model.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lost[id] = true
}

// outcome returns what the error of a write means. Writes of a crashed process have an unknown
// outcome.
func (p *process) outcome(err error) Outcome {
	switch {
	case p.crashed():
		return Unknown
	case err == nil:
		return Done
	case is[*commit.OutcomeUnknownError](err):
		return Unknown
	case is[*commit.UndeletedError](err):
		return Done // it has left the model, whatever is left in the account
	case model.IsConflict(err, model.ConflictExists):
		return Exists
	case model.IsNotFound(err, model.NotFoundEntity):
		return Gone
	case model.IsConflict(err, model.ConflictOwner), is[*projects.BucketLostError](err):
		return NotOwner
	case is[*model.FieldConflictError](err):
		return Conflict
	}
	return Refused
}

func is[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

// value returns what distinguishes the settings of two writes: the tags v and w, each a field, or a
// permission's settings.
func value(e model.Entity) string {
	switch e := e.(type) {
	case model.Bucket:
		return e.Tags["v"] + "|" + e.Tags["w"]
	case model.User:
		return e.Tags["v"] + "|" + e.Tags["w"]
	default:
		return fmt.Sprintf("%+v", e)
	}
}

// TestMain isolates the tests from the machine's AWS settings.
func TestMain(m *testing.M) {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			if err := os.Unsetenv(name); err != nil {
				panic(err)
			}
		}
	}
	os.Exit(m.Run())
}
