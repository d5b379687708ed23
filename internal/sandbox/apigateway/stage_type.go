package apigateway

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

// deployedStage is a stage that CloudFormation created.
type deployedStage struct {
	name       string
	deployment string // ID; "" with automatic deployment, or before the first one
	autoDeploy bool
	deployed   snapshot // without routes before the first deployment
	throttle   throttle
	tags       map[string]string
}

// Limits of stages (SDK model, CreateStage; API Gateway developer guide, "API Gateway account-level
// quotas, per Region": the default throttle of an account).
const (
	maxThrottleRate  = 10_000
	maxThrottleBurst = 5_000
)

var (
	stageNames = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)
	// requestIDs are the variables of which a log's format needs one.
	requestIDs = regexp.MustCompile(`\$context\.(requestId|extendedRequestId)\b`)
	logGroups  = regexp.MustCompile(`^arn:aws:logs:([a-z0-9-]+):([0-9]{12}):log-group:([^:]+)(:\*)?$`)
)

// stageType is AWS::ApiGatewayV2::Stage: Ref gives the name.
type stageType struct{ s *Service }

type stageProperties struct {
	ApiId, StageName, DeploymentId, Description string
	AutoDeploy                                  bool
	AccessLogSettings                           *struct{ DestinationArn, Format string }
	DefaultRouteSettings                        *routeSettings
	Tags                                        map[string]string
}

type routeSettings struct {
	DataTraceEnabled, DetailedMetricsEnabled *bool
	LoggingLevel                             string
	ThrottlingBurstLimit                     *int
	ThrottlingRateLimit                      *json.Number
}

// Schema is that of the CloudFormation registry's aws-apigatewayv2-stage, as far as modelled.
func (stageType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"ApiId":                {Kind: cloud.KindString, CreateOnly: true},
			"StageName":            {Kind: cloud.KindString, CreateOnly: true},
			"DeploymentId":         {Kind: cloud.KindString},
			"Description":          {Kind: cloud.KindString},
			"AutoDeploy":           {Kind: cloud.KindBool},
			"AccessLogSettings":    {Kind: cloud.KindMap},
			"DefaultRouteSettings": {Kind: cloud.KindMap},
			"Tags":                 {Kind: cloud.KindMap},
		},
		Required: []string{"ApiId", "StageName"}, PrimaryID: []string{"ApiId", "StageName"}, Tags: true,
	}
}

// decode reads and checks the properties of a stage. Refusals without another note have no text of
// AWS.
func (t stageType) decode(c cloud.Caller, desired map[string]any) (*api, *stageProperties, error) {
	p := new(stageProperties)
	if err := properties.Decode(desired, p); err != nil {
		return nil, nil, err
	}
	owner, err := t.s.api(c, p.ApiId)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case p.StageName == routeDefault && owner.webSocket,
		p.StageName != routeDefault && !stageNames.MatchString(p.StageName):
		return nil, nil, badRequest("Stage name only allows a-zA-Z0-9_-")
	case p.AutoDeploy && p.DeploymentId != "":
		// SDK model, UpdateStage: "Can't be updated if autoDeploy is enabled"
		return nil, nil, badRequest("Deployment ID cannot be set by customer when AutoDeploy is enabled")
	case p.DeploymentId != "" && owner.deployments[p.DeploymentId] == nil:
		return nil, nil, notFound("Invalid Deployment identifier specified")
	}
	if err := t.checkLogs(c, owner, p); err != nil {
		return nil, nil, err
	}
	if r := p.DefaultRouteSettings; r != nil {
		if burst := r.ThrottlingBurstLimit; burst != nil && (*burst < 0 || *burst > maxThrottleBurst) {
			return nil, nil, badRequest("Invalid throttling burst limit: %d", *burst)
		}
		if rate := r.rate(); rate < 0 || rate > maxThrottleRate {
			return nil, nil, badRequest("Invalid throttling rate limit: %v", rate)
		}
	}
	return owner, p, nil
}

func (r *routeSettings) rate() float64 {
	if r.ThrottlingRateLimit == nil {
		return maxThrottleRate
	}
	rate, err := r.ThrottlingRateLimit.Float64()
	if err != nil {
		return -1
	}
	return rate
}

// checkLogs checks a stage's access and execution logs. The first two refusals were published by
// users of AWS. HTTP APIs have no execution logs, and their access logs need no role (API Gateway
// developer guide, "Configure logging for HTTP APIs"). The log group must exist (unproven:
// api-log-group).
func (t stageType) checkLogs(c cloud.Caller, owner *api, p *stageProperties) error {
	execution := false
	if r := p.DefaultRouteSettings; r != nil {
		traced := r.DataTraceEnabled != nil && *r.DataTraceEnabled
		switch r.LoggingLevel {
		case "", "OFF", "ERROR", "INFO":
		default:
			return badRequest("Invalid value for LoggingLevel: %s", r.LoggingLevel)
		}
		execution = r.LoggingLevel == "ERROR" || r.LoggingLevel == "INFO" || traced
		if !owner.webSocket && (r.LoggingLevel != "" || traced) {
			return badRequest("Execution logs are not supported on protocolType HTTP")
		}
	}
	access := p.AccessLogSettings
	if owner.webSocket && (execution || access != nil) && t.s.at(placeOf(c)).logRole == "" {
		return badRequest("CloudWatch Logs role ARN must be set in account settings to enable logging")
	}
	if access == nil {
		return nil
	}
	group := logGroups.FindStringSubmatch(access.DestinationArn)
	switch {
	case strings.HasPrefix(access.DestinationArn, "arn:aws:firehose:"):
		return cloud.NotModelled("access logs to Firehose")
	case group == nil || group[1] != c.Region || group[2] != c.Account || !t.s.world.HasLogGroup(c, group[3]):
		return badRequest("Invalid log destination: %s", access.DestinationArn)
	case !requestIDs.MatchString(access.Format): // SDK model, AccessLogSettings
		return badRequest("The access log format must contain at least $context.requestId")
	}
	return nil
}

// apply sets a stage to its properties, and serves it.
func (t stageType) apply(owner *api, st *deployedStage, p *stageProperties) {
	st.throttle = throttle{rate: maxThrottleRate, burst: maxThrottleBurst}
	if r := p.DefaultRouteSettings; r != nil {
		st.throttle.rate = r.rate()
		if r.ThrottlingBurstLimit != nil {
			st.throttle.burst = float64(*r.ThrottlingBurstLimit)
		}
	}
	switch {
	case p.AutoDeploy:
		st.deployed = owner.snapshot()
	case p.DeploymentId != "":
		st.deployed = owner.deployments[p.DeploymentId].snapshot
	}
	st.autoDeploy, st.deployment = p.AutoDeploy, p.DeploymentId
	t.s.publish(owner, st)
}

// Create creates a stage.
func (t stageType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	owner, p, err := t.decode(c, r.Properties)
	if err != nil {
		return cloud.Resource{}, err
	}
	switch {
	case owner.stages[p.StageName] != nil:
		return cloud.Resource{}, conflict("Stage already exists")
	case len(owner.stages) >= maxStages:
		return cloud.Resource{}, badRequest("Maximum number of Stages for this API has been reached")
	}
	made := &deployedStage{name: p.StageName, tags: taggedWith(r.Tags, p.Tags)}
	owner.stages[made.name] = made
	t.apply(owner, made, p)
	return cloud.Resource{PhysicalID: made.name, Attributes: map[string]any{}}, nil
}

// Update changes a stage in place.
func (t stageType) Update(c cloud.Caller, physicalID string, old, desired map[string]any) (cloud.Resource, error) {
	owner, p, err := t.decode(c, desired)
	if err != nil {
		return cloud.Resource{}, err
	}
	var before stageProperties
	if err := properties.Decode(old, &before); err != nil {
		return cloud.Resource{}, err
	}
	found := owner.stages[physicalID]
	if found == nil {
		return cloud.Resource{}, notFound("Invalid stage identifier specified")
	}
	retag(found.tags, before.Tags, p.Tags)
	t.apply(owner, found, p)
	return cloud.Resource{PhysicalID: physicalID, Attributes: map[string]any{}}, nil
}

// Delete removes a stage that no domain serves (unproven: api-mapped-deletion).
func (t stageType) Delete(c cloud.Caller, physicalID string, p map[string]any) error {
	id, _ := p["ApiId"].(string)
	owner, err := t.s.api(c, id)
	if err != nil || owner.stages[physicalID] == nil {
		return nil //nolint:nilerr // it is gone already
	}
	for _, d := range t.s.at(owner.place).domains {
		for _, m := range d.mappings {
			if m.api == id && m.stage == physicalID {
				return badRequest("Please remove all API mappings of stage %s before deleting it.", physicalID)
			}
		}
	}
	t.s.retract(owner, owner.stages[physicalID])
	delete(owner.stages, physicalID)
	return nil
}

// Exists finds a stage by its API and name.
func (t stageType) Exists(c cloud.Caller, p map[string]any) (string, bool) {
	id, _ := p["ApiId"].(string)
	name, _ := p["StageName"].(string)
	owner, err := t.s.api(c, id)
	return name, err == nil && owner.stages[name] != nil
}
