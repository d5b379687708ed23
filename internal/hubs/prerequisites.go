package hubs

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/stowage/terraform-provider-stowage/internal/hub"
)

// prerequisites returns what the account has only once, and checks what the settings refer to, as
// far as it is new. It changes nothing.
func (d *deployment) prerequisites(ctx context.Context, r *reading) (hub.Shared, error) {
	var shared hub.Shared
	var before hub.Settings
	if r.deployed != nil && r.deployed.Relay != (hub.Relay{}) {
		before = r.deployed.Settings
	}
	if err := d.checkLive(ctx, d.settings.Live, before.Live); err != nil {
		return shared, err
	}
	var err error
	if _, own := r.template.Resource(hub.GatewayAccountID); d.settings.Live != nil && !own {
		if shared.GatewayLogs, err = d.gatewayLogs(ctx); err != nil {
			return shared, err
		}
	}
	shared.OIDCProviders, err = d.oidcProviders(ctx, r)
	return shared, err
}

// checkLive checks the issuer and the domains that are new.
func (d *deployment) checkLive(ctx context.Context, live, before *hub.Live) error {
	if live == nil {
		return nil
	}
	if before == nil || before.OIDCIssuer != live.OIDCIssuer {
		if err := d.checkIssuer(ctx, live.OIDCIssuer); err != nil {
			return err
		}
	}
	return d.checkDomains(ctx, live, before)
}

// oidcProviders returns the hosts of the OIDC providers that Terraform runs need and that the
// account has outside of the hub's stack.
func (d *deployment) oidcProviders(ctx context.Context, r *reading) ([]string, error) {
	needed := slices.DeleteFunc(d.settings.IdentityProviders(), func(p hub.IdentityProvider) bool {
		_, own := r.template.Resource(p.LogicalID)
		return own
	})
	if len(needed) == 0 {
		return nil, nil
	}
	all, err := d.account.IAM.ListOpenIDConnectProviders(ctx, &iam.ListOpenIDConnectProvidersInput{})
	if err != nil {
		return nil, fmt.Errorf("listing the OIDC providers of the account: %w", err)
	}
	var hosts []string
	for _, p := range needed {
		i := slices.IndexFunc(all.OpenIDConnectProviderList, func(entry iamtypes.OpenIDConnectProviderListEntry) bool {
			return strings.HasSuffix(aws.ToString(entry.Arn), ":oidc-provider/"+p.Host)
		})
		if i < 0 {
			continue
		}
		arn := all.OpenIDConnectProviderList[i].Arn
		if err := d.checkAudience(ctx, arn, p); err != nil {
			return nil, err
		}
		hosts = append(hosts, p.Host)
	}
	return hosts, nil
}

// checkAudience refuses an OIDC provider of the account that does not accept the tokens' audience.
func (d *deployment) checkAudience(ctx context.Context, arn *string, p hub.IdentityProvider) error {
	found, err := d.account.IAM.GetOpenIDConnectProvider(
		ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn},
	)
	if err != nil {
		return fmt.Errorf("reading the OIDC provider %s: %w", aws.ToString(arn), err)
	}
	if slices.Contains(found.ClientIDList, p.Audience) {
		return nil
	}
	return &PrerequisiteError{
		Attribute: p.Attribute,
		Cause: fmt.Sprintf("The account's OIDC provider %s does not have the audience %q of the tokens of Terraform runs.",
			aws.ToString(arn), p.Audience),
		Remedy: fmt.Sprintf(
			"Add it: aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn %s --client-id %s",
			aws.ToString(arn), p.Audience),
	}
}
