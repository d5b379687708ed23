package acceptance_test

import (
	"encoding/json"
	"testing"
)

// editedResource is the edited part of a resource; the rest stays as it is.
type editedResource map[string]json.RawMessage

func (r editedResource) set(t *testing.T, property string, value any) {
	t.Helper()
	properties := map[string]json.RawMessage{}
	if err := json.Unmarshal(r["Properties"], &properties); err != nil {
		t.Fatal(err)
	}
	properties[property] = encoded(t, value)
	r["Properties"] = encoded(t, properties)
}

func encoded(t *testing.T, value any) json.RawMessage {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (c *clients) editResources(project string, change func(resources map[string]editedResource)) {
	c.w.t.Helper()
	c.edit(project, func(body string) string {
		sections, resources := map[string]json.RawMessage{}, map[string]editedResource{}
		if err := json.Unmarshal([]byte(body), &sections); err != nil {
			c.w.t.Fatal(err)
		}
		if err := json.Unmarshal(sections["Resources"], &resources); err != nil {
			c.w.t.Fatal(err)
		}
		change(resources)
		sections["Resources"] = encoded(c.w.t, resources)
		return string(encoded(c.w.t, sections))
	})
}
