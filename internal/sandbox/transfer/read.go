package transfer

import (
	"maps"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

// Read handlers of the resource types. Their formats are those of live reads of Cloud Control that
// the project cdk-real-drift has published (2026).

var (
	_ cloud.Readable = serverType{}
	_ cloud.Readable = userType{}
)

// Read returns the properties of a server.
func (t serverType) Read(c cloud.Caller, arn string) (map[string]any, error) {
	s, err := t.s.find(c, lastPart(arn))
	if err != nil {
		return nil, cloud.NotFound("AWS::Transfer::Server", arn)
	}
	p := map[string]any{
		"Arn": s.arn, "ServerId": s.id, "State": "ONLINE", "Protocols": s.protocols, "Domain": s.domain,
		"EndpointType": s.endpoint, "IdentityProviderType": s.identity, "SecurityPolicyName": s.securityPolicy,
		"StructuredLogDestinations": append([]string{}, s.logs...),
	}
	if s.loggingRole != "" {
		p["LoggingRole"] = s.loggingRole
	}
	setTags(p, s.tags)
	return properties.Plain(p)
}

// Read returns the properties of a user.
func (t userType) Read(c cloud.Caller, arn string) (map[string]any, error) {
	s, u := t.of(c, arn)
	if u == nil {
		return nil, cloud.NotFound("AWS::Transfer::User", arn)
	}
	p := map[string]any{
		"Arn": u.arn, "ServerId": s.id, "UserName": u.name, "Role": u.role, "HomeDirectoryType": u.homeType,
	}
	if u.home != "" {
		p["HomeDirectory"] = u.home
	}
	if u.policy != "" {
		p["Policy"] = u.policy
	}
	if len(u.mappings) > 0 {
		p["HomeDirectoryMappings"] = u.mappings
	}
	var keys []string
	for _, k := range u.keys {
		keys = append(keys, k.body)
	}
	if keys != nil {
		p["SshPublicKeys"] = keys
	}
	setTags(p, u.tags)
	return properties.Plain(p)
}

func setTags(p map[string]any, tags map[string]string) {
	var all []any
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		all = append(all, map[string]any{"Key": key, "Value": tags[key]})
	}
	if all != nil {
		p["Tags"] = all
	}
}
