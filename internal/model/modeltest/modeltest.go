// Package modeltest draws arbitrary valid entities for property tests.
package modeltest

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Account and Region are those of every drawn entity.
const (
	Account = "111122223333"
	Region  = "eu-west-1"
)

// Name draws a name of three characters or more that is valid for every kind of entity.
func Name() *rapid.Generator[string] {
	return rapid.StringMatching(`[a-z0-9]{2,6}(-[a-z0-9]{1,5}){0,3}`).Filter(func(s string) bool {
		return len(s) >= 3 && s != "root" && s != "hub"
	})
}

// Prefix draws a prefix, including characters that are special in policies.
func Prefix() *rapid.Generator[string] {
	return rapid.StringMatching(
		`([a-zA-Z0-9äö*?$&<> ._-]{1,8}/?){0,3}`,
	).Filter(func(s string) bool { return !strings.HasPrefix(s, "/") })
}

// Tags draws tags; nil for none.
func Tags() *rapid.Generator[map[string]string] {
	return rapid.Custom(func(t *rapid.T) map[string]string {
		tags := rapid.MapOfN(rapid.StringMatching(`[a-zA-Zü][a-zA-Z0-9 _.:/=+@-]{0,12}`).Filter(func(key string) bool {
			lower := strings.ToLower(key)
			return !strings.HasPrefix(lower, "aws:") && !strings.HasPrefix(lower, "stowage:")
		}), rapid.StringMatching(`[a-zA-Z0-9ü _.:/=+@-]{0,16}`), 0, 4).Draw(t, "tags")
		if len(tags) == 0 {
			return nil
		}
		return tags
	})
}

// Project draws a project.
func Project() *rapid.Generator[model.Project] {
	return rapid.Custom(func(t *rapid.T) model.Project {
		return model.Project{
			Name:      "acme",
			AccountID: Account,
			Region:    Region,
			RoleName:  rapid.SampledFrom([]string{"", "StowageProvisioner"}).Draw(t, "role"),
			OnDelete:  onDelete(t),
			SFTP:      rapid.Bool().Draw(t, "sftp"),
			Tags:      Tags().Draw(t, "tags"),
		}
	})
}

func onDelete(t *rapid.T) model.OnDelete {
	return rapid.SampledFrom([]model.OnDelete{model.Refuse, model.Retain, model.Empty}).Draw(t, "on_delete")
}

// Bucket draws a bucket with this name.
func Bucket(name string) *rapid.Generator[model.Bucket] {
	return rapid.Custom(func(t *rapid.T) model.Bucket {
		days := rapid.Int64Range(0, 400)
		b := model.Bucket{
			Name:        name,
			BucketName:  model.DefaultBucketName("acme", name, Account, Region),
			Unversioned: rapid.Bool().Draw(t, "unversioned"),
			Lifecycle: model.Lifecycle{
				ExpireAfterDays:           days.Draw(t, "expire"),
				ExpireNoncurrentAfterDays: days.Draw(t, "noncurrent"),
				AbortMultipartAfterDays:   days.Draw(t, "abort"),
			},
			OnDelete: onDelete(t),
			Tags:     Tags().Draw(t, "tags"),
		}
		if rapid.Bool().Draw(t, "other name") {
			b.BucketName = "exports-" + name
		}
		if rapid.Bool().Draw(t, "own key") {
			b.KMSKeyARN = "arn:aws:kms:eu-west-1:111122223333:key/" + name
		}
		if !b.Unversioned && rapid.Bool().Draw(t, "locked") {
			b.ObjectLock = &model.ObjectLock{Mode: "GOVERNANCE", Days: 1 + days.Draw(t, "lock")}
		}
		for i := range rapid.IntRange(0, 2).Draw(t, "cors") {
			b.CORS = append(b.CORS, model.CORSRule{
				AllowedOrigins: []string{
					fmt.Sprintf("https://%d.example.com", i),
				},
				AllowedMethods: []string{"GET", "PUT"},
				MaxAgeSeconds:  days.Draw(t, "age"),
			})
		}
		return b
	})
}

// User draws a user with this name.
func User(name string) *rapid.Generator[model.User] {
	return rapid.Custom(func(t *rapid.T) model.User {
		u := model.User{Name: name, Tags: Tags().Filter(func(tags map[string]string) bool {
			lower := map[string]bool{}
			for key := range tags {
				lower[strings.ToLower(key)] = true
			}
			return len(lower) == len(tags) // IAM's keys must differ in more than case
		}).Draw(t, "tags")}
		for i := range rapid.IntRange(0, 2).Draw(t, "sources") {
			u.SourceIPs = append(u.SourceIPs, fmt.Sprintf("203.0.113.%d/32", i))
		}
		if rapid.Bool().Draw(t, "has a key") {
			u.AccessKey = accessKey(t)
			for i := range rapid.IntRange(0, 2).Draw(t, "readers") {
				u.SecretReaders = append(u.SecretReaders, fmt.Sprintf("arn:aws:iam::44445555666%d:root", i))
			}
		}
		if rapid.Bool().Draw(t, "has SFTP") {
			u.SFTP = &model.SFTP{}
			for i := range rapid.IntRange(1, 3).Draw(t, "public keys") {
				u.SFTP.PublicKeys = append(u.SFTP.PublicKeys, PublicKey(byte(i)))
			}
		}
		return u
	})
}

// accessKey draws an access key with one or two keys, one of them active.
func accessKey(t *rapid.T) *model.AccessKey {
	k := &model.AccessKey{
		Trigger: rapid.SampledFrom([]string{"", "leaked"}).Draw(t, "trigger"), Keys: map[model.Slot]model.Key{},
	}
	if rapid.Bool().Draw(t, "rotates") {
		k.Rotation = &model.Rotation{EveryDays: 90, OverlapDays: rapid.Int64Range(0, 40).Draw(t, "overlap")}
	}
	made := func(label string) time.Time {
		return time.Date(
			2026, 1, 1, 0, 0, 0, 0, time.UTC,
		).Add(time.Duration(rapid.IntRange(0, 300).Draw(t, label)) * 24 * time.Hour)
	}
	slots := rapid.Permutation(model.Slots()).Draw(t, "slots")
	k.Keys[slots[0]] = model.Key{Created: made("created")}
	if rapid.Bool().Draw(t, "has an old key") {
		old := model.Key{Created: k.Keys[slots[0]].Created.Add(-24 * time.Hour)}
		if rapid.Bool().Draw(t, "inactive") {
			at := made("made inactive")
			old.Inactive = &at
		}
		k.Keys[slots[1]] = old
	}
	return k
}

// PublicKey returns a public SSH key, a different one for each number.
func PublicKey(n byte) string {
	blob := binary.BigEndian.AppendUint32(nil, uint32(len("ssh-ed25519")))
	blob = append(blob, "ssh-ed25519"...)
	blob = binary.BigEndian.AppendUint32(blob, ed25519.PublicKeySize)
	blob = append(blob, bytes.Repeat([]byte{n}, ed25519.PublicKeySize)...)
	return "ssh-ed25519 " + base64.StdEncoding.EncodeToString(blob)
}

// Permission draws a permission of one of the users on one of the buckets.
func Permission(users, buckets []string) *rapid.Generator[model.Permission] {
	return rapid.Custom(func(t *rapid.T) model.Permission {
		p := model.Permission{
			User:   rapid.SampledFrom(users).Draw(t, "user"),
			Bucket: rapid.SampledFrom(buckets).Draw(t, "bucket"),
			Prefix: Prefix().Draw(t, "prefix"),
			Access: rapid.SampledFrom([]model.Access{model.Read, model.Write, model.ReadWrite}).Draw(t, "access"),
		}
		p.AllowDelete = p.Access != model.Read && rapid.Bool().Draw(t, "allow_delete")
		return p
	})
}

// Entities draws the entities of a project, the project first. Their ids are distinct.
func Entities() *rapid.Generator[[]model.Entity] {
	return rapid.Custom(func(t *rapid.T) []model.Entity {
		entities := []model.Entity{Project().Draw(t, "project")}
		buckets := rapid.SliceOfNDistinct(Name(), 1, 4, rapid.ID).Draw(t, "buckets")
		users := rapid.SliceOfNDistinct(Name(), 1, 3, rapid.ID).Draw(t, "users")
		for _, name := range buckets {
			entities = append(entities, Bucket(name).Draw(t, name))
		}
		for _, name := range users {
			entities = append(entities, User(name).Draw(t, name))
		}
		permissions := rapid.SliceOfNDistinct(Permission(users, buckets), 0, 8, model.Permission.ID)
		for _, p := range permissions.Draw(t, "permissions") {
			entities = append(entities, p)
		}
		return entities
	})
}
