package provider

import (
	"context"
	"fmt"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

type textRule struct {
	must  string // the required form of a value
	holds func(value string) bool
}

// hubPattern matches what may be part of the name of an SSM parameter (SSM API reference,
// PutParameter).
var hubPattern = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

var (
	isHubName = textRule{"must be a name of letters, digits, dots, hyphens and underscores", hubPattern.MatchString}
	// isRoleName also accepts "", the provider's own credentials.
	isRoleName = textRule{
		"must be the name of an IAM role",
		func(value string) bool { return value == "" || model.IsRoleName(value) },
	}
	// isExternalID also accepts "", no external ID.
	isExternalID = textRule{
		"must have 2 to 1224 letters, digits and characters of +=,.@:/_-",
		func(value string) bool { return value == "" || awsclient.IsExternalID(value) },
	}
	// isPlainText is for texts that are put into templates unchanged.
	isPlainText = textRule{
		"must not hold a dynamic reference ({{resolve:...}})",
		func(value string) bool { return !model.HoldsReference(value) },
	}
)

// Description implements validator.String.
func (r textRule) Description(context.Context) string { return "value " + r.must }

// MarkdownDescription implements validator.String.
func (r textRule) MarkdownDescription(ctx context.Context) string { return r.Description(ctx) }

// ValidateString implements validator.String.
func (r textRule) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() || r.holds(req.ConfigValue.ValueString()) {
		return
	}
	resp.Diagnostics.AddAttributeError(req.Path, "Invalid Provider Argument", fmt.Sprintf(
		"The value of the provider argument %q %s, got: %q.", req.Path, r.must, req.ConfigValue.ValueString()))
}
