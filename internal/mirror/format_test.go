package mirror_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

var record = flag.Bool("record", false, "write testdata/format1.json, if there is none")

// everything returns contents with every kind of entity and every other part.
func everything() *template.Contents {
	return &template.Contents{
		Env: template.Env{
			Project: "demo", AccountID: "111122223333", Region: "eu-west-1", Partition: "aws",
			Shared: template.Shared{KeyARN: "arn:aws:kms:eu-west-1:111122223333:key/1234"},
		},
		Project: &model.Project{
			Name: "demo", AccountID: "111122223333", Region: "eu-west-1", OnDelete: model.Refuse,
			Tags: map[string]string{"client": "Demo"},
		},
		Buckets: []model.Bucket{
			{
				Name:       "inbox",
				BucketName: "demo-inbox",
				Lifecycle:  model.DefaultLifecycle(),
				OnDelete:   model.Refuse,
				ObjectLock: &model.ObjectLock{Mode: "GOVERNANCE", Days: 30},
				CORS:       []model.CORSRule{{AllowedOrigins: []string{"https://demo.example"}, AllowedMethods: []string{"GET"}}},
			},
		},
		Users: []model.User{{Name: "partner", SourceIPs: []string{"203.0.113.0/24"}}},
		Permissions: []model.Permission{
			{User: "partner", Bucket: "inbox", Prefix: "in/", Access: model.ReadWrite, AllowDelete: true},
		},
		DirectoryEntries: []model.DirectoryEntry{{Name: "demo", AccountID: "111122223333", Region: "eu-west-1"}},
		Origins:          map[string]string{"bucket inbox": "workspace"},
	}
}

func (b *bench) items(t *testing.T) []map[string]types.AttributeValue {
	t.Helper()
	out, err := b.client.Scan(
		t.Context(), &sdk.ScanInput{TableName: aws.String(tableName), ConsistentRead: aws.Bool(true)},
	)
	if err != nil {
		t.Fatal(err)
	}
	return out.Items
}

func (b *bench) item(t *testing.T, pk, sk string) map[string]types.AttributeValue {
	t.Helper()
	out, err := b.client.GetItem(
		t.Context(),
		&sdk.GetItemInput{
			TableName:      aws.String(tableName),
			ConsistentRead: aws.Bool(true),
			Key: map[string]types.AttributeValue{
				"pk": &types.AttributeValueMemberS{Value: pk}, "sk": &types.AttributeValueMemberS{Value: sk},
			},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	return out.Item
}

func (b *bench) putItem(t *testing.T, i map[string]types.AttributeValue) {
	t.Helper()
	if _, err := b.client.PutItem(t.Context(), &sdk.PutItemInput{TableName: aws.String(tableName), Item: i}); err != nil {
		t.Fatal(err)
	}
}

// firstItems fills a table with the items of the first version: testdata/format1.json, which is
// kept for ever.
func firstItems(t *testing.T, b *bench) []map[string]types.AttributeValue {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "format1.json"))
	if err != nil {
		t.Fatal(err)
	}
	var encoded []json.RawMessage
	if err := json.Unmarshal(body, &encoded); err != nil {
		t.Fatal(err)
	}
	var items []map[string]types.AttributeValue
	for _, raw := range encoded {
		i, err := attributevalue.UnmarshalMapJSON(raw)
		if err != nil {
			t.Fatal(err)
		}
		b.putItem(t, i)
		items = append(items, i)
	}
	return items
}

// newer returns an item as a later version could write it.
func (b *bench) newer(t *testing.T, pk, sk string) map[string]types.AttributeValue {
	t.Helper()
	i := b.item(t, pk, sk)
	i["format"] = &types.AttributeValueMemberN{Value: strconv.Itoa(mirror.Format + 1)}
	i["shard"] = &types.AttributeValueMemberS{Value: "in another shape"}
	b.putItem(t, i)
	return i
}

// The items of the first version (testdata/format1.json) are read, except the body. It lacks later
// fields, so it is treated as missing and written again for the same version of the stack.
func TestFirstFormat_ReadAndUpdated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		if *record {
			recordFirst(t, b)
			return
		}
		firstItems(t, b)
		snapshot := b.mustRead(t, "demo")
		if len(snapshot.Heads) != 1 || len(snapshot.Bodies) != 0 {
			t.Fatalf("%d heads, %d bodies", len(snapshot.Heads), len(snapshot.Bodies))
		}
		if head := snapshot.Heads[0]; head.Operation == nil || head.Operation.Token != "token-1" ||
			head.StackName != "stowage-demo-0" ||
			head.Seq != 1 {
			t.Errorf("head %+v", head)
		}
		epoch := snapshot.Heads[0].Epoch
		b.mustWrite(
			t, "demo", 0,
			mirror.Update{Version: snapshot.Heads[0].Version, StackName: "stowage-demo-0", Contents: everything()},
		)
		snapshot = b.mustRead(t, "demo")
		if diff := cmp.Diff(everything(), &snapshot.Bodies[0].Contents, cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
		// The same version is not written twice.
		if won, _, err := b.Write(
			t.Context(), "demo", 0,
			mirror.Update{Version: snapshot.Heads[0].Version, StackName: "stowage-demo-0", Contents: everything()},
		); won ||
			err != nil {
			t.Errorf("written again: %v, %v", won, err)
		}
		events, err := b.Events(t.Context(), "demo", 0)
		if err != nil || len(events) != 2 {
			t.Fatalf("events %v, error %v", events, err)
		}
		// The sequence continues where the first version left it.
		if head := b.mustWrite(t, "demo", 0, reading(at("a", "UPDATE_COMPLETE", 8))); head.Seq != 3 || head.Epoch != epoch {
			t.Errorf("the next event is %s %d, want %s 3", head.Epoch, head.Seq, epoch)
		}
	})
}

// recordFirst writes the file if it does not exist. It contains what the first version wrote.
func recordFirst(t *testing.T, b *bench) {
	t.Helper()
	b.mustWrite(
		t, "demo", 0,
		mirror.Update{Version: at("a", "UPDATE_COMPLETE", 7), StackName: "stowage-demo-0", Contents: everything()},
	)
	if _, err := b.Announce(
		t.Context(), "demo", 0,
		mirror.Operation{Token: "token-1", Run: "run-1", Who: "somebody", Members: []string{"bucket inbox"}},
	); err != nil {
		t.Fatal(err)
	}
	var encoded []json.RawMessage
	for _, i := range b.items(t) {
		raw, err := attributevalue.MarshalMapJSON(i)
		if err != nil {
			t.Fatal(err)
		}
		encoded = append(encoded, raw)
	}
	body, err := json.MarshalIndent(encoded, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(filepath.Join("testdata", "format1.json"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(append(body, '\n')); err != nil {
		t.Fatal(err)
	}
}

// An older version reports that an item is newer, and never overwrites it.
func TestNewerItem_Refused(t *testing.T) {
	for _, c := range []struct{ pk, sk string }{
		{"PROJECT#demo", "STACK#0"}, {"PROJECT#demo", "BODY#0"}, {"EVENTS#demo", "SEQ"},
	} {
		t.Run(c.sk, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				firstItems(t, b)
				b.newer(t, c.pk, c.sk)
				before := b.items(t)
				var newer *model.NewerFormatError
				if c.sk != "SEQ" {
					if _, err := b.Read(
						t.Context(), "demo",
					); !errors.As(err, &newer) || newer.Format != strconv.Itoa(mirror.Format+1) ||
						!strings.Contains(newer.What, c.sk) {
						t.Errorf("reading: %v", err)
					}
				}
				if won, _, err := b.Write(t.Context(), "demo", 0, reading(at("a", "UPDATE_COMPLETE", 8))); won ||
					!errors.As(err, &newer) {
					t.Errorf("writing: won %v, error %v", won, err)
				}
				if c.sk == "STACK#0" {
					if announced, err := b.Announce(t.Context(), "demo", 0, mirror.Operation{Token: "mine"}); announced || err != nil {
						t.Errorf("announcing: %v, error %v", announced, err)
					}
				}
				if diff := cmp.Diff(
					before,
					b.items(t),
					cmpopts.IgnoreUnexported(
						types.AttributeValueMemberS{}, types.AttributeValueMemberN{}, types.AttributeValueMemberM{},
						types.AttributeValueMemberL{}, types.AttributeValueMemberBOOL{}, types.AttributeValueMemberNULL{},
					),
				); diff != "" {
					t.Errorf("the older version has changed what a newer one wrote: %s", diff)
				}
			})
		})
	}
}
