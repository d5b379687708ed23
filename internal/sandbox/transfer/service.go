package transfer

import (
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

// maxPage is the maximum page size of a list (Transfer Family API reference).
const maxPage = 1000

var wire = protocol.JSON{Version: "1.1"}

// Service is the simulated Transfer Family.
type Service struct {
	world   *cloud.World
	servers map[place]map[string]*server // by ID
}

type place struct{ account, region string }

type server struct {
	id, arn        string
	protocols      []string
	identity       string
	endpoint       string
	domain         string
	securityPolicy string
	logs           []string
	loggingRole    string
	tags           map[string]string
	users          map[string]*user // by name
}

type user struct {
	name, arn, role string
	policy          string // the session's
	homeType, home  string
	mappings        []mapping
	keys            []sshKey
	tags            map[string]string
}

type mapping struct {
	Entry, Target string
	Type          string `json:",omitempty"`
}

type sshKey struct {
	id, body string
	imported time.Time
}

// New returns the service and registers its resource types.
func New(w *cloud.World) *Service {
	s := &Service{world: w, servers: map[place]map[string]*server{}}
	w.RegisterType("AWS::Transfer::Server", serverType{s})
	w.RegisterType("AWS::Transfer::User", userType{s})
	return s
}

func (s *Service) at(c cloud.Caller) map[string]*server {
	p := place{c.Account, c.Region}
	if s.servers[p] == nil {
		s.servers[p] = map[string]*server{}
	}
	return s.servers[p]
}

func (s *Service) find(c cloud.Caller, id string) (*server, error) {
	of := s.at(c)[id]
	if of == nil {
		return nil, cloud.Errorf("ResourceNotFoundException", "Unknown server")
	}
	return of, nil
}

// WriteError encodes an error.
func (s *Service) WriteError(r *cloud.Request, e *cloud.Error) *cloud.Response {
	return wire.Error(r, e)
}

var operations = map[string]func(*Service, *cloud.Request) (any, error){
	"DescribeServer": (*Service).describeServer,
	"ListServers":    (*Service).listServers,
	"DescribeUser":   (*Service).describeUser,
	"ListUsers":      (*Service).listUsers,

	"DeleteServer":       (*Service).deleteServer,
	"DeleteSshPublicKey": (*Service).deleteKey,
	"DeleteUser":         (*Service).deleteUser,
	"ImportSshPublicKey": (*Service).importKey,
	"UpdateUser":         (*Service).updateUser,
}

var _ cloud.Service = (*Service)(nil)

// Handle answers one request.
func (s *Service) Handle(r *cloud.Request) (*cloud.Response, error) {
	return protocol.Answer(s, "transfer", operations, r, wire)
}
