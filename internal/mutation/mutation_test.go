package mutation

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestEveryDefectFits keeps the list true: a defect that doesn't fit its file any more tests nothing.
func TestEveryDefectFits(t *testing.T) {
	names := map[string]bool{}
	for _, d := range Defects {
		if _, err := d.Apply("../.."); err != nil {
			t.Error(err)
		}
		if names[d.Name] {
			t.Errorf("two defects are named %q", d.Name)
		}
		names[d.Name] = true
		if len(d.Packages) == 0 {
			t.Errorf("%s: no tests", d.Name)
		}
	}
	if len(Defects) < 15 {
		t.Errorf("%d defects", len(Defects))
	}
}

// TestTry tries a defect that a test notices, one that none does, and one that doesn't build, in a module of its own.
func TestTry(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":        "module example.com/m\n\ngo 1.26\n",
		"p/add.go":      "package p\n\nfunc add(a, b int) int { return a + b }\n\nfunc unused() int { return 7 }\n",
		"p/add_test.go": "package p\n\nimport \"testing\"\n\nfunc TestAdd(t *testing.T) {\n\tt.Run(\"two\", func(t *testing.T) {\n\t\tif add(1, 2) != 3 {\n\t\t\tt.Error()\n\t\t}\n\t})\n}\n",
	} {
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	try := func(before, after string) (Verdict, error) {
		return Try(t.Context(), root, Defect{Name: "test", File: "p/add.go", Old: before, New: after, Packages: []string{"p"}})
	}
	if verdict, err := try("a + b", "a - b"); err != nil || len(verdict.CaughtBy) != 1 || verdict.CaughtBy[0] != "TestAdd/two" {
		t.Errorf("a defect is caught by %v, %v", verdict.CaughtBy, err)
	}
	if verdict, err := try("return 7", "return 8"); err != nil || len(verdict.CaughtBy) != 0 {
		t.Errorf("a defect that no test sees is caught by %v, %v", verdict.CaughtBy, err)
	}
	if _, err := try("a + b", "nothing"); !errors.Is(err, ErrNotBuilt) {
		t.Errorf("a defect that doesn't build: %v", err)
	}
	if _, err := try("a * b", "a"); err == nil {
		t.Error("a defect that doesn't fit is tried")
	}
	if _, err := try("a + b", "a +"); err == nil {
		t.Error("a defect that is no Go is tried")
	}
}
