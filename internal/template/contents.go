package template

import (
	"maps"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Contents is what a template holds, as data, which the mirror stores for each stack. Entities are
// sorted by their IDs.
type Contents struct {
	Env              Env                    `json:"env"`
	Project          *model.Project         `json:"project,omitempty"`
	Buckets          []model.Bucket         `json:"buckets,omitempty"`
	Users            []model.User           `json:"users,omitempty"`
	Permissions      []model.Permission     `json:"permissions,omitempty"`
	DirectoryEntries []model.DirectoryEntry `json:"listings,omitempty"`
	// Origins are the entities' origins by ID.String().
	Origins map[string]string `json:"origins,omitempty"`
	// Incarnations are the entities' incarnations by ID.String(): see ownership.go.
	Incarnations map[string]string `json:"incarnations,omitempty"`
	// Drift is the template's drift from what its entities compile to, by logical ID.
	Drift []Drift `json:"deviations,omitempty"`
	// Dangling are the permissions whose bucket is not in the template.
	Dangling []model.ID `json:"dangling,omitempty"`
	// Shards is the number of the project's stacks, in its first stack; 0 means one.
	Shards int `json:"shards,omitempty"`
	// Closed marks a stack without the project that accepts no more entities.
	Closed bool `json:"closed,omitempty"`
	// Policies are the sorted numbers of the users' policies in this stack, by user.
	Policies map[string][]int `json:"policies,omitempty"`
	// HeldRefs are what policies hold about entities in other stacks.
	HeldRefs *HeldRefs `json:"literals,omitempty"`
	// Credentials are AWS's IDs of the users' access keys, by user.
	Credentials map[string]Credentials `json:"credentials,omitempty"`
	// Foreign are the logical IDs of the resources that no entity owns. Copies are those whose
	// metadata names an entity.
	Foreign []string `json:"foreign,omitempty"`
	Copies  []Copy   `json:"copies,omitempty"`
	// Mismatches are the entities whose physical resources are uncertain, by logical ID.
	Mismatches []Mismatch `json:"mismatches,omitempty"`
	// LogBucket and TemplateBucket are the physical names of the project's own buckets, in its
	// first stack.
	LogBucket      string `json:"log_bucket,omitempty"`
	TemplateBucket string `json:"template_bucket,omitempty"`
	Usage          Usage  `json:"usage"`
}

// Of returns an entity, in logarithmic time: every resource of a plan calls it.
func (c *Contents) Of(id model.ID) (entity model.Entity, ok bool) {
	switch id.Kind {
	case model.KindProject:
		if c.Project != nil && c.Project.ID() == id {
			return *c.Project, true
		}
	case model.KindBucket:
		return search(c.Buckets, id)
	case model.KindUser:
		return search(c.Users, id)
	case model.KindPermission:
		return search(c.Permissions, id)
	case model.KindDirectoryEntry:
		return search(c.DirectoryEntries, id)
	}
	return nil, false
}

// search finds an entity among those of its kind, which are sorted by name.
func search[E model.Entity](entities []E, id model.ID) (model.Entity, bool) {
	i, ok := slices.BinarySearchFunc(entities, id, func(e E, id model.ID) int { return e.ID().Compare(id) })
	if !ok {
		return nil, false
	}
	return entities[i], true
}

// Entities iterates over all entities, kind by kind.
func (c *Contents) Entities() func(yield func(model.Entity) bool) {
	return func(yield func(model.Entity) bool) {
		if c.Project != nil && !yield(*c.Project) {
			return
		}
		_ = each(c.Buckets, yield) && each(c.Users, yield) && each(c.Permissions, yield) && each(c.DirectoryEntries, yield)
	}
}

func each[E model.Entity](entities []E, yield func(model.Entity) bool) bool {
	for _, e := range entities {
		if !yield(e) {
			return false
		}
	}
	return true
}

func (s *shard) contents() *Contents {
	c := &Contents{
		Env: s.env, Project: s.project(), Buckets: sorted(s.buckets), Users: sorted(s.users),
		DirectoryEntries: sorted(s.entries),
		Foreign:          s.foreign, Copies: s.copies, Mismatches: s.mismatches(),
		Drift: s.drift(), Shards: s.shards, Closed: s.closing, HeldRefs: s.heldRefs(),
	}
	if c.Project != nil {
		c.LogBucket, _ = s.physicalName(logBucketID)
		c.TemplateBucket, _ = s.physicalName(templateBucketID)
	}
	for user, packed := range s.packings {
		if c.Policies == nil {
			c.Policies = map[string][]int{}
		}
		c.Policies[user] = slices.Sorted(maps.Keys(packed))
		for _, grant := range s.grants(user) {
			c.Permissions = append(c.Permissions, grant.Permission)
			if grant.bucket(s.buckets) == nil {
				c.Dangling = append(c.Dangling, grant.Permission.ID())
			}
		}
	}
	slices.SortFunc(c.Permissions, func(a, b model.Permission) int { return a.ID().Compare(b.ID()) })
	slices.SortFunc(c.Dangling, model.ID.Compare)
	c.Origins, c.Incarnations = byText(s.origins), byText(s.incarnations)
	for name := range s.users {
		if value, there := s.env.Outputs[UserOutput(name)]; there {
			if c.Credentials == nil {
				c.Credentials = map[string]Credentials{}
			}
			c.Credentials[name] = credentials(value)
		}
	}
	c.Env.Outputs = nil // they have been read
	c.Usage = Usage{Resources: len(s.template.resources), TemplateBytes: s.template.size()}
	for _, user := range s.users {
		if publishes(user) {
			c.Usage.DynamicReferences++
		}
	}
	c.Usage.BodyBytes = len(encodeJSON(c))
	return c
}

// byText returns the values that are not empty, by ID.String(); nil for none.
func byText(values map[model.ID]string) map[string]string {
	var result map[string]string
	for id, value := range values {
		if value != "" {
			if result == nil {
				result = map[string]string{}
			}
			result[id.String()] = value
		}
	}
	return result
}

func sorted[E any](entities map[string]E) []E {
	var result []E
	for _, name := range slices.Sorted(maps.Keys(entities)) {
		result = append(result, entities[name])
	}
	return result
}
