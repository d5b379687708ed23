package iam

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

// Read handlers of the resource types.
//
// The formats are those of live reads that the project cdk-real-drift has published (2026): empty
// lists are left out, inline policies are sorted by name, a group has no tags, and a managed policy
// lists all entities to which it is attached.

var (
	_ cloud.Readable = userType{}
	_ cloud.Readable = groupType{}
	_ cloud.Readable = roleType{}
	_ cloud.Readable = managedPolicyType{}
)

// members and list are short names for the JSON of properties.
type (
	members = map[string]any
	list    = []any
)

// Read returns the properties of a user.
func (t userType) Read(c cloud.Caller, name string) (map[string]any, error) {
	a := t.s.account(c.Account)
	u, err := a.user(name)
	if err != nil {
		return nil, cloud.NotFound("AWS::IAM::User", name)
	}
	p, err := u.read()
	if err != nil {
		return nil, err
	}
	p["UserName"] = u.name
	var groups []string
	for _, g := range a.groupsOf(u) {
		groups = append(groups, g.name)
	}
	setList(p, "Groups", groups)
	setTags(p, u.tags)
	return properties.Plain(p)
}

// Read returns the properties of a group.
func (t groupType) Read(c cloud.Caller, name string) (map[string]any, error) {
	g, err := t.s.account(c.Account).group(name)
	if err != nil {
		return nil, cloud.NotFound("AWS::IAM::Group", name)
	}
	p, err := g.read()
	if err != nil {
		return nil, err
	}
	p["GroupName"] = g.name
	return properties.Plain(p)
}

// Read returns the properties of a role.
func (t roleType) Read(c cloud.Caller, name string) (map[string]any, error) {
	r, err := t.s.account(c.Account).role(name)
	if err != nil {
		return nil, cloud.NotFound("AWS::IAM::Role", name)
	}
	p, err := r.read()
	if err != nil {
		return nil, err
	}
	p["RoleName"], p["RoleId"], p["MaxSessionDuration"] = r.name, r.id, r.maxSession
	if r.description != "" {
		p["Description"] = r.description
	}
	if p["AssumeRolePolicyDocument"], err = decodedDocument(r.trust); err != nil {
		return nil, err
	}
	setTags(p, r.tags)
	return properties.Plain(p)
}

// Read returns the properties of a managed policy.
func (t managedPolicyType) Read(c cloud.Caller, arn string) (map[string]any, error) {
	a := t.s.account(c.Account)
	found, err := a.policy(arn)
	if err != nil {
		return nil, cloud.NotFound("AWS::IAM::ManagedPolicy", arn)
	}
	standard, err := found.version(found.standard)
	if err != nil {
		return nil, err
	}
	document, err := decodedDocument(standard.document)
	if err != nil {
		return nil, err
	}
	p := members{"ManagedPolicyName": found.name, "Path": found.path, "PolicyDocument": document}
	maps.Copy(p, policyResource(a, found).Attributes)
	if found.description != "" {
		p["Description"] = found.description
	}
	attached := map[*kind][]string{}
	for _, e := range a.entities() {
		if slices.Contains(e.attached, arn) {
			attached[e.kind] = append(attached[e.kind], e.name)
		}
	}
	setList(p, "Groups", attached[kindGroup])
	setList(p, "Roles", attached[kindRole])
	setList(p, "Users", attached[kindUser])
	return properties.Plain(p)
}

// read returns the properties that users, groups and roles have in common.
func (e *entity) read() (members, error) {
	p := members{"Arn": e.arn, "Path": e.path}
	setList(p, "ManagedPolicyArns", e.attached)
	if e.boundary != "" {
		p["PermissionsBoundary"] = e.boundary
	}
	var policies list
	for _, name := range sortedNames(e.inline) {
		document, err := decodedDocument(e.inline[name])
		if err != nil {
			return nil, err
		}
		policies = append(policies, members{"PolicyName": name, "PolicyDocument": document})
	}
	if policies != nil {
		p["Policies"] = policies
	}
	return p, nil
}

func setList(p members, name string, values []string) {
	if len(values) > 0 {
		p[name] = values
	}
}

func setTags(p members, tags []tag) {
	var all list
	for _, t := range tags {
		all = append(all, members{"Key": t.Key, "Value": t.Value})
	}
	if all != nil {
		p["Tags"] = all
	}
}

func decodedDocument(text string) (any, error) {
	var document any
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		return nil, fmt.Errorf("decoding a policy document: %w", err)
	}
	return document, nil
}
