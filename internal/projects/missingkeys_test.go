package projects_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

// TestMissingKeys deletes a user's key in IAM, and replaces it.
func TestMissingKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		ctx := t.Context()
		must(t, w.process().CreateProject(ctx, acme()))
		user := rotated(nil, "")
		must(t, w.process().Create(ctx, "acme", user, projects.As("one")))
		s := w.process()
		missing, err := s.MissingKeys(ctx, "acme", "partner")
		if err != nil || len(missing) > 0 {
			t.Errorf("missing %v, error %v", missing, err)
		}
		for id := range w.keys() {
			_, err := w.member().IAM.DeleteAccessKey(
				ctx, &iam.DeleteAccessKeyInput{UserName: aws.String("acme-partner"), AccessKeyId: aws.String(id)},
			)
			must(t, err)
		}
		if missing, err = s.MissingKeys(ctx, "acme", "partner"); err != nil || !slices.Equal(missing, []model.Slot{model.SlotA}) {
			t.Fatalf("missing %v, error %v", missing, err)
		}
		secret := w.read(projects.Verified).Contents.Credentials["partner"].SecretARN
		replaced := rotated(&user, "leaked")
		replaced.AccessKey.Keys = replaced.AccessKey.NextWithout(user.AccessKey, missing, time.Now())
		must(t, s.Update(ctx, "acme", replaced, projects.As("one"), projects.From(user)))
		w.wantKeys(replaced)
		if now := w.read(projects.Verified).Contents.Credentials["partner"].SecretARN; now != secret {
			t.Errorf("the ARN of the secret changed from %s to %s", secret, now)
		}
	})
}
