package template

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Live drift.
//
// A resource can be changed or deleted in AWS without CloudFormation. Its template then says what
// it should be, and only a comparison with AWS shows what it is. Package projects makes one from
// time to time and keeps the result beside the contents of the stack. Drift is the other kind: that
// of the template from its entities.
//
// A comparison gets older, and entities change meanwhile. So each difference has a basis, which
// identifies the settings and incarnations of the resource's owners at the time. A difference with
// another basis is not shown: the resources have been written since.

// LiveResource is a resource of a stack as AWS has it.
type LiveResource struct {
	LogicalID string
	// Deleted means that AWS no longer has the resource.
	Deleted bool
	// Values are the properties that differ.
	Values []LiveValue
}

// LiveValue is a property whose value in AWS is not the template's. Values are decoded JSON; nil
// for nothing.
type LiveValue struct {
	Path       []string // below Properties
	Want, Have any
}

// LiveDrift is the drift of a stack's resources in AWS from the stack's template.
type LiveDrift struct {
	Differences []LiveDifference `json:"differences,omitempty"`
	// Omitted is the number of differences beyond MaxLiveDifferences.
	Omitted int `json:"omitted,omitempty"`
	// Uncovered counts, by type, the resources that could not be compared.
	Uncovered map[string]int `json:"uncovered,omitempty"`
}

// MaxLiveDifferences limits a stack's stored differences, which are one item of the mirror.
const MaxLiveDifferences = 400

// LiveDifference is one difference of a resource in AWS from the template.
type LiveDifference struct {
	Of        []model.ID `json:"of"`    // the entities that own the resource
	Basis     string     `json:"basis"` // of these entities, see above
	LogicalID string     `json:"logical_id"`
	Type      string     `json:"type"`
	Path      string     `json:"path"` // VersioningConfiguration.Status; "" when the resource was deleted
	// Want and Have are as in Drift.
	Want string `json:"want"`
	Have string `json:"have"`
}

// Deleted reports whether the resource no longer exists in AWS.
func (d LiveDifference) Deleted() bool { return d.Path == "" }

// String returns the difference for display.
func (d LiveDifference) String() string {
	switch {
	case d.Deleted():
		return fmt.Sprintf("%s (%s) was deleted in AWS", d.LogicalID, d.Type)
	case d.Want == "" && d.Have == "":
		return fmt.Sprintf(
			"%s %s is not what it should be in AWS (its value may be secret and is not shown)", d.LogicalID, d.Path,
		)
	}
	return fmt.Sprintf("%s %s is %s in AWS, not %s", d.LogicalID, d.Path, shownValue(d.Have), shownValue(d.Want))
}

// Compare returns the drift of what AWS has of the entities' resources. Resources without an owner
// and those of a newer compiler are left out. Those that were not compared are uncovered.
func Compare(t *Template, env Env, compared []LiveResource) (*LiveDrift, error) {
	s, err := read(t, env)
	if err != nil {
		return nil, err
	}
	contents, found := s.contents(), map[string]LiveResource{}
	for _, resource := range compared {
		found[resource.LogicalID] = resource
	}
	drift := &LiveDrift{}
	for _, logicalID := range t.LogicalIDs() {
		owners := s.ownersOf(logicalID)
		if len(owners) == 0 {
			continue
		}
		name := typeOf(t.resources[logicalID])
		resource, covered := found[logicalID]
		if !covered {
			if drift.Uncovered == nil {
				drift.Uncovered = map[string]int{}
			}
			drift.Uncovered[name]++
			continue
		}
		drift.add(resource, LiveDifference{
			Of: owners, Basis: contents.basisOf(owners), LogicalID: logicalID, Type: name,
		}, t)
	}
	return drift, nil
}

func (d *LiveDrift) add(resource LiveResource, difference LiveDifference, t *Template) {
	put := func(difference LiveDifference) {
		if len(d.Differences) == MaxLiveDifferences {
			d.Omitted++
			return
		}
		d.Differences = append(d.Differences, difference)
	}
	if resource.Deleted {
		put(difference)
		return
	}
	raw := t.resources[resource.LogicalID]
	for _, value := range resource.Values {
		difference.Path, difference.Want, difference.Have = strings.Join(value.Path, "."), "", ""
		if !conceals(resource.LogicalID, append([]string{"Properties"}, value.Path...), raw, raw) {
			difference.Want, difference.Have = brief(value.Want), brief(value.Have)
		}
		put(difference)
	}
}

// ownersOf returns the sorted entities of this compiler that own a resource.
func (s *shard) ownersOf(logicalID string) []model.ID {
	meta, ours := s.metadata[logicalID]
	if !ours || meta.Compiler > CompilerVersion || meta.Of.Kind == revisionMarkerKind {
		return nil
	}
	if len(meta.Grants) == 0 {
		return []model.ID{meta.Of}
	}
	var owners []model.ID
	for _, grant := range meta.Grants {
		owners = append(owners, grant.Permission.ID())
	}
	slices.SortFunc(owners, model.ID.Compare)
	return owners
}

// basisOf identifies the entities' settings and incarnations; "" when one of them does not exist.
func (c *Contents) basisOf(ids []model.ID) string {
	hash := sha256.New()
	for _, id := range ids {
		entity, there := c.Of(id)
		if !there {
			return ""
		}
		hash.Write(encodeJSON(entity))
		hash.Write([]byte(c.IncarnationOf(id) + "\n"))
	}
	return hex.EncodeToString(hash.Sum(nil)[:8])
}

// Current returns the differences that still concern the contents.
func (d *LiveDrift) Current(c *Contents) []LiveDifference {
	var current []LiveDifference
	bases := map[string]bool{}
	for _, difference := range d.Differences {
		key := fmt.Sprint(difference.Of, difference.Basis)
		holds, known := bases[key]
		if !known {
			holds = difference.Basis != "" && difference.Basis == c.basisOf(difference.Of)
			bases[key] = holds
		}
		if holds {
			current = append(current, difference)
		}
	}
	return current
}

// Without returns the drift without that of an entity's resources.
func (d LiveDrift) Without(id model.ID) LiveDrift {
	d.Differences = slices.DeleteFunc(slices.Clone(d.Differences), func(difference LiveDifference) bool {
		return slices.Contains(difference.Of, id)
	})
	return d
}

// Drifted reports whether the resource differs from the template.
func (r LiveResource) Drifted() bool { return r.Deleted || len(r.Values) > 0 }

// LosesServer reports whether a text of differences, one per line, holds that the SFTP server of a
// project does not exist.
func LosesServer(text string) bool {
	return slices.ContainsFunc(strings.Split(text, "\n"), func(line string) bool {
		return line == Drift{LogicalID: sftpServerID}.String() ||
			line == LiveDifference{LogicalID: sftpServerID, Type: "AWS::Transfer::Server"}.String()
	})
}
