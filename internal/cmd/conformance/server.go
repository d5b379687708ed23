package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/conformance"
)

type server struct {
	peer conformance.Peer
	// fetch downloads the program into a folder, unless it exists.
	fetch func(ctx context.Context, dir string) error
	// command returns the command that runs it on a port.
	command func(ctx context.Context, dir string, port int) *exec.Cmd
	// tests are arguments of go test for tests that also run on the server; nil for none. variable is
	// the environment variable that names the server for them.
	tests    []string
	variable string
	// also runs further checks on the server; nil for none.
	also func(ctx context.Context, endpoint string) error
}

func servers(zips string) []server {
	return []server{
		{
			peer: conformance.DynamoDBLocal(), fetch: fetchJars,
			tests: []string{"./internal/mirror"}, variable: "STOWAGE_TEST_DYNAMODB",
			command: func(ctx context.Context, dir string, port int) *exec.Cmd {
				return exec.CommandContext(
					ctx, "java", "-cp", filepath.Join(dir, jars, "*"),
					"com.amazonaws.services.dynamodbv2.local.main.ServerRunner", "-inMemory", "-port", strconv.Itoa(port),
				)
			},
		},
		{
			peer: conformance.Moto(), fetch: fetchPackages,
			command: func(ctx context.Context, dir string, port int) *exec.Cmd {
				return exec.CommandContext(
					ctx, filepath.Join(dir, venv, "bin", "moto_server"), "-H", "127.0.0.1", "-p", strconv.Itoa(port),
				)
			},
		},
		{
			peer: conformance.MiniStack(), fetch: fetchPackages,
			also: func(ctx context.Context, endpoint string) error { return tryWire(ctx, endpoint, zips) },
			command: func(ctx context.Context, dir string, port int) *exec.Cmd {
				command := exec.CommandContext(ctx, filepath.Join(dir, venv, "bin", "ministack"))
				command.Env = append(
					os.Environ(), "BIND_HOST=127.0.0.1", "GATEWAY_PORT="+strconv.Itoa(port), "SFTP_ENABLED=0",
					"IOT_MTLS_ENABLED=0",
				)
				return command
			},
		},
		{
			peer: conformance.OIDCProvider(), fetch: fetchProvider, variable: "STOWAGE_TEST_OIDC_ISSUER",
			tests: []string{"-tags", "browser", "-run", "^TestSignIn_", "./internal/board"},
			command: func(ctx context.Context, dir string, port int) *exec.Cmd {
				return exec.CommandContext(ctx, "node", filepath.Join(dir, provider, "provider.mjs"), strconv.Itoa(port))
			},
		},
	}
}

// startBound is the maximum startup time of a server.
const startBound = time.Minute

// start downloads and starts the server. stop ends it.
func (s server) start(ctx context.Context, dir string) (endpoint string, stop func() error, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return "", nil, err
	}
	if err := s.fetch(ctx, dir); err != nil {
		return "", nil, err
	}
	port, err := freePort(ctx)
	if err != nil {
		return "", nil, err
	}
	work, err := os.MkdirTemp("", "stowage-conformance-")
	if err != nil {
		return "", nil, err
	}
	log, err := os.Create(filepath.Join(work, "log"))
	if err != nil {
		return "", nil, err
	}
	command := s.command(ctx, dir, port)
	command.Dir, command.Stdout, command.Stderr = work, log, log
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		return "", nil, err
	}
	stop = func() error {
		// The whole group: some servers have child processes.
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
		_ = command.Wait() // it was killed
		return errors.Join(log.Close(), os.RemoveAll(work))
	}
	endpoint = fmt.Sprintf("http://127.0.0.1:%d", port)
	if err := answers(ctx, endpoint); err != nil {
		said, _ := os.ReadFile(log.Name())
		return "", nil, errors.Join(fmt.Errorf("it does not answer: %w\n%s", err, said), stop())
	}
	return endpoint, stop, nil
}

// freePort returns a port that was free a moment ago.
func freePort(ctx context.Context) (int, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = listener.Close() }()
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return 0, fmt.Errorf("%s is no address of TCP", listener.Addr())
	}
	return address.Port, nil
}

// answers waits until an endpoint gives any answer.
func answers(ctx context.Context, endpoint string) error {
	ctx, cancel := context.WithTimeout(ctx, startBound)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint, nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			return response.Body.Close()
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(200 * time.Millisecond):
		}
	}
}
