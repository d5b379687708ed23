package mutation

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Each defect fits its file, since others test nothing.
func TestEveryDefectFits(t *testing.T) {
	names := map[string]bool{}
	for _, d := range Defects {
		if _, _, err := d.Apply("../.."); err != nil {
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

// Each alternative of a defect's Run matches a test of its packages, so that a renamed test is
// noticed.
func TestEveryDefectNamesTests(t *testing.T) {
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	tests := map[string][]string{}
	for _, d := range Defects {
		var names []string
		for _, dir := range d.Packages {
			if tests[dir] == nil {
				tests[dir] = []string{""}
				files, err := filepath.Glob(filepath.Join("../..", dir, "*_test.go"))
				if err != nil {
					t.Fatal(err)
				}
				for _, file := range files {
					text, err := os.ReadFile(file)
					if err != nil {
						t.Fatal(err)
					}
					for _, match := range declared.FindAllSubmatch(text, -1) {
						tests[dir] = append(tests[dir], string(match[1]))
					}
				}
			}
			names = append(names, tests[dir]...)
		}
		for alternative := range strings.SplitSeq(d.Run, "|") {
			name, _, _ := strings.Cut(alternative, "/")
			if pattern := regexp.MustCompile(name); d.Run != "" && !slices.ContainsFunc(names, pattern.MatchString) {
				t.Errorf("%s: no test matches %q", d.Name, name)
			}
		}
	}
}

// TestTry tries a defect that a test detects, one that none detects, and one that does not build,
// in a module of its own.
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
	try := func(in, before, after string) (Verdict, error) {
		return Try(t.Context(), root, Defect{Name: "test", In: in, Old: before, New: after, Packages: []string{"p"}})
	}
	if verdict, err := try("p add", "a + b", "a - b"); err != nil || len(verdict.CaughtBy) != 1 ||
		verdict.CaughtBy[0] != "TestAdd/two" {
		t.Errorf("a defect is caught by %v, %v", verdict.CaughtBy, err)
	}
	if verdict, err := try("p unused", "return 7", "return 8"); err != nil || len(verdict.CaughtBy) != 0 {
		t.Errorf("a defect that no test sees is caught by %v, %v", verdict.CaughtBy, err)
	}
	if _, err := try("p add", "a + b", "nothing"); !errors.Is(err, ErrNotBuilt) {
		t.Errorf("a defect that doesn't build: %v", err)
	}
	if _, err := try("p add", "a * b", "a"); err == nil {
		t.Error("a defect that doesn't fit is tried")
	}
	if _, err := try("p add", "a + b", "a +"); err == nil {
		t.Error("a defect that is no Go is tried")
	}
}

func TestApply_InDeclaration(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"p/a.go":      "package p\n\nvar limit = 5\n\nfunc first(a int) bool {\n\treturn a > limit\n}\n",
		"p/b.go":      "package p\n\ntype set[T any] struct{ all []T }\n\nfunc (s *set[T]) full(a int) bool {\n\tif a > limit && // why\n\t\ta > 1 {\n\t\treturn true\n\t}\n\treturn false\n}\n",
		"p/b_test.go": "package p\n\nfunc first2(a int) bool { return a > limit }\n",
	} {
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		d          Defect
		file, want string // want is part of the text, or of the error
	}{
		"a function":            {Defect{In: "p first", Old: "a > limit", New: "true"}, "p/a.go", "return true\n"},
		"a method":              {Defect{In: "p set.full", Old: "a > limit && a > 1", New: "true"}, "p/b.go", "\tif true {"},
		"a variable":            {Defect{In: "p limit", Old: "5", New: "6"}, "p/a.go", "var limit = 6\n"},
		"a part of a token":     {Defect{In: "p first", Old: "lim", New: "x"}, "", "occurs 0 times"},
		"a text that is twice":  {Defect{In: "p set.full", Old: "return", New: "x"}, "", "occurs 2 times"},
		"no such declaration":   {Defect{In: "p second", Old: "a", New: "b"}, "", "is declared 0 times"},
		"declared in tests":     {Defect{In: "p first2", Old: "a", New: "b"}, "", "is declared 0 times"},
		"no package":            {Defect{In: "first", Old: "a", New: "b"}, "", "does not name a package"},
		"what makes invalid Go": {Defect{In: "p first", Old: "a > limit", New: "a >"}, "", "is not valid Go"},
	} {
		t.Run(name, func(t *testing.T) {
			file, text, err := test.d.Apply(root)
			got := string(text)
			if err != nil {
				got = err.Error()
			}
			if file != test.file || !strings.Contains(got, test.want) {
				t.Errorf("%s: %s, want %s: %s", file, got, test.file, test.want)
			}
		})
	}
}
