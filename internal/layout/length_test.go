package layout

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mostLines is the maximum number of lines of a file, tests excepted: a longer one has more than
// one subject.
const mostLines = 500

func TestLinesPerFile(t *testing.T) {
	lengths := map[string]int{}
	root := os.DirFS(filepath.Join("..", ".."))
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (path == "bin" || path != "." && strings.HasPrefix(entry.Name(), ".")):
			return fs.SkipDir // tools and caches
		case entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		source, err := fs.ReadFile(root, path)
		lengths[path] = bytes.Count(source, []byte("\n"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if lengths["internal/commit/engine.go"] == 0 {
		t.Error("the lines of the commit engine are not counted")
	}
	for _, problem := range tooLong(lengths) {
		t.Error(problem)
	}
}

// TestTooLong checks that the check can fail.
func TestTooLong(t *testing.T) {
	got := tooLong(map[string]int{"internal/a.go": 500, "internal/b.go": 501})
	if want := []string{"internal/b.go has 501 lines, more than 500"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// tooLong returns the files with too many lines.
func tooLong(lengths map[string]int) []string {
	var problems []string
	for path, n := range lengths {
		if n > mostLines {
			problems = append(problems, fmt.Sprintf("%s has %d lines, more than %d", path, n, mostLines))
		}
	}
	slices.Sort(problems)
	return problems
}
