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

// maxPage is the largest page of DescribeLogGroups, and what it takes when no limit is given.
const maxPage = 50

var (
	wire = protocol.JSON{Version: "1.1"}
	// validName is that of CreateLogGroup (CloudWatch Logs API reference).
	validName = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)
	// retentions are the days that PutRetentionPolicy takes (CloudWatch Logs API reference).
	retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
	// classes are those of CreateLogGroup. The first is what it takes when none is given.
	classes = []string{"STANDARD", "INFREQUENT_ACCESS", "DELIVERY"}
	keyARN  = regexp.MustCompile(`^arn:aws:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$`)
)

// Logs is the service.
type Logs struct {
	world  *cloud.World
	groups map[place]map[string]*group // by name
}

type place struct{ account, region string }

type group struct {
	name, arn, key string
	class          string
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
		Prefix    string `json:"logGroupNamePrefix"`
		Limit     int    `json:"limit"`
		NextToken string `json:"nextToken"`
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	if in.Limit == 0 {
		in.Limit = maxPage
	}
	if in.Limit < 1 || in.Limit > maxPage {
		return nil, invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and %d", in.Limit, maxPage)
	}
	type described struct {
		Name      string `json:"logGroupName"`
		ARN       string `json:"arn"`
		PlainARN  string `json:"logGroupArn"` // without the :* behind it
		Class     string `json:"logGroupClass"`
		Retention int    `json:"retentionInDays,omitempty"`
		Key       string `json:"kmsKeyId,omitempty"`
		Created   int64  `json:"creationTime"`
	}
	out := struct {
		Groups    []described `json:"logGroups"`
		NextToken string      `json:"nextToken,omitempty"`
	}{Groups: []described{}}
	groups := l.at(r.Caller)
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		g := groups[name]
		if name <= in.NextToken || !strings.HasPrefix(name, in.Prefix) {
			continue
		}
		if len(out.Groups) == in.Limit {
			out.NextToken = out.Groups[in.Limit-1].Name
			break
		}
		out.Groups = append(out.Groups, described{g.name, g.arn, strings.TrimSuffix(g.arn, ":*"), g.class, g.retention, g.key, g.created})
	}
	return wire.Result(r, out)
}

// groupType is AWS::Logs::LogGroup: Ref gives the name.
type groupType struct{ l *Logs }

type tag struct{ Key, Value string }

type groupProperties struct {
	LogGroupName    string
	RetentionInDays int
	KmsKeyId        string //nolint:revive // CloudFormation's spelling
	LogGroupClass   string
	Tags            []tag
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
	maps.Copy(g.tags, r.Tags)
	if err := g.set(p, nil); err != nil {
		return cloud.Resource{}, err
	}
	t.l.at(c)[g.name] = g
	return g.resource(), nil
}

// set changes a group, or nothing. former are the tags that the template gave it before.
func (g *group) set(p groupProperties, former []tag) error {
	if p.RetentionInDays != 0 && !slices.Contains(retentions, p.RetentionInDays) {
		return invalid("1 validation error detected: Value '%d' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: %v", p.RetentionInDays, retentions)
	}
	class := p.LogGroupClass
	if class == "" {
		class = classes[0]
	}
	if !slices.Contains(classes, class) {
		return invalid("1 validation error detected: Value '%s' at 'logGroupClass' failed to satisfy constraint: Member must satisfy enum value set: %v", class, classes)
	}
	if g.class != "" && g.class != class {
		return invalid("The class of a log group can't be changed") // the rule is CreateLogGroup's, the text is not AWS's
	}
	if p.KmsKeyId != "" && !keyARN.MatchString(p.KmsKeyId) {
		return invalid("The specified KMS key identifier is invalid: %s", p.KmsKeyId) // CloudFormation's type takes ARNs only; the text is from memory
	}
	g.retention, g.key, g.class = p.RetentionInDays, p.KmsKeyId, class
	for _, t := range former {
		delete(g.tags, t.Key)
	}
	for _, t := range p.Tags {
		g.tags[t.Key] = t.Value
	}
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
	g := t.l.at(c)[physicalID]
	if g == nil {
		return cloud.Resource{}, cloud.Errorf("ResourceNotFoundException", "The specified log group does not exist.")
	}
	return g.resource(), g.set(p, before.Tags)
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
