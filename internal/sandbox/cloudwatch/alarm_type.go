package cloudwatch

import (
	"maps"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

// alarmType is AWS::CloudWatch::Alarm: Ref gives the name.
type alarmType struct{ s *Service }

// Schema is that of the CloudFormation registry's aws-cloudwatch-alarm, for alarms of one metric.
func (alarmType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"AlarmName":               {Kind: cloud.KindString, CreateOnly: true},
			"AlarmDescription":        {Kind: cloud.KindString},
			"Namespace":               {Kind: cloud.KindString},
			"MetricName":              {Kind: cloud.KindString},
			"Statistic":               {Kind: cloud.KindString},
			"ComparisonOperator":      {Kind: cloud.KindString},
			"TreatMissingData":        {Kind: cloud.KindString},
			"Dimensions":              {Kind: cloud.KindList},
			"Period":                  {Kind: cloud.KindInteger},
			"EvaluationPeriods":       {Kind: cloud.KindInteger},
			"DatapointsToAlarm":       {Kind: cloud.KindInteger},
			"Threshold":               {Kind: cloud.KindNumber},
			"ActionsEnabled":          {Kind: cloud.KindBool},
			"AlarmActions":            {Kind: cloud.KindList},
			"OKActions":               {Kind: cloud.KindList},
			"InsufficientDataActions": {Kind: cloud.KindList},
			"Tags":                    {Kind: cloud.KindList},
		},
		Required:  []string{"ComparisonOperator", "EvaluationPeriods"},
		PrimaryID: []string{"AlarmName"}, Attributes: []string{"Arn"}, Tags: true,
	}
}

func (a *alarm) resource() cloud.Resource {
	return cloud.Resource{PhysicalID: a.AlarmName, Attributes: map[string]any{"Arn": a.arn}}
}

// Create creates an alarm. PutMetricAlarm would replace one of the same name; the handler refuses.
func (t alarmType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	var p alarmProperties
	if err := properties.Decode(r.Properties, &p); err != nil {
		return cloud.Resource{}, err
	}
	if p.AlarmName == "" {
		p.AlarmName = r.StackName + "-" + r.LogicalID + "-" + t.s.world.NewToken(12)
	}
	if err := p.check(); err != nil {
		return cloud.Resource{}, err
	}
	arn := arnOf(c, p.AlarmName)
	if t.s.alarms[arn] != nil {
		return cloud.Resource{}, cloud.Errorf("AlreadyExists", "%s already exists", p.AlarmName)
	}
	a := &alarm{alarmProperties: p, arn: arn, tags: map[string]string{}, created: t.s.world.Now()}
	maps.Copy(a.tags, r.Tags)
	cloud.Retag(a.tags, nil, p.Tags)
	t.s.alarms[arn] = a
	return a.resource(), nil
}

// Update replaces an alarm's settings.
func (t alarmType) Update(c cloud.Caller, physicalID string, _, desired map[string]any) (cloud.Resource, error) {
	a := t.s.alarms[arnOf(c, physicalID)]
	if a == nil {
		return cloud.Resource{}, cloud.Errorf("ResourceNotFound", "The alarm %s does not exist", physicalID)
	}
	var p alarmProperties
	if err := properties.Decode(desired, &p); err != nil {
		return cloud.Resource{}, err
	}
	p.AlarmName = physicalID
	if err := p.check(); err != nil {
		return cloud.Resource{}, err
	}
	cloud.Retag(a.tags, a.Tags, p.Tags)
	a.alarmProperties = p
	return a.resource(), nil
}

// Delete removes an alarm.
func (t alarmType) Delete(c cloud.Caller, physicalID string, _ map[string]any) error {
	delete(t.s.alarms, arnOf(c, physicalID))
	return nil
}

// Exists finds an alarm by its name.
func (t alarmType) Exists(c cloud.Caller, properties map[string]any) (string, bool) {
	name, _ := properties["AlarmName"].(string)
	return name, t.s.alarms[arnOf(c, name)] != nil
}
