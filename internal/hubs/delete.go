package hubs

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/hub"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/stack"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Delete deletes a hub. A missing one counts as deleted. It returns a *HoldsProjectsError if the
// hub still lists projects. What the hub's template retains stays in the account: a warning lists
// it.
func (s *Service) Delete(ctx context.Context, name string) error {
	at, err := s.where(ctx)
	if err != nil {
		return err
	}
	handle := s.handle(name, at)
	stable, err := handle.stack.ReadStable(ctx)
	if err != nil {
		return fmt.Errorf("reading the hub %q: %w", name, err)
	}
	read, err := readingOf(stable, name, at)
	if err != nil {
		return err
	}
	if read.deployed != nil || read.newer != nil {
		if err := s.refuseProjects(ctx, name, at); err != nil {
			return err
		}
	}
	var left []string
	if stable != nil {
		if left, err = s.retained(ctx, stable); err != nil {
			return err
		}
	}
	err = handle.stack.Delete(ctx, s.token(), func(d commit.Description) bool {
		if stable == nil { // a creation that was killed leaves an empty stack
			return d.Status == cfn.ReviewInProgress
		}
		return d.StackID == stable.After.StackID && d.LastUpdated.Equal(stable.After.LastUpdated)
	})
	if err != nil {
		return fmt.Errorf("deleting the hub %q: %w", name, err)
	}
	if len(left) > 0 {
		s.config.Warn(ctx, "The deleted hub leaves resources in the account", map[string]any{
			"hub": name, "resources": strings.Join(left, ", "),
		})
	}
	return nil
}

// token returns a token that is unique across calls and processes.
func (s *Service) token() string { return fmt.Sprintf("%s-hub-%d", s.config.Writer, s.tokens.Add(1)) }

// The directory of projects: a stack of the hub's account, and a partition of its table. Package
// projects makes both.
const (
	directoryStack     = "stowage-directory"
	directoryPartition = "directory"
)

// refuseProjects refuses to delete a hub with projects. The directory's stack lists them, and the
// table does if the stack was deleted.
func (s *Service) refuseProjects(ctx context.Context, name string, at hub.Place) error {
	found := map[string]bool{}
	directory := stack.New(stack.Config{
		Config:         commit.Config{Stack: directoryStack},
		CloudFormation: s.account.CloudFormation, Log: s.config.Log,
	})
	read, err := directory.ReadStable(ctx)
	if err != nil {
		return fmt.Errorf("reading the directory of projects: %w", err)
	}
	if read != nil {
		env := template.Env{
			Project: directoryPartition, AccountID: at.AccountID, Region: at.Region, Partition: at.Partition,
		}
		contents, err := template.Parse(read.Template, env)
		if err != nil {
			return fmt.Errorf("reading the directory of projects: %w", err)
		}
		for _, entry := range contents.DirectoryEntries {
			found[entry.Name] = true
		}
	}
	snapshot, err := mirror.New(s.account.DynamoDB, hub.TableName(name)).Read(ctx, directoryPartition)
	switch {
	case model.IsNotFound(err, model.NotFoundTable): // the creation was interrupted, or it was deleted by hand
	case err != nil:
		return fmt.Errorf("reading the table of the hub %q: %w", name, err)
	default:
		if body := snapshot.Bodies[0]; body != nil && read == nil {
			for _, entry := range body.Contents.DirectoryEntries {
				found[entry.Name] = true
			}
		}
	}
	if len(found) == 0 {
		return nil
	}
	return &HoldsProjectsError{Name: name, Projects: slices.Sorted(maps.Keys(found))}
}

// retained lists the resources of a stack that its deletion leaves in the account.
func (s *Service) retained(ctx context.Context, read *commit.BaseRead) ([]string, error) {
	var left []string
	pages := cloudformation.NewListStackResourcesPaginator(
		s.account.CloudFormation, &cloudformation.ListStackResourcesInput{StackName: aws.String(read.After.StackID)},
	)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing the resources of the stack %s: %w", read.After.StackID, err)
		}
		for _, r := range page.StackResourceSummaries {
			raw, _ := read.Template.Resource(aws.ToString(r.LogicalResourceId))
			if r.ResourceStatus != types.ResourceStatusDeleteComplete && keeps(raw) {
				left = append(left, aws.ToString(r.ResourceType)+" "+aws.ToString(r.PhysicalResourceId))
			}
		}
	}
	return left, nil
}

// keeps reports whether deleting the stack retains a resource.
func keeps(resource json.RawMessage) bool {
	var policies struct{ DeletionPolicy string }
	return json.Unmarshal(resource, &policies) == nil && strings.HasPrefix(policies.DeletionPolicy, "Retain")
}
