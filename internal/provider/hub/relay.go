package hub

import (
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/stowage/terraform-provider-stowage/internal/hub"
	"github.com/stowage/terraform-provider-stowage/internal/hubs"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/relaypackage"
)

// relays finds the package of the relay to deploy.
type relays struct {
	embedded func() (*relaypackage.Package, error)
}

// find returns the package that a model names, or that of the provider.
func (r relays) find(m *Model) (*relaypackage.Package, error) {
	if path := m.RelayPackage.ValueString(); path != "" {
		return relaypackage.Read(path)
	}
	return r.embedded()
}

// deployable returns the package in the form of package hubs.
func (r relays) deployable(m *Model) (hubs.Package, error) {
	p, err := r.find(m)
	if err != nil {
		d := unusable(m, err)
		return hubs.Package{}, &model.ExplainedError{
			Text: d.Summary(), Err: err,
			Explanation: model.Explanation{Attribute: "relay_package", Cause: d.Detail(), Changed: model.ChangedNothing},
		}
	}
	relay := hub.Relay{Version: p.Version, Hash: p.Hash}
	if p.Architecture != hub.DefaultArchitecture {
		relay.Architecture = p.Architecture
	}
	return hubs.Package{Relay: relay, Zip: p.Zip}, nil
}

// unusable returns why there is no package to deploy.
func unusable(m *Model, err error) diag.Diagnostic {
	at := path.Root("relay_package")
	if errors.Is(err, relaypackage.ErrNotEmbedded) {
		return diag.NewAttributeErrorDiagnostic(at, "Missing Relay Package",
			"This is a development build of the provider, which contains no package of the relay.\n\n"+
				"Build the provider with make build, or set relay_package to the path of a package that make relay has built.")
	}
	if m.RelayPackage.ValueString() == "" {
		return diag.NewErrorDiagnostic("Invalid Relay Package", fmt.Sprintf(
			"The package of the relay in this build of the provider can't be used: %v. This is a bug in the provider, please report it.", err))
	}
	return diag.NewAttributeErrorDiagnostic(at, "Invalid Relay Package", fmt.Sprintf(
		"The file %q can't be used as the package of the relay: %v.\n\n"+
			"Build a package with make relay, or remove relay_package to deploy the provider's own.", m.RelayPackage.ValueString(), err))
}
