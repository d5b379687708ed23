package model_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	. "github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/model/modeltest"
)

// field is one field of an entity, named as in the configuration. set assigns the n-th of its
// values; 0 is the default.
type field struct {
	name string
	set  func(e Entity, n int64) Entity
}

func setter[E Entity](name string, set func(e *E, n int64)) field {
	return field{name, func(e Entity, n int64) Entity {
		entity, _ := e.(E)
		set(&entity, n)
		return entity
	}}
}

var made = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// mergeable returns the kinds of entities with all fields that can be changed in place.
func mergeable() map[Kind]struct {
	base   Entity
	fields []field
} {
	onDelete := func(n int64) OnDelete { return []OnDelete{Refuse, Retain, Empty}[n] }
	tags := func(tags map[string]string, key string, n int64) map[string]string {
		result := maps.Clone(tags)
		if result == nil {
			result = map[string]string{}
		}
		delete(result, key)
		if n > 0 {
			result[key] = fmt.Sprint(n)
		}
		return result
	}
	bucketTag := func(key string) field {
		return setter("tags."+key, func(b *Bucket, n int64) { b.Tags = tags(b.Tags, key, n) })
	}
	user := User{
		Name:      "partner",
		AccessKey: &AccessKey{Rotation: &Rotation{EveryDays: 90}, Keys: map[Slot]Key{SlotA: {Created: made}}},
		SFTP:      &SFTP{PublicKeys: []string{modeltest.PublicKey(0)}},
	}
	key := func(u *User) *AccessKey {
		k := *u.AccessKey
		u.AccessKey = &k
		return &k
	}
	return map[Kind]struct {
		base   Entity
		fields []field
	}{
		KindProject: {Project{Name: "acme", AccountID: "111122223333", Region: "eu-west-1", OnDelete: Refuse}, []field{
			setter("on_delete", func(p *Project, n int64) { p.OnDelete = onDelete(n) }),
			setter("sftp.enabled", func(p *Project, n int64) { p.SFTP = n > 0 }),
			setter("role_name", func(p *Project, n int64) { p.RoleName = strings.Repeat("r", int(n)) }),
			setter("closing", func(p *Project, n int64) { p.Closing = n > 0 }),
			setter("tags.a", func(p *Project, n int64) { p.Tags = tags(p.Tags, "a", n) }),
		}},
		KindBucket: {
			Bucket{
				Name: "inbox", BucketName: "acme-inbox", OnDelete: Refuse, Lifecycle: DefaultLifecycle(),
				ObjectLock: &ObjectLock{Mode: "GOVERNANCE", Days: 5},
			},
			[]field{
				setter("kms_key_arn", func(b *Bucket, n int64) {
					b.KMSKeyARN = strings.Repeat(fmt.Sprint("arn:aws:kms:eu-west-1:111122223333:key/", n), min(int(n), 1))
				}),
				setter("lifecycle_rules.expire_after_days", func(b *Bucket, n int64) { b.Lifecycle.ExpireAfterDays = n }),
				setter(
					"lifecycle_rules.expire_noncurrent_after_days",
					func(b *Bucket, n int64) { b.Lifecycle.ExpireNoncurrentAfterDays = 90 + n },
				),
				setter(
					"lifecycle_rules.abort_multipart_after_days",
					func(b *Bucket, n int64) { b.Lifecycle.AbortMultipartAfterDays = 7 + n },
				),
				setter("object_lock.mode", func(b *Bucket, n int64) {
					b.ObjectLock = &ObjectLock{Mode: []string{"GOVERNANCE", "COMPLIANCE"}[min(n, 1)], Days: b.ObjectLock.Days}
				}),
				setter(
					"object_lock.days",
					func(b *Bucket, n int64) { b.ObjectLock = &ObjectLock{Mode: b.ObjectLock.Mode, Days: 5 + n} },
				),
				setter("cors", func(b *Bucket, n int64) {
					b.CORS = slices.Repeat(
						[]CORSRule{{AllowedOrigins: []string{"https://a.example"}, AllowedMethods: []string{"GET"}}},
						int(n),
					)
				}),
				setter("unmodeled_settings", func(b *Bucket, n int64) {
					b.UnmodeledSettings = []Unmodeled{RefuseUnmodeled, KeepUnmodeled, RemoveUnmodeled}[n%3]
				}),
				setter("on_delete", func(b *Bucket, n int64) { b.OnDelete = onDelete(n) }),
				bucketTag("a"),
				bucketTag("b.c"),
			},
		},
		KindUser: {
			user,
			[]field{
				setter("source_ips", func(u *User, n int64) { u.SourceIPs = slices.Repeat([]string{"203.0.113.0/24"}, int(n)) }),
				setter("access_key.rotation.every_days", func(u *User, n int64) {
					k := key(u)
					k.Rotation = &Rotation{EveryDays: 90 + n, OverlapDays: k.Rotation.OverlapDays}
				}),
				setter("access_key.rotation.overlap_days", func(u *User, n int64) {
					k := key(u)
					k.Rotation = &Rotation{EveryDays: k.Rotation.EveryDays, OverlapDays: n}
				}),
				setter("access_key.replacement_trigger", func(u *User, n int64) { key(u).Trigger = strings.Repeat("t", int(n)) }),
				setter("access_key.enabled", func(u *User, n int64) { key(u).Disabled = n > 0 }),
				setter("access_keys", func(u *User, n int64) {
					key(u).Keys = map[Slot]Key{SlotA: {Created: made.Add(time.Duration(n) * time.Hour)}}
				}),
				setter(
					"secret_readers",
					func(u *User, n int64) { u.SecretReaders = slices.Repeat([]string{"111122223333"}, int(n)) },
				),
				setter(
					"sftp.ssh_public_keys",
					func(u *User, n int64) { u.SFTP = &SFTP{PublicKeys: []string{modeltest.PublicKey(byte(n))}} },
				),
				setter("tags.a", func(u *User, n int64) { u.Tags = tags(u.Tags, "a", n) }),
			},
		},
		KindPermission: {Permission{User: "partner", Bucket: "inbox", Access: ReadWrite}, []field{
			setter("access", func(p *Permission, n int64) { p.Access = []Access{ReadWrite, Write, Read}[n] }),
			setter("allow_delete", func(p *Permission, n int64) { p.AllowDelete = n > 0 }),
		}},
	}
}

// boolean lists the fields with two values only, in which no conflict is possible.
var boolean = []string{"sftp.enabled", "closing", "access_key.enabled", "allow_delete", "object_lock.mode"}

func TestMerge_FieldByField(t *testing.T) {
	for kind, c := range mergeable() {
		for _, ours := range c.fields {
			planned := ours.set(c.base, 1)
			for _, theirs := range c.fields {
				present := theirs.set(c.base, 1)
				want := theirs.set(planned, 1)
				merged, conflicts := Merge(c.base, planned, present)
				if len(conflicts) > 0 {
					t.Errorf("%s: %s and %s conflict: %+v", kind, ours.name, theirs.name, conflicts)
				} else if diff := cmp.Diff(want, merged, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("%s: %s and %s are merged to %s", kind, ours.name, theirs.name, diff)
				}
			}
			if slices.Contains(boolean, ours.name) {
				continue
			}
			merged, conflicts := Merge(c.base, planned, ours.set(c.base, 2))
			if len(conflicts) != 1 || conflicts[0].Field != ours.name || merged != nil {
				t.Errorf("%s: %s changed by both is %+v", kind, ours.name, conflicts)
			}
		}
	}
}

func TestMerge_ConflictShowsTheValues(t *testing.T) {
	bucket := Bucket{
		Name: "inbox", BucketName: "acme-inbox", Lifecycle: Lifecycle{ExpireAfterDays: 5}, OnDelete: Refuse,
		Tags: map[string]string{"team": "red"},
	}
	planned, present := bucket, bucket
	planned.Lifecycle.ExpireAfterDays, present.Lifecycle.ExpireAfterDays = 6, 0
	planned.Tags, present.Tags = nil, map[string]string{"team": "<blue>"}
	_, conflicts := Merge(bucket, planned, present)
	if diff := cmp.Diff([]FieldConflict{
		{Field: "lifecycle_rules.expire_after_days", Prior: "5", Planned: "6", Present: "unset"},
		{Field: "tags.team", Prior: `"red"`, Planned: "unset", Present: `"<blue>"`},
	}, conflicts); diff != "" {
		t.Error(diff)
	}
}

// An object that one writer removes and another changes is a conflict as a whole.
func TestMerge_ObjectsThatComeAndGo(t *testing.T) {
	key := func(trigger string) User {
		return User{Name: "partner", AccessKey: &AccessKey{Trigger: trigger, Keys: map[Slot]Key{SlotA: {Created: made}}}}
	}
	for name, c := range map[string]struct {
		prior, planned, present User
		want                    string
	}{
		"removed and changed": {key("a"), User{Name: "partner"}, key("b"), "access_key"},
		"changed and removed": {key("a"), key("b"), User{Name: "partner"}, "access_key"},
		"added twice":         {User{Name: "partner"}, key("a"), key("b"), "access_key"},
		"removed twice":       {key("a"), User{Name: "partner"}, User{Name: "partner"}, ""},
	} {
		merged, conflicts := Merge(c.prior, c.planned, c.present)
		if c.want == "" && len(conflicts) == 0 && reflect.DeepEqual(merged, Entity(c.planned)) {
			continue
		}
		if len(conflicts) != 1 || conflicts[0].Field != c.want {
			t.Errorf("%s: %+v", name, conflicts)
		}
	}
}

// Two valid changes can make an invalid entity.
func TestMerge_InvalidTogether(t *testing.T) {
	prior := User{Name: "partner", AccessKey: &AccessKey{Rotation: &Rotation{EveryDays: 90, OverlapDays: 7}}}
	planned, present := prior, prior
	planned.AccessKey = &AccessKey{Rotation: &Rotation{EveryDays: 20, OverlapDays: 7}}
	present.AccessKey = &AccessKey{Rotation: &Rotation{EveryDays: 90, OverlapDays: 30}}
	_, conflicts := Merge(prior, planned, present)
	if len(conflicts) != 1 || conflicts[0].Field != "access_key.rotation.overlap_days" || conflicts[0].Reason == "" ||
		conflicts[0].Prior != "7" || conflicts[0].Planned != "7" || conflicts[0].Present != "30" {
		t.Errorf("%+v", conflicts)
	}
}

// The order of strings is no change, because their attributes are sets.
func TestMerge_OrderOfStrings(t *testing.T) {
	ips := func(ips ...string) User { return User{Name: "partner", SourceIPs: ips} }
	planned := ips("203.0.113.0/24")
	merged, conflicts := Merge(ips("203.0.113.0/24", "198.51.100.0/24"), planned, ips("198.51.100.0/24", "203.0.113.0/24"))
	if len(conflicts) > 0 || !reflect.DeepEqual(merged, Entity(planned)) {
		t.Errorf("merged to %+v, %+v", merged, conflicts)
	}
}

// For any entities, an unchanged one yields to the changed one.
func TestMerge_AnyEntities(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) Entity {
			return modeltest.Bucket("inbox").Draw(t, label)
		}
		if rapid.Bool().Draw(t, "users") {
			draw = func(label string) Entity { return modeltest.User("partner").Draw(t, label) }
		}
		a, b := draw("a"), draw("b")
		for name, c := range map[string]struct{ prior, planned, present, want Entity }{
			"nothing planned":  {a, a, b, b},
			"nothing happened": {a, b, a, b},
			"the same twice":   {a, b, b, b},
		} {
			merged, conflicts := Merge(c.prior, c.planned, c.present)
			if diff := cmp.Diff(c.want, merged, cmpopts.EquateEmpty()); diff != "" || len(conflicts) > 0 {
				t.Fatalf("%s: %v %s", name, conflicts, diff)
			}
		}
		c := draw("c")
		if merged, conflicts := Merge(a, b, c); (merged == nil) != (len(conflicts) > 0) {
			t.Fatalf("merged to %v with the conflicts %v", merged, conflicts)
		}
	})
}

// Every field of every kind is merged. Add new fields of the model here.
func TestMerge_AllFields(t *testing.T) {
	identity := map[Kind][]string{
		// no plan changes an adoption
		KindProject: {"name", "account_id", "region"}, KindBucket: {"name", "bucket_name", "unversioned", "adoption"},
		KindUser: {"name"}, KindPermission: {"user", "bucket", "prefix"},
	}
	for kind, c := range mergeable() {
		typ := reflect.TypeOf(c.base)
		for i := range typ.NumField() {
			name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			covered := slices.ContainsFunc(
				c.fields, func(f field) bool { return f.name == name || strings.HasPrefix(f.name, name+".") },
			)
			if !covered && !slices.Contains(identity[kind], name) {
				t.Errorf("no test merges the field %s of a %s", name, kind)
			}
		}
	}
}

// A bucket with object lock is always versioned, so versioning is tested without it.
func TestMerge_Versioning(t *testing.T) {
	bucket := Bucket{Name: "inbox", BucketName: "acme-inbox", OnDelete: Refuse}
	planned, present := bucket, bucket
	planned.Unversioned, present.OnDelete = true, Retain
	want := planned
	want.OnDelete = Retain
	if merged, conflicts := Merge(bucket, planned, present); len(conflicts) > 0 ||
		!reflect.DeepEqual(merged, Entity(want)) {
		t.Errorf("merged to %+v, %+v", merged, conflicts)
	}
	planned.ObjectLock, present.ObjectLock = nil, &ObjectLock{Mode: "GOVERNANCE", Days: 1}
	present.OnDelete = Refuse
	_, conflicts := Merge(bucket, planned, present)
	if len(conflicts) != 1 || conflicts[0].Field != "object_lock" {
		t.Errorf("without versioning and with object lock: %+v", conflicts)
	}
}
