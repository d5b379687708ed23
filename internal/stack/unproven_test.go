package stack_test

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
	"github.com/stowage/terraform-provider-stowage/internal/stack"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// TestCommit_EveryAnswer commits a series of changes under each unproven answer of AWS. The
// outcomes are the same.
func TestCommit_EveryAnswer(t *testing.T) {
	worlds := map[string]unproven.Answers{"believed": nil}
	for _, rule := range unproven.Switches() {
		if rule.Test != "internal/stack:TestCommit_EveryAnswer" {
			continue
		}
		for _, answer := range rule.Answers[1:] {
			worlds[rule.ID+"/"+answer] = unproven.Answers{rule.ID: answer}
		}
	}
	for name, answers := range worlds {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				box := sandbox.New(sandbox.Options{Seed: 1, Latency: sandbox.LatencyAWS(), Answers: answers})
				w := &world{t: t, box: box, transport: simulate.NewTransport(box)}
				w.commitSeries()
			})
		})
	}
}

// commitSeries makes more changes than fit into a small page, changes metadata alone, loses a
// member to a rollback, and lets two processes write at once.
func (w *world) commitSeries() {
	t, ctx := w.t, w.t.Context()
	first, second := w.process(), w.process()
	w.filled(first)
	mustAll(t, commitAll(ctx, first, 12, creations("bucket", 12)...))

	emptied := bucket("bucket03")
	emptied.OnDelete = model.Empty
	must(t, first.Commit(ctx, template.Change{Op: template.Update, Entity: emptied}))

	w.faults(
		sandbox.Fault{
			ResourceType: "AWS::IAM::User",
			PhysicalID:   "acme-user01",
			Phase:        "create",
			Reason:       "the quota of users is used up",
			Times:        1,
		},
	)
	outcomes := commitAll(ctx, first, 3, creations("user", 3)...)
	if outcomes[1] == nil || !strings.Contains(outcomes[1].Error(), "the quota of users is used up") {
		t.Errorf("the bad member ended with %v", outcomes[1])
	}
	mustAll(t, []error{outcomes[0], outcomes[2]})

	ended := make(chan error, 1)
	go func() { ended <- second.Commit(ctx, create(user("user01"))) }()
	must(t, first.Commit(ctx, create(user("other"))))
	must(t, <-ended)
	must(t, first.Commit(ctx, template.Change{Op: template.Delete, Entity: user("user02")}))

	contents := w.contents()
	if len(contents.Buckets) != 12 || len(contents.Users) != 3 {
		t.Errorf("%d buckets and %d users, want 12 and 3", len(contents.Buckets), len(contents.Users))
	}
	for _, b := range contents.Buckets {
		if want := b.Name == "bucket03"; (b.OnDelete == model.Empty) != want {
			t.Errorf("%s has on_delete %s", b.Name, b.OnDelete)
		}
	}
}

// renaming passes calls on and replaces texts in all answers.
type renaming struct {
	next  http.RoundTripper
	texts *strings.Replacer
	hits  *int
}

func (r renaming) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := r.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	before, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	after := r.texts.Replace(string(before))
	if after != string(before) {
		*r.hits++
	}
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader([]byte(after))), int64(len(after))
	response.Header.Set("Content-Length", strconv.Itoa(len(after)))
	return response, nil
}

// TestCommit_RenamedValidations finds the member at fault by the resource that a validation names,
// whatever the names of validations are.
func TestCommit_RenamedValidations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		taken := bucket("bucket01")
		taken.BucketName = "taken-before"
		_, err := w.client().S3.CreateBucket(t.Context(), &s3.CreateBucketInput{
			Bucket:                    &taken.BucketName,
			CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
		})
		must(t, err)
		hits := 0
		account := w.clientBy(renaming{
			w.transport,
			strings.NewReplacer(
				"AWS::EarlyValidation::ResourceExistenceCheck", "AWS::Another::Check", "NAME_CONFLICT_VALIDATION",
				"ANOTHER_VALIDATION",
			),
			&hits,
		})
		s := w.process(func(c *stack.Config) { c.CloudFormation = account.CloudFormation })
		w.filled(s)
		changes := creations("bucket", 3)
		changes[1] = create(taken)
		outcomes := commitAll(t.Context(), s, 3, changes...)
		if err := outcomes[1]; err == nil || !strings.Contains(err.Error(), "already exists") {
			t.Errorf("the change with the taken name ended with %v", err)
		}
		mustAll(t, []error{outcomes[0], outcomes[2]})
		if hits == 0 {
			t.Error("no answer named a validation")
		}
	})
}
