package layout

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mostMethods is the maximum number of methods of a product type.
const mostMethods = 30

func TestMethodsPerType(t *testing.T) {
	methods := map[string]int{}
	for _, p := range list(t) {
		from := folder(p.ImportPath)
		if _, leveled := level(from); !leveled || place(from) != "" {
			continue
		}
		paths, err := filepath.Glob(filepath.Join("..", "..", from, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		files := token.NewFileSet()
		var parsed []*ast.File
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			parsed = append(parsed, file)
		}
		maps.Copy(methods, methodsOf(t, from, files, parsed))
	}
	if methods["internal/projects Service"] == 0 {
		t.Error("the methods of projects.Service are not counted")
	}
	for _, problem := range tooLarge(methods) {
		t.Error(problem)
	}
}

func TestTooLarge(t *testing.T) {
	files := token.NewFileSet()
	source := `package p
type s[T any] struct{ r }
type r int
func (s[T]) a() {}
func (*s[T]) b() {}
func (r) c() {}
func d() {}`
	file, err := parser.ParseFile(files, "p.go", source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	counted := methodsOf(t, "internal/p", files, []*ast.File{file})
	if want := map[string]int{"internal/p s": 2, "internal/p r": 1}; !maps.Equal(counted, want) {
		t.Errorf("methods %v, want %v", counted, want)
	}
	got := tooLarge(map[string]int{"internal/mirror Table": 31, "internal/projects Service": 30})
	if want := []string{"internal/mirror Table has 31 methods, more than 30"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// methodsOf counts the methods that a package declares, by folder and type.
func methodsOf(t *testing.T, folder string, files *token.FileSet, parsed []*ast.File) map[string]int {
	t.Helper()
	p, err := doc.NewFromFiles(files, parsed, folder, doc.AllDecls)
	if err != nil {
		t.Fatal(err)
	}
	methods := map[string]int{}
	for _, declared := range p.Types {
		for _, method := range declared.Methods {
			if method.Level == 0 { // not promoted
				methods[folder+" "+declared.Name]++
			}
		}
	}
	return methods
}

func tooLarge(methods map[string]int) []string {
	var problems []string
	for name, n := range methods {
		if n > mostMethods {
			problems = append(problems, fmt.Sprintf("%s has %d methods, more than %d", name, n, mostMethods))
		}
	}
	slices.Sort(problems)
	return problems
}
