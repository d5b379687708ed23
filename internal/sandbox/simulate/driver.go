package simulate

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"sync"
	"testing/synctest"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// Driver orders the calls of a simulation. Create and run it inside a synctest bubble.
type Driver struct {
	box     *sandbox.Sandbox
	rand    *rand.Rand
	started time.Time
	arrived chan struct{} // holds a token after a call has arrived

	mu     sync.Mutex
	parked []*visit
	trace  []string
}

// NewDriver returns a driver for a Sandbox of the same bubble.
func NewDriver(box *sandbox.Sandbox, seed uint64) *Driver {
	return &Driver{
		box: box, rand: rand.New(rand.NewPCG(seed, 0xd21e)), started: time.Now(), arrived: make(chan struct{}, 1),
	}
}

// Transport returns a transport whose calls the driver orders.
func (d *Driver) Transport() *Transport { return &Transport{box: d.box, driver: d} }

// Run executes calls one at a time, and lets time pass when there is none, until done is closed.
// Agenda entries run at their time. It must be the bubble's only caller of synctest.Wait.
func (d *Driver) Run(done <-chan struct{}) {
	for {
		synctest.Wait()
		if v := d.choose(); v != nil {
			close(v.release)
			continue
		}
		select {
		case <-done:
			return
		default:
		}
		d.pause(done)
	}
}

// pause lets time pass until a call arrives or an entry is due.
func (d *Driver) pause(done <-chan struct{}) {
	var due <-chan time.Time
	if next, ok := d.box.NextDue(); ok {
		timer := time.NewTimer(time.Until(next))
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-done:
	case <-d.arrived:
	case <-d.box.Woken():
	case <-due:
		synctest.Wait() // others may have become runnable at the same moment
		d.box.RunDue()
	}
}

// choose removes one of the waiting calls, nil for none. Calls whose context has ended have left.
func (d *Driver) choose() *visit {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.parked) == 0 {
		return nil
	}
	slices.SortStableFunc(d.parked, func(a, b *visit) int { return cmp.Compare(a.key, b.key) })
	i := d.rand.IntN(len(d.parked))
	chosen := d.parked[i]
	d.parked = slices.Delete(d.parked, i, i+1)
	return chosen
}

// Trace returns a line for each call so far, in the order of their ends: virtual time since the
// driver's creation, actor, account, region, service and operation, outcome.
func (d *Driver) Trace() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.trace)
}

// visit is one call in the transport.
type visit struct {
	driver  *Driver
	ctx     context.Context //nolint:containedctx // a visit lives as long as its call
	actor   string
	key     string
	call    sandbox.Call
	account string
	release chan struct{}
}

func (d *Driver) actor(ctx context.Context) string {
	name, _ := ctx.Value(actorKey{}).(string)
	return name
}

func (d *Driver) arrive(ctx context.Context, actor string) *visit {
	return &visit{driver: d, ctx: ctx, actor: actor}
}

// park blocks until it is the call's turn.
func (v *visit) park(c sandbox.Call) error {
	d := v.driver
	v.call, v.release = c, make(chan struct{})
	v.account = d.box.Account(c)
	v.key = fmt.Sprintf("%s|%s|%s|%s|%s|%s", v.actor, v.account, c.Region, c.Service, c.Operation, digest(c.Body))
	d.mu.Lock()
	d.parked = append(d.parked, v)
	d.mu.Unlock()
	select {
	case d.arrived <- struct{}{}:
	default:
	}
	select {
	case <-v.release:
		return nil
	case <-v.ctx.Done():
	}
	d.mu.Lock()
	d.parked = slices.DeleteFunc(d.parked, func(other *visit) bool { return other == v })
	d.mu.Unlock()
	return fmt.Errorf("simulate: the call was given up: %w", v.ctx.Err())
}

// leave writes the call's line of the trace.
func (v *visit) leave(status int, answer *cloud.Response, err error) {
	outcome := fmt.Sprint(status)
	switch {
	case err != nil:
		outcome = err.Error()
	case status >= 300:
		outcome += " " + errorCode(answer)
	}
	d := v.driver
	d.mu.Lock()
	defer d.mu.Unlock()
	d.trace = append(d.trace, fmt.Sprintf("%12s %s %s/%s %s.%s %s",
		time.Since(d.started), cmp.Or(v.actor, "-"), v.account, v.call.Region, v.call.Service, v.call.Operation, outcome))
}

var (
	randomID = regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`)
	codes    = regexp.MustCompile(`<Code>([^<]+)</Code>`)
)

// digest returns a body without random identifiers, whose order depends on the scheduler.
func digest(body []byte) string {
	hash := sha256.Sum256(randomID.ReplaceAll(body, nil))
	return hex.EncodeToString(hash[:8])
}

func errorCode(answer *cloud.Response) string {
	if code := answer.Header.Get("X-Amzn-Errortype"); code != "" {
		return code
	}
	if m := codes.FindSubmatch(answer.Body); m != nil {
		return string(bytes.TrimSpace(m[1]))
	}
	return ""
}
