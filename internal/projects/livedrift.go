package projects

import (
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// withDrifts returns a new view with the drift of its stacks in AWS. What concerns another stack or
// entities that were written since is left out.
func (v *View) withDrifts(drifts map[int]*mirror.Drift) *View {
	v.drifts = drifts
	for n, read := range v.shards {
		drift := drifts[n]
		if read == nil || drift == nil || drift.StackID != read.version.StackID {
			continue
		}
		for _, difference := range drift.Drift.Current(read.contents) {
			for _, id := range difference.Of {
				if v.Live == nil {
					v.Live = map[model.ID][]template.LiveDifference{}
				}
				v.Live[id] = append(v.Live[id], difference)
			}
		}
	}
	return v
}

// LiveDriftOf returns how the resources of an entity differed in AWS when its stack was last
// compared.
func (v *View) LiveDriftOf(id model.ID) []template.LiveDifference { return v.Live[id] }
