// Command probe measures, on an AWS account, the rules of AWS that are not proven; see package
// probe. Without -apply it prints what it would do and makes no call. With it, it refuses
// credentials of another account than -account.
//
// make probe-aws runs it. Credentials come from the environment and the shared configuration files,
// as for every AWS SDK.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/probe"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends the measurements, and what they made is removed. The second one ends
	// the process.
	context.AfterFunc(ctx, stop)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr, awsclient.Config{Version: "probe"})
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
}

type options struct {
	account, region, out string
	apply, clean         bool
	rules                []string
}

var accountID = regexp.MustCompile(`^[0-9]{12}$`)

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("probe", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(
		&o.account,
		"account",
		"",
		"the 12 digits of the account to measure in; mandatory with -apply and -clean",
	)
	flags.StringVar(&o.region, "region", "", "the region; default: that of the environment or the profile")
	flags.StringVar(&o.out, "out", filepath.Join("bin", "probe-aws.json"), "the file to write the answers to")
	flags.BoolVar(&o.apply, "apply", false, "measure, instead of printing what would be done")
	flags.BoolVar(&o.clean, "clean", false, "remove what runs have left behind that were killed")
	rules := flags.String("rules", "", "the ids of the rules to measure, separated by commas; default: all")
	if err := flags.Parse(args); err != nil {
		return o, fmt.Errorf("command line: %w", err)
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("command line: unexpected argument %q", flags.Arg(0))
	}
	if (o.apply || o.clean) && !accountID.MatchString(o.account) {
		return o, errors.New("-account must be the 12 digits of the account in which AWS resources may be created")
	}
	for id := range strings.SplitSeq(*rules, ",") {
		if id == "" {
			continue
		}
		rule, ok := unproven.Find(id)
		switch {
		case !ok:
			return o, fmt.Errorf("-rules: unknown rule %q", id)
		case rule.Unmeasured != "":
			return o, fmt.Errorf("-rules: %s is not measured: %s", id, rule.Unmeasured)
		}
		o.rules = append(o.rules, id)
	}
	return o, nil
}

// run executes the command line. base is the configuration of the clients, without account and
// region.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, base awsclient.Config) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if !o.apply && !o.clean {
		return probe.PrintPlan(stdout, o.rules) //nolint:wrapcheck // it says what it is
	}
	base.Region = o.region
	clients, err := awsclient.New(ctx, base)
	if err != nil {
		return fmt.Errorf("connecting to AWS: %w", err)
	}
	if id := clients.AccountID(); id != o.account {
		return fmt.Errorf("the credentials (%s) belong to the account %s, not to -account %s; nothing was created",
			clients.Caller(), id, o.account)
	}
	say := func(format string, args ...any) {
		_, _ = fmt.Fprintf(stderr, format+"\n", args...) // progress, which a closed terminal misses
	}
	config := probe.Config{
		Account: clients.Hub(), Partition: clients.Partition(), Run: strings.ToLower(rand.Text()[:8]), Rules: o.rules,
		As: assuming(base), Log: say,
	}
	if o.clean {
		return probe.Leftovers(ctx, config) //nolint:wrapcheck // it says what it is
	}
	say("Measuring in account %s, region %s, as %s. Everything made is tagged stowage-probe=%s.",
		o.account, config.Account.Region, clients.Caller(), config.Run)
	say(
		"Ctrl-C ends it and removes what it has made. A second Ctrl-C ends the removal too; CLEAN=1 then removes the rest.",
	)
	report, measureErr := probe.Measure(ctx, config)
	return errors.Join(write(o.out, report), probe.PrintTable(stdout, report), measureErr)
}

// assuming returns clients with the rights of a role, which the credentials of base assume.
func assuming(base awsclient.Config) func(context.Context, string, string) (*awsclient.Account, error) {
	return func(ctx context.Context, role, externalID string) (*awsclient.Account, error) {
		config := base
		config.AssumeRole = append(slices.Clone(base.AssumeRole), awsclient.AssumeRole{RoleARN: role, ExternalID: externalID})
		clients, err := awsclient.New(ctx, config)
		if err != nil {
			return nil, err //nolint:wrapcheck // it says what it is
		}
		return clients.Hub(), nil
	}
}

func write(path string, report unproven.Report) error {
	text, err := probe.Encode(report)
	if err != nil {
		return err //nolint:wrapcheck // it says what it is
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}
