package iam

import (
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// oidcProviderType is AWS::IAM::OIDCProvider: Ref gives the ARN.
type oidcProviderType struct{ s *Service }

type oidcProviderProperties struct {
	Url            string
	ClientIdList   []string
	ThumbprintList []string
	Tags           []tag
}

// Schema is that of the CloudFormation registry's aws-iam-oidcprovider.
func (oidcProviderType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"Url":            {Kind: cloud.KindString, CreateOnly: true},
			"ClientIdList":   {Kind: cloud.KindList},
			"ThumbprintList": {Kind: cloud.KindList},
			"Tags":           {Kind: cloud.KindList},
		},
		PrimaryID: []string{"Arn"}, Attributes: []string{"Arn"}, Tags: true,
	}
}

// Create creates a provider.
func (t oidcProviderType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	var p oidcProviderProperties
	if err := decodeProperties(r.Properties, &p); err != nil {
		return cloud.Resource{}, err
	}
	made, err := t.s.createOIDCProvider(t.s.account(c.Account), newOIDCProvider{
		url: p.Url, clients: p.ClientIdList, thumbprints: p.ThumbprintList, tags: withStackTags(p.Tags, r.Tags),
	})
	if err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	return made.resource(), nil
}

func (p *oidcProvider) resource() cloud.Resource {
	return cloud.Resource{PhysicalID: p.arn, Attributes: map[string]any{"Arn": p.arn}}
}

// Update changes a provider's clients, thumbprints and tags.
func (t oidcProviderType) Update(
	c cloud.Caller, physicalID string, old, desired map[string]any,
) (cloud.Resource, error) {
	var before, p oidcProviderProperties
	if err := decodeProperties(old, &before); err != nil {
		return cloud.Resource{}, err
	}
	if err := decodeProperties(desired, &p); err != nil {
		return cloud.Resource{}, err
	}
	found, err := t.s.account(c.Account).oidcProvider(physicalID)
	if err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	for _, check := range []error{checkClients(p.ClientIdList), checkThumbprints(p.ThumbprintList), checkTags(p.Tags)} {
		if check != nil {
			return cloud.Resource{}, t.s.asReason(check)
		}
	}
	found.clients, found.tags = p.ClientIdList, replaceTags(found.tags, before.Tags, p.Tags)
	if len(p.ThumbprintList) > 0 {
		found.thumbprints = p.ThumbprintList
	}
	return found.resource(), nil
}

// Delete removes a provider.
func (t oidcProviderType) Delete(c cloud.Caller, physicalID string, _ map[string]any) error {
	delete(t.s.account(c.Account).oidc, physicalID)
	return nil
}

// Exists finds a provider by its ARN or URL.
func (t oidcProviderType) Exists(c cloud.Caller, properties map[string]any) (string, bool) {
	a := t.s.account(c.Account)
	arn := text(properties, "Arn")
	if arn == "" {
		host, _ := strings.CutPrefix(text(properties, "Url"), "https://")
		arn = a.oidcARN(strings.TrimSuffix(host, "/"))
	}
	return arn, a.oidc[arn] != nil
}
