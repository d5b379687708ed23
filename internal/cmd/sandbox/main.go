// Command stowage-sandbox simulates AWS on this machine; see package sandbox. The template of
// examples/onboarding prepares its accounts, and the relay and the board run in its hub.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/stowage/terraform-provider-stowage/examples/onboarding"
	"github.com/stowage/terraform-provider-stowage/internal/cmd/localhub"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/server"
)

func main() {
	withoutAWS()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := server.Main(ctx, os.Args[1:], onboarding.Account, os.Stdout, os.Stderr, localhub.SetUp(os.Stderr, nil))
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "stowage-sandbox:", err)
		os.Exit(1)
	}
}

// withoutAWS removes this machine's AWS settings, which must not affect the sandbox's hub.
func withoutAWS() {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			_ = os.Unsetenv(name) // fails only for invalid names
		}
	}
}
