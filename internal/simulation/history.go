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

// Action is what a process did to an entity, or how it read it.
type Action string

// The actions of a history.
const (
	// Create, Update and Delete are writes.
	Create Action = "create"
	Update Action = "update"
	Delete Action = "delete"
	// Read is a read that must return the latest state: by a new process in a world without stale
	// answers.
	Read Action = "read"
	// CachedRead is a read that may be outdated, but never goes back in time within its process.
	CachedRead Action = "cached read"
)

// Outcome is the result of an action.
type Outcome string

// The outcomes of actions.
const (
	// Done is an acknowledged write, or a read.
	Done Outcome = "done"
	// Refused is a write that failed for a reason other than the entity's state. It must have had
	// no effect.
	Refused Outcome = "refused"
	// Exists is a creation that failed because the entity existed. Gone is an update that failed
	// because it did not.
	Exists Outcome = "exists"
	Gone   Outcome = "gone"
	// NotOwner is an update or deletion that failed because the entity had another incarnation.
	// Conflict is an update that failed because another writer had changed the same field.
	NotOwner Outcome = "not owner"
	Conflict Outcome = "conflict"
	// Unknown is a write without a known outcome: its process died, or its time ran out. It takes
	// effect at any time after its call, or never.
	Unknown Outcome = "unknown"
)

// Access is one action on one entity as its process saw it. A read of a project is one access for
// each entity.
type Access struct {
	Process int    // its accesses never see the world go back in time
	Entity  string // includes the project; entities are independent
	Action  Action
	// Value is what was written or read: the entity's settings, with | between fields; "" for a
	// missing entity. Sessions requires each value of a field to be written once.
	Value string
	// Prior is the value from which an update was planned. The update changes the fields that
	// differ. "" replaces all.
	Prior string
	// Incarnation is that of a new entity, that which an update or deletion holds, or that which
	// was read. AnyIncarnation is set for a writer that ignores it, or a reader that did not look.
	Incarnation    string
	AnyIncarnation bool
	// Origin is the process's origin mark. Creating an existing entity with the same settings and
	// mark takes it over.
	Origin       string
	Call, Return time.Duration // from History.Now; Return is ignored for an unknown outcome
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
	return fmt.Sprintf(
		"[%s, %s] process %d: %s %s %q%s as %s: %s", a.Call, end, a.Process, a.Action, a.Entity, a.Value, from,
		incarnation, a.Outcome,
	)
}

func (a Access) write() bool { return a.Action == Create || a.Action == Update || a.Action == Delete }

func (a Access) written() string {
	if a.Action == Delete {
		return ""
	}
	return a.Value
}

func (a Access) mayTakeEffect() bool { return a.write() && (a.Outcome == Done || a.Outcome == Unknown) }

// checkTime limits the search for an order, in real time. A history that takes longer fails: it has
// no verdict.
const checkTime = 20 * time.Second

// ErrNoVerdict is returned when a history could not be checked in time.
var ErrNoVerdict = errors.New("no verdict on whether the history is linearizable: it is too long or too concurrent")

// Linearizable checks that each access except cached reads can have happened at one moment
// between its call and its return. The error shows the history of an entity without such an order.
func Linearizable(history []Access) error { return linearizable(history, checkTime) }

func linearizable(history []Access, limit time.Duration) error {
	end := int64(math.MaxInt64)
	var broken []error
	for _, accesses := range byEntity(history) {
		var operations []porcupine.Operation
		for _, a := range accesses {
			if a.Action == CachedRead || a.Outcome == Refused {
				continue // a refused write has no effect: the other accesses show that it is never seen
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

type present struct{ value, origin, incarnation string }

// holds reports whether an access is made by the holder of the entity.
func (p present) holds(a Access) bool { return a.AnyIncarnation || a.Incarnation == p.incarnation }

// merged returns the value after an update, field by field; ok is false when another writer has
// changed a field of the update.
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

// entityModel defines the behaviour of one entity. An unknown write stays open to the end of the
// history, so it can be ordered anywhere, or last, where no read sees it.
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

// after returns the state after a write, and the outcome of the write in this state. A failed write
// changes nothing.
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

// Sessions checks that reads of a process never go back in time, behind what it has written or read
// before. A read must not show a value that was never written.
//
// A read is behind if its writer had finished before the writer of what the process knew began. Of
// two concurrent writers, either may be the later one.
func Sessions(history []Access) error {
	var broken []error
	for _, accesses := range byEntity(byField(history)) {
		for _, a := range accesses {
			if a.write() || a.Outcome != Done {
				continue
			}
			shown := writersOf(accesses, a)
			if len(shown) == 0 {
				broken = append(broken, fmt.Errorf("it shows what was never written: %s\namong\n%s", a, lines(accesses)))
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
					broken = append(
						broken,
						fmt.Errorf("it is older than what its process knew: %s\nafter %s\namong\n%s", a, before, lines(accesses)),
					)
					break
				}
			}
		}
	}
	return errors.Join(broken...)
}

// byField splits accesses by field; each field becomes an entity of its own. An update accesses the
// fields that it changes.
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

// writersOf returns the writes that can have produced what a read shows. Initially nothing exists.
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

// behind reports whether all of these writes ended before any of the others began.
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

// byEntity groups accesses by entity: entities ordered by name, accesses by the time of their call.
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

	mu       sync.Mutex // protects the fields below
	last     time.Duration
	accesses []Access
}

// NewHistory starts a history at the current virtual time.
func NewHistory() *History { return &History{began: time.Now()} }

// Now returns the time of the call or return of an access. All times are distinct, which orders
// accesses at one moment of virtual time.
func (h *History) Now() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = max(h.last+1, time.Since(h.began))
	return h.last
}

// Add adds accesses of a process.
func (h *History) Add(accesses ...Access) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.accesses = append(h.accesses, accesses...)
}

// Accesses returns the history so far.
func (h *History) Accesses() []Access {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.accesses)
}
