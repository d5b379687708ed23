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
	// dir and hubDir are the directories of the applied example and hub.
	dir, hubDir string
}

func show(ctx context.Context, s settings) error {
	dir, err := os.MkdirTemp("", "stowage-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	d := &demo{settings: s, dir: filepath.Join(dir, "example"), hubDir: filepath.Join(dir, "hub")}
	for to, from := range map[string]string{d.dir: s.example, d.hubDir: s.hub} {
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			return fmt.Errorf("copying %s: %w", from, err)
		}
	}

	say("Starting the sandbox: AWS, simulated on this machine, with empty accounts")
	box, err := run.Start(ctx, s.bin, s.latency, "--empty", "--hub-bus", hubBus)
	if err != nil {
		return err
	}
	defer box.Stop()
	d.box = box
	fmt.Printf("  listening on %s\n", box.Endpoint)

	say("terraform apply of " + s.hub + ": the hub, whose relay runs as it would in AWS Lambda")
	board, err := d.makeHub(ctx)
	if err != nil {
		return err
	}
	say("The board shows live what happens; open it in a browser and sign in, with any name")
	fmt.Printf("  %s\n", board)
	if s.hold {
		if err := d.awaitWatcher(ctx); err != nil {
			return err
		}
	}

	say("terraform apply of " + s.example)
	if _, err := d.terraform(ctx, d.dir, "apply", "-auto-approve", "-input=false", "-no-color"); err != nil {
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

// hubBus is the event bus of the hub's example, to which the sandbox's accounts report.
const hubBus = "arn:aws:events:eu-west-1:000000000000:event-bus/stowage-hub-stowage"

// boardClient is the board's client at the sandbox's issuer, the default of the hub's example.
const boardClient = "stowage-board"

// makeHub applies the configuration of the hub, registers its board at the issuer, and returns the
// board's address.
func (d *demo) makeHub(ctx context.Context) (board string, err error) {
	if _, err := d.terraform(
		ctx, d.hubDir, "apply", "-auto-approve", "-input=false", "-no-color", "-var", "oidc_issuer="+d.box.Issuer(),
	); err != nil {
		return "", err
	}
	command, err := d.box.Command(ctx, d.cli, d.hubDir, "output", "-raw", "board")
	if err != nil {
		return "", err
	}
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s output: %w", d.cli, err)
	}
	board = strings.TrimSpace(string(out))
	if err := d.box.RegisterBoard(ctx, boardClient, board); err != nil {
		return "", fmt.Errorf("registering the board at the issuer: %w", err)
	}
	return board, nil
}

// terraform runs the CLI in a directory and shows its output.
func (d *demo) terraform(ctx context.Context, dir string, args ...string) (output string, err error) {
	command, err := d.box.Command(ctx, d.cli, dir, args...)
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
	out, err := d.terraform(ctx, d.dir, "plan", "-input=false", "-no-color", "-detailed-exitcode")
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
