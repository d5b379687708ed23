package unchanged

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// errUnknownEncoding is returned for data that is not in Terraform's encoding of the schema.
var errUnknownEncoding = errors.New("unknown encoding")

func isNull(v *tfprotov6.DynamicValue) bool {
	return v != nil && len(v.MsgPack) == 1 && v.MsgPack[0] == msgpcode.Nil
}

// decode decodes a non-null configuration, plan or state.
func (s *schema) decode(v *tfprotov6.DynamicValue, model any) (*Value, bool) {
	if v == nil || len(v.MsgPack) == 0 {
		return nil, false
	}
	value := s.newValue(model)
	d := newDecoder(v.MsgPack)
	defer msgpack.PutDecoder(d.Decoder)
	err := d.attributes(s.attributes, func(i int, v attr.Value) { value.set(i, v) })
	value.known = !d.unknown
	return value, err == nil && d.left.Len() == 0
}

type decoder struct {
	*msgpack.Decoder
	left    *bytes.Reader
	unknown bool // an unknown value was decoded
}

func newDecoder(encoded []byte) *decoder {
	d := &decoder{Decoder: msgpack.GetDecoder(), left: bytes.NewReader(encoded)}
	d.Reset(d.left)
	return d
}

func (d *decoder) attributes(attributes []attribute, found func(i int, v attr.Value)) error {
	n, err := d.DecodeMapLen()
	if err != nil || n != len(attributes) {
		return errUnknownEncoding
	}
	seen := make([]bool, n)
	for range n {
		name, err := d.DecodeString()
		if err != nil {
			return err
		}
		i, ok := slices.BinarySearchFunc(attributes, name, func(a attribute, name string) int {
			switch {
			case a.name < name:
				return -1
			case a.name > name:
				return 1
			}
			return 0
		})
		if !ok || seen[i] {
			return errUnknownEncoding
		}
		seen[i] = true
		v, err := d.value(&attributes[i].node)
		if err != nil {
			return err
		}
		found(i, v)
	}
	return nil
}

func (d *decoder) value(n *node) (attr.Value, error) {
	code, err := d.PeekCode()
	switch {
	case err != nil:
		return nil, err
	case code == msgpcode.Nil:
		return n.null, d.DecodeNil()
	case msgpcode.IsExt(code): // a refinement of the unknown value, such as not null
		d.unknown = true
		return n.unknown, d.Skip()
	}
	switch n.kind {
	case text:
		v, err := d.DecodeString()
		return types.StringValue(v), err
	case boolean:
		v, err := d.DecodeBool()
		return types.BoolValue(v), err
	case integer:
		if !isInteger(code) { // a fraction, or too large a number
			return nil, errUnknownEncoding
		}
		v, err := d.DecodeInt64()
		return types.Int64Value(v), err
	case list, set:
		return d.elements(n)
	case mapping:
		return d.mapping(n)
	default:
		values := make(map[string]attr.Value, len(n.attributes))
		if err := d.attributes(n.attributes, func(i int, v attr.Value) { values[n.attributes[i].name] = v }); err != nil {
			return nil, err
		}
		v, ok := n.objectValue(values)
		if !ok {
			return nil, errUnknownEncoding
		}
		return v, nil
	}
}

// isInteger reports whether a code is that of a number in the range of int64.
func isInteger(code byte) bool {
	switch code {
	case msgpcode.Int8, msgpcode.Int16, msgpcode.Int32, msgpcode.Int64, msgpcode.Uint8, msgpcode.Uint16, msgpcode.Uint32:
		return true
	}
	return msgpcode.IsFixedNum(code)
}

// elements decodes a list, or a set with known elements in Terraform's order.
func (d *decoder) elements(n *node) (attr.Value, error) {
	length, err := d.DecodeArrayLen()
	if err != nil || length < 0 || length > d.left.Len() {
		return nil, errUnknownEncoding
	}
	values := make([]attr.Value, length)
	for i := range values {
		if values[i], err = d.value(n.elem); err != nil {
			return nil, err
		}
	}
	if n.kind == list {
		v, diags := types.ListValue(n.elem.typ, values)
		if diags.HasError() {
			return nil, errUnknownEncoding
		}
		return v, nil
	}
	for i, v := range values {
		element, ok := v.(types.String)
		if !ok || element.IsNull() || element.IsUnknown() || i > 0 && element.ValueString() <= textOf(values[i-1]) {
			return nil, errUnknownEncoding
		}
	}
	v, diags := types.SetValue(n.elem.typ, values)
	if diags.HasError() {
		return nil, errUnknownEncoding
	}
	return v, nil
}

func textOf(v attr.Value) string {
	s, _ := v.(types.String)
	return s.ValueString()
}

func (d *decoder) mapping(n *node) (attr.Value, error) {
	length, err := d.DecodeMapLen()
	if err != nil || length < 0 || length > d.left.Len() {
		return nil, errUnknownEncoding
	}
	values := make(map[string]attr.Value, length)
	for range length {
		key, err := d.DecodeString()
		if err != nil {
			return nil, err
		}
		if values[key], err = d.value(n.elem); err != nil {
			return nil, err
		}
	}
	v, diags := types.MapValue(n.elem.typ, values)
	if diags.HasError() || len(values) != length {
		return nil, errUnknownEncoding
	}
	return v, nil
}

// encodeState converts the JSON of a state to MessagePack. ok is false for attributes that the
// schema does not have.
func (s *schema) encodeState(state []byte) (encoded []byte, ok bool) {
	d := json.NewDecoder(bytes.NewReader(state))
	d.UseNumber()
	var attributes map[string]any
	if err := d.Decode(&attributes); err != nil || attributes == nil {
		return nil, false
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, false
	}
	var out bytes.Buffer
	e := msgpack.GetEncoder()
	defer msgpack.PutEncoder(e)
	e.Reset(&out)
	err := encodeAttributes(e, s.attributes, attributes)
	return out.Bytes(), err == nil
}

// encodeAttributes encodes an object. Missing attributes are null.
func encodeAttributes(e *msgpack.Encoder, attributes []attribute, values map[string]any) error {
	err := e.EncodeMapLen(len(attributes))
	present := 0
	for i := range attributes {
		a := &attributes[i]
		value, ok := values[a.name]
		if ok {
			present++
		}
		err = errors.Join(err, e.EncodeString(a.name), a.encode(e, value))
	}
	if present != len(values) {
		return errUnknownEncoding
	}
	return err
}

func (n *node) encode(e *msgpack.Encoder, value any) error {
	switch value := value.(type) {
	case nil:
		return e.EncodeNil()
	case string:
		if n.kind == text {
			return e.EncodeString(value)
		}
	case bool:
		if n.kind == boolean {
			return e.EncodeBool(value)
		}
	case json.Number:
		if i, err := strconv.ParseInt(value.String(), 10, 64); err == nil && n.kind == integer && value != "-0" {
			return e.EncodeInt(i)
		}
	case []any:
		if n.kind == list || n.kind == set {
			err := e.EncodeArrayLen(len(value))
			for _, element := range value {
				err = errors.Join(err, n.elem.encode(e, element))
			}
			return err
		}
	case map[string]any:
		switch n.kind {
		case object, withTimeouts:
			return encodeAttributes(e, n.attributes, value)
		case mapping:
			err := e.EncodeMapLen(len(value))
			for _, key := range slices.Sorted(maps.Keys(value)) {
				err = errors.Join(err, e.EncodeString(key), n.elem.encode(e, value[key]))
			}
			return err
		case text, boolean, integer, list, set: // none of them is a map
		}
	}
	return errUnknownEncoding
}

// decodeIdentity decodes an identity. ok is false unless it has exactly the attributes of the
// schema, at least one of them not null.
func (s *schema) decodeIdentity(identity *tfprotov6.ResourceIdentityData) (values map[string]types.String, ok bool) {
	if identity.IdentityData == nil || len(identity.IdentityData.MsgPack) == 0 {
		return nil, false
	}
	d := newDecoder(identity.IdentityData.MsgPack)
	defer msgpack.PutDecoder(d.Decoder)
	n, err := d.DecodeMapLen()
	if err != nil || n != len(s.identity) {
		return nil, false
	}
	values = make(map[string]types.String, n)
	for range n {
		name, err := d.DecodeString()
		if _, known := slices.BinarySearch(s.identity, name); err != nil || !known {
			return nil, false
		}
		code, err := d.PeekCode()
		switch {
		case err != nil:
			return nil, false
		case code == msgpcode.Nil:
			values[name] = types.StringNull()
			err = d.DecodeNil()
		default:
			var value string
			value, err = d.DecodeString()
			values[name] = types.StringValue(value)
			ok = true
		}
		if err != nil {
			return nil, false
		}
	}
	return values, ok && len(values) == n && d.left.Len() == 0
}

func (s *schema) encodeIdentity(values map[string]types.String) (*tfprotov6.ResourceIdentityData, bool) {
	var out bytes.Buffer
	e := msgpack.GetEncoder()
	defer msgpack.PutEncoder(e)
	e.Reset(&out)
	err := e.EncodeMapLen(len(s.identity))
	for _, name := range s.identity {
		err = errors.Join(err, e.EncodeString(name))
		if value := values[name]; value.IsNull() {
			err = errors.Join(err, e.EncodeNil())
		} else {
			err = errors.Join(err, e.EncodeString(value.ValueString()))
		}
	}
	return &tfprotov6.ResourceIdentityData{IdentityData: &tfprotov6.DynamicValue{MsgPack: out.Bytes()}}, err == nil
}
