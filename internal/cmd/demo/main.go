// Command demo shows the main job for real, on the built-in sandbox: terraform applies an example, a second plan finds nothing
// to do, and independent AWS clients list what stands in the account.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, options())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// settings are the environment variables that the demo knows.
type settings struct {
	terraform string // TERRAFORM: the CLI, terraform or tofu
	bin       string // BIN: where make build leaves the binaries
	example   string // EXAMPLE: the configuration to apply
	latency   string // LATENCY: the sandbox's latency profile
	hold      bool   // DEMO_HOLD=0: don't wait for Ctrl-C
}

func options() settings {
	value := func(name, otherwise string) string {
		if v := os.Getenv(name); v != "" {
			return v
		}
		return otherwise
	}
	return settings{
		terraform: value("TERRAFORM", "terraform"), bin: value("BIN", "bin"), example: value("EXAMPLE", "examples/quickstart"),
		latency: value("LATENCY", "none"), hold: os.Getenv("DEMO_HOLD") != "0",
	}
}
