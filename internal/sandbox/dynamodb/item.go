package dynamodb

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

type kind string

const (
	kindString    kind = "S"
	kindNumber    kind = "N"
	kindBinary    kind = "B"
	kindBool      kind = "BOOL"
	kindNull      kind = "NULL"
	kindStringSet kind = "SS"
	kindNumberSet kind = "NS"
	kindBinarySet kind = "BS"
	kindList      kind = "L"
	kindMap       kind = "M"
)

// longName returns a data type as some error texts spell it.
func (k kind) longName() string {
	return map[kind]string{
		kindString: "STRING", kindNumber: "NUMBER", kindBinary: "BINARY", kindBool: "BOOLEAN", kindNull: "NULL",
		kindStringSet: "STRING_SET", kindNumberSet: "NUMBER_SET", kindBinarySet: "BINARY_SET", kindList: "LIST",
		kindMap: "MAP",
	}[k]
}

func (k kind) isSet() bool { return k == kindStringSet || k == kindNumberSet || k == kindBinarySet }

// ordered reports whether values of the type can be compared with < and >.
func (k kind) ordered() bool { return k == kindString || k == kindNumber || k == kindBinary }

// element returns the type of a set's elements.
func (k kind) element() kind { return kind(strings.TrimSuffix(string(k), "S")) }

// value is an attribute value. An item's versions share values, so they are never changed in place,
// except in the deep copy of an update.
type value struct {
	kind kind
	text string  // S; B as raw bytes
	num  number  // N
	flag bool    // BOOL
	list []value // L; sets, sorted
	m    item    // M
	// bad is why the received value is invalid. check reports it; the decoder cannot, as its errors
	// become SerializationException.
	bad *cloud.Error
}

// item contains an item's attributes, or a map's members.
type item map[string]value

// maxNesting is the maximum depth of lists and maps in an item: developer guide "Quotas in Amazon
// DynamoDB".
const maxNesting = 32

// UnmarshalJSON decodes an AttributeValue. check reports JSON that is no valid value.
func (v *value) UnmarshalJSON(data []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return fmt.Errorf("attribute value: %w", err)
	}
	*v = value{}
	switch len(members) {
	case 0:
		v.bad = invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
		return nil
	case 1:
	default:
		v.bad = invalid(
			"Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
		)
		return nil
	}
	for name, raw := range members {
		v.kind = kind(name)
		if err := v.decode(raw); err != nil {
			return fmt.Errorf("attribute value of type %s: %w", name, err)
		}
	}
	return nil
}

func (v *value) decode(raw json.RawMessage) error {
	switch v.kind {
	case kindString:
		return json.Unmarshal(raw, &v.text)
	case kindNumber:
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		v.num, v.bad = parseNumber(s)
	case kindBinary:
		var b []byte
		if err := json.Unmarshal(raw, &b); err != nil {
			return err
		}
		v.text = string(b)
	case kindBool:
		return json.Unmarshal(raw, &v.flag)
	case kindNull:
		if err := json.Unmarshal(raw, &v.flag); err != nil {
			return err
		}
		if !v.flag {
			v.bad = invalid("One or more parameter values were invalid: Null attribute value types must have the value of true")
		}
	case kindList:
		return json.Unmarshal(raw, &v.list)
	case kindMap:
		return json.Unmarshal(raw, &v.m)
	case kindStringSet, kindNumberSet, kindBinarySet:
		return v.decodeSet(raw)
	default:
		v.bad = invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
	}
	return nil
}

// decodeSet decodes a set. Sets have at least one element and no two equal ones: developer guide
// "Supported data types and naming rules in Amazon DynamoDB".
func (v *value) decodeSet(raw json.RawMessage) error {
	var texts []string
	if err := json.Unmarshal(raw, &texts); err != nil {
		return err
	}
	if len(texts) == 0 {
		v.bad = map[kind]*cloud.Error{
			kindStringSet: invalid("One or more parameter values were invalid: An string set  may not be empty"),
			kindNumberSet: invalid("One or more parameter values were invalid: An number set  may not be empty"),
			kindBinarySet: invalid("One or more parameter values were invalid: Binary sets should not be empty"),
		}[v.kind]
		return nil
	}
	for _, text := range texts {
		element := value{kind: v.kind.element()}
		encoded, err := json.Marshal(text)
		if err != nil {
			return err
		}
		if err = element.decode(encoded); err != nil {
			return err
		}
		if element.bad != nil {
			v.bad = element.bad
			return nil //nolint:nilerr // what is bad about a value is reported when its place is known
		}
		if !v.insert(element) {
			v.bad = map[kind]*cloud.Error{
				kindStringSet: invalid("One or more parameter values were invalid: Input collection [%s] contains duplicates.", strings.Join(texts, ", ")),
				kindNumberSet: invalid("Input collection contains duplicates"),
				kindBinarySet: invalid("One or more parameter values were invalid: Input collection [%s]of type BS contains duplicates.", strings.Join(texts, ", ")),
			}[v.kind]
			return nil
		}
	}
	return nil
}

// insert adds an element to a set, in order; false when the set contains it.
func (v *value) insert(element value) bool {
	i, found := slices.BinarySearchFunc(v.list, element, compareOrdered)
	if found {
		return false
	}
	v.list = slices.Insert(v.list, i, element)
	return true
}

// MarshalJSON encodes the value as an AttributeValue.
func (v value) MarshalJSON() ([]byte, error) {
	var content any
	switch v.kind {
	case kindString:
		content = v.text
	case kindNumber:
		content = v.num.String()
	case kindBinary:
		content = []byte(v.text)
	case kindBool, kindNull:
		content = v.flag
	case kindList:
		content = v.list
		if v.list == nil {
			content = []value{}
		}
	case kindMap:
		content = v.m
		if v.m == nil {
			content = item{}
		}
	default:
		texts := make([]string, 0, len(v.list))
		for _, element := range v.list {
			texts = append(texts, element.plain())
		}
		content = texts
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(map[string]any{string(v.kind): content}); err != nil {
		return nil, fmt.Errorf("attribute value: %w", err)
	}
	return b.Bytes(), nil
}

// plain returns the wire text of a scalar.
func (v value) plain() string {
	switch v.kind {
	case kindNumber:
		return v.num.String()
	case kindBinary:
		return base64.StdEncoding.EncodeToString([]byte(v.text))
	default:
		return v.text
	}
}

func (v value) check() *cloud.Error { return v.checkAt(1) }

func (v value) checkAt(depth int) *cloud.Error {
	if v.bad != nil {
		return v.bad
	}
	if v.kind == "" { // JSON null
		return invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
	}
	if depth > maxNesting && (v.kind == kindList || v.kind == kindMap) {
		return invalid(
			"Nesting Levels have exceeded supported limits: Attributes has more than %d levels of nesting",
			maxNesting,
		)
	}
	for _, element := range v.list {
		if err := element.checkAt(depth + 1); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v.m)) {
		if err := v.m[name].checkAt(depth + 1); err != nil {
			return err
		}
	}
	return nil
}

func (i item) check() *cloud.Error {
	for _, name := range slices.Sorted(maps.Keys(i)) {
		if name == "" {
			return invalid("One or more parameter values were invalid: Attribute name must not be empty")
		}
		if err := i[name].check(); err != nil {
			return err
		}
	}
	return nil
}

// compareOrdered orders two values of one ordered type: numbers by value, strings and binaries by
// unsigned bytes.
func compareOrdered(a, b value) int {
	if a.kind == kindNumber {
		return a.num.compare(b.num)
	}
	return strings.Compare(a.text, b.text)
}

// equal implements DynamoDB's equality: same type and same content; numbers by value, sets without
// order.
func (v value) equal(other value) bool {
	if v.kind != other.kind {
		return false
	}
	switch v.kind {
	case kindString, kindBinary, kindNumber:
		return compareOrdered(v, other) == 0
	case kindMap:
		return maps.EqualFunc(v.m, other.m, value.equal)
	case kindBool, kindNull:
		return v.flag == other.flag
	default:
		return slices.EqualFunc(v.list, other.list, value.equal)
	}
}

func (v value) clone() value {
	if v.list != nil {
		list := make([]value, len(v.list))
		for i, element := range v.list {
			list[i] = element.clone()
		}
		v.list = list
	}
	if v.m != nil {
		v.m = v.m.clone()
	}
	return v
}

func (i item) clone() item {
	c := make(item, len(i))
	for name, v := range i {
		c[name] = v.clone()
	}
	return c
}
