package simulation

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/event/schematest"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/relay"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/apigateway"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/events"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/oidc"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

const (
	issuerAddress = "https://issuer.test"
	// quiet is how long nothing happens at the end. The relays compare all stacks every five
	// minutes, and CloudFormation and Lambda may need more for unfinished work.
	quiet = 25 * time.Minute
	// halfway keeps the end of a simulation away from the sweeps, which start every minute.
	halfway = 30 * time.Second
)

type liveWorld struct {
	*world
	stage *apigateway.Stage
	plan  livePlan
	began time.Time
	// scheduled is when the sweeps were scheduled.
	scheduled time.Time

	schemasMu sync.Mutex // protects schemas
	schemas   *schematest.Validator

	relaysMu sync.Mutex // protects the fields below
	relays   []*incarnation
}

// incarnation is the relay that a function currently runs. After a crash another one replaces it.
type incarnation struct {
	process *process
	relay   *relay.Relay
	number  int
}

// livePlan is what a seed draws in addition to a swarm.
type livePlan struct {
	viewers []viewerPlan
	crashes []time.Duration // of relays, in order
	// deaf relays receive no notification while faults occur.
	deaf   bool
	breaks []connectionBreak
}

type viewerPlan struct {
	projects []string
	// unreliable means that its messages are lost, repeated and reordered while faults occur.
	unreliable bool
	// life is how long it keeps a connection; 0 until the connection ends.
	life time.Duration
	late time.Duration // it starts so much later than the others
}

type connectionBreak struct {
	after  time.Duration
	viewer int
	kind   string // drop, lose or stall
	lasts  time.Duration
}

func drawLive(r *rand.Rand) livePlan {
	var p livePlan
	for n := range 2 + r.IntN(3) {
		v := viewerPlan{
			projects: [][]string{{relay.Everything}, {project}, {project, "globex"}}[n%3],
			late:     time.Duration(r.IntN(120)) * time.Second,
		}
		v.unreliable = r.IntN(2) == 0
		if r.IntN(3) == 0 {
			v.life = time.Duration(10+r.IntN(200)) * time.Second
		}
		p.viewers = append(p.viewers, v)
	}
	p.viewers = append(p.viewers, viewerPlan{projects: []string{"globex"}})
	p.deaf = r.IntN(4) == 0
	for range r.IntN(5) {
		p.crashes = append(p.crashes, time.Duration(r.IntN(int(faultTime))))
	}
	for range r.IntN(6) {
		p.breaks = append(p.breaks, connectionBreak{
			after:  time.Duration(r.IntN(int(faultTime))),
			viewer: r.IntN(len(p.viewers)),
			kind:   []string{"drop", "lose", "stall"}[r.IntN(3)],
			lasts:  time.Duration(r.IntN(200)) * time.Second,
		})
	}
	return p
}

// serve sets up the WebSocket API, and two relays that both receive all notifications.
func (w *liveWorld) serve() {
	w.t.Helper()
	var arns []string
	for i := range 2 {
		arn := fmt.Sprintf("arn:aws:lambda:%s:%s:function:relay%d", region, sandbox.HubAccount, i)
		w.relays = append(w.relays, nil)
		w.revive(i)
		w.box.RegisterFunction(arn, func(ctx context.Context, e []byte) ([]byte, error) {
			now := w.relayOf(i)
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			stop := context.AfterFunc(now.process.ctx, cancel)
			defer stop()
			return now.relay.Handle(ctx, e)
		})
		w.subscribe(arn)
		arns = append(arns, arn)
	}
	stage, err := w.box.WebSockets().Deploy(apigateway.Settings{
		API:             "live",
		Stage:           "prod",
		Account:         sandbox.HubAccount,
		Region:          region,
		Authorizer:      arns[0],
		IdentitySources: []string{"route.request.header.Sec-WebSocket-Protocol"},
		Routes:          map[string]string{"$connect": arns[0], "$default": arns[1], "$disconnect": arns[1]},
		Buffer:          48 << 10,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.stage = stage
	if err := w.box.SetHubSettings(map[string]any{"management_url": "https://" + stage.Domain() + "/prod"}); err != nil {
		w.t.Fatal(err)
	}
	w.scheduled = time.Now()
	for i, arn := range arns {
		if err := w.box.AddRule(events.Rule{Name: fmt.Sprint("sweep", i), Every: time.Minute, Target: arn}); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *liveWorld) relayOf(i int) *incarnation {
	w.relaysMu.Lock()
	defer w.relaysMu.Unlock()
	return w.relays[i]
}

func (w *liveWorld) revive(i int) {
	n := 0
	if before := w.relayOf(i); before != nil {
		n = before.number + 1
	}
	p := w.start(fmt.Sprintf("relay-%d", i), 300+10*i+n)
	r, err := relay.New(p.ctx, relay.Config{
		Clients: p.clients, Hub: sandbox.HubName, RoleName: relay.DefaultRole, Log: slog.New(slog.DiscardHandler),
		Access: relay.Access{
			Issuer:     oidc.URL(issuerAddress),
			Audiences:  []string{"stowage"},
			HTTPClient: &http.Client{Transport: simulate.NewIssuerTransport(w.box.Issuer(), issuerAddress)},
		},
	})
	if err != nil {
		w.problem("setup", "%v", err)
		return
	}
	w.relaysMu.Lock()
	defer w.relaysMu.Unlock()
	w.relays[i] = &incarnation{p, r, n}
}

// crashRelays kills relays in turn. Lambda replaces them with new ones that know nothing.
func (w *liveWorld) crashRelays() {
	for n, after := range w.plan.crashes {
		time.Sleep(after / time.Duration(len(w.plan.crashes)))
		w.relayOf(n % 2).process.crash()
		w.revive(n % 2)
	}
}

// viewer is a web client.
type viewer struct {
	event.Client
	w    *liveWorld
	n    int
	plan viewerPlan
	rand *rand.Rand // its own, so that it is independent of the others
	held [][]byte   // delayed messages

	mu sync.Mutex // protects id
	id string     // of its connection; "" while it has none
}

func (v *viewer) connection() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.id
}

func (v *viewer) set(id string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.id = id
}

// watch reconnects until the context ends.
func (v *viewer) watch(ctx context.Context) {
	token, err := v.w.box.Issuer().Token(
		oidc.URL(issuerAddress), oidc.TokenRequest{Projects: v.plan.projects, ExpiresIn: 24 * 3600},
	)
	if err != nil {
		v.w.problem("setup", "%v", err)
		return
	}
	if !sleep(ctx, v.plan.late) {
		return
	}
	for ctx.Err() == nil {
		c, err := v.w.stage.Connect(ctx, apigateway.Handshake{
			SourceIP: fmt.Sprintf("198.51.100.%d", v.n), Subprotocols: []string{event.Subprotocol, "stowage.token." + token},
		})
		if err != nil { // the relay has failed or died
			sleep(ctx, time.Duration(2+v.n)*time.Second)
			continue
		}
		v.set(c.ID())
		v.stay(ctx, c)
		v.set("")
		c.Close(1000, "")
		sleep(ctx, time.Duration(1+v.n)*time.Second)
	}
}

// stay sends hello and listens until the connection has ended, is silent, or is about to end.
func (v *viewer) stay(ctx context.Context, c *apigateway.Conn) {
	if v.plan.life > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, v.plan.life)
		defer cancel()
	}
	send := []event.Message{v.Hello()}
	for {
		for _, m := range send {
			text, err := json.Marshal(m)
			if err != nil {
				v.w.problem("protocol", "%v", err)
			}
			if c.Send(text) != nil {
				return
			}
		}
		patience, cancel := context.WithTimeout(ctx, 2*event.HeartbeatEvery+10*time.Second)
		text, err := c.Receive(patience)
		cancel()
		if err != nil {
			return
		}
		v.check(text)
		send = nil
		for _, text := range v.arrive(text) {
			more, err := v.Receive(text)
			if err != nil {
				v.w.problem("protocol", "viewer %d: %v", v.n, err)
			}
			send = append(send, more...)
		}
		if v.Reconnect != nil {
			return
		}
	}
}

// arrive returns the messages that the client receives when one arrives.
func (v *viewer) arrive(text []byte) [][]byte {
	if !v.plan.unreliable || v.w.calm() {
		all := v.held
		v.held = nil
		return append(all, text)
	}
	switch v.rand.IntN(10) {
	case 0, 1:
		return nil
	case 2:
		return [][]byte{text, text}
	case 3, 4:
		v.held = append(v.held, text)
		return nil
	case 5:
		all := append([][]byte{text}, v.held...)
		v.held = nil
		return all
	}
	return [][]byte{text}
}

// calm reports whether the time of faults is over.
func (w *liveWorld) calm() bool { return time.Since(w.began) > faultTime }

// check checks a message as received: against the schemas, and for what the client may not see.
func (v *viewer) check(text []byte) {
	if len(text) > event.MaxMessage {
		v.w.problem("protocol", "a message has %d bytes", len(text))
	}
	var m event.Message
	if err := json.Unmarshal(text, &m); err != nil {
		v.w.problem("protocol", "%v", err)
	}
	if m.V == 0 && strings.Contains(string(text), "Internal server error") {
		return // API Gateway's answer when the function has died; clients ignore it
	}
	file := string(m.Type) + ".json"
	if m.Parts > 1 {
		file = "part.json"
	}
	v.w.schemasMu.Lock()
	defer v.w.schemasMu.Unlock()
	for _, problem := range v.w.schemas.Validate(file, text) {
		v.w.problem("protocol", "%s, by the schemas: %s", text, problem)
	}
	if !slices.Contains(v.plan.projects, relay.Everything) {
		for _, name := range []string{project, mirror.Directory} {
			if !slices.Contains(v.plan.projects, name) && strings.Contains(string(text), `"`+name+`"`) {
				v.w.problem("access", "viewer %d, who may see %v, is told %s", v.n, v.plan.projects, text)
			}
		}
	}
}

// breakConnections causes the faults of networks and slow clients.
func (w *liveWorld) breakConnections(viewers []*viewer) {
	breaks := slices.SortedFunc(
		slices.Values(w.plan.breaks), func(a, b connectionBreak) int { return int(a.after - b.after) },
	)
	began := time.Now()
	for _, b := range breaks {
		time.Sleep(time.Until(began.Add(b.after)))
		id := viewers[b.viewer].connection()
		if id == "" {
			continue
		}
		switch b.kind {
		case "drop":
			w.box.WebSockets().Drop(id)
		case "lose":
			w.box.WebSockets().Lose(id)
		case "stall":
			w.box.WebSockets().Stall(id)
			time.AfterFunc(b.lasts, func() { w.box.WebSockets().Resume(id) })
		}
	}
}

// sleep waits, and reports whether the context is still active.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// TestLiveSimulation runs one simulation with web clients for each seed. Whatever is
// lost, at rest the clients equal the mirror, and the mirror equals the templates.
func TestLiveSimulation(t *testing.T) {
	for seed := *first; seed < *first+(*seeds+3)/4; seed++ { // each takes as long as several others
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { liveSimulation(t, seed, quiet) })
	}
}

// TestLive_TwoHourLimit runs until API Gateway has ended all initial connections.
func TestLive_TwoHourLimit(t *testing.T) {
	liveSimulation(t, 1, 130*time.Minute)
}

func liveSimulation(t *testing.T, seed uint64, quiet time.Duration) {
	t.Helper()
	cryptotest.SetGlobalRandom(t, seed)
	schemas, err := schematest.Load(os.DirFS("../event/schema"))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		w := &liveWorld{world: newWorld(t, seed), schemas: schemas}
		s := w.draw()
		w.plan = drawLive(w.rand)
		w.serve()
		founder := w.start("founder", 1)
		if err := founder.CreateProject(
			founder.ctx, model.Project{Name: project, AccountID: account, Region: region, OnDelete: model.Refuse},
		); err != nil {
			t.Fatal(err)
		}
		if w.plan.deaf {
			s.delivery.Drop = 1
			if s.byHand == 0 { // another process cannot know of a person's change
				s.byHand = 1
			}
		}
		if s.staleByHand() { // a known weakness: see doc.go
			s.byHand = 0
		}
		w.began = time.Now()
		ctx, stop := context.WithCancel(t.Context())
		var viewers []*viewer
		var tasks []func()
		for n, plan := range w.plan.viewers {
			v := &viewer{w: w, n: n, plan: plan, rand: rand.New(rand.NewPCG(seed, uint64(n)))}
			viewers = append(viewers, v)
			tasks = append(tasks, func() { v.watch(ctx) })
		}
		var work sync.WaitGroup
		for n := range s.processes {
			work.Add(1)
			tasks = append(tasks, func() { defer work.Done(); w.writer(s, n) })
		}
		if s.byHand > 0 {
			work.Add(1)
			tasks = append(tasks, func() { defer work.Done(); w.byHand(s) })
		}
		tasks = append(tasks,
			func() { w.faults(s) }, w.crashRelays, func() { w.breakConnections(viewers) },
			func() {
				time.Sleep(faultTime)
				work.Wait()
				time.Sleep(quiet)
				w.compare(viewers, s)
				stop()
			},
		)
		w.drive(tasks...)
		w.box.WebSockets().Drop(apigateway.All)
		settled := 5 * time.Minute
		settled += time.Minute - (time.Since(w.scheduled)+settled)%time.Minute + halfway
		w.drive(func() { time.Sleep(settled) })
		for _, problem := range w.problems {
			t.Errorf("seed %d: %s", seed, problem)
		}
		if t.Failed() || *traced {
			t.Logf("swarm %+v, live %+v\n%s", s, w.plan, strings.Join(w.driver.Trace(), "\n"))
		}
	})
}

// compare compares the clients with the mirror, and the mirror with the template.
func (w *liveWorld) compare(viewers []*viewer, s swarm) {
	ctx := w.t.Context()
	snapshot, err := w.table().Read(ctx, project)
	if err != nil {
		w.problem("mirror", "%v", err)
		return
	}
	positions, err := w.table().Positions(ctx, []string{project, mirror.Directory})
	if err != nil {
		w.problem("mirror", "%v", err)
		return
	}
	pending, err := w.table().Pending(ctx, project)
	if err != nil || !pending.None() {
		w.problem("live", "events were never sent: %+v, %v", pending, err)
	}
	held := entities(snapshot)
	reader := w.start("reader", 2, func(c *projects.Config) { c.ReadMode = projects.Authoritative })
	truth, err := reader.Read(reader.ctx, project)
	switch {
	case err != nil && s.undeletable: // a stack with a failed rollback cannot be read
	case err != nil:
		w.problem("liveness", "the project can't be read: %v", err)
	default:
		var stand []model.Entity
		for e := range truth.Contents.Entities() {
			stand = append(stand, e)
		}
		slices.SortFunc(stand, func(a, b model.Entity) int { return a.ID().Compare(b.ID()) })
		if diff := cmp.Diff(text(stand), text(held)); diff != "" {
			w.problem("mirror", "it differs from the template (-template +mirror):\n%s", diff)
		}
	}
	for _, v := range viewers {
		sees := slices.Contains(v.plan.projects, relay.Everything) || slices.Contains(v.plan.projects, project)
		for range 100 { // it may have just reconnected
			if !sees || v.Complete(project) {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		view := v.View(project)
		if view == nil || !sees {
			if (view != nil) != sees {
				w.problem("access", "viewer %d, who may see %v, knows the project: %v", v.n, v.plan.projects, view != nil)
			}
			continue
		}
		if view.Position != positions[project] || !v.Complete(project) {
			w.problem(
				"live", "viewer %d is at %+v, complete %v; the mirror at %+v", v.n, view.Position, v.Complete(project),
				positions[project],
			)
		}
		if diff := cmp.Diff(text(held), text(view.Entities())); diff != "" {
			w.problem("live", "viewer %d sees something else than the mirror holds (-mirror +viewer):\n%s", v.n, diff)
		}
		for n, head := range snapshot.Heads {
			if shown := view.Stacks[n]; shown == nil || shown.Status != head.Status || shown.Revision != head.Revision ||
				(shown.Operation == nil) != (head.Operation == nil) {
				w.problem("live", "viewer %d sees the stack %d as %+v, the mirror as %+v", v.n, n, shown, head)
			}
		}
	}
}

func entities(snapshot *mirror.Snapshot) []model.Entity {
	all := map[model.ID]model.Entity{}
	for _, stack := range snapshot.Live().Stacks {
		for e := range stack.Entities.All {
			if _, there := all[e.ID()]; !there {
				all[e.ID()] = e
			}
		}
	}
	var list []model.Entity
	for _, e := range all {
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b model.Entity) int { return a.ID().Compare(b.ID()) })
	return list
}

func text(list []model.Entity) string {
	var b strings.Builder
	for _, e := range list {
		encoded, err := json.Marshal(e)
		if err != nil {
			return err.Error()
		}
		fmt.Fprintf(&b, "%s %s\n", e.ID(), encoded)
	}
	return b.String()
}
