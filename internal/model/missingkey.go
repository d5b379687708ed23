package model

import (
	"maps"
	"slices"
	"time"
)

// NextWithout is Next for a user some of whose keys were deleted outside CloudFormation. Their
// slots are emptied, and a missing current key is replaced at once.
//
// The user's secret exists as long as a key is current. So the new key gets the other slot, unless
// that holds an active key: no commit in between leaves the user without a current key, and the
// secret keeps its ARN.
func (k *AccessKey) NextWithout(have *AccessKey, missing []Slot, now time.Time) map[Slot]Key {
	var next map[Slot]Key
	current, ok := have.Current()
	if k.Disabled || !ok || !slices.Contains(missing, current) {
		next = k.Next(have, now)
	} else {
		next = k.replaceMissing(have, current, now.UTC().Truncate(time.Second))
	}
	for _, slot := range missing {
		if key, there := next[slot]; there && key.Created.Equal(have.Keys[slot].Created) {
			delete(next, slot)
		}
	}
	return next
}

// replaceMissing returns the keys with a new one for the missing current key.
func (k *AccessKey) replaceMissing(have *AccessKey, current Slot, now time.Time) map[Slot]Key {
	keys := maps.Clone(have.Keys)
	delete(keys, current)
	fresh := current
	if _, active := (&AccessKey{Keys: keys}).Current(); !active {
		fresh = free(have.Keys, current)
		delete(keys, fresh)
	}
	if k.Trigger != have.Trigger || k.overlap() == 0 {
		deactivate(keys, now)
	}
	keys[fresh] = Key{Created: now}
	return keys
}
