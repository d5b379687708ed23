package template

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Contents is what a template holds, as data. The mirror stores it for each stack. Entities are
// sorted by their IDs.
type Contents struct {
	Env              Env                    `json:"env"`
	Project          *model.Project         `json:"project,omitempty"`
	Buckets          []model.Bucket         `json:"buckets,omitempty"`
	Users            []model.User           `json:"users,omitempty"`
	Permissions      []model.Permission     `json:"permissions,omitempty"`
	DirectoryEntries []model.DirectoryEntry `json:"listings,omitempty"`
	// Origins are the origins of the entities that have one, by ID.String().
	Origins map[string]string `json:"origins,omitempty"`
	// Incarnations are those of the entities that have one, by ID.String(): see ownership.go.
	Incarnations map[string]string `json:"incarnations,omitempty"`
	// Drift are the drift of the template from what its entities compile to, sorted by logical
	// ID.
	Drift []Drift `json:"deviations,omitempty"`
	// Dangling are the permissions whose bucket is not in the template.
	Dangling []model.ID `json:"dangling,omitempty"`
	// Shards is the number of the project's stacks, in the stack that holds the project; 0 means
	// one.
	Shards int `json:"shards,omitempty"`
	// Closed is true for a stack without the project that accepts no more entities.
	Closed bool `json:"closed,omitempty"`
	// Policies are the numbers of the users' policies in this stack, sorted, by user.
	Policies map[string][]int `json:"policies,omitempty"`
	// HeldRefs are what policies hold about entities in other stacks; nil for nothing.
	HeldRefs *HeldRefs `json:"literals,omitempty"`
	// Credentials are the IDs that AWS has chosen for the users' access keys, by user.
	Credentials map[string]Credentials `json:"credentials,omitempty"`
	// Foreign are the logical IDs of the resources that no entity owns. Copies are those of them
	// whose metadata names an entity.
	Foreign []string `json:"foreign,omitempty"`
	Copies  []Copy   `json:"copies,omitempty"`
	// Mismatches are the entities whose physical resources are uncertain, sorted by logical ID.
	Mismatches []Mismatch `json:"mismatches,omitempty"`
	// LogBucket and TemplateBucket are the physical names of the project's own buckets, in the
	// stack that holds the project.
	LogBucket      string `json:"log_bucket,omitempty"`
	TemplateBucket string `json:"template_bucket,omitempty"`
	Usage          Usage  `json:"usage"`
}

// Drift is one difference between a resource and what its entity compiles to, caused by an edit
// by hand.
type Drift struct {
	Of        []model.ID `json:"of"` // the entities that own the resource
	LogicalID string     `json:"logical_id"`
	Path      string     `json:"path"` // Properties.VersioningConfiguration.Status; "" when the resource is missing
	// Want and Have are JSON, truncated; "" for nothing. Both are "" where the values may be
	// secret.
	Want string `json:"want"`
	Have string `json:"have"`
}

// String returns the deviation for display: the actual and the expected value.
func (d Drift) String() string {
	if d.Path == "" {
		return d.LogicalID + " is missing"
	}
	if d.Want == "" && d.Have == "" {
		return fmt.Sprintf("%s %s is not what it should be (its value may be secret and is not shown)", d.LogicalID, d.Path)
	}
	return fmt.Sprintf("%s %s is %s, not %s", d.LogicalID, d.Path, shownValue(d.Have), shownValue(d.Want))
}

// shownValue returns a value for display.
func shownValue(value string) string {
	if value == "" {
		return "nothing"
	}
	return value
}

// Of returns an entity; ok is false when there is none. It takes logarithmic time: every resource
// of a plan calls it.
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

// search returns an entity among those of its kind, which are sorted by name.
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

// DriftOf returns the drift of the resources that an entity owns.
func (c *Contents) DriftOf(id model.ID) []Drift {
	var result []Drift
	for _, d := range c.Drift {
		if slices.Contains(d.Of, id) {
			result = append(result, d)
		}
	}
	return result
}

// marked is the part of one of our resources that parsing needs.
type ownedResource struct {
	Type     string
	Metadata struct{ Stowage *OwnerMetadata }
}

// shard is a parsed template: the template, the owner metadata of its resources, and its contents
// without drift.
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

// Parse returns a template's entities. env holds the stack's location and outputs (Env.With). Parse
// returns a *model.NewerFormatError for a template of a newer provider.
func Parse(t *Template, env Env) (*Contents, error) {
	s, err := read(t, env)
	if err != nil {
		return nil, err
	}
	return s.contents(), nil
}

// clone returns a copy whose entities and packings can be changed; the template is shared.
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

// ownerMetadataOf returns the owner metadata of a resource; ok is false for a foreign one. In a
// newer format the other fields may have any shape, so only the format is read. Such a resource is
// still ours.
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

// named returns an entity with its name, and with the physical name in its resource.
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

// addGrants adds the permissions of a policy, whose number is in its logical ID.
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

func (s *shard) contents() *Contents {
	c := &Contents{
		Env: s.env, Project: s.project(), Buckets: sorted(s.buckets), Users: sorted(s.users), DirectoryEntries: sorted(s.entries),
		Foreign: s.foreign, Copies: s.copies, Mismatches: s.mismatches(),
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

// compiled returns the resources that the shard's entities compile to, including policies, and the
// owners of each.
func (s *shard) compiled() (Resources, map[string][]model.ID) {
	resources, owners := Resources{}, map[string][]model.ID{}
	add := func(entity model.Entity) {
		for id, resource := range s.compile(entity, s.origins[entity.ID()]) {
			resources[id] = resource
			owners[id] = []model.ID{entity.ID()}
		}
	}
	for _, e := range s.projects {
		add(e)
	}
	for _, e := range s.buckets {
		add(e)
	}
	for _, e := range s.users {
		add(e)
	}
	for _, e := range s.entries {
		add(e)
	}
	for name := range s.packings {
		for n, grants := range s.packings[name] {
			id := policyID(name, n)
			resources[id] = s.policy(name, n, grants)
			for _, grant := range grants {
				owners[id] = append(owners[id], grant.Permission.ID())
			}
		}
	}
	return resources, owners
}

// user returns the user of a policy, even if the user's own resources were removed by hand.
func (s *shard) user(name string) model.User {
	if user, ok := s.users[name]; ok {
		return user
	}
	if user, ok := s.away[name]; ok {
		return user
	}
	return model.User{Name: name}
}

// drift returns the drift of the template from what its entities compile to. Resources of
// another compiler are not checked: it writes them differently.
func (s *shard) drift() []Drift {
	resources, owners := s.compiled()
	compilers := map[model.ID]int{}
	for _, meta := range s.metadata {
		if meta.Settings != nil {
			compilers[meta.Of] = meta.Compiler
		}
	}
	var drift []Drift
	var want []byte // reused
	for _, id := range slices.Sorted(maps.Keys(resources)) {
		raw, there := s.template.resources[id]
		meta, ours := s.metadata[id]
		switch {
		case ours && meta.Compiler != CompilerVersion, there && writtenOnce(id):
		case there:
			want = resources[id].append(want[:0])
			drift = append(drift, compare(owners[id], id, want, raw)...)
		case compilers[owners[id][0]] == CompilerVersion || len(resources[id].Metadata.Stowage.Grants) > 0:
			drift = append(drift, Drift{Of: owners[id], LogicalID: id})
		}
	}
	return append(drift, s.outputDrift(compilers)...)
}

// outputDrift returns the drift of the template's outputs.
func (s *shard) outputDrift(compilers map[model.ID]int) []Drift {
	have, err := cutObject(s.template.sections["Outputs"])
	if err != nil {
		return nil
	}
	var drift []Drift
	judge := func(entity model.Entity) {
		if compilers[entity.ID()] != CompilerVersion {
			return
		}
		published := outputs(entity)
		for _, name := range slices.Sorted(maps.Keys(published)) {
			drift = append(
				drift,
				compare([]model.ID{entity.ID()}, outputPrefix+name, encodeJSON(published[name]), have[name])...)
		}
	}
	for _, p := range s.projects {
		judge(p)
	}
	for _, name := range slices.Sorted(maps.Keys(s.users)) {
		judge(s.users[name])
	}
	return drift
}

// compare returns where a resource differs from what it should be.
func compare(of []model.ID, logicalID string, want, have json.RawMessage) []Drift {
	if sameMeaning(want, have) {
		return nil
	}
	w, _ := decodeValue(want)
	h, _ := decodeValue(have)
	var drift []Drift
	walk(nil, w, h, func(path []string, wanted, found any) {
		d := Drift{Of: of, LogicalID: logicalID, Path: strings.Join(path, ".")}
		if !conceals(logicalID, path, want, have) {
			d.Want, d.Have = brief(wanted), brief(found)
		}
		drift = append(drift, d)
	})
	return drift
}

// walk calls differ for each innermost difference between two decoded values. Lists are compared as
// a whole.
func walk(path []string, want, have any, differ func(path []string, want, have any)) {
	w, wok := want.(map[string]any)
	h, hok := have.(map[string]any)
	if !wok || !hok {
		if string(encodeJSON(want)) != string(encodeJSON(have)) {
			differ(path, want, have)
		}
		return
	}
	names := map[string]bool{}
	for name := range w {
		names[name] = true
	}
	for name := range h {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		walk(append(slices.Clone(path), name), w[name], h[name], differ)
	}
}

// brief returns a value as JSON, truncated to a length that a plan can show.
func brief(value any) string {
	const most = 120
	if value == nil {
		return ""
	}
	text := string(encodeJSON(value))
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
