package mirror

import (
	"maps"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Live returns the snapshot in the form for web clients.
func (s *Snapshot) Live() event.Snapshot {
	live := event.Snapshot{Stacks: []event.StackSnapshot{}}
	for _, n := range slices.Sorted(maps.Keys(s.Heads)) {
		stack := event.StackSnapshot{StackState: s.Heads[n].state()}
		if body := s.Bodies[n]; body != nil {
			version := body.live()
			stack.Contents, stack.Facts = &version, factsOf(&body.Contents, s.Drifts[n].of(body.StackID))
			for entity := range body.Contents.Entities() {
				stack.Entities.Add(entity)
			}
		}
		live.Stacks = append(live.Stacks, stack)
	}
	return live
}

// state returns the head in the form for web clients.
func (h *Head) state() event.StackState {
	return event.StackState{
		Shard:     h.Shard,
		StackName: h.StackName,
		Version:   h.live(),
		Status:    h.Status,
		Revision:  h.Revision,
		Reason:    h.Reason,
		Operation: h.Operation,
	}
}

func (v Version) live() event.StackVersion {
	v = v.normal()
	return event.StackVersion{StackID: v.StackID, LastUpdated: v.LastUpdated, Phase: v.Phase}
}

// maxDrift is the maximum number of differences sent to web clients.
const maxDrift = 50

// factsOf returns a stack's facts for web clients, without the differing values: hand-edited values
// can be anything.
func factsOf(contents *template.Contents, live *Drift) *event.Facts {
	facts := &event.Facts{
		Usage: usageOf(contents.Usage), Budget: usageOf(template.Budget()), MaxPolicies: template.MaxUserPolicies,
	}
	for user, policies := range contents.Policies {
		if len(policies) > 1 {
			if facts.Policies == nil {
				facts.Policies = map[string]int{}
			}
			facts.Policies[user] = len(policies)
		}
	}
	for _, d := range contents.Drift[:min(len(contents.Drift), maxDrift)] {
		text := d.LogicalID + " " + d.Path + " was changed by hand"
		if d.Path == "" {
			text = d.LogicalID + " was removed by hand"
		}
		facts.Drift = append(facts.Drift, event.Drift{Of: d.Of, Text: text})
	}
	if live == nil || live.Checked.IsZero() {
		return facts
	}
	facts.DriftChecked = &live.Checked
	for _, d := range live.Drift.Current(contents) {
		if len(facts.Drift) == 2*maxDrift {
			break
		}
		text := d.LogicalID + " " + d.Path + " was changed in AWS"
		if d.Deleted() {
			text = d.LogicalID + " was deleted in AWS"
		}
		facts.Drift = append(facts.Drift, event.Drift{Of: d.Of, Text: text, Live: true})
	}
	return facts
}

// usageOf returns a usage in the form for web clients.
func usageOf(u template.Usage) event.Usage {
	return event.Usage{Resources: u.Resources, TemplateBytes: u.TemplateBytes, BodyBytes: u.BodyBytes}
}
