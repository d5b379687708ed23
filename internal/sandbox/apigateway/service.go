package apigateway

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// Limits of AWS, from the API Gateway Developer Guide, "Quotas for configuring and running a
// WebSocket API". Sizes are in bytes.
const (
	// IdleLimit is the time without a message in either direction after which a connection is
	// closed.
	IdleLimit = 10 * time.Minute
	// LifeLimit is the maximum lifetime of a connection.
	LifeLimit = 2 * time.Hour
	// MaxFrame is the maximum size of a frame.
	MaxFrame = 32 << 10
	// MaxMessage is the maximum size of a message, which may have several frames.
	MaxMessage = 128 << 10
	// maxAuthorizer is the maximum size of an authorizer's answer.
	maxAuthorizer = 8 << 10
	// integrationLimit is the maximum duration of a function.
	integrationLimit = 29 * time.Second
	// defaultRate is the default quota of new connections per second, per account and region.
	defaultRate = 500
)

// defaultBuffer is in bytes. AWS documents that a buffer can be full, not its size (unproven:
// websocket-buffer).
const defaultBuffer = 512 << 10

// Close codes of API Gateway.
const (
	closeNormal      = 1000
	closeGoingAway   = 1001
	closeUnsupported = 1003
	closeAbnormal    = 1006 // never on the wire: no close frame was received
	closeTooBig      = 1009
)

// Settings describe the stage of a WebSocket API.
type Settings struct {
	API     string // the API's ID, part of its host name; AWS's have 10 letters and digits
	Stage   string
	Account string // 12 digits
	Region  string
	// Authorizer is the ARN of the REQUEST authorizer of $connect; "" allows every client.
	Authorizer string
	// AuthorizerID is the authorizer's own ID, a part of its ARN; "" means "authorizer".
	AuthorizerID string
	// IdentitySources must all be present and not empty before the authorizer is called:
	// route.request.header.NAME and route.request.querystring.NAME.
	IdentitySources []string
	// Routes maps a route key to the ARN of its function: $connect, $disconnect, $default, or a
	// value of the route selection.
	Routes map[string]string
	// RouteSelection is the route selection expression; "" means $request.body.action.
	RouteSelection string
	// Buffer is the number of bytes that wait for a client that does not read; 0 means 512 KB.
	Buffer int
	// Rate is the maximum number of the account's new connections per second in the region; 0 means
	// 500, which AWS raises on request.
	Rate int

	// throttle limits all requests to the stage; the zero value does not.
	throttle throttle
}

// Service is the simulated API Gateway. It is safe for concurrent use.
type Service struct {
	world  *cloud.World
	locked func(func())

	mu          sync.Mutex
	stages      map[string]*Stage // by API/stage
	https       map[string]*httpStage
	hosts       map[string]string // API/stage by custom domain
	address     string            // of the sandbox; "" for none
	connections map[string]*connection
	order       []string       // IDs of the connections in order of arrival
	opened      map[string]int // connections so far, by stage and source address
	rates       map[string]*rate

	// What CloudFormation has created. The world's lock guards it.
	settled      map[place]*settled
	certificates map[string][]string // names, by ARN
}

// rate is a token bucket for new connections.
type rate struct {
	tokens float64
	at     time.Time
}

// Stage is a deployed stage of a WebSocket API.
type Stage struct {
	gateway   *Service
	settings  Settings
	selection []string // the path into the body that selects the route
	throttle  throttle // the gateway's lock guards it
}

// New returns the service and registers its resource types. locked runs a function with the world's
// lock held.
func New(w *cloud.World, locked func(func())) *Service {
	s := &Service{
		world: w, locked: locked,
		stages:       make(map[string]*Stage),
		https:        make(map[string]*httpStage),
		hosts:        make(map[string]string),
		connections:  make(map[string]*connection),
		opened:       make(map[string]int),
		rates:        make(map[string]*rate),
		settled:      make(map[place]*settled),
		certificates: make(map[string][]string),
	}
	for name, kind := range map[string]cloud.ResourceType{
		"AWS::ApiGateway::Account":       accountType{s},
		"AWS::ApiGatewayV2::Api":         apiType{s},
		"AWS::ApiGatewayV2::ApiMapping":  mappingType{s},
		"AWS::ApiGatewayV2::Authorizer":  authorizerType{s},
		"AWS::ApiGatewayV2::Deployment":  deploymentType{s},
		"AWS::ApiGatewayV2::DomainName":  domainNameType{s},
		"AWS::ApiGatewayV2::Integration": integrationType{s},
		"AWS::ApiGatewayV2::Route":       routeType{s},
		"AWS::ApiGatewayV2::Stage":       stageType{s},
	} {
		w.RegisterType(name, kind)
	}
	return s
}

// selectionOf returns the path into a message's body of a route selection expression; nil for one
// that is not modelled or invalid.
func selectionOf(expression string) []string {
	expression = strings.TrimSuffix(strings.TrimPrefix(strings.Replace(expression, "${", "$", 1), "$"), "}")
	path, ok := strings.CutPrefix(expression, "request.body.")
	if !ok || path == "" {
		return nil
	}
	return strings.Split(path, ".")
}

// Deploy creates or replaces a stage. Connections of the old stage keep its settings.
func (s *Service) Deploy(settings Settings) (*Stage, error) {
	for name, value := range map[string]string{
		"API": settings.API, "stage": settings.Stage, "account": settings.Account, "region": settings.Region,
	} {
		if value == "" || strings.ContainsAny(value, "/ ") {
			return nil, fmt.Errorf("apigateway: %s %q", name, value)
		}
	}
	for _, source := range settings.IdentitySources {
		if kind, name := splitSource(source); kind == "" || name == "" {
			return nil, fmt.Errorf(
				"apigateway: the identity source %q is none of route.request.header.NAME and route.request.querystring.NAME",
				source,
			)
		}
	}
	if settings.RouteSelection == "" {
		settings.RouteSelection = "$request.body.action"
	}
	path := selectionOf(settings.RouteSelection)
	if path == nil {
		return nil, fmt.Errorf(
			"apigateway: the route selection expression %q is not $request.body.NAME", settings.RouteSelection,
		)
	}
	if settings.Buffer <= 0 {
		settings.Buffer = defaultBuffer
	}
	if settings.Rate <= 0 {
		settings.Rate = defaultRate
	}
	settings.Routes, settings.IdentitySources = maps.Clone(settings.Routes), slices.Clone(settings.IdentitySources)
	settings.AuthorizerID = cmp.Or(settings.AuthorizerID, "authorizer")
	stage := &Stage{gateway: s, settings: settings, selection: path, throttle: settings.throttle}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stages[settings.API+"/"+settings.Stage] = stage
	return stage, nil
}

// Stage returns a served stage of a WebSocket API; nil for none.
func (s *Service) Stage(api, name string) *Stage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stages[api+"/"+name]
}

// Path returns the stage's path below the sandbox's address. Clients connect there, and the
// management API has the same path with http.
func (s *Stage) Path() string { return "/ws/" + s.settings.API + "/" + s.settings.Stage }

// Domain returns the API's AWS host name, the domainName of events.
func (s *Stage) Domain() string {
	return hostOf(s.settings.API, s.settings.Region)
}

// arn returns the ARN of a part of the stage, such as a route key.
func (s *Stage) arn(what string) string {
	return s.apiARN() + "/" + s.settings.Stage + "/" + what
}

func (s *Stage) apiARN() string {
	return "arn:aws:execute-api:" + s.settings.Region + ":" + s.settings.Account + ":" + s.settings.API
}

// find returns the WebSocket stage of a request, by its path, host name or domain, and the rest of
// the path. A stage name alone suffices when only one API has a stage of that name.
func (s *Service) find(r *http.Request) (stage *Stage, rest string) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if parts[0] == "ws" && len(parts) >= 3 {
		return s.stages[parts[1]+"/"+parts[2]], strings.Join(parts[3:], "/")
	}
	rest = strings.Join(parts[1:], "/")
	name, _, _ := strings.Cut(host, ":")
	if key := s.hosts[name]; key != "" {
		return s.stages[key], strings.TrimPrefix(r.URL.Path, "/")
	}
	if api, _, ok := strings.Cut(host, ".execute-api."); ok {
		return s.stages[api+"/"+parts[0]], rest
	}
	for _, known := range s.stages {
		if known.settings.Stage != parts[0] {
			continue
		}
		if stage != nil {
			return nil, rest
		}
		stage = known
	}
	return stage, rest
}

func (s *Stage) admit() bool {
	g := s.gateway
	g.mu.Lock()
	defer g.mu.Unlock()
	place, now := s.settings.Account+"/"+s.settings.Region, time.Now()
	if !s.throttle.admit(now) {
		return false
	}
	most := float64(s.settings.Rate)
	bucket := g.rates[place]
	if bucket == nil {
		bucket = &rate{tokens: most, at: now}
		g.rates[place] = bucket
	}
	bucket.tokens = min(most, bucket.tokens+most*now.Sub(bucket.at).Seconds())
	bucket.at = now
	if bucket.tokens < 1 {
		return false
	}
	bucket.tokens--
	return true
}
