// Command demo shows the main use of Stowage on the built-in sandbox, which starts empty: terraform
// makes a hub and applies an example, a second plan finds no changes, and independent AWS clients
// list the account's content.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/stowage/terraform-provider-stowage/internal/cmd/run"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := show(ctx, options())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

type settings struct {
	cli     string // TERRAFORM: the CLI, terraform or tofu
	bin     string // BIN: the folder of make build's binaries
	hub     string // HUB: the configuration of the hub
	example string // EXAMPLE: the configuration to apply
	latency string // LATENCY: the sandbox's latency profile
	hold    bool   // DEMO_HOLD=0: don't wait for Ctrl-C
}

func options() settings {
	return settings{
		cli:     run.Setting("TERRAFORM", "terraform"),
		bin:     run.Setting("BIN", "bin"),
		hub:     run.Setting("HUB", "examples/hub"),
		example: run.Setting("EXAMPLE", "examples/quickstart"),
		latency: run.Setting("LATENCY", "none"),
		hold:    os.Getenv("DEMO_HOLD") != "0",
	}
}
