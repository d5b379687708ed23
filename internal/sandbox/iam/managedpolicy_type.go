package iam

import (
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

// managedPolicyType is AWS::IAM::ManagedPolicy. Ref gives its ARN.
type managedPolicyType struct{ s *Service }

type managedPolicyProperties struct {
	ManagedPolicyName string
	Path              string
	Description       string
	PolicyDocument    document
	targets
}

// targets are the lists of AWS::IAM::ManagedPolicy and AWS::IAM::Policy that name the policy's
// entities.
type targets struct{ Groups, Users, Roles []string }

// find returns the named entities in the order groups, users, roles.
func (a *account) find(t targets) ([]*entity, error) {
	var all []*entity
	for _, name := range t.Groups {
		g, err := a.group(name)
		if err != nil {
			return nil, err
		}
		all = append(all, &g.entity)
	}
	for _, name := range t.Users {
		u, err := a.user(name)
		if err != nil {
			return nil, err
		}
		all = append(all, &u.entity)
	}
	for _, name := range t.Roles {
		r, err := a.role(name)
		if err != nil {
			return nil, err
		}
		all = append(all, &r.entity)
	}
	return all, nil
}

// present is find without missing entities.
func (a *account) present(t targets) []*entity {
	var all []*entity
	for _, one := range t.each() {
		found, err := a.find(one)
		if err == nil {
			all = append(all, found...)
		}
	}
	return all
}

func (t targets) each() []targets {
	var all []targets
	for _, name := range t.Groups {
		all = append(all, targets{Groups: []string{name}})
	}
	for _, name := range t.Users {
		all = append(all, targets{Users: []string{name}})
	}
	for _, name := range t.Roles {
		all = append(all, targets{Roles: []string{name}})
	}
	return all
}

// Schema is that of the CloudFormation registry's aws-iam-managedpolicy.
func (managedPolicyType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"ManagedPolicyName": {Kind: cloud.KindString, CreateOnly: true},
			"Path":              {Kind: cloud.KindString, CreateOnly: true},
			"Description":       {Kind: cloud.KindString, CreateOnly: true},
			"PolicyDocument":    {Kind: cloud.KindJSON},
			"Groups":            {Kind: cloud.KindList},
			"Users":             {Kind: cloud.KindList},
			"Roles":             {Kind: cloud.KindList},
		},
		Required:  []string{"PolicyDocument"},
		PrimaryID: []string{"PolicyArn"},
		NamedIAM:  true,
		Attributes: []string{
			"PolicyArn", "PolicyId", "DefaultVersionId", "CreateDate", "UpdateDate", "AttachmentCount",
			"IsAttachable", "PermissionsBoundaryUsageCount",
		},
	}
}

// Create creates a policy and attaches it, or does nothing.
func (t managedPolicyType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	var props managedPolicyProperties
	if err := decodeProperties(r.Properties, &props); err != nil {
		return cloud.Resource{}, err
	}
	a := t.s.account(c.Account)
	name := props.ManagedPolicyName
	if name == "" {
		name = t.s.generatedName(r, 128)
	}
	p, err := t.s.createPolicy(a, name, orDefault(props.Path, "/"), props.Description, string(props.PolicyDocument), nil)
	if err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	err = t.s.check(func() error { return t.attach(a, p, props.targets) }, func() {
		for _, e := range a.entities() {
			_ = e.detach(p.arn)
		}
		delete(a.policies, p.arn)
	})
	return policyResource(a, p), err
}

func (t managedPolicyType) attach(a *account, p *policy, to targets) error {
	entities, err := a.find(to)
	if err != nil {
		return err
	}
	for _, e := range entities {
		if err := a.attach(e, p.arn); err != nil {
			return err
		}
	}
	return nil
}

func policyResource(a *account, p *policy) cloud.Resource {
	return cloud.Resource{PhysicalID: p.arn, Attributes: map[string]any{
		"PolicyArn": p.arn, "PolicyId": p.id, "DefaultVersionId": p.standard, "CreateDate": protocol.Time(p.created),
		"UpdateDate": protocol.Time(p.updated), "AttachmentCount": a.attachments(p.arn), "IsAttachable": true,
		"PermissionsBoundaryUsageCount": a.boundaryUses(p.arn),
	}}
}

// Update creates a new default version if the document changed, and attaches and detaches according
// to the lists.
func (t managedPolicyType) Update(
	c cloud.Caller, physicalID string, old, properties map[string]any,
) (cloud.Resource, error) {
	var before, props managedPolicyProperties
	if err := decodeProperties(old, &before); err != nil {
		return cloud.Resource{}, err
	}
	if err := decodeProperties(properties, &props); err != nil {
		return cloud.Resource{}, err
	}
	a := t.s.account(c.Account)
	p, err := a.policy(physicalID)
	if err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	if before.PolicyDocument != props.PolicyDocument {
		if err := t.s.replaceDocument(p, string(props.PolicyDocument)); err != nil {
			return cloud.Resource{}, t.s.asReason(err)
		}
	}
	if err := t.attach(a, p, props.targets); err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	keep := a.present(props.targets)
	for _, e := range a.present(before.targets) {
		if !slices.Contains(keep, e) {
			_ = e.detach(p.arn) // it may be detached
		}
	}
	return policyResource(a, p), nil
}

// Delete detaches the policy from the entities of its properties and deletes it with all its
// versions; other attachments are a DeleteConflict.
func (t managedPolicyType) Delete(c cloud.Caller, physicalID string, properties map[string]any) error {
	var props managedPolicyProperties
	if err := decodeProperties(properties, &props); err != nil {
		return err
	}
	a := t.s.account(c.Account)
	p, err := a.policy(physicalID)
	if gone(err) {
		return nil
	}
	for _, e := range a.present(props.targets) {
		_ = e.detach(p.arn)
	}
	if a.attachments(p.arn) == 0 && a.boundaryUses(p.arn) == 0 {
		p.versions = slices.DeleteFunc(p.versions, func(v *policyVersion) bool { return v.id != p.standard })
	}
	if err := a.deletePolicy(p); err != nil {
		return t.s.asReason(err)
	}
	return nil
}

// Exists finds a policy by its name (conflicts) or its ARN (import).
func (t managedPolicyType) Exists(c cloud.Caller, properties map[string]any) (string, bool) {
	for arn, p := range t.s.account(c.Account).policies {
		if arn == text(properties, "PolicyArn") || strings.EqualFold(p.name, text(properties, "ManagedPolicyName")) {
			return arn, true
		}
	}
	return "", false
}
