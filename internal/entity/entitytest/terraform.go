package entitytest

import (
	"context"
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/unchanged"
	"github.com/stowage/terraform-provider-stowage/internal/unchanged/comparison"
)

// Object is an object in the state.
type Object struct {
	Type     string
	state    tftypes.Value
	identity *tfprotov6.ResourceIdentityData
	private  []byte
}

// Terraform is the client side of the provider protocol.
type Terraform struct {
	t          testing.TB
	provider   provider.Provider
	server     tfprotov6.ProviderServer
	answers    *unchanged.Answers
	outcomes   *outcomes
	schemas    *tfprotov6.GetProviderSchemaResponse
	configured *tfprotov6.DynamicValue // the provider block; nil until the provider is configured
	walking    bool
}

// Start starts a provider. It fails the test for an invalid schema, and whenever package unchanged
// and the framework answer differently.
func Start(t *testing.T, p provider.Provider) *Terraform {
	t.Helper()
	framework, err := providerserver.NewProtocol6WithError(p)()
	if err != nil {
		t.Fatalf("starting the provider: %v", err)
	}
	tf := &Terraform{
		t: t, provider: p, outcomes: &outcomes{},
		answers: unchanged.New(t.Context(), typePrefix, p.Resources(t.Context())),
	}
	tf.server = comparison.Comparing(func(o comparison.Outcome) {
		tf.outcomes.add(o)
		if o.Difference != "" {
			t.Errorf("the answer without the framework is another one: %s", o)
		}
	})(tf.answers, framework)
	server := tf.server
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatalf("reading the schemas: %v", err)
	}
	for _, d := range schemas.Diagnostics {
		t.Errorf("the schemas are not valid: %s: %s", d.Summary, d.Detail)
	}
	tf.schemas = schemas
	return tf
}

// Case returns the same Terraform with a case's name in its failures, for concurrent cases.
func (tf *Terraform) Case(name string) *Terraform {
	named := *tf
	named.t = namedCase{tf.t, name}
	return &named
}

type namedCase struct {
	testing.TB
	name string
}

func (c namedCase) Error(args ...any) {
	c.Helper()
	c.TB.Errorf("%s: %s", c.name, fmt.Sprintln(args...))
}

func (c namedCase) Errorf(format string, args ...any) {
	c.Helper()
	c.TB.Errorf("%s: %s", c.name, fmt.Sprintf(format, args...))
}

func (c namedCase) Fatal(args ...any) {
	c.Helper()
	c.TB.Fatalf("%s: %s", c.name, fmt.Sprintln(args...))
}

func (c namedCase) Fatalf(format string, args ...any) {
	c.Helper()
	c.TB.Fatalf("%s: %s", c.name, fmt.Sprintf(format, args...))
}

// Must fails the test if the diagnostics contain an error.
func Must(t testing.TB, diagnostics []*tfprotov6.Diagnostic) {
	t.Helper()
	for _, d := range Errors(diagnostics) {
		t.Fatalf("unexpected error at %v: %s\n%s", d.Attribute, d.Summary, d.Detail)
	}
}

// Errors returns the errors among the diagnostics.
func Errors(diagnostics []*tfprotov6.Diagnostic) []*tfprotov6.Diagnostic {
	var errors []*tfprotov6.Diagnostic
	for _, d := range diagnostics {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			errors = append(errors, d)
		}
	}
	return errors
}

func (tf *Terraform) must(err error) {
	tf.t.Helper()
	if err != nil {
		tf.t.Fatal(err)
	}
}

func (tf *Terraform) resource(typ string) (*tfprotov6.Schema, tftypes.Type) {
	tf.t.Helper()
	schema := tf.schemas.ResourceSchemas[typ]
	if schema == nil {
		tf.t.Fatalf("the provider has no resource %s", typ)
	}
	return schema, schema.ValueType()
}

// Server returns the provider's server, which compares package unchanged with the framework.
func (tf *Terraform) Server() tfprotov6.ProviderServer { return tf.server }

// Configure validates and applies the provider block.
func (tf *Terraform) Configure(config Values) []*tfprotov6.Diagnostic {
	tf.t.Helper()
	typ := tf.schemas.Provider.ValueType()
	value := tf.dynamic(typ, tf.value(typ, config))
	valid, err := tf.server.ValidateProviderConfig(tf.t.Context(), &tfprotov6.ValidateProviderConfigRequest{Config: value})
	tf.must(err)
	if len(Errors(valid.Diagnostics)) > 0 {
		return valid.Diagnostics
	}
	diagnostics := tf.configure(value)
	if len(Errors(diagnostics)) == 0 {
		tf.configured = value
	}
	return diagnostics
}

func (tf *Terraform) configure(config *tfprotov6.DynamicValue) []*tfprotov6.Diagnostic {
	tf.t.Helper()
	resp, err := tf.server.ConfigureProvider(
		tf.t.Context(), &tfprotov6.ConfigureProviderRequest{TerraformVersion: "1.12.0", Config: config},
	)
	tf.must(err)
	if p, ok := tf.provider.(interface{ Shared() *entity.Services }); ok && p.Shared() != nil {
		tf.answers.Configure(tf.t.Context(), typePrefix, p.Shared())
	}
	return resp.Diagnostics
}

// Walk runs do as one walk of Terraform, for which the provider is configured once. Other plans and
// reads are walks of their own.
func (tf *Terraform) Walk(do func()) {
	tf.t.Helper()
	tf.beginWalk()
	tf.walking = true
	defer func() { tf.walking = false }()
	do()
}

func (tf *Terraform) beginWalk() {
	tf.t.Helper()
	if tf.walking || tf.configured == nil {
		return
	}
	Must(tf.t, tf.configure(tf.configured))
}

// Apply applies a plan. The object is nil if it does not exist afterwards.
func (tf *Terraform) Apply(plan *Plan) (*Object, []*tfprotov6.Diagnostic) {
	tf.t.Helper()
	return tf.ApplyContext(tf.t.Context(), plan)
}

// ApplyContext is Apply with a context. It checks what Terraform checks: all values are as planned,
// and known.
func (tf *Terraform) ApplyContext(ctx context.Context, plan *Plan) (*Object, []*tfprotov6.Diagnostic) {
	tf.t.Helper()
	_, typ := tf.resource(plan.typ)
	null := tftypes.NewValue(typ, nil)
	prior := null
	if plan.prior != nil {
		prior = plan.prior.state
	}
	if plan.Action == "replace" {
		object, diagnostics := tf.apply(ctx, plan, prior, null, null)
		if object != nil || len(Errors(diagnostics)) > 0 {
			return object, diagnostics
		}
		prior = null
	}
	object, diagnostics := tf.apply(ctx, plan, prior, plan.planned, plan.config)
	if object != nil && len(Errors(diagnostics)) == 0 {
		tf.kept(plan.planned, object.state)
	}
	return object, diagnostics
}

func (tf *Terraform) apply(
	ctx context.Context, plan *Plan, prior, planned, config tftypes.Value,
) (*Object, []*tfprotov6.Diagnostic) {
	tf.t.Helper()
	_, typ := tf.resource(plan.typ)
	req := &tfprotov6.ApplyResourceChangeRequest{
		TypeName:       plan.typ,
		PriorState:     tf.dynamic(typ, prior),
		PlannedState:   tf.dynamic(typ, planned),
		Config:         tf.dynamic(typ, config),
		PlannedPrivate: plan.private,
	}
	if plan.prior != nil && !prior.IsNull() {
		req.PlannedIdentity = plan.prior.identity
	}
	resp, err := tf.server.ApplyResourceChange(ctx, req)
	tf.must(err)
	state, err := resp.NewState.Unmarshal(typ)
	tf.must(err)
	if state.IsNull() {
		return nil, resp.Diagnostics
	}
	return &Object{plan.typ, state, resp.NewIdentity, resp.Private}, resp.Diagnostics
}

func (tf *Terraform) kept(planned, state tftypes.Value) {
	tf.t.Helper()
	diffs, err := planned.Diff(state)
	tf.must(err)
	for _, d := range diffs {
		if d.Value1 == nil || d.Value1.IsFullyKnown() {
			tf.t.Errorf("the apply broke the plan: %s", d)
		}
	}
	if !state.IsFullyKnown() {
		tf.t.Errorf("the state holds unknown values: %s", state)
	}
}

// Read refreshes an object; nil if it is gone.
func (tf *Terraform) Read(object *Object) (*Object, []*tfprotov6.Diagnostic) {
	tf.t.Helper()
	tf.beginWalk()
	_, typ := tf.resource(object.Type)
	resp, err := tf.server.ReadResource(tf.t.Context(), &tfprotov6.ReadResourceRequest{
		TypeName:        object.Type,
		CurrentState:    tf.dynamic(typ, object.state),
		CurrentIdentity: object.identity,
		Private:         object.private,
	})
	tf.must(err)
	if len(Errors(resp.Diagnostics)) > 0 {
		return object, resp.Diagnostics
	}
	state, err := resp.NewState.Unmarshal(typ)
	tf.must(err)
	if state.IsNull() {
		return nil, resp.Diagnostics
	}
	return &Object{object.Type, state, resp.NewIdentity, resp.Private}, resp.Diagnostics
}

// Import imports by ID and reads, as Terraform does.
func (tf *Terraform) Import(typ, id string) (*Object, []*tfprotov6.Diagnostic) {
	tf.t.Helper()
	return tf.imports(&tfprotov6.ImportResourceStateRequest{TypeName: typ, ID: id})
}

// ImportIdentity imports by identity and reads.
func (tf *Terraform) ImportIdentity(typ string, identity Values) (*Object, []*tfprotov6.Diagnostic) {
	tf.t.Helper()
	t := tf.identityType(typ)
	return tf.imports(
		&tfprotov6.ImportResourceStateRequest{
			TypeName: typ,
			Identity: &tfprotov6.ResourceIdentityData{IdentityData: tf.dynamic(t, tf.value(t, identity))},
		},
	)
}

func (tf *Terraform) imports(req *tfprotov6.ImportResourceStateRequest) (*Object, []*tfprotov6.Diagnostic) {
	tf.t.Helper()
	resp, err := tf.server.ImportResourceState(tf.t.Context(), req)
	tf.must(err)
	if len(Errors(resp.Diagnostics)) > 0 {
		return nil, resp.Diagnostics
	}
	_, typ := tf.resource(req.TypeName)
	imported := resp.ImportedResources[0]
	state, err := imported.State.Unmarshal(typ)
	tf.must(err)
	return tf.Read(&Object{req.TypeName, state, imported.Identity, imported.Private})
}

// Move moves the state of another provider's resource, as JSON, and reads, as Terraform does.
func (tf *Terraform) Move(typ, provider, sourceType, state string) (*Object, []*tfprotov6.Diagnostic) {
	tf.t.Helper()
	return tf.MoveFrom(&tfprotov6.MoveResourceStateRequest{
		SourceProviderAddress: provider, SourceTypeName: sourceType, TargetTypeName: typ,
		SourceState: &tfprotov6.RawState{JSON: []byte(state)},
	})
}

// MoveFrom is Move with everything that Terraform can say about the source.
func (tf *Terraform) MoveFrom(req *tfprotov6.MoveResourceStateRequest) (*Object, []*tfprotov6.Diagnostic) {
	tf.t.Helper()
	typ := req.TargetTypeName
	resp, err := tf.server.MoveResourceState(tf.t.Context(), req)
	tf.must(err)
	if len(Errors(resp.Diagnostics)) > 0 {
		return nil, resp.Diagnostics
	}
	_, valueType := tf.resource(typ)
	target, err := resp.TargetState.Unmarshal(valueType)
	tf.must(err)
	return tf.Read(&Object{typ, target, nil, resp.TargetPrivate})
}

func (tf *Terraform) identityType(typ string) tftypes.Type {
	tf.t.Helper()
	resp, err := tf.server.GetResourceIdentitySchemas(tf.t.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	tf.must(err)
	return resp.IdentitySchemas[typ].ValueType()
}

// Identity returns the attributes of an object's identity.
func (tf *Terraform) Identity(object *Object) Values {
	tf.t.Helper()
	value, err := object.identity.IdentityData.Unmarshal(tf.identityType(object.Type))
	tf.must(err)
	values, _ := Plain(value).(Values)
	return values
}

// Lookup reads a data source.
func (tf *Terraform) Lookup(typ string, config Values) (Values, []*tfprotov6.Diagnostic) {
	tf.t.Helper()
	schema := tf.schemas.DataSourceSchemas[typ]
	if schema == nil {
		tf.t.Fatalf("the provider has no data source %s", typ)
	}
	t := schema.ValueType()
	resp, err := tf.server.ReadDataSource(
		tf.t.Context(),
		&tfprotov6.ReadDataSourceRequest{TypeName: typ, Config: tf.dynamic(t, tf.value(t, config))},
	)
	tf.must(err)
	if len(Errors(resp.Diagnostics)) > 0 {
		return nil, resp.Diagnostics
	}
	state, err := resp.State.Unmarshal(t)
	tf.must(err)
	values, _ := Plain(state).(Values)
	return values, resp.Diagnostics
}

// Created plans and applies a new object; both must succeed.
func (tf *Terraform) Created(typ string, config Values) *Object {
	tf.t.Helper()
	return tf.Applied(typ, nil, config)
}

// Applied plans and applies a change; both must succeed.
func (tf *Terraform) Applied(typ string, prior *Object, config Values) *Object {
	tf.t.Helper()
	plan, diagnostics := tf.Plan(typ, prior, config)
	Must(tf.t, diagnostics)
	object, diagnostics := tf.Apply(plan)
	Must(tf.t, diagnostics)
	return object
}
