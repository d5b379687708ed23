package event

import (
	"slices"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Snapshot is the data of a TypeSnapshot message: a project as a whole. Its Position is read first and the rest after, so all events up to
// it are in it, and later ones can be.
type Snapshot struct {
	Stacks []StackSnapshot `json:"stacks"`
	// Commits are what has happened to the project lately, the oldest first: at most MaxCommits, of the last 24 hours, up to the
	// snapshot's position.
	Commits []Commit `json:"commits,omitempty"`
	// Gap is what the client isn't told one by one and asked for; nil when it asked for nothing but the snapshot.
	Gap *Gap `json:"gap,omitempty"`
}

// StackSnapshot is one of a project's stacks as a whole.
type StackSnapshot struct {
	StackState
	// Contents is the version that Facts and Entities are of: that of the last moment in which the stack was at rest. It can be
	// older than the state's, and newer; nil when there are none.
	Contents *StackVersion `json:"contents,omitempty"`
	Facts    *Facts        `json:"facts,omitempty"`
	Entities Entities      `json:"entities,omitzero"`
}

// GapReason says why events aren't sent one by one.
type GapReason string

// The reasons for gaps.
const (
	// GapExpired is for events that are no longer kept.
	GapExpired GapReason = "expired"
	// GapEpoch is for a position in another epoch, or ahead of what there is: the mirror has been made anew.
	GapEpoch GapReason = "epoch"
	// GapMany is for more than MaxReplay events.
	GapMany GapReason = "many"
	// GapReload is for events that were too large to be told: the client found one that says so.
	GapReload GapReason = "reload"
)

// Gap is the data of a TypeGap message, whose Position is where the project stands: the client has missed events, and a snapshot will
// stand for them.
type Gap struct {
	// From and To are the numbers of the first and the last event that aren't sent. With GapEpoch nobody knows how many there
	// were: both are 0.
	From   int64     `json:"from"`
	To     int64     `json:"to"`
	Reason GapReason `json:"reason"`
}

// MaxCommits is how many commits a snapshot tells of, and a Client keeps.
const MaxCommits = 50

// maxChanged is how many ids a Commit holds of each kind of change.
const maxChanged = 20

// Commit is one thing that happened to a stack, in short: a commit, a hand edit, a rollback.
type Commit struct {
	Seq       int64      `json:"seq"` // of the event that told it
	Time      time.Time  `json:"time"`
	Shard     int        `json:"shard"`
	StackName string     `json:"stack_name"`
	Status    string     `json:"status"`
	Revision  int64      `json:"revision"`
	Run       string     `json:"run,omitempty"`
	Who       string     `json:"who,omitempty"`
	Started   *time.Time `json:"started,omitempty"` // when it was announced
	// Put and Removed are the first of the entities that it changed, in order of kind; PutCount and RemovedCount say how many there are.
	Put          []model.ID `json:"put,omitempty"`
	PutCount     int        `json:"put_count"`
	Removed      []model.ID `json:"removed,omitempty"`
	RemovedCount int        `json:"removed_count"`
}

// CommitOf is an event in short. ok is false for events that don't end anything: the begin of an operation, an announcement.
func CommitOf(e Event) (commit Commit, ok bool) {
	if e.Type != TypeStack {
		return Commit{}, false
	}
	change, err := e.StackChange()
	if err != nil || !change.ended() {
		return Commit{}, false
	}
	commit = Commit{
		Seq: e.Seq, Time: e.Time, Shard: change.Shard, StackName: change.StackName, Status: change.Status, Revision: e.Revision, Run: e.Run,
		RemovedCount: len(change.Removed), Removed: slices.Clone(change.Removed[:min(len(change.Removed), maxChanged)]),
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

// Commits are the last of the commits that events tell of, the oldest first.
func Commits(events []Event) []Commit {
	var commits []Commit
	for _, e := range events {
		if commit, ok := CommitOf(e); ok {
			commits = append(commits, commit)
		}
	}
	return commits[max(0, len(commits)-MaxCommits):]
}
