package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strconv"
)

// How JSON is read and written here.
//
// A full template has half a megabyte of JSON, of which a commit changes a little, so most of the
// work would be scanning the rest. Decode validates the text once and removes the white space. From
// then on all raw JSON of this package is valid and compact: it is cut into members without being
// decoded, and written back unchanged.

// encodeJSON returns the canonical JSON of everything that this package writes: sorted members, no
// white space, no HTML escapes. It encodes maps, strings, numbers and decoded raw JSON, so it can
// only fail if an invariant is broken.
func encodeJSON(value any) json.RawMessage { return appendJSON(nil, value) }

// appendJSON encodes the types of properties several times faster than encoding/json, to which it
// leaves others.
func appendJSON(to []byte, value any) []byte {
	switch v := value.(type) {
	case string:
		return appendString(to, v)
	case bool:
		return strconv.AppendBool(to, v)
	case int:
		return strconv.AppendInt(to, int64(v), 10)
	case object:
		if v == nil {
			return append(to, "null"...)
		}
		return appendMembers(to, v, appendJSON)
	case list:
		return appendElements(to, v, appendJSON)
	case []string:
		return appendElements(to, v, appendString)
	case Resource:
		return v.append(to)
	}
	buffer := bytes.NewBuffer(to)
	encoder := json.NewEncoder(buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(fmt.Sprintf("template: %v can't be encoded: %v", value, err))
	}
	return bytes.TrimRight(buffer.Bytes(), "\n")
}

// appendMembers writes an object with sorted members.
func appendMembers[V any](to []byte, members map[string]V, appendValue func([]byte, V) []byte) []byte {
	names := slices.AppendSeq(make([]string, 0, len(members)), maps.Keys(members))
	slices.Sort(names)
	to = append(to, '{')
	for i, name := range names {
		if i > 0 {
			to = append(to, ',')
		}
		to = append(appendString(to, name), ':')
		to = appendValue(to, members[name])
	}
	return append(to, '}')
}

func appendElements[V any](to []byte, elements []V, appendValue func([]byte, V) []byte) []byte {
	if elements == nil {
		return append(to, "null"...)
	}
	to = append(to, '[')
	for i, element := range elements {
		if i > 0 {
			to = append(to, ',')
		}
		to = appendValue(to, element)
	}
	return append(to, ']')
}

func appendRaw(to []byte, raw json.RawMessage) []byte { return append(to, raw...) }

func appendString(to []byte, text string) []byte {
	if !plain(text) {
		return appendJSON(to, &text) // encoding/json knows what has to be escaped
	}
	to = append(to, '"')
	to = append(to, text...)
	return append(to, '"')
}

// plain reports whether a string needs no escapes in JSON.
func plain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// canonical returns raw JSON in canonical form for comparisons: members sorted, numbers as written.
func canonical(raw json.RawMessage) json.RawMessage {
	value, err := decodeValue(raw)
	if err != nil {
		return raw
	}
	return encodeJSON(value)
}

// sameMeaning reports whether two texts are the same JSON, whatever their order of members and
// white space.
func sameMeaning(a, b json.RawMessage) bool {
	return bytes.Equal(a, b) || bytes.Equal(canonical(a), canonical(b))
}

// decodeValue decodes JSON without losing digits of big numbers.
func decodeValue(raw json.RawMessage) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	err := decoder.Decode(&value)
	return value, err
}

// decodeObject cuts any text that is one JSON object into its members.
func decodeObject(text []byte) (map[string]json.RawMessage, error) {
	var compact bytes.Buffer
	compact.Grow(len(text))
	if err := json.Compact(&compact, text); err != nil {
		return nil, err
	}
	return cutObject(compact.Bytes())
}

var errNoObject = errors.New("it is not an object")

// cutObject is decodeObject for valid and compact JSON. The last of several members of one name
// counts.
func cutObject(raw json.RawMessage) (map[string]json.RawMessage, error) {
	if len(raw) == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	if raw[0] != '{' {
		return nil, errNoObject
	}
	object := map[string]json.RawMessage{}
	for name, value := range members(raw) {
		object[name] = value
	}
	return object, nil
}

// member returns a member of an object of valid, compact JSON, or nil.
func member(raw json.RawMessage, name string) json.RawMessage {
	var found json.RawMessage
	for key, value := range members(raw) {
		if key == name {
			found = value
		}
	}
	return found
}

// members iterates over an object's members in their order; raw is valid, compact JSON. Other
// values have none.
func members(raw json.RawMessage) iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		if len(raw) < len(`{"":0}`) || raw[0] != '{' {
			return
		}
		for rest := raw; rest[0] != '}'; {
			rest = rest[1:] // the brace or comma before the name
			n := valueLength(rest)
			name := nameOf(rest[:n])
			rest = rest[n+1:]
			n = valueLength(rest)
			if !yield(name, rest[:n:n]) {
				return
			}
			rest = rest[n:]
		}
	}
}

func nameOf(quoted []byte) string {
	name := string(quoted[1 : len(quoted)-1])
	if !plain(name) && json.Unmarshal(quoted, &name) != nil {
		panic(fmt.Sprintf("template: %s is no name of a member", quoted))
	}
	return name
}

// valueLength returns the length of the first value in valid, compact JSON.
func valueLength(raw []byte) int {
	depth := 0
	for i := 0; ; i++ {
		switch raw[i] {
		case '"':
			i += stringLength(raw[i:]) - 1
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 { // the end of the enclosing object or list
				return i
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
}

// stringLength returns the length of the string at the start of raw, with its quotes.
func stringLength(raw []byte) int {
	end := 1
	for {
		end += bytes.IndexByte(raw[end:], '"') + 1
		escapes := 0
		for raw[end-2-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return end
		}
	}
}
