package transfer

import (
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

// Changes of servers and users outside of CloudFormation (Transfer Family API reference).

func (s *Service) user(r *cloud.Request, serverID, name string) (*server, *user, error) {
	of, err := s.find(r.Caller, serverID)
	if err != nil {
		return nil, nil, err
	}
	u := of.users[name]
	if u == nil {
		return nil, nil, cloud.Errorf("ResourceNotFoundException", "Unknown user")
	}
	return of, u, nil
}

// deleteServer deletes a server with its users.
func (s *Service) deleteServer(r *cloud.Request) (any, error) {
	var in struct{ ServerId string }
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	found, err := s.find(r.Caller, in.ServerId)
	if err != nil {
		return nil, err
	}
	delete(s.at(r.Caller), found.id)
	return struct{}{}, nil
}

func (s *Service) deleteUser(r *cloud.Request) (any, error) {
	var in struct{ ServerId, UserName string }
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	of, u, err := s.user(r, in.ServerId, in.UserName)
	if err != nil {
		return nil, err
	}
	delete(of.users, u.name)
	return struct{}{}, nil
}

// updateUser changes the members that the request has.
//

func (s *Service) updateUser(r *cloud.Request) (any, error) {
	var in struct {
		ServerId, UserName, Role, HomeDirectoryType string
		HomeDirectory, Policy                       string
		HomeDirectoryMappings                       []mapping
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	of, u, err := s.user(r, in.ServerId, in.UserName)
	if err != nil {
		return nil, err
	}
	p := userProperties{
		Role: u.role, Policy: u.policy, HomeDirectory: u.home, HomeDirectoryType: u.homeType,
		HomeDirectoryMappings: u.mappings,
	}
	for _, k := range u.keys {
		p.SshPublicKeys = append(p.SshPublicKeys, k.body)
	}
	if in.Role != "" {
		p.Role = in.Role
	}
	if in.Policy != "" {
		p.Policy = in.Policy
	}
	if in.HomeDirectoryType != "" {
		p.HomeDirectoryType, p.HomeDirectory, p.HomeDirectoryMappings = in.HomeDirectoryType, "", nil
	}
	if in.HomeDirectory != "" {
		p.HomeDirectory = in.HomeDirectory
	}
	if in.HomeDirectoryMappings != nil {
		p.HomeDirectoryMappings = in.HomeDirectoryMappings
	}
	if err := (userType{s}).set(r.Caller, u, p, nil); err != nil {
		return nil, err
	}
	return struct{ ServerId, UserName string }{of.id, u.name}, nil
}

func (s *Service) importKey(r *cloud.Request) (any, error) {
	var in struct{ ServerId, UserName, SshPublicKeyBody string }
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	of, u, err := s.user(r, in.ServerId, in.UserName)
	if err != nil {
		return nil, err
	}
	bodies := []string{}
	for _, k := range u.keys {
		bodies = append(bodies, k.body)
	}
	bodies = append(bodies, in.SshPublicKeyBody)
	if err := checkKeys(bodies); err != nil {
		return nil, err
	}
	u.keys = s.keysOf(u.keys, bodies)
	return struct{ ServerId, SshPublicKeyId, UserName string }{of.id, u.keys[len(u.keys)-1].id, u.name}, nil
}

func (s *Service) deleteKey(r *cloud.Request) (any, error) {
	var in struct{ ServerId, UserName, SshPublicKeyId string }
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	_, u, err := s.user(r, in.ServerId, in.UserName)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(u.keys, func(k sshKey) bool { return k.id == in.SshPublicKeyId })
	if at < 0 {
		return nil, cloud.Errorf("ResourceNotFoundException", "Unknown SSH public key")
	}
	u.keys = slices.Delete(u.keys, at, at+1)
	return struct{}{}, nil
}
