package ssm

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

const (
	maxValue  = 4096 // bytes, standard tier
	maxName   = 1011 // characters
	maxLevels = 15
	pageSize  = 10
)

var (
	wire      = protocol.JSON{Version: "1.1"}
	validName = regexp.MustCompile(`^[a-zA-Z0-9_.\-/]+$`)
)

// Service is the simulated Parameter Store.
type Service struct {
	world      *cloud.World
	parameters map[place]map[string]*parameter // by name
}

type place struct{ account, region string }

type parameter struct {
	name, kind, value, description string
	version                        int64
	modified                       time.Time
	modifiedBy                     string
	tags                           map[string]string
}

// New returns the service and registers its resource type.
func New(w *cloud.World) *Service {
	s := &Service{world: w, parameters: make(map[place]map[string]*parameter)}
	w.RegisterType("AWS::SSM::Parameter", parameterType{s})
	return s
}

// WriteError encodes an error.
func (s *Service) WriteError(r *cloud.Request, e *cloud.Error) *cloud.Response {
	return wire.Error(r, e)
}

var operations = map[string]func(*Service, *cloud.Request) (any, error){
	"PutParameter":        (*Service).putParameter,
	"GetParameter":        (*Service).getParameter,
	"GetParameters":       (*Service).getParameters,
	"GetParametersByPath": (*Service).getParametersByPath,
	"DeleteParameter":     (*Service).deleteParameter,
	"ListTagsForResource": (*Service).listTags,
}

var _ cloud.Service = (*Service)(nil)

// Handle answers one request.
func (s *Service) Handle(r *cloud.Request) (*cloud.Response, error) {
	return protocol.Answer(s, "ssm", operations, r, wire)
}

type tag struct{ Key, Value string }

func arnOf(c cloud.Caller, name string) string {
	return fmt.Sprintf("arn:aws:ssm:%s:%s:parameter/%s", c.Region, c.Account, strings.TrimPrefix(name, "/"))
}
