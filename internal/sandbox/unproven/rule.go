package unproven

import (
	"slices"
	"strconv"
)

// Rule is one rule of AWS that is not proven.
type Rule struct {
	// ID names the rule in answers, reports and comments.
	ID string
	// Belief is what the sandbox does by default.
	Belief string
	// Other is the other answer in words, for a rule with the answers off and on.
	Other string
	// Source is the source of the belief.
	Source string
	// Otherwise is what Stowage does where AWS answers otherwise.
	Otherwise string
	// Test is the test that shows it: the package's folder and the test's name, separated by a
	// colon.
	Test string
	// Answers are the possible answers of the sandbox; the first is the belief. A rule without them
	// has no switch.
	Answers []string
	// Number means that the answer is a number, and Answers are examples.
	Number bool
	// Unmeasured is the reason why the probe does not measure the rule; "" means that it does.
	Unmeasured string
}

// OffOn reports whether the rule has the answers off and on.
func (r Rule) OffOn() bool { return slices.Equal(r.Answers, []string{Off, On}) }

// takes reports whether the sandbox can be set to an answer.
func (r Rule) takes(answer string) bool {
	if slices.Contains(r.Answers, answer) {
		return true
	}
	n, err := strconv.Atoi(answer)
	return r.Number && err == nil && n > 0
}

// Find returns the rule with an id.
func Find(id string) (Rule, bool) {
	i := slices.IndexFunc(Rules, func(r Rule) bool { return r.ID == id })
	if i < 0 {
		return Rule{}, false
	}
	return Rules[i], true
}

// Switches returns the rules for which the sandbox has more than one answer.
func Switches() []Rule {
	return slices.DeleteFunc(slices.Clone(Rules), func(r Rule) bool { return len(r.Answers) == 0 })
}
