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

// MaxMessage is the most bytes that one text sent to a client has: a message of up to 32 KB is one frame for API Gateway, and is billed as one
// (API Gateway developer guide, WebSocket quotas). A client's own messages are bound by it, too.
const MaxMessage = 32 << 10

// MaxParts is the most parts that a message can have.
const MaxParts = 9999

// Encode gives the texts to be sent for a message, each of at most MaxMessage bytes: the message itself, or its parts. Each part is a message
// with the same members, an ID that is the message's own, and a share of the data. Joining the shares in order, as Joiner does, gives the data:
//
//   - objects are joined member by member,
//   - arrays are put one after the other; but a part's array that begins with null goes on with the last element of the array before it:
//     the element after the null is joined to that one,
//   - everything else is in one share only.
//
// Elements of arrays (entities, for instance) stay in one part if they fit. Equal messages have equal parts, whoever makes them. Data must
// have no null in an array, and no single string or number that doesn't fit: nothing in this package has.
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

// errIndivisible says that something doesn't fit into a part by itself.
var errIndivisible = errors.New("a string or number is larger than a part")

// errNull says that an array has a null, which would be taken for a part's begin.
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

// nothing stands for a first piece for which there is no room.
type nothing struct{}

// divide divides a value into pieces: the first takes at most first bytes, and is nothing{} when that is too little; the others take at most
// fresh bytes. With whole, a value that fits into fresh bytes stays in one piece.
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

// sizeOf is the size of a piece as text; 0 for nothing{}.
func sizeOf(piece any) (int, error) {
	if piece == (nothing{}) {
		return 0, nil
	}
	text, err := compact(piece)
	return len(text), err
}

// tree is JSON as Go values. Numbers stay as they are spelled.
func tree(data json.RawMessage) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("reading JSON: %w", err)
	}
	return value, nil
}

// compact is a value of a tree as JSON, in the form in which a json.RawMessage is encoded, so that sizes are exact.
func compact(value any) (json.RawMessage, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("encoding JSON: %w", err)
	}
	return text, nil
}

// join is the opposite of split: value with the next share.
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

// maxJoining is how many messages a Joiner puts together at a time.
const maxJoining = 64

// Joiner puts messages together that came in parts, in whatever order, as often as they come. Its zero value is ready.
type Joiner struct {
	joining map[string]*joining
	ids     []string // of joining, the oldest first
}

type joining struct {
	parts map[int]Message
	of    int
}

// Add takes a message that was received. ok is false when parts are lacking yet. A message in one part comes back as it is. Parts of messages
// that never come whole are dropped in the end, the oldest first.
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
