package event

// MaxReplay is the maximum number of events that are sent one by one to a returning client.
const MaxReplay = 1000

// Reply is the answer to a client about one project: either Events, which can be empty, or a
// snapshot, preceded by a gap message unless Gap is nil.
type Reply struct {
	Events   []Event
	Snapshot bool
	Gap      *Gap
}

// Resume returns the reply to a hello or resume with the position last; nil for none. current is
// the project's position when the stored events were read, or earlier. stored are the events of the
// current epoch above last.Seq, in order. Events are sent only if they follow last without a gap
// and reach current; otherwise there is a gap. Events after current are included.
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
