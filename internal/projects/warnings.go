package projects

import (
	"sync"

	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Warning is what a person who changes a project should hear of although nothing failed: a SaturatedWarning, an UnhealedWarning, a
// GrownWarning, a HeadroomWarning, an AccessBlockWarning or a MirrorWarning.
type Warning interface {
	// Summary is a title, and Detail the text below it.
	Summary() string
	Detail() string
}

// SaturatedWarning says that as many changes as the caller makes at once were under way again and again: with more at once there
// would be fewer commits. There is one per process.
type SaturatedWarning struct {
	AtOnce int // changes
}

// UnhealedWarning says that the rollback of a failed commit left resources out, and that they could not be brought back to
// what the template says.
type UnhealedWarning struct {
	Project, Stack string
	LogicalIDs     []string
	Reasons        []string // AWS's, resource by resource
}

// GrownWarning says that the stacks of a project were full, so that it has got another one. Versions of the provider that know of
// one stack only refuse the project from then on.
type GrownWarning struct {
	Project string
	Stacks  int
}

// HeadroomWarning says that a user has few policies left for more permissions: that is what doesn't grow with another stack. There is one
// per user and process.
type HeadroomWarning struct {
	Project, User string
	Policies      int // that the user has
}

// AccessBlockWarning says that S3 doesn't block public access for a project's account as a whole, in all four ways. The project's own
// buckets block it each for itself. Stowage never changes what concerns more than its projects, and CloudFormation can't.
type AccessBlockWarning struct {
	Project, AccountID string
	Missing            []string // as the S3 API names them; empty when Err says why they aren't known
	Err                error
}

// MirrorWarning says that the hub's table could not be read, so that the stacks' templates were read instead: the result is the same, and
// takes longer. There is one per process.
type MirrorWarning struct {
	Table string
	Hub   HubLocation
	Err   error
}

// scarcePolicies is from how many policies on it is said that a user has few left.
const scarcePolicies = template.MaxUserPolicies - 1

// Headroom are the warnings about users that have few policies left, by name.
func (v *View) Headroom() []HeadroomWarning {
	var warnings []HeadroomWarning
	for _, user := range v.Contents.Users {
		if n := v.Policies(user.Name); n >= scarcePolicies {
			warnings = append(warnings, HeadroomWarning{v.Contents.Env.Project, user.Name, n})
		}
	}
	return warnings
}

// Scarce is the warning about a user that has few policies left; ok is false when it has enough.
func (v *View) Scarce(user string) (w HeadroomWarning, ok bool) {
	n := v.Policies(user)
	return HeadroomWarning{v.Contents.Env.Project, user, n}, n >= scarcePolicies
}

// Policies is the number of policies that a user's permissions take, of at most template.MaxUserPolicies.
func (v *View) Policies(user string) int {
	n := 0
	for _, shard := range v.shards {
		if shard != nil {
			n += len(shard.contents.Policies[user])
		}
	}
	return n
}

// warnings are those that nobody has been told of yet. They are safe for concurrent use.
type warnings struct {
	mu      sync.Mutex // guards what follows
	pending []Warning
	unread  bool // a MirrorWarning was added
	gauge   gauge
}

// add keeps a warning for the next caller of take.
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
	// saturatedLeast is the fewest changes at once that a SaturatedWarning is returned for.
	saturatedLeast = 5
	// saturatedWaves is how often all places must have been given up and taken again.
	saturatedWaves = 3
)

// gauge counts the callers whose changes are in progress, in any stack: those that share the caller's parallelism.
type gauge struct {
	now, most int
	served    int // since the callers were as many as most for the first time
	warned    bool
}

// enter counts a caller. The caller calls leave when its change is done. When as many have come back as
// there were ever at once, after several times as many have been served, the caller has more to do than it does at once.
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
