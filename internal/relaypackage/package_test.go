package relaypackage

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// program returns the header of an ELF program.
func program(t *testing.T, machine elf.Machine) string {
	t.Helper()
	var b bytes.Buffer
	header := elf.Header64{
		Ident:   [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:    uint16(elf.ET_EXEC),
		Machine: uint16(machine),
		Version: uint32(elf.EV_CURRENT),
		Ehsize:  64,
	}
	if err := binary.Write(&b, binary.LittleEndian, header); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

type file struct {
	name, content string
	mode          os.FileMode
}

func zipOf(t *testing.T, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate}
		header.SetMode(f.mode)
		w, err := z.CreateHeader(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRead(t *testing.T) {
	for machine, architecture := range architectures {
		body := zipOf(t, file{Bootstrap, program(t, machine), 0o755}, file{VersionFile, "0.3.0\n", 0o644})
		path := filepath.Join(t.TempDir(), "relay.zip")
		if err := os.WriteFile(path, body, 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(body)
		if p.Version != "0.3.0" || p.Architecture != architecture || p.Hash != hex.EncodeToString(sum[:]) ||
			!bytes.Equal(p.Zip, body) {
			t.Errorf("read %s %s %s, %d bytes", p.Version, p.Architecture, p.Hash, len(p.Zip))
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none.zip")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file gives %v", err)
	}
}

// TestParse_Refused refuses what Lambda would store and could not run.
func TestParse_Refused(t *testing.T) {
	arm := program(t, elf.EM_AARCH64)
	version := file{VersionFile, "0.3.0\n", 0o644}
	whole := zipOf(t, file{Bootstrap, arm, 0o755}, version)
	for want, body := range map[string][]byte{
		"the file is no zip":                                   []byte("PK"),
		"the file is no zip: zip: not":                         whole[:len(whole)-40],
		"the zip has no file bootstrap":                        zipOf(t, version),
		"bootstrap in the zip is no program for Linux":         zipOf(t, file{Bootstrap, "#!/bin/sh", 0o755}, version),
		"the program in the zip is for EM_RISCV":               zipOf(t, file{Bootstrap, program(t, elf.EM_RISCV), 0o755}, version),
		"is not executable for all users":                      zipOf(t, file{Bootstrap, arm, 0o700}, version),
		"the zip has no file VERSION":                          zipOf(t, file{Bootstrap, arm, 0o755}),
		`contains "0.3.0\n; rm": expected a version`:           zipOf(t, file{Bootstrap, arm, 0o755}, file{VersionFile, "0.3.0\n; rm", 0o644}),
		"the file is larger than 50 MB":                        make([]byte, MaxSize+1),
		"VERSION in the zip contains \"\": expected a version": zipOf(t, file{Bootstrap, arm, 0o755}, file{VersionFile, "", 0o644}),
	} {
		if _, err := Parse(body); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("expected %q, got %v", want, err)
		}
	}
}

// TestEmbedded_Without is about builds without the tag, like that of the tests.
func TestEmbedded_Without(t *testing.T) {
	if _, err := Embedded(); !errors.Is(err, ErrNotEmbedded) {
		t.Errorf("got %v", err)
	}
}

// TestBuilds_Embed checks that releases and make build package the relay first, where the tag embeds
// it from. The registry's users have no other way to the relay.
func TestBuilds_Embed(t *testing.T) {
	const embed = "internal/relaypackage/relay.zip"
	for name, lines := range map[string][]string{
		"../../.goreleaser.yml": {
			"    - go run ./internal/cmd/relayzip -arch arm64 -version {{ .Version }} -out " + embed,
			"    flags: [-trimpath, -tags=relayembed]",
		},
		"../../GNUmakefile": {
			"\tgo run ./internal/cmd/relayzip -arch $(RELAY_ARCH) -out " + embed,
			"\tgo build -trimpath -tags relayembed -o $(BIN)/terraform-provider-stowage .",
		},
		"../../.gitignore": {embed},
	} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		rest := "\n" + string(text)
		for _, line := range lines { // in this order
			_, after, found := strings.Cut(rest, "\n"+line+"\n")
			if !found {
				t.Errorf("%s lacks the line %q, or it is too late", name, line)
			}
			rest = "\n" + after
		}
	}
}
