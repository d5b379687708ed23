package probe

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// parameterCount is more than the entries of any page that is believed.
const parameterCount = 110

// parameterTemplate is a template of SSM parameters whose stack has the parameter Revision. Its
// value is that of the first SSM parameter, and by reference that of the second.
func (p *probe) parameterTemplate(description string) object {
	resources := object{}
	for i := range parameterCount {
		resources[fmt.Sprintf("Parameter%03d", i)] = p.parameter(fmt.Sprintf("%03d", i), "0")
	}
	first := p.parameter("000", object{"Ref": "Revision"})
	first["Metadata"] = object{"Probe": p.Run}
	resources["Parameter000"] = first
	resources["Parameter001"] = p.parameter("001", object{"Fn::GetAtt": []any{"Parameter000", "Value"}})
	return object{
		"Description": description,
		"Parameters":  object{"Revision": object{"Type": "String"}},
		"Resources":   resources,
	}
}

// parameter is an SSM parameter in a template.
func (p *probe) parameter(name string, value any) object {
	return object{
		"Type":       "AWS::SSM::Parameter",
		"Properties": object{"Name": p.path(name), "Type": "String", "Value": value},
	}
}

func (p *probe) path(name string) string { return "/stowage-probe/" + p.Run + "/" + name }

// changeSet is the request of a change set whose stack has the parameter Revision.
func (p *probe) changeSet(
	stack, name string,
	kind types.ChangeSetType,
	body, revision string,
) *cloudformation.CreateChangeSetInput {
	return &cloudformation.CreateChangeSetInput{
		StackName: aws.String(
			stack,
		),
		ChangeSetName: aws.String(name),
		ChangeSetType: kind,
		TemplateBody:  aws.String(body),
		Tags:          p.tags(),
		Parameters: []types.Parameter{
			{ParameterKey: aws.String("Revision"), ParameterValue: aws.String(revision)},
		},
		ClientToken: aws.String(p.Run + "-" + name),
	}
}

// createSet makes a change set, without waiting for what it shows.
func (p *probe) createSet(ctx context.Context, input *cloudformation.CreateChangeSetInput) (arn *string, err error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("creating a change set: %w", context.Cause(ctx))
	}
	// The call is not cut short: its outcome must be known when the stack is removed.
	made, err := p.Account.CloudFormation.CreateChangeSet(context.WithoutCancel(ctx), input)
	if err != nil {
		return nil, fmt.Errorf("creating a change set: %w", err)
	}
	return made.Id, nil
}

// describeSet waits until a change set is complete or has failed, and returns its first page, with
// property values.
func (p *probe) describeSet(ctx context.Context, arn *string) (*cloudformation.DescribeChangeSetOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	for {
		if err := sleep(ctx, pollEvery); err != nil {
			return nil, err
		}
		out, err := p.Account.CloudFormation.DescribeChangeSet(ctx, &cloudformation.DescribeChangeSetInput{
			ChangeSetName: arn, IncludePropertyValues: aws.Bool(true),
		})
		var absent *types.ChangeSetNotFoundException
		switch {
		case errors.As(err, &absent): // not yet found
		case err != nil:
			return nil, fmt.Errorf("describing a change set: %w", err)
		case out.Status == types.ChangeSetStatusFailed, out.Status == types.ChangeSetStatusCreateComplete:
			return out, nil
		}
	}
}

// compute makes a change set and returns its first page, with property values. A set that has
// failed or is not whole is an error.
func (p *probe) compute(
	ctx context.Context,
	input *cloudformation.CreateChangeSetInput,
) (*cloudformation.DescribeChangeSetOutput, error) {
	arn, err := p.createSet(ctx, input)
	if err != nil {
		return nil, err
	}
	set, err := p.describeSet(ctx, arn)
	if err != nil {
		return nil, err
	}
	return set, p.whole(ctx, set)
}

// whole returns an error for a set that has failed or is not whole.
func (p *probe) whole(ctx context.Context, set *cloudformation.DescribeChangeSetOutput) error {
	if set.Status == types.ChangeSetStatusCreateComplete && aws.ToString(set.StatusReason) == "" {
		return nil
	}
	reason, err := p.reason(ctx, set)
	if err != nil {
		return err
	}
	return fmt.Errorf("the change set has the status %s: %s", set.Status, reason)
}

// reason is the StatusReason of a set, which a description without property values has if the one
// with them has none.
func (p *probe) reason(ctx context.Context, set *cloudformation.DescribeChangeSetOutput) (string, error) {
	if reason := aws.ToString(set.StatusReason); reason != "" {
		return reason, nil
	}
	plain, err := p.Account.CloudFormation.DescribeChangeSet(
		ctx,
		&cloudformation.DescribeChangeSetInput{ChangeSetName: set.ChangeSetId},
	)
	if err != nil {
		return "", fmt.Errorf("describing a change set: %w", err)
	}
	return aws.ToString(plain.StatusReason), nil
}

func measureChangeSet(ctx context.Context, p *probe, found unproven.Answers) error {
	stack := p.promise("review")
	body, err := encode(p.parameterTemplate("A change set that is not executed"))
	if err != nil {
		return err
	}
	input := p.changeSet(stack, "creation", types.ChangeSetTypeCreate, body, "1")
	arn, err := p.createSet(ctx, input)
	if err != nil {
		return err
	}
	if err := p.measureFirstDescription(ctx, arn, found); err != nil {
		return err
	}
	page, err := p.describeSet(ctx, arn)
	if err != nil {
		return err
	}
	if err := p.whole(ctx, page); err != nil {
		return err
	}
	if len(page.Changes) == 0 || page.Changes[0].ResourceChange == nil {
		return errors.New("the change set shows no changes")
	}
	found[unproven.AdditionsHaveReplacement] = offOn(page.Changes[0].ResourceChange.Replacement != "")
	if err := p.measureSameName(ctx, *input, page, found); err != nil {
		return err
	}
	return pageSize(found, unproven.ChangesPerPage, len(page.Changes), page.NextToken)
}

// measureFirstDescription describes a change set that has just been made.
func (p *probe) measureFirstDescription(ctx context.Context, arn *string, found unproven.Answers) error {
	_, err := p.Account.CloudFormation.DescribeChangeSet(
		ctx,
		&cloudformation.DescribeChangeSetInput{ChangeSetName: arn},
	)
	var absent *types.ChangeSetNotFoundException
	if err != nil && !errors.As(err, &absent) {
		return fmt.Errorf("describing a change set: %w", err)
	}
	found[unproven.NewChangeSetsNotFoundAtFirst] = offOn(err != nil)
	return nil
}

func offOn(on bool) string {
	if on {
		return unproven.On
	}
	return unproven.Off
}

// measureSameName asks for the change set again, with another parameter.
func (p *probe) measureSameName(
	ctx context.Context,
	again cloudformation.CreateChangeSetInput,
	first *cloudformation.DescribeChangeSetOutput,
	found unproven.Answers,
) error {
	again.Parameters = []types.Parameter{{ParameterKey: aws.String("Revision"), ParameterValue: aws.String("2")}}
	out, err := p.Account.CloudFormation.CreateChangeSet(ctx, &again)
	var exists *types.AlreadyExistsException
	switch {
	case errors.As(err, &exists):
		found[unproven.SameNameRequest] = unproven.Compared
	case err != nil:
		return fmt.Errorf("creating a change set of the same name: %w", err)
	case aws.ToString(out.Id) == aws.ToString(first.ChangeSetId):
		found[unproven.SameNameRequest] = unproven.Ignored
	default:
		return errors.New("the change set of the same name is another one")
	}
	return nil
}

// pageSize is how many entries a first page has, if there are more.
func pageSize(found unproven.Answers, rule string, entries int, next *string) error {
	if aws.ToString(next) == "" {
		return fmt.Errorf("all %d entries came in one page", entries)
	}
	found[rule] = strconv.Itoa(entries)
	return nil
}
