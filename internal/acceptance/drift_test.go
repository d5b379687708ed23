package acceptance_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// TestAccDrift changes a bucket and a user in AWS, and deletes another bucket. A comparison finds
// it, the plan shows it, and the apply repairs it.
func TestAccDrift(t *testing.T) {
	x := newTenant(t)
	configuration := x.in(
		acmeProject, bucketOf("inbox", afterProject), bucketOf("outbox", afterProject),
		userOf("partner", "access_key = {}", afterProject),
	)
	resource.ParallelTest(t, x.testCase(
		resource.TestStep{Config: configuration},
		resource.TestStep{
			PreConfig: func() {
				bucket := aws.String(x.in(physical("inbox")))
				_, err := x.s3.DeletePublicAccessBlock(t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: bucket})
				must(x.w, bucket, err)
				_, err = x.s3.DeleteBucketPolicy(t.Context(), &s3.DeleteBucketPolicyInput{Bucket: bucket})
				must(x.w, bucket, err)
				_, err = x.s3.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: aws.String(x.in(physical("outbox")))})
				must(x.w, bucket, err)
				x.deleteKeys(x.in("acme-partner"))
				x.compareWithAWS()
			},
			RefreshState: true, ExpectNonEmptyPlan: true,
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestMatchResourceAttr(inbox, "drift", regexp.MustCompile("PublicAccessBlockConfiguration is nothing in AWS")),
				resource.TestMatchResourceAttr(outbox, "drift", regexp.MustCompile("was deleted in AWS")),
				resource.TestCheckResourceAttr(partner, "access_keys.a.status", "deleted"),
			),
			RefreshPlanChecks: resource.RefreshPlanChecks{PostRefresh: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(inbox, plancheck.ResourceActionUpdate),
				plancheck.ExpectResourceAction(outbox, plancheck.ResourceActionUpdate),
				plancheck.ExpectResourceAction(partner, plancheck.ResourceActionUpdate),
			}},
		},
		resource.TestStep{
			Config: configuration,
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(inbox, at("drift"), knownvalue.Null()),
				statecheck.ExpectKnownValue(outbox, at("drift"), knownvalue.Null()),
				statecheck.ExpectKnownValue(partner, at("drift"), knownvalue.Null()),
			},
			PostApplyFunc: func() {
				x.wantHardened("inbox")
				x.wantHardened("outbox")
			},
		},
	))
}

// TestAccDrift_Detect changes a bucket in AWS. A plan with detect_drift shows it without a sweep, and
// its apply repairs it.
func TestAccDrift_Detect(t *testing.T) {
	x := newTenant(t)
	configuration := func(detect string) string {
		return x.in(`provider "stowage" { detect_drift = `+detect+` }`, acmeProject, bucketOf("inbox", afterProject))
	}
	resource.ParallelTest(t, x.testCase(
		resource.TestStep{Config: configuration("false")},
		resource.TestStep{
			PreConfig: func() {
				bucket := aws.String(x.in(physical("inbox")))
				_, err := x.s3.DeletePublicAccessBlock(t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: bucket})
				must(x.w, bucket, err)
			},
			Config: configuration("false"), PlanOnly: true,
		},
		resource.TestStep{
			Config: configuration("true"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(inbox, plancheck.ResourceActionUpdate),
				plancheck.ExpectResourceAction(acme, plancheck.ResourceActionNoop),
			}},
			ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue(inbox, at("drift"), knownvalue.Null())},
			PostApplyFunc:     func() { x.wantHardened("inbox") },
		},
	))
}

func (x *tenant) compareWithAWS() {
	x.t.Helper()
	ctx := x.t.Context()
	id, secret := sandbox.StaticCredentials(sandbox.HubAccount)
	endpoints := map[string]string{}
	for _, service := range awsclient.EndpointServices {
		endpoints[service] = x.w.endpoint
	}
	clients, err := awsclient.New(ctx, awsclient.Config{
		Region: region, AccessKey: id, SecretKey: secret, Version: "test", Endpoints: endpoints, S3UsePathStyle: true,
	})
	synchronizer := projects.New(projects.Config{
		Clients: must(x.w, clients, err), Hub: sandbox.HubName, RoleName: "StowageReader", ReadMode: projects.Verified,
		Writer: "relay",
	}).Synchronizer()
	for found := false; !found; {
		_, err = synchronizer.RefreshAndCheck(ctx, x.project, time.Nanosecond)
		must(x.w, clients, err)
		snapshot, err := mirror.New(clients.Hub().DynamoDB, "stowage").Read(ctx, x.project)
		drift := must(x.w, snapshot, err).Drifts[0]
		found = drift != nil && len(drift.Drift.Differences) > 0
	}
}
