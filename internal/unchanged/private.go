package unchanged

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// Private is an object's private state, as the framework passes it to resources.
type Private struct {
	values map[string][]byte
}

// newPrivate decodes private state in the framework's encoding. ok is false for anything else, and
// for keys of the framework, which start with a period.
func newPrivate(encoded []byte) (p *Private, ok bool) {
	p = &Private{}
	if len(encoded) == 0 {
		return p, true
	}
	if err := json.Unmarshal(encoded, &p.values); err != nil {
		return nil, false
	}
	for key, value := range p.values {
		if strings.HasPrefix(key, ".") || !storable(value) {
			return nil, false
		}
	}
	return p, bytes.Equal(p.encode(), encoded)
}

func storable(value []byte) bool { return utf8.Valid(value) && json.Valid(value) }

func (p *Private) encode() []byte {
	if len(p.values) == 0 {
		return nil
	}
	encoded, err := json.Marshal(p.values)
	if err != nil {
		return nil // a map of bytes can always be encoded
	}
	return encoded
}

// GetKey returns the value of a key; nil if there is none.
func (p *Private) GetKey(_ context.Context, key string) ([]byte, diag.Diagnostics) {
	if strings.HasPrefix(key, ".") {
		return nil, reserved(key)
	}
	return p.values[key], nil
}

// SetKey sets the value of a key, which must be JSON; an empty value removes the key.
func (p *Private) SetKey(_ context.Context, key string, value []byte) diag.Diagnostics {
	switch {
	case strings.HasPrefix(key, "."):
		return reserved(key)
	case len(value) == 0:
		delete(p.values, key)
		return nil
	case !storable(value):
		return diag.Diagnostics{diag.NewErrorDiagnostic("Invalid Private State", "The value of the key "+key+" is not JSON.")}
	}
	if p.values == nil {
		p.values = map[string][]byte{}
	}
	p.values[key] = value
	return nil
}

func reserved(key string) diag.Diagnostics {
	return diag.Diagnostics{
		diag.NewErrorDiagnostic("Invalid Private State", "The key "+key+" is reserved for the framework."),
	}
}
