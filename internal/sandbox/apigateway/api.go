package apigateway

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// place is an account and region.
type place struct{ account, region string }

func placeOf(c cloud.Caller) place { return place{c.Account, c.Region} }

// settled are the objects that CloudFormation creates in an account and region. The world's lock
// guards them.
type settled struct {
	apis    map[string]*api
	domains map[string]*domainName
	logRole string // role for logs of all APIs; "" for none
}

// api is an API with its parts, by ID or name.
type api struct {
	place
	id           string
	webSocket    bool
	selection    string // route selection expression
	tags         map[string]string
	authorizers  map[string]*authorizer
	integrations map[string]*integration
	routes       map[string]*route
	deployments  map[string]*deployment
	stages       map[string]*deployedStage
}

const protocolWebSocket, protocolHTTP = "WEBSOCKET", "HTTP"

// Quotas of an API (API Gateway developer guide, "Quotas for configuring and running a WebSocket
// API" and "... an HTTP API").
const (
	maxAuthorizers  = 10
	maxStages       = 10
	maxRoutes       = 300
	maxIntegrations = 300
)

// at returns the objects of an account and region.
func (s *Service) at(p place) *settled {
	if s.settled[p] == nil {
		s.settled[p] = &settled{apis: map[string]*api{}, domains: map[string]*domainName{}}
	}
	return s.settled[p]
}

// newID returns an identifier in API Gateway's format: lower case letters and digits.
func (s *Service) newID(length int) string { return strings.ToLower(s.world.NewToken(length)) }

// api returns a caller's API.
func (s *Service) api(c cloud.Caller, id string) (*api, error) {
	if found := s.at(placeOf(c)).apis[id]; found != nil {
		return found, nil
	}
	// The text is that of REST APIs, as users of AWS publish it.
	return nil, notFound("Invalid API identifier specified %s:%s", c.Account, id)
}

// redeploy deploys an API's current routes to its stages with automatic deployment (unproven:
// api-auto-deploy).
func (s *Service) redeploy(a *api) {
	for _, name := range slices.Sorted(maps.Keys(a.stages)) {
		if st := a.stages[name]; st.autoDeploy {
			st.deployed = a.snapshot()
			s.publish(a, st)
		}
	}
}

func badRequest(format string, args ...any) error {
	return cloud.Errorf("BadRequestException", format, args...)
}

func notFound(format string, args ...any) error {
	e := cloud.Errorf("NotFoundException", format, args...)
	e.Status = http.StatusNotFound
	return e
}

func conflict(format string, args ...any) error {
	e := cloud.Errorf("ConflictException", format, args...)
	e.Status = http.StatusConflict
	return e
}

// The URIs of functions: as an action of Lambda's API, and as an ARN, which HTTP APIs accept, too
// (SDK model, CreateAuthorizer and CreateIntegration).
var (
	invocationURI = regexp.MustCompile(
		`^arn:aws:apigateway:([a-z0-9-]+):lambda:path/2015-03-31/functions/(arn:aws:lambda:[^/]+)/invocations$`)
	functionARN = regexp.MustCompile(`^arn:aws:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_:$-]+$`)
)

// functionOf returns the ARN of the function in a URI. The refusal's text is that of REST APIs.
func (a *api) functionOf(uri string, plain bool) (string, error) {
	arn := uri
	if found := invocationURI.FindStringSubmatch(uri); found != nil && found[1] == a.region {
		arn = found[2]
	} else if !plain {
		return "", badRequest("Invalid function ARN or invalid uri")
	}
	if !functionARN.MatchString(arn) {
		return "", badRequest("Invalid function ARN or invalid uri")
	}
	return arn, nil
}

// retag replaces the tags of a template. Those of the stack stay.
func retag(tags, former, now map[string]string) {
	for key := range former {
		delete(tags, key)
	}
	maps.Copy(tags, now)
}

// taggedWith returns the tags of a new object.
func taggedWith(stack, own map[string]string) map[string]string {
	tags := maps.Clone(stack)
	if tags == nil {
		tags = map[string]string{}
	}
	maps.Copy(tags, own)
	return tags
}
