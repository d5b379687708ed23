package probe

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// propagation bounds the time until a new role and its policy count everywhere.
const propagation = 5 * time.Minute

// right is one right that the role lacks, and the resource whose handler may demand it.
type right struct {
	rule     string
	suffix   string
	resource func(p *probe) object
	// denial is how AWS's reason names the action.
	denial           string
	refused, granted string // the answers
}

var rights = []right{
	{
		rule:    unproven.ParameterReadBack,
		suffix:  "parameter",
		denial:  "ssm:ListTagsForResource",
		refused: unproven.Demanded,
		granted: unproven.Tolerated,
		resource: func(p *probe) object {
			return object{
				"Type":       "AWS::SSM::Parameter",
				"Properties": object{"Name": "/stowage-probe/" + p.Run + "/right", "Type": "String", "Value": "0"},
			}
		},
	},
	{
		rule:    unproven.LogGroupReadBack,
		suffix:  "logs",
		denial:  "logs:DescribeIndexPolicies",
		refused: unproven.Demanded,
		granted: unproven.Tolerated,
		resource: func(p *probe) object {
			return object{
				"Type":       "AWS::Logs::LogGroup",
				"Properties": object{"LogGroupName": "/stowage-probe/" + p.Run, "RetentionInDays": 1},
			}
		},
	},
	{
		rule:    unproven.LoginProfileReadBack,
		suffix:  "user",
		denial:  "iam:GetLoginProfile",
		refused: unproven.Demanded,
		granted: unproven.Tolerated,
		resource: func(p *probe) object {
			return object{"Type": "AWS::IAM::User", "Properties": object{"UserName": p.name("user")}}
		},
	},
	{
		rule:    unproven.CreationResourceAccount,
		suffix:  "bucket",
		denial:  "s3:Put",
		refused: unproven.Unset,
		granted: unproven.Set,
		resource: func(p *probe) object {
			return object{"Type": "AWS::S3::Bucket", "Properties": object{
				"BucketName": p.name(
					"bucket",
				),
				"ObjectLockEnabled":       true,
				"VersioningConfiguration": object{"Status": "Enabled"},
				"ObjectLockConfiguration": object{"ObjectLockEnabled": "Enabled"},
			}}
		},
	},
}

// measureRights makes and deletes resources with a role that lacks one right for each.
func measureRights(ctx context.Context, p *probe, found unproven.Answers) error {
	role, err := p.limitedRole(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, r := range rights {
		if !(measurement{rules: []string{r.rule}}).wants(p.Rules) {
			continue
		}
		p.Log("rights of handlers: %s", r.denial)
		if err := p.measureRight(ctx, role, r, found); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", r.denial, err))
		}
	}
	return errors.Join(errs...)
}

// measureRight makes a stack of the resource with the rights of the role, and deletes it with them.
func (p *probe) measureRight(ctx context.Context, role *awsclient.Account, r right, found unproven.Answers) error {
	name := p.promise(r.suffix)
	stack, err := p.create(ctx, role.CloudFormation, name, object{"Resource": r.resource(p)})
	if err != nil {
		return err
	}
	if stack.StackStatus == types.StackStatusCreateComplete {
		if _, err := role.CloudFormation.DeleteStack(
			ctx,
			&cloudformation.DeleteStackInput{StackName: stack.StackId},
		); err != nil {
			return fmt.Errorf("deleting the stack: %w", err)
		}
		if stack, err = p.await(ctx, aws.ToString(stack.StackId)); err != nil {
			return err
		}
	}
	if stack.StackStatus == types.StackStatusDeleteComplete {
		found[r.rule] = r.granted
		return nil
	}
	reasons, err := p.failures(ctx, aws.ToString(stack.StackId))
	if err != nil {
		return err
	}
	text := strings.Join(reasons, "; ")
	if !strings.Contains(text, r.denial) {
		return fmt.Errorf("the stack has the status %s for another reason: %s", stack.StackStatus, text)
	}
	found[r.rule] = r.refused
	return nil
}

// limitedRole makes the role and returns its clients, once its policy counts.
func (p *probe) limitedRole(ctx context.Context) (*awsclient.Account, error) {
	stack, name := p.promise("role"), p.name("role")
	_, err := p.create(ctx, p.Account.CloudFormation, stack, object{
		"Role": object{
			"Type":       "AWS::IAM::Role",
			"Properties": object{"RoleName": name, "AssumeRolePolicyDocument": p.trust()},
		},
		"Policy": object{"Type": "AWS::IAM::ManagedPolicy", "Properties": object{
			"ManagedPolicyName": name, "PolicyDocument": p.limits(), "Roles": []any{object{"Ref": "Role"}},
		}},
	})
	if err != nil {
		return nil, err
	}
	if err := p.expect(ctx, stack, types.StackStatusCreateComplete); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, propagation)
	defer cancel()
	for {
		role, err := p.As(ctx, "arn:"+p.Partition+":iam::"+p.Account.ID+":role/"+name, p.Run)
		if err == nil {
			if err = p.counts(ctx, role); err == nil {
				return role, nil
			}
		}
		if waited := sleep(ctx, pollEvery); waited != nil {
			return nil, errors.Join(waited, err)
		}
	}
}

// counts returns an error unless the role's policy is in force: both what it allows and what it
// denies.
func (p *probe) counts(ctx context.Context, role *awsclient.Account) error {
	name := aws.String("/stowage-probe/" + p.Run + "/none")
	_, err := role.SSM.GetParameter(ctx, &ssm.GetParameterInput{Name: name})
	var absent *ssmtypes.ParameterNotFound
	if !errors.As(err, &absent) {
		return fmt.Errorf("the role's rights do not count yet: %w", err)
	}
	_, err = role.SSM.ListTagsForResource(
		ctx,
		&ssm.ListTagsForResourceInput{ResourceType: ssmtypes.ResourceTypeForTaggingParameter, ResourceId: name},
	)
	var refusal smithy.APIError
	if !errors.As(err, &refusal) || refusal.ErrorCode() != "AccessDeniedException" {
		return fmt.Errorf("the role's denials do not count yet: %w", err)
	}
	return nil
}

// trust lets principals of the account assume the role, with the run as external ID.
func (p *probe) trust() object {
	return object{"Version": "2012-10-17", "Statement": []any{
		object{
			"Effect":    "Allow",
			"Principal": object{"AWS": "arn:" + p.Partition + ":iam::" + p.Account.ID + ":root"},
			"Action":    "sts:AssumeRole",
			"Condition": object{"StringEquals": object{"sts:ExternalId": p.Run}},
		},
	}}
}

// limits are the rights of the role: on what this run makes, without the rights in question.
func (p *probe) limits() object {
	arn := func(service, resource string) string {
		return "arn:" + p.Partition + ":" + service + ":" + p.Account.Region + ":" + p.Account.ID + ":" + resource
	}
	bucket := "arn:" + p.Partition + ":s3:::" + p.name("*")
	allow := func(resource string, actions ...string) object {
		return object{"Effect": "Allow", "Action": actions, "Resource": resource}
	}
	settings := allow(bucket, "s3:Put*")
	settings["Condition"] = object{"StringEquals": object{"aws:ResourceAccount": p.Account.ID}}
	return object{"Version": "2012-10-17", "Statement": []any{
		allow(
			arn("cloudformation", "stack/"+p.name("*")),
			"cloudformation:CreateStack",
			"cloudformation:DeleteStack",
			"cloudformation:TagResource",
		),
		allow(arn("ssm", "parameter/stowage-probe/"+p.Run+"/*"), "ssm:*"),
		allow("*", "ssm:DescribeParameters", "logs:Describe*", "logs:Get*", "logs:List*"),
		allow(arn("logs", "log-group:/stowage-probe/"+p.Run+"*"), "logs:*"),
		allow(
			"arn:"+p.Partition+":iam::"+p.Account.ID+":user/"+p.name("user"),
			"iam:CreateUser",
			"iam:DeleteUser",
			"iam:DeleteLoginProfile",
			"iam:Get*",
			"iam:List*",
			"iam:TagUser",
			"iam:UntagUser",
		),
		allow(bucket, "s3:CreateBucket", "s3:DeleteBucket", "s3:Get*", "s3:List*", "s3:TagResource"),
		settings,
		object{
			"Effect":   "Deny",
			"Action":   []any{"ssm:ListTagsForResource", "logs:DescribeIndexPolicies", "iam:GetLoginProfile"},
			"Resource": "*",
		},
	}}
}
