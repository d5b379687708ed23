package transfer

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

// userType is AWS::Transfer::User: Ref gives the ARN.
type userType struct{ s *Service }

type userProperties struct {
	ServerId              string
	UserName              string
	Role                  string
	Policy                string
	HomeDirectory         string
	HomeDirectoryType     string
	HomeDirectoryMappings []mapping
	SshPublicKeys         []string
	Tags                  []cloud.Tag
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
		Required:   []string{"Role", "ServerId", "UserName"},
		PrimaryID:  []string{"Arn"},
		Attributes: []string{"Arn", "ServerId", "UserName"},
		Tags:       true,
	}
}

var (
	logGroupARN = regexp.MustCompile(`^arn:aws:logs:[a-z0-9-]+:[0-9]{12}:log-group:[.\-_/#A-Za-z0-9]{1,512}(:\*)?$`)
	userName    = regexp.MustCompile(`^[\w][\w@.-]{2,99}$`)
	roleARN     = regexp.MustCompile(`^arn:aws:iam::([0-9]{12}):role/(?:.*/)?([^/]+)$`)
)

// Limits of a user (Transfer Family user guide, quotas; CreateUser).
const (
	maxMappings = 50_000
	maxPath     = 1024
	maxKeys     = 10
	maxKey      = 2048
	maxPolicy   = 2048
	maxUsers    = 10_000 // per server
	maxTags     = 50
)

// Create creates a user.
func (t userType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	var p userProperties
	if err := properties.Decode(r.Properties, &p); err != nil {
		return cloud.Resource{}, err
	}
	s, err := t.s.find(c, p.ServerId)
	if err != nil {
		return cloud.Resource{}, err
	}
	if !userName.MatchString(p.UserName) || p.UserName == "root" {
		return cloud.Resource{}, invalid("Invalid user name %s", p.UserName)
	}
	if s.users[p.UserName] != nil {
		return cloud.Resource{}, cloud.Errorf("ResourceExistsException", "User already exists")
	}
	if len(s.users) >= maxUsers {
		return cloud.Resource{}, cloud.Errorf("ServiceQuotaExceededException", "A server can have at most %d users", maxUsers)
	}
	u := &user{
		name: p.UserName,
		arn:  fmt.Sprintf("arn:aws:transfer:%s:%s:user/%s/%s", c.Region, c.Account, s.id, p.UserName),
	}
	u.tags = r.Tags
	if err := t.set(c, u, p, nil); err != nil {
		return cloud.Resource{}, err
	}
	s.users[u.name] = u
	return u.resource(s), nil
}

// set changes a user, or nothing. former are the template's previous tags.
func (t userType) set(c cloud.Caller, u *user, p userProperties, former []cloud.Tag) error {
	if err := t.s.checkRole(c, p.Role); err != nil {
		return err
	}
	if err := checkHome(p); err != nil {
		return err
	}
	if err := checkKeys(p.SshPublicKeys); err != nil {
		return err
	}
	if len(p.Policy) > maxPolicy {
		return invalid("Policy is longer than %d characters", maxPolicy)
	}
	tags, err := retagged(u.tags, former, p.Tags)
	if err != nil {
		return err
	}
	u.role, u.policy, u.homeType, u.home, u.tags = p.Role, p.Policy, p.HomeDirectoryType, p.HomeDirectory, tags
	if u.homeType == "" {
		u.homeType = "PATH"
	}
	u.mappings = p.HomeDirectoryMappings
	u.keys = t.s.keysOf(u.keys, p.SshPublicKeys)
	return nil
}

// keysOf gives new keys their IDs and keeps existing ones.
func (s *Service) keysOf(old []sshKey, bodies []string) []sshKey {
	var keys []sshKey
	for _, body := range bodies {
		at := slices.IndexFunc(old, func(k sshKey) bool { return k.body == body })
		if at >= 0 {
			keys = append(keys, old[at])
			continue
		}
		keys = append(keys, sshKey{id: "key-" + strings.ToLower(s.world.NewToken(17)), body: body, imported: s.world.Now()})
	}
	return keys
}

// checkRole requires a role of the account that AWS Transfer may assume.
func (s *Service) checkRole(c cloud.Caller, arn string) error {
	match := roleARN.FindStringSubmatch(arn)
	if match == nil || match[1] != c.Account {
		return invalid("Invalid role %s", arn)
	}
	found, trust, ok := s.world.Roles().Role(match[1], match[2])
	if !ok || found != arn {
		return invalid("Role %s does not exist", arn)
	}
	document, err := policydoc.Text(trust)
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	parsed, err := policydoc.Parse(document, policydoc.Trust)
	if err != nil || !trusts(parsed) {
		return invalid("Unable to assume role %s", arn)
	}
	return nil
}

// trusts reports whether a trust policy allows AWS Transfer to assume the role. It ignores
// conditions, whose values AWS Transfer sets.
func trusts(trust *policydoc.Document) bool {
	const service = "transfer.amazonaws.com"
	allowed := false
	for _, st := range trust.Statements {
		if st.NotPrincipal || st.NotAction || !slices.Contains(st.Principals["Service"], service) {
			continue
		}
		if !slices.ContainsFunc(st.Actions, func(a string) bool {
			return a == "*" || strings.EqualFold(a, "sts:*") || strings.EqualFold(a, "sts:AssumeRole")
		}) {
			continue
		}
		if st.Effect != "Allow" && len(st.Conditions) == 0 {
			return false
		}
		allowed = allowed || st.Effect == "Allow"
	}
	return allowed
}

// checkHome checks the home directory. With PATH it may be omitted: the client then sees what the
// role allows.
func checkHome(p userProperties) error {
	switch p.HomeDirectoryType {
	case "", "PATH":
		if p.HomeDirectoryMappings != nil {
			return invalid("HomeDirectoryMappings cannot be set when HomeDirectoryType is PATH")
		}
		if p.HomeDirectory != "" && !isPath(p.HomeDirectory) {
			return invalid("Invalid home directory %s", p.HomeDirectory)
		}
		return nil
	case "LOGICAL":
	default:
		return invalid("Invalid HomeDirectoryType %s", p.HomeDirectoryType)
	}
	if p.HomeDirectory != "" {
		return invalid("HomeDirectory cannot be set when HomeDirectoryType is LOGICAL")
	}
	if n := len(p.HomeDirectoryMappings); n == 0 || n > maxMappings {
		return invalid("HomeDirectoryMappings must have between 1 and %d entries", maxMappings)
	}
	entries := map[string]bool{}
	for _, m := range p.HomeDirectoryMappings {
		if !isPath(m.Entry) || !isPath(m.Target) || !slices.Contains([]string{"", "FILE", "DIRECTORY"}, m.Type) {
			return invalid("Invalid home directory mapping %s", m.Entry)
		}
		if entries[m.Entry] {
			return invalid("Duplicate home directory mapping %s", m.Entry)
		}
		entries[m.Entry] = true
	}
	return nil
}

func isPath(path string) bool {
	return strings.HasPrefix(path, "/") && utf8.RuneCountInString(path) <= maxPath
}

func checkKeys(keys []string) error {
	if len(keys) > maxKeys {
		return cloud.Errorf("ServiceQuotaExceededException", "A user can have at most %d SSH public keys", maxKeys)
	}
	seen := map[string]bool{}
	for _, key := range keys {
		fields := strings.Fields(key)
		if len(key) > maxKey || len(fields) < 2 || !validKey(fields[0], fields[1]) {
			return invalid("Unsupported or invalid SSH public key format")
		}
		if seen[fields[1]] {
			return cloud.Errorf("ResourceExistsException", "SSH public key already exists")
		}
		seen[fields[1]] = true
	}
	return nil
}

// validKey reports whether a key has the type that precedes it, which must be RSA, ECDSA or
// Ed25519.
func validKey(kind, body string) bool {
	if !slices.Contains(
		[]string{"ssh-rsa", "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"},
		kind,
	) {
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
	return cloud.Resource{
		PhysicalID: u.arn, Attributes: map[string]any{"Arn": u.arn, "ServerId": s.id, "UserName": u.name},
	}
}

// of finds a user by its ARN: arn:aws:transfer:REGION:ACCOUNT:user/SERVER/NAME.
func (t userType) of(c cloud.Caller, arn string) (*server, *user) {
	parts := strings.Split(arn, "/")
	if len(parts) != 3 {
		return nil, nil
	}
	s := t.s.at(c)[parts[1]]
	if s == nil {
		return nil, nil
	}
	return s, s.users[parts[2]]
}

// Update changes a user in place.
func (t userType) Update(c cloud.Caller, physicalID string, old, desired map[string]any) (cloud.Resource, error) {
	var before, p userProperties
	if err := properties.Decode(old, &before); err != nil {
		return cloud.Resource{}, err
	}
	if err := properties.Decode(desired, &p); err != nil {
		return cloud.Resource{}, err
	}
	s, u := t.of(c, physicalID)
	if u == nil {
		return cloud.Resource{}, cloud.Errorf("ResourceNotFoundException", "Unknown user")
	}
	return u.resource(s), t.set(c, u, p, before.Tags)
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
	if s := t.s.at(c)[id]; s != nil && s.users[name] != nil {
		return s.users[name].arn, true
	}
	return "", false
}
