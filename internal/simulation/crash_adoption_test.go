package simulation

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

// adopted is the bucket of these tests as the configuration wants it.
var adopted = model.Bucket{
	Name: "old", BucketName: "legacy", Lifecycle: model.DefaultLifecycle(), OnDelete: model.Refuse,
	UnmodeledSettings: model.KeepUnmodeled,
}

// TestCrashAtEveryStepOfAnAdoption is TestCrashAtEveryStep for the adoption of a bucket. The next
// plan and its apply complete it.
func TestCrashAtEveryStepOfAnAdoption(t *testing.T) {
	var before string
	atEveryStep(t, 0, func(w *world, first, next *process) {
		founder := w.start("founder", 1)
		if err := founder.CreateProject(founder.ctx, acme()); err != nil {
			w.problem("setup", "%v", err)
			return
		}
		w.makeLegacy()
		before = w.contents("legacy")
		if err := w.adopt(founder, first); err != nil && !first.crashed() {
			w.problem("outcomes", "%v", err)
		}
		if !first.crashed() {
			return
		}
		time.Sleep(time.Second)
		// The bucket is read by the plan, and written by the apply. An operation that still runs makes
		// the plan wait, or fail: the one after it succeeds.
		err := w.adopt(next, next)
		for range 10 {
			if err == nil {
				break
			}
			time.Sleep(time.Minute)
			err = w.adopt(next, next)
		}
		if err != nil {
			w.problem("outcomes", "the next apply: %v", err)
		}
	}, func(w *world) {
		if after := w.contents("legacy"); after != before {
			w.problem("end", "the bucket held %s and holds %s", before, after)
		}
		reader := w.start("reader", 20, func(c *projects.Config) { c.ReadMode = projects.Authoritative })
		view, err := reader.Read(reader.ctx, project)
		if err != nil {
			w.problem("end", "%v", err)
			return
		}
		there, _ := view.Contents.Of(adopted.ID())
		bucket, _ := there.(model.Bucket)
		drift := view.Contents.DriftOf(adopted.ID())
		if bucket.BucketName != "legacy" || bucket.Adoption == nil || bucket.Adoption.Begun || len(drift) > 0 {
			w.problem("end", "the model has %+v, drift %v", bucket, drift)
		}
	})
}

// adopt plans the adoption by one process, and applies it by another.
func (w *world) adopt(planner, applier *process) error {
	view, err := planner.Read(planner.ctx, project)
	if err != nil {
		return err
	}
	if there, begun := view.Contents.Of(adopted.ID()); begun {
		prior, _ := there.(model.Bucket)
		prior.Adoption = nil
		return applier.Update(applier.ctx, project, adopted, projects.As("one"), projects.From(prior))
	}
	live, err := planner.Existing(planner.ctx, project, adopted.Name, adopted.BucketName)
	if err != nil {
		return err
	}
	prior := live.Entity(view.Contents.Env, adopted.Name, "")
	prior.Adoption = nil
	return applier.Adopt(applier.ctx, project, projects.Adoption{
		Prior: prior, Planned: adopted, Live: live, Incarnation: "one",
	})
}

// makeLegacy makes the bucket, with two versions of an object.
func (w *world) makeLegacy() {
	w.t.Helper()
	client := s3.NewFromConfig(w.person("owner"))
	ctx, bucket := context.WithoutCancel(w.t.Context()), aws.String("legacy")
	_, err := client.CreateBucket(ctx, &s3.CreateBucketInput{
		Bucket: bucket, CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: region},
	})
	if err == nil {
		_, err = client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
			Bucket: bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
		})
	}
	for _, text := range []string{"one", "two"} {
		if err == nil {
			_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String("data"), Body: strings.NewReader(text)})
		}
	}
	if err != nil {
		w.problem("setup", "%v", err)
	}
}

// contents are the versions in a bucket.
func (w *world) contents(bucket string) string {
	w.t.Helper()
	out, err := s3.NewFromConfig(w.person("owner")).ListObjectVersions(
		context.WithoutCancel(w.t.Context()), &s3.ListObjectVersionsInput{Bucket: aws.String(bucket)},
	)
	if err != nil {
		return err.Error()
	}
	var versions []string
	for _, v := range out.Versions {
		versions = append(versions, fmt.Sprint(aws.ToString(v.Key), " ", aws.ToString(v.VersionId), " ", aws.ToString(v.ETag)))
	}
	return strings.Join(versions, ", ")
}
