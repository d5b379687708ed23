package projectuser

import (
	"context"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// The nested attributes of access keys.
type (
	accessKey struct {
		Enabled            types.Bool   `tfsdk:"enabled"`
		Rotation           types.Object `tfsdk:"rotation"`
		ReplacementTrigger types.String `tfsdk:"replacement_trigger"`
	}
	rotation struct {
		EveryDays   types.Int64 `tfsdk:"every_days"`
		OverlapDays types.Int64 `tfsdk:"overlap_days"`
	}
	key struct {
		AccessKeyID   types.String `tfsdk:"access_key_id"`
		Status        types.String `tfsdk:"status"`
		CreatedAt     types.String `tfsdk:"created_at"`
		InactiveSince types.String `tfsdk:"inactive_since"`
	}
)

var (
	rotationTypes  = map[string]attr.Type{"every_days": types.Int64Type, "overlap_days": types.Int64Type}
	accessKeyTypes = map[string]attr.Type{
		"enabled":             types.BoolType,
		"rotation":            types.ObjectType{AttrTypes: rotationTypes},
		"replacement_trigger": types.StringType,
	}
	keyTypes = map[string]attr.Type{
		"access_key_id":  types.StringType,
		"status":         types.StringType,
		"created_at":     types.StringType,
		"inactive_since": types.StringType,
	}
	keyType = types.ObjectType{AttrTypes: keyTypes}
)

// The statuses of a key, as in IAM.
const (
	active   = "active"
	inactive = "inactive"
	// deleted is the status of a key that was deleted in AWS.
	deleted = "deleted"
)

// accessKeyOf returns the configured access key of a model, with its existing keys; nil for none.
// Unknown times are now.
func accessKeyOf(ctx context.Context, m *Model) (*model.AccessKey, diag.Diagnostics) {
	if !entity.Known(m.AccessKey) {
		return nil, nil
	}
	var configured accessKey
	diags := m.AccessKey.As(ctx, &configured, basetypes.ObjectAsOptions{})
	k := &model.AccessKey{
		Disabled: !configured.Enabled.IsNull() && !configured.Enabled.IsUnknown() &&
			!configured.Enabled.ValueBool(),
		Trigger: configured.ReplacementTrigger.ValueString(),
	}
	if entity.Known(configured.Rotation) {
		var r rotation
		diags.Append(configured.Rotation.As(ctx, &r, basetypes.ObjectAsOptions{})...)
		k.Rotation = &model.Rotation{EveryDays: r.EveryDays.ValueInt64(), OverlapDays: r.OverlapDays.ValueInt64()}
	}
	if !entity.Known(m.AccessKeys) {
		return k, diags
	}
	var keys map[string]key
	diags.Append(m.AccessKeys.ElementsAs(ctx, &keys, false)...)
	for slot, have := range keys {
		if k.Keys == nil {
			k.Keys = map[model.Slot]model.Key{}
		}
		made := model.Key{Created: moment(have.CreatedAt)}
		if have.Status.ValueString() == inactive || entity.Known(have.InactiveSince) {
			since := moment(have.InactiveSince)
			made.Inactive = &since
		}
		k.Keys[model.Slot(slot)] = made
	}
	return k, diags
}

// moment returns a time value; now while it is unknown.
func moment(value types.String) time.Time {
	if t, err := time.Parse(time.RFC3339, value.ValueString()); err == nil {
		return t.UTC()
	}
	return time.Now().UTC().Truncate(time.Second)
}

// planKeys plans the keys of the user, and the attributes that depend on them.
func planKeys(ctx context.Context, p *entity.PlanRequest[Model]) diag.Diagnostics {
	m := p.Plan
	m.AccessKeys, m.AccessKeyID, m.SecretARN, m.KeyCreatedAt = types.MapUnknown(
		keyType,
	), types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
	if raw, err := m.AccessKey.ToTerraformValue(ctx); err != nil || !raw.IsFullyKnown() {
		return nil // its value decides which keys there are
	}
	want, diags := accessKeyOf(ctx, m)
	var have *model.AccessKey
	var stood map[string]key
	if p.InPlace() {
		var more diag.Diagnostics
		if have, more = accessKeyOf(ctx, p.State); have != nil {
			diags.Append(p.State.AccessKeys.ElementsAs(ctx, &stood, false)...)
		}
		diags.Append(more...)
	}
	var next map[model.Slot]model.Key
	if want != nil {
		var more diag.Diagnostics
		next, more = nextKeys(ctx, p, want, have, deletedKeys(stood))
		diags.Append(more...)
		want.Keys = next
	}
	m.AccessKeys = keysValue(next, func(slot model.Slot, planned model.Key) key {
		before, found := stood[string(slot)]
		if !found || !have.Keys[slot].Created.Equal(planned.Created) {
			return key{types.StringUnknown(), types.StringValue(active), types.StringUnknown(), types.StringNull()}
		}
		if before.Status.ValueString() == active && !planned.Active() {
			before.Status, before.InactiveSince = types.StringValue(inactive), types.StringUnknown()
		}
		return before
	})
	m.AccessKeyID, m.SecretARN, m.KeyCreatedAt = types.StringNull(), types.StringNull(), types.StringNull()
	if want == nil {
		return diags
	}
	current, ok := want.Current()
	if !ok {
		return diags
	}
	m.AccessKeyID, m.SecretARN, m.KeyCreatedAt = types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
	if have == nil {
		return diags
	}
	if _, ok := have.Current(); ok {
		m.SecretARN = p.State.SecretARN
	}
	if before, found := have.Keys[current]; found && before.Created.Equal(next[current].Created) {
		m.AccessKeyID, m.KeyCreatedAt = stood[string(current)].AccessKeyID, stood[string(current)].CreatedAt
	}
	return diags
}

func keysValue(keys map[model.Slot]model.Key, value func(model.Slot, model.Key) key) types.Map {
	elements := map[string]attr.Value{}
	for slot, k := range keys {
		v := value(slot, k)
		elements[string(slot)] = types.ObjectValueMust(keyTypes, map[string]attr.Value{
			"access_key_id": v.AccessKeyID, "status": v.Status, "created_at": v.CreatedAt, "inactive_since": v.InactiveSince,
		})
	}
	return types.MapValueMust(keyType, elements)
}

// trigger returns the replacement trigger as written: null and "" are equal.
func trigger(m *Model) types.String {
	if value, ok := m.AccessKey.Attributes()["replacement_trigger"].(types.String); ok && !value.IsUnknown() {
		return value
	}
	return types.StringNull()
}

func fillKeys(m *Model, user model.User, chosen template.Credentials, missing []model.Slot) {
	written := trigger(m)
	m.AccessKey, m.AccessKeys = types.ObjectNull(accessKeyTypes), types.MapValueMust(keyType, map[string]attr.Value{})
	m.AccessKeyID, m.SecretARN, m.KeyCreatedAt = types.StringNull(), types.StringNull(), types.StringNull()
	k := user.AccessKey
	if k == nil {
		return
	}
	if written.ValueString() != k.Trigger {
		written = entity.Optional(k.Trigger)
	}
	rotates := types.ObjectNull(rotationTypes)
	if r := k.Rotation; r != nil {
		rotates = types.ObjectValueMust(rotationTypes, map[string]attr.Value{
			"every_days": types.Int64Value(r.EveryDays), "overlap_days": types.Int64Value(r.OverlapDays),
		})
	}
	m.AccessKey = types.ObjectValueMust(accessKeyTypes, map[string]attr.Value{
		"enabled": types.BoolValue(!k.Disabled), "rotation": rotates, "replacement_trigger": written,
	})
	m.AccessKeys = keysValue(k.Keys, func(slot model.Slot, have model.Key) key {
		v := key{
			entity.Optional(chosen.KeyIDs[slot]), types.StringValue(active),
			types.StringValue(have.Created.Format(time.RFC3339)), types.StringNull(),
		}
		if !have.Active() {
			v.Status, v.InactiveSince = types.StringValue(inactive), types.StringValue(have.Inactive.Format(time.RFC3339))
		}
		if slices.Contains(missing, slot) {
			v.Status = types.StringValue(deleted)
		}
		return v
	})
	if current, ok := k.Current(); ok {
		m.AccessKeyID, m.SecretARN = entity.Optional(chosen.KeyIDs[current]), entity.Optional(chosen.SecretARN)
		m.KeyCreatedAt = types.StringValue(k.Keys[current].Created.Format(time.RFC3339))
	}
}
