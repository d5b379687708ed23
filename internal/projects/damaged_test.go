package projects_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// settingsOf are the settings in the metadata of a resource.
func settingsOf(resources map[string]any, logicalID string) map[string]any {
	metadata, _ := edited(resources, logicalID)["Metadata"].(map[string]any)
	mark, _ := metadata["Stowage"].(map[string]any)
	settings, _ := mark["settings"].(map[string]any)
	return settings
}

// holds fails the test unless a bucket exists and has an object.
func (w *world) holds(bucketName string) {
	w.t.Helper()
	out, err := w.member().S3.ListObjectVersions(
		w.t.Context(), &s3.ListObjectVersionsInput{Bucket: aws.String(bucketName)},
	)
	must(w.t, err)
	if len(out.Versions) == 0 {
		w.t.Errorf("the bucket %s is empty", bucketName)
	}
}

// TestDamagedMetadataDeletesNothing: the metadata of a bucket names another bucket. Deleting the
// first touches neither.
func TestDamagedMetadataDeletesNothing(t *testing.T) {
	for _, onDelete := range []model.OnDelete{model.Empty, model.Refuse, model.Retain} {
		for _, m := range []projects.ReadMode{projects.Verified, projects.Authoritative} {
			t.Run(string(onDelete)+", "+string(m), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, false)
					s := w.one(onDelete)
					must(t, s.Create(t.Context(), "acme", with(bucket("archive"), model.Refuse)))
					if onDelete == model.Empty {
						w.put(physical("archive"), "report.csv")
					}
					w.byHand(func(resources map[string]any) {
						settingsOf(resources, "Bucketinbox")["bucket_name"] = physical("archive")
					})
					var mismatch *template.MismatchError
					if err := w.process(mode(m)).Delete(t.Context(), "acme", bucket("inbox").ID()); !errors.As(err, &mismatch) {
						t.Errorf("deleting it: %v", err)
					}
					if onDelete == model.Empty {
						w.holds(physical("archive"))
					}
					if !w.buckets()[physical("archive")] || !w.buckets()[physical("inbox")] {
						t.Errorf("buckets %v", w.buckets())
					}
					// An update repairs the metadata, then it is deleted.
					must(t, w.process().Update(t.Context(), "acme", with(bucket("inbox"), onDelete)))
					must(t, w.process().Delete(t.Context(), "acme", bucket("inbox").ID()))
					if !w.buckets()[physical("archive")] || w.buckets()[physical("inbox")] != (onDelete == model.Retain) {
						t.Errorf("buckets after the deletion: %v", w.buckets())
					}
				})
			})
		}
	}
}

// TestDamagedMetadata_OldMirror: a mirror that an older version wrote has the name from the metadata.
func TestDamagedMetadata_OldMirror(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.one(model.Refuse)
		must(t, s.Create(t.Context(), "acme", with(bucket("archive"), model.Refuse)))
		w.byHand(func(resources map[string]any) {
			settingsOf(resources, "Bucketinbox")["bucket_name"] = physical("archive")
		})
		w.read(projects.Verified) // brings the mirror up to date
		items := w.items()
		for _, item := range items {
			contents, ok := item["contents"].(*types.AttributeValueMemberM)
			if !ok || contents.Value["buckets"] == nil {
				continue
			}
			delete(contents.Value, "mismatches")
			buckets, _ := contents.Value["buckets"].(*types.AttributeValueMemberL)
			for _, b := range buckets.Value {
				fields, _ := b.(*types.AttributeValueMemberM)
				fields.Value["bucket_name"] = &types.AttributeValueMemberS{Value: physical("archive")}
			}
		}
		w.restoreMirror(items)
		var mismatch *template.MismatchError
		if err := w.process().Delete(t.Context(), "acme", bucket("inbox").ID()); !errors.As(err, &mismatch) {
			t.Errorf("deleting it: %v", err)
		}
		if !w.buckets()[physical("archive")] {
			t.Error("another bucket was deleted")
		}
	})
}

// TestBuckets_SameAsTemplate: deleting a project touches only the log and template
// buckets that its template has.
func TestBuckets_SameAsTemplate(t *testing.T) {
	for name, test := range map[string]struct {
		edit     func(resources map[string]any)
		mismatch bool
	}{
		"the log bucket was taken out of the template": {func(resources map[string]any) {
			delete(resources, "LogBucket")
			delete(resources, "LogBucketPolicy")
		}, false},
		"the metadata names another project": {func(resources map[string]any) {
			settingsOf(resources, "Key")["name"] = "globex"
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, false)
				must(t, w.process().CreateProject(t.Context(), project(model.Empty)))
				w.put(logs(), "log")
				other := model.LogBucketName("globex", account, "eu-west-1")
				_, err := w.member().S3.CreateBucket(t.Context(), &s3.CreateBucketInput{
					Bucket:                    aws.String(other),
					BucketNamespace:           s3types.BucketNamespaceAccountRegional,
					CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"},
				})
				must(t, err)
				w.put(other, "log")
				w.byHand(test.edit)
				must(t, w.process().DeleteProject(t.Context(), "acme"))
				w.holds(other)
				if there := w.buckets()[logs()]; there != (name == "the log bucket was taken out of the template") {
					t.Errorf("buckets %v", w.buckets())
				}
			})
		})
	}
}

// TestProject_NotReopened: one process deletes a project and has given its key up when another
// one, which has planned before, updates the project, and a third one creates a bucket in it.
func TestProject_NotReopened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		must(t, w.process().CreateProject(t.Context(), acme()))
		planner := w.process()
		_, err := planner.Read(t.Context(), "acme")
		must(t, err)
		var update, create error
		deleter := w.process(func(c *projects.Config) {
			c.Clients = w.clientsBy(sandbox.HubAccount, before("DeleteStack", "stowage-acme-0", func() {
				update = planner.UpdateProject(t.Context(), project(model.Retain))
				create = w.process().Create(t.Context(), "acme", bucket("inbox"))
			}))
		})
		must(t, deleter.DeleteProject(t.Context(), "acme"))
		if !model.IsConflict(update, model.ConflictClosing) || !model.IsConflict(create, model.ConflictClosing) {
			t.Errorf("updating it: %v; creating a bucket in it: %v", update, create)
		}
		w.nothingIsLeft()
	})
}
