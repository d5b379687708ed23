package hub

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

const (
	// formatVersion is the version of metadata's shape.
	formatVersion = 1
	// compilerVersion is the version of how settings are written as resources. It is raised with
	// every change to the resources of unchanged settings.
	compilerVersion = 1
	// kind is the kind of hubs in metadata.
	kind model.Kind = "hub"
)

// Relay is a package of the relay, as uploaded to the artifact bucket.
type Relay struct {
	Version string `json:"version"`
	// Hash is the package's SHA-256 in hexadecimal.
	Hash string `json:"hash"`
	// Architecture is Lambda's name of the program's instruction set; "" for DefaultArchitecture.
	Architecture string `json:"architecture,omitempty"`
}

// DefaultArchitecture is the architecture of released packages.
const DefaultArchitecture = "arm64"

// Key returns the package's key in the artifact bucket.
func (r Relay) Key() string { return "relay/" + r.Hash + ".zip" }

// Shared is what the account has only once, and has outside of the hub's stack.
type Shared struct {
	// OIDCProviders are the hosts of the OIDC providers.
	OIDCProviders []string `json:"oidc_providers,omitempty"`
	// GatewayLogs reports that API Gateway has a role for logs in the region.
	GatewayLogs bool `json:"gateway_logs,omitempty"`
}

// metadata is Metadata.Stowage of every resource. The settings are on the artifact bucket only.
type metadata struct {
	Format   int       `json:"format"`
	Compiler int       `json:"compiler"`
	Of       model.ID  `json:"of"`
	Settings *Settings `json:"settings,omitempty"`
	Relay    *Relay    `json:"relay,omitempty"`
	Shared   *Shared   `json:"shared,omitempty"`
}

// object and list abbreviate the JSON of properties.
type (
	object = map[string]any
	list   = []any
)

// resource is one resource of the template.
type resource struct {
	Type                string
	DependsOn           []string `json:",omitempty"`
	DeletionPolicy      string   `json:",omitempty"`
	UpdateReplacePolicy string   `json:",omitempty"`
	Metadata            object   `json:",omitempty"`
	Properties          object
}

// retained marks a resource that holds data, or that others use: CloudFormation deletes it only
// when its own creation is rolled back.
func (r resource) retained() resource {
	r.DeletionPolicy, r.UpdateReplacePolicy = "RetainExceptOnCreate", "Retain"
	return r
}

// deleted marks a resource whose data goes with the hub.
func (r resource) deleted() resource {
	r.DeletionPolicy, r.UpdateReplacePolicy = "Delete", "Delete"
	return r
}

// compiler collects the resources and outputs of a hub.
type compiler struct {
	Place
	Settings
	relay     Relay
	shared    Shared
	resources map[string]resource
	outputs   object
}

// Foundation returns the first template of a hub: the artifact bucket.
func Foundation(at Place, s Settings) *template.Template {
	c := newCompiler(at, s)
	c.artifacts()
	return c.encode(metadata{Settings: &s})
}

// Compile returns the template of a hub. The settings have no Problems.
func Compile(at Place, s Settings, relay Relay, shared Shared) *template.Template {
	c := newCompiler(at, s)
	c.relay, c.shared = relay, shared
	c.artifacts()
	c.storage()
	c.function()
	c.events()
	c.alarms()
	roleCompiler{c}.operators()
	if c.Live != nil {
		liveCompiler{c}.websocket()
		liveCompiler{c}.board()
	}
	return c.encode(metadata{Settings: &s, Relay: &relay, Shared: &shared})
}

func newCompiler(at Place, s Settings) *compiler {
	return &compiler{Place: at, Settings: s.withDefaults(), resources: map[string]resource{}, outputs: object{}}
}

// add adds a resource.
func (c *compiler) add(logicalID string, r resource) { c.resources[logicalID] = r }

func (c *compiler) output(name, description string, value any) {
	c.outputs[name] = object{"Description": description, "Value": value}
}

// encode returns the template. first is the metadata of the artifact bucket.
func (c *compiler) encode(first metadata) *template.Template {
	mark := metadata{Format: formatVersion, Compiler: compilerVersion, Of: model.ID{Kind: kind, Name: c.Name}}
	first.Format, first.Compiler, first.Of = mark.Format, mark.Compiler, mark.Of
	var document struct {
		AWSTemplateFormatVersion, Description, Parameters json.RawMessage
		Resources                                         map[string]json.RawMessage
		Outputs                                           object `json:",omitempty"`
	}
	if err := json.Unmarshal(Seed(c.Name).Encode(), &document); err != nil {
		panic(fmt.Sprintf("hub: the seed can't be decoded: %v", err))
	}
	for id, r := range c.resources {
		r.Metadata = object{"Stowage": mark}
		if id == artifactsID {
			r.Metadata = object{"Stowage": first}
		}
		document.Resources[id] = encode(r)
	}
	document.Outputs = c.outputs
	tpl, err := template.Decode(encode(document))
	if err != nil {
		panic(fmt.Sprintf("hub: the template can't be decoded: %v", err))
	}
	return tpl
}

// Description returns the description of a hub's stack.
func Description(name string) string { return "Stowage's hub " + name }

// Seed returns the first template of a hub's stack, which only counts the commits.
func Seed(name string) *template.Template {
	return template.Seed(RevisionName(name), Description(name))
}

// encode returns the JSON of a value without HTML escapes.
func encode(value any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic(fmt.Sprintf("hub: %v can't be encoded: %v", value, err))
	}
	return bytes.TrimSpace(b.Bytes())
}

func ref(logicalID string) object { return object{"Ref": logicalID} }

func attribute(logicalID, name string) object { return object{"Fn::GetAtt": list{logicalID, name}} }

// join concatenates texts and references.
func join(parts ...any) object { return object{"Fn::Join": list{"", parts}} }

// tagMap returns the tags of types that have them as a map.
func (c *compiler) tagMap() object {
	tags := object{"stowage:hub": c.Name}
	for key, value := range c.Tags {
		tags[key] = value
	}
	return tags
}

// tagList returns the tags of types that have them as a list.
func (c *compiler) tagList() list {
	tags := c.tagMap()
	var result list
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		result = append(result, object{"Key": key, "Value": tags[key]})
	}
	return result
}

// Deployed is what a hub's template holds.
type Deployed struct {
	Settings Settings
	Relay    Relay // empty after Foundation alone
	Shared   Shared
	// Drift lists what differs from what the settings compile to, by logical ID. It is empty for the
	// template of an older compiler.
	Drift []string
}

// Parse reads a hub's template. It returns a model.NewerFormatError for one that a newer version
// wrote.
func Parse(tpl *template.Template, at Place) (*Deployed, error) {
	raw, ok := tpl.Resource(artifactsID)
	if !ok {
		return nil, fmt.Errorf("the template has no resource %s: it is no hub's", artifactsID)
	}
	var first struct{ Metadata struct{ Stowage metadata } }
	if err := json.Unmarshal(raw, &first); err != nil {
		return nil, fmt.Errorf("the metadata of %s can't be read: %w", artifactsID, err)
	}
	stored := first.Metadata.Stowage
	switch {
	case stored.Format > formatVersion:
		return nil, newer(stored.Format, formatVersion)
	case stored.Compiler > compilerVersion:
		return nil, newer(stored.Compiler, compilerVersion)
	case stored.Of.Kind != kind || stored.Settings == nil:
		return nil, fmt.Errorf("the metadata of %s holds no settings of a hub", artifactsID)
	}
	deployed := &Deployed{Settings: *stored.Settings}
	want := Foundation(at, deployed.Settings)
	if stored.Relay != nil && stored.Shared != nil {
		deployed.Relay, deployed.Shared = *stored.Relay, *stored.Shared
		want = Compile(at, deployed.Settings, deployed.Relay, deployed.Shared)
	}
	if stored.Compiler == compilerVersion { // an older one wrote other resources
		deployed.Drift = drift(want, tpl)
	}
	return deployed, nil
}

func newer(found, known int) error {
	return &model.NewerFormatError{What: "the stack of the hub", Format: strconv.Itoa(found), Known: known}
}
