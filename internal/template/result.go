package template

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// finish makes the new template: the base, with the touched resources set or removed.
func (e *editor) finish() *Template {
	wanted := Resources{}
	for _, c := range e.members {
		if entity, ok := e.lookup(c.Entity.ID()); ok && c.Entity.ID().Kind != model.KindPermission && c.Op != Delete {
			maps.Copy(wanted, e.compile(entity, e.origins[entity.ID()]))
		}
	}
	changes := map[string]json.RawMessage{}
	for id := range e.touched {
		changes[id] = nil
		resource, ok := wanted[id]
		before, there := e.before.template.resources[id]
		if there && (ok && writtenOnce(id) || e.keepsProjectBoundary(id)) {
			changes[id] = before
		} else if ok {
			changes[id] = encodeJSON(resource)
		}
		if i, adopted := e.adoptions[id]; adopted {
			changes[id] = e.members[i].Live.resource(resource)
		}
		if raw, recorded := e.recorded.resources[id]; recorded {
			changes[id] = raw
		}
	}
	updated := map[model.ID]bool{}
	for _, c := range e.members {
		if c.Op == Update {
			updated[c.Entity.ID()] = true
		}
	}
	e.policies.finish(changes, updated)
	e.finishTakeovers(changes)
	e.finishShape(changes)
	next := e.before.template.with(changes)
	for _, id := range slices.SortedFunc(maps.Keys(e.changed), model.ID.Compare) {
		before, _ := e.before.lookup(id)
		after, stays := e.lookup(id)
		removed, recorded := e.recorded.removed[id]
		switch {
		case !stays:
			next = next.publish(before, nil) // not the empty entity, which publishes outputs, too
		case recorded:
			next = next.withoutOutputs(before, removed)
		default:
			next = next.publish(before, after)
		}
	}
	return next
}

func (e *editor) intents(base, next *Template) []Intent {
	intents := Intents(base, next)
	byPolicy := map[string][]int{}
	for user, by := range e.policies.regrant {
		for n := 1; n <= MaxUserPolicies; n++ {
			byPolicy[policyID(user, n)] = by
		}
		byPolicy[sftpUserID(user)] = by
	}
	for i := range intents {
		id := intents[i].LogicalID
		if by, adopted := e.adoptions[id]; adopted {
			bucket, _ := e.members[by].Entity.(model.Bucket)
			intents[i].Action, intents[i].PhysicalID = Import, bucket.BucketName
		}
		members := slices.Concat(e.touched[id], byPolicy[id])
		slices.Sort(members)
		intents[i].Members = slices.Compact(members)
	}
	return intents
}

// Intents are what CloudFormation has to find when it compares two templates, by logical ID. Type,
// properties, metadata and the two policies count. A change of only DependsOn, Condition,
// CreationPolicy or UpdatePolicy is no update (CloudFormation user guide, troubleshooting, "No
// updates to perform").
func Intents(base, next *Template) []Intent {
	var intents []Intent
	for id, raw := range next.resources {
		before, there := base.resources[id]
		switch {
		case !there:
			intents = append(intents, Intent{LogicalID: id, Action: Add})
		case differ(before, raw, "Type", "Properties", "Metadata"):
			intents = append(intents, Intent{LogicalID: id, Action: Modify})
		case differ(before, raw, "DeletionPolicy", "UpdateReplacePolicy"):
			intents = append(intents, Intent{LogicalID: id, Action: Modify, Unlisted: true})
		}
	}
	for id := range base.resources {
		if _, stays := next.resources[id]; !stays {
			intents = append(intents, Intent{LogicalID: id, Action: Remove})
		}
	}
	slices.SortFunc(intents, func(a, b Intent) int { return strings.Compare(a.LogicalID, b.LogicalID) })
	return intents
}

// differ reports whether two spellings of a resource differ in the meaning of an attribute.
func differ(before, after json.RawMessage, attributes ...string) bool {
	return !bytes.Equal(before, after) && slices.ContainsFunc(attributes, func(attribute string) bool {
		return !sameMeaning(member(before, attribute), member(after, attribute))
	})
}

// Stamp sets the commit token on the revision marker, so that no two commits make the same change
// set. It returns an error when the marker was removed by hand.
func Stamp(t *Template, token string, revision int64) (*Template, error) {
	properties := t.Properties(RevisionMarkerID)
	name, ok := properties["Name"].(string)
	if !ok {
		return nil, ErrNoRevisionMarker
	}
	stamped := revisionMarker(name, token, &revision)
	if meta, ok := ownerMetadataOf(t.resources[RevisionMarkerID]); ok {
		stamped.Metadata.Stowage.Closing = meta.Closing
	}
	return t.with(Resources{RevisionMarkerID: stamped}.raw()), nil
}

// Revision is the revision that the template was committed as; ok is false if unknown.
func (t *Template) Revision() (revision int64, ok bool) {
	var revisionMarker ownedResource
	if json.Unmarshal(t.resources[RevisionMarkerID], &revisionMarker) != nil || revisionMarker.Metadata.Stowage == nil ||
		revisionMarker.Metadata.Stowage.Revision == nil {
		return 0, false
	}
	return *revisionMarker.Metadata.Stowage.Revision, true
}
