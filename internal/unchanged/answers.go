package unchanged

import (
	"context"
	"errors"
	"maps"
	"sync/atomic"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// Answers answers calls for the resources of a provider. Its methods are safe for concurrent use; a
// nil Answers declines everything.
type Answers struct {
	resources []func() resource.Resource
	types     map[string]*objectType
	// configured holds the resources by type, with the provider's data; nil until Configure.
	configured atomic.Pointer[map[string]Object]
}

type objectType struct {
	schema       *schema
	unconfigured Object
}

// New returns Answers for the provider's resources that are not Unsupported.
func New(ctx context.Context, providerTypeName string, resources []func() resource.Resource) *Answers {
	a := &Answers{resources: resources, types: map[string]*objectType{}}
	for name, o := range objects(ctx, providerTypeName, resources) {
		if s, err := newSchema(ctx, o); err == nil {
			a.types[name] = &objectType{s, o}
		}
	}
	return a
}

// objects returns the resources that are Objects, by type name.
func objects(ctx context.Context, providerTypeName string, resources []func() resource.Resource) map[string]Object {
	made := map[string]Object{}
	for _, newResource := range resources {
		if o, ok := newResource().(Object); ok {
			var resp resource.MetadataResponse
			o.Metadata(ctx, resource.MetadataRequest{ProviderTypeName: providerTypeName}, &resp)
			made[resp.TypeName] = o
		}
	}
	return made
}

var errNotObject = errors.New("the resource is no Object")

// Unsupported returns why calls for a resource are declined; nil if it is supported.
func Unsupported(ctx context.Context, r resource.Resource) error {
	o, ok := r.(Object)
	if !ok {
		return errNotObject
	}
	_, err := newSchema(ctx, o)
	return err
}

// Configure passes the provider's data to the resources, as the framework does for each call. Until
// then only configurations are validated and states upgraded. It must not be called for a provider
// that defers its configuration.
func (a *Answers) Configure(ctx context.Context, providerTypeName string, data any) {
	configured := objects(ctx, providerTypeName, a.resources)
	maps.DeleteFunc(configured, func(_ string, o Object) bool {
		var resp resource.ConfigureResponse
		o.Configure(ctx, resource.ConfigureRequest{ProviderData: data}, &resp)
		return len(resp.Diagnostics) > 0
	})
	a.configured.Store(&configured)
}

func (a *Answers) object(typeName string) (*schema, Object, bool) {
	if a == nil {
		return nil, nil, false
	}
	t, ok := a.types[typeName]
	configured := a.configured.Load()
	if !ok || configured == nil {
		return nil, nil, false
	}
	o, ok := (*configured)[typeName]
	return t.schema, o, ok
}

// UpgradeResourceState answers for a state of the current schema version.
func (a *Answers) UpgradeResourceState(
	_ context.Context, req *tfprotov6.UpgradeResourceStateRequest,
) *tfprotov6.UpgradeResourceStateResponse {
	if a == nil {
		return nil
	}
	t, ok := a.types[req.TypeName]
	if !ok || req.Version != t.schema.version || req.RawState == nil || len(req.RawState.JSON) == 0 {
		return nil
	}
	state, ok := t.schema.encodeState(req.RawState.JSON)
	if !ok {
		return nil
	}
	return &tfprotov6.UpgradeResourceStateResponse{UpgradedState: &tfprotov6.DynamicValue{MsgPack: state}}
}

// ValidateResourceConfig answers for a valid configuration.
func (a *Answers) ValidateResourceConfig(
	ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest,
) *tfprotov6.ValidateResourceConfigResponse {
	if a == nil {
		return nil
	}
	t, ok := a.types[req.TypeName]
	if !ok {
		return nil
	}
	config, ok := t.schema.decode(req.Config, t.unconfigured.NewModel())
	if !ok || !t.schema.valid(ctx, config) || !t.unconfigured.ValidateModel(ctx, config) {
		return nil
	}
	return &tfprotov6.ValidateResourceConfigResponse{}
}

// ReadResource answers for an unchanged object.
func (a *Answers) ReadResource(
	ctx context.Context, req *tfprotov6.ReadResourceRequest,
) *tfprotov6.ReadResourceResponse {
	s, o, ok := a.object(req.TypeName)
	if !ok || hasMeta(req.ProviderMeta) {
		return nil
	}
	state, ok := s.decode(req.CurrentState, o.NewModel())
	private, alsoOK := newPrivate(req.Private)
	if !ok || !alsoOK || !state.known {
		return nil
	}
	var current map[string]types.String
	if req.CurrentIdentity != nil {
		if current, ok = s.decodeIdentity(req.CurrentIdentity); !ok {
			return nil
		}
	}
	before := state.copy()
	if !o.ReadModel(ctx, state, private) || !state.equal(before) {
		return nil
	}
	identity, ok := o.IdentityOf(ctx, state)
	if !ok || current != nil && !maps.Equal(current, identity) {
		return nil
	}
	resp := &tfprotov6.ReadResourceResponse{
		NewState: req.CurrentState, NewIdentity: req.CurrentIdentity, Private: private.encode(),
	}
	if current == nil {
		if resp.NewIdentity, ok = s.encodeIdentity(identity); !ok {
			return nil
		}
	}
	return resp
}

// PlanResourceChange answers for a plan that changes nothing, or that destroys.
func (a *Answers) PlanResourceChange(
	ctx context.Context, req *tfprotov6.PlanResourceChangeRequest,
) *tfprotov6.PlanResourceChangeResponse {
	s, o, ok := a.object(req.TypeName)
	if !ok || hasMeta(req.ProviderMeta) {
		return nil
	}
	prior, ok := s.decode(req.PriorState, o.NewModel())
	private, alsoOK := newPrivate(req.PriorPrivate)
	if !ok || !alsoOK || !prior.known {
		return nil
	}
	resp := &tfprotov6.PlanResourceChangeResponse{PlannedIdentity: req.PriorIdentity}
	if req.PriorIdentity == nil {
		resp.PlannedIdentity = &tfprotov6.ResourceIdentityData{
			IdentityData: &tfprotov6.DynamicValue{MsgPack: []byte{msgpcode.Nil}},
		}
	} else if _, ok := s.decodeIdentity(req.PriorIdentity); !ok {
		return nil
	}
	if isNull(req.ProposedNewState) {
		if !isNull(req.Config) || !o.PlanDestroyModel(ctx, prior, private) {
			return nil
		}
		resp.PlannedState, resp.PlannedPrivate = req.ProposedNewState, private.encode()
		return resp
	}
	config, ok := s.decode(req.Config, o.NewModel())
	if !ok || !config.known {
		return nil
	}
	plan, ok := s.decode(req.ProposedNewState, o.NewModel())
	if !ok || !plan.known || !s.applyDefaults(config, plan) || !plan.equal(prior) {
		return nil
	}
	if !o.PlanModel(ctx, config, plan, prior.copy(), private) || !plan.equal(prior) {
		return nil
	}
	resp.PlannedState, resp.PlannedPrivate = req.PriorState, private.encode()
	return resp
}

func hasMeta(v *tfprotov6.DynamicValue) bool {
	return v != nil && !isNull(v) && (len(v.MsgPack) > 0 || len(v.JSON) > 0)
}
