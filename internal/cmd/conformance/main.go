// Command conformance checks the contracts of package conformance on servers of other authors, runs
// the mirror's tests on DynamoDB Local, and lists the sandbox's rules that were never observed on
// AWS. It runs the board's sign-in tests on an OpenID provider. It downloads the servers from Maven
// Central, PyPI and npm, pinned by hashes, and needs java, python3 with venv, npm and Chromium.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/conformance"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// pins is the folder of the download lists.
const pins = "internal/tools/conformance"

func main() {
	dir := flag.String("dir", filepath.Join("bin", "conformance"), "where the servers are kept")
	zips := flag.String("relay", "bin", "where the relay's zips are")
	only := flag.String("only", "", "the name of a server, to try no other")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *dir, *zips, *only)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir, zips, only string) error {
	listUnproven()
	unexpected := 0
	for _, s := range servers(zips) {
		if only != "" && only != s.peer.Name {
			continue
		}
		n, err := s.try(ctx, dir)
		if err != nil {
			return fmt.Errorf("%s: %w", s.peer.Name, err)
		}
		unexpected += n
	}
	if unexpected > 0 {
		return fmt.Errorf(
			"%d unexpected results: either the sandbox and the contracts are wrong, or the list of what is known of the peer is (internal/conformance/peers.go)",
			unexpected,
		)
	}
	return nil
}

// listUnproven prints the rules that only AWS can prove.
func listUnproven() {
	fmt.Printf(
		"%d rules of the sandbox are unproven; make probe-aws measures them on an AWS account.\n",
		len(unproven.Rules),
	)
	for _, rule := range unproven.Rules {
		fmt.Printf("  %s: %s\n", rule.ID, rule.Belief)
	}
}

// try checks all contracts of a server, and then runs its other checks. It returns the number of
// unexpected results.
func (s server) try(ctx context.Context, dir string) (unexpected int, err error) {
	endpoint, stop, err := s.start(ctx, dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	trials, err := s.peer.Try(ctx, conformance.NewClients(endpoint, "AKIAEXAMPLE", "secret"))
	if err != nil {
		return 0, err
	}
	unexpected = conformance.Report(os.Stdout, s.peer.Name, trials)
	if s.also != nil {
		if err := s.also(ctx, endpoint); err != nil {
			return unexpected, err
		}
	}
	if s.tests == nil {
		return unexpected, nil
	}
	command := exec.CommandContext(ctx, "go", append([]string{"test", "-count=1"}, s.tests...)...)
	command.Env = append(os.Environ(), s.variable+"="+endpoint)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	fmt.Printf("The tests of %s on %s:\n", s.tests[len(s.tests)-1], s.peer.Name)
	if err := command.Run(); err != nil {
		return unexpected, fmt.Errorf("go test %s: %w", strings.Join(s.tests, " "), err)
	}
	return unexpected, nil
}
