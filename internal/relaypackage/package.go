// Package relaypackage reads packages of the relay: the zips of internal/cmd/relayzip, which AWS
// Lambda runs. A release of the provider contains one.
package relaypackage

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
)

// The files of a package.
const (
	// Bootstrap is the program, under the name that the runtime provided.al2023 runs (Lambda
	// developer guide, "Define Lambda function handlers in Go").
	Bootstrap = "bootstrap"
	// VersionFile contains the relay's version on one line.
	VersionFile = "VERSION"
)

// MaxSize is the maximum size of a package. Lambda's quota is 250 MB unpacked, the program has 15.
const MaxSize = 50 << 20

// Package is a package of the relay.
type Package struct {
	// Version is that of the relay's program, such as 0.3.0.
	Version string
	// Hash is the SHA-256 of Zip in hexadecimal.
	Hash string
	// Architecture is Lambda's name of the instruction set: arm64 or x86_64.
	Architecture string
	Zip          []byte
}

// architectures maps the machines of programs to Lambda's names.
var architectures = map[elf.Machine]string{elf.EM_AARCH64: "arm64", elf.EM_X86_64: "x86_64"}

// versionPattern excludes what has no place in a description or an object's metadata.
var versionPattern = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.+-]{0,63}$`)

// ErrNotEmbedded is returned by Embedded in builds without the tag relayembed.
var ErrNotEmbedded = errors.New("this build of the provider contains no relay package")

// Embedded returns the package that this build contains.
func Embedded() (*Package, error) { return parseEmbedded() }

// parseEmbedded parses the embedded package once: that unpacks its program.
var parseEmbedded = sync.OnceValues(func() (*Package, error) {
	if len(embedded) == 0 {
		return nil, ErrNotEmbedded
	}
	return Parse(embedded)
})

// Read returns the package in a file.
func Read(path string) (*Package, error) {
	file, err := os.Open(path) //nolint:gosec // the configuration names it
	if err != nil {
		return nil, err //nolint:wrapcheck // it names the file
	}
	defer func() { _ = file.Close() }()
	body, err := io.ReadAll(io.LimitReader(file, MaxSize+1))
	if err != nil {
		return nil, err //nolint:wrapcheck // it names the file
	}
	return Parse(body)
}

// Parse returns the package that a zip contains.
func Parse(body []byte) (*Package, error) {
	if len(body) > MaxSize {
		return nil, fmt.Errorf("the file is larger than %d MB", MaxSize>>20)
	}
	files, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return nil, fmt.Errorf("the file is no zip: %w", err)
	}
	program, mode, err := content(files, Bootstrap)
	if err != nil {
		return nil, err
	}
	executable, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		return nil, fmt.Errorf("the file %s in the zip is no program for Linux: %w", Bootstrap, err)
	}
	architecture, ok := architectures[executable.Machine]
	if !ok {
		return nil, fmt.Errorf("the program in the zip is for %s: expected arm64 or x86_64", executable.Machine)
	}
	if mode&0o111 != 0o111 {
		return nil, fmt.Errorf("the file %s in the zip is not executable for all users (mode %v)", Bootstrap, mode)
	}
	line, _, err := content(files, VersionFile)
	if err != nil {
		return nil, err
	}
	version := strings.TrimSuffix(string(line), "\n")
	if !versionPattern.MatchString(version) {
		return nil, fmt.Errorf("the file %s in the zip contains %.80q: expected a version", VersionFile, version)
	}
	sum := sha256.Sum256(body)
	return &Package{Version: version, Hash: hex.EncodeToString(sum[:]), Architecture: architecture, Zip: body}, nil
}

// maxProgram is the maximum size of an unpacked file: Lambda's quota for a function.
const maxProgram = 250 << 20

// content returns the content and the permissions of a file in a zip.
func content(files *zip.Reader, name string) ([]byte, os.FileMode, error) {
	for _, f := range files.File {
		if f.Name != name {
			continue
		}
		file, err := f.Open()
		if err != nil {
			return nil, 0, fmt.Errorf("reading the file %s in the zip: %w", name, err)
		}
		defer func() { _ = file.Close() }()
		body, err := io.ReadAll(io.LimitReader(file, maxProgram+1))
		switch {
		case err != nil:
			return nil, 0, fmt.Errorf("reading the file %s in the zip: %w", name, err)
		case len(body) > maxProgram:
			return nil, 0, fmt.Errorf("the file %s in the zip is larger than %d MB", name, maxProgram>>20)
		}
		return body, f.Mode().Perm(), nil
	}
	return nil, 0, fmt.Errorf("the zip has no file %s: it is no package of the relay", name)
}
