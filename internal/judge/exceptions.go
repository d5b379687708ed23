package judge

import (
	_ "embed" // for the list
	"fmt"
	"path"
	"strings"
)

// Finding is a problem of a resource. Resource is its logical ID, "" for the whole template.
type Finding struct {
	Judge, ID, Template, Resource, Type, Text string
}

func (f Finding) String() string {
	return fmt.Sprintf("%s: %s %s (%s): %s: %s", f.Judge, f.Template, f.Resource, f.Type, f.ID, f.Text)
}

// Exception is an accepted finding. Where is a pattern for template/logical ID, as in path.Match.
type Exception struct {
	ID, Type, Where, Reason string
}

//go:embed exceptions.txt
var exceptions string

// Exceptions returns the list of exceptions.
func Exceptions() ([]Exception, error) {
	var result []Exception
	err := eachException("exceptions.txt", exceptions, "an id, a type, a place and a reason", func(words [4]string) error {
		result = append(result, Exception{words[0], words[1], words[2], words[3]})
		_, err := path.Match(words[2], "")
		return err
	})
	return result, err
}

// eachException calls add for the lines of a list: three words and the reason. # begins a comment.
func eachException(file, text, parts string, add func(words [4]string) error) error {
	for n, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		words := strings.Fields(line)
		if len(words) < 4 {
			return fmt.Errorf("%s:%d: an exception needs %s", file, n+1, parts)
		}
		if err := add([4]string{words[0], words[1], words[2], strings.Join(words[3:], " ")}); err != nil {
			return fmt.Errorf("%s:%d: %w", file, n+1, err)
		}
	}
	return nil
}

func (e Exception) covers(f Finding) bool {
	match, _ := path.Match(e.Where, f.Template+"/"+f.Resource)
	return match && e.ID == f.ID && e.Type == f.Type
}

// Judge returns the findings without an exception, and the exceptions without a finding.
func Judge(findings []Finding, accepted []Exception) (rest []Finding, unused []Exception) {
	used := make([]bool, len(accepted))
	for _, f := range findings {
		covered := false
		for i, e := range accepted {
			if e.covers(f) {
				used[i], covered = true, true
			}
		}
		if !covered {
			rest = append(rest, f)
		}
	}
	for i, e := range accepted {
		if !used[i] {
			unused = append(unused, e)
		}
	}
	return rest, unused
}
