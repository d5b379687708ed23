package layout

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Maximum numbers of lines, tests excepted: a longer file has more than one subject, a longer
// function does more than one level of work.
const (
	mostLines         = 500 // of a file
	mostFunctionLines = 80  // of a function, with its signature and closing brace
)

func TestLinesPerFile(t *testing.T) {
	lengths := map[string]int{}
	for path, source := range sources(t) {
		lengths[path] = bytes.Count(source, []byte("\n"))
	}
	if lengths["internal/commit/engine.go"] == 0 {
		t.Error("the lines of the commit engine are not counted")
	}
	for _, problem := range tooLong(lengths, mostLines) {
		t.Error(problem)
	}
}

func TestLinesPerFunction(t *testing.T) {
	lengths := map[string]int{}
	for path, source := range sources(t) {
		for name, n := range functionLines(t, source) {
			lengths[path+" "+name] = n
		}
	}
	if lengths["internal/commit/engine.go Engine.Observe"] == 0 {
		t.Error("the lines of the commit engine's Observe are not counted")
	}
	for _, problem := range tooLong(lengths, mostFunctionLines) {
		t.Error(problem)
	}
}

func TestTooLong(t *testing.T) {
	got := tooLong(map[string]int{"internal/a.go": 500, "internal/b.go": 501}, 500)
	if want := []string{"internal/b.go has 501 lines, more than 500"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	counted := functionLines(t, []byte("package p\n\n// F does.\nfunc F() {\n\t// why\n\n}\n\nfunc (*T) M() {}\n\nfunc (t G[K, V]) N() {\n}\n"))
	for name, want := range map[string]int{"F": 4, "T.M": 1, "G.N": 2} {
		if counted[name] != want {
			t.Errorf("%s has %d lines, want %d", name, counted[name], want)
		}
	}
}

func sources(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
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
		files[path], err = fs.ReadFile(root, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// functionLines counts the lines of the functions in a file, by name; a method has its type before
// its name.
func functionLines(t *testing.T, source []byte) map[string]int {
	t.Helper()
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, "", source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	lengths := map[string]int{}
	for _, d := range parsed.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		name := f.Name.Name
		if f.Recv != nil {
			name = receiver(f.Recv.List[0].Type) + "." + name
		}
		lengths[name] = files.Position(f.End()).Line - files.Position(f.Pos()).Line + 1
	}
	return lengths
}

func receiver(expression ast.Expr) string {
	for {
		switch e := expression.(type) {
		case *ast.StarExpr:
			expression = e.X
		case *ast.IndexExpr:
			expression = e.X
		case *ast.IndexListExpr:
			expression = e.X
		case *ast.Ident:
			return e.Name
		default:
			return ""
		}
	}
}

func tooLong(lengths map[string]int, most int) []string {
	var problems []string
	for name, n := range lengths {
		if n > most {
			problems = append(problems, fmt.Sprintf("%s has %d lines, more than %d", name, n, most))
		}
	}
	slices.Sort(problems)
	return problems
}
