package acceptance_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// budgets are the AWS calls of a plan of one project, whatever its size, as internal/projects documents them.
var budgets = map[string]map[string]int{
	"verified": {
		"sts.GetCallerIdentity": 1, "ssm.GetParameter": 1, "dynamodb.Query": 1, "sts.AssumeRole": 1, "cloudformation.DescribeStacks": 1,
	},
	"cached": {"sts.GetCallerIdentity": 1, "ssm.GetParameter": 1, "dynamodb.Query": 1},
	// The directory and the project's stack are read in one piece each: described, read, described again.
	"authoritative": {
		"sts.GetCallerIdentity": 1, "ssm.GetParameter": 1, "sts.AssumeRole": 1, "cloudformation.DescribeStacks": 4, "cloudformation.GetTemplate": 2,
	},
}

// example makes a workspace of a directory under examples.
func (w *world) example(dir string) *workspace {
	w.t.Helper()
	s := &workspace{w.t, w.t.TempDir(), w.environment()}
	if err := os.CopyFS(s.dir, os.DirFS(filepath.Join(repository, dir))); err != nil {
		w.t.Fatal(err)
	}
	return s
}

func TestQuickstart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.example("examples/quickstart")
	s.apply()
	s.planIsEmpty()
	for mode, budget := range budgets {
		s.env["STOWAGE_READ_CONSISTENCY"] = mode
		w.wantCalls(w.counted(func() { s.planIsEmpty() }), budget)
	}

	c := w.clients()
	want := []string{
		"acme-archive-111122223333-eu-west-1-an", "acme-inbox-111122223333-eu-west-1-an", "acme-outbox-111122223333-eu-west-1-an",
		"stowage-acme-logs-111122223333-eu-west-1-an", "stowage-acme-templates-111122223333-eu-west-1-an",
	}
	if diff := cmp.Diff(want, c.buckets()); diff != "" {
		t.Errorf("buckets (-want +got):\n%s", diff)
	}

	s.destroy()
	c.wantNothingLeft()
}

// TestExamplesCanBePlanned plans every example that stands on its own: those that name the provider. The others are excerpts
// for the docs.
func TestExamplesCanBePlanned(t *testing.T) {
	t.Parallel()
	roots := map[string]bool{}
	err := filepath.WalkDir(filepath.Join(repository, "examples"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".tf" {
			return err
		}
		content, err := os.ReadFile(path)
		if strings.Contains(string(content), "stowage/stowage") { // not those of other providers
			dir, _ := filepath.Rel(repository, filepath.Dir(path))
			roots[dir] = true
		}
		return err
	})
	if err != nil || !roots["examples/quickstart"] {
		t.Fatalf("the examples can't be listed: %v, %v", roots, err)
	}
	for dir := range roots {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			if o := newWorld(t).example(dir).tryPlan(); o.code == 1 {
				t.Errorf("it can't be planned:\n%s", o.raw)
			}
		})
	}
}
