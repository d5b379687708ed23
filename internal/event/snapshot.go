package event

import (
	"slices"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Snapshot is the data of a TypeSnapshot message: a complete project. Its Position is read before
// the content, so the snapshot includes all events up to it, and possibly later ones.
type Snapshot struct {
	Stacks []StackSnapshot `json:"stacks"`
	// Commits are the project's latest commits, oldest first: at most MaxCommits, of the last 24
	// hours, up to the snapshot's position.
	Commits []Commit `json:"commits,omitempty"`
	// Gap describes the requested events that the snapshot replaces; nil when only a snapshot was
	// requested.
	Gap *Gap `json:"gap,omitempty"`
}

// StackSnapshot is one of a project's stacks.
type StackSnapshot struct {
	StackState
	// Contents is the version of Facts and Entities: of the last moment in which the stack was
	// stable. It can be older or newer than the state's; nil without contents.
	Contents *StackVersion `json:"contents,omitempty"`
	Facts    *Facts        `json:"facts,omitempty"`
	Entities Entities      `json:"entities,omitzero"`
}

// GapReason is why events are not sent one by one.
type GapReason string

// The reasons for gaps.
const (
	// GapExpired: the events are no longer stored.
	GapExpired GapReason = "expired"
	// GapEpoch: the position is in another epoch or beyond the last event, because the mirror was
	// created again.
	GapEpoch GapReason = "epoch"
	// GapMany: there are more than MaxReplay events.
	GapMany GapReason = "many"
	// GapReload: an event was too large to send.
	GapReload GapReason = "reload"
)

// Gap is the data of a TypeGap message, whose Position is the project's. The client has missed
// events, and a snapshot follows.
type Gap struct {
	// From and To are the numbers of the first and last missed event. With GapEpoch the number of
	// events is unknown and both are 0.
	From   int64     `json:"from"`
	To     int64     `json:"to"`
	Reason GapReason `json:"reason"`
}

// MaxCommits is the number of commits in a snapshot and in a View.
const MaxCommits = 50

// maxChanged is the number of IDs in a Commit for each kind of change.
const maxChanged = 20

// Commit is a summary of a finished operation on a stack: a commit, a hand edit or a rollback.
type Commit struct {
	Seq       int64      `json:"seq"` // of the event
	Time      time.Time  `json:"time"`
	Shard     int        `json:"shard"`
	StackName string     `json:"stack_name"`
	Status    string     `json:"status"`
	Revision  int64      `json:"revision"`
	Run       string     `json:"run,omitempty"`
	Who       string     `json:"who,omitempty"`
	Started   *time.Time `json:"started,omitempty"` // of the operation
	// Put and Removed are the first changed entities, in order of kind. PutCount and RemovedCount
	// are their total numbers.
	Put          []model.ID `json:"put,omitempty"`
	PutCount     int        `json:"put_count"`
	Removed      []model.ID `json:"removed,omitempty"`
	RemovedCount int        `json:"removed_count"`
}

// CommitOf summarizes an event. ok is false for events that do not end an operation.
func CommitOf(e Event) (commit Commit, ok bool) {
	if e.Type != TypeStack {
		return Commit{}, false
	}
	change, err := e.StackChange()
	if err != nil || change.DriftOnly || !change.ended() {
		return Commit{}, false
	}
	commit = Commit{
		Seq:          e.Seq,
		Time:         e.Time,
		Shard:        change.Shard,
		StackName:    change.StackName,
		Status:       change.Status,
		Revision:     e.Revision,
		Run:          e.Run,
		RemovedCount: len(change.Removed),
		Removed:      slices.Clone(change.Removed[:min(len(change.Removed), maxChanged)]),
	}
	if change.Ended != nil {
		commit.Who, commit.Started = change.Ended.Who, &change.Ended.Started
	}
	for entity := range change.Put.All {
		if commit.PutCount++; commit.PutCount <= maxChanged {
			commit.Put = append(commit.Put, entity.ID())
		}
	}
	return commit, true
}

// Commits returns the summaries of the last events that end an operation, oldest first.
func Commits(events []Event) []Commit {
	var commits []Commit
	for _, e := range events {
		if commit, ok := CommitOf(e); ok {
			commits = append(commits, commit)
		}
	}
	return commits[max(0, len(commits)-MaxCommits):]
}
