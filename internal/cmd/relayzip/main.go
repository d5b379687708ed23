// Command relayzip packages the relay for AWS Lambda's runtime provided.al2023: a zip with one
// executable file named bootstrap (Lambda developer guide, "Define Lambda function handlers in
// Go"), for each of Lambda's two architectures. Builds are reproducible.
package main

import (
	"archive/zip"
	"context"
	"debug/elf"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"time"
)

// machines maps the architectures to the ELF machine of their programs.
var machines = map[string]elf.Machine{"arm64": elf.EM_AARCH64, "amd64": elf.EM_X86_64}

func main() {
	dir := flag.String("dir", "bin", "where the zips go")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *dir)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "relayzip:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir string) error {
	for architecture, machine := range machines {
		if err := makeZip(ctx, dir, architecture, machine); err != nil {
			return fmt.Errorf("linux/%s: %w", architecture, err)
		}
	}
	return nil
}

// makeZip builds the relay for an architecture and packages it.
func makeZip(ctx context.Context, dir, architecture string, machine elf.Machine) (err error) {
	work, err := os.MkdirTemp("", "stowage-relay-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	program := filepath.Join(work, bootstrap)
	build := exec.CommandContext(
		ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w -buildid=",
		"-o", program, "./internal/cmd/relay",
	)
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+architecture, "CGO_ENABLED=0")
	build.Stdout, build.Stderr = os.Stdout, os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("building: %w", err)
	}
	built, err := elf.Open(program)
	if err != nil {
		return fmt.Errorf("what was built is no program: %w", err)
	}
	defer func() { _ = built.Close() }()
	if built.Machine != machine {
		return fmt.Errorf("what was built is for %s", built.Machine)
	}
	source, err := os.Open(program)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	name := filepath.Join(dir, "stowage-relay-linux-"+architecture+".zip")
	out, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := errors.Join(write(out, source), out.Close()); err != nil {
		return err
	}
	fmt.Println(name)
	return nil
}

// bootstrap is the file that Lambda runs.
const bootstrap = "bootstrap"

// write writes the zip. Its timestamp is the earliest possible one, for reproducible bytes.
func write(to io.Writer, program io.Reader) error {
	z := zip.NewWriter(to)
	header := &zip.FileHeader{Name: bootstrap, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	header.SetMode(0o755)
	file, err := z.CreateHeader(header)
	if err != nil {
		return fmt.Errorf("writing the zip: %w", err)
	}
	if _, err := io.Copy(file, program); err != nil {
		return fmt.Errorf("writing the zip: %w", err)
	}
	return z.Close()
}
