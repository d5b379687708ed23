package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// What the templates of the updates are recognized by.
const (
	beforeUpdate = "The template before the update"
	afterUpdate  = "The template after the update"
)

// measureOperations creates a stack, looks at change sets of it, updates it, and has an update
// fail.
func measureOperations(ctx context.Context, p *probe, found unproven.Answers) error {
	stack := p.promise("operations")
	created := p.parameterTemplate(beforeUpdate)
	if _, err := p.deploy(ctx, stack, types.ChangeSetTypeCreate, created, "1"); err != nil {
		return err
	}
	if err := p.expect(ctx, stack, types.StackStatusCreateComplete); err != nil {
		return err
	}
	return errors.Join(
		p.measureListPages(ctx, stack, found),
		p.measureMetadata(ctx, stack, found),
		p.measurePolicy(ctx, stack, found),
		p.measureFailureReason(ctx, stack, found),
		p.measureForeignImport(ctx, found),
		p.measureUpdate(ctx, stack, found),
		p.measureRollback(ctx, stack, found),
		p.measureDirectUpdate(ctx, stack, found),
	)
}

func (p *probe) measureDirectUpdate(ctx context.Context, stack string, found unproven.Answers) error {
	body, err := encode(p.parameterTemplate("The template of an update without a change set"))
	if err != nil {
		return err
	}
	_, err = p.Account.CloudFormation.UpdateStack(ctx, &cloudformation.UpdateStackInput{
		StackName: aws.String(stack), TemplateBody: aws.String(body), ClientRequestToken: aws.String(p.Run + "-4"),
		Parameters: []types.Parameter{{ParameterKey: aws.String("Revision"), ParameterValue: aws.String("4")}},
	})
	if err != nil {
		return fmt.Errorf("updating a stack without a change set: %w", err)
	}
	if err := p.expect(ctx, stack, types.StackStatusUpdateComplete); err != nil {
		return err
	}
	after, err := p.describe(ctx, stack)
	if err != nil {
		return err
	}
	found[unproven.DirectUpdateChangeSetID] = unproven.Kept
	if aws.ToString(after.ChangeSetId) == "" {
		found[unproven.DirectUpdateChangeSetID] = unproven.Cleared
	}
	return nil
}

// deploy makes a change set and executes it, with the revision as token. It returns what the change
// set showed.
func (p *probe) deploy(
	ctx context.Context, stack string, kind types.ChangeSetType, template object, revision string,
) (*cloudformation.DescribeChangeSetOutput, error) {
	body, err := encode(template)
	if err != nil {
		return nil, err
	}
	set, err := p.compute(ctx, p.changeSet(stack, "revision-"+revision, kind, body, revision))
	if err != nil {
		return nil, err
	}
	return set, p.execute(ctx, set, revision)
}

func (p *probe) execute(ctx context.Context, set *cloudformation.DescribeChangeSetOutput, revision string) error {
	_, err := p.Account.CloudFormation.ExecuteChangeSet(ctx, &cloudformation.ExecuteChangeSetInput{
		ChangeSetName: set.ChangeSetId, ClientRequestToken: aws.String(p.Run + "-" + revision),
	})
	if err != nil {
		return fmt.Errorf("executing a change set: %w", err)
	}
	return nil
}

// expect waits for the end of a stack's operation and returns an error if the status is another
// one.
func (p *probe) expect(ctx context.Context, name string, want types.StackStatus) error {
	stack, err := p.await(ctx, name)
	if err != nil {
		return err
	}
	if stack.StackStatus == want {
		return nil
	}
	reasons, err := p.failures(ctx, name)
	if err != nil {
		return err
	}
	return fmt.Errorf("the stack %s has the status %s: %s", name, stack.StackStatus, strings.Join(reasons, "; "))
}

func (p *probe) measureListPages(ctx context.Context, stack string, found unproven.Answers) error {
	events, err := p.Account.CloudFormation.DescribeStackEvents(
		ctx,
		&cloudformation.DescribeStackEventsInput{StackName: aws.String(stack)},
	)
	if err != nil {
		return fmt.Errorf("reading events: %w", err)
	}
	resources, err := p.Account.CloudFormation.ListStackResources(
		ctx,
		&cloudformation.ListStackResourcesInput{StackName: aws.String(stack)},
	)
	if err != nil {
		return fmt.Errorf("listing resources: %w", err)
	}
	return errors.Join(
		pageSize(found, unproven.EventsPerPage, len(events.StackEvents), events.NextToken),
		pageSize(found, unproven.ResourcesPerPage, len(resources.StackResourceSummaries), resources.NextToken),
	)
}

// measureUpdate looks at the change set of an update, and at the template while the update is
// running.
func (p *probe) measureUpdate(ctx context.Context, stack string, found unproven.Answers) error {
	set, err := p.deploy(ctx, stack, types.ChangeSetTypeUpdate, p.parameterTemplate(afterUpdate), "2")
	if err != nil {
		return err
	}
	return errors.Join(
		p.templateDuringUpdate(ctx, stack, found), // first, since the update is running
		p.measureRepeatedToken(ctx, set, found),
		measureContext(set, found),
		p.expect(ctx, stack, types.StackStatusUpdateComplete),
	)
}

// measureRepeatedToken executes the change set of the running update again, with the same token.
func (p *probe) measureRepeatedToken(
	ctx context.Context,
	set *cloudformation.DescribeChangeSetOutput,
	found unproven.Answers,
) error {
	err := p.execute(ctx, set, "2")
	var repeated *types.TokenAlreadyExistsException
	if err != nil && !errors.As(err, &repeated) {
		return err
	}
	found[unproven.ExecuteRefusesRepeatedToken] = offOn(err != nil)
	return nil
}

// templateDuringUpdate reads the template until a read lies between two looks at a running update.
func (p *probe) templateDuringUpdate(ctx context.Context, name string, found unproven.Answers) error {
	running := func() (bool, error) {
		stack, err := p.describe(ctx, name)
		return stack.StackStatus == types.StackStatusUpdateInProgress, err
	}
	for {
		if before, err := running(); err != nil {
			return err
		} else if !before {
			stack, err := p.describe(ctx, name)
			if err == nil && stack.StackStatus == types.StackStatusCreateComplete { // the update has not begun
				if err := sleep(ctx, 100*time.Millisecond); err != nil {
					return err
				}
				continue
			}
			return errors.Join(err, errors.New("the update ended before its template was read"))
		}
		out, err := p.Account.CloudFormation.GetTemplate(
			ctx,
			&cloudformation.GetTemplateInput{StackName: aws.String(name)},
		)
		if err != nil {
			return fmt.Errorf("reading the template: %w", err)
		}
		if after, err := running(); err != nil || !after {
			return errors.Join(err, errors.New("the update ended before its template was read"))
		}
		switch body := aws.ToString(out.TemplateBody); {
		case strings.Contains(body, afterUpdate):
			found[unproven.TemplateDuringUpdate] = unproven.New
		case strings.Contains(body, beforeUpdate):
			found[unproven.TemplateDuringUpdate] = unproven.Old
		default:
			return errors.New("the template is neither that before the update nor that after it")
		}
		return nil
	}
}

// measureContext looks for Metadata in the BeforeContext of the resource that has it, and for the
// resource that refers to it.
func measureContext(set *cloudformation.DescribeChangeSetOutput, found unproven.Answers) error {
	first, dependent := changeOf(set, "Parameter000"), changeOf(set, "Parameter001")
	if first == nil {
		return errors.New("the change set does not show the change of the parameter")
	}
	found[unproven.DependentsListedWithValues] = offOn(dependent != nil)
	var before map[string]json.RawMessage
	if err := json.Unmarshal([]byte(aws.ToString(first.BeforeContext)), &before); err != nil {
		return fmt.Errorf("reading a BeforeContext: %w", err)
	}
	found[unproven.ContextMetadata] = unproven.Hidden
	if _, ok := before["Metadata"]; ok {
		found[unproven.ContextMetadata] = unproven.Shown
	}
	return nil
}

// changeOf is the change of a resource in a change set, nil for none.
func changeOf(set *cloudformation.DescribeChangeSetOutput, logicalID string) *types.ResourceChange {
	for _, change := range set.Changes {
		if c := change.ResourceChange; c != nil && aws.ToString(c.LogicalResourceId) == logicalID {
			return c
		}
	}
	return nil
}

// measureRollback has an update fail, by the policy of a bucket that does not exist.
func (p *probe) measureRollback(ctx context.Context, name string, found unproven.Answers) error {
	before, err := p.describe(ctx, name)
	if err != nil {
		return err
	}
	bucket := p.name("none")
	failing := p.parameterTemplate(afterUpdate)
	failing["Resources"].(object)["Failing"] = object{ //nolint:forcetypeassert // made just above
		"Type":      "AWS::S3::BucketPolicy",
		"DependsOn": "Parameter000",
		"Properties": object{
			"Bucket": bucket,
			"PolicyDocument": object{"Version": "2012-10-17", "Statement": []any{
				object{
					"Effect":    "Deny",
					"Principal": "*",
					"Action":    "s3:*",
					"Resource":  "arn:" + p.Partition + ":s3:::" + bucket + "/*",
				},
			}},
		},
	}
	set, err := p.deploy(ctx, name, types.ChangeSetTypeUpdate, failing, "3")
	if err != nil {
		return err
	}
	if err := p.expect(ctx, name, types.StackStatusUpdateRollbackComplete); err != nil {
		return err
	}
	after, err := p.describe(ctx, name)
	if err != nil {
		return err
	}
	switch id := aws.ToString(after.ChangeSetId); id {
	case aws.ToString(set.ChangeSetId):
		found[unproven.RollbackChangeSetID] = unproven.LastExecuted
	case aws.ToString(before.ChangeSetId):
		found[unproven.RollbackChangeSetID] = unproven.Previous
	default:
		return fmt.Errorf("after the rollback, ChangeSetId is neither of the two: %q", id)
	}
	return nil
}
