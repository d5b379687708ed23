package projects

import (
	"sync"

	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Warning informs the user although nothing failed: a SaturatedWarning, an UnhealedWarning, a
// GrownWarning, a HeadroomWarning, an AccessBlockWarning, a MirrorWarning or a DriftWarning.
type Warning interface {
	// Summary is a title, and Detail the text below it.
	Summary() string
	Detail() string
}

// SaturatedWarning is returned when changes repeatedly used the caller's whole parallelism: more at
// once would take fewer commits. There is one per process.
type SaturatedWarning struct {
	AtOnce int // changes
}

// UnhealedWarning is returned when the rollback of a failed commit skipped resources that could not
// be restored to the template.
type UnhealedWarning struct {
	Project, Stack string
	LogicalIDs     []string
	Reasons        []string // AWS's, resource by resource
}

// GrownWarning is returned when the stacks of a project were full, so that another one was added.
// Versions of the provider that support one stack only refuse the project from then on.
type GrownWarning struct {
	Project string
	Stacks  int
}

// HeadroomWarning is returned when a user has few policies left for more permissions: another stack
// doesn't help. There is one per user and process.
type HeadroomWarning struct {
	Project, User string
	Policies      int // of the user
}

// AccessBlockWarning is returned when S3 doesn't block public access for a project's whole account,
// in all four ways. The project's own buckets each block it. Stowage never changes settings beyond
// its projects, and CloudFormation can't.
type AccessBlockWarning struct {
	Project, AccountID string
	Missing            []string // as the S3 API names them; empty when Err is why they are unknown
	Err                error
}

// MirrorWarning is returned when the hub's table could not be read, so that the stacks' templates
// were read instead: the result is the same, but takes longer. There is one per process.
type MirrorWarning struct {
	Table string
	Hub   HubLocation
	Err   error
	// DriftOnly is set when only the drift in AWS was to be read: no template holds that.
	DriftOnly bool
}

// DriftWarning is returned when a project could not be compared with AWS although the caller asked
// for it.
type DriftWarning struct {
	Project string
	Err     error
}

// scarcePolicies is the number of policies from which a HeadroomWarning is returned.
const scarcePolicies = template.MaxUserPolicies - 1

// Headroom returns the warnings about users that have few policies left, by name.
func (v *View) Headroom() []HeadroomWarning {
	var warnings []HeadroomWarning
	for _, user := range v.Contents.Users {
		if n := v.Policies(user.Name); n >= scarcePolicies {
			warnings = append(warnings, HeadroomWarning{v.Contents.Env.Project, user.Name, n})
		}
	}
	return warnings
}

// Scarce returns the warning about a user that has few policies left; ok is false when it has
// enough.
func (v *View) Scarce(user string) (w HeadroomWarning, ok bool) {
	n := v.Policies(user)
	return HeadroomWarning{v.Contents.Env.Project, user, n}, n >= scarcePolicies
}

// Policies returns the number of policies of a user, at most template.MaxUserPolicies.
func (v *View) Policies(user string) int {
	n := 0
	for _, shard := range v.shards {
		if shard != nil {
			n += len(shard.contents.Policies[user])
		}
	}
	return n
}

// warnings holds those that were not returned yet. It is safe for concurrent use.
type warnings struct {
	mu      sync.Mutex // guards the fields below
	pending []Warning
	unread  bool // a MirrorWarning was added
	gauge   gauge
}

// add stores a warning for the next caller of take.
func (w *warnings) add(warning Warning) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending = append(w.pending, warning)
}

// addUnread adds a MirrorWarning once per process.
func (w *warnings) addUnread(warning MirrorWarning) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.unread {
		w.unread = true
		w.pending = append(w.pending, warning)
	}
}

// take returns each warning once, to one caller.
func (w *warnings) take() []Warning {
	w.mu.Lock()
	defer w.mu.Unlock()
	pending := w.pending
	w.pending = nil
	return pending
}

const (
	// saturatedLeast is the fewest concurrent changes for a SaturatedWarning.
	saturatedLeast = 5
	// saturatedWaves is how many waves of changes must have used the whole parallelism.
	saturatedWaves = 3
)

// gauge counts the callers whose changes are in progress, in all stacks: those that share the
// caller's parallelism.
type gauge struct {
	now, most int
	served    int // since the callers first numbered most
	warned    bool
}

// enter counts a caller, which calls leave when its change is done. After several waves of callers,
// as many callers as ever at once mean that the caller has more changes than parallelism.
func (w *warnings) enter() (leave func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := &w.gauge
	g.now++
	if g.now > g.most {
		g.most, g.served = g.now, 0
	}
	if g.now == g.most && g.most >= saturatedLeast && g.served >= saturatedWaves*g.most && !g.warned {
		g.warned = true
		if warning := (SaturatedWarning{g.most}); warning.parallelism() > 0 {
			w.pending = append(w.pending, warning)
		}
	}
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		g.now--
		g.served++
	}
}
