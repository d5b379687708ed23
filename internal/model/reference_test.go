package model_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/model/modeltest"
)

// full returns entities in which every text is set.
func full() []model.Entity {
	tags := map[string]string{"team": "core"}
	return []model.Entity{
		model.Project{
			Name: "acme", AccountID: modeltest.Account, Region: modeltest.Region, RoleName: "Role",
			OnDelete: model.Refuse, Tags: tags,
		},
		model.Bucket{
			Name:       "inbox",
			BucketName: "some-bucket",
			KMSKeyARN:  "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555",
			ObjectLock: &model.ObjectLock{Mode: "GOVERNANCE", Days: 1},
			OnDelete:   model.Refuse,
			Tags:       tags,
			CORS: []model.CORSRule{
				{
					AllowedOrigins: []string{"*"},
					AllowedMethods: []string{"GET"},
					AllowedHeaders: []string{"a"},
					ExposeHeaders:  []string{"b"},
				},
			},
		},
		model.User{
			Name: "partner", SourceIPs: []string{"203.0.113.0/24"}, SecretReaders: []string{"444455556666"}, Tags: tags,
			SFTP: &model.SFTP{PublicKeys: []string{modeltest.PublicKey(1) + " comment"}},
			AccessKey: &model.AccessKey{Trigger: "one", Keys: map[model.Slot]model.Key{
				model.SlotA: {Created: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)},
			}},
		},
		model.Permission{User: "partner", Bucket: "inbox", Prefix: "in/", Access: model.ReadWrite},
	}
}

// TestProblems_DynamicReferenceInAnyText puts a dynamic reference into every text of every entity,
// including keys of maps.
func TestProblems_DynamicReferenceInAnyText(t *testing.T) {
	for _, e := range full() {
		if problems := e.Problems(); len(problems) > 0 {
			t.Fatalf("%s: %v", e.ID(), problems)
		}
		var decoded any
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &decoded); err != nil {
			t.Fatal(err)
		}
		places := 0
		poison(decoded, "", func(at string) {
			changed, err := json.Marshal(decoded)
			if err != nil {
				t.Fatal(err)
			}
			poisoned := reflect.New(reflect.TypeOf(e))
			if json.Unmarshal(changed, poisoned.Interface()) != nil {
				return // a time, not a text
			}
			places++
			problems := poisoned.Elem().Interface().(model.Entity).Problems()
			if len(problems) == 0 {
				t.Errorf("%s takes a dynamic reference at %s", e.ID().Kind, at)
			}
		})
		if places < 4 {
			t.Errorf("%s has %d texts", e.ID().Kind, places)
		}
	}
}

// poison puts a dynamic reference into one text after the other, and restores it after each call.
func poison(in any, at string, call func(at string)) {
	const reference = "x{{resolve:ssm:/secret}}"
	switch in := in.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(in)) {
			value := in[key]
			where := at + "." + key
			if _, ok := value.(string); ok {
				in[key] = reference
				call(where)
				in[key] = value
				if strings.HasSuffix(at, ".tags") {
					delete(in, key)
					in[reference] = value
					call(where + " (key)")
					delete(in, reference)
					in[key] = value
				}
				continue
			}
			poison(value, where, call)
		}
	case []any:
		for i, value := range in {
			if text, ok := value.(string); ok {
				in[i] = text + reference
				call(at + "[]")
				in[i] = value
				continue
			}
			poison(value, at+"[]", call)
		}
	}
}
