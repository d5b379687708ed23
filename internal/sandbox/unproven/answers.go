package unproven

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Answers contains AWS's answers by the rule's ID. An absent rule has the believed answer.
type Answers map[string]string

// Of returns the answer to a rule that has a switch. It panics for any other rule.
func (a Answers) Of(id string) string {
	rule, ok := Find(id)
	if !ok || len(rule.Answers) == 0 {
		panic(fmt.Sprintf("sandbox: the rule %q has no switch", id))
	}
	if answer, ok := a[id]; ok {
		return answer
	}
	return rule.Answers[0]
}

// Number returns the answer to a rule whose answers are numbers.
func (a Answers) Number(id string) int {
	n, err := strconv.Atoi(a.Of(id))
	if err != nil {
		panic(fmt.Sprintf("sandbox: the answer to the rule %q is not a number: %v", id, err))
	}
	return n
}

// Check returns an error for each answer that the sandbox cannot give.
func (a Answers) Check() error {
	var errs []error
	for _, id := range slices.Sorted(maps.Keys(a)) {
		rule, ok := Find(id)
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("unknown rule %q", id))
		case len(rule.Answers) == 0:
			errs = append(errs, fmt.Errorf("rule %q: the sandbox has no switch", id))
		case !rule.takes(a[id]):
			errs = append(
				errs,
				fmt.Errorf("rule %q: the sandbox cannot answer %q, expected %s", id, a[id], rule.choices()),
			)
		}
	}
	return errors.Join(errs...)
}

func (r Rule) choices() string {
	if r.Number {
		return "a number"
	}
	return strings.Join(r.Answers, " or ")
}

// Draw returns a random answer for every switch.
func Draw(random *rand.Rand) Answers {
	answers := Answers{}
	for _, rule := range Switches() {
		answers[rule.ID] = rule.Answers[random.IntN(len(rule.Answers))]
	}
	return answers
}

// ReportFormat is the format of the reports that this version reads and writes.
const ReportFormat = 1

// Report is a probe's report file.
type Report struct {
	Format   int       `json:"format"`
	Account  string    `json:"account"`
	Region   string    `json:"region"`
	Measured string    `json:"measured"` // in RFC 3339
	Findings []Finding `json:"findings"`
}

// Finding is a probe's result for one rule.
type Finding struct {
	Rule     string `json:"rule"`
	Belief   string `json:"belief"`
	Believed string `json:"believed,omitempty"` // empty for a rule without answers
	Measured string `json:"measured,omitempty"`
	// Reason is why there is no measured answer.
	Reason string `json:"reason,omitempty"`
}

// Answers returns the measured answers of the rules that have a switch.
func (r Report) Answers() Answers {
	answers := Answers{}
	for _, f := range r.Findings {
		if rule, ok := Find(f.Rule); ok && len(rule.Answers) > 0 && f.Measured != "" {
			answers[f.Rule] = f.Measured
		}
	}
	return answers
}

// Read returns the answers of a report. It fails if the sandbox cannot give one of them.
func Read(from io.Reader) (Answers, error) {
	var report Report
	if err := json.NewDecoder(from).Decode(&report); err != nil {
		return nil, fmt.Errorf("reading the report: %w", err)
	}
	if report.Format != ReportFormat {
		return nil, fmt.Errorf("reading the report: format %d, expected %d", report.Format, ReportFormat)
	}
	answers := report.Answers()
	if err := answers.Check(); err != nil {
		return nil, fmt.Errorf("reading the report: %w", err)
	}
	return answers, nil
}

// Load returns the answers of the report in a file.
func Load(path string) (Answers, error) {
	file, err := os.Open(path) //nolint:gosec // the path is the user's own argument
	if err != nil {
		return nil, fmt.Errorf("opening the report: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	return Read(file)
}
