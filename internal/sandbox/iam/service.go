package iam

import (
	"encoding/json"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

// Service is the simulated IAM of all accounts. IAM is global and ignores regions.
type Service struct {
	world    *cloud.World
	accounts map[string]*account
	keys     map[string]*accessKey // by ID, of all accounts
}

// account contains the objects of one AWS account. Its keys are names in lower case, because names
// are unique in any case: IAM API Reference, CreateUser: "Names are not distinguished by case".
type account struct {
	id       string
	users    map[string]*user
	groups   map[string]*group
	roles    map[string]*role
	policies map[string]*policy       // by ARN
	oidc     map[string]*oidcProvider // by ARN
}

var _ cloud.Demanding = (*Service)(nil)

// New returns the service. It registers with the world its resource types and itself as finder of
// roles and keys.
func New(w *cloud.World) *Service {
	s := &Service{world: w, accounts: make(map[string]*account), keys: make(map[string]*accessKey)}
	w.SetRoles(s)
	w.SetOIDCProviders(s)
	w.SetPrincipals(s)
	w.AddKeys(s)
	w.RegisterType("AWS::IAM::User", userType{s})
	w.RegisterType("AWS::IAM::Group", groupType{s})
	w.RegisterType("AWS::IAM::UserToGroupAddition", additionType{s})
	w.RegisterType("AWS::IAM::ManagedPolicy", managedPolicyType{s})
	w.RegisterType("AWS::IAM::Policy", inlinePolicyType{s})
	w.RegisterType("AWS::IAM::Role", roleType{s})
	w.RegisterType("AWS::IAM::AccessKey", keyType{s})
	w.RegisterType("AWS::IAM::OIDCProvider", oidcProviderType{s})
	return s
}

func (s *Service) account(id string) *account {
	a := s.accounts[id]
	if a == nil {
		a = &account{
			id: id, users: make(map[string]*user), groups: make(map[string]*group), roles: make(map[string]*role),
			policies: make(map[string]*policy), oidc: make(map[string]*oidcProvider),
		}
		s.accounts[id] = a
	}
	return a
}

// PutRole creates or replaces a role without any checks, to prepare an account before its first
// use.
func (s *Service) PutRole(accountID, name string, trust map[string]any) {
	a := s.account(accountID)
	text, err := policydoc.Text(trust)
	if err != nil {
		panic("sandbox: a trust policy that is no JSON: " + err.Error())
	}
	a.roles[strings.ToLower(name)] = &role{entity: s.newEntity(a, kindRole, name, "/"), trust: text, maxSession: 3600}
}

// Role finds a role and its trust policy.
func (s *Service) Role(accountID, name string) (arn string, trust map[string]any, ok bool) {
	r := s.account(accountID).roles[strings.ToLower(name)]
	if r == nil {
		return "", nil, false
	}
	if err := json.Unmarshal([]byte(r.trust), &trust); err != nil {
		return "", nil, false
	}
	return r.arn, trust, true
}

// Principal reports whether a user or role exists. An unused account has the roles of the
// onboarding.
func (s *Service) Principal(arn string) bool {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 {
		return false
	}
	s.world.Open(parts[4])
	for _, e := range s.account(parts[4]).entities() {
		if e.arn == arn {
			return true
		}
	}
	return false
}

// AccessKey finds a user's access key.
func (s *Service) AccessKey(id string) (secret string, caller cloud.Caller, active bool, ok bool) {
	k := s.keys[id]
	if k == nil {
		return "", cloud.Caller{}, false, false
	}
	return k.secret, cloud.Caller{Account: k.account, ARN: k.user.arn, UserID: k.user.id}, k.status == statusActive, true
}
