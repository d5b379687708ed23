package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// Folders of downloads.
const (
	jars     = "dynamodb-local"
	venv     = "venv"
	provider = "oidc"
)

// mavenCentral is the base URL of the jars, in the layout of the list.
const mavenCentral = "https://repo.maven.apache.org/maven2/"

// fetchJars downloads DynamoDB Local: each missing file of the list, verified by its hash.
func fetchJars(ctx context.Context, dir string) error {
	list, err := os.Open(filepath.Join(pins, "dynamodb-local.txt"))
	if err != nil {
		return err
	}
	defer func() { _ = list.Close() }()
	dir = filepath.Join(dir, jars)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for lines := bufio.NewScanner(list); lines.Scan(); {
		hash, where, ok := strings.Cut(lines.Text(), "  ")
		if !ok || strings.HasPrefix(hash, "#") {
			continue
		}
		file := filepath.Join(dir, path.Base(where))
		if have, err := hashOf(file); err == nil && have == hash {
			continue
		}
		if err := download(ctx, mavenCentral+where, file); err != nil {
			return fmt.Errorf("getting %s: %w", where, err)
		}
		have, err := hashOf(file)
		if err != nil {
			return err
		}
		if have != hash {
			return errors.Join(fmt.Errorf("%s has the hash %s, and not %s", where, have, hash), os.Remove(file))
		}
	}
	return nil
}

func hashOf(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

func download(ctx context.Context, url, file string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s", response.Status)
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, response.Body)
	return errors.Join(err, f.Close())
}

// fetchPackages creates a virtual environment with moto and MiniStack, unless one of the same list
// exists.
func fetchPackages(ctx context.Context, dir string) error {
	list := filepath.Join(pins, "requirements.txt")
	want, err := hashOf(list)
	if err != nil {
		return err
	}
	dir = filepath.Join(dir, venv)
	done := filepath.Join(dir, "installed")
	if have, err := os.ReadFile(done); err == nil && string(have) == want {
		return nil
	}
	for _, args := range [][]string{
		{"python3", "-m", "venv", "--clear", dir},
		{
			filepath.Join(dir, "bin", "pip"), "install", "--quiet", "--disable-pip-version-check", "--require-hashes",
			"-r", list,
		},
	} {
		command := exec.CommandContext(ctx, args[0], args[1:]...)
		command.Stdout, command.Stderr = os.Stderr, os.Stderr
		if err := command.Run(); err != nil {
			return fmt.Errorf("%s: %w", strings.Join(args, " "), err)
		}
	}
	return os.WriteFile(done, []byte(want), 0o644)
}

// fetchProvider installs the OpenID provider of the lock file, unless it is installed.
func fetchProvider(ctx context.Context, dir string) error {
	dir = filepath.Join(dir, provider)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"package.json", "package-lock.json", "provider.mjs"} {
		content, err := os.ReadFile(filepath.Join(pins, provider, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return err
		}
	}
	want, err := hashOf(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return err
	}
	done := filepath.Join(dir, "installed")
	if have, err := os.ReadFile(done); err == nil && string(have) == want {
		return nil
	}
	command := exec.CommandContext(
		ctx, "npm", "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", dir,
	)
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("npm ci: %w", err)
	}
	return os.WriteFile(done, []byte(want), 0o644)
}
