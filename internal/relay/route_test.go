package relay

import (
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/mirror"
)

// TestSees checks that a client sees the projects that its token names, by their exact names.
func TestSees(t *testing.T) {
	for _, c := range []struct {
		projects []string
		project  string
		want     bool
	}{
		{[]string{"acme", "globex"}, "acme", true},
		{[]string{"acme", "globex"}, "globex", true},
		{[]string{"acme"}, "acme-x", false},
		{[]string{"acme"}, "acmex", false},
		{[]string{"acme-x"}, "acme", false},
		{[]string{"acme"}, "ACME", false},
		{[]string{"acme"}, "Acme", false},
		{[]string{"ACME"}, "acme", false},
		{[]string{"ACME"}, "ACME", false}, // no project can have the name
		{[]string{"acme"}, "", false},
		{[]string{""}, "", false},
		{nil, "acme", false},
		{[]string{"acme"}, mirror.Directory, false},
		{[]string{mirror.Directory}, mirror.Directory, false},
		{[]string{Everything}, "acme", true},
		{[]string{Everything}, mirror.Directory, true},
		{[]string{Everything}, "ACME", false},
		{[]string{Everything}, "acme/../globex", false},
		{[]string{"acme", Everything}, "globex", true},
	} {
		if got := (client{projects: c.projects}).sees(c.project); got != c.want {
			t.Errorf("a client of %v sees %q: %v", c.projects, c.project, got)
		}
	}
}
