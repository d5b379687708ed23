package conformance

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

func guards() []Contract {
	return []Contract{
		{
			Name:   "termination-protection",
			Rule:   "A protected stack can't be deleted.",
			Source: cfnGuide + "Protect stacks from being deleted",
			Check: func(ctx context.Context, c *Clients) error {
				stack, err := c.created(ctx, bucketTemplate(unique("bucket"), ""))
				if err != nil {
					return err
				}
				if _, err = c.CloudFormation.UpdateTerminationProtection(
					ctx,
					&cloudformation.UpdateTerminationProtectionInput{StackName: &stack, EnableTerminationProtection: aws.Bool(true)},
				); err != nil {
					return err
				}
				_, err = c.CloudFormation.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &stack})
				return refused(err, "ValidationError", "TerminationProtection is enabled")
			},
		},
		{
			Name:   "stack-policy",
			Rule:   "A stack policy stops a replacement.",
			Source: cfnGuide + "Prevent updates to stack resources",
			Check:  stackPolicy,
		},
		{
			Name: "inline-limit", Rule: "A template in the call has at most 51,200 bytes.", Source: cfnGuide + "Quotas",
			Check: func(ctx context.Context, c *Clients) error {
				body := bucketTemplate(unique("bucket"), fmt.Sprintf(`,"Metadata":{"a":%q}`, strings.Repeat("x", 51_200)))
				_, err := c.CloudFormation.CreateStack(
					ctx, &cloudformation.CreateStackInput{StackName: aws.String(unique("stack")), TemplateBody: &body},
				)
				return refused(err, "ValidationError", "51200")
			},
		},
		{
			Name: "five-hundred-resources", Rule: "A template has at most 500 resources.", Source: cfnGuide + "Quotas",
			Check: func(ctx context.Context, c *Clients) error {
				var resources []string
				for n := range 501 {
					resources = append(resources, fmt.Sprintf(`"R%d":{"Type":"AWS::S3::Bucket"}`, n))
				}
				body := `{"Resources":{` + strings.Join(resources, ",") + `}}`
				_, err := c.CloudFormation.CreateStack(
					ctx, &cloudformation.CreateStackInput{StackName: aws.String(unique("stack")), TemplateBody: &body},
				)
				return refused(err, "ValidationError", "500")
			},
		},
		{
			Name:   "unresolved-reference",
			Rule:   "A reference to nothing is refused at once.",
			Source: cfnGuide + "Troubleshooting, Invalid value or unsupported resource property",
			Check: func(ctx context.Context, c *Clients) error {
				body := `{"Resources":{"Bucket":{"Type":"AWS::S3::Bucket","Properties":{"BucketName":{"Ref":"Nothing"}}}}}`
				_, err := c.CloudFormation.CreateStack(
					ctx, &cloudformation.CreateStackInput{StackName: aws.String(unique("stack")), TemplateBody: &body},
				)
				return refused(
					err, "ValidationError",
					"Unresolved resource dependencies [Nothing] in the Resources block of the template",
				)
			},
		},
		{
			Name: "capabilities", Rule: "Named IAM resources need a capability.", Source: cfnReference + "CreateStack",
			Check: func(ctx context.Context, c *Clients) error {
				body := fmt.Sprintf(
					`{"Resources":{"Group":{"Type":"AWS::IAM::Group","Properties":{"GroupName":%q}}}}`, unique("group"),
				)
				_, err := c.CloudFormation.CreateStack(
					ctx, &cloudformation.CreateStackInput{StackName: aws.String(unique("stack")), TemplateBody: &body},
				)
				return refused(err, "InsufficientCapabilitiesException", "CAPABILITY_NAMED_IAM")
			},
		},
	}
}

func stackPolicy(ctx context.Context, c *Clients) error {
	bucket := unique("bucket")
	stack, err := c.created(ctx, bucketTemplate(bucket, ""))
	if err != nil {
		return err
	}
	policy := `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"Update:*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"Update:Replace","Resource":"*"}]}`
	if _, err = c.CloudFormation.SetStackPolicy(
		ctx, &cloudformation.SetStackPolicyInput{StackName: &stack, StackPolicyBody: &policy},
	); err != nil {
		return err
	}
	status, err := c.update(ctx, stack, bucketTemplate(unique("bucket"), ""))
	if err != nil {
		return err
	}
	return errors.Join(
		equal("the stack's status", status, types.StackStatusUpdateRollbackComplete),
		equal("the bucket is there", c.hasBucket(ctx, bucket), true),
	)
}
