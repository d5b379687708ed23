package template

import (
	"bytes"
	"maps"
	"reflect"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// memory is what an Edit knows of the template that it made. Parse and the next Edit read only what
// differs from the base, and do not compile again what the Edit has compiled. Nothing in it changes.
//
// An Edit does not return the contents instead. They hold what the commit publishes in the stack's
// outputs, which is unknown before, and the next Edit needs the parsed base besides.
type memory struct {
	base     *shard
	compiled *compilations
}

// remember stores in the template what an Edit knows of it.
func (t *Template) remember(base *shard, compiled *compilations) *Template {
	known := *base
	known.compilations = nil
	known.template = &Template{sections: base.template.sections, resources: base.template.resources}
	return &Template{t.sections, t.resources, &memory{&known, compiled}}
}

// compilations caches the resources that entities compile to in an environment.
type compilations struct {
	env Env
	by  map[model.ID]compilation
}

type compilation struct {
	entity    model.Entity
	origin    string
	resources Resources
}

func newCompilations(env Env) *compilations {
	return &compilations{env, map[model.ID]compilation{}}
}

// find returns the cached resources of an entity. The caller may change the map.
func (c *compilations) find(env Env, entity model.Entity, origin string) (Resources, bool) {
	if c == nil || !c.env.compilesLike(env) {
		return nil, false
	}
	known, ok := c.by[entity.ID()]
	if !ok || known.origin != origin || !reflect.DeepEqual(known.entity, entity) {
		return nil, false
	}
	return maps.Clone(known.resources), true
}

// compilesLike reports whether entities compile to the same resources in two environments.
func (e Env) compilesLike(other Env) bool {
	return e.Project == other.Project && e.AccountID == other.AccountID && e.Region == other.Region &&
		e.Partition == other.Partition && e.Shared == other.Shared
}

// unchanged reports whether a shard has already parsed a resource.
func (s *shard) unchanged(logicalID string, of *Template) bool {
	before, there := s.template.resources[logicalID]
	return there && bytes.Equal(before, of.resources[logicalID])
}

// reuse adds a resource as another shard has parsed it. It reports false for a resource that must
// be parsed: a newer compiler can have several of an entity with settings.
func (s *shard) reuse(logicalID string, from *shard) bool {
	meta, ours := from.metadata[logicalID]
	if !ours {
		s.foreign = append(s.foreign, logicalID)
		i := slices.IndexFunc(from.copies, func(c Copy) bool { return c.LogicalID == logicalID })
		if i >= 0 {
			s.copies = append(s.copies, from.copies[i])
		}
		return true
	}
	if meta.Compiler > CompilerVersion {
		return false
	}
	if len(meta.Grants) > 0 {
		return s.add(logicalID, meta) == nil
	}
	settings := meta.Settings
	meta.Settings = nil
	if s.add(logicalID, meta) != nil {
		return false
	}
	if settings != nil {
		meta.Settings = settings
		s.metadata[logicalID] = meta
		s.origins[meta.Of], s.incarnations[meta.Of] = meta.Origin, meta.Incarnation
		entity, _ := from.lookup(meta.Of)
		s.put(entity)
		if said, ok := from.said[meta.Of.Name]; ok && meta.Of.Kind == model.KindBucket {
			s.said[meta.Of.Name] = said
		}
	}
	return true
}
