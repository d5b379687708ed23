package hubs_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/stowage/terraform-provider-stowage/internal/hub"
	"github.com/stowage/terraform-provider-stowage/internal/hubs"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// deployed returns a world with a hub.
func deployed(t *testing.T, settings hub.Settings) *world {
	t.Helper()
	w := newWorld(t)
	_, err := w.process().Create(t.Context(), settings, pack("0.2.0"))
	must(t, err)
	w.box.ResetCalls()
	return w
}

// byHand replaces a text in the template of the hub's stack, as a person would.
func (w *world) byHand(old, text string) {
	w.t.Helper()
	stacks, name := w.clients().Hub().CloudFormation, aws.String(hub.StackName("main"))
	got, err := stacks.GetTemplate(w.t.Context(), &cloudformation.GetTemplateInput{StackName: name})
	must(w.t, err)
	if !strings.Contains(aws.ToString(got.TemplateBody), old) {
		w.t.Fatalf("the template does not hold %s", old)
	}
	_, err = stacks.UpdateStack(w.t.Context(), &cloudformation.UpdateStackInput{
		StackName:    name,
		TemplateBody: aws.String(strings.Replace(aws.ToString(got.TemplateBody), old, text, 1)),
		Parameters: []types.Parameter{
			{ParameterKey: aws.String(template.RevisionParameter), UsePreviousValue: aws.Bool(true)},
		},
		Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam},
	})
	must(w.t, err)
}

func TestService_Update(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := deployed(t, minimal())
		s := w.process()
		got, err := s.Update(t.Context(), live(), pack("0.3.0"), false)
		must(t, err)
		if w.commits() != 1 || w.box.Calls()["s3"]["PutObject"] != 1 {
			t.Errorf("%d commits, %v calls to S3", w.commits(), w.box.Calls()["s3"])
		}
		if got.Relay != pack("0.3.0").Relay || got.WebSocketURL == "" || len(got.Drift) > 0 {
			t.Errorf("got %+v", got)
		}
		w.box.ResetCalls()
		got, err = s.Update(t.Context(), minimal(), pack("0.3.0"), false) // without web clients again
		must(t, err)
		if w.commits() != 1 || w.box.Calls()["s3"] != nil || got.WebSocketURL != "" {
			t.Errorf("%d commits, %v calls to S3, got %+v", w.commits(), w.box.Calls()["s3"], got)
		}
		w.box.ResetCalls()
		_, err = s.Update(t.Context(), minimal(), pack("0.3.0"), false)
		must(t, err)
		if w.commits() != 0 {
			t.Errorf("%d commits without a change", w.commits())
		}
	})
}

func TestService_Update_Refusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		_, err := w.process().Update(t.Context(), minimal(), pack("0.2.0"), false)
		var missing *hubs.NotFoundError
		if !errors.As(err, &missing) {
			t.Errorf("without a hub: %v", err)
		}
		_, err = w.process().Create(t.Context(), minimal(), pack("0.2.0"))
		must(t, err)
		_, err = w.process().Update(t.Context(), live(), pack("0.1.0"), false)
		var downgrade *hubs.DowngradeError
		if !errors.As(err, &downgrade) || downgrade.Deployed != "0.2.0" || downgrade.Wanted != "0.1.0" {
			t.Errorf("an older relay: %v", err)
		}
		got, err := w.process().Update(t.Context(), minimal(), pack("0.1.0"), true)
		must(t, err)
		if got.Relay.Version != "0.1.0" {
			t.Errorf("after an allowed downgrade: %+v", got)
		}
		damaged := pack("0.2.0")
		damaged.Zip = damaged.Zip[1:]
		if _, err := w.process().Update(t.Context(), minimal(), damaged, false); err == nil {
			t.Error("a damaged package is deployed")
		}
	})
}

// TestService_Update_Newer rolls a hub of a newer version back when that is allowed.
func TestService_Update_Newer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := deployed(t, minimal())
		w.byHand(`"Metadata":{"Stowage":{"format":1,"compiler":1,"of":{"kind":"hub","name":"main"},"settings"`,
			`"Metadata":{"Stowage":{"format":2,"compiler":9,"of":{"kind":"hub","name":"main"},"settings"`)
		if _, err := w.process().Update(t.Context(), minimal(), pack("0.2.0"), false); err == nil {
			t.Error("a newer template is replaced")
		}
		got, err := w.process().Update(t.Context(), minimal(), pack("0.2.0"), true)
		must(t, err)
		if len(got.Drift) > 0 {
			t.Errorf("got %+v", got)
		}
	})
}

// TestService_Update_HandEdit repairs what was changed by hand, and keeps what was added.
func TestService_Update_HandEdit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := deployed(t, minimal())
		w.byHand(`"MemorySize":512`, `"MemorySize":256`)
		got, err := w.process().Read(t.Context(), "main")
		must(t, err)
		if want := []string{"Relay: Properties.MemorySize is 256 instead of 512"}; !slices.Equal(got.Drift, want) {
			t.Errorf("drift %q", got.Drift)
		}
		w.byHand(`"Resources":{`, `"Resources":{"Topic":{"Type":"AWS::SNS::Topic","Properties":{"TopicName":"mine"}},`)
		got, err = w.process().Update(t.Context(), minimal(), pack("0.2.0"), false)
		must(t, err)
		if len(got.Drift) > 0 {
			t.Errorf("drift %q after the update", got.Drift)
		}
		body, err := w.clients().Hub().CloudFormation.GetTemplate(
			t.Context(), &cloudformation.GetTemplateInput{StackName: aws.String(hub.StackName("main"))},
		)
		must(t, err)
		if !strings.Contains(aws.ToString(body.TemplateBody), `"Topic":{"Type":"AWS::SNS::Topic"`) {
			t.Error("a resource of others is gone")
		}
	})
}

// TestService_Update_FailedRollback recovers a stack whose rollback has failed.
func TestService_Update_FailedRollback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := deployed(t, minimal())
		changed := minimal()
		changed.Tags = map[string]string{"owner": "storage"}
		must(t, w.box.AddFaults(
			sandbox.Fault{ResourceType: "AWS::Lambda::Function", Phase: "update", Reason: "no such luck", Times: 1},
			sandbox.Fault{ResourceType: "AWS::DynamoDB::Table", Phase: "rollback", Reason: "busy", Times: 1},
		))
		if _, err := w.process().Update(t.Context(), changed, pack("0.3.0"), false); err == nil {
			t.Error("it succeeds")
		}
		if n := w.box.Calls()["cloudformation"]["ContinueUpdateRollback"]; n != 1 {
			t.Errorf("the rollback was continued %d times", n)
		}
		got, err := w.process().Update(t.Context(), changed, pack("0.3.0"), false)
		must(t, err)
		if len(got.Drift) > 0 || got.Relay.Version != "0.3.0" {
			t.Errorf("got %+v", got)
		}
	})
}

// TestService_Update_OtherObject replaces an object that has the package's key and other content.
func TestService_Update_OtherObject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := deployed(t, minimal())
		p, bucket := pack("0.3.0"), aws.String(hub.ArtifactBucket("main", place))
		_, err := w.clients().Hub().S3.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: bucket, Key: aws.String(p.Relay.Key()), Body: strings.NewReader("cut off"),
		})
		must(t, err)
		_, err = w.process().Update(t.Context(), minimal(), p, false)
		must(t, err)
		head, err := w.clients().Hub().S3.HeadObject(
			t.Context(), &s3.HeadObjectInput{Bucket: bucket, Key: aws.String(p.Relay.Key())},
		)
		must(t, err)
		if aws.ToInt64(head.ContentLength) != int64(len(p.Zip)) {
			t.Errorf("the object has %d bytes", aws.ToInt64(head.ContentLength))
		}
	})
}

func TestService_Update_AtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := deployed(t, minimal())
		errs := make(chan error)
		for i := range 3 {
			s := w.process()
			settings := minimal()
			settings.Tags = map[string]string{"owner": fmt.Sprint(i)}
			go func() {
				_, err := s.Update(t.Context(), settings, pack("0.2.0"), false)
				errs <- err
			}()
		}
		for range 3 {
			must(t, <-errs)
		}
		got, err := w.process().Read(t.Context(), "main")
		must(t, err)
		if len(got.Drift) > 0 {
			t.Errorf("drift %q", got.Drift)
		}
	})
}
