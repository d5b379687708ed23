package logs

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

var (
	wire = protocol.JSON{Version: "1.1"}
	// validName is that of CreateLogGroup (CloudWatch Logs API reference).
	validName = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)
	// retentions are the days that PutRetentionPolicy takes (CloudWatch Logs API reference).
	retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)

// Logs is the service.
type Logs struct {
	world  *cloud.World
	groups map[place]map[string]*group // by name
}

type place struct{ account, region string }

type group struct {
	name, arn, key string
	retention      int // days; 0: for ever
	created        int64
	tags           map[string]string
}

// New makes the service and registers its resource type.
func New(w *cloud.World) *Logs {
	l := &Logs{world: w, groups: map[place]map[string]*group{}}
	w.RegisterType("AWS::Logs::LogGroup", groupType{l})
	return l
}

func (l *Logs) at(c cloud.Caller) map[string]*group {
	p := place{c.Account, c.Region}
	if l.groups[p] == nil {
		l.groups[p] = map[string]*group{}
	}
	return l.groups[p]
}

// WriteError encodes an error.
func (l *Logs) WriteError(r *cloud.Request, e *cloud.Error) *cloud.Response { return wire.Error(r, e) }

// Handle answers a request.
func (l *Logs) Handle(r *cloud.Request) (*cloud.Response, error) {
	if r.Operation != "DescribeLogGroups" {
		return nil, cloud.NotModelled("logs %s", r.Operation)
	}
	var in struct {
		LogGroupNamePrefix string `json:"logGroupNamePrefix"`
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	type described struct {
		Name      string `json:"logGroupName"`
		ARN       string `json:"arn"`
		Retention int    `json:"retentionInDays,omitempty"`
		Key       string `json:"kmsKeyId,omitempty"`
		Created   int64  `json:"creationTime"`
	}
	out := struct {
		Groups []described `json:"logGroups"`
	}{Groups: []described{}}
	groups := l.at(r.Caller)
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		if g := groups[name]; strings.HasPrefix(name, in.LogGroupNamePrefix) {
			out.Groups = append(out.Groups, described{g.name, g.arn, g.retention, g.key, g.created})
		}
	}
	return wire.Result(r, out)
}

// groupType is AWS::Logs::LogGroup: Ref gives the name.
type groupType struct{ l *Logs }

type groupProperties struct {
	LogGroupName    string
	RetentionInDays int
	KmsKeyId        string //nolint:revive // CloudFormation's spelling
	Tags            []struct{ Key, Value string }
}

// Schema is that of the CloudFormation registry's aws-logs-loggroup, as far as modelled.
func (groupType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"LogGroupName":    {Kind: cloud.KindString, CreateOnly: true},
			"RetentionInDays": {Kind: cloud.KindInteger},
			"KmsKeyId":        {Kind: cloud.KindString},
			"Tags":            {Kind: cloud.KindList},
		},
		PrimaryID: []string{"LogGroupName"}, Attributes: []string{"Arn"}, Tags: true,
	}
}

// Create makes a group.
func (t groupType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	var p groupProperties
	if err := properties.Decode(r.Properties, &p); err != nil {
		return cloud.Resource{}, err
	}
	if p.LogGroupName == "" {
		p.LogGroupName = r.StackName + "-" + r.LogicalID + "-" + t.l.world.NewToken(12)
	}
	if !validName.MatchString(p.LogGroupName) {
		return cloud.Resource{}, cloud.Errorf("InvalidParameterException", "1 validation error detected: Value '%s' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", p.LogGroupName)
	}
	if t.l.at(c)[p.LogGroupName] != nil {
		return cloud.Resource{}, cloud.Errorf("ResourceAlreadyExistsException", "The specified log group already exists")
	}
	g := &group{
		name: p.LogGroupName, arn: fmt.Sprintf("arn:aws:logs:%s:%s:log-group:%s:*", c.Region, c.Account, p.LogGroupName),
		created: t.l.world.Now().UnixMilli(), tags: map[string]string{},
	}
	if err := g.set(p, r.Tags); err != nil {
		return cloud.Resource{}, err
	}
	t.l.at(c)[g.name] = g
	return g.resource(), nil
}

func (g *group) set(p groupProperties, stackTags map[string]string) error {
	if p.RetentionInDays != 0 && !slices.Contains(retentions, p.RetentionInDays) {
		return cloud.Errorf("InvalidParameterException", "1 validation error detected: Value '%d' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: %v", p.RetentionInDays, retentions)
	}
	g.retention, g.key = p.RetentionInDays, p.KmsKeyId
	maps.Copy(g.tags, stackTags)
	for _, tag := range p.Tags {
		g.tags[tag.Key] = tag.Value
	}
	return nil
}

func (g *group) resource() cloud.Resource {
	return cloud.Resource{PhysicalID: g.name, Attributes: map[string]any{"Arn": g.arn}}
}

// Update changes a group in place.
func (t groupType) Update(c cloud.Caller, physicalID string, _, desired map[string]any) (cloud.Resource, error) {
	var p groupProperties
	if err := properties.Decode(desired, &p); err != nil {
		return cloud.Resource{}, err
	}
	g := t.l.at(c)[physicalID]
	if g == nil {
		return cloud.Resource{}, cloud.Errorf("ResourceNotFoundException", "The specified log group does not exist.")
	}
	return g.resource(), g.set(p, nil)
}

// Delete deletes a group.
func (t groupType) Delete(c cloud.Caller, physicalID string, _ map[string]any) error {
	delete(t.l.at(c), physicalID)
	return nil
}

// Exists finds a group by name.
func (t groupType) Exists(c cloud.Caller, p map[string]any) (string, bool) {
	name, _ := p["LogGroupName"].(string)
	return name, t.l.at(c)[name] != nil
}
