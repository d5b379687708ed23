package event

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// MaxMessage is the maximum size of a text in bytes, also of a client's. API Gateway sends up to 32
// KB in one frame and bills them as one message (API Gateway developer guide, WebSocket quotas).
const MaxMessage = 32 << 10

// MaxParts is the maximum number of parts of a message.
const MaxParts = 9999

// Encode returns the texts of a message, each of at most MaxMessage bytes: the message itself, or
// its parts. Each part is a message with the same members, the ID of the message, and a share of
// the data. Joining the shares in order, as Joiner does, restores the data:
//
//   - objects are joined member by member;
//   - arrays are concatenated; if a part's array starts with null, the element after the null is
//     joined with the last element of the previous array;
//   - all other values are in one share only.
//
// An array element (for example an entity) stays in one part if it fits. Equal messages have equal
// parts in all processes. The data must not contain null in an array, nor a string or number that
// does not fit into a part. No type of this package does.
func (m Message) Encode() ([][]byte, error) {
	whole, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encoding a %s message: %w", m.Type, err)
	}
	if len(whole) <= MaxMessage {
		return [][]byte{whole}, nil
	}
	sum := sha256.Sum256(whole)
	part := m
	part.ID, part.Part, part.Parts, part.Data = hex.EncodeToString(sum[:8]), MaxParts, MaxParts, json.RawMessage(`0`)
	envelope, err := json.Marshal(part)
	if err != nil {
		return nil, fmt.Errorf("encoding a part of a %s message: %w", m.Type, err)
	}
	shares, err := split(m.Data, MaxMessage-len(envelope))
	if err == nil && len(shares) > MaxParts {
		err = fmt.Errorf("it would take %d parts", len(shares))
	}
	if err != nil {
		return nil, fmt.Errorf("splitting a %s message of %d bytes about %q: %w", m.Type, len(whole), m.Project, err)
	}
	texts := make([][]byte, len(shares))
	for i, share := range shares {
		part.Part, part.Parts, part.Data = i+1, len(shares), share
		if texts[i], err = json.Marshal(part); err != nil {
			return nil, fmt.Errorf("encoding part %d of a %s message: %w", i+1, m.Type, err)
		}
	}
	return texts, nil
}

// errIndivisible is returned for an indivisible value that does not fit into a part.
var errIndivisible = errors.New("a string or number is larger than a part")

// errNull is returned for null in an array, which would be read as the start of a part.
var errNull = errors.New("an array has a null")

// split divides JSON into shares of at most limit bytes.
func split(data json.RawMessage, limit int) ([]json.RawMessage, error) {
	value, err := tree(data)
	if err != nil {
		return nil, err
	}
	pieces, err := divide(value, limit, limit, false)
	if err != nil {
		return nil, err
	}
	var shares []json.RawMessage
	for _, p := range pieces {
		share, err := compact(p)
		if err != nil {
			return nil, err
		}
		shares = append(shares, share)
	}
	return shares, nil
}

// nothing is the first piece when there is no room for one.
type nothing struct{}

// divide divides a value into pieces. The first has at most first bytes, and is nothing{} when that
// is too little; the others have at most fresh bytes. With whole set, a value that fits into fresh
// bytes stays in one piece.
func divide(value any, first, fresh int, whole bool) ([]any, error) {
	text, err := compact(value)
	if err != nil {
		return nil, err
	}
	if len(text) <= first {
		return []any{value}, nil
	}
	object, isObject := value.(map[string]any)
	array, isArray := value.([]any)
	switch fits := len(text) <= fresh; {
	case fits && (whole || len(object)+len(array) == 0):
		return []any{nothing{}, value}, nil
	case isObject:
		return divideObject(object, first, fresh)
	case isArray:
		return divideArray(array, first, fresh)
	}
	return nil, errIndivisible
}

func divideObject(object map[string]any, first, fresh int) ([]any, error) {
	const braces = 2
	var pieces []any
	now, used, room := map[string]any{}, braces, first
	flush := func() {
		if len(now) == 0 {
			pieces = append(pieces, nothing{})
		} else {
			pieces = append(pieces, now)
		}
		now, used, room = map[string]any{}, braces, fresh
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		name, err := compact(key)
		if err != nil {
			return nil, err
		}
		lead := len(name) + len(":,")
		members, err := divide(object[key], room-used-lead, fresh-braces-lead, false)
		if err != nil {
			return nil, err
		}
		for i, member := range members {
			if i > 0 {
				flush()
			}
			size, err := sizeOf(member)
			if err != nil {
				return nil, err
			}
			if size > 0 {
				now[key] = member
				used += lead + size
			}
		}
	}
	return append(pieces, now), nil
}

func divideArray(array []any, first, fresh int) ([]any, error) {
	const brackets, goesOn = 2, len("null,,")
	var pieces []any
	var now []any
	used, room := brackets, first
	flush := func() {
		if len(now) == 0 {
			pieces = append(pieces, nothing{})
		} else {
			pieces = append(pieces, now)
		}
		now, used, room = nil, brackets, fresh
	}
	for _, element := range array {
		if element == nil {
			return nil, errNull
		}
		members, err := divide(element, room-used-1, fresh-brackets-goesOn, true)
		if err != nil {
			return nil, err
		}
		begun := false
		for i, member := range members {
			if i > 0 {
				flush()
			}
			size, err := sizeOf(member)
			if err != nil {
				return nil, err
			}
			switch {
			case size == 0:
			case begun:
				now = append(now, nil, member)
				used += goesOn + size
			default:
				now = append(now, member)
				used += 1 + size
				begun = true
			}
		}
	}
	return append(pieces, now), nil
}

// sizeOf returns the size of a piece as text; 0 for nothing{}.
func sizeOf(piece any) (int, error) {
	if piece == (nothing{}) {
		return 0, nil
	}
	text, err := compact(piece)
	return len(text), err
}

// tree decodes JSON to Go values. Numbers keep their spelling.
func tree(data json.RawMessage) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("reading JSON: %w", err)
	}
	return value, nil
}

// compact encodes a value of a tree as a json.RawMessage is encoded, so that sizes are exact.
func compact(value any) (json.RawMessage, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("encoding JSON: %w", err)
	}
	return text, nil
}

// join is the inverse of split: it adds the next share to a value.
func join(value, share any) any {
	switch share := share.(type) {
	case map[string]any:
		into, ok := value.(map[string]any)
		if !ok {
			return share
		}
		for key, member := range share {
			if had, there := into[key]; there {
				member = join(had, member)
			}
			into[key] = member
		}
		return into
	case []any:
		into, ok := value.([]any)
		if !ok {
			return share
		}
		if len(share) > 1 && share[0] == nil && len(into) > 0 {
			last := len(into) - 1
			into[last] = join(into[last], share[1])
			share = share[2:]
		}
		return append(into, share...)
	}
	return share
}

// maxJoining is the number of incomplete messages that a Joiner keeps.
const maxJoining = 64

// Joiner assembles messages from parts, repeated and in any order. Its zero value is ready.
type Joiner struct {
	joining map[string]*joining
	ids     []string // of joining, the oldest first
}

type joining struct {
	parts map[int]Message
	of    int
}

// Add processes a received message. ok is false while parts are missing. A message without parts is
// returned unchanged. The oldest incomplete messages are dropped.
func (j *Joiner) Add(m Message) (whole Message, ok bool, err error) {
	if m.Parts <= 1 {
		return m, true, nil
	}
	if m.ID == "" || m.Part < 1 || m.Part > m.Parts || m.Parts > MaxParts {
		return Message{}, false, fmt.Errorf("a %s message is part %d of %d with the id %q", m.Type, m.Part, m.Parts, m.ID)
	}
	got := j.joining[m.ID]
	if got == nil {
		got = &joining{map[int]Message{}, m.Parts}
		if j.joining == nil {
			j.joining = map[string]*joining{}
		}
		j.joining[m.ID] = got
		j.ids = append(j.ids, m.ID)
		if len(j.ids) > maxJoining {
			j.drop(j.ids[0])
		}
	}
	if m.Parts != got.of {
		return Message{}, false, fmt.Errorf("a %s message has %d parts and %d parts", m.Type, m.Parts, got.of)
	}
	got.parts[m.Part] = m
	if len(got.parts) < got.of {
		return Message{}, false, nil
	}
	j.drop(m.ID)
	whole, err = got.whole()
	return whole, err == nil, err
}

func (j *Joiner) drop(id string) {
	delete(j.joining, id)
	j.ids = slices.DeleteFunc(j.ids, func(other string) bool { return other == id })
}

func (g *joining) whole() (Message, error) {
	var value any
	for n := 1; n <= g.of; n++ {
		share, err := tree(g.parts[n].Data)
		if err != nil {
			return Message{}, fmt.Errorf("part %d of a %s message: %w", n, g.parts[n].Type, err)
		}
		value = join(value, share)
	}
	whole := g.parts[1]
	whole.ID, whole.Part, whole.Parts = "", 0, 0
	data, err := compact(value)
	whole.Data = data
	return whole, err
}
