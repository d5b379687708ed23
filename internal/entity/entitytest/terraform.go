package entitytest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/unchanged"
	"github.com/stowage/terraform-provider-stowage/internal/unchanged/comparison"
)

// typePrefix is the provider's prefix of type names.
const typePrefix = "stowage"

// Provider is a provider of some objects with given services.
type Provider struct {
	Services *entity.Services
	Objects  []func() resource.Resource
	Lookups  []func() datasource.DataSource

	walk *entity.Services // the services of the current walk
}

// Metadata implements provider.Provider.
func (p *Provider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = typePrefix
}

// Schema implements provider.Provider.
func (p *Provider) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse) {}

// Configure implements provider.Provider.
func (p *Provider) Configure(_ context.Context, _ provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	p.walk = p.Services.NewWalk() // Terraform configures a provider for each walk
	resp.ResourceData, resp.DataSourceData = p.walk, p.walk
}

// Shared returns what the objects share in the current walk. It is nil until the provider is
// configured.
func (p *Provider) Shared() *entity.Services { return p.walk }

// Shared returns the objects' services in the current walk; nil until the provider is configured.
func (p *Provider) Resources(context.Context) []func() resource.Resource { return p.Objects }

// DataSources implements provider.Provider.
func (p *Provider) DataSources(context.Context) []func() datasource.DataSource { return p.Lookups }

// Unknown is a configuration value that is only known after the apply.
var Unknown = unknown{}

type unknown struct{}

// Values are the arguments of a configuration or the attributes of a state: strings, booleans,
// int64, []any, Values, nil and Unknown.
type Values = map[string]any

// Object is an object in the state.
type Object struct {
	Type     string
	state    tftypes.Value
	identity *tfprotov6.ResourceIdentityData
	private  []byte
}

// Plan is the planned change of an object.
type Plan struct {
	// Action is "no-op", "create", "update", "replace" or "delete".
	Action   string
	Replaced []string // the attributes that force the replacement
	Warnings []*tfprotov6.Diagnostic

	typ     string
	prior   *Object
	config  tftypes.Value
	planned tftypes.Value
	private []byte
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

// StartObjects starts and configures a provider of some objects with given services.
func StartObjects(t *testing.T, s *entity.Services, objects ...func() resource.Resource) *Terraform {
	t.Helper()
	tf := Start(t, &Provider{Services: s, Objects: objects})
	Must(t, tf.Configure(Values{}))
	return tf
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

func (tf *Terraform) dynamic(typ tftypes.Type, value tftypes.Value) *tfprotov6.DynamicValue {
	tf.t.Helper()
	dynamic, err := tfprotov6.NewDynamicValue(typ, value)
	tf.must(err)
	return &dynamic
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

// Value returns a Terraform value of a resource's type.
func (tf *Terraform) Value(typ string, v Values) tftypes.Value {
	tf.t.Helper()
	_, valueType := tf.resource(typ)
	return tf.value(valueType, v)
}

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

func (tf *Terraform) value(typ tftypes.Type, v any) tftypes.Value {
	tf.t.Helper()
	switch v := v.(type) {
	case nil:
		return tftypes.NewValue(typ, nil)
	case unknown:
		return tftypes.NewValue(typ, tftypes.UnknownValue)
	case Values:
		switch typ := typ.(type) {
		case tftypes.Object:
			object := map[string]tftypes.Value{}
			for name, attribute := range typ.AttributeTypes {
				object[name] = tf.value(attribute, v[name])
			}
			for name := range v {
				if _, ok := typ.AttributeTypes[name]; !ok {
					tf.t.Fatalf("there is no attribute %s", name)
				}
			}
			return tftypes.NewValue(typ, object)
		case tftypes.Map:
			elements := map[string]tftypes.Value{}
			for name := range v {
				elements[name] = tf.value(typ.ElementType, v[name])
			}
			return tftypes.NewValue(typ, elements)
		}
	case []any:
		elements := make([]tftypes.Value, 0, len(v))
		for _, element := range v {
			elements = append(elements, tf.value(elementType(typ), element))
		}
		return tftypes.NewValue(typ, elements)
	}
	return tftypes.NewValue(typ, v)
}

func elementType(typ tftypes.Type) tftypes.Type {
	switch typ := typ.(type) {
	case tftypes.List:
		return typ.ElementType
	case tftypes.Set:
		return typ.ElementType
	}
	return tftypes.DynamicPseudoType
}

// Proposed returns the value that Terraform proposes: the configuration, with prior values for
// computed attributes that it omits.
func Proposed(attributes []*tfprotov6.SchemaAttribute, prior, config tftypes.Value) tftypes.Value {
	c, p := map[string]tftypes.Value{}, map[string]tftypes.Value{}
	if config.IsNull() || !config.IsKnown() || config.As(&c) != nil {
		return config
	}
	if !prior.IsNull() {
		_ = prior.As(&p)
	}
	result := maps.Clone(c)
	for _, a := range attributes {
		before, stood := p[a.Name]
		switch {
		case a.Computed && c[a.Name].IsNull():
			if stood {
				result[a.Name] = before
			}
		case a.NestedType != nil && a.NestedType.Nesting == tfprotov6.SchemaObjectNestingModeSingle:
			if !stood {
				before = tftypes.NewValue(c[a.Name].Type(), nil)
			}
			result[a.Name] = Proposed(a.NestedType.Attributes, before, c[a.Name])
		case a.NestedType != nil:
			var now, then []tftypes.Value
			if !c[a.Name].IsKnown() || c[a.Name].As(&now) != nil {
				continue
			}
			now = slices.Clone(now) // As returns the configuration's own slice
			if stood && !before.IsNull() {
				_ = before.As(&then)
			}
			for i := range now {
				old := tftypes.NewValue(now[i].Type(), nil)
				if i < len(then) {
					old = then[i]
				}
				now[i] = Proposed(a.NestedType.Attributes, old, now[i])
			}
			if !c[a.Name].IsNull() {
				result[a.Name] = tftypes.NewValue(c[a.Name].Type(), now)
			}
		}
	}
	return tftypes.NewValue(config.Type(), result)
}

// Plan plans a change of an object (nil to create one) to a configuration (nil to delete it).
func (tf *Terraform) Plan(typ string, prior *Object, config Values) (*Plan, []*tfprotov6.Diagnostic) {
	tf.t.Helper()
	return tf.planFor(typ, prior, config, false)
}

// Replace is Plan with the option -replace for the object.
func (tf *Terraform) Replace(typ string, prior *Object, config Values) (*Plan, []*tfprotov6.Diagnostic) {
	tf.t.Helper()
	return tf.planFor(typ, prior, config, true)
}

func (tf *Terraform) planFor(typ string, prior *Object, config Values, replace bool) (*Plan, []*tfprotov6.Diagnostic) {
	tf.t.Helper()
	tf.beginWalk()
	schema, valueType := tf.resource(typ)
	plan := &Plan{typ: typ, prior: prior, config: tftypes.NewValue(valueType, nil)}
	if config != nil {
		plan.config = tf.value(valueType, config)
		valid, err := tf.server.ValidateResourceConfig(
			tf.t.Context(),
			&tfprotov6.ValidateResourceConfigRequest{TypeName: typ, Config: tf.dynamic(valueType, plan.config)},
		)
		tf.must(err)
		if len(Errors(valid.Diagnostics)) > 0 {
			return nil, valid.Diagnostics
		}
	}
	state := tftypes.NewValue(valueType, nil)
	if prior != nil {
		state = prior.state
	}
	var private []byte
	if prior != nil {
		private = prior.private
	}
	resp, err := tf.plan(schema, plan, state, private)
	tf.must(err)
	if len(Errors(resp.Diagnostics)) > 0 {
		return nil, resp.Diagnostics
	}
	diagnostics := resp.Diagnostics
	switch {
	case config == nil:
		plan.Action = "delete"
	case prior == nil:
		plan.Action = "create"
	case replace, len(resp.RequiresReplace) > 0:
		plan.Action = "replace"
		for _, at := range resp.RequiresReplace {
			plan.Replaced = append(plan.Replaced, pathText(at))
		}
		slices.Sort(plan.Replaced)
		again, err := tf.plan(schema, plan, tftypes.NewValue(valueType, nil), plan.private)
		tf.must(err)
		diagnostics = append(diagnostics, again.Diagnostics...)
	case plan.planned.Equal(state):
		plan.Action = "no-op"
	default:
		plan.Action = "update"
	}
	plan.Warnings = diagnostics
	return plan, diagnostics
}

func (tf *Terraform) plan(
	schema *tfprotov6.Schema, plan *Plan, prior tftypes.Value, private []byte,
) (*tfprotov6.PlanResourceChangeResponse, error) {
	typ := schema.ValueType()
	req := &tfprotov6.PlanResourceChangeRequest{
		TypeName: plan.typ, PriorState: tf.dynamic(typ, prior), Config: tf.dynamic(typ, plan.config),
		ProposedNewState: tf.dynamic(typ, Proposed(schema.Block.Attributes, prior, plan.config)), PriorPrivate: private,
	}
	if plan.prior != nil && !prior.IsNull() {
		req.PriorIdentity = plan.prior.identity
	}
	resp, err := tf.server.PlanResourceChange(tf.t.Context(), req)
	if err != nil || len(Errors(resp.Diagnostics)) > 0 {
		return resp, err
	}
	plan.planned, err = resp.PlannedState.Unmarshal(typ)
	plan.private = resp.PlannedPrivate
	if err == nil && !plan.config.IsNull() {
		for _, problem := range disobeyed(schema.Block.Attributes, prior, plan.config, plan.planned, plan.typ) {
			tf.t.Errorf("the plan is not what is configured: %s", problem)
		}
	}
	return resp, err
}

// Planned returns an attribute of the plan as a Go value; Unknown if it is only known after the
// apply.
func (p *Plan) Planned(attribute string) any { return attributeOf(p.planned, attribute) }

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

// Action refreshes an object and returns the action of its plan, which must succeed.
func (tf *Terraform) Action(object *Object, config Values) string {
	tf.t.Helper()
	object, diagnostics := tf.Read(object)
	Must(tf.t, diagnostics)
	if object == nil {
		return "create"
	}
	plan, diagnostics := tf.Plan(object.Type, object, config)
	Must(tf.t, diagnostics)
	return plan.Action
}

// Get returns an attribute as a Go value.
func (o *Object) Get(attribute string) any { return attributeOf(o.state, attribute) }

func attributeOf(value tftypes.Value, attribute string) any {
	values, _ := Plain(value).(Values)
	return values[attribute]
}

// Plain converts a Terraform value to a Go value.
func Plain(value tftypes.Value) any {
	switch {
	case !value.IsKnown():
		return Unknown
	case value.IsNull():
		return nil
	case value.Type().Is(tftypes.String):
		var s string
		_ = value.As(&s)
		return s
	case value.Type().Is(tftypes.Bool):
		var b bool
		_ = value.As(&b)
		return b
	case value.Type().Is(tftypes.Number):
		return number(value)
	case value.Type().Is(tftypes.Object{}), value.Type().Is(tftypes.Map{}):
		members := map[string]tftypes.Value{}
		_ = value.As(&members)
		result := Values{}
		for name, member := range members {
			result[name] = Plain(member)
		}
		return result
	}
	var elements []tftypes.Value
	_ = value.As(&elements)
	result := []any{}
	for _, element := range elements {
		result = append(result, Plain(element))
	}
	return result
}
