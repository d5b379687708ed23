package apigateway

import (
	"net/http"
	"strings"
	"time"
)

// httpPath is the path of HTTP APIs below the sandbox's address.
const httpPath = "/_sandbox/http/"

// SetAddress sets the address of the sandbox, such as http://127.0.0.1:4599. The endpoints of APIs
// that are created afterwards are below it; without an address they are AWS's host names.
func (s *Service) SetAddress(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.address = address
}

// endpoint returns the attribute ApiEndpoint of an API (unproven: api-endpoint). A client appends the
// stage's name, except that of $default.
func (s *Service) endpoint(a *api) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.address == "" && a.webSocket:
		return "wss://" + hostOf(a.id, a.region)
	case s.address == "":
		return "https://" + hostOf(a.id, a.region)
	case a.webSocket:
		return "ws" + strings.TrimPrefix(s.address, "http") + "/ws/" + a.id
	default:
		return s.address + httpPath + a.id
	}
}

// hostOf returns the AWS host name of an API.
func hostOf(api, region string) string { return api + ".execute-api." + region + ".amazonaws.com" }

// publish serves a stage of CloudFormation by the routes of its deployment, as Deploy and HTTP serve
// registered ones.
func (s *Service) publish(a *api, st *deployedStage) {
	if st.deployed.routes == nil {
		return
	}
	if !a.webSocket {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.https[a.id+"/"+st.name] = &httpStage{gateway: s, throttle: st.throttle, settings: HTTPSettings{
			API: a.id, Account: a.account, Region: a.region, Stage: st.name, Function: st.deployed.routes[routeDefault],
		}}
		return
	}
	settings := Settings{
		API: a.id, Stage: st.name, Account: a.account, Region: a.region, Routes: st.deployed.routes,
		RouteSelection: st.deployed.selection, throttle: st.throttle,
	}
	if authorizer := st.deployed.authorizer; authorizer != nil {
		settings.Authorizer, settings.AuthorizerID = authorizer.function, authorizer.id
		settings.IdentitySources = authorizer.sources
	}
	if _, err := s.Deploy(settings); err != nil {
		panic("sandbox: a stage that was checked can't be deployed: " + err.Error())
	}
}

// retract ends a stage and closes its connections.
func (s *Service) retract(a *api, st *deployedStage) {
	key := a.id + "/" + st.name
	s.mu.Lock()
	delete(s.https, key)
	delete(s.stages, key)
	var open []*connection
	for _, id := range s.order {
		if c := s.connections[id]; c.isOpen && c.stage.settings.API == a.id && c.stage.settings.Stage == st.name {
			open = append(open, c)
		}
	}
	s.mu.Unlock()
	for _, c := range open {
		c.close(closeGoingAway, "Going away")
	}
}

// mapHost serves a stage, by API/STAGE, at the host name of a custom domain; "" ends that.
func (s *Service) mapHost(host, stage string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stage == "" {
		delete(s.hosts, host)
	} else {
		s.hosts[host] = stage
	}
}

// throttle is a token bucket for the requests of a stage. rate is per second. The zero value
// admits all.
type throttle struct {
	rate, burst float64
	tokens      float64
	at          time.Time
}

// admit takes a token. The gateway's lock is held.
func (t *throttle) admit(now time.Time) bool {
	if t.burst == 0 && t.rate == 0 {
		return true
	}
	if t.at.IsZero() {
		t.tokens = t.burst
	} else {
		t.tokens = min(t.burst, t.tokens+t.rate*now.Sub(t.at).Seconds())
	}
	t.at = now
	if t.tokens < 1 {
		return false
	}
	t.tokens--
	return true
}

// ServeAPI answers a request of a deployed HTTP API, and reports whether it is one: below the path
// of HTTP APIs, or with the host name of an API or its domain.
func (s *Service) ServeAPI(w http.ResponseWriter, r *http.Request) bool {
	rest, below := strings.CutPrefix(r.URL.Path, httpPath)
	var key string
	switch host, _, _ := strings.Cut(r.Host, ":"); {
	case below:
		api, path, slash := strings.Cut(rest, "/")
		if !slash {
			http.Redirect(w, r, httpPath+api+"/", http.StatusFound)
			return true
		}
		key, rest = api, "/"+path
	default:
		s.mu.Lock()
		key = s.hosts[host]
		s.mu.Unlock()
		if key == "" {
			api, _, ok := strings.Cut(host, ".execute-api.")
			if !ok {
				return false
			}
			key = api
		}
		rest = r.URL.Path
	}
	served, path := s.httpStage(key, rest)
	switch {
	case served != nil:
	case below:
		refuseHTTP(w, http.StatusNotFound, "Not Found")
		return true
	default:
		return false
	}
	at := r.Clone(r.Context())
	at.URL.Path = path
	served.ServeHTTP(w, at)
	return true
}

// httpStage finds the stage of a request by its API, or API/STAGE, and returns it with the path
// below it. The first part of the path is the stage's name; other paths belong to $default.
func (s *Service) httpStage(key, path string) (*httpStage, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.Contains(key, "/") {
		return s.https[key], path
	}
	name, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if found := s.https[key+"/"+name]; found != nil && name != routeDefault {
		return found, "/" + rest
	}
	return s.https[key+"/"+routeDefault], path
}
