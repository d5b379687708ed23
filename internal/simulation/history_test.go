package simulation

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// story parses a history. Each line is an access: process, call, return, action, value, outcome,
// and optionally as=incarnation and from=prior value.
func story(t *testing.T, text string) []Access {
	t.Helper()
	var history []Access
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		a := Access{Entity: "acme/bucket inbox", Origin: "ws"}
		var call, end int
		words := strings.Fields(line)
		if _, err := fmt.Sscan(
			strings.Replace(line, "-", " ", 1), &a.Process, &call, &end, &a.Action, &a.Value, &a.Outcome,
		); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		for _, word := range words[5:] {
			switch name, value, _ := strings.Cut(word, "="); name {
			case "as":
				a.Incarnation, a.AnyIncarnation = value, value == "any"
			case "from":
				a.Prior = value
			}
		}
		a.Outcome = Outcome(strings.ReplaceAll(string(a.Outcome), "-", " "))
		if a.Value == "." {
			a.Value = ""
		}
		if a.Action == "cached" {
			a.Action = CachedRead
		}
		a.Call, a.Return = time.Duration(call), time.Duration(end)
		history = append(history, a)
	}
	return history
}

func TestHistories(t *testing.T) {
	for name, test := range map[string]struct {
		history                string
		linearizable, monotone bool
	}{
		"one after the other": {`
			1 1-2 create a done
			2 3-4 update b done
			1 5-6 read b done
			2 7-8 delete . done
			1 9-10 read . done`, true, true},
		"at once, either order": {`
			1 1-2 create a done
			1 3-8 update b done
			2 4-7 update c done
			3 9-10 read b done
			3 11-12 read b done`, true, true},
		"lost update": {`
			1 1-2 create a done
			1 3-4 update b done
			2 5-6 update c done
			3 7-8 read b done`, false, true},
		"a lost update that its writer sees": {`
			1 1-2 create a done
			2 3-4 update b done
			2 7-8 read a done`, false, false},
		"a write that comes and goes": {`
			1 1-2 create a done
			1 3-9 update b done
			2 4-5 read b done
			3 6-7 read a done`, false, true},
		"stale read": {`
			1 1-2 create a done
			2 3-4 read . done`, false, true},
		"stale cached read": {`
			1 1-2 create a done
			2 3-4 cached . done`, true, true},
		"cached read that goes back": {`
			1 1-2 create a done
			1 3-4 update b done
			2 5-6 cached b done
			2 7-8 cached a done`, true, false},
		"cached read behind the own write": {`
			1 1-2 create a done
			1 3-4 update b done
			1 5-6 cached a done`, true, false},
		"cached read behind the own deletion": {`
			1 1-2 create a done
			1 3-4 delete . done
			1 5-6 cached a done`, true, false},
		"cached read of another one's later write": {`
			1 1-2 create a done
			2 3-4 update b done
			1 5-6 cached b done`, true, true},
		"cached reads at once with a write": {`
			1 1-2 create a done
			2 3-9 update b done
			1 4-5 cached b done
			3 4-5 cached a done`, true, true},
		"failed but present": {`
			1 1-2 create a refused
			2 3-4 read a done`, false, false},
		"failed but changed": {`
			1 1-2 create a done
			1 3-4 update b refused
			2 5-6 read b done`, false, false},
		"seen before it was written": {`
			2 1-2 read a done
			1 3-4 create a done`, false, false},
		"unknown and there": {`
			1 1-2 create a unknown
			2 3-4 read a done`, true, true},
		"unknown and not there": {`
			1 1-2 create a unknown
			2 3-4 read . done`, true, true},
		"unknown and there late": {`
			1 1-2 create a unknown
			2 3-4 read . done
			2 5-6 read a done`, true, true},
		"unknown, there and gone again": {`
			1 1-2 create a unknown
			2 3-4 read a done
			2 5-6 read . done`, false, false},
		"unknown and taken over": {`
			1 1-2 create a unknown
			2 3-4 create a done
			2 5-6 read a done`, true, true},
		"exists as another one": {`
			1 1-2 create a done
			2 3-4 create b exists`, true, true},
		"exists, but is nowhere": {`
			1 1-2 create a done
			1 3-4 delete . done
			2 5-6 create b exists`, false, true},
		"two that make the same": {`
			1 1-2 create a done
			2 3-4 create b done`, false, true},
		"gone when it is not": {`
			1 1-2 create a done
			2 3-4 update b gone`, false, true},
		"an update of what is gone": {`
			1 1-2 create a done
			1 3-4 delete . done
			2 5-6 update b done`, false, true},
		"taken over, and deleted by the one before": {`
			1 1-2 create a done as=one
			2 3-4 create a done as=two
			1 5-6 delete . not-owner as=one
			2 7-8 read a done as=two`, true, true},
		"deleted by one that does not hold it": {`
			1 1-2 create a done as=one
			2 3-4 create a done as=two
			1 5-6 delete . done as=one`, false, true},
		"the holder is refused": {`
			1 1-2 create a done as=one
			1 3-4 delete . not-owner as=one`, false, true},
		"changed by one that does not hold it": {`
			1 1-2 create a done as=one
			2 3-4 create a done as=two
			1 5-6 update b done as=one`, false, true},
		"changed by a writer that does not care": {`
			1 1-2 create a done as=one
			2 3-4 update b done as=any
			1 5-6 delete . done as=one`, true, true},
		"taken over, with the incarnation before": {`
			1 1-2 create a done as=one
			2 3-4 create a done as=two
			2 5-6 read a done as=one`, false, true},
		"two fields": {`
			1 1-2 create a|b done
			1 3-4 update c|b done from=a|b
			2 5-6 update a|d done from=a|b
			1 7-8 read c|d done`, true, true},
		"a field that is reverted": {`
			1 1-2 create a|b done
			1 3-4 update c|b done from=a|b
			2 5-6 update a|d done from=a|b
			2 7-8 read a|d done`, false, true},
		"one field by two": {`
			1 1-2 create a|b done
			1 3-4 update c|b done from=a|b
			2 5-6 update d|b conflict from=a|b
			1 7-8 read c|b done`, true, true},
		"one field by two, the last one wins": {`
			1 1-2 create a|b done
			1 3-4 update c|b done from=a|b
			2 5-6 update d|b done from=a|b`, false, true},
		"a conflict without another writer": {`
			1 1-2 create a|b done
			1 3-4 update c|b conflict from=a|b`, false, true},
		"a field that goes back": {`
			1 1-2 create a|b done
			1 3-4 update c|b done from=a|b
			1 5-6 update c|d done from=c|b
			2 7-8 cached c|d done
			2 9-10 cached a|d done`, true, false},
		"deleted twice": {`
			1 1-2 create a done
			1 3-4 delete . done
			2 5-6 delete . done`, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			history := story(t, test.history)
			if err := Linearizable(history); (err == nil) != test.linearizable {
				t.Errorf("linearizable: %v", err)
			}
			if err := Sessions(history); (err == nil) != test.monotone {
				t.Errorf("sessions: %v", err)
			}
		})
	}
}

func TestGroup_EntitiesApart(t *testing.T) {
	good := story(t, `
		1 1-2 create a done
		2 3-4 read a done`)
	bad := story(t, `
		1 1-2 create a done
		2 3-4 read . done`)
	for i := range bad {
		bad[i].Entity = "acme/user partner"
	}
	err := Linearizable(append(good, bad...))
	if err == nil || !strings.Contains(err.Error(), "user partner") || strings.Contains(err.Error(), "inbox") {
		t.Errorf("got %v", err)
	}
}

func TestOrigins_TakeOver(t *testing.T) {
	for _, test := range []struct {
		first, second string
		want          bool
	}{{"ws", "ws", true}, {"ws", "other", false}, {"", "", false}} {
		history := story(t, `
			1 1-2 create a done
			2 3-4 create a done`)
		history[0].Origin, history[1].Origin = test.first, test.second
		if err := Linearizable(history); (err == nil) != test.want {
			t.Errorf("made by %q, made again by %q: %v", test.first, test.second, err)
		}
	}
}

// TestLinearizability_NoResultFails checks a history that takes too long: many concurrent writers
// whose values are read in no consistent order.
func TestLinearizability_NoResultFails(t *testing.T) {
	history := []Access{{Process: 1, Entity: "e", Action: Create, Value: "a", Call: 1, Return: 2, Outcome: Done}}
	for i := range 40 {
		history = append(
			history,
			Access{Process: i + 2, Entity: "e", Action: Update, Value: fmt.Sprint(i), Call: 3, Return: 1000, Outcome: Done},
		)
	}
	history = append(
		history,
		Access{Process: 1, Entity: "e", Action: Read, Value: "never", Call: 1001, Return: 1002, Outcome: Done},
	)
	if err := linearizable(history, time.Nanosecond); !errors.Is(err, ErrNoVerdict) {
		t.Errorf("got %v", err)
	}
}

func TestHistory_DistinctTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHistory()
		a, b := h.Now(), h.Now()
		time.Sleep(time.Second)
		c := h.Now()
		if a >= b || b >= c || c != time.Second {
			t.Errorf("times: %d, %d, %d", a, b, c)
		}
	})
}
