package projects_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// TestErrors_SayWhatWasChanged lets actions of several steps fail after a step that changed something.
func TestErrors_SayWhatWasChanged(t *testing.T) {
	denied := func(service, operation string, after int) sandbox.Fault {
		return sandbox.Fault{
			Service: service, Operation: operation, Effect: sandbox.FailCall, Code: "AccessDenied", After: after,
			Times: 1_000,
		}
	}
	for name, c := range map[string]struct {
		fault   sandbox.Fault
		act     func(t *testing.T, w *world, s *projects.Service) error
		changed model.Changed
		done    string
	}{
		"create a project: stack refused": {
			denied("cloudformation", "CreateChangeSet", 1), func(t *testing.T, _ *world, s *projects.Service) error {
				return s.CreateProject(t.Context(), model.Project{Name: "other", AccountID: "111122223333", Region: "eu-west-1", OnDelete: model.Empty})
			}, model.ChangedPartly, "The project was entered into the directory.",
		},
		"create a project: directory refused": {
			denied("cloudformation", "CreateChangeSet", 0), func(t *testing.T, _ *world, s *projects.Service) error {
				return s.CreateProject(t.Context(), model.Project{Name: "other", AccountID: "111122223333", Region: "eu-west-1", OnDelete: model.Empty})
			}, model.ChangedNothing, "",
		},
		"delete a bucket: commit refused": {
			denied("cloudformation", "CreateChangeSet", 0), func(t *testing.T, _ *world, s *projects.Service) error {
				return s.Delete(t.Context(), "acme", bucket("inbox").ID())
			}, model.ChangedPartly, "The bucket acme-inbox-111122223333-eu-west-1-an no longer exists. Deleted from it: 1 object, 1 older version and 1 unfinished upload.",
		},
		"delete a bucket: emptying refused": {
			denied("s3", "DeleteObjects", 0), func(t *testing.T, _ *world, s *projects.Service) error {
				return s.Delete(t.Context(), "acme", bucket("inbox").ID())
			}, model.ChangedUnstated, "",
		},
		"delete a bucket: deletion refused": {
			denied("s3", "DeleteBucket", 0), func(t *testing.T, _ *world, s *projects.Service) error {
				return s.Delete(t.Context(), "acme", bucket("inbox").ID())
			}, model.ChangedPartly, "The bucket acme-inbox-111122223333-eu-west-1-an was emptied. Deleted from it: 1 object, 1 older version and 1 unfinished upload.",
		},
		"replace a key: second commit refused": {
			sandbox.Fault{}, func(t *testing.T, w *world, s *projects.Service) error {
				time.Sleep(90 * 24 * time.Hour)
				first := w.partner()
				// the second slot is used
				must(t, s.Update(t.Context(), "acme", rotated(&first, ""), projects.As("one"), projects.From(first)))
				second := w.partner()
				w.faults(denied("cloudformation", "CreateChangeSet", 1))
				return s.Update(t.Context(), "acme", rotated(&second, "again"), projects.As("one"), projects.From(second))
			}, model.ChangedPartly, "A first commit removed the access key that is to be replaced.",
		},
		"delete a project: stack refused": {
			denied("cloudformation", "DeleteStack", 0), func(t *testing.T, w *world, s *projects.Service) error {
				must(t, s.Delete(t.Context(), "acme", bucket("inbox").ID()))
				must(t, s.Delete(t.Context(), "acme", model.ID{Kind: model.KindUser, Name: "partner"}))
				return s.DeleteProject(t.Context(), "acme")
			}, model.ChangedPartly, "The project is closed: it accepts no changes until its deletion is finished.",
		},
		"delete a project: key refused": {
			denied("kms", "ScheduleKeyDeletion", 0), func(t *testing.T, w *world, s *projects.Service) error {
				must(t, s.Delete(t.Context(), "acme", bucket("inbox").ID()))
				must(t, s.Delete(t.Context(), "acme", model.ID{Kind: model.KindUser, Name: "partner"}))
				return s.DeleteProject(t.Context(), "acme")
			}, model.ChangedPartly, "The project is closed: it accepts no changes until its deletion is finished. The bucket stowage-acme-logs-111122223333-eu-west-1-an no longer exists.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, false)
				s := w.process()
				project := acme()
				project.OnDelete = model.Empty
				must(t, s.CreateProject(t.Context(), project))
				inbox := bucket("inbox")
				inbox.OnDelete = model.Empty
				must(t, s.Create(t.Context(), "acme", inbox))
				must(t, s.Create(t.Context(), "acme", rotated(nil, ""), projects.As("one")))
				w.data("acme-inbox-111122223333-eu-west-1-an")
				if c.fault.Service != "" {
					w.faults(c.fault)
				}
				err := c.act(t, w, s)
				if err == nil {
					t.Fatal("it succeeded")
				}
				e, _ := model.Explain(err)
				if e.Changed != c.changed || !strings.HasPrefix(e.Done, c.done) || (c.done == "") != (e.Done == "") {
					t.Errorf("%v\nchanged %v, done %q, cause %q", err, e.Changed, e.Done, e.Cause)
				}
			})
		})
	}
}

// TestErrors_LastAnswer tells a caller whose time runs out, while it waits for a reading that
// others share, what AWS answered last.
func TestErrors_LastAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		must(t, w.process().CreateProject(t.Context(), acme()))
		w.faults(
			sandbox.Fault{
				Service: "cloudformation", Operation: "DescribeStacks", Effect: sandbox.FailCall,
				Code: "InternalFailure", Times: 1_000_000,
			},
		)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		err := w.process().Create(ctx, "acme", bucket("inbox"))
		if e, _ := model.Explain(err); !errors.Is(err, context.DeadlineExceeded) ||
			!strings.Contains(e.Remedy, "AWS's last answer: InternalFailure: ") {
			t.Errorf("%v\n%+v", err, e)
		}
		w.box.ClearFaults()
		time.Sleep(time.Hour) // the reading ends
	})
}

// partner is the user as it is.
func (w *world) partner() model.User {
	w.t.Helper()
	there, ok := w.read(projects.Authoritative).Contents.Of(model.ID{Kind: model.KindUser, Name: "partner"})
	user, isUser := there.(model.User)
	if !ok || !isUser {
		w.t.Fatal("there is no user")
	}
	return user
}

// data puts an object with an older version and an unfinished upload into a bucket.
func (w *world) data(bucket string) {
	w.t.Helper()
	client := w.memberOf("111122223333").S3
	for range 2 {
		_, err := client.PutObject(w.t.Context(), &s3.PutObjectInput{
			Bucket:            aws.String(bucket),
			Key:               aws.String("offer.pdf"),
			Body:              strings.NewReader("x"),
			ChecksumAlgorithm: s3types.ChecksumAlgorithmCrc32,
		})
		must(w.t, err)
	}
	_, err := client.CreateMultipartUpload(
		w.t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String(bucket), Key: aws.String("large.iso")},
	)
	must(w.t, err)
}
