package event

import (
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// StackVersion says which moment of a stack's life something is about. Clients compare it as OlderThan does.
type StackVersion struct {
	StackID string `json:"stack_id"`
	// LastUpdated is CloudFormation's own time of the last operation, in milliseconds. It stands still during an operation.
	LastUpdated time.Time `json:"last_updated"`
	// Phase is the rank of the status within the operation: it grows.
	Phase int `json:"phase"`
}

// OlderThan says whether other is of a later moment. Times decide, whichever the stack; within one operation on one stack the phase does.
func (v StackVersion) OlderThan(other StackVersion) bool {
	if v.StackID == other.StackID && v.LastUpdated.Equal(other.LastUpdated) {
		return v.Phase < other.Phase
	}
	return v.LastUpdated.Before(other.LastUpdated)
}

// StackState is where one of a project's stacks stands. It is told as a whole every time.
type StackState struct {
	Shard     int          `json:"shard"` // the number of the stack in its project
	StackName string       `json:"stack_name"`
	Version   StackVersion `json:"version"`
	Status    string       `json:"status"` // as CloudFormation spells it
	Revision  int64        `json:"revision"`
	// Reason is why the stack is in this status, in CloudFormation's words; "" when it isn't known.
	Reason string `json:"reason,omitempty"`
	// Operation is what is being changed, or is about to be; nil when nobody has announced anything.
	Operation *Operation `json:"operation,omitempty"`
}

// Operation is a change that a writer is about to make or is making.
type Operation struct {
	Token string `json:"token"` // the ClientRequestToken with which CloudFormation carries it out
	Run   string `json:"run,omitempty"`
	Who   string `json:"who,omitempty"`
	// Members are the entities that it changes, as model.ID.String spells them: "bucket inbox".
	Members []string `json:"members,omitempty"`
	// Started and Expires bound it: after Expires nobody believes in it any more, whether or not its end has been told.
	Started time.Time `json:"started"`
	Expires time.Time `json:"expires"`
}

// deleted is the status of a stack that is gone.
const deleted = "DELETE_COMPLETE"

// ended says whether nothing is running in the stack.
func (s StackState) ended() bool { return !strings.HasSuffix(s.Status, "_IN_PROGRESS") }

// OperationChange is the data of a TypeOperation event: what is announced in a stack from now on. The state of the stack is the one
// that it was announced in.
type OperationChange struct {
	Shard   int          `json:"shard"`
	Version StackVersion `json:"version"`
	// Operation takes the place of whatever was announced before; nil when what was announced won't come.
	Operation *Operation `json:"operation,omitempty"`
}

// StackChange is the data of a TypeStack event: what one of a project's stacks is now, and how its entities changed.
type StackChange struct {
	StackState
	// Ended is the operation that was announced before and is over now; nil when none is.
	Ended *Operation `json:"ended,omitempty"`
	// Facts take the place of those before. They are nil when the event says nothing of the contents, as they are read only while the stack is at
	// rest: then facts and entities stay as they are, unless the status is DELETE_COMPLETE or the stack is another one than that which they are
	// of; then there are none any more.
	Facts *Facts `json:"facts,omitempty"`
	// Put are the entities that came or changed, whole.
	Put Entities `json:"put,omitzero"`
	// Removed are the ids of the entities that went.
	Removed []model.ID `json:"removed,omitempty"`
	// Reload says that the change is too large for an event: Facts, Put and Removed are empty, and the client asks for a snapshot.
	Reload bool `json:"reload,omitempty"`
}

// Entities are entities by kind.
type Entities struct {
	Project     *model.Project     `json:"project,omitempty"`
	Buckets     []model.Bucket     `json:"buckets,omitempty"`
	Users       []model.User       `json:"users,omitempty"`
	Permissions []model.Permission `json:"permissions,omitempty"`
	Listings    []model.Listing    `json:"listings,omitempty"`
}

// Add puts an entity among those of its kind.
func (e *Entities) Add(entity model.Entity) {
	switch entity := entity.(type) {
	case model.Project:
		e.Project = &entity
	case model.Bucket:
		e.Buckets = append(e.Buckets, entity)
	case model.User:
		e.Users = append(e.Users, entity)
	case model.Permission:
		e.Permissions = append(e.Permissions, entity)
	case model.Listing:
		e.Listings = append(e.Listings, entity)
	}
}

// All goes through all entities.
func (e Entities) All(yield func(model.Entity) bool) {
	if e.Project != nil && !yield(*e.Project) {
		return
	}
	_ = each(e.Buckets, yield) && each(e.Users, yield) && each(e.Permissions, yield) && each(e.Listings, yield)
}

func each[E model.Entity](entities []E, yield func(model.Entity) bool) bool {
	for _, entity := range entities {
		if !yield(entity) {
			return false
		}
	}
	return true
}

// Facts are what can be said of a stack's contents besides its entities. What follows from the entities is not among it: a permission
// whose bucket is in no stack of the project is a dangling one, and the age of a key is in its user.
type Facts struct {
	// Usage is how much of its limits the stack uses, Budget how much of them it may use.
	Usage  Usage `json:"usage"`
	Budget Usage `json:"budget"`
	// Policies are how many policies of each user are in the stack, for users with more than one. All stacks together can hold
	// MaxPolicies of them.
	Policies    map[string]int `json:"policies,omitempty"`
	MaxPolicies int            `json:"max_policies"`
	// Deviations are what somebody changed by hand in the template: all, or the first of very many.
	Deviations []Deviation `json:"deviations,omitempty"`
}

// Usage is how much of a stack's limits is used.
type Usage struct {
	Resources     int `json:"resources"`
	TemplateBytes int `json:"template_bytes"`
	BodyBytes     int `json:"body_bytes"` // of the stack's item in the mirror
}

// Deviation is one difference between a template and its entities.
type Deviation struct {
	Of   []model.ID `json:"of,omitempty"` // the entities that own the resource
	Text string     `json:"text"`         // for people
}
