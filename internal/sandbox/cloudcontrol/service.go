package cloudcontrol

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

var wire = protocol.JSON{Version: "1.0", Prefix: "com.amazon.cloudapiservice#", Capital: true}

// Service is the simulated Cloud Control API of all accounts and regions.
type Service struct{ world *cloud.World }

// New returns the service.
func New(w *cloud.World) *Service { return &Service{w} }

var (
	_ cloud.Service   = (*Service)(nil)
	_ cloud.Demanding = (*Service)(nil)
)

var operations = map[string]func(*Service, *cloud.Request) (any, error){
	"GetResource": (*Service).getResource,
}

// Handle answers one request.
func (s *Service) Handle(r *cloud.Request) (*cloud.Response, error) {
	return protocol.Answer(s, "cloudcontrolapi", operations, r, wire)
}

// WriteError encodes an error.
func (s *Service) WriteError(r *cloud.Request, e *cloud.Error) *cloud.Response {
	return wire.Error(r, e)
}

// Demands returns the permissions that a request requires besides those of the read handler: AWS's
// refusals name the action and this resource (aws/aws-sdk, issue 140).
func (s *Service) Demands(r *cloud.Request) []cloud.Demand {
	resource := "arn:aws:cloudformation:" + r.Caller.Region + ":" + r.Caller.Account + ":resource/*"
	return []cloud.Demand{{Action: "cloudformation:" + r.Operation, Resource: resource}}
}

func (s *Service) getResource(r *cloud.Request) (any, error) {
	var in struct{ TypeName, Identifier string }
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	ty := s.world.Type(in.TypeName)
	if ty == nil {
		return nil, cloud.NotModelled("the resource type %q", in.TypeName)
	}
	readable, ok := ty.(cloud.Readable)
	if !ok {
		return nil, cloud.NotModelled("reading an %s", in.TypeName)
	}
	name, err := identifier(in.Identifier, ty.Schema().PrimaryID)
	if err != nil {
		return nil, err
	}
	if s.world.Permit != nil {
		if err := s.world.Permit(r.Caller, cloud.Step{Type: in.TypeName, PhysicalID: name, Reading: true}); err != nil {
			return nil, s.failed(in.TypeName, err)
		}
	}
	properties, err := readable.Read(r.Caller, name)
	if err != nil {
		return nil, s.failed(in.TypeName, err)
	}
	text, err := json.Marshal(properties)
	if err != nil {
		return nil, fmt.Errorf("encoding an %s: %w", in.TypeName, err)
	}
	type description struct{ Identifier, Properties string }
	return struct {
		TypeName            string
		ResourceDescription description
	}{in.TypeName, description{name, string(text)}}, nil
}

// identifier parses a primary identifier, which is a plain string or a JSON object (SDK model,
// Identifier).
func identifier(given string, primary []string) (string, error) {
	if !strings.HasPrefix(given, "{") {
		if given == "" {
			return "", cloud.Errorf("ValidationException", "Identifier must not be empty")
		}
		return given, nil
	}
	var members map[string]string
	if json.Unmarshal([]byte(given), &members) != nil || len(primary) != 1 || members[primary[0]] == "" {
		return "", cloud.Errorf("ValidationException", "Identifier %s is not valid for identifier %s", given, primary)
	}
	return members[primary[0]], nil
}

// handlerErrors are the handlers' error codes with an exception of their own; all others give a
// GeneralServiceException. The code for a refusal of the service is unknown (unproven:
// cloud-control-errors).
var handlerErrors = map[string]string{"NotFound": "ResourceNotFoundException"}

// failed returns the error of a failed read handler; its form is recorded from AWS.
func (s *Service) failed(typeName string, err error) error {
	var e *cloud.Error
	if !errors.As(err, &e) || e.Code == "SandboxNotModelled" {
		return err
	}
	handlerCode, code := e.Code, handlerErrors[e.Code]
	if slices.Contains([]string{"AccessDenied", "AccessDeniedException"}, e.Code) {
		handlerCode = "AccessDenied"
	}
	if code == "" {
		code = "GeneralServiceException"
	}
	if code == "GeneralServiceException" && handlerCode != "AccessDenied" {
		handlerCode = "GeneralServiceException"
	}
	return cloud.Errorf(code, "%s Handler returned status FAILED: %s (HandlerErrorCode: %s, RequestToken: %s)",
		typeName, e.Message, handlerCode, s.world.NewUUID())
}
