package simulation

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// Action is what a process did to an entity, or how it looked at it.
type Action string

// The actions of a history.
const (
	// Create, Update and Delete are writes.
	Create Action = "create"
	Update Action = "update"
	Delete Action = "delete"
	// Read is a read that must show the latest: that of a fresh process in a world without stale answers.
	Read Action = "read"
	// CachedRead is a read that may be behind, but never goes back within its process.
	CachedRead Action = "cached read"
)

// Outcome is what an action came to.
type Outcome string

// The outcomes of actions.
const (
	// Done is an acknowledged write, or a read.
	Done Outcome = "done"
	// Refused is a write that failed, whatever the state was: it must have had no effect.
	Refused Outcome = "refused"
	// Exists is a creation that failed since the entity was there, Gone an update that failed since it was not.
	Exists Outcome = "exists"
	Gone   Outcome = "gone"
	// NotOwner is an update or deletion that failed since the entity had another incarnation, Conflict an update that failed
	// since another writer had changed the same field.
	NotOwner Outcome = "not owner"
	Conflict Outcome = "conflict"
	// Unknown is a write of which nobody heard: its process died, or its time ran out. It takes effect any time after its
	// call, or never.
	Unknown Outcome = "unknown"
)

// Access is one action on one entity as its process saw it. A read of a project is one access for each entity.
type Access struct {
	Process int    // of which all accesses see the world go forwards
	Entity  string // with its project; what is done to one entity doesn't depend on others
	Action  Action
	// Value is what was written or seen: the entity's settings, fields with | between them; "" for an entity that isn't there.
	// Sessions needs each value of a field to be written once.
	Value string
	// Prior is, for an update, the value that it was planned from: the update changes the fields that differ. "" replaces all.
	Prior string
	// Incarnation is that of a new entity, that which an update or deletion holds, or that which was seen. AnyIncarnation stands
	// for a writer that does not care, or a reader that did not look.
	Incarnation    string
	AnyIncarnation bool
	// Origin is the process's origin mark: a creation of what is there with the same settings and mark takes it over.
	Origin       string
	Call, Return time.Duration // of History.Now; Return doesn't count for an unknown outcome
	Outcome      Outcome
}

func (a Access) String() string {
	end := a.Return.String()
	if a.Outcome == Unknown {
		end = "?"
	}
	from, incarnation := "", a.Incarnation
	if a.Prior != "" {
		from = fmt.Sprintf(" from %q", a.Prior)
	}
	if a.AnyIncarnation {
		incarnation = "any"
	}
	return fmt.Sprintf("[%s, %s] process %d: %s %s %q%s as %s: %s", a.Call, end, a.Process, a.Action, a.Entity, a.Value, from, incarnation, a.Outcome)
}

func (a Access) write() bool { return a.Action == Create || a.Action == Update || a.Action == Delete }

// written is what a write leaves in the entity's place.
func (a Access) written() string {
	if a.Action == Delete {
		return ""
	}
	return a.Value
}

// mayTakeEffect says that a write may have changed the entity.
func (a Access) mayTakeEffect() bool { return a.write() && (a.Outcome == Done || a.Outcome == Unknown) }

// checkTime bounds the search for an order, in real time. A history that takes longer is as bad as a wrong one: its verdict
// would be none.
const checkTime = 20 * time.Second

// ErrNoVerdict says that a history could not be judged in time.
var ErrNoVerdict = errors.New("no verdict on whether the history is linearizable: it is too long or too concurrent")

// Linearizable says whether each access, but for cached reads, can have happened at one moment between its call and its
// return. The error shows the history of an entity for which there is no such order.
func Linearizable(history []Access) error { return linearizable(history, checkTime) }

func linearizable(history []Access, limit time.Duration) error {
	end := int64(math.MaxInt64)
	var broken []error
	for _, accesses := range byEntity(history) {
		var operations []porcupine.Operation
		for _, a := range accesses {
			if a.Action == CachedRead || a.Outcome == Refused {
				continue // a refused write has no effect: that it is never seen is what the others show
			}
			operation := porcupine.Operation{ClientId: a.Process, Input: a, Call: int64(a.Call), Return: int64(a.Return)}
			if a.Outcome == Unknown {
				operation.Return = end
			}
			operations = append(operations, operation)
		}
		switch porcupine.CheckOperationsTimeout(entityModel, operations, limit) {
		case porcupine.Ok:
		case porcupine.Illegal:
			broken = append(broken, fmt.Errorf("no order explains the accesses to one entity:\n%s", lines(accesses)))
		case porcupine.Unknown:
			broken = append(broken, fmt.Errorf("%w:\n%s", ErrNoVerdict, lines(accesses)))
		}
	}
	return errors.Join(broken...)
}

// present is the state of an entity.
type present struct{ value, origin, incarnation string }

// holds reports whether an access is made by the holder of the entity.
func (p present) holds(a Access) bool { return a.AnyIncarnation || a.Incarnation == p.incarnation }

// merged is the value after an update, field by field; ok is false when another writer has changed a field of the update.
func (p present) merged(a Access) (value string, ok bool) {
	if a.Prior == "" {
		return a.Value, true
	}
	prior, planned, now := strings.Split(a.Prior, "|"), strings.Split(a.Value, "|"), strings.Split(p.value, "|")
	if len(prior) != len(planned) || len(now) != len(planned) {
		return "", false
	}
	for i := range planned {
		switch {
		case planned[i] == prior[i]:
		case now[i] == prior[i], now[i] == planned[i]:
			now[i] = planned[i]
		default:
			return "", false
		}
	}
	return strings.Join(now, "|"), true
}

// entityModel is how one entity behaves. An unknown write stays open to the end of the history, so that an order can have it
// anywhere, or last, where nobody sees it.
var entityModel = porcupine.Model{
	Init: func() any { return present{} },
	Step: func(state, input, _ any) (bool, any) {
		before, _ := state.(present)
		a, _ := input.(Access)
		if a.Action == Read || a.Action == CachedRead {
			return a.Value == before.value && (a.Value == "" || before.holds(a)), before
		}
		after, why := before.after(a)
		switch {
		case a.Outcome == Unknown && why == Done:
			return true, after
		case a.Outcome == Unknown, a.Outcome == Refused:
			return true, before
		}
		return a.Outcome == why, after
	},
}

// after is the state after a write, and what the write comes to in this state. A write that fails changes nothing.
func (p present) after(a Access) (after present, outcome Outcome) {
	there := p.value != ""
	switch {
	case a.Action == Create && there && (a.Origin == "" || p.value != a.Value || p.origin != a.Origin):
		return p, Exists
	case a.Action == Create:
		return present{a.Value, a.Origin, a.Incarnation}, Done
	case a.Action == Delete && !there:
		return p, Done
	case !there:
		return p, Gone
	case !p.holds(a):
		return p, NotOwner
	case a.Action == Delete:
		return present{}, Done
	}
	value, ok := p.merged(a)
	if !ok {
		return p, Conflict
	}
	return present{value, p.origin, p.incarnation}, Done
}

// Sessions says whether reads ever go back within a process: behind what the process has written or read before. They also may
// show nothing that nobody wrote.
//
// What a read shows is behind when whoever wrote it had finished before the writer of what the process knew began. Of two
// writers that worked at the same time, either may be the later one.
func Sessions(history []Access) error {
	var broken []error
	for _, accesses := range byEntity(byField(history)) {
		for _, a := range accesses {
			if a.write() || a.Outcome != Done {
				continue
			}
			shown := writersOf(accesses, a)
			if len(shown) == 0 {
				broken = append(broken, fmt.Errorf("it shows what nobody had written: %s\namong\n%s", a, lines(accesses)))
				continue
			}
			for _, before := range accesses {
				if before.Process != a.Process || before.Outcome != Done || before.Return >= a.Call {
					continue
				}
				known := []Access{before}
				if !before.write() {
					known = writersOf(accesses, before)
				}
				if behind(shown, known) {
					broken = append(broken, fmt.Errorf("it is older than what its process knew: %s\nafter %s\namong\n%s", a, before, lines(accesses)))
					break
				}
			}
		}
	}
	return errors.Join(broken...)
}

// byField takes accesses apart into those of each field, each an entity of its own. An update touches the fields that it changes.
func byField(history []Access) []Access {
	fields := map[string]int{}
	for _, a := range history {
		fields[a.Entity] = max(fields[a.Entity], strings.Count(a.Value, "|")+1)
	}
	var result []Access
	for _, a := range history {
		values, prior := strings.Split(a.Value, "|"), strings.Split(a.Prior, "|")
		for i := range fields[a.Entity] {
			one := a
			one.Entity = fmt.Sprintf("%s, field %d", a.Entity, i+1)
			one.Value = ""
			if a.Value != "" && i < len(values) {
				one.Value = values[i]
			}
			if a.Prior == "" || i >= len(prior) || prior[i] != one.Value {
				result = append(result, one)
			}
		}
	}
	return result
}

// writersOf are the writes that can have made what a read shows. In the beginning nothing is there.
func writersOf(accesses []Access, read Access) []Access {
	var writers []Access
	if read.Value == "" {
		writers = append(writers, Access{Entity: read.Entity, Call: -2, Return: -1})
	}
	for _, w := range accesses {
		if w.mayTakeEffect() && w.written() == read.Value && w.Call < read.Return {
			writers = append(writers, w)
		}
	}
	return writers
}

// behind says that all of some writes had ended before any of others began.
func behind(these, others []Access) bool {
	for _, a := range these {
		for _, b := range others {
			if a.Outcome == Unknown || a.Return >= b.Call {
				return false
			}
		}
	}
	return len(others) > 0
}

// byEntity are the accesses of each entity, in the order of their calls; the entities in the order of their names.
func byEntity(history []Access) [][]Access {
	entities := map[string][]Access{}
	for _, a := range history {
		entities[a.Entity] = append(entities[a.Entity], a)
	}
	var result [][]Access
	for _, entity := range slices.Sorted(maps.Keys(entities)) {
		slices.SortStableFunc(entities[entity], func(a, b Access) int { return cmp.Compare(a.Call, b.Call) })
		result = append(result, entities[entity])
	}
	return result
}

func lines(accesses []Access) string {
	var b strings.Builder
	for _, a := range accesses {
		b.WriteString("  " + a.String() + "\n")
	}
	return b.String()
}

// History records accesses. It is safe for concurrent use.
type History struct {
	began time.Time

	mu       sync.Mutex // protects what follows
	last     time.Duration
	accesses []Access
}

// NewHistory begins a history now, in virtual time.
func NewHistory() *History { return &History{began: time.Now()} }

// Now is the time for the call or the return of an access. No two are the same, so that the order of what happens at one
// moment of virtual time is known.
func (h *History) Now() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = max(h.last+1, time.Since(h.began))
	return h.last
}

// Add adds what a process did or saw.
func (h *History) Add(accesses ...Access) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.accesses = append(h.accesses, accesses...)
}

// Accesses is the history so far.
func (h *History) Accesses() []Access {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.accesses)
}
