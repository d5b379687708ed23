package logs

import (
	"fmt"
	"maps"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

// groupType is AWS::Logs::LogGroup: Ref gives the name.
type groupType struct{ s *Service }

type groupProperties struct {
	LogGroupName    string
	RetentionInDays int
	KmsKeyId        string
	LogGroupClass   string
	Tags            []cloud.Tag
}

// Schema is that of the CloudFormation registry's aws-logs-loggroup, as far as modelled.
func (groupType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"LogGroupName":    {Kind: cloud.KindString, CreateOnly: true},
			"RetentionInDays": {Kind: cloud.KindInteger},
			"KmsKeyId":        {Kind: cloud.KindString},
			"LogGroupClass":   {Kind: cloud.KindString},
			"Tags":            {Kind: cloud.KindList},
		},
		PrimaryID: []string{"LogGroupName"}, Attributes: []string{"Arn"}, Tags: true,
	}
}

// Create creates a group.
func (t groupType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	var p groupProperties
	if err := properties.Decode(r.Properties, &p); err != nil {
		return cloud.Resource{}, err
	}
	if p.LogGroupName == "" {
		p.LogGroupName = r.StackName + "-" + r.LogicalID + "-" + t.s.world.NewToken(12)
	}
	if !validName.MatchString(p.LogGroupName) {
		return cloud.Resource{}, cloud.Errorf(
			"InvalidParameterException",
			"1 validation error detected: Value '%s' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+",
			p.LogGroupName,
		)
	}
	if t.s.at(c)[p.LogGroupName] != nil {
		return cloud.Resource{}, cloud.Errorf("ResourceAlreadyExistsException", "The specified log group already exists")
	}
	g := &group{
		name: p.LogGroupName, arn: fmt.Sprintf("arn:aws:logs:%s:%s:log-group:%s:*", c.Region, c.Account, p.LogGroupName),
		created: t.s.world.Now().UnixMilli(), tags: map[string]string{},
	}
	maps.Copy(g.tags, r.Tags)
	if err := g.set(p, nil); err != nil {
		return cloud.Resource{}, err
	}
	if err := t.s.usable(c, p.KmsKeyId, g.name); err != nil {
		return cloud.Resource{}, err
	}
	t.s.at(c)[g.name] = g
	return g.resource(), nil
}

// set changes a group, or nothing. former are the template's previous tags.
func (g *group) set(p groupProperties, former []cloud.Tag) error {
	if p.RetentionInDays != 0 && !slices.Contains(retentions, p.RetentionInDays) {
		return invalid(
			"1 validation error detected: Value '%d' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: %v",
			p.RetentionInDays,
			retentions,
		)
	}
	class := p.LogGroupClass
	if class == "" {
		class = classes[0]
	}
	if !slices.Contains(classes, class) {
		return invalid(
			"1 validation error detected: Value '%s' at 'logGroupClass' failed to satisfy constraint: Member must satisfy enum value set: %v",
			class,
			classes,
		)
	}
	if g.class != "" && g.class != class {
		return invalid("The class of a log group can't be changed") // the rule is CreateLogGroup's, the text is not AWS's
	}
	if p.KmsKeyId != "" && !keyARN.MatchString(p.KmsKeyId) {
		// CloudFormation's type accepts only ARNs; the text is from memory.
		return invalid("The specified KMS key identifier is invalid: %s", p.KmsKeyId)
	}
	for i, t := range p.Tags {
		if t.Key == "" || !cloud.TagCharacters(t.Key) || !cloud.TagCharacters(t.Value) { // the patterns of the SDK's model
			return invalid(
				`1 validation error detected: Value at 'tags.%d' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+`,
				i+1,
			)
		}
	}
	g.retention, g.key, g.class = p.RetentionInDays, p.KmsKeyId, class
	cloud.Retag(g.tags, former, p.Tags)
	return nil
}

func invalid(format string, args ...any) error {
	return cloud.Errorf("InvalidParameterException", format, args...)
}

func (g *group) resource() cloud.Resource {
	return cloud.Resource{PhysicalID: g.name, Attributes: map[string]any{"Arn": g.arn}}
}

// Update changes a group in place.
func (t groupType) Update(c cloud.Caller, physicalID string, old, desired map[string]any) (cloud.Resource, error) {
	var before, p groupProperties
	if err := properties.Decode(old, &before); err != nil {
		return cloud.Resource{}, err
	}
	if err := properties.Decode(desired, &p); err != nil {
		return cloud.Resource{}, err
	}
	g := t.s.at(c)[physicalID]
	if g == nil {
		return cloud.Resource{}, cloud.Errorf("ResourceNotFoundException", "The specified log group does not exist.")
	}
	if p.KmsKeyId != before.KmsKeyId && keyARN.MatchString(p.KmsKeyId) {
		if err := t.s.usable(c, p.KmsKeyId, g.name); err != nil {
			return cloud.Resource{}, err
		}
	}
	return g.resource(), g.set(p, before.Tags)
}

// Delete deletes a group.
func (t groupType) Delete(c cloud.Caller, physicalID string, _ map[string]any) error {
	delete(t.s.at(c), physicalID)
	return nil
}

// Exists finds a group by name.
func (t groupType) Exists(c cloud.Caller, p map[string]any) (string, bool) {
	name, _ := p["LogGroupName"].(string)
	return name, t.s.at(c)[name] != nil
}
