package onboarding_test

import (
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stowage/terraform-provider-stowage/examples/onboarding"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/model/modeltest"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

const reader = "arn:aws:sts::" + account + ":assumed-role/StowageReader"

// unusedByReader lists actions of the reader that the sandbox cannot show to be needed, by the
// reason why they are allowed.
var unusedByReader = map[string][]string{
	"for a plan, for data.stowage_project, and for recovery": {
		"s3:GetAccountPublicAccessBlock", "cloudformation:ListStackResources", "cloudformation:DetectStackResourceDrift",
	},
	"for types that the sandbox does not compare": {"secretsmanager:GetResourcePolicy"},
}

// uncovered are the resources of entities that are not compared, by type.
var uncovered = map[string]int{
	"AWS::SecretsManager::Secret": 2, "AWS::SecretsManager::ResourcePolicy": 1,
}

// entities adds an entity of each kind to the project acme.
func (w *world) entities() {
	w.t.Helper()
	user := userWithKey()
	user.SFTP, user.SecretReaders = &model.SFTP{PublicKeys: []string{modeltest.PublicKey(1)}}, []string{"arn:aws:iam::444455556666:root"}
	s := w.process()
	for _, e := range []model.Entity{
		bucket("inbox"), user, model.Permission{User: "partner", Bucket: "inbox", Access: model.Read},
	} {
		must(w.t, s.Create(w.t.Context(), "acme", e))
	}
}

// TestProvisioner_ComparesStacks compares a project with AWS as the provisioner, for detect_drift. It
// covers what the reader covers, and secrets.
func TestProvisioner_ComparesStacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, onboarding.Account)
		must(t, w.process().CreateProject(t.Context(), project(model.Empty, true)))
		w.entities()
		found, err := w.process().DetectDrift(t.Context(), "acme", func(string) {})
		must(t, err)
		want := maps.Clone(uncovered)
		delete(want, "AWS::SecretsManager::Secret")
		if len(found) != 1 || len(found[0].Differences) > 0 || !maps.Equal(found[0].Uncovered, want) {
			t.Errorf("the comparison is %+v, want without %v", found, want)
		}
	})
}

// TestReader_ComparesStacks compares a project with AWS as the reader. Nothing but the values of
// secrets is refused, and every allowed action is used.
func TestReader_ComparesStacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, onboarding.Account)
		ctx := t.Context()
		must(t, w.process().CreateProject(ctx, project(model.Empty, true)))
		w.entities()
		clients := w.as(sandbox.HubAccount)
		comparing := projects.New(projects.Config{
			Clients: clients, Hub: sandbox.HubName, RoleName: "StowageReader", ReadMode: projects.Verified, Writer: "relay",
		})
		for range 4 {
			_, err := comparing.Synchronizer().RefreshAndCheck(ctx, "acme", 24*time.Hour)
			must(t, err)
			time.Sleep(5 * time.Minute)
		}
		snapshot, err := mirror.New(clients.Hub().DynamoDB, "stowage").Read(ctx, "acme")
		must(t, err)
		found := snapshot.Drifts[0]
		if found == nil || found.Checked.IsZero() || len(found.Drift.Differences) > 0 {
			t.Fatalf("the comparison is %+v", found)
		}
		if !maps.Equal(found.Drift.Uncovered, uncovered) {
			t.Errorf("not compared: %v, want %v", found.Drift.Uncovered, uncovered)
		}
		used, allowed := map[string]bool{}, w.allowed("StowageReader")
		for _, p := range w.box.Permissions()[reader] {
			used[p.Action] = true
		}
		for _, action := range slices.Sorted(maps.Keys(allowed)) {
			if reasoned := slices.Contains(slices.Concat(slices.Collect(maps.Values(unusedByReader))...), action); used[action] == reasoned {
				t.Errorf("%s is allowed (%s); used: %v, listed as unused: %v", action, allowed[action], used[action], reasoned)
			}
		}
	})
}
