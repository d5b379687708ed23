package iam

import (
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

func (c *call) createOIDCProvider() (any, error) {
	p, err := c.Service.createOIDCProvider(c.a, newOIDCProvider{
		url: c.form.Get("Url"), clients: protocol.Strings(c.form, "ClientIDList"),
		thumbprints: protocol.Strings(c.form, "ThumbprintList"), tags: c.tags(),
	})
	if err != nil {
		return nil, err
	}
	return struct {
		OpenIDConnectProviderArn string
		Tags                     []tag `xml:"Tags>member"`
	}{p.arn, p.tags}, nil
}

func (c *call) oidc() (*oidcProvider, error) {
	return c.a.oidcProvider(c.form.Get("OpenIDConnectProviderArn"))
}

func (c *call) getOIDCProvider() (any, error) {
	p, err := c.oidc()
	if err != nil {
		return nil, err
	}
	return struct {
		Url            string
		ClientIDList   []string `xml:"ClientIDList>member"`
		ThumbprintList []string `xml:"ThumbprintList>member"`
		CreateDate     string
		Tags           []tag `xml:"Tags>member"`
	}{p.host, p.clients, p.thumbprints, protocol.Time(p.created), p.tags}, nil
}

func (c *call) listOIDCProviders() (any, error) {
	type entry struct{ Arn string }
	var all []entry
	for _, arn := range sortedNames(c.a.oidc) {
		all = append(all, entry{arn})
	}
	return struct {
		List []entry `xml:"OpenIDConnectProviderList>member"`
	}{all}, nil
}

// addClientID succeeds for a client that is already registered (IAM API Reference,
// AddClientIDToOpenIDConnectProvider).
func (c *call) addClientID() (any, error) {
	p, err := c.oidc()
	if err != nil {
		return nil, err
	}
	client := c.form.Get("ClientID")
	if slices.Contains(p.clients, client) {
		return nil, nil //nolint:nilnil // an empty answer
	}
	all := append(slices.Clone(p.clients), client)
	if err := checkClients(all); err != nil {
		return nil, err
	}
	p.clients = all
	return nil, nil //nolint:nilnil // an empty answer
}

func (c *call) removeClientID() (any, error) {
	p, err := c.oidc()
	if err != nil {
		return nil, err
	}
	p.clients = slices.DeleteFunc(p.clients, func(client string) bool { return client == c.form.Get("ClientID") })
	return nil, nil //nolint:nilnil // an empty answer
}

// deleteOIDCProvider succeeds for a provider that does not exist (IAM API Reference,
// DeleteOpenIDConnectProvider).
func (c *call) deleteOIDCProvider() (any, error) {
	delete(c.a.oidc, c.form.Get("OpenIDConnectProviderArn"))
	return nil, nil //nolint:nilnil // an empty answer
}
