// Package probe measures, on an AWS account, the rules of AWS that are not proven (package
// unproven).
//
// A measurement answers one rule or several. Everything that it makes belongs to CloudFormation
// stacks, whose names start with stowage-probe-<run> and which have the tag stowage-probe=<run>.
// Removing a run is deleting its stacks, after a failure or an interruption too. Leftovers finds
// the stacks of runs that were killed.
//
// The result is an unproven.Report. Its answers set the switches of the sandbox. The tests run the
// same measurements against the sandbox under every answer of every switch, and expect to measure
// that answer.
//
// To add a measurement: add an entry to measurements. A rule that cannot be measured says why in
// unproven.Rule.Unmeasured.
package probe
