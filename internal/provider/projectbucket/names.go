package projectbucket

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// maxName is the length of the longest name of a bucket in a project.
const maxName = 32

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// nameFor makes the name that an existing bucket gets in a project out of its physical name: without
// the project's name in front, cut, and with a number where the name is taken.
func nameFor(project, physical string, taken func(name string) bool) string {
	base := strings.TrimPrefix(strings.ToLower(physical), project+"-")
	if base = strings.Trim(notInNames.ReplaceAllString(base, "-"), "-"); base == "" {
		base = "bucket"
	}
	for n := 1; ; n++ {
		suffix := ""
		if n > 1 {
			suffix = fmt.Sprintf("-%d", n)
		}
		name := strings.TrimRight(base[:min(len(base), maxName-len(suffix))], "-") + suffix
		if !taken(name) && allowed(name) {
			return name
		}
	}
}

// allowed reports whether a bucket may have a name; a number makes every reserved or short name
// allowed.
func allowed(name string) bool {
	for _, problem := range (model.Bucket{Name: name, OnDelete: model.Refuse}).Problems() {
		if problem.Field == "name" {
			return false
		}
	}
	return true
}
