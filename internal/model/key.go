package model

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"time"
)

// AccessKey configures a user's access key for S3 and its rotation, and records the existing keys.
//
// # Rotation
//
// IAM allows two access keys per user (IAM user guide, reference_iam-quotas), so a user's keys are
// in two slots. The newest active key is the current one, and the user's secret holds it. A
// rotation creates a key in the free slot. The old key stays active for the overlap, so that the
// partner has time to fetch the new one. Then it is made inactive, which a person can still undo,
// and after the same time again it is deleted. A replacement, for a compromised key, makes the old
// key inactive together with the creation of the new one.
//
// No step happens automatically: Next returns what is due, and an apply does it. Each step is one
// commit, done completely or not at all. The existing keys determine the next step, so a failure or
// crash in between loses nothing.
type AccessKey struct {
	// Disabled means that the user has no key for now, whatever the other fields are.
	Disabled bool `json:"disabled,omitempty"`
	// Rotation is nil for a key that is only replaced manually.
	Rotation *Rotation `json:"rotation,omitempty"`
	// Trigger is any text. A change of it replaces the key immediately.
	Trigger string `json:"replacement_trigger,omitempty"`
	// Keys are the user's existing keys.
	Keys map[Slot]Key `json:"keys,omitempty"`
}

// Rotation sets when a key is replaced, and how long the old one stays active.
type Rotation struct {
	EveryDays   int64 `json:"every_days"`
	OverlapDays int64 `json:"overlap_days,omitempty"`
}

// Slot is the position of one of a user's keys.
type Slot string

// The slots.
const (
	SlotA Slot = "a"
	SlotB Slot = "b"
)

// Slots returns all slots.
func Slots() []Slot { return []Slot{SlotA, SlotB} }

// Key is one key of a user: when it was created and, if it was, made inactive. Both times are whole
// seconds in UTC, by the clock of the committing process.
type Key struct {
	Created  time.Time  `json:"created"`
	Inactive *time.Time `json:"inactive,omitempty"`
}

// Active reports whether the key works.
func (k Key) Active() bool { return k.Inactive == nil }

// Current returns the slot of the newest active key; ok is false for none.
func (k *AccessKey) Current() (slot Slot, ok bool) {
	for _, s := range Slots() {
		if key, there := k.Keys[s]; there && key.Active() && (!ok || key.Created.After(k.Keys[slot].Created)) {
			slot, ok = s, true
		}
	}
	return slot, ok
}

// Due reports whether the time alone makes a step due.
func (k *AccessKey) Due(now time.Time) bool {
	return !sameKeys(k.Keys, k.Next(k, now)) && !k.Disabled
}

// Next returns the keys that a user should have: have is the current state (nil for a user without
// a key), k the configuration.
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

// minInactive is the minimum life of an inactive key, so that the plan after a replacement is
// empty.
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

// free returns the slot for a new key: an empty one, else the one without the current key.
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

// KeySteps returns the users to write, in order, to change from into to. A slot must be emptied
// before its key is replaced: CloudFormation creates the new key before it deletes the old one, and
// IAM allows no third key.
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
	between := to // the whole change except the key: it is refused completely or not at all
	key := *from.AccessKey
	key.Keys = emptied
	between.AccessKey = &key
	return []User{between, to}
}

// SameKeys reports whether two users have the same keys.
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

// WithoutKeys returns the user as configured, without its existing keys.
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
			problems = append(
				problems,
				Problem{"access_key.rotation.every_days", fmt.Sprintf("must be between 1 and %d days", maxRotation)},
			)
		}
		if r.OverlapDays < 0 || r.OverlapDays > 0 && r.OverlapDays*2 >= r.EveryDays {
			problems = append(
				problems,
				Problem{
					"access_key.rotation.overlap_days",
					"must be less than half of every_days: the old key works for that long beside the new one, and stays inactive for as long again before it is deleted",
				},
			)
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

// maxReaders keeps the policy of a secret well below the limit of 20,480 characters (Secrets
// Manager user guide, reference_limits).
const maxReaders = 100

// readerPattern matches the principals of a secret's policy: an account, or a role or user by path
// and name, without wildcards (IAM user guide, reference_policies_elements_principal; IAM API
// reference, CreateRole).
var readerPattern = regexp.MustCompile(
	`^(arn:(aws[a-z-]*):iam::[0-9]{12}:(root|(user|role)/([!-~]{1,510}/)?[\w+=,.@-]{1,64})|[0-9]{12})$`,
)

func (u User) readerProblems() []Problem {
	var problems []Problem
	if len(u.SecretReaders) > 0 && u.AccessKey == nil {
		problems = append(problems, Problem{"secret_readers", "needs access_key: without a key there is no secret to read"})
	}
	if len(u.SecretReaders) > maxReaders {
		problems = append(
			problems,
			Problem{"secret_readers", fmt.Sprintf("has %d principals; at most %d fit", len(u.SecretReaders), maxReaders)},
		)
	}
	for _, reader := range u.SecretReaders {
		if !readerPattern.MatchString(reader) || strings.ContainsAny(reader, "*?") {
			problems = append(
				problems,
				Problem{
					"secret_readers",
					fmt.Sprintf(
						"%q must be the ARN of an IAM role or user without wildcards, or an account: its 12 digits or arn:aws:iam::ACCOUNT:root",
						reader,
					),
				},
			)
		}
	}
	return problems
}
