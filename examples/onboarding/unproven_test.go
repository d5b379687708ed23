package onboarding_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stowage/terraform-provider-stowage/examples/onboarding"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// TestProvisioner_EveryAnswer creates and deletes a project as the template's role under each
// unproven answer about rights.
func TestProvisioner_EveryAnswer(t *testing.T) {
	for _, id := range []string{
		unproven.ParameterReadBack, unproven.LogGroupReadBack, unproven.LoginProfileReadBack, unproven.CreationResourceAccount,
	} {
		rule, _ := unproven.Find(id)
		for _, answer := range rule.Answers {
			t.Run(id+"/"+answer, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := answering(t, onboarding.Account, unproven.Answers{id: answer})
					must(t, w.briefLife())
				})
			})
		}
	}
}

// TestProvisioner_WithoutResourceAccount shows the purpose of the template's condition: with
// aws:ResourceAccount as a requirement, no bucket can be created if S3 omits it.
func TestProvisioner_WithoutResourceAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		strict := strings.ReplaceAll(onboarding.Account, "StringEqualsIfExists:", "StringEquals:")
		if strict == onboarding.Account {
			t.Fatal("the template has no such condition")
		}
		must(t, answering(t, strict, unproven.Answers{unproven.CreationResourceAccount: unproven.Set}).briefLife())
		err := answering(t, strict, unproven.Answers{unproven.CreationResourceAccount: unproven.Unset}).briefLife()
		if err == nil || !strings.Contains(err.Error(), "not authorized to perform: s3:Put") {
			t.Errorf("the error is %v", err)
		}
	})
}

func answering(t *testing.T, template string, answers unproven.Answers) *world {
	t.Helper()
	return &world{t: t, box: sandbox.New(sandbox.Options{Seed: 1, Onboarding: template, Answers: answers})}
}

// briefLife creates a project with a locked bucket, a user and an SFTP server, and deletes it.
func (w *world) briefLife() error {
	ctx := w.t.Context()
	if err := w.process().CreateProject(ctx, project(model.Empty, true)); err != nil {
		return err
	}
	s := w.process()
	entities := []model.Entity{
		bucket(
			"locked",
			func(b *model.Bucket) { b.ObjectLock = &model.ObjectLock{Mode: "GOVERNANCE", Days: 1} },
		),
		userWithKey(),
	}
	for _, e := range entities {
		if err := s.Create(ctx, "acme", e); err != nil {
			return err
		}
	}
	for _, e := range entities {
		if err := s.Delete(ctx, "acme", e.ID()); err != nil {
			return err
		}
	}
	return s.DeleteProject(ctx, "acme")
}
