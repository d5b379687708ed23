package entity

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// UpgradeState implements resource.ResourceWithUpgradeState.
func (r *Resource[M, P]) UpgradeState(context.Context) map[int64]resource.StateUpgrader {
	return map[int64]resource.StateUpgrader{0: {StateUpgrader: upgradeFrom0}}
}

// upgradeFrom0 upgrades a state of version 0, which had the set drift instead of the string
// drift. Permissions also had actions and timeouts. Attributes that are no longer in the schema are
// dropped.
func upgradeFrom0(ctx context.Context, req resource.UpgradeStateRequest, resp *resource.UpgradeStateResponse) {
	upgraded, err := version1(req.RawState, resp.State.Schema.Type().TerraformType(ctx))
	if err != nil {
		resp.Diagnostics.AddError("Unable to Upgrade Resource State", fmt.Sprintf(
			"The state of schema version 0 could not be read.\n\nIf it was edited by hand, restore it, or remove the resource from the state and import it again.\n\nOriginal error: %s",
			err,
		))
		return
	}
	resp.State.Raw = upgraded
}

func version1(state *tfprotov6.RawState, typ tftypes.Type) (tftypes.Value, error) {
	var attributes map[string]json.RawMessage
	if err := json.Unmarshal(state.JSON, &attributes); err != nil {
		return tftypes.Value{}, err
	}
	var drift []string
	if old, ok := attributes["deviations"]; ok {
		if err := json.Unmarshal(old, &drift); err != nil {
			return tftypes.Value{}, fmt.Errorf("attribute deviations: %w", err)
		}
	}
	if len(drift) > 0 {
		drift, err := json.Marshal(strings.Join(drift, "\n"))
		if err != nil {
			return tftypes.Value{}, err
		}
		attributes["drift"] = drift
	}
	body, err := json.Marshal(attributes)
	if err != nil {
		return tftypes.Value{}, err
	}
	return (&tfprotov6.RawState{JSON: body}).UnmarshalWithOpts(typ, tfprotov6.UnmarshalOpts{
		ValueFromJSONOpts: tftypes.ValueFromJSONOpts{IgnoreUndefinedAttributes: true},
	})
}
