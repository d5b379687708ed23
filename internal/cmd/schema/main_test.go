package main

import (
	"encoding/json"
	"testing"
)

// The documentation is generated from this output: a kind that is missing here would disappear
// there.
func TestSchemas_EveryKind(t *testing.T) {
	all, err := schemas(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Providers map[string]struct {
			Provider struct {
				Block struct {
					Attributes map[string]struct {
						Type      any  `json:"type"`
						Sensitive bool `json:"sensitive"`
					} `json:"attributes"`
				} `json:"block"`
			} `json:"provider"`
			Resources  map[string]any `json:"resource_schemas"`
			Data       map[string]any `json:"data_source_schemas"`
			Functions  map[string]any `json:"functions"`
			Identities map[string]any `json:"resource_identity_schemas"`
		} `json:"provider_schemas"`
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	p := got.Providers[address]
	if len(p.Resources) != 5 || len(p.Identities) != 5 || len(p.Data) != 6 || len(p.Functions) != 1 {
		t.Errorf(
			"%d resources, %d identities, %d data sources, %d functions", len(p.Resources), len(p.Identities),
			len(p.Data), len(p.Functions),
		)
	}
	if key := p.Provider.Block.Attributes["secret_key"]; key.Type != "string" || !key.Sensitive {
		t.Errorf("secret_key is %+v", key)
	}
}
