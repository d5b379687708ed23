package dynamodb_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/dynamodb"
)

func TestTables_Pages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for i := range 5 {
		b.table(fmt.Sprintf("tab%d", i))
	}
	var names []string
	pager := sdk.NewListTablesPaginator(b.Client, &sdk.ListTablesInput{Limit: aws.Int32(2)})
	for pager.HasMorePages() {
		page, err := pager.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, page.TableNames...)
	}
	if got := strings.Join(names, " "); got != "tab0 tab1 tab2 tab3 tab4" {
		t.Error(got)
	}
	_, err := b.DescribeTable(t.Context(), &sdk.DescribeTableInput{TableName: aws.String("none")})
	wantError(t, err, "ResourceNotFoundException", "Requested resource not found: Table: none not found")
	if _, err := b.DeleteTable(t.Context(), &sdk.DeleteTableInput{TableName: aws.String("tab0")}); err != nil {
		t.Fatal(err)
	}
	_, err = b.CreateTable(t.Context(), &sdk.CreateTableInput{
		TableName:   aws.String("tab1"),
		BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeN},
		},
		KeySchema: []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
	})
	var used *types.ResourceInUseException
	if !errors.As(err, &used) {
		t.Error(err)
	}
}

// A table that takes time to create has no items to read until it is active.
func TestTables_Time(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := cloud.New(1)
		w.Latency.ResourceMin, w.Latency.ResourceMax = time.Second, time.Second
		s := dynamodb.New(w)
		call := func(operation, body string) (string, string) {
			w.Lock()
			defer w.Unlock()
			r, err := s.Handle(
				&cloud.Request{
					Context: t.Context(), Caller: cloud.Caller{Account: "111122223333", Region: "eu-central-1"},
					Operation: operation, Body: []byte(body),
				},
			)
			var refused *cloud.Error
			if errors.As(err, &refused) {
				return "", refused.Code
			}
			return string(r.Body), ""
		}
		created, _ := call(
			"CreateTable",
			`{"TableName":"tab","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"id","AttributeType":"N"}],"KeySchema":[{"AttributeName":"id","KeyType":"HASH"}]}`,
		)
		if !strings.Contains(created, `"TableStatus":"CREATING"`) {
			t.Error(created)
		}
		get := `{"TableName":"tab","Key":{"id":{"N":"1"}}}`
		if _, code := call("GetItem", get); code != "ResourceNotFoundException" {
			t.Errorf("a read while the table is being created: %q", code)
		}
		if _, code := call("DeleteTable", `{"TableName":"tab"}`); code != "ResourceInUseException" {
			t.Errorf("a delete while the table is being created: %q", code)
		}
		<-time.After(time.Second)
		if body, code := call("GetItem", get); body != "{}" {
			t.Errorf("a read when the table is active: %s %s", body, code)
		}
	})
}

func TestTimeToLive_Sweep(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.table("tab")
	enable := &sdk.UpdateTimeToLiveInput{
		TableName:               aws.String("tab"),
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String("ttl"), Enabled: aws.Bool(true)},
	}
	if _, err := b.UpdateTimeToLive(t.Context(), enable); err != nil {
		t.Fatal(err)
	}
	_, err := b.UpdateTimeToLive(t.Context(), enable)
	wantError(t, err, "ValidationException", "TimeToLive is already enabled")
	for sk, at := range map[string]time.Duration{"old": -time.Hour, "new": time.Hour, "ancient": -6 * 366 * 24 * time.Hour} {
		b.put("tab", with(key("p", sk), attributes{"ttl": num(fmt.Sprint(time.Now().Add(at).Unix()))}))
	}
	if b.get("tab", key("p", "old"), true) == nil {
		t.Error("an expired item vanished before a sweep")
	}
	b.world.Lock()
	n := b.service.SweepExpired()
	b.world.Unlock()
	if n != 1 || b.get("tab", key("p", "old"), true) != nil || b.get("tab", key("p", "new"), true) == nil ||
		b.get("tab", key("p", "ancient"), true) == nil {
		t.Errorf("the sweep took %d items", n)
	}
}

func TestBatches(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.table("tab")
	blob := str(strings.Repeat("x", 300<<10))
	keys := make([]attributes, 0, 101)
	for i := range 101 {
		k := key("p", fmt.Sprintf("%03d", i))
		keys = append(keys, k)
		if i >= 55 {
			continue
		}
		_, err := b.BatchWriteItem(t.Context(), &sdk.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{
			"tab": {{PutRequest: &types.PutRequest{Item: with(k, attributes{"blob": blob})}}},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	read := func(keys []attributes) (*sdk.BatchGetItemOutput, error) {
		return b.BatchGetItem(
			t.Context(),
			&sdk.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{"tab": {Keys: keys}}},
		)
	}
	out, err := read(keys[:100])
	if err != nil {
		t.Fatal(err)
	}
	if got, left := len(out.Responses["tab"]), len(out.UnprocessedKeys["tab"].Keys); got != 52 || left != 48 {
		t.Errorf("%d items of 300 KB, %d keys left; the API reference says 52", got, left)
	}
	_, err = read(keys)
	wantError(t, err, "ValidationException", "Too many items requested for the BatchGetItem call")
	_, err = read([]attributes{keys[0], keys[0]})
	wantError(t, err, "ValidationException", "Provided list of item keys contains duplicates")
	var writes []types.WriteRequest
	for _, k := range keys[:26] {
		writes = append(writes, types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: k}})
	}
	_, err = b.BatchWriteItem(
		t.Context(), &sdk.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"tab": writes}},
	)
	wantError(t, err, "ValidationException", "Too many items requested for the BatchWriteItem call")
}

func TestSegmentsPartitionAScan(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.table("tab")
	for i := range 40 {
		b.put("tab", key(fmt.Sprint("p", i/2), fmt.Sprint(i%2)))
	}
	seen := make(map[string]int)
	for segment := range int32(4) {
		pager := sdk.NewScanPaginator(
			b.Client,
			&sdk.ScanInput{
				TableName: aws.String("tab"), Segment: aws.Int32(segment), TotalSegments: aws.Int32(4),
				Limit: aws.Int32(3),
			},
		)
		for pager.HasMorePages() {
			page, err := pager.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range page.Items {
				seen[fmt.Sprint(i["pk"], i["sk"])]++
			}
		}
	}
	for _, n := range seen {
		if n != 1 {
			t.Errorf("an item was seen %d times", n)
		}
	}
	if len(seen) != 40 {
		t.Errorf("%d of 40 items seen", len(seen))
	}
}

func TestResourceType(t *testing.T) {
	t.Parallel()
	w := cloud.New(1)
	dynamodb.New(w)
	table := w.Type("AWS::DynamoDB::Table")
	c := cloud.Caller{Account: "111122223333", Region: "eu-central-1"}
	properties := map[string]any{
		"KeySchema":               []any{map[string]any{"AttributeName": "pk", "KeyType": "HASH"}},
		"AttributeDefinitions":    []any{map[string]any{"AttributeName": "pk", "AttributeType": "S"}},
		"BillingMode":             "PAY_PER_REQUEST",
		"TimeToLiveSpecification": map[string]any{"AttributeName": "ttl", "Enabled": true},
	}
	made, err := table.Create(c, cloud.ResourceRequest{StackName: "stack", LogicalID: "Mirror", Properties: properties})
	if err != nil || !strings.HasPrefix(made.PhysicalID, "stack-Mirror-") ||
		made.Attributes["Arn"] != "arn:aws:dynamodb:eu-central-1:111122223333:table/"+made.PhysicalID {
		t.Fatalf("%+v, %v", made, err)
	}
	if _, err := table.Update(c, made.PhysicalID, properties, properties); err != nil {
		t.Error(err)
	}
	if _, exists := table.Exists(c, map[string]any{"TableName": made.PhysicalID}); !exists {
		t.Error("the table isn't found by its name")
	}
	for range 2 {
		if err := table.Delete(c, made.PhysicalID, properties); err != nil {
			t.Error(err)
		}
	}
}
