package layout

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mostMethods is the maximum number of methods of a product type.
const mostMethods = 30

// large are types that still have more methods. No type may be added.
var large = []string{"internal/template editor"}

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
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, receiver := range receivers(file) {
				methods[from+" "+receiver]++
			}
		}
	}
	if methods["internal/projects Service"] == 0 {
		t.Error("the methods of projects.Service are not counted")
	}
	for _, problem := range tooLarge(methods) {
		t.Error(problem)
	}
}

// TestTooLarge checks that the check can fail.
func TestTooLarge(t *testing.T) {
	source := "package p\nfunc (s[T]) a() {}\nfunc (*s[T, U]) b() {}\nfunc (r) c() {}\nfunc d() {}\n"
	file, err := parser.ParseFile(token.NewFileSet(), "", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := receivers(file), []string{"s", "s", "r"}; !slices.Equal(got, want) {
		t.Errorf("receivers %v, want %v", got, want)
	}
	got := tooLarge(map[string]int{
		"internal/template editor": 12,
		"internal/mirror Table": 31, "internal/projects Service": 30,
	})
	want := []string{
		"internal/mirror Table has 31 methods, more than 30",
		"internal/template editor has 12 methods: it is not large any more",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// tooLarge returns the types with too many methods, and those listed as large without need.
func tooLarge(methods map[string]int) []string {
	var problems []string
	for name, n := range methods {
		if n > mostMethods && !slices.Contains(large, name) {
			problems = append(problems, fmt.Sprintf("%s has %d methods, more than %d", name, n, mostMethods))
		}
	}
	for _, name := range large {
		if n := methods[name]; n <= mostMethods {
			problems = append(problems, fmt.Sprintf("%s has %d methods: it is not large any more", name, n))
		}
	}
	slices.Sort(problems)
	return problems
}

// receivers returns the receiver types of a file's methods, one for each method.
func receivers(file *ast.File) []string {
	var types []string
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv == nil {
			continue
		}
		types = append(types, receiver(f.Recv.List[0].Type))
	}
	return types
}

// receiver returns the name of a receiver's type, without its type parameters.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
