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
			stack.Contents, stack.Facts = &version, factsOf(&body.Contents)
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

// maxDrift is the maximum number of differences that are sent to web clients.
const maxDrift = 50

// factsOf returns a stack's facts for web clients. The differing values are omitted, because
// hand-edited values can be anything.
func factsOf(contents *template.Contents) *event.Facts {
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
	return facts
}

// usageOf returns a usage in the form for web clients.
func usageOf(u template.Usage) event.Usage {
	return event.Usage{Resources: u.Resources, TemplateBytes: u.TemplateBytes, BodyBytes: u.BodyBytes}
}
