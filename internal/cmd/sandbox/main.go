// Command stowage-sandbox serves AWS, simulated, on this machine; see package sandbox. Its accounts
// are prepared by the template of examples/onboarding, and the relay and the board run in its hub.
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
	err := server.Main(ctx, os.Args[1:], onboarding.Account, os.Stdout, os.Stderr, localhub.SetUp(os.Stderr))
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "stowage-sandbox:", err)
		os.Exit(1)
	}
}

// withoutAWS takes this machine's AWS settings away: what runs in the sandbox's hub is none of their business.
func withoutAWS() {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			_ = os.Unsetenv(name) // it fails for impossible names only
		}
	}
}
