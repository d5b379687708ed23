package mirror

import (
	"maps"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Live is the snapshot in the form in which web clients get it.
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

// state is the head in the form in which web clients get it.
func (h *Head) state() event.StackState {
	return event.StackState{
		Shard: h.Shard, StackName: h.StackName, Version: h.live(), Status: h.Status, Revision: h.Revision, Reason: h.Reason, Operation: h.Operation,
	}
}

func (v Version) live() event.StackVersion {
	v = v.normal()
	return event.StackVersion{StackID: v.StackID, LastUpdated: v.LastUpdated, Phase: v.Phase}
}

// maxDeviations is how many deviations web clients are told of; there are that many only in a template that somebody has taken apart.
const maxDeviations = 50

// factsOf is what web clients are told of a stack's contents besides the entities. The values that deviate are left out: they are whatever
// somebody has put into the template.
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
	for _, d := range contents.Deviations[:min(len(contents.Deviations), maxDeviations)] {
		text := d.LogicalID + " " + d.Path + " was changed by hand"
		if d.Path == "" {
			text = d.LogicalID + " was removed by hand"
		}
		facts.Deviations = append(facts.Deviations, event.Deviation{Of: d.Of, Text: text})
	}
	return facts
}

// usageOf is what clients are told of a usage.
func usageOf(u template.Usage) event.Usage {
	return event.Usage{Resources: u.Resources, TemplateBytes: u.TemplateBytes, BodyBytes: u.BodyBytes}
}
