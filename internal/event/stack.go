package event

import (
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// StackChange is the data of a TypeStack event: what one of a project's stacks is now, and how its entities changed.
type StackChange struct {
	Shard     int    `json:"shard"`
	StackID   string `json:"stack_id"`
	StackName string `json:"stack_name"`
	Status    string `json:"status"` // as CloudFormation spells it
	// LastUpdated and Phase order the changes of one StackID: later wins, then the greater phase.
	LastUpdated time.Time `json:"last_updated"`
	Phase       int       `json:"phase"`
	// Put are the entities that came or changed, whole.
	Put Entities `json:"put"`
	// Removed are the ids of the entities that went.
	Removed []model.ID `json:"removed,omitempty"`
	// Reload says that the change is too large for an event: Put and Removed are empty, and the client asks for a snapshot.
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
