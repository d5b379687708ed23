package server

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// AnswersVariable is the environment variable for the option -answers.
const AnswersVariable = "STOWAGE_SANDBOX_ANSWERS"

const (
	region = "eu-west-1"
	// farewell is the maximum duration of pending calls when the server ends.
	farewell = 2 * time.Second
)

// Ready is the line that the server prints when it is ready.
type Ready struct {
	Endpoint  string            `json:"endpoint"`
	Board     string            `json:"board"`     // "" for none
	WebSocket string            `json:"websocket"` // "" without a WebSocket API
	Env       map[string]string `json:"env"`
}

// Main runs the server with the arguments of the command line until the context ends. onboarding is
// the template that prepares accounts (sandbox.Options), setups set up the hub, in order. With the
// option -empty there is no hub, and no setup runs.
func Main(ctx context.Context, args []string, onboarding string, stdout, stderr io.Writer, setups ...Setup) error {
	flags := flag.NewFlagSet("stowage-sandbox", flag.ContinueOnError)
	flags.SetOutput(stderr)
	listen := flags.String("listen", "127.0.0.1:4599", "address to listen on; port 0 takes a free one")
	latency := flags.String("latency", "none", "how long things take: none, or aws")
	report := flags.String(
		"answers", os.Getenv(AnswersVariable),
		"report of make probe-aws whose answers the sandbox gives; default: $"+AnswersVariable,
	)
	seed := flags.Uint64("seed", 1, "where everything random comes from")
	empty := flags.Bool("empty", false, "start without a hub, for one that a stack makes")
	bus := flags.String("hub-bus", "", "ARN of the event bus of a hub to which all accounts report")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return fmt.Errorf("command line: %w", err)
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("command line: unexpected argument %q", flags.Arg(0))
	}
	profile, err := profileOf(*latency)
	if err != nil {
		return err
	}
	options := sandbox.Options{
		Seed: *seed, Latency: profile, Region: region, Onboarding: onboarding, Empty: *empty, HubBus: *bus,
	}
	if *empty {
		setups = nil
	}
	if *report != "" {
		if options.Answers, err = unproven.Load(*report); err != nil {
			return fmt.Errorf("--answers: %w", err)
		}
	}
	return serve(ctx, *listen, options, stdout, setups)
}

func profileOf(name string) (cloud.Latency, error) {
	switch name {
	case "none":
		return sandbox.LatencyNone(), nil
	case "aws":
		return sandbox.LatencyAWS(), nil
	default:
		return cloud.Latency{}, fmt.Errorf("--latency is none or aws, not %q", name)
	}
}

func serve(ctx context.Context, address string, options sandbox.Options, stdout io.Writer, setups []Setup) (err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	box := sandbox.New(options)
	cliConfig, err := writeCLIConfig()
	if err != nil {
		_ = listener.Close() // nothing was served
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(cliConfig)) }()

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go box.Run(ctx)
	defer func() { err = errors.Join(err, box.StopFunctions()) }()
	endpoint := "http://" + listener.Addr().String()
	box.RunFunctions(endpoint)
	box.WebSockets().SetAddress(endpoint)
	hub := &Hub{
		Sandbox: box, Endpoint: endpoint, Env: environment(endpoint, cliConfig),
	}
	ready := make(chan struct{})
	server := &http.Server{Handler: front{hub: hub, ready: ready}, ReadHeaderTimeout: time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()

	if err := announce(ctx, hub, setups, stdout, ready); err != nil {
		_ = server.Close() // no client knows of it
		return err
	}
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	box.WebSockets().Shutdown()
	stopped := box.StopFunctions() // a running one would delay the shutdown
	grace, release := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer release()
	if err := server.Shutdown(grace); err != nil {
		_ = server.Close() // longer calls are aborted
	}
	if stopped != nil {
		return fmt.Errorf("stop the functions: %w", stopped)
	}
	return nil
}

// announce sets up the hub and prints the ready line.
func announce(ctx context.Context, hub *Hub, setups []Setup, stdout io.Writer, ready chan<- struct{}) error {
	for _, setup := range setups {
		if err := setup(ctx, hub); err != nil {
			return fmt.Errorf("set up the hub: %w", err)
		}
	}
	board, websocket := hub.urls()
	close(ready)
	if err := json.NewEncoder(stdout).Encode(
		Ready{Endpoint: hub.Endpoint, Board: board, WebSocket: websocket, Env: hub.Env},
	); err != nil {
		return fmt.Errorf("print the ready line: %w", err)
	}
	return nil
}

// environment connects terraform and AWS clients to the sandbox as the hub's administrator.
func environment(endpoint, cliConfig string) map[string]string {
	id, secret := sandbox.StaticCredentials(sandbox.HubAccount)
	return map[string]string{
		"AWS_ENDPOINT_URL":          endpoint,
		"AWS_ACCESS_KEY_ID":         id,
		"AWS_SECRET_ACCESS_KEY":     secret,
		"AWS_REGION":                region,
		"AWS_DEFAULT_REGION":        region,
		"AWS_EC2_METADATA_DISABLED": "true",
		// The role that the onboarding creates in every account, for a provider block without one.
		"STOWAGE_PROJECT_ROLE_NAME": "StowageProvisioner",
		"TF_CLI_CONFIG_FILE":        cliConfig,
	}
}

// writeCLIConfig writes the Terraform CLI configuration for the provider in the executable's
// directory. It uses fully qualified names, since Terraform and OpenTofu resolve a short one in
// their own registry.
func writeCLIConfig() (string, error) {
	executable, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the provider's directory: %w", err)
	}
	if resolved, err := filepath.EvalSymlinks(executable); err == nil {
		executable = resolved
	}
	var b strings.Builder
	b.WriteString("provider_installation {\n  dev_overrides {\n")
	for _, source := range []string{
		"stowage/stowage", "registry.terraform.io/stowage/stowage", "registry.opentofu.org/stowage/stowage",
	} {
		fmt.Fprintf(&b, "    %q = %q\n", source, filepath.Dir(executable))
	}
	b.WriteString("  }\n  direct {}\n}\n")
	file, err := os.CreateTemp("", "stowage-sandbox-*.tfrc")
	if err != nil {
		return "", fmt.Errorf("write the Terraform CLI configuration: %w", err)
	}
	_, err = file.WriteString(b.String())
	if err := errors.Join(err, file.Close()); err != nil {
		return "", errors.Join(fmt.Errorf("write the Terraform CLI configuration: %w", err), os.Remove(file.Name()))
	}
	return file.Name(), nil
}
