package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/cmd/run"
)

type demo struct {
	settings
	box *run.Sandbox
	dir string // the directory of the applied example
}

func show(ctx context.Context, s settings) error {
	dir, err := os.MkdirTemp("", "stowage-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.CopyFS(dir, os.DirFS(s.example)); err != nil {
		return fmt.Errorf("copying %s: %w", s.example, err)
	}

	say("Starting the sandbox: AWS, simulated on this machine")
	box, err := run.Start(ctx, s.bin, s.latency)
	if err != nil {
		return err
	}
	defer box.Stop()
	d := &demo{s, box, dir}
	fmt.Printf("  listening on %s\n", box.Endpoint)

	say("The board shows live what happens; open it in a browser and sign in, with any name")
	fmt.Printf("  %s\n", box.Board)
	if s.hold {
		if err := d.awaitWatcher(ctx); err != nil {
			return err
		}
	}

	say("terraform apply of " + s.example)
	if _, err := d.terraform(ctx, "apply", "-auto-approve", "-input=false", "-no-color"); err != nil {
		return err
	}
	if err := d.secondPlan(ctx); err != nil {
		return err
	}
	if err := d.inventory(ctx); err != nil {
		return err
	}
	if !s.hold {
		return nil
	}
	return d.hold(ctx)
}

// patience is how long the demo waits for a client of the board.
const patience = time.Minute

// awaitWatcher waits until a client watches the board, so that it shows the apply from its
// beginning.
func (d *demo) awaitWatcher(ctx context.Context) error {
	fmt.Printf("  the apply begins when you have, or in %.0f seconds\n", patience.Seconds())
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	look := time.NewTicker(time.Second / 4)
	defer look.Stop()
	for {
		watchers, err := d.box.Watchers(ctx)
		if err != nil || watchers > 0 {
			return err
		}
		select {
		case <-look.C:
		case <-deadline.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func say(text string) { fmt.Printf("\n\033[1m%s\033[0m\n", text) }

// terraform runs the CLI in the demo's directory and shows its output.
func (d *demo) terraform(ctx context.Context, args ...string) (output string, err error) {
	command, err := d.box.Command(ctx, d.cli, d.dir, args...)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	command.Stdout, command.Stderr = io.MultiWriter(&out, os.Stdout), os.Stderr
	if err := command.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %s: %w", d.cli, args[0], err)
	}
	return out.String(), nil
}

// secondPlan plans the applied configuration and prints the cost.
func (d *demo) secondPlan(ctx context.Context) error {
	say("terraform plan: nothing should be left to do")
	if err := d.box.ResetCalls(ctx); err != nil {
		return err
	}
	began := time.Now()
	out, err := d.terraform(ctx, "plan", "-input=false", "-no-color", "-detailed-exitcode")
	took := time.Since(began)
	if err != nil {
		return fmt.Errorf("the second plan is not empty, or failed: %w", err)
	}
	if !strings.Contains(out, "No changes") {
		return errors.New("the second plan does not say \"No changes\"")
	}
	calls, err := d.box.Calls(ctx)
	if err != nil {
		return err
	}
	say(fmt.Sprintf("That plan took %.1f s and these AWS calls", took.Seconds()))
	for _, service := range calls.Services() {
		for _, operation := range slices.Sorted(maps.Keys(calls[service])) {
			fmt.Printf("  %-16s %-24s %d\n", service, operation, calls[service][operation])
		}
	}
	fmt.Printf("  %-41s %d\n", "in all", calls.Total())
	return nil
}

// hold keeps the sandbox running until Ctrl-C and prints the next steps.
func (d *demo) hold(ctx context.Context) error {
	var script strings.Builder
	for _, name := range slices.Sorted(maps.Keys(d.box.Env)) {
		fmt.Fprintf(&script, "export %s='%s'\n", name, d.box.Env[name])
	}
	env := filepath.Join(d.dir, "env.sh")
	if err := os.WriteFile(env, []byte(script.String()), 0o600); err != nil {
		return err
	}
	cli := d.cli
	if strings.Contains(cli, "/") {
		if absolute, err := filepath.Abs(cli); err == nil {
			cli = absolute
		}
	}
	say("The sandbox stays up until Ctrl-C. To try more, type in another terminal")
	fmt.Printf("  cd %s && . ./env.sh && %s plan\n", d.dir, cli)
	<-ctx.Done()
	fmt.Println()
	return nil
}
