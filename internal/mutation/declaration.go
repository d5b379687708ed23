package mutation

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

type declaration struct {
	name   string
	file   string // relative to the repository's root
	source []byte // of the file
	offset int    // of the declaration in source
	end    int
}

// find finds the declaration that Defect.In names.
func find(root, in string) (declaration, error) {
	folder, name, ok := strings.Cut(in, " ")
	if !ok {
		return declaration{}, fmt.Errorf("%q does not name a package and a declaration", in)
	}
	paths, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
	if err != nil {
		return declaration{}, err
	}
	var found []declaration
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return declaration{}, err
		}
		files := token.NewFileSet()
		parsed, err := parser.ParseFile(files, path, source, parser.SkipObjectResolution)
		if err != nil {
			return declaration{}, err
		}
		for _, d := range parsed.Decls {
			for _, n := range named(d) {
				if n.name != name {
					continue
				}
				offset, end := files.Position(n.node.Pos()).Offset, files.Position(n.node.End()).Offset
				found = append(
					found,
					declaration{name: in, file: filepath.Join(folder, filepath.Base(path)), source: source, offset: offset, end: end},
				)
			}
		}
	}
	if len(found) != 1 {
		return declaration{}, fmt.Errorf("%q is declared %d times, not once", in, len(found))
	}
	return found[0], nil
}

type namedNode struct {
	name string
	node ast.Node
}

// named returns the names that a declaration declares. A method's is Type.Method.
func named(d ast.Decl) []namedNode {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			return []namedNode{{d.Name.Name, d}}
		}
		return []namedNode{{receiver(d.Recv.List[0].Type) + "." + d.Name.Name, d}}
	case *ast.GenDecl:
		var all []namedNode
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					all = append(all, namedNode{name.Name, spec})
				}
			case *ast.TypeSpec:
				all = append(all, namedNode{spec.Name.Name, spec})
			}
		}
		return all
	}
	return nil
}

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

// once returns the position of a text's tokens in the declaration's file.
func (d declaration) once(text string) (first, last int, err error) {
	have, want := tokens(d.source[d.offset:d.end]), tokens([]byte(text))
	if len(want) == 0 {
		return 0, 0, fmt.Errorf("no text to replace in %s", d.name)
	}
	n := 0
	for i := 0; i+len(want) <= len(have); i++ {
		if slices.EqualFunc(have[i:i+len(want)], want, func(a, b goToken) bool { return a.text == b.text }) {
			n++
			first, last = d.offset+have[i].offset, d.offset+have[i+len(want)-1].end
		}
	}
	if n != 1 {
		return 0, 0, fmt.Errorf("%q occurs %d times in %s, not once", text, n, d.name)
	}
	return first, last, nil
}

type goToken struct {
	text        string
	offset, end int
}

// tokens returns the tokens of Go source, without comments and automatic semicolons.
func tokens(source []byte) []goToken {
	files := token.NewFileSet()
	file := files.AddFile("", files.Base(), len(source))
	var s scanner.Scanner
	s.Init(file, source, func(token.Position, string) {}, 0)
	var all []goToken
	for {
		pos, kind, literal := s.Scan()
		if kind == token.EOF {
			return all
		}
		if kind == token.SEMICOLON && literal != ";" {
			continue
		}
		text := literal
		if !kind.IsLiteral() {
			text = kind.String()
		}
		offset := file.Offset(pos)
		all = append(all, goToken{text, offset, offset + len(text)})
	}
}
