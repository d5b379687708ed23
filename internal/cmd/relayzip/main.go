// Command relayzip packages the relay for AWS Lambda's runtime provided.al2023: a zip with the
// program and its version, see package relaypackage. Builds are reproducible.
package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/relaypackage"
)

// architectures are Lambda's two, by Go's names.
var architectures = map[string]string{"arm64": "arm64", "amd64": "x86_64"}

// development is the version of what is no release.
const development = "dev"

type options struct{ dir, arch, out, version string }

func main() {
	var o options
	flag.StringVar(&o.dir, "dir", "bin", "where the zips go, as stowage-relay-linux-<arch>.zip")
	flag.StringVar(&o.arch, "arch", "", "package for arm64 or amd64 only")
	flag.StringVar(&o.out, "out", "", "the file of the zip, with -arch")
	flag.StringVar(&o.version, "version", development, "the relay's version")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "relayzip:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if _, known := architectures[o.arch]; o.arch != "" && !known {
		return fmt.Errorf("-arch is %q: expected arm64 or amd64", o.arch)
	}
	if o.out != "" && o.arch == "" {
		return errors.New("-out names one file: -arch is missing")
	}
	for arch, architecture := range architectures {
		if o.arch != "" && arch != o.arch {
			continue
		}
		out := o.out
		if out == "" {
			out = filepath.Join(o.dir, "stowage-relay-linux-"+arch+".zip")
		}
		if err := makeZip(ctx, out, arch, architecture, o.version); err != nil {
			return fmt.Errorf("linux/%s: %w", arch, err)
		}
	}
	return nil
}

// makeZip builds the relay for an architecture and packages it. Each build in development has a
// version of its own, so that a deployment shows the difference.
func makeZip(ctx context.Context, out, arch, architecture, version string) (err error) {
	program, err := build(ctx, arch, version)
	if err != nil {
		return err
	}
	if version == development {
		sum := sha256.Sum256(program)
		version += "+" + hex.EncodeToString(sum[:4])
		if program, err = build(ctx, arch, version); err != nil {
			return err
		}
	}
	var body bytes.Buffer
	if err := write(&body, bytes.NewReader(program), version); err != nil {
		return err
	}
	made, err := relaypackage.Parse(body.Bytes())
	if err != nil {
		return fmt.Errorf("what was made is no package: %w", err)
	}
	if made.Architecture != architecture {
		return fmt.Errorf("what was built is for %s", made.Architecture)
	}
	if err := os.WriteFile(out, body.Bytes(), 0o644); err != nil { //nolint:gosec // a published file
		return err
	}
	fmt.Println(out, made.Version, made.Hash)
	return nil
}

func build(ctx context.Context, arch, version string) (program []byte, err error) {
	work, err := os.MkdirTemp("", "stowage-relay-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	out := filepath.Join(work, relaypackage.Bootstrap)
	build := exec.CommandContext(
		ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc",
		"-ldflags", "-s -w -buildid= -X main.version="+version, "-o", out, "./internal/cmd/relay",
	)
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0")
	build.Stdout, build.Stderr = os.Stdout, os.Stderr
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("building: %w", err)
	}
	return os.ReadFile(out) //nolint:gosec // it was built above
}

// write writes the zip. Its timestamps are the earliest possible ones, for reproducible bytes.
func write(to io.Writer, program io.Reader, version string) error {
	z := zip.NewWriter(to)
	for _, f := range []struct {
		name    string
		mode    os.FileMode
		content io.Reader
	}{
		{relaypackage.Bootstrap, 0o755, program},
		{relaypackage.VersionFile, 0o644, bytes.NewReader([]byte(version + "\n"))},
	} {
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
		header.SetMode(f.mode)
		file, err := z.CreateHeader(header)
		if err != nil {
			return fmt.Errorf("writing the zip: %w", err)
		}
		if _, err := io.Copy(file, f.content); err != nil {
			return fmt.Errorf("writing the zip: %w", err)
		}
	}
	return z.Close()
}
