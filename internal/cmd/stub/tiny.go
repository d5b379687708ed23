package main

import (
	"context"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

type tiny struct{ unchanged }

// resources are the arguments that make bench sets, and an ID.
var resources = map[string]*tfprotov6.Schema{
	"stowage_project":         textArguments("name", "account_id"),
	"stowage_project_bucket":  textArguments("project", "name"),
	"stowage_project_user":    textArguments("project", "name"),
	"stowage_user_permission": textArguments("project", "user", "bucket", "access"),
}

func textArguments(arguments ...string) *tfprotov6.Schema {
	attributes := []*tfprotov6.SchemaAttribute{{Name: "id", Type: tftypes.String, Computed: true}}
	for _, name := range arguments {
		attributes = append(attributes, &tfprotov6.SchemaAttribute{Name: name, Type: tftypes.String, Required: true})
	}
	return &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{Attributes: attributes}}
}

var capabilities = &tfprotov6.ServerCapabilities{GetProviderSchemaOptional: true, PlanDestroy: true}

// GetMetadata implements tfprotov6.ProviderServer.
func (tiny) GetMetadata(context.Context, *tfprotov6.GetMetadataRequest) (*tfprotov6.GetMetadataResponse, error) {
	resp := &tfprotov6.GetMetadataResponse{ServerCapabilities: capabilities}
	for name := range resources {
		resp.Resources = append(resp.Resources, tfprotov6.ResourceMetadata{TypeName: name})
	}
	return resp, nil
}

// GetProviderSchema implements tfprotov6.ProviderServer.
func (tiny) GetProviderSchema(
	context.Context, *tfprotov6.GetProviderSchemaRequest,
) (*tfprotov6.GetProviderSchemaResponse, error) {
	return &tfprotov6.GetProviderSchemaResponse{
		ServerCapabilities: capabilities,
		Provider:           &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{}},
		ResourceSchemas:    resources,
	}, nil
}

// GetResourceIdentitySchemas implements tfprotov6.ProviderServer.
func (tiny) GetResourceIdentitySchemas(
	context.Context, *tfprotov6.GetResourceIdentitySchemasRequest,
) (*tfprotov6.GetResourceIdentitySchemasResponse, error) {
	return &tfprotov6.GetResourceIdentitySchemasResponse{}, nil
}

// PlanResourceChange implements tfprotov6.ProviderServer.
func (t tiny) PlanResourceChange(
	ctx context.Context, req *tfprotov6.PlanResourceChangeRequest,
) (*tfprotov6.PlanResourceChangeResponse, error) {
	resp, err := t.unchanged.PlanResourceChange(ctx, req)
	if err == nil && isNull(req.PriorState) {
		resp.PlannedState, err = withID(req.TypeName, req.ProposedNewState, tftypes.UnknownValue)
	}
	return resp, err
}

// ApplyResourceChange implements tfprotov6.ProviderServer.
func (tiny) ApplyResourceChange(
	_ context.Context, req *tfprotov6.ApplyResourceChangeRequest,
) (*tfprotov6.ApplyResourceChangeResponse, error) {
	resp := &tfprotov6.ApplyResourceChangeResponse{NewState: req.PlannedState, Private: req.PlannedPrivate}
	var err error
	if !isNull(req.PlannedState) {
		resp.NewState, err = withID(req.TypeName, req.PlannedState, "stub")
	}
	return resp, err
}

func withID(typeName string, value *tfprotov6.DynamicValue, id any) (*tfprotov6.DynamicValue, error) {
	typ := resources[typeName].ValueType()
	object, err := value.Unmarshal(typ)
	if err != nil {
		return nil, err
	}
	var attributes map[string]tftypes.Value
	if err := object.As(&attributes); err != nil {
		return nil, err
	}
	attributes["id"] = tftypes.NewValue(tftypes.String, id)
	made, err := tfprotov6.NewDynamicValue(typ, tftypes.NewValue(typ, attributes))
	return &made, err
}
