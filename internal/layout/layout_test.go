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

// levels are the levels of the architecture. A package imports packages of lower levels only. A
// folder's level applies to its subfolders, except those listed themselves.
var levels = map[string]int{
	"internal/cfn":        0,
	"internal/model":      0,
	"internal/board":      0,
	"internal/template":   1,
	"internal/event":      1,
	"internal/commit":     2,
	"internal/hub":        2,
	"internal/stack":      3,
	"internal/mirror":     3,
	"internal/push":       3,
	"internal/account":    3,
	"internal/awsclient":  3,
	"internal/projects":   4,
	"internal/hubs":       4,
	"internal/unchanged":  4,
	"internal/relay":      5,
	"internal/entity":     5,
	"internal/provider/*": 6, // one package per Terraform object
	"internal/provider":   7,
	"":                    8, // main.go
	"internal/cmd":        8,

	"internal/relaypackage": 3,
}

// unknown lists packages of lower levels that a package must not import, because it uses them
// through the packages in between.
var unknown = map[string][]string{
	"internal/entity": {"internal/account", "internal/commit", "internal/template"}, // errors explain themselves
}

// pure is the highest level that imports only the standard library.
const pure = 2

// apart lists packages outside the levels: test equipment, and the code shared by the mains that
// demonstrate Stowage. Only tests and mains import them. The sandbox imports none of Stowage's
// packages, the others may import what they need.
var apart = []string{
	"internal/sandbox", "internal/model/modeltest", "internal/event/schematest", "internal/entity/entitytest",
	"internal/unchanged/comparison", "internal/layout", "internal/acceptance", "internal/simulation",
	"internal/mutation", "internal/conformance", "internal/judge", "internal/probe", "internal/cmd/run",
	"internal/cmd/localhub", "examples/onboarding",
}

// imports is a package with its imports. The imports of its tests count for the sandbox alone:
// other tests use the sandbox and the packages that they compare.
type imports struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

func TestImportsGoDown(t *testing.T) {
	packages := list(t)
	for _, expected := range []string{"internal/model", "internal/commit", "internal/provider", "internal/sandbox", ""} {
		if !slices.ContainsFunc(packages, func(p imports) bool { return folder(p.ImportPath) == expected }) {
			t.Errorf("the package in folder %q is not listed, so nothing is checked", expected)
		}
	}
	for _, problem := range check(packages) {
		t.Error(problem)
	}
}

func TestCheckFindsViolations(t *testing.T) {
	for name, test := range map[string]struct {
		p    imports
		want string
	}{
		"up": {
			imports{ImportPath: module + "/internal/model", Imports: []string{module + "/internal/template"}},
			"internal/model imports " + module + "/internal/template: level 0 imports level 1",
		},
		"sideways": {
			imports{ImportPath: module + "/internal/stack", Imports: []string{module + "/internal/mirror"}},
			"internal/stack imports " + module + "/internal/mirror: level 3 imports level 3",
		},
		"one Terraform object another": {
			imports{ImportPath: module + "/internal/provider/project", Imports: []string{module + "/internal/provider/projectbucket"}},
			"internal/provider/project imports " + module + "/internal/provider/projectbucket: level 6 imports level 6",
		},
		"the template in the objects' envelope": {
			imports{ImportPath: module + "/internal/entity", Imports: []string{module + "/internal/template"}},
			"internal/entity imports " + module + "/internal/template: it does without it",
		},
		"the SDK in a pure package": {
			imports{ImportPath: module + "/internal/commit", Imports: []string{"github.com/aws/aws-sdk-go-v2/aws"}},
			"internal/commit imports github.com/aws/aws-sdk-go-v2/aws: the pure packages know the standard library only",
		},
		"a package without a level": {
			imports{ImportPath: module + "/internal/misc"},
			"internal/misc has no level",
		},
		"the import of one": {
			imports{ImportPath: module + "/internal/projects", Imports: []string{module + "/internal/misc"}},
			"internal/projects imports " + module + "/internal/misc: it has no level",
		},
		"test equipment in the product": {
			imports{ImportPath: module + "/internal/projects", Imports: []string{module + "/internal/sandbox"}},
			"internal/projects imports " + module + "/internal/sandbox: that is test equipment",
		},
		"the product in the sandbox": {
			imports{ImportPath: module + "/internal/sandbox/s3", Imports: []string{module + "/internal/model"}},
			"internal/sandbox/s3 imports " + module + "/internal/model: the sandbox imports nothing of ours",
		},
		"the product in the sandbox's tests": {
			imports{ImportPath: module + "/internal/sandbox", XTestImports: []string{module + "/internal/template"}},
			"internal/sandbox imports " + module + "/internal/template: the sandbox imports nothing of ours",
		},
	} {
		if got := check([]imports{test.p}); !slices.Equal(got, []string{test.want}) {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestRules_Accepted(t *testing.T) {
	for _, p := range []imports{
		{ImportPath: module, Imports: []string{"context", module + "/internal/provider"}},
		{ImportPath: module + "/internal/commit", Imports: []string{"encoding/json", module + "/internal/template", module + "/internal/model"}},
		{ImportPath: module + "/internal/stack", Imports: []string{"github.com/aws/aws-sdk-go-v2/aws", module + "/internal/commit"}, TestImports: []string{module + "/internal/sandbox"}},
		{ImportPath: module + "/internal/provider", Imports: []string{module + "/internal/provider/project"}},
		{ImportPath: module + "/internal/cmd/sandbox", Imports: []string{module + "/internal/sandbox/server"}},
		{ImportPath: module + "/internal/sandbox", Imports: []string{module + "/internal/sandbox/s3"}},
	} {
		for _, problem := range check([]imports{p}) {
			t.Error(problem)
		}
	}
}

func list(t *testing.T) []imports {
	t.Helper()
	out, err := exec.CommandContext(
		t.Context(), "go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", module+"/...",
	).Output()
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
		imported := p.Imports
		if place(from) == "internal/sandbox" {
			imported = slices.Concat(p.Imports, p.TestImports, p.XTestImports)
		}
		for _, imported := range imported {
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
	if imported != module && !strings.HasPrefix(imported, module+"/") {
		if leveled && place(from) == "" && fromLevel <= pure && strings.Contains(strings.Split(imported, "/")[0], ".") {
			return "the pure packages know the standard library only"
		}
		return ""
	}
	to := folder(imported)
	toLevel, known := level(to)
	switch equipment := place(to); {
	case place(from) == "internal/sandbox" && equipment != "internal/sandbox":
		return "the sandbox imports nothing of ours"
	case place(from) != "":
		return ""
	case equipment != "" && !strings.HasPrefix(from, "internal/cmd/"):
		return "that is test equipment"
	case equipment == "" && !known:
		return "it has no level"
	case slices.Contains(unknown[from], to):
		return "it does without it"
	case equipment == "" && toLevel >= fromLevel:
		return fmt.Sprintf("level %d imports level %d", fromLevel, toLevel)
	}
	return ""
}

func folder(importPath string) string {
	return strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/")
}

// place returns the folder of test equipment that contains a package; "" for the product.
func place(folder string) string {
	for _, a := range apart {
		if folder == a || strings.HasPrefix(folder, a+"/") {
			return a
		}
	}
	return ""
}

// level finds a package's level by its own line, its folder's line, or the line of the folder
// above.
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
