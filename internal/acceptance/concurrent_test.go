package acceptance_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestWritersDontDisturbEachOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.workspace(acmeProject).apply()
	w.slow(100*time.Millisecond, 400*time.Millisecond)

	var workspaces []*workspace
	for _, name := range []string{"red", "green", "blue"} {
		var configuration strings.Builder
		for i := range 3 {
			configuration.WriteString(bucketOf(fmt.Sprintf("%s-%d", name, i)))
		}
		configuration.WriteString(userOf(name) + permissionOf("p", name, name+"-0", `access = "read"`,
			after("stowage_project_user."+name+", stowage_project_bucket."+name+"-0")))
		workspaces = append(workspaces, w.workspace(configuration.String()))
	}
	outcomes := make([]outcome, len(workspaces))
	var running sync.WaitGroup
	for i, s := range workspaces {
		running.Go(func() { outcomes[i] = s.tryApply() })
	}
	running.Wait()
	for _, o := range outcomes {
		o.succeeds().says("5 added, 0 changed, 0 destroyed")
	}
	for _, s := range workspaces {
		s.planIsEmpty()
	}
	c := w.clients()
	if buckets := c.buckets(); len(buckets) != 3*3+2 { // and the project's own two
		t.Errorf("buckets: %v", buckets)
	}
	if users := c.users(); len(users) != 3 {
		t.Errorf("users: %v", users)
	}
}

// TestManyBucketsShareCommits counts the commits of an apply. At parallelism p, Terraform creates
// at most p of n resources concurrently, so there are at least n/p batches. The first batch may
// leave before all p are there, which adds one.
func TestManyBucketsShareCommits(t *testing.T) {
	t.Parallel()
	const n, parallelism = 30, 10
	w := newWorld(t)
	s := w.workspace(acmeProject)
	s.apply()
	s.write(acmeProject + `
resource "stowage_project_bucket" "many" {
  count   = ` + fmt.Sprint(n) + `
  project = stowage_project.acme.name
  name    = "many-${count.index}"
}
`)
	calls := w.counted(func() { s.apply(fmt.Sprintf("-parallelism=%d", parallelism)).says(fmt.Sprintf("%d added", n)) })
	if commits, most := calls["cloudformation.ExecuteChangeSet"], n/parallelism+1; commits > most {
		t.Errorf("%d buckets at parallelism %d took %d commits, want at most %d", n, parallelism, commits, most)
	}
	w.wantCalls(w.counted(func() { s.planIsEmpty() }), budgets["verified"])
}
