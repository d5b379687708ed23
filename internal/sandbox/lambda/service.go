package lambda

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

// servicePrincipal is Lambda, as policies name it.
const servicePrincipal = "lambda.amazonaws.com"

// Service is the simulated Lambda.
type Service struct {
	world     *cloud.World
	locked    func(func())
	functions map[string]*function // by ARN
	processes *processes
}

// New returns the service and registers it and its resource types with the world. locked runs a
// function with the world's lock held.
func New(w *cloud.World, locked func(func())) *Service {
	s := &Service{world: w, locked: locked, functions: map[string]*function{}}
	s.processes = newProcesses(s)
	w.SetDeployedFunctions(s)
	w.RegisterType("AWS::Lambda::Function", functionType{s})
	w.RegisterType("AWS::Lambda::Permission", permissionType{s})
	w.RegisterType("AWS::Lambda::EventInvokeConfig", eventInvokeConfigType{s})
	return s
}

var (
	_ cloud.Service           = (*Service)(nil)
	_ cloud.Operator          = (*Service)(nil)
	_ cloud.DeployedFunctions = (*Service)(nil)
)

// routes are the modelled operations, by the method and what follows a function's name in the path
// (Lambda API reference).
var routes = map[string]string{
	"GET ":                     "GetFunction",
	"GET /configuration":       "GetFunctionConfiguration",
	"GET /policy":              "GetPolicy",
	"GET /event-invoke-config": "GetFunctionEventInvokeConfig",
	"POST /invocations":        "Invoke",
}

// split returns the name or ARN of the function in a request's path, and the rest of the path.
func split(path string) (name, rest string) {
	_, path, _ = strings.Cut(path, "/functions/")
	name, rest, found := strings.Cut(path, "/")
	if found {
		rest = "/" + rest
	}
	return name, strings.TrimSuffix(rest, "/")
}

// Operation implements cloud.Operator.
func (s *Service) Operation(r *cloud.Request) string {
	_, rest := split(r.HTTP.URL.Path)
	return routes[r.HTTP.Method+" "+rest]
}

var operations = map[string]func(*Service, *cloud.Request, *function) (any, error){
	"GetFunction":                  (*Service).getFunction,
	"GetFunctionConfiguration":     (*Service).getFunctionConfiguration,
	"GetPolicy":                    (*Service).getPolicy,
	"GetFunctionEventInvokeConfig": (*Service).getEventInvokeConfig,
}

// Handle answers one request.
func (s *Service) Handle(r *cloud.Request) (*cloud.Response, error) {
	if qualifier := r.HTTP.URL.Query().Get("Qualifier"); qualifier != "" && qualifier != latest {
		return nil, cloud.NotModelled("versions and aliases of functions")
	}
	f, err := s.find(s.requested(r))
	if err != nil {
		return nil, err
	}
	if r.Operation == "Invoke" {
		return s.invoke(r, f)
	}
	run, ok := operations[r.Operation]
	if !ok {
		return nil, cloud.NotModelled("lambda %s", r.Operation)
	}
	result, err := run(s, r, f)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(result)
	if err != nil {
		return nil, fmt.Errorf("encode the result of %s: %w", r.Operation, err)
	}
	return &cloud.Response{Header: header(r), Body: body}, nil
}

func header(r *cloud.Request) http.Header {
	return http.Header{"Content-Type": {"application/json"}, "X-Amzn-Requestid": {protocol.RequestID(r)}}
}

// WriteError encodes an error. Lambda refuses callers with the status 403.
func (s *Service) WriteError(r *cloud.Request, e *cloud.Error) *cloud.Response {
	status := e.Status
	switch e.Code {
	case "AccessDeniedException", "MissingAuthenticationTokenException", "IncompleteSignatureException",
		"UnrecognizedClientException", "ExpiredTokenException", "InvalidSignatureException":
		status = http.StatusForbidden
	}
	if status == 0 {
		status = http.StatusBadRequest
	}
	members := map[string]any{"Type": "User", "Message": e.Message, "message": e.Message}
	for name, value := range e.Extra {
		members[name] = value
	}
	body, err := json.Marshal(members)
	if err != nil {
		panic(fmt.Sprintf("sandbox: the text of %s can't be encoded: %v", e.Code, err))
	}
	h := header(r)
	h.Set("X-Amzn-Errortype", e.Code)
	return &cloud.Response{Status: status, Header: h, Body: body}
}

// requested returns the ARN of the function that a request names: by its name, its ARN, or a part of
// its ARN.
func (s *Service) requested(r *cloud.Request) string {
	name, _ := split(r.HTTP.URL.Path)
	return arnOfName(place{r.Caller.Account, r.Caller.Region}, name)
}

// Demands returns the permission that a request requires: the action of its name, on the function,
// whose policy also applies (Service authorization reference, Lambda).
func (s *Service) Demands(r *cloud.Request) []cloud.Demand {
	action := r.Operation
	if action == "Invoke" {
		action = "InvokeFunction"
	}
	d := cloud.Demand{Action: "lambda:" + action, Resource: s.requested(r)}
	if f := s.functions[d.Resource]; f != nil {
		d.Account, d.Policy = f.account, f.policy()
	}
	return []cloud.Demand{d}
}
