package probe

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// driftResources are a user without rights, an empty group, and an empty bucket with a policy. note
// changes with an update.
func (p *probe) driftResources(note string) object {
	bucket := p.name("drift")
	arn := "arn:" + p.Partition + ":s3:::" + bucket
	return object{
		"User": object{
			"Type": "AWS::IAM::User", "Metadata": object{"Probe": note}, "Properties": object{"UserName": bucket},
		},
		"Group":  object{"Type": "AWS::IAM::Group", "Properties": object{"GroupName": bucket}},
		"Bucket": object{"Type": "AWS::S3::Bucket", "Properties": object{"BucketName": bucket}},
		"Policy": object{"Type": "AWS::S3::BucketPolicy", "DependsOn": "Bucket", "Properties": object{
			"Bucket": bucket,
			"PolicyDocument": object{"Version": "2012-10-17", "Statement": []any{object{
				"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": []any{arn, arn + "/*"},
				"Condition": object{"Bool": object{"aws:SecureTransport": "false"}},
			}}},
		}},
	}
}

// measureDrift detects drift, tries to update the stack meanwhile, and looks at the types of the
// results.
func measureDrift(ctx context.Context, p *probe, found unproven.Answers) error {
	stack := p.promise("drift")
	if _, err := p.create(ctx, p.Account.CloudFormation, stack, p.driftResources("before")); err != nil {
		return err
	}
	if err := p.expect(ctx, stack, types.StackStatusCreateComplete); err != nil {
		return err
	}
	id, err := p.detectDrift(ctx, stack)
	if err != nil {
		return err
	}
	body, err := encode(object{"Resources": p.driftResources("after")})
	if err != nil {
		return err
	}
	_, err = p.Account.CloudFormation.UpdateStack(ctx, &cloudformation.UpdateStackInput{
		StackName: aws.String(stack), TemplateBody: aws.String(body), Capabilities: capabilities,
	})
	var refusal smithy.APIError
	switch {
	case err == nil:
		found[unproven.UpdateDuringDetection] = unproven.Allowed
	case errors.As(err, &refusal) && refusal.ErrorCode() == "ValidationError":
		found[unproven.UpdateDuringDetection] = unproven.Refused
	default:
		return fmt.Errorf("updating a stack during drift detection: %w", err)
	}
	if err := p.awaitDetection(ctx, id); err != nil {
		return err
	}
	if _, err := p.await(ctx, stack); err != nil {
		return err
	}
	return errors.Join(p.measureDriftTypes(ctx, stack, found), p.measureRevert(ctx, stack, found))
}

// measureDriftTypes looks at the types of the results of a detection.
func (p *probe) measureDriftTypes(ctx context.Context, stack string, found unproven.Answers) error {
	id, err := p.detectDrift(ctx, stack)
	if err != nil {
		return err
	}
	if err := p.awaitDetection(ctx, id); err != nil {
		return err
	}
	out, err := p.Account.CloudFormation.DescribeStackResourceDrifts(
		ctx,
		&cloudformation.DescribeStackResourceDriftsInput{StackName: aws.String(stack)},
	)
	if err != nil {
		return fmt.Errorf("reading the drift of the stack %s: %w", stack, err)
	}
	checked := map[string]bool{}
	for _, one := range out.StackResourceDrifts {
		checked[aws.ToString(one.LogicalResourceId)] = true
	}
	if !checked["Bucket"] {
		return errors.New("drift detection did not check the bucket")
	}
	for rule, resource := range map[string]string{
		unproven.DriftDoubtedTypes: "User", unproven.DriftUnlistedTypes: "Policy",
	} {
		found[rule] = unproven.Omitted
		if checked[resource] {
			found[rule] = unproven.Detected
		}
	}
	return nil
}

// measureRevert attaches a policy of another stack to the group, deletes the bucket, and looks at a
// drift-aware change set, which is not executed.
func (p *probe) measureRevert(ctx context.Context, stack string, found unproven.Answers) error {
	other, name := p.promise("drift-policy"), p.name("drift")
	if _, err := p.create(ctx, p.Account.CloudFormation, other, object{
		"Policy": object{"Type": "AWS::IAM::ManagedPolicy", "Properties": object{
			"ManagedPolicyName": name, "Groups": []any{name},
			"PolicyDocument": object{"Version": "2012-10-17", "Statement": []any{object{
				"Effect": "Deny", "Action": "*", "Resource": "*",
			}}},
		}},
	}); err != nil {
		return err
	}
	if err := p.expect(ctx, other, types.StackStatusCreateComplete); err != nil {
		return err
	}
	if _, err := p.Account.S3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: aws.String(name)}); err != nil {
		return fmt.Errorf("deleting the bucket %s: %w", name, err)
	}
	body, err := encode(object{"Resources": p.driftResources("reverted")})
	if err != nil {
		return err
	}
	set, err := p.compute(ctx, &cloudformation.CreateChangeSetInput{
		StackName: aws.String(stack), ChangeSetName: aws.String("revert"), TemplateBody: aws.String(body),
		Capabilities: capabilities, DeploymentMode: types.DeploymentModeRevertDrift,
	})
	if err != nil {
		return err
	}
	found[unproven.RevertDeleted], found[unproven.RevertAttachments] = unproven.Ignored, unproven.Kept
	for _, c := range set.Changes {
		switch change := c.ResourceChange; {
		case change == nil:
		case aws.ToString(change.LogicalResourceId) == "Group":
			found[unproven.RevertAttachments] = unproven.Reverted
		case aws.ToString(change.LogicalResourceId) != "Bucket":
		case change.Action == types.ChangeActionAdd:
			found[unproven.RevertDeleted] = unproven.Recreated
		case change.Replacement == types.ReplacementTrue:
			found[unproven.RevertDeleted] = unproven.Replaced
		default:
			return fmt.Errorf("the deleted bucket has the action %s", change.Action)
		}
	}
	return nil
}

func (p *probe) detectDrift(ctx context.Context, stack string) (id *string, err error) {
	out, err := p.Account.CloudFormation.DetectStackDrift(
		ctx,
		&cloudformation.DetectStackDriftInput{StackName: aws.String(stack)},
	)
	if err != nil {
		return nil, fmt.Errorf("detecting the drift of the stack %s: %w", stack, err)
	}
	return out.StackDriftDetectionId, nil
}

func (p *probe) awaitDetection(ctx context.Context, id *string) error {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	for {
		if err := sleep(ctx, pollEvery); err != nil {
			return err
		}
		out, err := p.Account.CloudFormation.DescribeStackDriftDetectionStatus(
			ctx,
			&cloudformation.DescribeStackDriftDetectionStatusInput{StackDriftDetectionId: id},
		)
		switch {
		case err != nil:
			return fmt.Errorf("reading the status of drift detection: %w", err)
		case out.DetectionStatus == types.StackDriftDetectionStatusDetectionComplete:
			return nil
		case out.DetectionStatus == types.StackDriftDetectionStatusDetectionFailed:
			return fmt.Errorf("drift detection has failed: %s", aws.ToString(out.DetectionStatusReason))
		}
	}
}
