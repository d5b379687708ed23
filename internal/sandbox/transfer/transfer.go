package transfer

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

// maxPage is the largest page of a list (Transfer Family API reference).
const maxPage = 1000

var wire = protocol.JSON{Version: "1.1"}

// Transfer is the service.
type Transfer struct {
	world   *cloud.World
	servers map[place]map[string]*server // by id
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

// New makes the service and registers its resource types.
func New(w *cloud.World) *Transfer {
	t := &Transfer{world: w, servers: map[place]map[string]*server{}}
	w.RegisterType("AWS::Transfer::Server", serverType{t})
	w.RegisterType("AWS::Transfer::User", userType{t})
	return t
}

func (t *Transfer) at(c cloud.Caller) map[string]*server {
	p := place{c.Account, c.Region}
	if t.servers[p] == nil {
		t.servers[p] = map[string]*server{}
	}
	return t.servers[p]
}

// find finds a server by its id.
func (t *Transfer) find(c cloud.Caller, id string) (*server, error) {
	s := t.at(c)[id]
	if s == nil {
		return nil, cloud.Errorf("ResourceNotFoundException", "Unknown server")
	}
	return s, nil
}

// WriteError encodes an error.
func (t *Transfer) WriteError(r *cloud.Request, e *cloud.Error) *cloud.Response {
	return wire.Error(r, e)
}

// Handle answers a request.
func (t *Transfer) Handle(r *cloud.Request) (*cloud.Response, error) {
	switch r.Operation {
	case "DescribeServer":
		return t.describeServer(r)
	case "ListServers":
		return t.listServers(r)
	case "DescribeUser":
		return t.describeUser(r)
	case "ListUsers":
		return t.listUsers(r)
	default:
		return nil, cloud.NotModelled("transfer %s", r.Operation)
	}
}

type wireTag struct{ Key, Value string }

func wireTags(tags map[string]string) []wireTag {
	var result []wireTag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		result = append(result, wireTag{key, tags[key]})
	}
	return result
}

//nolint:revive // the wire's spelling
func (t *Transfer) describeServer(r *cloud.Request) (*cloud.Response, error) {
	var in struct{ ServerId string }
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	s, err := t.find(r.Caller, in.ServerId)
	if err != nil {
		return nil, err
	}
	type described struct {
		Arn, ServerId, Domain, EndpointType, IdentityProviderType, SecurityPolicyName, State string
		LoggingRole                                                                          string `json:",omitempty"`
		Protocols, StructuredLogDestinations                                                 []string
		UserCount                                                                            int
		Tags                                                                                 []wireTag
	}
	return wire.Result(r, struct{ Server described }{described{
		s.arn, s.id, s.domain, s.endpoint, s.identity, s.securityPolicy, "ONLINE", s.loggingRole, s.protocols, s.logs, len(s.users), wireTags(s.tags),
	}})
}

// page cuts a list of names: MaxResults is 1 to 1,000, the token is the last name of the page before.
func page(names []string, most *int, token string) (some []string, next string, err error) {
	limit := maxPage
	if most != nil {
		limit = *most
	}
	if limit < 1 || limit > maxPage {
		return nil, "", invalid("1 validation error detected: Value '%d' at 'maxResults' failed to satisfy constraint: Member must have value between 1 and %d", limit, maxPage)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name <= token })
	if len(names) > limit {
		return names[:limit], names[limit-1], nil
	}
	return names, "", nil
}

//nolint:revive // the wire's spelling
func (t *Transfer) listServers(r *cloud.Request) (*cloud.Response, error) {
	var in struct {
		MaxResults *int
		NextToken  string
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	all := t.at(r.Caller)
	ids, next, err := page(slices.Sorted(maps.Keys(all)), in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	type listed struct {
		Arn, ServerId, Domain, EndpointType, IdentityProviderType, State string
		LoggingRole                                                      string `json:",omitempty"`
		UserCount                                                        int
	}
	servers := []listed{}
	for _, id := range ids {
		s := all[id]
		servers = append(servers, listed{s.arn, s.id, s.domain, s.endpoint, s.identity, "ONLINE", s.loggingRole, len(s.users)})
	}
	return wire.Result(r, struct {
		NextToken string `json:",omitempty"`
		Servers   []listed
	}{next, servers})
}

//nolint:revive // the wire's spelling
func (t *Transfer) describeUser(r *cloud.Request) (*cloud.Response, error) {
	var in struct{ ServerId, UserName string }
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	s, err := t.find(r.Caller, in.ServerId)
	if err != nil {
		return nil, err
	}
	u := s.users[in.UserName]
	if u == nil {
		return nil, cloud.Errorf("ResourceNotFoundException", "Unknown user")
	}
	type key struct {
		DateImported                     json.Number
		SshPublicKeyBody, SshPublicKeyId string
	}
	type described struct {
		Arn, UserName, Role, HomeDirectoryType string
		HomeDirectory, Policy                  string    `json:",omitempty"`
		HomeDirectoryMappings                  []mapping `json:",omitempty"`
		SshPublicKeys                          []key
		Tags                                   []wireTag
	}
	keys := []key{}
	for _, k := range u.keys {
		keys = append(keys, key{protocol.Seconds(k.imported), k.body, k.id})
	}
	return wire.Result(r, struct {
		ServerId string
		User     described
	}{s.id, described{u.arn, u.name, u.role, u.homeType, u.home, u.policy, u.mappings, keys, wireTags(u.tags)}})
}

//nolint:revive // the wire's spelling
func (t *Transfer) listUsers(r *cloud.Request) (*cloud.Response, error) {
	var in struct {
		ServerId, NextToken string
		MaxResults          *int
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	s, err := t.find(r.Caller, in.ServerId)
	if err != nil {
		return nil, err
	}
	names, next, err := page(slices.Sorted(maps.Keys(s.users)), in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	type listed struct {
		Arn, UserName, Role, HomeDirectoryType string
		HomeDirectory                          string `json:",omitempty"`
		SshPublicKeyCount                      int
	}
	users := []listed{}
	for _, name := range names {
		u := s.users[name]
		users = append(users, listed{u.arn, u.name, u.role, u.homeType, u.home, len(u.keys)})
	}
	return wire.Result(r, struct {
		NextToken string `json:",omitempty"`
		ServerId  string
		Users     []listed
	}{next, s.id, users})
}
