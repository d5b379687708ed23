package dynamodb

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// tableType is the resource type AWS::DynamoDB::Table: CloudFormation user guide, page of that
// name. CloudFormation's own resource time represents the table's phase CREATING.
type tableType struct{ s *Service }

var _ cloud.ResourceType = tableType{}

// tableProperties are the modelled properties: CreateTable's members and three of other operations.
type tableProperties struct {
	TableName                        string
	AttributeDefinitions             []attributeDefinition
	KeySchema                        []keyElement
	BillingMode                      *string
	ProvisionedThroughput            *throughput
	DeletionProtectionEnabled        bool
	TableClass                       *string
	Tags                             []tag
	TimeToLiveSpecification          *ttlSpecification
	PointInTimeRecoverySpecification *pitrSpecification
	SSESpecification                 *struct {
		SSEEnabled     *bool
		SSEType        string
		KMSMasterKeyId string
	}
}

func (p *tableProperties) input() *tableInput {
	in := &tableInput{
		TableName:                 p.TableName,
		AttributeDefinitions:      p.AttributeDefinitions,
		KeySchema:                 p.KeySchema,
		BillingMode:               p.BillingMode,
		ProvisionedThroughput:     p.ProvisionedThroughput,
		DeletionProtectionEnabled: p.DeletionProtectionEnabled,
		TableClass:                p.TableClass,
		Tags:                      p.Tags,
	}
	if p.SSESpecification != nil {
		in.SSESpecification = &sseSpecification{
			Enabled: p.SSESpecification.SSEEnabled, SSEType: p.SSESpecification.SSEType,
			KMSMasterKeyId: p.SSESpecification.KMSMasterKeyId,
		}
	}
	return in
}

// read converts properties to their Go form.
func read(properties map[string]any) (*tableProperties, error) {
	var p tableProperties
	encoded, err := json.Marshal(properties)
	if err == nil {
		err = json.Unmarshal(encoded, &p)
	}
	if err != nil {
		return nil, cloud.Errorf("ValidationException", "Properties of AWS::DynamoDB::Table: %v", err)
	}
	return &p, nil
}

// Schema describes the type. It lacks secondary indexes and streams, so that they are refused.
func (tableType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"TableName":                        {Kind: cloud.KindString, CreateOnly: true},
			"AttributeDefinitions":             {Kind: cloud.KindList},
			"KeySchema":                        {Kind: cloud.KindList, CreateOnly: true},
			"BillingMode":                      {Kind: cloud.KindString},
			"ProvisionedThroughput":            {Kind: cloud.KindMap},
			"DeletionProtectionEnabled":        {Kind: cloud.KindBool},
			"TableClass":                       {Kind: cloud.KindString},
			"Tags":                             {Kind: cloud.KindList},
			"TimeToLiveSpecification":          {Kind: cloud.KindMap},
			"PointInTimeRecoverySpecification": {Kind: cloud.KindMap},
			"SSESpecification":                 {Kind: cloud.KindMap},
		},
		Required:   []string{"KeySchema"},
		PrimaryID:  []string{"TableName"},
		Attributes: []string{"Arn"},
		Tags:       true,
	}
}

func resource(t *table) cloud.Resource {
	return cloud.Resource{PhysicalID: t.name, Attributes: map[string]any{"Arn": t.arn}}
}

// Create creates the table, ACTIVE immediately.
func (tt tableType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	p, err := read(r.Properties)
	if err != nil {
		return cloud.Resource{}, err
	}
	if p.TableName == "" {
		p.TableName = fmt.Sprintf("%s-%s-%s", r.StackName, r.LogicalID, tt.s.world.NewToken(12))
	}
	own := make(map[string]bool)
	for _, t := range p.Tags {
		own[t.Key] = true
	}
	for _, key := range slices.Sorted(maps.Keys(r.Tags)) {
		if !own[key] {
			p.Tags = append(p.Tags, tag{key, r.Tags[key]})
		}
	}
	t, refused := tt.s.create(c, p.input())
	if refused != nil {
		return cloud.Resource{}, refused
	}
	t.status = statusActive
	if err := tt.features(t, p); err != nil {
		delete(tt.s.at(c).tables, t.name)
		return cloud.Resource{}, err
	}
	return resource(t), nil
}

// features sets what CreateTable does not: TTL and point-in-time recovery.
func (tt tableType) features(t *table, p *tableProperties) error {
	t.ttlAttribute = ""
	if p.TimeToLiveSpecification != nil && p.TimeToLiveSpecification.Enabled {
		if err := t.setTTL(*p.TimeToLiveSpecification); err != nil {
			return err
		}
	}
	if p.PointInTimeRecoverySpecification == nil {
		t.pitr = false
		return nil
	}
	if err := t.setPITR(*p.PointInTimeRecoverySpecification, tt.s.world.Now()); err != nil {
		return err
	}
	return nil
}

// Update changes a table's settings and keeps its items.
func (tt tableType) Update(c cloud.Caller, physicalID string, old, properties map[string]any) (cloud.Resource, error) {
	t, refused := tt.s.named(c, physicalID)
	if refused != nil {
		return cloud.Resource{}, refused
	}
	before, err := read(old)
	if err != nil {
		return cloud.Resource{}, err
	}
	p, err := read(properties)
	if err != nil {
		return cloud.Resource{}, err
	}
	if !reflect.DeepEqual(before.AttributeDefinitions, p.AttributeDefinitions) {
		if _, refused := p.input().keys(); refused != nil {
			return cloud.Resource{}, refused
		}
	}
	if refused := t.bill(p.BillingMode, p.ProvisionedThroughput); refused != nil {
		return cloud.Resource{}, refused
	}
	if refused := t.encrypt(p.input().SSESpecification, c); refused != nil {
		return cloud.Resource{}, refused
	}
	if err := tt.features(t, p); err != nil {
		return cloud.Resource{}, err
	}
	t.protected, t.class = p.DeletionProtectionEnabled, ""
	if p.TableClass != nil {
		t.class = *p.TableClass
	}
	for _, tag := range before.Tags {
		delete(t.tags, tag.Key)
	}
	for _, tag := range p.Tags {
		t.tags[tag.Key] = tag.Value
	}
	return resource(t), nil
}

// Delete removes the table immediately.
func (tt tableType) Delete(c cloud.Caller, physicalID string, _ map[string]any) error {
	t := tt.s.at(c).tables[physicalID]
	if t == nil {
		return nil
	}
	if refused := tt.s.drop(c, t, 0); refused != nil {
		return refused
	}
	return nil
}

// Exists finds a table by its name.
func (tt tableType) Exists(c cloud.Caller, properties map[string]any) (string, bool) {
	name, _ := properties["TableName"].(string)
	return name, tt.s.at(c).tables[name] != nil
}
