package provider

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// The provider's numbers are all integers, but Terraform has only one number type, so a
// configuration may contain 1.5. The framework reports that as a bug of the provider.

// isConversionError reports whether the framework could not convert a value to its attribute's
// type.
func isConversionError(d *tfprotov6.Diagnostic) bool {
	return strings.Contains(d.Detail, "This is always an error in the provider")
}

// withoutConversionErrors replaces the framework's conversion errors by one error per number that
// is not an integer. Without such a number, it returns the diagnostics unchanged.
func withoutConversionErrors(
	diagnostics []*tfprotov6.Diagnostic, schema *tfprotov6.Schema, config *tfprotov6.DynamicValue,
) []*tfprotov6.Diagnostic {
	var others []*tfprotov6.Diagnostic
	for _, d := range diagnostics {
		if !isConversionError(d) {
			others = append(others, d)
		}
	}
	if len(others) == len(diagnostics) || schema == nil || config == nil {
		return diagnostics
	}
	value, err := config.Unmarshal(schema.ValueType())
	if err != nil {
		return diagnostics
	}
	found := fractions(value)
	if len(found) == 0 {
		return diagnostics
	}
	return append(found, others...)
}

// fractions returns errors for the numbers in a value that are not integers or exceed 64 bits.
func fractions(value tftypes.Value) []*tfprotov6.Diagnostic {
	var found []*tfprotov6.Diagnostic
	_ = tftypes.Walk(value, func(at *tftypes.AttributePath, v tftypes.Value) (bool, error) {
		var number big.Float
		if !v.Type().Is(tftypes.Number) || !v.IsKnown() || v.IsNull() {
			return true, nil
		}
		if err := v.As(&number); err != nil {
			return false, err //nolint:wrapcheck // a known number is one
		}
		if _, accuracy := number.Int64(); accuracy != big.Exact {
			found = append(found, &tfprotov6.Diagnostic{
				Severity: tfprotov6.DiagnosticSeverityError, Summary: "Invalid Attribute Value", Attribute: at,
				Detail: fmt.Sprintf("The value must be a whole number, got: %s", number.Text('f', -1)),
			})
		}
		return true, nil
	})
	return found
}

// schemas returns the schemas of the provider and its objects.
func (s *Server) schemas(ctx context.Context) *tfprotov6.GetProviderSchemaResponse {
	schemas, err := s.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil || schemas == nil {
		return &tfprotov6.GetProviderSchemaResponse{}
	}
	return schemas
}

// hasConversionError reports whether the schemas have to be read.
func hasConversionError(diagnostics []*tfprotov6.Diagnostic) bool {
	return slices.ContainsFunc(diagnostics, isConversionError)
}

// ValidateProviderConfig implements tfprotov6.ProviderServer.
func (s *Server) ValidateProviderConfig(
	ctx context.Context, req *tfprotov6.ValidateProviderConfigRequest,
) (*tfprotov6.ValidateProviderConfigResponse, error) {
	resp, err := s.ProviderServer.ValidateProviderConfig(ctx, req)
	if resp != nil && hasConversionError(resp.Diagnostics) {
		resp.Diagnostics = withoutConversionErrors(resp.Diagnostics, s.schemas(ctx).Provider, req.Config)
	}
	return resp, err
}

// ValidateResourceConfig implements tfprotov6.ProviderServer.
func (s *Server) ValidateResourceConfig(
	ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest,
) (*tfprotov6.ValidateResourceConfigResponse, error) {
	resp, err := during(ctx, s, req, s.ProviderServer.ValidateResourceConfig)
	if resp != nil && hasConversionError(resp.Diagnostics) {
		resp.Diagnostics = withoutConversionErrors(resp.Diagnostics, s.schemas(ctx).ResourceSchemas[req.TypeName], req.Config)
	}
	return resp, err
}

// ValidateEphemeralResourceConfig implements tfprotov6.ProviderServer. The attribute secret_arn of
// a user without an access key is null, which the framework reports as an error of the
// configuration.
func (s *Server) ValidateEphemeralResourceConfig(
	ctx context.Context, req *tfprotov6.ValidateEphemeralResourceConfigRequest,
) (*tfprotov6.ValidateEphemeralResourceConfigResponse, error) {
	resp, err := during(ctx, s, req, s.ProviderServer.ValidateEphemeralResourceConfig)
	if resp == nil || req.TypeName != "stowage_user_credentials" {
		return resp, err
	}
	for _, d := range resp.Diagnostics {
		if d.Summary == "Missing Configuration for Required Attribute" && d.Attribute.Equal(secretARN) {
			d.Summary = "Missing Secret ARN"
			d.Detail = "The argument secret_arn of stowage_user_credentials is null. That of a stowage_project_user is null while the user has no access key.\n\n" +
				"Set access_key = { enabled = true } in the user, or open the credentials only while there is a key, with the argument count."
		}
	}
	return resp, err
}

var secretARN = tftypes.NewAttributePath().WithAttributeName("secret_arn")
