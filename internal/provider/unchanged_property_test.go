package provider_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"pgregory.net/rapid"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/entity/entitytest"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/provider/project"
	"github.com/stowage/terraform-provider-stowage/internal/provider/projectbucket"
	"github.com/stowage/terraform-provider-stowage/internal/provider/projectuser"
	"github.com/stowage/terraform-provider-stowage/internal/provider/userpermission"
)

// seeds are configurations around which values are generated.
var seeds = map[string][]values{
	"stowage_project": {
		{"name": "globex", "account_id": "222233334444", "region": "eu-west-1", "tags": values{"client": "Globex"}},
		{
			"name":       "initech",
			"account_id": "333344445555",
			"region":     "eu-west-1",
			"sftp":       values{"enabled": true},
			"on_delete":  "retain",
			"timeouts":   values{"create": "5m"},
		},
	},
	"stowage_project_bucket": {
		{"project": "globex", "name": "inbox"},
		{
			"project":         "globex",
			"name":            "outbox",
			"versioning":      true,
			"tags":            values{},
			"on_delete":       "empty",
			"timeouts":        values{"delete": "1h"},
			"lifecycle_rules": values{"expire_after_days": int64(30)},
			"object_lock":     values{"mode": "GOVERNANCE", "days": int64(3)},
			"cors": []any{
				values{"allowed_origins": []any{"https://a.example", "https://b.example"}, "allowed_methods": []any{"GET"}},
			},
		},
	},
	"stowage_project_user": {
		{"project": "globex", "name": "partner"},
		{
			"project":        "initech",
			"name":           "other",
			"source_ips":     []any{"198.51.100.0/24", "203.0.113.0/24"},
			"tags":           values{"a": "b"},
			"access_key":     values{"rotation": values{"every_days": int64(90)}},
			"secret_readers": []any{"arn:aws:iam::444455556666:role/x"},
		},
		{"project": "globex", "name": "third", "access_key": values{"enabled": false, "replacement_trigger": "x"}},
	},
	"stowage_user_permission": {
		{"project": "globex", "user": "partner", "bucket": "inbox", "access": "read"},
		{
			"project":      "globex",
			"user":         "partner",
			"bucket":       "outbox",
			"access":       "read_write",
			"allow_delete": true,
			"prefix":       "in/",
		},
	},
}

// words are strings that have a meaning for some attribute.
var words = []string{
	"",
	"globex",
	"initech",
	"nowhere",
	"inbox",
	"outbox",
	"partner",
	"in/",
	"read",
	"write",
	"refuse",
	"retain",
	"GOVERNANCE",
	"222233334444",
	"eu-west-1",
	"203.0.113.0/24",
	"5m",
	"soon",
	"é\u0301\"\\",
	"GET",
}

// generated is a provider with projects according to the seeds, and their states.
type generated struct {
	*entitytest.Terraform

	projects *entitytest.Projects
	states   map[string][]tftypes.Value
}

func newGenerated(t *testing.T, services entity.Services) *generated {
	t.Helper()
	p := entitytest.NewProjects()
	services.Projects = p
	g := &generated{
		entitytest.StartObjects(t, &services, []func() resource.Resource{
			project.NewResource, projectbucket.NewResource, projectuser.NewResource, userpermission.NewResource,
		}...), p, map[string][]tftypes.Value{},
	}
	add := func(typ string, object *entitytest.Object) {
		state, err := (&tfprotov6.RawState{JSON: g.State(object)}).Unmarshal(g.Schema(typ).ValueType())
		if err != nil {
			t.Fatal(err)
		}
		g.states[typ] = append(g.states[typ], state)
	}
	var buckets []*entitytest.Object
	for _, s := range stored {
		for _, seed := range seeds[s.typ] {
			object := g.Created(s.typ, seed)
			add(s.typ, object)
			if s.typ == "stowage_project_bucket" {
				buckets = append(buckets, object)
			}
		}
	}
	// Now the buckets have drifted, which one of their states shows, and one user is gone.
	if err := p.Rewrite("globex", `"RestrictPublicBuckets":true`, `"RestrictPublicBuckets":false`); err != nil {
		t.Fatal(err)
	}
	for _, bucket := range buckets {
		drifted, diagnostics := g.Read(bucket)
		entitytest.Must(t, diagnostics)
		add("stowage_project_bucket", drifted)
	}
	if err := p.Delete(t.Context(), "globex", model.ID{Kind: model.KindUser, Name: "third"}); err != nil {
		t.Fatal(err)
	}
	return g
}

// drawValue draws a value of a type: known, null, or unknown.
func drawValue(t *rapid.T, typ tftypes.Type) tftypes.Value {
	switch kind := rapid.IntRange(0, 15).Draw(t, "kind"); {
	case kind < 3:
		return tftypes.NewValue(typ, nil)
	case kind == 3:
		return tftypes.NewValue(typ, tftypes.UnknownValue)
	}
	switch typ := typ.(type) {
	case tftypes.Object:
		attributes := map[string]tftypes.Value{}
		for _, name := range slices.Sorted(maps.Keys(typ.AttributeTypes)) {
			attributes[name] = drawValue(t, typ.AttributeTypes[name])
		}
		return tftypes.NewValue(typ, attributes)
	case tftypes.Map:
		elements := map[string]tftypes.Value{}
		for range rapid.IntRange(0, 2).Draw(t, "length") {
			elements[rapid.SampledFrom(words).Draw(t, "key")] = drawValue(t, typ.ElementType)
		}
		return tftypes.NewValue(typ, elements)
	case tftypes.List:
		var elements []tftypes.Value
		for range rapid.IntRange(0, 2).Draw(t, "length") {
			elements = append(elements, drawValue(t, typ.ElementType))
		}
		return tftypes.NewValue(typ, elements)
	case tftypes.Set:
		texts := rapid.SliceOfNDistinct(rapid.SampledFrom(words), 0, 3, rapid.ID[string]).Draw(t, "elements")
		if rapid.IntRange(0, 3).Draw(t, "sorted") > 0 { // as Terraform sends them
			slices.Sort(texts)
		}
		var elements []tftypes.Value
		for _, text := range texts {
			elements = append(elements, tftypes.NewValue(typ.ElementType, text))
		}
		if rapid.IntRange(0, 9).Draw(t, "with unknown") == 0 {
			elements = append(elements, tftypes.NewValue(typ.ElementType, tftypes.UnknownValue))
		}
		return tftypes.NewValue(typ, elements)
	}
	switch {
	case typ.Is(tftypes.Bool):
		return tftypes.NewValue(typ, rapid.Bool().Draw(t, "bool"))
	case typ.Is(tftypes.Number):
		return tftypes.NewValue(typ, rapid.SampledFrom([]*big.Float{
			big.NewFloat(0),
			big.NewFloat(-1),
			big.NewFloat(7),
			big.NewFloat(90),
			big.NewFloat(2.5),
			big.NewFloat(1 << 40),
			big.NewFloat(1e30),
		}).Draw(t, "number"))
	}
	return tftypes.NewValue(typ, rapid.SampledFrom(words).Draw(t, "string"))
}

// mutate changes up to three attributes of a value, nested ones included.
func mutate(t *rapid.T, v tftypes.Value) tftypes.Value {
	for range rapid.SampledFrom([]int{0, 0, 0, 1, 1, 2, 3}).Draw(t, "mutations") {
		v = mutateOne(t, v)
	}
	return v
}

func mutateOne(t *rapid.T, v tftypes.Value) tftypes.Value {
	typ, isObject := v.Type().(tftypes.Object)
	var attributes map[string]tftypes.Value
	if !isObject || !v.IsKnown() || v.IsNull() || v.As(&attributes) != nil {
		return drawValue(t, v.Type())
	}
	attributes = maps.Clone(attributes)
	name := rapid.SampledFrom(slices.Sorted(maps.Keys(attributes))).Draw(t, "attribute")
	if rapid.Bool().Draw(t, "within") {
		attributes[name] = mutateOne(t, attributes[name])
	} else {
		attributes[name] = drawValue(t, attributes[name].Type())
	}
	return tftypes.NewValue(typ, attributes)
}

func dynamic(t *rapid.T, v tftypes.Value) *tfprotov6.DynamicValue {
	encoded, err := tfprotov6.NewDynamicValue(v.Type(), v)
	if err != nil {
		t.Fatal(err)
	}
	return &encoded
}

// drawType draws a resource type and one of its seeds.
func drawType(t *rapid.T) (typ string, n int) {
	typ = rapid.SampledFrom(slices.Sorted(maps.Keys(seeds))).Draw(t, "type")
	return typ, rapid.IntRange(0, len(seeds[typ])-1).Draw(t, "seed")
}

func (g *generated) drawState(t *rapid.T, typ string, seed int) tftypes.Value {
	states := []tftypes.Value{g.states[typ][seed]}
	if more := seed + len(seeds[typ]); more < len(g.states[typ]) {
		states = append(states, g.states[typ][more])
	}
	return rapid.SampledFrom(states).Draw(t, "state")
}

// drawIdentity draws an identity for a state: none, the right one, or another.
func (g *generated) drawIdentity(t *rapid.T, typ string, state tftypes.Value) *tfprotov6.ResourceIdentityData {
	identities, err := g.Server().GetResourceIdentitySchemas(t.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		t.Fatal(err)
	}
	identityType, _ := identities.IdentitySchemas[typ].ValueType().(tftypes.Object)
	var attributes map[string]tftypes.Value
	identity := map[string]tftypes.Value{}
	if err := state.As(&attributes); err != nil {
		t.Fatal(err)
	}
	for name := range identityType.AttributeTypes {
		identity[name] = attributes[name]
		if text := ""; name == "prefix" && attributes[name].IsKnown() && attributes[name].As(&text) == nil && text == "" {
			identity[name] = tftypes.NewValue(tftypes.String, nil)
		}
		managed := true
		if name == "bucket_name" && attributes["managed"].IsKnown() && attributes["managed"].As(&managed) == nil && managed {
			identity[name] = tftypes.NewValue(tftypes.String, nil)
		}
	}
	right := tftypes.NewValue(identityType, identity)
	switch rapid.IntRange(0, 7).Draw(t, "identity") {
	case 0, 1, 2:
		return nil
	case 3:
		return &tfprotov6.ResourceIdentityData{IdentityData: dynamic(t, mutate(t, right))}
	case 4:
		return &tfprotov6.ResourceIdentityData{IdentityData: dynamic(t, tftypes.NewValue(identityType, nil))}
	}
	return &tfprotov6.ResourceIdentityData{IdentityData: dynamic(t, right)}
}

// drawPrivate draws private state, in the framework's encoding and others.
func drawPrivate(t *rapid.T) []byte {
	encoded := func(values map[string]string) []byte {
		private := map[string][]byte{}
		for key, value := range values {
			private[key] = []byte(value)
		}
		text, err := json.Marshal(private)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	return rapid.SampledFrom([][]byte{
		nil,
		nil,
		nil,
		{},
		[]byte("{}"),
		[]byte("null"),
		[]byte("x"),
		encoded(map[string]string{"due": `"2026-01-01T00:00:00Z"`}),
		encoded(map[string]string{"base": `{"a":1}`, "other": `"x"`}),
		encoded(map[string]string{".import_before_read": "true"}),
		encoded(map[string]string{"bad": "{"}),
		[]byte(`{"b":"MQ==", "a":"MQ=="}`),
		[]byte(`{"empty":""}`),
	}).Draw(t, "private")
}

// checkProperty runs a property, and fails if package unchanged answered none of its calls.
func (g *generated) checkProperty(t *testing.T, rpc string, property func(t *rapid.T)) {
	t.Helper()
	t.Run(rpc, func(t *testing.T) {
		g.Outcomes()
		rapid.Check(t, property)
		asked, answered := 0, 0
		for _, o := range g.Outcomes() {
			if o.RPC != rpc {
				continue
			}
			if o.Difference != "" {
				t.Fatal(o)
			}
			if asked++; o.Answered {
				answered++
			}
		}
		t.Logf("%d of %d calls were answered without the framework", answered, asked)
		if answered == 0 || answered == asked {
			t.Error("the values are not near enough to what is answered")
		}
	})
}

// TestUnchanged_Property compares package unchanged with the framework on generated values: nulls,
// unknowns, nested attributes, timeouts, tags, identities, private state. The server fails the test
// for each difference.
func TestUnchanged_Property(t *testing.T) {
	for name, services := range map[string]entity.Services{
		"plain":     {Region: "eu-west-1"},
		"with tags": {Region: "eu-west-1", DefaultTags: map[string]string{"client": "Globex", "team": "x"}, IgnoreTags: entity.IgnoreTags{Keys: []string{"a"}}},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGenerated(t, services)
			g.checkProperty(t, "ValidateResourceConfig", func(t *rapid.T) {
				typ, n := drawType(t)
				config := mutate(t, g.Value(typ, seeds[typ][n]))
				_, err := g.Server().ValidateResourceConfig(
					t.Context(), &tfprotov6.ValidateResourceConfigRequest{TypeName: typ, Config: dynamic(t, config)},
				)
				must(t, err)
			})
			g.checkProperty(t, "UpgradeResourceState", func(t *rapid.T) {
				typ, n := drawType(t)
				_, err := g.Server().UpgradeResourceState(t.Context(), &tfprotov6.UpgradeResourceStateRequest{
					TypeName: typ,
					Version:  int64(rapid.SampledFrom([]int{1, 1, 1, 0, 2}).Draw(t, "version")),
					RawState: g.drawJSON(t, g.states[typ][n]),
				})
				must(t, err)
			})
			g.checkProperty(t, "ReadResource", func(t *rapid.T) {
				typ, n := drawType(t)
				state := mutate(t, g.drawState(t, typ, n))
				if state.IsNull() || !state.IsKnown() {
					t.Skip()
				}
				_, err := g.Server().ReadResource(t.Context(), &tfprotov6.ReadResourceRequest{
					TypeName:        typ,
					CurrentState:    dynamic(t, state),
					CurrentIdentity: g.drawIdentity(t, typ, state),
					Private:         drawPrivate(t),
				})
				must(t, err)
			})
			g.checkProperty(t, "PlanResourceChange", func(t *rapid.T) {
				typ, n := drawType(t)
				state := g.drawState(t, typ, n)
				if rapid.IntRange(0, 3).Draw(t, "other state") == 0 {
					state = mutate(t, state)
				}
				if state.IsNull() || !state.IsKnown() {
					t.Skip()
				}
				config := mutate(t, g.Value(typ, seeds[typ][n]))
				if rapid.IntRange(0, 5).Draw(t, "destroy") == 0 {
					config = tftypes.NewValue(config.Type(), nil)
				}
				_, err := g.Server().PlanResourceChange(t.Context(), &tfprotov6.PlanResourceChangeRequest{
					TypeName: typ, PriorState: dynamic(t, state), Config: dynamic(t, config),
					ProposedNewState: dynamic(t, entitytest.Proposed(g.Schema(typ).Block.Attributes, state, config)),
					PriorIdentity:    g.drawIdentity(t, typ, state), PriorPrivate: drawPrivate(t),
				})
				must(t, err)
			})
		})
	}
}

func must(t *rapid.T, err error) {
	if err != nil {
		t.Fatal(err)
	}
}

// drawJSON draws a stored state near a value, with attributes that are missing, of other types, or
// not in the schema.
func (g *generated) drawJSON(t *rapid.T, state tftypes.Value) *tfprotov6.RawState {
	var attributes map[string]any
	if err := json.Unmarshal(asJSON(t, mutate(t, state)), &attributes); err != nil {
		t.Fatal(err)
	}
	for range rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(t, "changes") {
		name := rapid.SampledFrom(append(slices.Sorted(maps.Keys(attributes)), "nonsense")).Draw(t, "name")
		switch rapid.IntRange(0, 3).Draw(t, "change") {
		case 0:
			delete(attributes, name)
		default:
			attributes[name] = rapid.SampledFrom([]any{
				nil,
				"x",
				true,
				1,
				2.5,
				0.0,
				[]any{},
				[]any{"b", "a"},
				[]any{"a", "a"},
				map[string]any{},
				map[string]any{"a": "b"},
				map[string]any{"enabled": true},
			}).Draw(t, "value")
		}
	}
	text, err := json.Marshal(attributes)
	if err != nil {
		t.Fatal(err)
	}
	return &tfprotov6.RawState{JSON: text}
}

// asJSON returns a value as Terraform stores it, with unknown values as null.
func asJSON(t *rapid.T, v tftypes.Value) []byte {
	text, err := json.Marshal(entitytest.Plain(v))
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", v, err))
	}
	return text
}
