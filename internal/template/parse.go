package template

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// marked is the part of one of our resources that parsing needs.
type ownedResource struct {
	Type     string
	Metadata struct{ Stowage *OwnerMetadata }
}

// shard is a parsed template: the template, its resources' owner metadata, and its contents without
// drift.
type shard struct {
	template     *Template
	env          Env
	metadata     map[string]OwnerMetadata
	owned        map[model.ID][]string // the logical IDs of an entity's resources, except policies
	origins      map[model.ID]string
	incarnations map[model.ID]string
	projects     map[model.ID]model.Project
	buckets      map[string]model.Bucket
	users        map[string]model.User
	entries      map[string]model.DirectoryEntry
	packings     map[string]packing    // by user
	away         map[string]model.User // users in other stacks that have policies in this one
	shards       int
	closing      bool
	foreign      []string
	copies       []Copy
	said         map[string]string // by bucket: its physical name according to the metadata
	compilations *compilations     // cached; nil for none
	records      bool              // whether compiled resources are cached
}

// Parse returns a template's entities, or a *model.NewerFormatError for a template of a newer
// provider. env holds the stack's location and outputs (Env.With).
func Parse(t *Template, env Env) (*Contents, error) {
	s, err := read(t, env)
	if err != nil {
		return nil, err
	}
	return s.contents(), nil
}

// clone copies what can be changed, entities and packings, and shares the template.
func (s *shard) clone() *shard {
	c := *s
	c.origins, c.projects, c.buckets = maps.Clone(s.origins), maps.Clone(s.projects), maps.Clone(s.buckets)
	c.users, c.entries, c.packings = maps.Clone(s.users), maps.Clone(s.entries), make(
		map[string]packing, len(s.packings),
	)
	c.away, c.incarnations = maps.Clone(s.away), maps.Clone(s.incarnations)
	for user, packed := range s.packings {
		own := make(packing, len(packed))
		for n, grants := range packed {
			own[n] = slices.Clip(grants) // so that append copies
		}
		c.packings[user] = own
	}
	return &c
}

func read(t *Template, env Env) (*shard, error) {
	s := &shard{
		template:     t,
		env:          env,
		metadata:     map[string]OwnerMetadata{},
		owned:        map[model.ID][]string{},
		origins:      map[model.ID]string{},
		incarnations: map[model.ID]string{},
		projects:     map[model.ID]model.Project{},
		buckets:      map[string]model.Bucket{},
		users:        map[string]model.User{},
		entries:      map[string]model.DirectoryEntry{},
		packings:     map[string]packing{},
		away:         map[string]model.User{},
		said:         map[string]string{},
	}
	var known *shard
	if t.memory != nil && t.memory.base.env.Project == env.Project {
		known, s.compilations = t.memory.base, t.memory.compiled
	}
	all := map[string]OwnerMetadata{}
	for _, id := range t.LogicalIDs() {
		if known != nil && known.unchanged(id, t) && s.reuse(id, known) {
			if meta, ours := s.metadata[id]; ours {
				all[id] = meta
			}
			continue
		}
		meta, ok := ownerMetadataOf(t.resources[id])
		if !ok {
			s.foreign = append(s.foreign, id)
			continue
		}
		if meta.Format > FormatVersion {
			return nil, newerFormat(id, meta.Format)
		}
		all[id] = meta
		if !meta.belongs(id) {
			s.foreign, s.copies = append(s.foreign, id), append(s.copies, Copy{id, meta.Of})
			continue
		}
		if err := s.add(id, meta); err != nil {
			return nil, fmt.Errorf("the resource %s: %w", id, err)
		}
	}
	return s, checkOneProject(all)
}

// ownerMetadataOf returns a resource's owner metadata; ok is false for a foreign one. In a newer
// format the other fields may have any shape, so only the format is read. Such a resource is still
// ours.
func ownerMetadataOf(resource json.RawMessage) (meta OwnerMetadata, ok bool) {
	raw := member(member(resource, "Metadata"), "Stowage")
	if len(raw) == 0 || raw[0] != '{' {
		return meta, false
	}
	if json.Unmarshal(raw, &meta) == nil {
		return meta, true
	}
	var newer struct {
		Format int `json:"format"`
	}
	ok = json.Unmarshal(raw, &newer) == nil && newer.Format > FormatVersion
	return OwnerMetadata{Format: newer.Format}, ok
}

func (s *shard) add(logicalID string, meta OwnerMetadata) error {
	if meta.Of.Kind == model.KindProject && s.env.Project != "" {
		meta.Of.Name = s.env.Project // a stack holds its own project, regardless of its metadata
	}
	s.metadata[logicalID] = meta
	if len(meta.Grants) > 0 {
		return s.addGrants(logicalID, meta)
	}
	s.owned[meta.Of] = append(s.owned[meta.Of], logicalID)
	s.shards = max(s.shards, meta.Shards)
	s.closing = s.closing || meta.Closing
	if meta.Settings == nil {
		return nil
	}
	entity, err := decodeSettings(meta)
	if err != nil {
		return err
	}
	s.origins[meta.Of], s.incarnations[meta.Of] = meta.Origin, meta.Incarnation
	s.put(s.named(entity, meta.Of.Name, logicalID))
	return nil
}

// named returns an entity with its name, and the physical name in its resource.
func (s *shard) named(entity model.Entity, name, logicalID string) model.Entity {
	switch e := entity.(type) {
	case model.Project:
		e.Name = name
		return e
	case model.Bucket:
		s.said[name] = e.BucketName
		if physical, ok := s.physicalName(logicalID); ok {
			e.BucketName = physical
		}
		e.Name = name
		return e
	case model.User:
		e.Name = name
		return e
	case model.DirectoryEntry:
		e.Name = name
		return e
	}
	return entity
}

func (s *shard) put(entity model.Entity) {
	switch e := entity.(type) {
	case model.Project:
		s.projects[e.ID()] = e
	case model.Bucket:
		s.buckets[e.Name] = e
	case model.User:
		s.users[e.Name] = e
	case model.DirectoryEntry:
		s.entries[e.Name] = e
	}
}

// addGrants adds the permissions of a policy, numbered by its logical ID.
func (s *shard) addGrants(logicalID string, meta OwnerMetadata) error {
	user := meta.Of.Name
	n := policyNumber(user, logicalID)
	if n == 0 { // a newer compiler created it
		return fmt.Errorf("it is marked as a policy of the user %s, but its logical id is none of that user's", user)
	}
	if s.packings[user] == nil {
		s.packings[user] = packing{}
	}
	for i := range meta.Grants {
		if meta.Grants[i].Permission.User != user { // what was read before is shared
			meta.Grants[i].Permission.User = user
		}
	}
	s.packings[user][n] = meta.Grants
	if meta.User != nil {
		s.away[user] = *meta.User
	}
	for _, grant := range meta.Grants {
		id := grant.Permission.ID()
		s.origins[id], s.incarnations[id] = grant.Origin, grant.Incarnation
	}
	return nil
}

func (s *shard) project() *model.Project {
	for _, p := range s.projects {
		return &p
	}
	return nil
}

func (s *shard) grants(user string) []Grant {
	var all []Grant
	for _, n := range slices.Sorted(maps.Keys(s.packings[user])) {
		all = append(all, s.packings[user][n]...)
	}
	return all
}

// user returns a policy's user, even if the user's resources were removed by hand.
func (s *shard) user(name string) model.User {
	if user, ok := s.users[name]; ok {
		return user
	}
	if user, ok := s.away[name]; ok {
		return user
	}
	return model.User{Name: name}
}
