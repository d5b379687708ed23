package run

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Setting returns the value of an environment variable, or otherwise if it is not set or empty.
func Setting(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

// Command returns the CLI, terraform or tofu by name or path, in a directory and as the sandbox's
// client. When the context ends it is interrupted, and may finish its work. The caller sets its
// output and starts it.
func (s *Sandbox) Command(ctx context.Context, cli, dir string, args ...string) (*exec.Cmd, error) {
	file, err := exec.LookPath(cli)
	if err != nil {
		return nil, err
	}
	if file, err = filepath.Abs(file); err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, file, args...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.Dir, command.Env = dir, s.environ()
	return command, nil
}

// environ returns the environment of a client of the sandbox: this process's, without settings for
// other endpoints.
func (s *Sandbox) environ() []string {
	environ := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "AWS_") || strings.HasPrefix(v, "TF_") || strings.HasPrefix(v, "STOWAGE_")
	})
	for _, name := range slices.Sorted(maps.Keys(s.Env)) {
		environ = append(environ, name+"="+s.Env[name])
	}
	return environ
}
