package transfer

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

// securityPolicies are those of servers for SFTP (Transfer Family user guide, security-policies). The first is what CloudFormation takes when
// the template names none.
var securityPolicies = []string{
	"TransferSecurityPolicy-2018-11", "TransferSecurityPolicy-2020-06", "TransferSecurityPolicy-2022-03", "TransferSecurityPolicy-2023-05",
	"TransferSecurityPolicy-2024-01", "TransferSecurityPolicy-2025-03", "TransferSecurityPolicy-Restricted-2018-11", "TransferSecurityPolicy-Restricted-2020-06",
	"TransferSecurityPolicy-Restricted-2024-06", "TransferSecurityPolicy-FIPS-2020-06", "TransferSecurityPolicy-FIPS-2023-05", "TransferSecurityPolicy-FIPS-2024-01",
	"TransferSecurityPolicy-FIPS-2024-05", "TransferSecurityPolicy-FIPS-2025-03", "TransferSecurityPolicy-SshAuditCompliant-2025-02",
}

type tag struct{ Key, Value string }

func tagsOf(own []tag, stack map[string]string) map[string]string {
	tags := map[string]string{}
	maps.Copy(tags, stack)
	for _, t := range own {
		tags[t.Key] = t.Value
	}
	return tags
}

// serverType is AWS::Transfer::Server: Ref gives the ARN.
type serverType struct{ t *Transfer }

type serverProperties struct {
	Protocols                 []string
	IdentityProviderType      string
	EndpointType              string
	Domain                    string
	SecurityPolicyName        string
	StructuredLogDestinations []string
	Tags                      []tag
}

// Schema is that of the CloudFormation registry's aws-transfer-server, as far as modelled.
func (serverType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"Protocols":                 {Kind: cloud.KindList},
			"IdentityProviderType":      {Kind: cloud.KindString, CreateOnly: true},
			"EndpointType":              {Kind: cloud.KindString},
			"Domain":                    {Kind: cloud.KindString, CreateOnly: true},
			"SecurityPolicyName":        {Kind: cloud.KindString},
			"StructuredLogDestinations": {Kind: cloud.KindList},
			"Tags":                      {Kind: cloud.KindList},
		},
		PrimaryID: []string{"Arn"}, Attributes: []string{"Arn", "ServerId", "State"}, Tags: true,
	}
}

// Create makes a server.
func (t serverType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	var p serverProperties
	if err := properties.Decode(r.Properties, &p); err != nil {
		return cloud.Resource{}, err
	}
	id := "s-" + strings.ToLower(t.t.world.NewToken(17))
	s := &server{id: id, arn: fmt.Sprintf("arn:aws:transfer:%s:%s:server/%s", c.Region, c.Account, id), users: map[string]*user{}}
	if err := s.set(p, r.Tags); err != nil {
		return cloud.Resource{}, err
	}
	t.t.at(c)[id] = s
	return s.resource(), nil
}

func (s *server) set(p serverProperties, stackTags map[string]string) error {
	orDefault := func(value, fallback string) string {
		if value == "" {
			return fallback
		}
		return value
	}
	if len(p.Protocols) == 0 {
		p.Protocols = []string{"SFTP"}
	}
	if !slices.Equal(p.Protocols, []string{"SFTP"}) {
		return cloud.NotModelled("the protocols %v", p.Protocols)
	}
	if identity := orDefault(p.IdentityProviderType, "SERVICE_MANAGED"); identity != "SERVICE_MANAGED" {
		return cloud.NotModelled("the identity provider %s", identity)
	}
	if endpoint := orDefault(p.EndpointType, "PUBLIC"); endpoint != "PUBLIC" {
		return cloud.NotModelled("endpoints of type %s", endpoint)
	}
	if domain := orDefault(p.Domain, "S3"); domain != "S3" {
		return cloud.NotModelled("the domain %s", domain)
	}
	policy := orDefault(p.SecurityPolicyName, securityPolicies[0])
	if !slices.Contains(securityPolicies, policy) {
		return cloud.Errorf("InvalidRequestException", "Security policy %s is not available", policy)
	}
	if len(p.StructuredLogDestinations) > 1 {
		return cloud.Errorf("InvalidRequestException", "Only one log group can be a structured log destination")
	}
	for _, arn := range p.StructuredLogDestinations {
		if !strings.HasPrefix(arn, "arn:aws:logs:") || !strings.Contains(arn, ":log-group:") {
			return cloud.Errorf("InvalidRequestException", "Invalid structured log destination %s", arn)
		}
	}
	s.protocols, s.identity, s.endpoint, s.domain = p.Protocols, "SERVICE_MANAGED", "PUBLIC", "S3"
	s.securityPolicy, s.logs, s.tags = policy, p.StructuredLogDestinations, tagsOf(p.Tags, stackTags)
	return nil
}

func (s *server) resource() cloud.Resource {
	return cloud.Resource{PhysicalID: s.arn, Attributes: map[string]any{"Arn": s.arn, "ServerId": s.id, "State": "ONLINE"}}
}

// Update changes a server in place.
func (t serverType) Update(c cloud.Caller, physicalID string, _, desired map[string]any) (cloud.Resource, error) {
	var p serverProperties
	if err := properties.Decode(desired, &p); err != nil {
		return cloud.Resource{}, err
	}
	s, err := t.t.find(c, lastPart(physicalID))
	if err != nil {
		return cloud.Resource{}, err
	}
	return s.resource(), s.set(p, nil)
}

// Delete deletes a server with its users, as DeleteServer does.
func (t serverType) Delete(c cloud.Caller, physicalID string, _ map[string]any) error {
	delete(t.t.at(c), lastPart(physicalID))
	return nil
}

// Exists finds a server by its ARN.
func (t serverType) Exists(c cloud.Caller, p map[string]any) (string, bool) {
	arn, _ := p["Arn"].(string)
	s := t.t.at(c)[lastPart(arn)]
	return arn, s != nil && s.arn == arn
}

func lastPart(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// userType is AWS::Transfer::User: Ref gives the ARN.
type userType struct{ t *Transfer }

type userProperties struct {
	ServerId              string //nolint:revive // CloudFormation's spelling
	UserName              string
	Role                  string
	Policy                string
	HomeDirectory         string
	HomeDirectoryType     string
	HomeDirectoryMappings []struct{ Entry, Target, Type string }
	SshPublicKeys         []string //nolint:revive // CloudFormation's spelling
	Tags                  []tag
}

// Schema is that of the CloudFormation registry's aws-transfer-user, as far as modelled.
func (userType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"ServerId":              {Kind: cloud.KindString, CreateOnly: true},
			"UserName":              {Kind: cloud.KindString, CreateOnly: true},
			"Role":                  {Kind: cloud.KindString},
			"Policy":                {Kind: cloud.KindString},
			"HomeDirectory":         {Kind: cloud.KindString},
			"HomeDirectoryType":     {Kind: cloud.KindString},
			"HomeDirectoryMappings": {Kind: cloud.KindList},
			"SshPublicKeys":         {Kind: cloud.KindList},
			"Tags":                  {Kind: cloud.KindList},
		},
		Required: []string{"Role", "ServerId", "UserName"}, PrimaryID: []string{"Arn"}, Attributes: []string{"Arn", "ServerId", "UserName"}, Tags: true,
	}
}

var (
	userName = regexp.MustCompile(`^[\w][\w@.-]{2,99}$`)
	roleARN  = regexp.MustCompile(`^arn:aws:iam::([0-9]{12}):role/(?:.*/)?([^/]+)$`)
)

// Limits of a user (Transfer Family user guide, quotas; CreateUser).
const (
	maxMappings = 50_000
	maxPath     = 1024
	maxKeys     = 10
	maxKey      = 2048
	maxPolicy   = 2048
)

// Create makes a user.
func (t userType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	var p userProperties
	if err := properties.Decode(r.Properties, &p); err != nil {
		return cloud.Resource{}, err
	}
	s, err := t.t.find(c, p.ServerId)
	if err != nil {
		return cloud.Resource{}, err
	}
	if !userName.MatchString(p.UserName) || p.UserName == "root" {
		return cloud.Resource{}, cloud.Errorf("InvalidRequestException", "Invalid user name %s", p.UserName)
	}
	if s.users[p.UserName] != nil {
		return cloud.Resource{}, cloud.Errorf("ResourceExistsException", "User already exists")
	}
	u := &user{name: p.UserName, arn: fmt.Sprintf("arn:aws:transfer:%s:%s:user/%s/%s", c.Region, c.Account, s.id, p.UserName)}
	if err := t.set(c, u, p, r.Tags); err != nil {
		return cloud.Resource{}, err
	}
	s.users[u.name] = u
	return u.resource(s), nil
}

func (t userType) set(c cloud.Caller, u *user, p userProperties, stackTags map[string]string) error {
	for _, check := range []func() error{
		func() error { return t.checkRole(c, p.Role) }, func() error { return checkHome(p) }, func() error { return checkKeys(p.SshPublicKeys) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	if len(p.Policy) > maxPolicy {
		return cloud.Errorf("InvalidRequestException", "Policy is longer than %d characters", maxPolicy)
	}
	u.role, u.homeType, u.home, u.keys, u.tags = p.Role, p.HomeDirectoryType, p.HomeDirectory, p.SshPublicKeys, tagsOf(p.Tags, stackTags)
	if u.homeType == "" {
		u.homeType = "PATH"
	}
	u.mappings = nil
	for _, m := range p.HomeDirectoryMappings {
		u.mappings = append(u.mappings, mapping{m.Entry, m.Target})
	}
	return nil
}

// checkRole wants a role of the account that AWS Transfer may take.
func (t userType) checkRole(c cloud.Caller, arn string) error {
	match := roleARN.FindStringSubmatch(arn)
	if match == nil || match[1] != c.Account {
		return cloud.Errorf("InvalidRequestException", "Invalid role %s", arn)
	}
	found, trust, ok := t.t.world.Roles().Role(match[1], match[2])
	if !ok || found != arn {
		return cloud.Errorf("InvalidRequestException", "Role %s does not exist", arn)
	}
	if !strings.Contains(fmt.Sprint(trust), "transfer.amazonaws.com") {
		return cloud.Errorf("InvalidRequestException", "Unable to assume role %s", arn)
	}
	return nil
}

func checkHome(p userProperties) error {
	switch p.HomeDirectoryType {
	case "", "PATH":
		if len(p.HomeDirectoryMappings) > 0 {
			return cloud.Errorf("InvalidRequestException", "HomeDirectoryMappings cannot be set when HomeDirectoryType is PATH")
		}
		return nil
	case "LOGICAL":
	default:
		return cloud.Errorf("InvalidRequestException", "Invalid HomeDirectoryType %s", p.HomeDirectoryType)
	}
	if p.HomeDirectory != "" {
		return cloud.Errorf("InvalidRequestException", "HomeDirectory cannot be set when HomeDirectoryType is LOGICAL")
	}
	if n := len(p.HomeDirectoryMappings); n == 0 || n > maxMappings {
		return cloud.Errorf("InvalidRequestException", "HomeDirectoryMappings must have between 1 and %d entries", maxMappings)
	}
	entries := map[string]bool{}
	for _, m := range p.HomeDirectoryMappings {
		for _, path := range []string{m.Entry, m.Target} {
			if !strings.HasPrefix(path, "/") || len(path) > maxPath {
				return cloud.Errorf("InvalidRequestException", "Invalid home directory mapping %s", path)
			}
		}
		if entries[m.Entry] {
			return cloud.Errorf("InvalidRequestException", "Duplicate home directory mapping %s", m.Entry)
		}
		entries[m.Entry] = true
	}
	return nil
}

func checkKeys(keys []string) error {
	if len(keys) > maxKeys {
		return cloud.Errorf("ServiceQuotaExceededException", "A user can have at most %d SSH public keys", maxKeys)
	}
	seen := map[string]bool{}
	for _, key := range keys {
		fields := strings.Fields(key)
		if len(key) > maxKey || len(fields) < 2 || !validKey(fields[0], fields[1]) {
			return cloud.Errorf("InvalidRequestException", "Unsupported or invalid SSH public key format")
		}
		if seen[fields[1]] {
			return cloud.Errorf("ResourceExistsException", "SSH public key already exists")
		}
		seen[fields[1]] = true
	}
	return nil
}

// validKey says whether a key is of the type that stands before it, which has to be RSA, ECDSA or Ed25519.
func validKey(kind, body string) bool {
	if !slices.Contains([]string{"ssh-rsa", "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"}, kind) {
		return false
	}
	blob, err := base64.StdEncoding.DecodeString(body)
	if err != nil || len(blob) < 4 {
		return false
	}
	n := int64(binary.BigEndian.Uint32(blob))
	return int64(len(blob)) > 4+n && string(blob[4:4+n]) == kind
}

func (u *user) resource(s *server) cloud.Resource {
	return cloud.Resource{PhysicalID: u.arn, Attributes: map[string]any{"Arn": u.arn, "ServerId": s.id, "UserName": u.name}}
}

// of finds a user by its ARN: arn:aws:transfer:REGION:ACCOUNT:user/SERVER/NAME.
func (t userType) of(c cloud.Caller, arn string) (*server, *user) {
	parts := strings.Split(arn, "/")
	if len(parts) != 3 {
		return nil, nil
	}
	s := t.t.at(c)[parts[1]]
	if s == nil {
		return nil, nil
	}
	return s, s.users[parts[2]]
}

// Update changes a user in place.
func (t userType) Update(c cloud.Caller, physicalID string, _, desired map[string]any) (cloud.Resource, error) {
	var p userProperties
	if err := properties.Decode(desired, &p); err != nil {
		return cloud.Resource{}, err
	}
	s, u := t.of(c, physicalID)
	if u == nil {
		return cloud.Resource{}, cloud.Errorf("ResourceNotFoundException", "Unknown user")
	}
	return u.resource(s), t.set(c, u, p, nil)
}

// Delete deletes a user.
func (t userType) Delete(c cloud.Caller, physicalID string, _ map[string]any) error {
	if s, u := t.of(c, physicalID); u != nil {
		delete(s.users, u.name)
	}
	return nil
}

// Exists finds a user by its ARN, or by server and name.
func (t userType) Exists(c cloud.Caller, p map[string]any) (string, bool) {
	if arn, ok := p["Arn"].(string); ok {
		_, u := t.of(c, arn)
		return arn, u != nil
	}
	id, _ := p["ServerId"].(string)
	name, _ := p["UserName"].(string)
	if s := t.t.at(c)[id]; s != nil && s.users[name] != nil {
		return s.users[name].arn, true
	}
	return "", false
}
