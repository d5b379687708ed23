package template

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Belonging.
//
// A resource belongs to the entity that its metadata names, if the entity has a resource of that
// logical ID. A copy by hand, including the metadata, has another logical ID: it is foreign, and no
// change of the entity touches it. Resources of a newer compiler belong to the entity that they
// name, whatever their logical IDs.
//
// Metadata can be damaged by hand. It never determines which physical resource an entity is: the
// logical ID determines the entity's name, and the properties the physical name of a bucket.
// Metadata that differs is drift, which the next update of the entity repairs. Until then the
// entity is not deleted.

// projectIDs lists the logical IDs of a project's own resources.
var projectIDs = []string{
	keyID,
	keyAliasID,
	logBucketID,
	logPolicyID,
	templateBucketID,
	templatePolicyID,
	projectBoundaryID,
	sftpLogsID,
	sftpServerID,
}

// belongs reports whether the resource belongs to the entity that its metadata names.
func (m OwnerMetadata) belongs(logicalID string) bool {
	name := m.Of.Name
	switch {
	case m.Compiler > CompilerVersion:
		return true
	case len(m.Grants) > 0:
		return m.Of.Kind == model.KindUser && policyNumber(name, logicalID) > 0
	case m.Settings != nil:
		return logicalID == firstID(m.Of)
	}
	switch m.Of.Kind {
	case model.KindProject:
		return slices.Contains(projectIDs, logicalID)
	case model.KindBucket:
		return logicalID == bucketID(name) || logicalID == bucketPolicyID(name)
	case model.KindUser:
		return slices.Contains(userIDs(name), logicalID)
	case model.KindDirectoryEntry:
		return logicalID == directoryEntryID(name)
	case revisionMarkerKind:
		return logicalID == RevisionMarkerID
	case model.KindPermission: // it has no resource of its own
	}
	return false
}

// firstID returns the logical ID of the resource whose metadata holds an entity's settings.
func firstID(of model.ID) string {
	switch of.Kind {
	case model.KindProject:
		return keyID
	case model.KindBucket:
		return bucketID(of.Name)
	case model.KindUser:
		return userID(of.Name)
	case model.KindDirectoryEntry:
		return directoryEntryID(of.Name)
	case model.KindPermission:
	}
	return ""
}

// userIDs returns the logical IDs of the resources that a user can have, except policies.
func userIDs(name string) []string {
	ids := []string{userID(name), groupID(name), secretID(name), secretPolicyID(name), roleID(name), sftpUserID(name)}
	for _, slot := range model.Slots() {
		ids = append(ids, keySecretID(name, slot), accessKeyID(name, slot))
	}
	return ids
}

// policyNumber returns the number of a user's policy by logical ID; 0 for none.
func policyNumber(user, logicalID string) int {
	if !strings.HasPrefix(logicalID, "Policy"+logicalName(user)+"N") {
		return 0
	}
	for n := 1; n <= MaxUserPolicies; n++ {
		if policyID(user, n) == logicalID {
			return n
		}
	}
	return 0
}

// Copy is a foreign resource whose metadata names an entity.
type Copy struct {
	LogicalID string   `json:"logical_id"`
	Of        model.ID `json:"of"`
}

// CopiesOf returns the logical IDs of the copies of an entity's resources.
func (c *Contents) CopiesOf(id model.ID) []string {
	var ids []string
	for _, copied := range c.Copies {
		if copied.Of == id {
			ids = append(ids, copied.LogicalID)
		}
	}
	return ids
}

// SeveralProjectsError is returned for a template with the settings of several projects.
type SeveralProjectsError struct{ LogicalIDs []string }

func (e *SeveralProjectsError) Error() string {
	return fmt.Sprintf("the resources %s all say that they are the project", strings.Join(e.LogicalIDs, ", "))
}

// Explain implements model.Explainer.
func (e *SeveralProjectsError) Explain() model.Explanation {
	return model.Explanation{
		Cause: fmt.Sprintf(
			"Several resources of its stack say in their metadata that they are the project: %s. A stack holds one project, whose resource is %s.",
			strings.Join(e.LogicalIDs, ", "),
			keyID,
		),
		Changed: model.ChangedNothing,
		Remedy:  "Update the stack with a template in which only " + keyID + " has the key Stowage in its Metadata: the others are copies of it.",
	}
}

func checkOneProject(metadata map[string]OwnerMetadata) error {
	var ids []string
	for id, meta := range metadata {
		if meta.Of.Kind == model.KindProject && meta.Settings != nil {
			ids = append(ids, id)
		}
	}
	if len(ids) < 2 {
		return nil
	}
	slices.Sort(ids)
	return &SeveralProjectsError{ids}
}

// OccupiedError is returned for a creation when a foreign resource has one of the entity's logical
// IDs.
type OccupiedError struct {
	ID        model.ID
	LogicalID string
}

func (e *OccupiedError) Error() string {
	return fmt.Sprintf(
		"the %s needs the logical id %s, which a resource that Stowage does not manage has", e.ID, e.LogicalID,
	)
}

// Explain implements model.Explainer.
func (e *OccupiedError) Explain() model.Explanation {
	return model.Explanation{
		Attribute: model.AttributeName,
		Cause: fmt.Sprintf(
			"The template of its stack has a resource %s that Stowage does not manage: it was added by hand, or its metadata "+
				"was removed or changed by hand.",
			e.LogicalID,
		),
		Changed: model.ChangedNothing,
		Remedy: "Update the stack with a template in which the resource has the Metadata that it had before, or in which it has another logical id. " +
			"Or choose another name.",
	}
}

// vacant returns an *OccupiedError when a foreign resource has one of a new entity's logical IDs.
func (e *editor) vacant(entity model.Entity, origin string) error {
	for _, logicalID := range slices.Sorted(maps.Keys(e.compile(entity, origin))) {
		if _, ours := e.metadata[logicalID]; ours {
			continue
		}
		if _, there := e.before.template.resources[logicalID]; there {
			return &OccupiedError{entity.ID(), logicalID}
		}
	}
	return nil
}

// Mismatch reports that the metadata and the properties of a resource name different physical
// resources.
type Mismatch struct {
	Of        model.ID `json:"of"`
	LogicalID string   `json:"logical_id"`
	// Property is the path of the naming property.
	Property string `json:"property"`
	// Have is the value in the template, Want the one by the metadata, as in Drift.
	Want string `json:"want"`
	Have string `json:"have"`
}

// MismatchOf returns a *MismatchError when an entity's physical resources are uncertain.
func (c *Contents) MismatchOf(id model.ID) error {
	for _, mismatch := range c.Mismatches {
		if mismatch.Of == id {
			return &MismatchError{mismatch}
		}
	}
	return nil
}

// MismatchError is returned for the deletion of an entity whose physical resources are uncertain.
type MismatchError struct{ Mismatch }

func (e *MismatchError) Error() string {
	return fmt.Sprintf(
		"the %s is not deleted: %s of %s is %s, but its metadata names %s", e.Of, e.Property, e.LogicalID,
		shownValue(e.Have), e.Want,
	)
}

// Explain implements model.Explainer.
func (e *MismatchError) Explain() model.Explanation {
	return model.Explanation{
		Cause: fmt.Sprintf(
			"It is uncertain which resource would be deleted: in the template of its stack, %s of the resource %s is %s, but its metadata "+
				"names %s. One of them was changed by hand.",
			e.Property,
			e.LogicalID,
			shownValue(e.Have),
			e.Want,
		),
		Changed: model.ChangedNothing,
		Remedy: "If the property is right, apply once with this object in the configuration: the plan shows the difference as drift, and applying it " +
			"corrects the metadata. Otherwise, update the stack with a template in which both name the same resource. Then delete the object.",
	}
}

// mismatches returns where physical names in properties differ from the metadata, by logical ID.
func (s *shard) mismatches() []Mismatch {
	var mismatches []Mismatch
	for name := range s.buckets {
		mismatches = append(mismatches, s.bucketMismatches(name)...)
	}
	if project := s.project(); project != nil {
		mismatches = append(mismatches, s.projectMismatches(project.ID())...)
	}
	slices.SortFunc(mismatches, compareMismatches)
	return mismatches
}

// mismatchOf is Contents.MismatchOf. It checks that entity alone: a batch may delete hundreds.
func (s *shard) mismatchOf(id model.ID) error {
	var mismatches []Mismatch
	if _, there := s.buckets[id.Name]; there && id.Kind == model.KindBucket {
		mismatches = s.bucketMismatches(id.Name)
	} else if _, there := s.projects[id]; there {
		mismatches = s.projectMismatches(id)
	}
	slices.SortFunc(mismatches, compareMismatches)
	return (&Contents{Mismatches: mismatches}).MismatchOf(id)
}

func compareMismatches(a, b Mismatch) int { return strings.Compare(a.LogicalID, b.LogicalID) }

func (s *shard) bucketMismatches(name string) []Mismatch {
	id := bucketID(name)
	have, said := s.bucketName(id), encodedName(s.said[name])
	if have == said {
		return nil
	}
	return []Mismatch{{model.ID{Kind: model.KindBucket, Name: name}, id, "Properties.BucketName", said, have}}
}

func (s *shard) projectMismatches(of model.ID) []Mismatch {
	var mismatches []Mismatch
	for id, name := range map[string]string{
		logBucketID:      model.LogBucketName(of.Name, s.env.AccountID, s.env.Region),
		templateBucketID: model.TemplateBucketName(of.Name, s.env.AccountID, s.env.Region),
	} {
		if _, there := s.template.resources[id]; there && s.bucketName(id) != encodedName(name) {
			mismatches = append(mismatches, Mismatch{of, id, "Properties.BucketName", encodedName(name), s.bucketName(id)})
		}
	}
	published, err := cutObject(s.template.sections["Outputs"])
	if err != nil {
		return mismatches
	}
	want := encodeJSON(outputs(model.Project{})[KeyOutput]["Value"])
	if have := member(published[KeyOutput], "Value"); published[KeyOutput] != nil && !sameMeaning(want, have) {
		mismatches = append(mismatches, Mismatch{of, "Outputs." + KeyOutput, "Value", string(want), string(have)})
	}
	return mismatches
}

// bucketName returns a bucket's physical name in its resource's properties, as JSON; "" for none.
func (s *shard) bucketName(logicalID string) string {
	raw := s.template.resources[logicalID]
	var kind string
	if json.Unmarshal(member(raw, "Type"), &kind) != nil || kind != bucketType {
		return ""
	}
	return string(member(member(raw, "Properties"), "BucketName"))
}

const bucketType = "AWS::S3::Bucket"

func encodedName(name string) string { return string(encodeJSON(name)) }

// physicalName returns a bucket's physical name in its properties; ok is false when it is no
// literal.
func (s *shard) physicalName(logicalID string) (name string, ok bool) {
	err := json.Unmarshal([]byte(s.bucketName(logicalID)), &name)
	return name, err == nil && name != ""
}
