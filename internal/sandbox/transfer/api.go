package transfer

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

type wireTag struct{ Key, Value string }

func wireTags(tags map[string]string) []wireTag {
	var result []wireTag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		result = append(result, wireTag{key, tags[key]})
	}
	return result
}

func (s *Service) describeServer(r *cloud.Request) (any, error) {
	var in struct{ ServerId string }
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	of, err := s.find(r.Caller, in.ServerId)
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
	return struct{ Server described }{
		described{
			of.arn, of.id, of.domain, of.endpoint, of.identity, of.securityPolicy, "ONLINE", of.loggingRole,
			of.protocols, of.logs, len(of.users), wireTags(of.tags),
		},
	}, nil
}

// page returns a page of names: MaxResults is 1 to 1,000, the token is the last name of the
// previous page.
func page(names []string, most *int, token string) (some []string, next string, err error) {
	limit := maxPage
	if most != nil {
		limit = *most
	}
	if limit < 1 || limit > maxPage {
		return nil, "", invalid(
			"1 validation error detected: Value '%d' at 'maxResults' failed to satisfy constraint: Member must have value between 1 and %d",
			limit,
			maxPage,
		)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name <= token })
	if len(names) > limit {
		return names[:limit], names[limit-1], nil
	}
	return names, "", nil
}

func (s *Service) listServers(r *cloud.Request) (any, error) {
	var in struct {
		MaxResults *int
		NextToken  string
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	all := s.at(r.Caller)
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
		of := all[id]
		servers = append(
			servers,
			listed{of.arn, of.id, of.domain, of.endpoint, of.identity, "ONLINE", of.loggingRole, len(of.users)},
		)
	}
	return struct {
		NextToken string `json:",omitempty"`
		Servers   []listed
	}{next, servers}, nil
}

func (s *Service) describeUser(r *cloud.Request) (any, error) {
	var in struct{ ServerId, UserName string }
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	of, err := s.find(r.Caller, in.ServerId)
	if err != nil {
		return nil, err
	}
	u := of.users[in.UserName]
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
	return struct {
		ServerId string
		User     described
	}{of.id, described{u.arn, u.name, u.role, u.homeType, u.home, u.policy, u.mappings, keys, wireTags(u.tags)}}, nil
}

func (s *Service) listUsers(r *cloud.Request) (any, error) {
	var in struct {
		ServerId, NextToken string
		MaxResults          *int
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	of, err := s.find(r.Caller, in.ServerId)
	if err != nil {
		return nil, err
	}
	names, next, err := page(slices.Sorted(maps.Keys(of.users)), in.MaxResults, in.NextToken)
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
		u := of.users[name]
		users = append(users, listed{u.arn, u.name, u.role, u.homeType, u.home, len(u.keys)})
	}
	return struct {
		NextToken string `json:",omitempty"`
		ServerId  string
		Users     []listed
	}{next, of.id, users}, nil
}
