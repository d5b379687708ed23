package conformance

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
)

// doubt are the words that mark, in the sandbox's comments, what neither AWS's documentation nor a recording says.
var doubt = regexp.MustCompile(`(?i)\b(deduced|deductions?|unconfirmed)\b`)

// Unproven lists the sandbox's rules that nobody has seen AWS follow: place and comment, in the order of the files below root.
func Unproven(root string) ([]string, error) {
	var found []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.ParseComments)
		if err != nil {
			return fmt.Errorf("reading the comments of %s: %w", path, err)
		}
		for _, group := range file.Comments {
			for _, paragraph := range strings.Split(group.Text(), "\n\n") {
				if doubt.MatchString(paragraph) && !strings.HasPrefix(paragraph, "#") {
					found = append(found, fmt.Sprintf("%s:%d: %s", path, files.Position(group.Pos()).Line, strings.Join(strings.Fields(paragraph), " ")))
				}
			}
		}
		return nil
	})
	return found, err
}
