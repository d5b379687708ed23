package mutation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Defect is one deliberate defect.
type Defect struct {
	Name string // what is wrong, in a few words
	// In is the declaration with the defect, by package and name: "internal/commit Engine.compose"
	// for a method, "internal/commit Verify" for a function, a variable or a constant. It may be in
	// any file of the package.
	In string
	// Old is replaced by New. Old occurs once in the declaration; white space and comments do not
	// matter.
	Old, New string
	// Packages are the tested packages, relative to the repository's root.
	Packages []string
	// Run is a pattern for the tests; "" runs all of the packages.
	Run string
}

// Apply returns the path of the file with the defect, relative to the repository's root, and its
// changed text. It returns an error if the defect does not fit.
func (d Defect) Apply(root string) (file string, changed []byte, err error) {
	declared, err := find(root, d.In)
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", d.Name, err)
	}
	first, last, err := declared.once(d.Old)
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", d.Name, err)
	}
	changed = slices.Concat(declared.source[:first], []byte(d.New), declared.source[last:])
	if _, err := parser.ParseFile(token.NewFileSet(), declared.file, changed, 0); err != nil {
		return "", nil, fmt.Errorf("%s: with the defect, %s is not valid Go: %w", d.Name, declared.file, err)
	}
	return declared.file, changed, nil
}

// Verdict is the result of the tests with a defect.
type Verdict struct {
	CaughtBy []string // the tests that failed; none: the defect survived
	Took     time.Duration
}

// ErrNotBuilt is returned when the tests cannot be built with a defect, which proves nothing.
var ErrNotBuilt = errors.New("it doesn't build")

// limit limits the tests of one defect. A defect may make tests wait forever, which counts as
// detected.
const limit = 3 * time.Minute

var failedTest = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)

// Try runs a defect's tests with it applied.
func Try(ctx context.Context, root string, d Defect) (Verdict, error) {
	file, changed, err := d.Apply(root)
	if err != nil {
		return Verdict{}, err
	}
	dir, err := os.MkdirTemp("", "stowage-mutation-")
	if err != nil {
		return Verdict{}, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a directory of the system's own
	original, err := filepath.Abs(filepath.Join(root, file))
	if err != nil {
		return Verdict{}, err
	}
	replacement, overlay := filepath.Join(dir, "defect.go"), filepath.Join(dir, "overlay.json")
	plan, err := json.Marshal(map[string]any{"Replace": map[string]string{original: replacement}})
	if err != nil {
		return Verdict{}, err
	}
	if err := errors.Join(os.WriteFile(replacement, changed, 0o600), os.WriteFile(overlay, plan, 0o600)); err != nil {
		return Verdict{}, err
	}
	args := []string{"test", "-overlay", overlay, "-failfast", "-timeout", limit.String()}
	if d.Run != "" {
		args = append(args, "-run", d.Run)
	}
	for _, p := range d.Packages {
		args = append(args, "./"+p)
	}
	began := time.Now()
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = root
	out, err := command.CombinedOutput()
	verdict := Verdict{Took: time.Since(began)}
	var exit *exec.ExitError
	switch {
	case err == nil:
		return verdict, nil
	case !errors.As(err, &exit):
		return verdict, err
	case bytes.Contains(out, []byte("[build failed]")):
		return verdict, fmt.Errorf("%s: %w:\n%s", d.Name, ErrNotBuilt, out)
	}
	for _, match := range failedTest.FindAllSubmatch(out, -1) {
		// A subtest is more specific than its parents, which precede it.
		if name := string(match[1]); len(verdict.CaughtBy) > 0 &&
			strings.HasPrefix(name, verdict.CaughtBy[len(verdict.CaughtBy)-1]+"/") {
			verdict.CaughtBy[len(verdict.CaughtBy)-1] = name
		} else {
			verdict.CaughtBy = append(verdict.CaughtBy, name)
		}
	}
	if len(verdict.CaughtBy) == 0 {
		verdict.CaughtBy = []string{"(the tests crashed)"}
	}
	return verdict, nil
}
