package event

import (
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// StackVersion identifies a moment in a stack's life. Clients compare versions with OlderThan.
type StackVersion struct {
	StackID string `json:"stack_id"`
	// LastUpdated is CloudFormation's time of the last operation, in milliseconds. It does not
	// change during an operation.
	LastUpdated time.Time `json:"last_updated"`
	// Phase is the rank of the status within the operation. It increases.
	Phase int `json:"phase"`
}

// OlderThan reports whether other is later. Times decide, across stacks too; within one operation
// on one stack the phase decides.
func (v StackVersion) OlderThan(other StackVersion) bool {
	if v.StackID == other.StackID && v.LastUpdated.Equal(other.LastUpdated) {
		return v.Phase < other.Phase
	}
	return v.LastUpdated.Before(other.LastUpdated)
}

// StackState is the complete state of one of a project's stacks.
type StackState struct {
	Shard     int          `json:"shard"` // the number of the stack in its project
	StackName string       `json:"stack_name"`
	Version   StackVersion `json:"version"`
	Status    string       `json:"status"` // as CloudFormation spells it
	Revision  int64        `json:"revision"`
	// Reason is CloudFormation's reason for the status; "" when it is unknown.
	Reason string `json:"reason,omitempty"`
	// Operation is the announced change; nil when none is announced.
	Operation *Operation `json:"operation,omitempty"`
}

// Operation is a change that a writer is about to make or is making.
type Operation struct {
	Token string `json:"token"` // the ClientRequestToken of the operation
	Run   string `json:"run,omitempty"`
	Who   string `json:"who,omitempty"`
	// Members are the changed entities as model.ID.String formats them: "bucket inbox".
	Members []string `json:"members,omitempty"`
	// Started and Expires bound the operation. After Expires it no longer counts, even if its end
	// was not reported.
	Started time.Time `json:"started"`
	Expires time.Time `json:"expires"`
}

// ended reports whether no operation is running in the stack.
func (s StackState) ended() bool { return !cfn.InProgress(s.Status) }

// OperationChange is the data of a TypeOperation event: a stack's announced operation. Version is
// the state's at the announcement.
type OperationChange struct {
	Shard   int          `json:"shard"`
	Version StackVersion `json:"version"`
	// Operation replaces the previous announcement; nil withdraws it.
	Operation *Operation `json:"operation,omitempty"`
}

// StackChange is the data of a TypeStack event: a stack's state, and the changes of its entities.
type StackChange struct {
	StackState
	// Ended is the announced operation that this event ends; nil for none.
	Ended *Operation `json:"ended,omitempty"`
	// Facts replace the previous facts. They are nil when the event does not describe the contents,
	// which are read only while the stack is stable. Facts and entities then stay, unless the
	// status is DELETE_COMPLETE or the stack ID differs from the contents': then the contents are
	// empty.
	Facts *Facts `json:"facts,omitempty"`
	// Put are the added and changed entities, complete.
	Put Entities `json:"put,omitzero"`
	// Removed are the IDs of the removed entities.
	Removed []model.ID `json:"removed,omitempty"`
	// Reload means that the change is too large for an event. Facts, Put and Removed are empty, and
	// the client requests a snapshot.
	Reload bool `json:"reload,omitempty"`
	// DriftOnly means that the stack is unchanged: it was compared with AWS, and the facts hold the
	// result.
	DriftOnly bool `json:"drift_only,omitempty"`
}

// Entities are entities by kind.
type Entities struct {
	Project          *model.Project         `json:"project,omitempty"`
	Buckets          []model.Bucket         `json:"buckets,omitempty"`
	Users            []model.User           `json:"users,omitempty"`
	Permissions      []model.Permission     `json:"permissions,omitempty"`
	DirectoryEntries []model.DirectoryEntry `json:"listings,omitempty"`
}

// Add adds an entity to those of its kind.
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
	case model.DirectoryEntry:
		e.DirectoryEntries = append(e.DirectoryEntries, entity)
	}
}

// All yields all entities.
func (e Entities) All(yield func(model.Entity) bool) {
	if e.Project != nil && !yield(*e.Project) {
		return
	}
	_ = each(e.Buckets, yield) && each(e.Users, yield) && each(e.Permissions, yield) && each(e.DirectoryEntries, yield)
}

func each[E model.Entity](entities []E, yield func(model.Entity) bool) bool {
	for _, entity := range entities {
		if !yield(entity) {
			return false
		}
	}
	return true
}

// Facts describe a stack's contents besides its entities, without what follows from the entities: a
// permission is dangling if its bucket is in no stack of the project, and the age of a key is part
// of its user.
type Facts struct {
	// Usage is the use of the stack's limits, Budget the maximum use.
	Usage  Usage `json:"usage"`
	Budget Usage `json:"budget"`
	// Policies are the numbers of users' policies in the stack, for users with more than one. All
	// stacks together can hold MaxPolicies per user.
	Policies    map[string]int `json:"policies,omitempty"`
	MaxPolicies int            `json:"max_policies"`
	// Drift are the differences between the template and its entities, or the first of very many.
	Drift []Drift `json:"deviations,omitempty"`
	// DriftChecked is when the stack was last compared with AWS; nil for never.
	DriftChecked *time.Time `json:"drift_checked,omitempty"`
}

// Usage is the use of a stack's limits.
type Usage struct {
	Resources     int `json:"resources"`
	TemplateBytes int `json:"template_bytes"`
	BodyBytes     int `json:"body_bytes"` // of the stack's item in the mirror
}

// Drift is one difference between a template and its entities.
type Drift struct {
	Of   []model.ID `json:"of,omitempty"` // the entities that own the resource
	Text string     `json:"text"`         // for people
	// Live means that AWS differs from the template, as of DriftChecked.
	Live bool `json:"live,omitempty"`
}
