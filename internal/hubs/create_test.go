package hubs_test

import (
	"errors"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/hub"
	"github.com/stowage/terraform-provider-stowage/internal/hubs"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

func TestService_Create(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s, p := w.process(), pack("0.2.0")
		w.box.ResetCalls()
		got, err := s.Create(t.Context(), live(), p)
		must(t, err)
		calls := w.box.Calls()
		if want := map[string]int{"GetAccount": 1}; !maps.Equal(calls["apigateway"], want) {
			t.Errorf("%v calls to API Gateway", calls["apigateway"])
		}
		if want := map[string]int{"ListOpenIDConnectProviders": 1}; !maps.Equal(calls["iam"], want) {
			t.Errorf("%v calls to IAM", calls["iam"])
		}
		if want := map[string]int{"HeadBucket": 1, "HeadObject": 1, "PutObject": 1}; !maps.Equal(calls["s3"], want) {
			t.Errorf("%v calls to S3, want %v", calls["s3"], want)
		}
		want := map[string]int{ // without those that wait for an operation
			"CreateChangeSet": 3, "ExecuteChangeSet": 3, "SetStackPolicy": 1, "UpdateTerminationProtection": 1,
		}
		formation := maps.Clone(calls["cloudformation"])
		delete(formation, "DescribeStacks")
		delete(formation, "DescribeChangeSet")
		if !maps.Equal(formation, want) {
			t.Errorf("%v calls to CloudFormation, want %v", formation, want)
		}
		if got.Relay != p.Relay || got.Place != place || got.TableName != "stowage-hub-main" || len(got.Drift) > 0 ||
			got.WebSocketURL == "" || got.BoardURL == "" || got.OperatorRoleARN != hub.OperatorARN("main", place) ||
			got.PlannerRoleARN != hub.PlannerARN("main", place) || got.EventBusARN != hub.BusARN("main", place) {
			t.Errorf("got %+v", got)
		}
		if diff := gocmp.Diff(live(), got.Settings); diff != "" {
			t.Error(diff)
		}
		read, err := w.process().Read(t.Context(), "main")
		must(t, err)
		if diff := gocmp.Diff(got, read); diff != "" {
			t.Errorf("read differs: %s", diff)
		}
	})
}

// TestService_Create_Again takes over a hub with the same settings, and no other.
func TestService_Create_Again(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		first, err := w.process().Create(t.Context(), minimal(), pack("0.2.0"))
		must(t, err)
		w.box.ResetCalls()
		again, err := w.process().Create(t.Context(), minimal(), pack("0.2.0"))
		must(t, err)
		if diff := gocmp.Diff(first, again); diff != "" || w.commits() != 0 {
			t.Errorf("%d commits: %s", w.commits(), diff)
		}
		_, err = w.process().Create(t.Context(), live(), pack("0.2.0"))
		var exists *hubs.ExistsError
		if !errors.As(err, &exists) || !exists.Importable {
			t.Errorf("other settings: %v", err)
		}
		_, err = w.process().Create(t.Context(), minimal(), pack("0.1.0"))
		var downgrade *hubs.DowngradeError
		if !errors.As(err, &downgrade) {
			t.Errorf("an older relay: %v", err)
		}
	})
}

// TestService_Create_AtOnce lets two processes create a hub of one name at the same time.
func TestService_Create_AtOnce(t *testing.T) {
	for name, other := range map[string]hub.Settings{"same settings": minimal(), "other settings": live()} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				errs := make(chan error)
				for _, settings := range []hub.Settings{minimal(), other} {
					s := w.process()
					go func() {
						_, err := s.Create(t.Context(), settings, pack("0.2.0"))
						errs <- err
					}()
				}
				var exists *hubs.ExistsError
				refused := 0
				for range 2 {
					err := <-errs
					switch {
					case errors.As(err, &exists):
						refused++
					case err != nil:
						t.Error(err)
					}
				}
				if want := map[bool]int{true: 0, false: 1}[name == "same settings"]; refused != want {
					t.Errorf("%d refusals, want %d", refused, want)
				}
				got, err := w.process().Read(t.Context(), "main")
				must(t, err)
				if len(got.Drift) > 0 || got.Relay.Version != "0.2.0" {
					t.Errorf("got %+v", got)
				}
			})
		})
	}
}

// TestService_Create_Leftovers refuses names that belong to something else, before anything is
// made.
func TestService_Create_Leftovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		_, err := w.clients().Hub().S3.CreateBucket(t.Context(), &s3.CreateBucketInput{
			Bucket: aws.String(hub.ArtifactBucket("main", place)), BucketNamespace: "account-regional",
			CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: region},
		})
		must(t, err)
		byHand := minimal()
		byHand.Name = "stowage" // the sandbox's own hub
		for _, settings := range []hub.Settings{minimal(), byHand} {
			w.box.ResetCalls()
			_, err = w.process().Create(t.Context(), settings, pack("0.2.0"))
			var exists *hubs.ExistsError
			if !errors.As(err, &exists) || w.box.Calls()["cloudformation"]["CreateChangeSet"] > 0 {
				t.Errorf("%s: %v, calls %v", settings.Name, err, w.box.Calls())
			}
		}
	})
}

// TestService_Create_FailedCreation completes a hub whose first creation, or one of its commits,
// has failed.
func TestService_Create_FailedCreation(t *testing.T) {
	for _, resource := range []string{"AWS::SSM::Parameter", "AWS::S3::BucketPolicy", "AWS::DynamoDB::Table"} {
		t.Run(resource, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				must(t, w.box.AddFaults(
					sandbox.Fault{ResourceType: resource, Phase: "create", Reason: "no such luck", Times: 1},
				))
				if _, err := w.process().Create(t.Context(), minimal(), pack("0.2.0")); err == nil {
					t.Fatal("it succeeds")
				}
				time.Sleep(time.Minute) // SQS refuses the name of a deleted queue for so long
				settings := minimal()
				settings.Tags = map[string]string{"owner": "storage"} // the settings may be corrected
				got, err := w.process().Create(t.Context(), settings, pack("0.2.0"))
				must(t, err)
				if len(got.Drift) > 0 || got.Settings.Tags["owner"] != "storage" {
					t.Errorf("got %+v", got)
				}
			})
		})
	}
}
