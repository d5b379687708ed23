package stack

import (
	"testing"
	"time"
)

// pollsOf returns the number of polls until the end of an operation is seen. took is its duration;
// each poll takes as long as a call of AWS.
func pollsOf(took, pause time.Duration, next func(time.Duration) time.Duration) int {
	polls := 1
	for at := pause; at < took; at += 100*time.Millisecond + pause {
		polls, pause = polls+1, next(pause)
	}
	return polls
}

// TestPausesOfOperation compares our polls with those of a poller that first waits for a second.
// With AWS's durations they are no more, and an immediate end is seen immediately.
func TestPausesOfOperation(t *testing.T) {
	second := func(pause time.Duration) time.Duration { return longer(pause, 5*time.Second) }
	for took := 5 * time.Second; took < 10*time.Minute; took += 100 * time.Millisecond {
		have, most := pollsOf(took, firstPause, nextPause), pollsOf(took, time.Second, second)
		if have > most {
			t.Errorf("an operation of %s takes %d polls, want at most %d", took, have, most)
		}
	}
	for took, want := range map[time.Duration]int{0: 1, time.Second: 2, 2 * time.Second: 3, 15 * time.Second: 6, time.Minute: 15} {
		if have := pollsOf(took, firstPause, nextPause); have != want {
			t.Errorf("an operation of %s takes %d polls, want %d", took, have, want)
		}
	}
	if firstPause != 250*time.Millisecond {
		t.Errorf("the first poll is after %s", firstPause)
	}
}
