package unchanged

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	fwschema "github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/defaults"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// thing is an object with the test's schema and the attribute name.
type thing struct {
	schema   fwschema.Schema
	identity identityschema.Schema
	behavior resource.ResourceBehavior
	model    func() any
	decision bool
}

func (t *thing) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName, resp.ResourceBehavior = req.ProviderTypeName+"_thing", t.behavior
}

func (t *thing) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = t.schema
}

func (t *thing) IdentitySchema(
	_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse,
) {
	resp.IdentitySchema = t.identity
}

func (t *thing) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	if req.ProviderData == "bad" {
		resp.Diagnostics.AddError("Bad", "data")
	}
}
func (t *thing) Create(context.Context, resource.CreateRequest, *resource.CreateResponse) {}
func (t *thing) Read(context.Context, resource.ReadRequest, *resource.ReadResponse)       {}
func (t *thing) Update(context.Context, resource.UpdateRequest, *resource.UpdateResponse) {}
func (t *thing) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}

func (t *thing) NewModel() any { return t.model() }

func (t *thing) IdentityOf(context.Context, *Value) (map[string]types.String, bool) {
	return map[string]types.String{}, true
}
func (t *thing) ValidateModel(context.Context, *Value) bool                       { return t.decision }
func (t *thing) ReadModel(context.Context, *Value, *Private) bool                 { return t.decision }
func (t *thing) PlanModel(context.Context, *Value, *Value, *Value, *Private) bool { return t.decision }
func (t *thing) PlanDestroyModel(context.Context, *Value, *Private) bool          { return t.decision }

type named struct {
	Name types.String `tfsdk:"name"`
}

func newThing(attributes map[string]fwschema.Attribute, model func() any) *thing {
	return &thing{schema: fwschema.Schema{Attributes: attributes}, model: model, decision: true}
}

// withValidators is a thing with an interface that affects validation.
type withValidators struct{ *thing }

func (withValidators) ConfigValidators(context.Context) []resource.ConfigValidator { return nil }

// changing is a default that is not static.
type changing struct{}

func (changing) Description(context.Context) string                                              { return "" }
func (changing) MarkdownDescription(context.Context) string                                      { return "" }
func (changing) DefaultString(context.Context, defaults.StringRequest, *defaults.StringResponse) {}

// custom is a string type with its own comparison.
type custom struct{ basetypes.StringType }

func TestUnsupported(t *testing.T) {
	model := func() any { return &named{} }
	with := func(a fwschema.Attribute) *thing { return newThing(map[string]fwschema.Attribute{"name": a}, model) }
	optional := fwschema.StringAttribute{Optional: true}
	identified := with(optional)
	identified.identity.Attributes = map[string]identityschema.Attribute{"number": identityschema.Int64Attribute{}}
	behaving := with(optional)
	behaving.behavior.ProviderDeferred.EnablePlanModification = true
	mutable := with(optional)
	mutable.behavior.MutableIdentity = true
	deprecated := with(optional)
	deprecated.schema.DeprecationMessage = "old"
	blocks := with(optional)
	blocks.schema.Blocks = map[string]fwschema.Block{"b": fwschema.SingleNestedBlock{}}
	for name, c := range map[string]struct {
		resource resource.Resource
		want     string // "" if supported
	}{
		"supported":               {with(optional), ""},
		"a static default":        {with(fwschema.StringAttribute{Optional: true, Computed: true, Default: stringdefault.StaticString("x")}), ""},
		"a plan modifier":         {with(fwschema.StringAttribute{Optional: true, PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()}}), "PlanModifiers"},
		"another default":         {with(fwschema.StringAttribute{Optional: true, Computed: true, Default: changing{}}), "default unchanged.changing"},
		"another validator":       {with(fwschema.StringAttribute{Optional: true, Validators: []validator.String{stringvalidator.AlsoRequires(path.MatchRoot("x"))}}), "validator schemavalidator"},
		"a validator of others":   {with(fwschema.StringAttribute{Optional: true, Validators: []validator.String{stringvalidator.Any()}}), "validator stringvalidator.anyValidator"},
		"a deprecated attribute":  {with(fwschema.StringAttribute{Optional: true, DeprecationMessage: "old"}), "DeprecationMessage"},
		"a write-only attribute":  {with(fwschema.StringAttribute{Optional: true, WriteOnly: true}), "WriteOnly"},
		"a custom type":           {with(fwschema.StringAttribute{Optional: true, CustomType: custom{}}), "CustomType"},
		"another attribute":       {with(fwschema.Float64Attribute{Optional: true}), "a schema.Float64Attribute"},
		"an object":               {with(fwschema.ObjectAttribute{Optional: true, AttributeTypes: map[string]attr.Type{"a": types.StringType}}), "a schema.ObjectAttribute"},
		"a set of numbers":        {with(fwschema.SetAttribute{Optional: true, ElementType: types.Int64Type}), "a set of other than strings"},
		"a list of objects":       {with(fwschema.ListAttribute{Optional: true, ElementType: types.ObjectType{AttrTypes: map[string]attr.Type{"a": types.StringType}}}), "no nested attribute"},
		"a list of floats":        {with(fwschema.ListAttribute{Optional: true, ElementType: types.Float64Type}), "the type basetypes.Float64Type"},
		"a set of objects":        {with(fwschema.SetNestedAttribute{Optional: true}), "a schema.SetNestedAttribute"},
		"something within":        {with(fwschema.SingleNestedAttribute{Optional: true, Attributes: map[string]fwschema.Attribute{"a": fwschema.DynamicAttribute{Optional: true}}}), "attribute a: a schema.DynamicAttribute"},
		"blocks":                  {blocks, "Blocks of schema.Schema"},
		"a deprecated resource":   {deprecated, "DeprecationMessage of schema.Schema"},
		"an identity of numbers":  {identified, "number of the identity"},
		"a behavior":              {behaving, "behavior"},
		"a mutable identity":      {mutable, ""},
		"config validators":       {withValidators{with(optional)}, "config validators"},
		"a model without a field": {newThing(map[string]fwschema.Attribute{"name": optional, "other": optional}, model), "no field for the attribute other"},
		"a model with a field":    {newThing(nil, model), "field Name matches no attribute"},
		"a field of another type": {with(fwschema.BoolAttribute{Optional: true}), "field Name is a basetypes.StringValue"},
		"a model that is none":    {newThing(nil, func() any { return 1 }), "not a pointer to a struct"},
		"no Object":               {struct{ resource.Resource }{}, "no Object"},
	} {
		err := Unsupported(t.Context(), c.resource)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func answersFor(t *testing.T, o *thing, data any) *Answers {
	t.Helper()
	a := New(t.Context(), "test", []func() resource.Resource{func() resource.Resource { return o }})
	if data != nil {
		a.Configure(t.Context(), "test", data)
	}
	return a
}

// TestDeclined checks what is declined regardless of the resource, and that no call is answered
// without its decision.
func TestDeclined(t *testing.T) {
	o := newThing(
		map[string]fwschema.Attribute{"name": fwschema.StringAttribute{Optional: true}},
		func() any { return &named{} },
	)
	object := &tfprotov6.DynamicValue{MsgPack: []byte("\x81\xa4name\xa1x")}
	null := &tfprotov6.DynamicValue{MsgPack: []byte{0xc0}}
	read := func(change func(*tfprotov6.ReadResourceRequest)) *tfprotov6.ReadResourceRequest {
		req := &tfprotov6.ReadResourceRequest{TypeName: "test_thing", CurrentState: object}
		change(req)
		return req
	}
	for name, c := range map[string]struct {
		data   any
		change func(*tfprotov6.ReadResourceRequest)
		want   bool
	}{
		"answered":         {"data", func(*tfprotov6.ReadResourceRequest) {}, true},
		"null metadata":    {"data", func(r *tfprotov6.ReadResourceRequest) { r.ProviderMeta = null }, true},
		"metadata":         {"data", func(r *tfprotov6.ReadResourceRequest) { r.ProviderMeta = object }, false},
		"not configured":   {nil, func(*tfprotov6.ReadResourceRequest) {}, false},
		"badly configured": {"bad", func(*tfprotov6.ReadResourceRequest) {}, false},
		"another type":     {"data", func(r *tfprotov6.ReadResourceRequest) { r.TypeName = "test_other" }, false},
		"no state":         {"data", func(r *tfprotov6.ReadResourceRequest) { r.CurrentState = nil }, false},
		"a null state":     {"data", func(r *tfprotov6.ReadResourceRequest) { r.CurrentState = null }, false},
		"JSON": {"data", func(r *tfprotov6.ReadResourceRequest) {
			r.CurrentState = &tfprotov6.DynamicValue{JSON: []byte(`{"name":"x"}`)}
		}, false},
		"trailing bytes": {"data", func(r *tfprotov6.ReadResourceRequest) {
			r.CurrentState = &tfprotov6.DynamicValue{MsgPack: []byte("\x81\xa4name\xa1x\xc0")}
		}, false},
		"another attribute": {"data", func(r *tfprotov6.ReadResourceRequest) {
			r.CurrentState = &tfprotov6.DynamicValue{MsgPack: []byte("\x81\xa4nose\xa1x")}
		}, false},
		"a missing attribute": {"data", func(r *tfprotov6.ReadResourceRequest) {
			r.CurrentState = &tfprotov6.DynamicValue{MsgPack: []byte("\x80")}
		}, false},
		"a value of its own": {"data", func(r *tfprotov6.ReadResourceRequest) {
			r.CurrentState = &tfprotov6.DynamicValue{MsgPack: []byte("\x81\xa4name\xc3")}
		}, false},
		"an unknown value": {"data", func(r *tfprotov6.ReadResourceRequest) {
			r.CurrentState = &tfprotov6.DynamicValue{MsgPack: []byte("\x81\xa4name\xd4\x00\x00")}
		}, false},
		"half a value": {"data", func(r *tfprotov6.ReadResourceRequest) {
			r.CurrentState = &tfprotov6.DynamicValue{MsgPack: []byte("\x81\xa4name\xa5x")}
		}, false},
		"a framework's secret": {"data", func(r *tfprotov6.ReadResourceRequest) { r.Private = []byte(`{".x":"MQ=="}`) }, false},
		"private state":        {"data", func(r *tfprotov6.ReadResourceRequest) { r.Private = []byte(`{"x":"MQ=="}`) }, true},
	} {
		if resp := answersFor(t, o, c.data).ReadResource(t.Context(), read(c.change)); (resp != nil) != c.want {
			t.Errorf("%s: answered %t", name, resp != nil)
		}
	}
	o.decision = false
	a := answersFor(t, o, "data")
	if a.ReadResource(t.Context(), read(func(*tfprotov6.ReadResourceRequest) {})) != nil {
		t.Error("a read was answered that the resource does not decide")
	}
	if a.ValidateResourceConfig(
		t.Context(), &tfprotov6.ValidateResourceConfigRequest{TypeName: "test_thing", Config: object},
	) != nil {
		t.Error("a validation was answered that the resource does not decide")
	}
	for _, proposed := range []*tfprotov6.DynamicValue{object, null} {
		config := proposed
		if a.PlanResourceChange(
			t.Context(),
			&tfprotov6.PlanResourceChangeRequest{
				TypeName: "test_thing", PriorState: object, Config: config, ProposedNewState: proposed,
			},
		) != nil {
			t.Error("a plan was answered that the resource does not decide")
		}
	}
	var none *Answers
	if none.ReadResource(t.Context(), read(func(*tfprotov6.ReadResourceRequest) {})) != nil ||
		none.UpgradeResourceState(t.Context(), &tfprotov6.UpgradeResourceStateRequest{}) != nil ||
		none.ValidateResourceConfig(t.Context(), &tfprotov6.ValidateResourceConfigRequest{}) != nil ||
		none.PlanResourceChange(t.Context(), &tfprotov6.PlanResourceChangeRequest{}) != nil {
		t.Error("no answers answered")
	}
}

// TestPrivate sets and removes keys as the framework does.
func TestPrivate(t *testing.T) {
	p, ok := newPrivate(nil)
	if !ok || p.encode() != nil {
		t.Fatalf("%v, %q", ok, p.encode())
	}
	errors := func(diags diag.Diagnostics) bool { return diags.HasError() }
	if errors(p.SetKey(t.Context(), "b", []byte(`1`))) || errors(p.SetKey(t.Context(), "a", []byte(`"x"`))) ||
		errors(p.SetKey(t.Context(), "gone", nil)) {
		t.Error("a key could not be set")
	}
	if !errors(p.SetKey(t.Context(), ".a", []byte(`1`))) || !errors(p.SetKey(t.Context(), "c", []byte(`{`))) {
		t.Error("a bad key or value was set")
	}
	if got, _ := p.GetKey(t.Context(), "a"); string(got) != `"x"` {
		t.Errorf("a is %q", got)
	}
	if _, diags := p.GetKey(t.Context(), ".a"); !errors(diags) {
		t.Error("a key of the framework was read")
	}
	if got := string(p.encode()); got != `{"a":"Ingi","b":"MQ=="}` {
		t.Error(got)
	}
	again, ok := newPrivate(p.encode())
	if !ok || errors(again.SetKey(t.Context(), "b", nil)) || string(again.encode()) != `{"a":"Ingi"}` {
		t.Errorf("%v, %q", ok, again.encode())
	}
}
