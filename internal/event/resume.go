package event

// MaxReplay is the most events that are sent one by one to a client that comes back.
const MaxReplay = 1000

// Reply is what a client is sent about a project: either Events, which can be none, or a snapshot, after a gap message unless Gap is nil.
type Reply struct {
	Events   []Event
	Snapshot bool
	Gap      *Gap
}

// Resume is the reply to a client that says hello or resume with the position last, nil for none. current is where the project stood when the
// stored events were read, or before; stored are those of the current epoch with numbers above last.Seq, in order. Whatever of
// them has expired, or isn't there for any other reason, makes a gap: events are sent only if they follow last without a hole and
// reach current. Events that came after current go along.
func Resume(last *Position, current Position, stored []Event) Reply {
	if last == nil {
		return Reply{Snapshot: true}
	}
	gap := func(reason GapReason) Reply {
		if reason == GapEpoch {
			return Reply{Snapshot: true, Gap: &Gap{Reason: reason}}
		}
		return Reply{Snapshot: true, Gap: &Gap{From: last.Seq + 1, To: current.Seq, Reason: reason}}
	}
	if last.Epoch != current.Epoch || last.Seq > current.Seq {
		return gap(GapEpoch)
	}
	if current.Seq-last.Seq > MaxReplay {
		return gap(GapMany)
	}
	next := last.Seq + 1
	for i, e := range stored {
		if e.Epoch != current.Epoch || e.Seq != next {
			stored = stored[:i]
			break
		}
		next++
	}
	if next <= current.Seq {
		return gap(GapExpired)
	}
	return Reply{Events: stored}
}
