package projects_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	inaccount "github.com/stowage/terraform-provider-stowage/internal/account"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

func (w *world) put(bucketName, key string) {
	w.t.Helper()
	_, err := w.member().S3.PutObject(
		w.t.Context(),
		&s3.PutObjectInput{Bucket: aws.String(bucketName), Key: aws.String(key), Body: strings.NewReader(key)},
	)
	must(w.t, err)
}

// buckets are the physical names of the account's buckets.
func (w *world) buckets() map[string]bool {
	w.t.Helper()
	out, err := w.member().S3.ListBuckets(w.t.Context(), &s3.ListBucketsInput{})
	must(w.t, err)
	names := map[string]bool{}
	for _, b := range out.Buckets {
		names[aws.ToString(b.Name)] = true
	}
	return names
}

func physical(name string) string { return bucket(name).BucketName }

func with(b model.Bucket, onDelete model.OnDelete) model.Bucket {
	b.OnDelete = onDelete
	return b
}

// one makes a project with one bucket.
func (w *world) one(onDelete model.OnDelete) *projects.Service {
	w.t.Helper()
	s := w.process()
	must(w.t, s.CreateProject(w.t.Context(), acme()))
	must(w.t, s.Create(w.t.Context(), "acme", with(bucket("inbox"), onDelete)))
	return s
}

func TestDeleteBucket_WithData(t *testing.T) {
	data := map[string]func(w *world){
		"object": func(w *world) { w.put(physical("inbox"), "report.csv") },
		"delete marker": func(w *world) {
			_, err := w.member().S3.DeleteObject(
				w.t.Context(),
				&s3.DeleteObjectInput{Bucket: aws.String(physical("inbox")), Key: aws.String("report.csv")},
			)
			must(w.t, err)
		},
		"unfinished upload": func(w *world) {
			_, err := w.member().S3.CreateMultipartUpload(
				w.t.Context(),
				&s3.CreateMultipartUploadInput{Bucket: aws.String(physical("inbox")), Key: aws.String("report.csv")},
			)
			must(w.t, err)
		},
	}
	for name, add := range data {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, false)
				s := w.one(model.Refuse)
				add(w)
				before := w.read(projects.Authoritative)
				var full *inaccount.NotEmptyError
				if err := s.Delete(t.Context(), "acme", bucket("inbox").ID()); !errors.As(err, &full) ||
					full.Bucket != physical("inbox") {
					t.Errorf("deleting: %v", err)
				}
				sameView(t, before, w.read(projects.Authoritative))
				if !w.buckets()[physical("inbox")] {
					t.Error("the bucket is gone")
				}
			})
		})
	}
}

func TestDeleteBucket_Empty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.one(model.Empty)
		client, name := w.member().S3, aws.String(physical("inbox"))
		w.put(physical("inbox"), "a")
		w.put(physical("inbox"), "a")
		w.put(physical("inbox"), "b")
		_, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: name, Key: aws.String("b")})
		must(t, err)
		_, err = client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: name, Key: aws.String("c")})
		must(t, err)
		must(t, s.Delete(t.Context(), "acme", bucket("inbox").ID()))
		if w.buckets()[physical("inbox")] {
			t.Error("the bucket is still there")
		}
		if got := len(w.read(projects.Verified).Contents.Buckets); got != 0 {
			t.Errorf("%d buckets in the model, want none", got)
		}
	})
}

// TestDeleteBucket_ModelDecides lets another process take "empty" back after this one has read it.
func TestDeleteBucket_ModelDecides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.one(model.Empty)
		_, err := s.Read(t.Context(), "acme")
		must(t, err)
		must(t, w.process().Update(t.Context(), "acme", with(bucket("inbox"), model.Refuse)))
		w.put(physical("inbox"), "report.csv")
		var full *inaccount.NotEmptyError
		if err := s.Delete(t.Context(), "acme", bucket("inbox").ID()); !errors.As(err, &full) {
			t.Errorf("deleting: %v", err)
		}
	})
}

func TestDeleteBucket_Retain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.one(model.Retain)
		w.put(physical("inbox"), "report.csv")
		must(t, s.Delete(t.Context(), "acme", bucket("inbox").ID()))
		if !w.buckets()[physical("inbox")] {
			t.Error("the bucket is gone")
		}
		if got := len(w.read(projects.Verified).Contents.Buckets); got != 0 {
			t.Errorf("%d buckets in the model, want none", got)
		}
		out, err := w.member().S3.GetObject(
			t.Context(), &s3.GetObjectInput{Bucket: aws.String(physical("inbox")), Key: aws.String("report.csv")},
		)
		must(t, err)
		must(t, out.Body.Close())
	})
}

func TestDeleteBucket_RepeatedAfterInterruption(t *testing.T) {
	for _, operation := range []string{"CreateChangeSet", "ExecuteChangeSet"} {
		t.Run(operation, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, false)
				s := w.one(model.Refuse)
				w.faults(
					sandbox.Fault{Service: "cloudformation", Operation: operation, Effect: sandbox.FailCall, Code: "AccessDenied"},
				)
				if err := s.Delete(t.Context(), "acme", bucket("inbox").ID()); err == nil {
					t.Fatal("a deletion without a commit succeeded")
				}
				if w.buckets()[physical("inbox")] {
					t.Fatal("the bucket was not deleted first: the test shows nothing")
				}
				w.box.ClearFaults()
				if got := len(w.read(projects.Verified).Contents.Buckets); got != 1 {
					t.Errorf("%d buckets in the model, want 1", got)
				}
				must(t, w.process().Delete(t.Context(), "acme", bucket("inbox").ID()))
				if got := len(w.read(projects.Verified).Contents.Buckets); got != 0 {
					t.Errorf("%d buckets in the model, want none", got)
				}
			})
		})
	}
}

// TestDeleteBucket_DataAfterCheck puts an object between the look whether the bucket is
// empty and its deletion.
func TestDeleteBucket_DataAfterCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.one(model.Refuse)
		w.faults(sandbox.Fault{Service: "s3", Operation: "DeleteBucket", Effect: sandbox.Delay, Delay: "5s", Times: 1})
		outcome := make(chan error, 1)
		go func() { outcome <- s.Delete(t.Context(), "acme", bucket("inbox").ID()) }()
		synctest.Wait() // the deletion is on its way
		w.put(physical("inbox"), "report.csv")
		var full *inaccount.NotEmptyError
		if err := <-outcome; !errors.As(err, &full) {
			t.Errorf("deleting: %v", err)
		}
		if got := len(w.read(projects.Verified).Contents.Buckets); got != 1 || !w.buckets()[physical("inbox")] {
			t.Errorf("%d buckets in the model, and %v", got, w.buckets())
		}
	})
}

func TestDeleteBucket_NeededByPermission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.process()
		fill(t, s)
		var used *model.ConflictError
		if err := s.Delete(
			t.Context(), "acme", bucket("inbox").ID(),
		); !errors.As(err, &used) || used.Kind != model.ConflictInUse ||
			len(used.By) != 1 {
			t.Errorf("deleting: %v", err)
		}
		if !w.buckets()[physical("inbox")] {
			t.Error("the bucket is gone")
		}
		if err := s.Delete(t.Context(), "acme", model.ID{Kind: model.KindUser, Name: "partner"}); !errors.As(err, &used) ||
			used.Kind != model.ConflictInUse {
			t.Errorf("deleting the user: %v", err)
		}
	})
}

func logs() string { return model.LogBucketName("acme", account, "eu-west-1") }

func project(onDelete model.OnDelete) model.Project {
	p := acme()
	p.OnDelete = onDelete
	return p
}

// keyState is the state of the project's key.
func (w *world) keyState(arn string) string {
	w.t.Helper()
	out, err := w.member().KMS.DescribeKey(w.t.Context(), &kms.DescribeKeyInput{KeyId: aws.String(arn)})
	must(w.t, err)
	return string(out.KeyMetadata.KeyState)
}

// TestDeleteProject_OnDelete deletes a project whose log bucket holds something.
func TestDeleteProject_OnDelete(t *testing.T) {
	for _, c := range []struct {
		onDelete model.OnDelete
		refused  bool
		logsStay bool
		key      string
	}{
		{model.Refuse, true, true, "Enabled"},
		{model.Retain, false, true, "Enabled"},
		{model.Empty, false, false, "PendingDeletion"},
	} {
		t.Run(string(c.onDelete), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, false)
				s := w.process()
				must(t, s.CreateProject(t.Context(), project(c.onDelete)))
				view, err := s.Read(t.Context(), "acme")
				must(t, err)
				w.put(logs(), "2026-01-01")
				err = s.DeleteProject(t.Context(), "acme")
				var full *inaccount.NotEmptyError
				if refused := errors.As(err, &full); refused != c.refused || !refused && err != nil {
					t.Fatalf("deleting: %v", err)
				}
				if c.refused {
					sameView(t, view, w.read(projects.Authoritative))
				} else {
					w.nothingIsLeft()
				}
				if w.buckets()[logs()] != c.logsStay {
					t.Errorf("buckets %v", w.buckets())
				}
				if state := w.keyState(view.Contents.Env.KeyARN); state != c.key {
					t.Errorf("the key is %s, want %s", state, c.key)
				}
			})
		})
	}
}

// nothingIsLeft fails when the project is still in the directory, the mirror or the account.
func (w *world) nothingIsLeft() {
	w.t.Helper()
	entries, err := w.process().List(w.t.Context())
	must(w.t, err)
	if len(entries) > 0 {
		w.t.Errorf("the directory holds %v", entries)
	}
	out, err := w.member().CloudFormation.ListStacks(w.t.Context(), &cloudformation.ListStacksInput{})
	must(w.t, err)
	for _, s := range out.StackSummaries {
		if name := aws.ToString(s.StackName); strings.HasPrefix(name, "stowage-") && s.StackStatus != "DELETE_COMPLETE" {
			w.t.Errorf("the stack %s is %s", aws.ToString(s.StackName), s.StackStatus)
		}
	}
	for _, i := range w.items() {
		pk, sk := fmt.Sprint(i["pk"]), fmt.Sprint(i["sk"])
		// The announcement of a stack that was not made expires.
		if strings.Contains(pk, "acme") && !strings.Contains(sk, "ANNOUNCED#") {
			w.t.Errorf("the mirror holds %s %s", pk, sk)
		}
	}
	if templates := model.TemplateBucketName("acme", account, "eu-west-1"); w.buckets()[templates] {
		w.t.Errorf("the bucket %s is left", templates)
	}
}

// TestDelete_GivenUpByAnother checks that outdated memory of a project is no reason to
// refuse.
func TestDelete_GivenUpByAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s, other := w.process(), w.process()
		permission := model.Permission{User: "partner", Bucket: "inbox", Access: model.Read}
		must(t, s.CreateProject(t.Context(), acme()))
		for _, e := range []model.Entity{bucket("inbox"), model.User{Name: "partner"}, permission} {
			must(t, s.Create(t.Context(), "acme", e))
		}
		if err := s.Delete(t.Context(), "acme", bucket("inbox").ID()); !model.IsConflict(err, model.ConflictInUse) {
			t.Errorf("deleting a bucket that is needed: %v", err)
		}
		must(t, other.Delete(t.Context(), "acme", permission.ID()))
		must(t, s.Delete(t.Context(), "acme", bucket("inbox").ID()))
	})
}

// TestDeleteProject_DuringCreation has two processes create and delete the same project. In any
// order the project exists completely or not at all afterwards: deleting it once more leaves
// nothing.
func TestDeleteProject_DuringCreation(t *testing.T) {
	makes := func(ctx context.Context, s *projects.Service) error { return s.CreateProject(ctx, acme()) }
	deletes := func(ctx context.Context, s *projects.Service) error { return s.DeleteProject(ctx, "acme") }
	for name, c := range map[string]struct {
		there         bool
		first, second func(context.Context, *projects.Service) error
	}{
		"deleted while it is made":    {false, makes, deletes},
		"made while it is deleted":    {true, deletes, makes},
		"made while it is made":       {false, makes, makes},
		"deleted while it is deleted": {true, deletes, deletes},
	} {
		for seed := range 20 {
			t.Run(fmt.Sprintf("%s, seed %d", name, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, true)
					if c.there {
						must(t, makes(t.Context(), w.process()))
					}
					var group sync.WaitGroup
					var first, second error
					one, other := w.process(), w.process()
					group.Go(func() { first = c.first(t.Context(), one) })
					time.Sleep(time.Duration(seed) * 2311 * time.Millisecond)
					second = c.second(t.Context(), other)
					group.Wait()
					t.Logf("the first ended with %v, the second with %v", first, second)
					must(t, deletes(t.Context(), w.process()))
					w.nothingIsLeft()
				})
			})
		}
	}
}

// TestCreateProject_BeforeOldEntryIsRemoved holds the process that deletes a project, its stacks
// gone, until another one has made it anew.
func TestCreateProject_BeforeOldEntryIsRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		must(t, w.process().CreateProject(t.Context(), acme()))
		clients := w.clientsBy(sandbox.HubAccount, before("CreateChangeSet", "stowage-directory", func() {
			if err := w.process().CreateProject(t.Context(), acme()); err != nil {
				t.Errorf("making the project anew: %v", err)
			}
		}))
		must(t, w.process(func(c *projects.Config) { c.Clients = clients }).DeleteProject(t.Context(), "acme"))
		entries, err := w.process().List(t.Context())
		must(t, err)
		if _, err := w.process().Read(t.Context(), "acme"); err != nil || len(entries) != 1 {
			t.Errorf("the directory holds %v, reading the project gives %v", entries, err)
		}
	})
}

func TestDeleteProject_KeyOfRetainedBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.one(model.Retain)
		must(t, s.Delete(t.Context(), "acme", bucket("inbox").ID()))
		before := w.read(projects.Authoritative)
		err := s.DeleteProject(t.Context(), "acme")
		explanation, _ := model.Explain(err)
		if !errors.Is(err, projects.ErrKeyInUse) || explanation.Attribute != "on_delete" ||
			!strings.Contains(explanation.Cause, physical("inbox")) {
			t.Errorf("deleting: %v: %+v", err, explanation)
		}
		sameView(t, before, w.read(projects.Authoritative))
		must(t, s.UpdateProject(t.Context(), project(model.Retain)))
		must(t, s.DeleteProject(t.Context(), "acme"))
		w.nothingIsLeft()
		if state := w.keyState(before.Contents.Env.KeyARN); state != "Enabled" {
			t.Errorf("the key is %s", state)
		}
	})
}

// TestDeleteProject_InterruptedAnywhere lets one call after the other fail for good, the
// deletion with it, and repeats it in a new process.
func TestDeleteProject_InterruptedAnywhere(t *testing.T) {
	interrupted := 0
	for n, ended := 0, false; !ended; n++ {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, false)
			must(t, w.process().CreateProject(t.Context(), project(model.Empty)))
			view := w.read(projects.Authoritative)
			w.put(logs(), "2026-01-01")
			s := w.process()
			w.faults(sandbox.Fault{Effect: sandbox.FailCall, Code: "AccessDenied", After: n})
			err := s.DeleteProject(t.Context(), "acme")
			if ended = err == nil; !ended {
				interrupted++
			}
			w.box.ClearFaults()
			if err := w.process().DeleteProject(t.Context(), "acme"); err != nil {
				t.Errorf("after an interruption at call %d (%v): %v", n+1, err, err)
			}
			w.nothingIsLeft()
			if w.buckets()[logs()] {
				t.Errorf("after an interruption at call %d: the log bucket is left", n+1)
			}
			if state := w.keyState(view.Contents.Env.KeyARN); state != "PendingDeletion" {
				t.Errorf("after an interruption at call %d: the key is %s", n+1, state)
			}
		})
		if n > 150 {
			t.Fatal("the deletion never gets through")
		}
	}
	if interrupted < 20 {
		t.Errorf("only %d interruptions: the test shows little", interrupted)
	}
}

// TestDeleteProject_StackGone reads what an interrupted deletion has left after the
// stack was deleted. It is not taken for a wrong account while the mirror shows that it was
// closing.
func TestDeleteProject_StackGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.process()
		must(t, s.CreateProject(t.Context(), acme()))
		before := w.read(projects.Authoritative)
		// The commit that closes the project is let through, that of the directory isn't.
		w.faults(
			sandbox.Fault{
				Service: "cloudformation", Operation: "CreateChangeSet", Effect: sandbox.FailCall, Code: "AccessDenied",
				After: 1,
			},
		)
		if err := s.DeleteProject(t.Context(), "acme"); err == nil {
			t.Fatal("the deletion succeeded")
		}
		w.box.ClearFaults()
		for _, mode := range []projects.ReadMode{projects.Verified, projects.Cached, projects.Authoritative} {
			view := w.read(mode)
			if p := view.Contents.Project; p == nil || !p.Closing || view.Contents.Env.KeyARN != before.Contents.Env.KeyARN {
				t.Errorf("%s: %+v", mode, p)
			}
			reader := w.process(func(c *projects.Config) { c.ReadMode = mode })
			if err := reader.Create(t.Context(), "acme", bucket("late")); !model.IsConflict(err, model.ConflictClosing) {
				t.Errorf("%s: creating: %v", mode, err)
			}
		}
		must(t, w.process().DeleteProject(t.Context(), "acme"))
		w.nothingIsLeft()
	})
}

func TestClosing_Project(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.process()
		must(t, s.CreateProject(t.Context(), acme()))
		w.faults(
			sandbox.Fault{Service: "cloudformation", Operation: "DeleteStack", Effect: sandbox.FailCall, Code: "AccessDenied"},
		)
		if err := s.DeleteProject(t.Context(), "acme"); err == nil {
			t.Fatal("the deletion succeeded")
		}
		w.box.ClearFaults()
		if err := w.process().Create(t.Context(), "acme", bucket("late")); !model.IsConflict(err, model.ConflictClosing) {
			t.Errorf("creating: %v", err)
		}
		if err := w.process().UpdateProject(t.Context(), project(model.Empty)); !model.IsConflict(
			err, model.ConflictClosing,
		) {
			t.Errorf("updating the project: %v", err)
		}
		must(t, s.DeleteProject(t.Context(), "acme"))
		w.nothingIsLeft()
		// The name is free again.
		must(t, s.CreateProject(t.Context(), acme()))
		must(t, s.DeleteProject(context.WithoutCancel(t.Context()), "acme"))
	})
}
