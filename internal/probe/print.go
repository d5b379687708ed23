package probe

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// PrintPlan prints what Measure would do, without a call to AWS.
func PrintPlan(to io.Writer, rules []string) error {
	var b strings.Builder
	b.WriteString(
		"Dry run: no call is made. With APPLY=1, make probe-aws does this, and removes what it makes after each step:\n",
	)
	for _, m := range measurements {
		if !m.wants(rules) {
			continue
		}
		fmt.Fprintf(&b, "%s\n  makes: %s\n  costs: %s\n", m.name, m.makes, m.cost)
		for _, id := range m.rules {
			rule, _ := unproven.Find(id)
			fmt.Fprintf(&b, "  measures %s\n    belief: %s\n", id, rule.Belief)
		}
	}
	b.WriteString("not measured\n")
	for _, rule := range unproven.Rules {
		if rule.Unmeasured != "" {
			fmt.Fprintf(&b, "  %s: %s\n", rule.ID, rule.Unmeasured)
		}
	}
	_, err := io.WriteString(to, b.String())
	return err //nolint:wrapcheck // the caller knows where it writes
}

// PrintTable prints what was believed and what was measured.
func PrintTable(to io.Writer, report unproven.Report) error {
	var b strings.Builder
	b.WriteString("RULE\tBELIEF\tMEASURED\t\n")
	for _, f := range report.Findings {
		measured, note := f.Measured, ""
		switch {
		case measured == "":
			measured, note = "-", f.Reason
		case measured != f.Believed:
			note = "differs"
		}
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\n", f.Rule, cmp.Or(f.Believed, "-"), measured, note)
	}
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, err := io.WriteString(table, b.String())
	return errors.Join(err, table.Flush())
}

// Encode is a report as the file that unproven.Load reads.
func Encode(report unproven.Report) ([]byte, error) {
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding the report: %w", err)
	}
	return append(text, '\n'), nil
}
