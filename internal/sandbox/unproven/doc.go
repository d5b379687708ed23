// Package unproven is the list of rules of AWS that neither its documentation nor a recording
// proves.
//
// Rules is the only list. Each rule states what the sandbox does, the source of the belief, what
// Stowage does if AWS answers otherwise, and the test that shows it. A comment in the sandbox that
// depends on a rule names it: "unproven: <id>".
//
// # Switches
//
// A rule with Answers has a switch: the sandbox can give any of its answers, by default the first.
// Code reads the answer with cloud.World.AnswersWith and one of this package's constants, so that
// every switch is in the list.
//
// To add a rule: add a constant and an entry to Rules, read the answer in the sandbox, and name the
// test of the product. A measurement in internal/probe, or a reason in Unmeasured, is mandatory.
//
// # Measured answers
//
// make probe-aws measures the rules on an AWS account and writes a Report. Load reads the answers
// of a report, and sandbox.Options.Answers or the server's -answers option applies them.
package unproven
