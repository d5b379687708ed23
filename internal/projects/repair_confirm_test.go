package projects_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// repairNow repairs the bucket in another process, and returns the error and the number of commits.
func (r *repairing) repairNow(e model.Entity, change ...func(*projects.Config)) (commits int64, err error) {
	r.t.Helper()
	before := r.read(projects.Authoritative).Stacks[0].Revision
	err = r.process(change...).Update(
		r.t.Context(), "acme", e, projects.As("one"), projects.From(e), projects.Repairing(),
	)
	return r.read(projects.Authoritative).Stacks[0].Revision - before, err
}

// deleteBucket deletes the bucket by hand.
func (r *repairing) deleteBucket() {
	r.t.Helper()
	_, err := r.member().S3.DeleteBucket(r.t.Context(), &s3.DeleteBucketInput{Bucket: aws.String(r.bucket.BucketName)})
	must(r.t, err)
}

// TestRepair_UnconfirmedDeletion repairs a bucket that CloudFormation and Cloud Control report as
// deleted, and about which S3 answers something else. Nothing is changed.
func TestRepair_UnconfirmedDeletion(t *testing.T) {
	for name, fault := range map[string]sandbox.Fault{
		"refused":        {Code: "AccessDenied", Status: http.StatusForbidden},
		"another region": {Code: "PermanentRedirect", Status: http.StatusMovedPermanently},
		"bad request":    {Code: "BadRequest", Status: http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRepairing(t)
				r.deleteBucket()
				fault.Service, fault.Operation, fault.Effect = "s3", "HeadBucket", sandbox.FailCall
				must(t, r.box.AddFaults(fault))
				commits, err := r.repairNow(r.bucket)
				explained, _ := model.Explain(err)
				if err == nil || commits != 0 || explained.Changed != model.ChangedNothing ||
					!strings.Contains(explained.Cause, r.bucket.BucketName) || !strings.Contains(explained.Remedy, "head-bucket") {
					t.Errorf("%d commits, %v, %+v", commits, err, explained)
				}
				if found := r.compare(r.bucket.ID()); strings.Contains(strings.Join(found, "\n"), "AWS::S3::Bucket) was deleted") {
					t.Errorf("the sweep reports a deletion that S3 does not confirm: %q", found)
				}
			})
		})
	}
}

// TestRepair_UnconfirmedUser repairs a user that CloudFormation reports as deleted when Cloud Control
// cannot read it. Nothing is changed.
func TestRepair_UnconfirmedUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRepairing(t)
		must(t, r.box.AddFaults(sandbox.Fault{
			Service: "cloudcontrolapi", Operation: "GetResource", Effect: sandbox.FailCall, Code: "AccessDeniedException", Status: 400,
		}))
		commits, err := r.repairNow(r.user, r.reporting("Userpartner", "DELETED"))
		explained, _ := model.Explain(err)
		if err == nil || commits != 0 || !strings.Contains(explained.Cause, "acme-partner (AWS::IAM::User)") {
			t.Errorf("%d commits, %v", commits, err)
		}
	})
}

// TestRepair_FalseDeletion repairs a bucket that CloudFormation reports as deleted although it
// exists. Nothing is changed.
func TestRepair_FalseDeletion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRepairing(t)
		commits, err := r.repairNow(r.bucket, r.reporting("Bucketinbox", "DELETED"))
		if err != nil || commits != 0 {
			t.Errorf("%d commits, %v", commits, err)
		}
	})
}

// reporting makes CloudFormation report another drift status of a resource in sync.
func (r *repairing) reporting(logicalID, status string) func(*projects.Config) {
	own := answering("DetectStackResourceDrift", logicalID, ">IN_SYNC<", ">"+status+"<")
	return func(c *projects.Config) { c.Clients = r.clientsBy(sandbox.HubAccount, own) }
}

// answering makes a transport that replaces a part of the answers of one action of CloudFormation
// about a resource.
func answering(action, logicalID, old, with string) func(next http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return transport(func(r *http.Request) (*http.Response, error) {
			if !strings.HasPrefix(r.URL.Host, "cloudformation.") {
				return next.RoundTrip(r)
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			resp, err := next.RoundTrip(r)
			form, malformed := url.ParseQuery(string(body))
			if err != nil || malformed != nil || form.Get("Action") != action || form.Get("LogicalResourceId") != logicalID {
				return resp, err
			}
			answer, err := io.ReadAll(resp.Body)
			if err != nil {
				return nil, err
			}
			changed := bytes.ReplaceAll(answer, []byte(old), []byte(with))
			resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(changed)), int64(len(changed))
			resp.Header.Del("Content-Length")
			return resp, nil
		})
	}
}
