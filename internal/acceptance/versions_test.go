package acceptance_test

import (
	"strings"
	"testing"
)

// TestWhatANewerVersionWroteIsRefused raises the format of one bucket's mark, as a newer version of the provider would. This one
// says so, for every object of the project, and changes nothing.
func TestWhatANewerVersionWroteIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.workspace(acmeProject).apply()
	s := w.workspace(bucketOf("inbox") + userOf("partner"))
	s.apply()
	c := w.clients()
	c.edit("acme", func(template string) string {
		newer := strings.Replace(template, `"format":1,"compiler":2,"of":{"kind":"bucket"`, `"format":9,"compiler":9,"of":{"kind":"bucket"`, 1)
		if newer == template {
			t.Fatalf("the template marks no bucket:\n%s", template)
		}
		return newer
	})
	before := c.template("acme")
	calls := w.counted(func() {
		for _, o := range []outcome{s.tryPlan(), s.tryApply()} {
			o.fails("A newer version of the provider wrote its stack", "was written in format 9", "Upgrade the provider.")
		}
	})
	w.wantNoWrite(calls)
	if c.template("acme") != before {
		t.Error("the template has changed")
	}
}
