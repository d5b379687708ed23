package hubs_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/stowage/terraform-provider-stowage/internal/hub"
	"github.com/stowage/terraform-provider-stowage/internal/hubs"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

func TestService_Delete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := deployed(t, live())
		must(t, w.process().Delete(t.Context(), "main"))
		_, err := w.process().Read(t.Context(), "main")
		var missing *hubs.NotFoundError
		if !errors.As(err, &missing) {
			t.Errorf("read: %v", err)
		}
		if len(w.warnings) != 1 {
			t.Fatalf("warnings %q", w.warnings)
		}
		for _, left := range []string{
			"AWS::S3::Bucket " + hub.ArtifactBucket("main", place), "AWS::DynamoDB::Table stowage-hub-main",
			"AWS::KMS::Key ", "AWS::IAM::OIDCProvider ",
		} {
			if !strings.Contains(w.warnings[0], left) {
				t.Errorf("%s is not named in %s", left, w.warnings[0])
			}
		}
		if strings.Contains(w.warnings[0], "AWS::Lambda::Function") {
			t.Errorf("a deleted resource is named in %s", w.warnings[0])
		}
		must(t, w.process().Delete(t.Context(), "main")) // it counts as deleted
		_, err = w.process().Create(t.Context(), live(), pack("0.2.0"))
		var exists *hubs.ExistsError
		if !errors.As(err, &exists) {
			t.Errorf("its name is free although its bucket remains: %v", err)
		}
	})
}

func TestService_Delete_Projects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := deployed(t, minimal())
		service := projects.New(projects.Config{Clients: w.clients(), Hub: "main", Writer: "tests"})
		must(t, service.CreateProject(t.Context(), model.Project{
			Name: "acme", AccountID: sandbox.HubAccount, Region: region, OnDelete: model.Refuse,
		}))
		err := w.process().Delete(t.Context(), "main")
		var holds *hubs.HoldsProjectsError
		if !errors.As(err, &holds) || !slices.Equal(holds.Projects, []string{"acme"}) {
			t.Errorf("got %v", err)
		}
		if _, err := w.process().Read(t.Context(), "main"); err != nil {
			t.Errorf("read: %v", err)
		}
	})
}

// TestService_Delete_Interrupted deletes a hub whose creation has only made the artifact bucket.
func TestService_Delete_Interrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.make("main", hub.Foundation(place, minimal()))
		must(t, w.process().Delete(t.Context(), "main"))
	})
}

// TestService_Delete_Empty deletes the empty stack that a killed creation leaves.
func TestService_Delete_Empty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.killed(1, false, func(ctx context.Context, s *hubs.Service) error {
			_, err := s.Create(ctx, minimal(), pack("0.2.0"))
			return err
		})
		must(t, w.process().Delete(t.Context(), "main"))
		out, err := w.clients().Hub().CloudFormation.DescribeStacks(
			t.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String(hub.StackName("main"))},
		)
		if err == nil {
			t.Errorf("the stack is %s", out.Stacks[0].StackStatus)
		}
		time.Sleep(8 * time.Hour) // the killed process gives up
	})
}
