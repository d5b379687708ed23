package apigateway

import (
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
}

// Service is the simulated API Gateway. It is safe for concurrent use.
type Service struct {
	world  *cloud.World
	locked func(func())

	mu          sync.Mutex
	stages      map[string]*Stage // by API/stage
	connections map[string]*connection
	order       []string       // IDs of the connections in order of arrival
	opened      map[string]int // connections so far, by stage and source address
	rates       map[string]*rate
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
}

// New returns the service. locked runs a function with the world's lock held; New registers nothing
// with the world.
func New(w *cloud.World, locked func(func())) *Service {
	return &Service{
		world: w, locked: locked,
		stages:      make(map[string]*Stage),
		connections: make(map[string]*connection),
		opened:      make(map[string]int),
		rates:       make(map[string]*rate),
	}
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
	expression := strings.TrimSuffix(strings.TrimPrefix(strings.Replace(settings.RouteSelection, "${", "$", 1), "$"), "}")
	path, ok := strings.CutPrefix(expression, "request.body.")
	if !ok || path == "" {
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
	stage := &Stage{gateway: s, settings: settings, selection: strings.Split(path, ".")}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stages[settings.API+"/"+settings.Stage] = stage
	return stage, nil
}

// Path returns the stage's path below the sandbox's address. Clients connect there, and the
// management API has the same path with http.
func (s *Stage) Path() string { return "/ws/" + s.settings.API + "/" + s.settings.Stage }

// Domain returns the API's AWS host name, the domainName of events.
func (s *Stage) Domain() string {
	return s.settings.API + ".execute-api." + s.settings.Region + ".amazonaws.com"
}

// arn returns the ARN of a part of the stage, such as a route key.
func (s *Stage) arn(what string) string {
	return s.apiARN() + "/" + s.settings.Stage + "/" + what
}

func (s *Stage) apiARN() string {
	return "arn:aws:execute-api:" + s.settings.Region + ":" + s.settings.Account + ":" + s.settings.API
}

// find returns the stage of a request, by its path or host name, and the rest of the path. A stage
// name alone suffices when only one API has a stage of that name.
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
