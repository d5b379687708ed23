// Command bench measures Stowage with a real CLI and the built-in sandbox at AWS's latencies. It
// compares a plan with one of as many terraform_data resources and with that of a provider that
// answers immediately (internal/cmd/stub). It measures the provider's memory, the commits of an
// apply and cold starts of the relay. This package's test measures larger applies in virtual time;
// with the flag -full it prints a table. make bench runs both.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/cmd/run"
)

func main() {
	quick := flag.Bool(
		"quick", false,
		"leave out what takes longest: the plans of 1,000 entities and more, and the memory at 5,000",
	)
	plansOnly := flag.Bool("plans", false, "measure plans only")
	relayOnly := flag.Bool("relay", false, "measure cold starts of the relay only")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := measure(ctx, *quick, *plansOnly, *relayOnly)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench contains the directories and programs of the measurements.
type bench struct {
	box *run.Sandbox
	cli string // terraform or tofu, by name or path
	bin string // where make builds
	dir string // for the configurations and their states
}

func measure(ctx context.Context, quick, plansOnly, relayOnly bool) error {
	dir, err := os.MkdirTemp("", "stowage-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	bin := run.Setting("BIN", "bin")
	box, err := run.Start(ctx, bin, "aws")
	if err != nil {
		return err
	}
	defer box.Stop()
	b := &bench{box, run.Setting("TERRAFORM", "terraform"), bin, dir}
	fmt.Printf(
		"%s, on the sandbox with the latencies of AWS: 5 ms for a call of DynamoDB, 100 ms for CloudFormation, 3 to 15 s for a resource\n",
		filepath.Base(b.cli),
	)

	if relayOnly {
		return b.coldStarts(ctx)
	}
	began := time.Now()
	toPlan, toGrow := plannedConfigurations(quick), growths()
	if plansOnly {
		toGrow = nil
	}
	all := slices.Clone(toPlan)
	for _, g := range toGrow {
		all = append(all, g.into)
	}
	if err := b.setUp(ctx, all); err != nil {
		return err
	}
	progress("set up in %s", seconds(time.Since(began)))
	if err := b.plans(ctx, toPlan); err != nil {
		return err
	}
	if plansOnly {
		return nil
	}
	if err := b.coldStarts(ctx); err != nil {
		return err
	}
	if err := b.applies(ctx, toGrow); err != nil || quick {
		return err
	}
	return b.memory(ctx)
}

type ran struct {
	footprint

	wall  time.Duration
	cpu   time.Duration // of the CLI and the provider
	calls run.Calls
}

// terraform runs the CLI in one of the bench's directories, with additional environment variables.
// It shows the output only after a failure.
func (b *bench) terraform(ctx context.Context, dir string, env []string, args ...string) (ran, error) {
	if err := b.box.ResetCalls(ctx); err != nil {
		return ran{}, err
	}
	args = append(slices.Clone(args), "-no-color")
	if args[0] != "validate" {
		args = append(args, "-input=false")
	}
	command, err := b.box.Command(ctx, b.cli, filepath.Join(b.dir, dir), args...)
	if err != nil {
		return ran{}, err
	}
	command.Env = append(command.Env, env...)
	var out strings.Builder
	command.Stdout, command.Stderr = &out, &out
	began := time.Now()
	if err := command.Start(); err != nil {
		return ran{}, err
	}
	watched := watch(command.Process.Pid)
	err = command.Wait()
	r := ran{wall: time.Since(began), footprint: watched()}
	r.cpu = command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	if err != nil {
		return r, errors.Join(
			fmt.Errorf("%s %s in %s: %w", b.cli, strings.Join(args, " "), dir, err), errors.New(tail(out.String())),
		)
	}
	r.calls, err = b.box.Calls(ctx)
	return r, err
}

// progress reports progress on standard error, since all measurements take minutes.
func progress(format string, arguments ...any) {
	_, _ = fmt.Fprintf(os.Stderr, "bench: "+format+"\n", arguments...)
}

func tail(text string) string {
	const most = 4000
	if len(text) > most {
		return "..." + text[len(text)-most:]
	}
	return text
}

// table prints rows of tab-separated cells under a heading.
func table(heading string, rows ...string) {
	fmt.Printf("\n%s\n\n", heading)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		_, _ = io.WriteString(w, "  "+row+"\n")
	}
	_ = w.Flush()
}
