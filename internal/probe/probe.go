package probe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// removalTimeout bounds the removal of what one measurement has made.
const removalTimeout = 30 * time.Minute

// Config says where and what to measure.
type Config struct {
	// Account are the clients of the account.
	Account *awsclient.Account
	// Partition is the account's partition, such as "aws".
	Partition string
	// As returns clients with the rights of a role of the account, assumed with an external ID.
	As func(ctx context.Context, roleARN, externalID string) (*awsclient.Account, error)
	// Run names what is made, up to 12 lowercase letters and digits.
	Run string
	// Rules are the rules to measure; none means all.
	Rules []string
	// Log tells about progress.
	Log func(format string, args ...any)
}

// probe is a run of measurements.
type probe struct {
	Config
	stacks []string // the names of stacks that have been or are about to be made, in order
}

// Measure measures the rules, and removes everything that it makes, after a failure or the end of
// the context too. The report holds what was found until then. The error says what could not be
// removed.
func Measure(ctx context.Context, config Config) (unproven.Report, error) {
	p := &probe{Config: config}
	found, reasons := unproven.Answers{}, map[string]string{}
	var errs []error
	for _, m := range measurements {
		if !m.wants(config.Rules) {
			continue
		}
		if ctx.Err() != nil {
			explain(reasons, m, found, context.Cause(ctx))
			continue
		}
		p.Log("%s: measuring", m.name)
		if err := m.measure(ctx, p, found); err != nil {
			p.Log("%s: %v", m.name, err)
			explain(reasons, m, found, err)
		}
		errs = append(errs, p.remove(ctx))
	}
	return p.report(found, reasons), errors.Join(errs...)
}

// explain gives the rules without an answer a reason.
func explain(reasons map[string]string, m measurement, found unproven.Answers, err error) {
	for _, rule := range m.rules {
		if found[rule] == "" {
			reasons[rule] = strings.ReplaceAll(err.Error(), "\n", "; ")
		}
	}
}

// report lists all rules with what was found.
func (p *probe) report(found unproven.Answers, reasons map[string]string) unproven.Report {
	report := unproven.Report{
		Format:   unproven.ReportFormat,
		Account:  p.Account.ID,
		Region:   p.Account.Region,
		Measured: time.Now().UTC().Format(time.RFC3339),
	}
	for _, rule := range unproven.Rules {
		finding := unproven.Finding{Rule: rule.ID, Belief: rule.Belief, Measured: found[rule.ID]}
		if len(rule.Answers) > 0 {
			finding.Believed = rule.Answers[0]
		}
		switch {
		case finding.Measured != "":
		case rule.Unmeasured != "":
			finding.Reason = rule.Unmeasured
		case reasons[rule.ID] != "":
			finding.Reason = reasons[rule.ID]
		default:
			finding.Reason = "Not asked for."
		}
		report.Findings = append(report.Findings, finding)
	}
	return report
}

// remove deletes the stacks of the run. It goes on when ctx ends.
func (p *probe) remove(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removalTimeout)
	defer cancel()
	var errs []error
	for _, name := range slices.Backward(p.stacks) {
		p.Log("removing %s", name)
		if err := p.removeStack(ctx, name); err != nil {
			errs = append(errs, fmt.Errorf("could not remove the stack %s: %w", name, err))
		}
	}
	p.stacks = nil
	return errors.Join(errs...)
}

// Leftovers removes the stacks of earlier runs, which were killed before they had removed them.
func Leftovers(ctx context.Context, config Config) error {
	p := &probe{Config: config}
	var err error
	if p.stacks, err = p.leftovers(ctx); err != nil {
		return err
	}
	if len(p.stacks) == 0 {
		p.Log("nothing to remove")
	}
	return p.remove(ctx)
}
