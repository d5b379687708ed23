package cloud

import (
	"fmt"
	"maps"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// Switch is the ID of a rule of package unproven with the answers off and on. A switch that is on
// gives the other answer.
type Switch string

// The switches. Each name describes what AWS does when the switch is on.
const (
	AdditionsHaveReplacement        Switch = unproven.AdditionsHaveReplacement
	BucketEncryptionDrifts          Switch = unproven.BucketEncryptionDrifts
	DependentsListedWithValues      Switch = unproven.DependentsListedWithValues
	ExecuteRefusesRepeatedToken     Switch = unproven.ExecuteRefusesRepeatedToken
	FailureReasonNeedsPlainDescribe Switch = unproven.FailureReasonNeedsPlainDescribe
	MetadataChangesLackContext      Switch = unproven.MetadataChangesLackContext
	NewChangeSetsNotFoundAtFirst    Switch = unproven.NewChangeSetsNotFoundAtFirst
	PolicyChangesUnlisted           Switch = unproven.PolicyChangesUnlisted
	PolicyDocumentDriftMissed       Switch = unproven.PolicyDocumentDriftMissed
	StackInSyncDespiteDrift         Switch = unproven.StackInSyncDespiteDrift
	RevertPhantomChanges            Switch = unproven.RevertPhantomChanges
	ValuesIncomplete                Switch = unproven.ValuesIncomplete
)

// SwitchRule describes a switch: both answers and their sources.
type SwitchRule struct {
	Name   Switch `json:"name"`
	Off    string `json:"off"`
	On     string `json:"on"`
	Source string `json:"source"`
}

// SwitchRules returns all switches, in the order of package unproven.
func SwitchRules() []SwitchRule {
	var rules []SwitchRule
	for _, r := range unproven.Rules {
		if r.OffOn() {
			rules = append(rules, SwitchRule{Switch(r.ID), r.Belief, r.Other, r.Source})
		}
	}
	return rules
}

// SetSwitches turns the named switches on and all others off.
func (w *World) SetSwitches(on ...Switch) error {
	answers := maps.Clone(w.Answers)
	if answers == nil {
		answers = unproven.Answers{}
	}
	for _, r := range SwitchRules() {
		answers[string(r.Name)] = unproven.Off
	}
	for _, name := range on {
		if rule, ok := unproven.Find(string(name)); !ok || !rule.OffOn() {
			return fmt.Errorf("there is no switch %q", name)
		}
		answers[string(name)] = unproven.On
	}
	w.Answers = answers
	return nil
}

// On reports whether a switch is on.
func (w *World) On(name Switch) bool { return w.AnswersWith(string(name), unproven.On) }

// Switches returns the switches that are on, in the order of SwitchRules.
func (w *World) Switches() []Switch {
	on := []Switch{}
	for _, r := range SwitchRules() {
		if w.On(r.Name) {
			on = append(on, r.Name)
		}
	}
	return slices.Clip(on)
}
