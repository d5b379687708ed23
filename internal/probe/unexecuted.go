package probe

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// The change sets of this file are looked at and never executed.

// variant makes a change set of the stack whose first parameter has another attribute, such as its
// metadata.
func (p *probe) variant(
	ctx context.Context,
	stack, name, attribute string,
	value any,
) (*cloudformation.DescribeChangeSetOutput, error) {
	template := p.parameterTemplate(beforeUpdate)
	if attribute != "" {
		//nolint:forcetypeassert // made just above
		template["Resources"].(object)["Parameter000"].(object)[attribute] = value
	}
	body, err := encode(template)
	if err != nil {
		return nil, err
	}
	arn, err := p.createSet(ctx, p.changeSet(stack, name, types.ChangeSetTypeUpdate, body, "1"))
	if err != nil {
		return nil, err
	}
	return p.describeSet(ctx, arn)
}

func (p *probe) measureMetadata(ctx context.Context, stack string, found unproven.Answers) error {
	set, err := p.variant(ctx, stack, "metadata", "Metadata", object{"Probe": "changed"})
	if err != nil {
		return err
	}
	if err := p.whole(ctx, set); err != nil {
		return err
	}
	change := changeOf(set, "Parameter000")
	if change == nil {
		return errors.New("the change set does not show the change of metadata")
	}
	found[unproven.MetadataChangesLackContext] = offOn(aws.ToString(change.BeforeContext) == "")
	return nil
}

func (p *probe) measurePolicy(ctx context.Context, stack string, found unproven.Answers) error {
	set, err := p.variant(ctx, stack, "policy", "DeletionPolicy", "Retain")
	if err != nil {
		return err
	}
	if set.Status == types.ChangeSetStatusFailed {
		reason, err := p.reason(ctx, set)
		if err != nil {
			return err
		}
		if !strings.Contains(reason, "didn't contain changes") {
			return fmt.Errorf("the change set failed: %s", reason)
		}
	}
	found[unproven.PolicyChangesUnlisted] = offOn(changeOf(set, "Parameter000") == nil)
	return nil
}

// measureFailureReason changes nothing, which fails.
func (p *probe) measureFailureReason(ctx context.Context, stack string, found unproven.Answers) error {
	set, err := p.variant(ctx, stack, "nothing", "", nil)
	if err != nil {
		return err
	}
	if set.Status != types.ChangeSetStatusFailed {
		return fmt.Errorf("a change set without changes has the status %s", set.Status)
	}
	found[unproven.FailureReasonNeedsPlainDescribe] = offOn(aws.ToString(set.StatusReason) == "")
	return nil
}

// measureForeignImport would import a parameter that the other stack has.
func (p *probe) measureForeignImport(ctx context.Context, found unproven.Answers) error {
	resource := p.parameter("002", "0")
	resource["DeletionPolicy"] = "Retain"
	body, err := encode(object{
		"Parameters": object{"Revision": object{"Type": "String"}}, "Resources": object{"Parameter": resource},
	})
	if err != nil {
		return err
	}
	input := p.changeSet(p.promise("import"), "import", types.ChangeSetTypeCreate, body, "1")
	input.ImportExistingResources = aws.Bool(true)
	arn, err := p.createSet(ctx, input)
	if err != nil {
		return err
	}
	set, err := p.describeSet(ctx, arn)
	if err != nil {
		return err
	}
	reason, err := p.reason(ctx, set)
	if err != nil {
		return err
	}
	change := changeOf(set, "Parameter")
	switch {
	case set.Status == types.ChangeSetStatusFailed && strings.Contains(reason, "already in a stack"):
		found[unproven.ForeignImport] = unproven.Refused
	case set.Status == types.ChangeSetStatusFailed && strings.Contains(reason, "validation failed"),
		change != nil && change.Action == types.ChangeActionAdd:
		found[unproven.ForeignImport] = unproven.Added
	default:
		return fmt.Errorf(
			"the change set that imports a resource of another stack has the status %s: %s",
			set.Status,
			reason,
		)
	}
	return nil
}
