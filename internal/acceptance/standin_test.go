package acceptance_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// standIn takes the place of the aws provider, which these tests do not have. The CLI needs the
// schemas of the resources in a state that the aws provider has written. The stand-in derives them
// from that state. It fails the test when it has to change anything.
type standIn struct {
	tfprotov6.ProviderServer

	t       *testing.T
	schemas map[string]*tfprotov6.Schema
	// destroyed counts the destructions that were planned: those of resources that are in the state,
	// and neither in the configuration nor in a removed block.
	destroyed atomic.Int64
}

// foreignObject is an object in a state, as another provider has written it.
type foreignObject struct{ typ, name, attributes string }

// address is the address of the provider in states and in the environment.
func (*standIn) address() string {
	if opensLater {
		return "registry.opentofu.org/hashicorp/aws"
	}
	return "registry.terraform.io/hashicorp/aws"
}

// written adds objects of the aws provider to the state of a workspace, and serves a stand-in for
// that provider to the CLI.
func (s *workspace) written(objects ...foreignObject) *standIn {
	s.t.Helper()
	aws := &standIn{t: s.t, schemas: map[string]*tfprotov6.Schema{}}
	file := filepath.Join(s.dir, "terraform.tfstate")
	content, err := os.ReadFile(file)
	noError(s.t, err)
	var state map[string]any
	noError(s.t, json.Unmarshal(content, &state))
	resources, _ := state["resources"].([]any)
	for _, o := range objects {
		var attributes map[string]any
		noError(s.t, json.Unmarshal([]byte(o.attributes), &attributes))
		aws.schemas[o.typ] = schemaOf(attributes)
		resources = append(resources, map[string]any{
			"mode": "managed", "type": o.typ, "name": o.name, "provider": `provider["` + aws.address() + `"]`,
			"instances": []any{map[string]any{
				"schema_version": 0, "attributes": attributes, "sensitive_attributes": []any{}, "private": "bnVsbA==",
			}},
		})
	}
	state["resources"] = resources
	content, err = json.Marshal(state)
	noError(s.t, err)
	s.put("terraform.tfstate", string(content))
	s.env["TF_REATTACH_PROVIDERS"] = aws.serve()
	return aws
}

// serve serves the provider until the test ends, and returns how the CLI reaches it.
func (p *standIn) serve() string {
	p.t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(p.t.Context()))
	configs, closed := make(chan *plugin.ReattachConfig, 1), make(chan struct{})
	failed := make(chan error, 1)
	go func() {
		failed <- tf6server.Serve(
			p.address(), func() tfprotov6.ProviderServer { return p },
			tf6server.WithDebug(ctx, configs, closed), tf6server.WithoutLogStderrOverride(),
		)
	}()
	p.t.Cleanup(func() {
		stop()
		<-closed
	})
	select {
	case err := <-failed:
		p.t.Fatal(err)
	case config := <-configs:
		text, err := json.Marshal(map[string]any{p.address(): map[string]any{
			"Protocol": string(config.Protocol), "ProtocolVersion": config.ProtocolVersion, "Pid": config.Pid, "Test": true,
			"Addr": map[string]string{"Network": config.Addr.Network(), "String": config.Addr.String()},
		}})
		noError(p.t, err)
		return string(text)
	}
	return ""
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// schemaOf is a schema that fits the attributes of an object in a state.
func schemaOf(attributes map[string]any) *tfprotov6.Schema {
	block := &tfprotov6.SchemaBlock{}
	for name, value := range attributes {
		block.Attributes = append(
			block.Attributes,
			&tfprotov6.SchemaAttribute{Name: name, Type: typeOf(value), Optional: true, Computed: true},
		)
	}
	return &tfprotov6.Schema{Block: block}
}

// typeOf is the type of a value in a state. That of null and of the elements of an empty list is not
// known, and no test depends on it.
func typeOf(value any) tftypes.Type {
	switch value := value.(type) {
	case bool:
		return tftypes.Bool
	case float64:
		return tftypes.Number
	case []any:
		if len(value) == 0 {
			return tftypes.List{ElementType: tftypes.String}
		}
		return tftypes.List{ElementType: typeOf(value[0])}
	case map[string]any:
		if len(value) == 0 {
			return tftypes.Map{ElementType: tftypes.String}
		}
		types := map[string]tftypes.Type{}
		for name, member := range value {
			types[name] = typeOf(member)
		}
		return tftypes.Object{AttributeTypes: types}
	}
	return tftypes.String
}

// GetMetadata implements tfprotov6.ProviderServer.
func (p *standIn) GetMetadata(
	context.Context, *tfprotov6.GetMetadataRequest,
) (*tfprotov6.GetMetadataResponse, error) {
	return &tfprotov6.GetMetadataResponse{ServerCapabilities: &tfprotov6.ServerCapabilities{}}, nil
}

// GetProviderSchema implements tfprotov6.ProviderServer.
func (p *standIn) GetProviderSchema(
	context.Context, *tfprotov6.GetProviderSchemaRequest,
) (*tfprotov6.GetProviderSchemaResponse, error) {
	return &tfprotov6.GetProviderSchemaResponse{
		ServerCapabilities: &tfprotov6.ServerCapabilities{},
		Provider:           &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{}},
		ResourceSchemas:    p.schemas,
	}, nil
}

// GetResourceIdentitySchemas implements tfprotov6.ProviderServer.
func (p *standIn) GetResourceIdentitySchemas(
	context.Context, *tfprotov6.GetResourceIdentitySchemasRequest,
) (*tfprotov6.GetResourceIdentitySchemasResponse, error) {
	return &tfprotov6.GetResourceIdentitySchemasResponse{}, nil
}

// ValidateProviderConfig implements tfprotov6.ProviderServer.
func (p *standIn) ValidateProviderConfig(
	_ context.Context, req *tfprotov6.ValidateProviderConfigRequest,
) (*tfprotov6.ValidateProviderConfigResponse, error) {
	return &tfprotov6.ValidateProviderConfigResponse{PreparedConfig: req.Config}, nil
}

// ConfigureProvider implements tfprotov6.ProviderServer.
func (p *standIn) ConfigureProvider(
	context.Context, *tfprotov6.ConfigureProviderRequest,
) (*tfprotov6.ConfigureProviderResponse, error) {
	return &tfprotov6.ConfigureProviderResponse{}, nil
}

// StopProvider implements tfprotov6.ProviderServer.
func (p *standIn) StopProvider(
	context.Context, *tfprotov6.StopProviderRequest,
) (*tfprotov6.StopProviderResponse, error) {
	return &tfprotov6.StopProviderResponse{}, nil
}

// UpgradeResourceState implements tfprotov6.ProviderServer.
func (p *standIn) UpgradeResourceState(
	_ context.Context, req *tfprotov6.UpgradeResourceStateRequest,
) (*tfprotov6.UpgradeResourceStateResponse, error) {
	return &tfprotov6.UpgradeResourceStateResponse{UpgradedState: &tfprotov6.DynamicValue{JSON: req.RawState.JSON}}, nil
}

// ReadResource implements tfprotov6.ProviderServer.
func (p *standIn) ReadResource(
	_ context.Context, req *tfprotov6.ReadResourceRequest,
) (*tfprotov6.ReadResourceResponse, error) {
	return &tfprotov6.ReadResourceResponse{NewState: req.CurrentState, Private: req.Private}, nil
}

// PlanResourceChange implements tfprotov6.ProviderServer.
func (p *standIn) PlanResourceChange(
	_ context.Context, req *tfprotov6.PlanResourceChangeRequest,
) (*tfprotov6.PlanResourceChangeResponse, error) {
	p.destroyed.Add(1)
	return &tfprotov6.PlanResourceChangeResponse{PlannedState: req.ProposedNewState, PlannedPrivate: req.PriorPrivate}, nil
}

// ApplyResourceChange implements tfprotov6.ProviderServer.
func (p *standIn) ApplyResourceChange(
	_ context.Context, req *tfprotov6.ApplyResourceChangeRequest,
) (*tfprotov6.ApplyResourceChangeResponse, error) {
	p.t.Errorf("the aws provider was to change a %s", req.TypeName)
	return &tfprotov6.ApplyResourceChangeResponse{NewState: req.PlannedState}, nil
}
