package mirror

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

func TestContentsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Body{
			Shard: rapid.IntRange(0, 99).Draw(t, "shard"),
			Version: Version{
				StackID: "arn", LastUpdated: time.UnixMilli(rapid.Int64Range(0, 1<<42).Draw(t, "time")).UTC(),
				Revision: rapid.Int64().Draw(t, "revision"), Status: "UPDATE_COMPLETE", Phase: phaseFinal,
			},
			Hash:     "hash",
			Contents: rapid.Make[template.Contents]().Draw(t, "contents"),
		}
		// Tags, ids and names of properties are never empty, and DynamoDB cannot store empty ones.
		want.Contents.Env.Budget = template.Usage{} // belongs to the reader, and is not stored
		delete(want.Contents.Origins, "")
		delete(want.Contents.Incarnations, "")
		delete(want.Contents.Policies, "")
		if want.Contents.Project != nil {
			delete(want.Contents.Project.Tags, "")
		}
		for _, b := range want.Contents.Buckets {
			withoutEmptyKeys(b)
		}
		for _, u := range want.Contents.Users {
			delete(u.Tags, "")
			if u.AccessKey != nil {
				delete(u.AccessKey.Keys, "")
			}
		}
		delete(want.Contents.Credentials, "")
		for _, c := range want.Contents.Credentials {
			delete(c.KeyIDs, "")
		}
		want.Contents.Env.Outputs = nil // momentary, and not stored
		if heldRefs := want.Contents.HeldRefs; heldRefs != nil {
			delete(heldRefs.Buckets, "")
			for _, u := range heldRefs.Users {
				delete(u.Tags, "")
				if u.AccessKey != nil {
					delete(u.AccessKey.Keys, "")
				}
			}
		}
		i, err := want.item("demo")
		if err != nil {
			t.Fatal(err)
		}
		want.Format = bodyFormat
		var got Body
		if err := unmarshal(i, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func withoutEmptyKeys(b model.Bucket) {
	delete(b.Tags, "")
	if b.Adoption != nil {
		delete(b.Adoption.Neutral, "")
		delete(b.Adoption.Properties, "")
		delete(b.Adoption.Notifications, "")
	}
}

// Entities are native maps, so that other programs can read the table.
func TestItems_NativeMaps(t *testing.T) {
	body := Body{
		Contents: template.Contents{
			Buckets: []model.Bucket{{Name: "inbox", Lifecycle: model.Lifecycle{ExpireAfterDays: 30}}},
		},
	}
	i, err := body.item("demo")
	if err != nil {
		t.Fatal(err)
	}
	within := func(v types.AttributeValue, name string) types.AttributeValue {
		m, ok := v.(*types.AttributeValueMemberM)
		if !ok {
			t.Fatalf("%s is in a %T", name, v)
		}
		return m.Value[name]
	}
	buckets, ok := within(i["contents"], "buckets").(*types.AttributeValueMemberL)
	if !ok || len(buckets.Value) != 1 {
		t.Fatalf("buckets are %v", buckets)
	}
	days, ok := within(within(buckets.Value[0], "lifecycle_rules"), "expire_after_days").(*types.AttributeValueMemberN)
	if !ok || days.Value != "30" {
		t.Errorf("expire_after_days is %v", days)
	}
}

// The sizes are the examples and rules of the DynamoDB developer guide, "DynamoDB item sizes and
// formats".
func TestItemSize(t *testing.T) {
	s := func(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
	n := func(v string) types.AttributeValue { return &types.AttributeValueMemberN{Value: v} }
	for _, test := range []struct {
		name string
		item item
		want int
	}{
		{"an attribute named shirt-color with value R", item{"shirt-color": s("R")}, 12},
		{"bytes, not characters", item{"a": s("é")}, 3},
		{"a boolean", item{"a": &types.AttributeValueMemberBOOL{Value: true}}, 2},
		{"a number", item{"a": n("1234")}, 1 + 4},
		{"a negative number", item{"a": n("-1234")}, 1 + 5},
		{"zeroes around a number", item{"a": n("1000")}, 1 + 3},
		{"a list", item{"a": &types.AttributeValueMemberL{Value: []types.AttributeValue{s("xy"), s("")}}}, 1 + 3 + 2 + 2},
		{"a map", item{"a": &types.AttributeValueMemberM{Value: item{"bc": s("xy")}}}, 1 + 3 + 1 + 2 + 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := itemSize(test.item); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}
