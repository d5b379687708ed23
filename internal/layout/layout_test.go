package layout

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/stowage/terraform-provider-stowage"

// levels are the levels of the architecture. A package imports packages of lower levels only, never of its own; what is
// below a package's folder belongs to its level, but for the folders that have a line of their own.
var levels = map[string]int{
	"internal/model":      0,
	"internal/template":   1,
	"internal/event":      1,
	"internal/commit":     2,
	"internal/stack":      3,
	"internal/mirror":     3,
	"internal/account":    3,
	"internal/awsclient":  3,
	"internal/projects":   4,
	"internal/entity":     5,
	"internal/provider/*": 6, // one package per Terraform object
	"internal/provider":   7,
	"":                    8, // main.go
	"internal/cmd":        8,
}

// pure is the highest level that knows nothing but the standard library.
const pure = 2

// apart are packages outside the levels: test equipment. They import nothing of ours but each other within one folder, and
// nothing but tests and mains imports them.
var apart = []string{"internal/sandbox", "internal/model/modeltest", "internal/entity/entitytest", "internal/layout", "internal/acceptance"}

// imports is a package and what it imports, tests left aside.
type imports struct {
	ImportPath string
	Standard   bool
	Imports    []string
}

func TestImportsGoDown(t *testing.T) {
	packages := list(t)
	if len(packages) < len(levels) {
		t.Fatalf("only %d packages are listed", len(packages))
	}
	for _, problem := range check(packages) {
		t.Error(problem)
	}
}

// TestCheckFindsViolations shows that the check can fail.
func TestCheckFindsViolations(t *testing.T) {
	for name, p := range map[string]imports{
		"up":             {ImportPath: module + "/internal/model", Imports: []string{module + "/internal/template"}},
		"sideways":       {ImportPath: module + "/internal/stack", Imports: []string{module + "/internal/mirror"}},
		"objects":        {ImportPath: module + "/internal/provider/project", Imports: []string{module + "/internal/provider/projectbucket"}},
		"impure":         {ImportPath: module + "/internal/commit", Imports: []string{"github.com/aws/aws-sdk-go-v2/aws"}},
		"unknown":        {ImportPath: module + "/internal/util"},
		"test equipment": {ImportPath: module + "/internal/projects", Imports: []string{module + "/internal/sandbox"}},
		"sandbox":        {ImportPath: module + "/internal/sandbox/s3", Imports: []string{module + "/internal/model"}},
	} {
		if len(check([]imports{p})) == 0 {
			t.Errorf("%s: not found", name)
		}
	}
}

func list(t *testing.T) []imports {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,Standard", module+"/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var packages []imports
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p imports
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

func check(packages []imports) []string {
	var problems []string
	for _, p := range packages {
		from := folder(p.ImportPath)
		for _, imported := range p.Imports {
			if problem := allowed(from, imported); problem != "" {
				problems = append(problems, fmt.Sprintf("%s imports %s: %s", from, imported, problem))
			}
		}
		if _, known := level(from); !known && place(from) == "" {
			problems = append(problems, from+" has no level")
		}
	}
	slices.Sort(problems)
	return problems
}

func allowed(from, imported string) string {
	fromLevel, leveled := level(from)
	if !strings.HasPrefix(imported, module) {
		if leveled && fromLevel <= pure && strings.Contains(strings.Split(imported, "/")[0], ".") {
			return "the pure packages know the standard library only"
		}
		return ""
	}
	to := folder(imported)
	toLevel, _ := level(to)
	switch equipment := place(to); {
	case place(from) == "internal/sandbox" && equipment != "internal/sandbox":
		return "the sandbox imports nothing of ours"
	case place(from) != "":
		return ""
	case equipment != "" && !strings.HasPrefix(from, "internal/cmd/"):
		return "that is test equipment"
	case equipment == "" && toLevel >= fromLevel:
		return fmt.Sprintf("level %d imports level %d", fromLevel, toLevel)
	}
	return ""
}

func folder(importPath string) string {
	return strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/")
}

// place is the folder of test equipment that a package is in; "" for the product's own.
func place(folder string) string {
	for _, a := range apart {
		if folder == a || strings.HasPrefix(folder, a+"/") {
			return a
		}
	}
	return ""
}

// level finds a package's level by its own line, its folder's line, or the line of the folder above.
func level(folder string) (int, bool) {
	if l, ok := levels[folder]; ok {
		return l, true
	}
	for _, above := range slices.Backward(slices.Sorted(maps.Keys(levels))) {
		if base := strings.TrimSuffix(above, "/*"); base != "" && strings.HasPrefix(folder, base+"/") {
			return levels[above], true
		}
	}
	return 0, false
}
