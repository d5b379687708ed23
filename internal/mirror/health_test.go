package mirror_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/mirror"
)

func TestHealth(t *testing.T) {
	b := newBench(t)
	read := func() *mirror.Health {
		t.Helper()
		before := b.calls("Query")
		health, err := b.Health(t.Context())
		must(t, err)
		if n := b.calls("Query") - before; n != 1 {
			t.Errorf("reading took %d queries", n)
		}
		return health
	}
	if health := read(); health != nil {
		t.Errorf("before the first sweep: %+v", health)
	}
	minute := func(n int) time.Time {
		return time.UnixMilli(1_800_000_000_000).UTC().Add(time.Duration(n) * time.Minute)
	}
	want := mirror.Health{
		RelayVersion: "0.2.0", Swept: minute(1), Compared: minute(1), Projects: 3, Repaired: 1, Connections: 5,
	}
	must(t, b.RecordSweep(t.Context(), mirror.Sweep{
		RelayVersion: "0.2.0", At: minute(1), Comparison: &mirror.Comparison{Projects: 3, Repaired: 1}, Connections: 5,
	}))
	if diff := cmp.Diff(&want, read()); diff != "" {
		t.Error(diff)
	}

	// The later of two events counts, whichever process records it first.
	must(t, b.RecordEvent(t.Context(), minute(2)))
	must(t, b.RecordEvent(t.Context(), minute(1)))
	want.Event = minute(2)
	for n := range 2 {
		must(t, b.RecordSweep(t.Context(), mirror.Sweep{
			RelayVersion: "0.3.0", At: minute(3 + n), Connections: 4, Err: errors.New(strings.Repeat("é", 1000)),
		}))
	}
	want.RelayVersion, want.Swept, want.Connections = "0.3.0", minute(4), 4
	want.Failures, want.Failure, want.Failed = 2, strings.Repeat("é", 500), minute(4)
	if diff := cmp.Diff(&want, read()); diff != "" {
		t.Error(diff)
	}

	must(t, b.RecordSweep(t.Context(), mirror.Sweep{RelayVersion: "0.3.0", At: minute(5)}))
	want.Swept, want.Connections, want.Failures = minute(5), 0, 0
	if diff := cmp.Diff(&want, read()); diff != "" {
		t.Error(diff)
	}
	if n := b.calls("UpdateItem"); n != 6 {
		t.Errorf("recording took %d updates", n)
	}
}
