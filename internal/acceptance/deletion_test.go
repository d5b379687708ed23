package acceptance_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBucketWithDataIsNotDeleted holds data against everything that would delete it without being told so in words.
func TestBucketWithDataIsNotDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, c := w.workspace(""), w.clients()
	s.applied(acmeProject + bucketOf("inbox", afterProject))
	c.put(physical("inbox"), "incoming/report.csv")
	refusal := "The bucket " + physical("inbox") + " is not empty, and on_delete is \"refuse\"."

	revision := c.revision("acme")
	s.tryDestroy().fails("Unable to Delete Project Bucket", refusal, `first apply on_delete = "empty"`)
	s.write(acmeProject + bucketOf("inbox", `bucket_name = "another-name"`, afterProject))
	s.tryApply().fails(refusal)
	s.write(acmeProject + bucketOf("inbox", afterProject))
	s.tryApply("-replace=stowage_project_bucket.inbox").fails(refusal)
	// What counts is what was applied, not what the configuration has come to say.
	s.write(acmeProject)
	s.tryApply().fails(refusal)
	if now := c.revision("acme"); now != revision {
		t.Errorf("the refusals changed the stack: revision %s, then %s", revision, now)
	}
	s.write(acmeProject + bucketOf("inbox", afterProject))
	s.planIsEmpty()

	s.applied(acmeProject + bucketOf("inbox", `on_delete = "empty"`, afterProject))
	s.applied(acmeProject)
	if buckets := c.buckets(); slices.Contains(buckets, physical("inbox")) {
		t.Errorf("the bucket is still there: %v", buckets)
	}
	s.destroy()
}

// TestRetainedBucketKeepsItsKey leaves a bucket in the account, and with it the key without which its data couldn't be read.
func TestRetainedBucketKeepsItsKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, c := w.workspace(""), w.clients()
	s.applied(acmeProject + bucketOf("inbox", `on_delete = "retain"`, afterProject))
	c.put(physical("inbox"), "incoming/report.csv")
	s.applied(acmeProject)
	if buckets := c.buckets(); !slices.Contains(buckets, physical("inbox")) {
		t.Errorf("the retained bucket is gone: %v", buckets)
	}
	if strings.Contains(c.template("acme"), physical("inbox")) {
		t.Error("the retained bucket is still in the template")
	}
	revision := c.revision("acme")
	s.tryDestroy().fails("Unable to Delete Project", "is still encrypted with the project's key", `on_delete = "retain"`)
	if now := c.revision("acme"); now != revision {
		t.Errorf("the refusal changed the stack: revision %s, then %s", revision, now)
	}

	s.applied(strings.Replace(acmeProject, "name ", "on_delete = \"retain\"\n  name ", 1))
	s.destroy()
	want := []string{physical("inbox"), "stowage-acme-logs-" + account + "-" + region + "-an"}
	if got := c.buckets(); !slices.Contains(got, want[0]) || !slices.Contains(got, want[1]) {
		t.Errorf("buckets (-want +got):\n%s", cmp.Diff(want, got))
	}
	if stacks := c.stacks(); len(stacks) > 0 {
		t.Errorf("these stacks are left: %v", stacks)
	}
}

// TestProjectInUseIsNotDeleted keeps a project whose entities are managed elsewhere.
func TestProjectInUseIsNotDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, tenant, c := w.workspace(acmeProject), w.workspace(bucketOf("inbox")+userOf("partner")), w.clients()
	owner.apply()
	tenant.apply()
	revision := c.revision("acme")
	owner.tryDestroy().fails("Unable to Delete Project", "It is still needed by", "bucket inbox", "user partner")
	if now := c.revision("acme"); now != revision {
		t.Errorf("the refusal changed the stack: revision %s, then %s", revision, now)
	}
	owner.planIsEmpty()
	tenant.planIsEmpty()

	// Another account would be another project: refused as long as this one holds anything, and that while planning.
	owner.write(strings.Replace(acmeProject, account, "444455556666", 1))
	owner.tryPlan().fails("Unable to Replace Project", "can't change its account_id while it holds any")

	owner.write(acmeProject)
	tenant.destroy()
	owner.destroy()
}
