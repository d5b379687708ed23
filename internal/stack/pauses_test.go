package stack

import (
	"iter"
	"testing"
	"time"
)

// pollsOf is how many polls see the end of an operation that takes so long, when each takes as long as a call of AWS.
func pollsOf(took time.Duration, schedule iter.Seq[time.Duration]) int {
	polls, at := 0, time.Duration(0)
	for pause := range schedule {
		polls, at = polls+1, at+pause
		if at >= took {
			break
		}
		at += 100 * time.Millisecond
	}
	return polls
}

// TestPausesOfOperation compares the polls of an operation with those of a poller that waits for a second first. On AWS's times there are
// not more, and what ends at once is seen at once.
func TestPausesOfOperation(t *testing.T) {
	for took := 5 * time.Second; took < 10*time.Minute; took += 100 * time.Millisecond {
		have, most := pollsOf(took, pausesOfOperation), pollsOf(took, pauses(time.Second, 5*time.Second))
		if have > most {
			t.Errorf("an operation of %s takes %d polls, want at most %d", took, have, most)
		}
	}
	for took, want := range map[time.Duration]int{0: 1, time.Second: 2, 2 * time.Second: 3, 15 * time.Second: 6, time.Minute: 15} {
		if have := pollsOf(took, pausesOfOperation); have != want {
			t.Errorf("an operation of %s takes %d polls, want %d", took, have, want)
		}
	}
	for pause := range pausesOfOperation {
		if pause != 250*time.Millisecond {
			t.Errorf("the first poll is after %s", pause)
		}
		break
	}
}
