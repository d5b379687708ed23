package transfer

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

// securityPolicies are those of servers for SFTP (Transfer Family user guide, security-policies).
// The first is CloudFormation's default.
var securityPolicies = []string{
	"TransferSecurityPolicy-2018-11",
	"TransferSecurityPolicy-2020-06",
	"TransferSecurityPolicy-2022-03",
	"TransferSecurityPolicy-2023-05",
	"TransferSecurityPolicy-2024-01",
	"TransferSecurityPolicy-2025-03",
	"TransferSecurityPolicy-Restricted-2018-11",
	"TransferSecurityPolicy-Restricted-2020-06",
	"TransferSecurityPolicy-Restricted-2024-06",
	"TransferSecurityPolicy-FIPS-2020-06",
	"TransferSecurityPolicy-FIPS-2023-05",
	"TransferSecurityPolicy-FIPS-2024-01",
	"TransferSecurityPolicy-FIPS-2024-05",
	"TransferSecurityPolicy-FIPS-2025-03",
	"TransferSecurityPolicy-SshAuditCompliant-2025-02",
}

// retagged returns tags with a template's former ones replaced by its own. Tags of the stack stay.
func retagged(tags map[string]string, former, own []cloud.Tag) (map[string]string, error) {
	if len(own) > maxTags {
		return nil, invalid("Member must have length less than or equal to %d", maxTags)
	}
	for _, t := range own {
		if t.Key == "" || len(t.Key) > 128 || len(t.Value) > 256 {
			return nil, invalid("Invalid tag %s", t.Key)
		}
	}
	result := map[string]string{}
	maps.Copy(result, tags)
	cloud.Retag(result, former, own)
	return result, nil
}

// invalid returns AWS Transfer's error for most invalid requests. Its texts are from memory.
func invalid(format string, args ...any) error {
	return cloud.Errorf("InvalidRequestException", format, args...)
}

// serverType is AWS::Transfer::Server: Ref gives the ARN.
type serverType struct{ s *Service }

type serverProperties struct {
	Protocols                 []string
	IdentityProviderType      string
	EndpointType              string
	Domain                    string
	SecurityPolicyName        string
	StructuredLogDestinations []string
	LoggingRole               string
	Tags                      []cloud.Tag
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
			"LoggingRole":               {Kind: cloud.KindString},
			"Tags":                      {Kind: cloud.KindList},
		},
		PrimaryID: []string{"Arn"}, Attributes: []string{"Arn", "ServerId", "State"}, Tags: true,
	}
}

// Create creates a server.
func (t serverType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	var p serverProperties
	if err := properties.Decode(r.Properties, &p); err != nil {
		return cloud.Resource{}, err
	}
	id := "s-" + strings.ToLower(t.s.world.NewToken(17))
	s := &server{
		id: id, arn: fmt.Sprintf("arn:aws:transfer:%s:%s:server/%s", c.Region, c.Account, id),
		users: map[string]*user{},
	}
	s.tags = r.Tags
	if err := t.set(c, s, p, nil); err != nil {
		return cloud.Resource{}, err
	}
	t.s.at(c)[id] = s
	return s.resource(), nil
}

// set changes a server, or nothing. former are the template's previous tags.
func (t serverType) set(c cloud.Caller, s *server, p serverProperties, former []cloud.Tag) error {
	if p.Protocols != nil && !slices.Equal(p.Protocols, []string{"SFTP"}) {
		return cloud.NotModelled("the protocols %v", p.Protocols)
	}
	for _, only := range []struct{ value, modelled, what string }{
		{
			p.IdentityProviderType, "SERVICE_MANAGED", "identity provider",
		}, {p.EndpointType, "PUBLIC", "endpoint type"}, {p.Domain, "S3", "domain"},
	} {
		if only.value != "" && only.value != only.modelled {
			return cloud.NotModelled("the %s %s", only.what, only.value)
		}
	}
	policy := p.SecurityPolicyName
	if policy == "" {
		policy = securityPolicies[0]
	}
	if !slices.Contains(securityPolicies, policy) {
		return invalid("Security policy %s is not available", policy)
	}
	if len(p.StructuredLogDestinations) > 1 {
		return invalid("Only one log group can be a structured log destination")
	}
	for _, arn := range p.StructuredLogDestinations {
		if !logGroupARN.MatchString(arn) {
			return invalid("Invalid structured log destination %s", arn)
		}
	}
	if p.LoggingRole != "" {
		if err := t.s.checkRole(c, p.LoggingRole); err != nil {
			return err
		}
	}
	tags, err := retagged(s.tags, former, p.Tags)
	if err != nil {
		return err
	}
	s.protocols, s.identity, s.endpoint, s.domain = []string{"SFTP"}, "SERVICE_MANAGED", "PUBLIC", "S3"
	s.securityPolicy, s.logs, s.loggingRole, s.tags = policy, p.StructuredLogDestinations, p.LoggingRole, tags
	return nil
}

func (s *server) resource() cloud.Resource {
	return cloud.Resource{PhysicalID: s.arn, Attributes: map[string]any{"Arn": s.arn, "ServerId": s.id, "State": "ONLINE"}}
}

// Update changes a server in place.
func (t serverType) Update(c cloud.Caller, physicalID string, old, desired map[string]any) (cloud.Resource, error) {
	var before, p serverProperties
	if err := properties.Decode(old, &before); err != nil {
		return cloud.Resource{}, err
	}
	if err := properties.Decode(desired, &p); err != nil {
		return cloud.Resource{}, err
	}
	s, err := t.s.find(c, lastPart(physicalID))
	if err != nil {
		return cloud.Resource{}, err
	}
	return s.resource(), t.set(c, s, p, before.Tags)
}

// Delete deletes a server with its users, as DeleteServer does.
func (t serverType) Delete(c cloud.Caller, physicalID string, _ map[string]any) error {
	delete(t.s.at(c), lastPart(physicalID))
	return nil
}

// Exists finds a server by its ARN.
func (t serverType) Exists(c cloud.Caller, p map[string]any) (string, bool) {
	arn, _ := p["Arn"].(string)
	s := t.s.at(c)[lastPart(arn)]
	return arn, s != nil && s.arn == arn
}

func lastPart(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }
