package model

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"time"
)

// AccessKey says that a user has a key for S3, when it is replaced, and which keys there are now.
//
// # Rotation
//
// IAM lets a user have two access keys (IAM user guide, reference_iam-quotas), so the keys of a user stand in two slots. The
// newest active key is the current one: the user's secret holds it. A rotation makes a key in the free slot; the old one goes
// on working for the overlap, so that the partner has time to fetch the new one; then it is made inactive, which a person can still
// take back; and after as long again it is deleted. A replacement makes the old key inactive together with the new one: it is
// for a key that got into wrong hands.
//
// Nothing happens by itself: Next says what is due, an apply does it. Each step is one commit, so it is made or not made, and
// what stands says which step comes next: nothing is lost by a failure or a crash between them.
type AccessKey struct {
	// Disabled says that the user has no key for now, whatever else is said here.
	Disabled bool `json:"disabled,omitempty"`
	// Rotation is nil for a key that is replaced by hand only.
	Rotation *Rotation `json:"rotation,omitempty"`
	// Trigger is any text; when it changes, the key is replaced at once.
	Trigger string `json:"replacement_trigger,omitempty"`
	// Keys are those that the user has.
	Keys map[Slot]Key `json:"keys,omitempty"`
}

// Rotation is when a key is replaced, and how long the old one works beside the new one.
type Rotation struct {
	EveryDays   int64 `json:"every_days"`
	OverlapDays int64 `json:"overlap_days,omitempty"`
}

// Slot is the place of one of a user's keys.
type Slot string

// The slots.
const (
	SlotA Slot = "a"
	SlotB Slot = "b"
)

// Slots are all slots.
func Slots() []Slot { return []Slot{SlotA, SlotB} }

// Key is one key of a user: when it was made and, if it has been made inactive, when. Both are times in whole seconds, UTC, of the
// clock of whoever made the commit.
type Key struct {
	Created  time.Time  `json:"created"`
	Inactive *time.Time `json:"inactive,omitempty"`
}

// Active says that the key works.
func (k Key) Active() bool { return k.Inactive == nil }

// Current is the slot of the newest active key; ok is false when there is none.
func (k *AccessKey) Current() (slot Slot, ok bool) {
	for _, s := range Slots() {
		if key, there := k.Keys[s]; there && key.Active() && (!ok || key.Created.After(k.Keys[slot].Created)) {
			slot, ok = s, true
		}
	}
	return slot, ok
}

// Due says whether a step is due at a moment, by the mere passing of time.
func (k *AccessKey) Due(now time.Time) bool {
	return !sameKeys(k.Keys, k.Next(k, now)) && !k.Disabled
}

// Next are the keys that a user is to have: have is what stands (nil for a user without a key), k says how it is configured.
func (k *AccessKey) Next(have *AccessKey, now time.Time) map[Slot]Key {
	if k.Disabled {
		return nil
	}
	if have == nil {
		have = &AccessKey{}
	}
	now = now.UTC().Truncate(time.Second)
	keys := maps.Clone(have.Keys)
	if keys == nil {
		keys = map[Slot]Key{}
	}
	overlap := k.overlap()
	current, ok := have.Current()
	replaced := ok && k.Trigger != have.Trigger
	if !ok || replaced || k.due(keys[current], now) {
		fresh := free(keys, current)
		delete(keys, fresh)
		if replaced || overlap == 0 {
			deactivate(keys, now)
		}
		keys[fresh] = Key{Created: now}
		return keys
	}
	for slot, key := range keys {
		switch {
		case slot == current:
		case key.Active():
			if !now.Before(keys[current].Created.Add(overlap)) {
				keys[slot] = Key{key.Created, &now}
			}
		case !now.Before(key.Inactive.Add(max(overlap, minInactive))):
			delete(keys, slot)
		}
	}
	return keys
}

// minInactive is how long an inactive key stays at least, so that the plan that follows a replacement is empty.
const minInactive = 24 * time.Hour

func (k *AccessKey) overlap() time.Duration {
	if k.Rotation == nil {
		return 0
	}
	return days(k.Rotation.OverlapDays)
}

func (k *AccessKey) due(current Key, now time.Time) bool {
	return k.Rotation != nil && !now.Before(current.Created.Add(days(k.Rotation.EveryDays)))
}

func days(n int64) time.Duration { return time.Duration(n) * 24 * time.Hour }

// free is the slot for a new key: an empty one, else that of the key that isn't the current one.
func free(keys map[Slot]Key, current Slot) Slot {
	for _, slot := range Slots() {
		if _, taken := keys[slot]; !taken {
			return slot
		}
	}
	if current == SlotA {
		return SlotB
	}
	return SlotA
}

func deactivate(keys map[Slot]Key, now time.Time) {
	for slot, key := range keys {
		if key.Active() {
			keys[slot] = Key{key.Created, &now}
		}
	}
}

// KeySteps are the users that have to be written one after another to come from one to another. A slot whose key is replaced by
// another one has to be emptied first: CloudFormation makes the new before it deletes the old, and IAM takes no third key.
func KeySteps(from, to User) []User {
	if from.AccessKey == nil || to.AccessKey == nil {
		return []User{to}
	}
	emptied := maps.Clone(from.AccessKey.Keys)
	for slot, key := range to.AccessKey.Keys {
		if before, there := emptied[slot]; there && !before.Created.Equal(key.Created) {
			delete(emptied, slot)
		}
	}
	if len(emptied) == len(from.AccessKey.Keys) {
		return []User{to}
	}
	between := to // all of the change but the key: it is refused as a whole, or not at all
	key := *from.AccessKey
	key.Keys = emptied
	between.AccessKey = &key
	return []User{between, to}
}

// SameKeys says whether two users have the same keys.
func SameKeys(a, b User) bool { return sameKeys(a.keys(), b.keys()) }

func sameKeys(a, b map[Slot]Key) bool {
	return maps.EqualFunc(a, b, func(a, b Key) bool { return a.Created.Equal(b.Created) && a.Active() == b.Active() })
}

func (u User) keys() map[Slot]Key {
	if u.AccessKey == nil {
		return nil
	}
	return u.AccessKey.Keys
}

// WithoutKeys is the user without the keys that it has: as it is configured.
func (u User) WithoutKeys() User {
	if u.AccessKey != nil {
		configured := *u.AccessKey
		configured.Keys = nil
		u.AccessKey = &configured
	}
	return u
}

// maxRotation is the longest time between rotations, in days: ten years.
const maxRotation = 3650

func (k *AccessKey) problems() []Problem {
	var problems []Problem
	if r := k.Rotation; r != nil {
		if r.EveryDays < 1 || r.EveryDays > maxRotation {
			problems = append(problems, Problem{"access_key.rotation.every_days", fmt.Sprintf("must be between 1 and %d days", maxRotation)})
		}
		if r.OverlapDays < 0 || r.OverlapDays > 0 && r.OverlapDays*2 >= r.EveryDays {
			problems = append(problems, Problem{"access_key.rotation.overlap_days", "must be less than half of every_days: the old key works for that long beside the new one, and stays inactive for as long again before it is deleted"})
		}
	}
	problems = append(problems, referenceProblems("access_key.replacement_trigger", k.Trigger)...)
	for slot := range k.Keys {
		if slot != SlotA && slot != SlotB {
			problems = append(problems, Problem{"access_keys", fmt.Sprintf("%q is none of the slots a and b", slot)})
		}
	}
	return problems
}

// maxReaders keeps the policy of a secret well below the 20,480 characters that Secrets Manager takes (Secrets Manager user guide,
// reference_limits).
const maxReaders = 100

// readerPattern takes what can be a principal of a secret's policy: an account, or a role or user by its path and name, without
// wildcards (IAM user guide, reference_policies_elements_principal; IAM API reference, CreateRole).
var readerPattern = regexp.MustCompile(`^(arn:(aws[a-z-]*):iam::[0-9]{12}:(root|(user|role)/([!-~]{1,510}/)?[\w+=,.@-]{1,64})|[0-9]{12})$`)

func (u User) readerProblems() []Problem {
	var problems []Problem
	if len(u.SecretReaders) > 0 && u.AccessKey == nil {
		problems = append(problems, Problem{"secret_readers", "needs access_key: without a key there is no secret to read"})
	}
	if len(u.SecretReaders) > maxReaders {
		problems = append(problems, Problem{"secret_readers", fmt.Sprintf("has %d principals; at most %d fit", len(u.SecretReaders), maxReaders)})
	}
	for _, reader := range u.SecretReaders {
		if !readerPattern.MatchString(reader) || strings.ContainsAny(reader, "*?") {
			problems = append(problems, Problem{"secret_readers", fmt.Sprintf("%q must be the ARN of an IAM role or user without wildcards, or an account: its 12 digits or arn:aws:iam::ACCOUNT:root", reader)})
		}
	}
	return problems
}
