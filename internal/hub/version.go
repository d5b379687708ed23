package hub

import (
	"cmp"
	"regexp"
	"strconv"
)

// releasePattern matches the versions of releases, with an optional pre-release (Semantic
// Versioning 2.0.0).
var releasePattern = regexp.MustCompile(`^([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)

// OlderRelay reports whether one version of the relay is older than another. Versions of development
// builds are neither older nor newer. Pre-releases of one version are compared as texts.
func OlderRelay(version, than string) bool {
	a, b := releasePattern.FindStringSubmatch(version), releasePattern.FindStringSubmatch(than)
	if a == nil || b == nil {
		return false
	}
	for i := 1; i <= 3; i++ {
		x, _ := strconv.Atoi(a[i]) // digits
		y, _ := strconv.Atoi(b[i])
		if order := cmp.Compare(x, y); order != 0 {
			return order < 0
		}
	}
	return a[4] != "" && (b[4] == "" || a[4] < b[4])
}
