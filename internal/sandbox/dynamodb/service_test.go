package dynamodb_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
)

func TestPagesEndAtOneMegabyte(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.table("tab")
	for i := range 25 {
		b.put("tab", with(key("p", fmt.Sprintf("%02d", i)), attributes{"blob": str(strings.Repeat("x", 100_000))}))
	}
	query := expression.Key("pk").Equal(expression.Value("p"))
	built, err := expression.NewBuilder().WithKeyCondition(query).Build()
	if err != nil {
		t.Fatal(err)
	}
	var pages []int
	for forward := range 2 {
		pager := sdk.NewQueryPaginator(b.Client, &sdk.QueryInput{
			TableName:                 aws.String("tab"),
			KeyConditionExpression:    built.KeyCondition(),
			ExpressionAttributeNames:  built.Names(),
			ExpressionAttributeValues: built.Values(),
			ScanIndexForward:          aws.Bool(forward == 1),
			ReturnConsumedCapacity:    types.ReturnConsumedCapacityTotal,
		})
		for pager.HasMorePages() {
			page, err := pager.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			pages = append(pages, len(page.Items))
			if units := *page.ConsumedCapacity.CapacityUnits; len(page.Items) == 11 && units != 134.5 {
				t.Errorf("a page of 11 items of 100 KB took %v units", units)
			}
		}
	}
	pager := sdk.NewScanPaginator(b.Client, &sdk.ScanInput{TableName: aws.String("tab"), Select: types.SelectCount})
	for pager.HasMorePages() {
		page, err := pager.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, int(page.Count))
		if page.Items != nil {
			t.Error("Select COUNT answered items")
		}
	}
	if diff := cmp.Diff([]int{11, 11, 3, 11, 11, 3, 11, 11, 3}, pages); diff != "" {
		t.Error(diff)
	}
}

func TestConditions_OneWriterWins(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.table("tab")
	var wins, losses atomic.Int32
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			_, err := b.PutItem(t.Context(), &sdk.PutItemInput{
				TableName:                           aws.String("tab"),
				Item:                                with(key("p", "s"), attributes{"by": num(fmt.Sprint(i))}),
				ConditionExpression:                 aws.String("attribute_not_exists(pk)"),
				ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
			})
			var failed *types.ConditionalCheckFailedException
			switch {
			case err == nil:
				wins.Add(1)
			case errors.As(err, &failed) && failed.Item["by"] != nil && failed.ErrorMessage() == "The conditional request failed":
				losses.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if wins.Load() != 1 || losses.Load() != 49 {
		t.Errorf("%d won, %d lost", wins.Load(), losses.Load())
	}
}

func TestTransactions_Atomic(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.table("tab")
	b.put("tab", with(key("p", "old"), attributes{"v": num("1")}))
	items := []types.TransactWriteItem{
		{Put: &types.Put{TableName: aws.String("tab"), Item: key("p", "new")}},
		{
			ConditionCheck: &types.ConditionCheck{
				TableName: aws.String("tab"), Key: key("p", "old"), ConditionExpression: aws.String("v = :v"),
				ExpressionAttributeValues:           attributes{":v": num("2")},
				ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
			},
		},
		{
			Update: &types.Update{
				TableName: aws.String("tab"), Key: key("p", "count"), UpdateExpression: aws.String("ADD c :one"),
				ExpressionAttributeValues: attributes{":one": num("1")},
			},
		},
	}
	_, err := b.TransactWriteItems(t.Context(), &sdk.TransactWriteItemsInput{TransactItems: items})
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) {
		t.Fatal(err)
	}
	if want := "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed, None]"; cancelled.ErrorMessage() != want {
		t.Errorf("message %q", cancelled.ErrorMessage())
	}
	if reason := cancelled.CancellationReasons[1]; *reason.Code != "ConditionalCheckFailed" || reason.Item["v"] == nil {
		t.Errorf("reason %+v", reason)
	}
	if b.get("tab", key("p", "new"), true) != nil {
		t.Error("a cancelled transaction wrote")
	}

	items[1].ConditionCheck.ExpressionAttributeValues = attributes{":v": num("1")}
	for range 2 { // the second repeats the first
		_, err := b.TransactWriteItems(
			t.Context(), &sdk.TransactWriteItemsInput{TransactItems: items, ClientRequestToken: aws.String("token")},
		)
		if err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(
		with(key("p", "count"), attributes{"c": num("1")}), b.get("tab", key("p", "count"), true),
		ignoreUnexported,
	); diff != "" {
		t.Error(diff)
	}
	_, err = b.TransactWriteItems(
		t.Context(),
		&sdk.TransactWriteItemsInput{TransactItems: items[:1], ClientRequestToken: aws.String("token")},
	)
	var mismatch *types.IdempotentParameterMismatchException
	if !errors.As(err, &mismatch) {
		t.Errorf("another request with the same token: %v", err)
	}
	_, err = b.TransactWriteItems(
		t.Context(), &sdk.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{items[0], items[0]}},
	)
	wantError(t, err, "ValidationException", "Transaction request cannot include multiple operations on one item")
	got, err := b.TransactGetItems(t.Context(), &sdk.TransactGetItemsInput{TransactItems: []types.TransactGetItem{
		{
			Get: &types.Get{TableName: aws.String("tab"), Key: key("p", "nope")},
		},
		{Get: &types.Get{TableName: aws.String("tab"), Key: key("p", "new")}},
	}})
	if err != nil || got.Responses[0].Item != nil || got.Responses[1].Item == nil {
		t.Errorf("%v, %v", got, err)
	}
}

func TestStaleReads_BeforeLastWrite(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.table("tab")
	b.put("tab", with(key("p", "s"), attributes{"v": num("1")}))
	b.put("tab", with(key("p", "s"), attributes{"v": num("2")}))
	b.stale.Store(true)
	v := func(consistent bool) string {
		n, _ := b.get("tab", key("p", "s"), consistent)["v"].(*types.AttributeValueMemberN)
		return n.Value
	}
	if v(false) != "1" || v(true) != "2" {
		t.Errorf("stale %s, consistent %s", v(false), v(true))
	}
	b.put("tab", key("q", "s"))
	for consistent, want := range map[bool]int32{false: 1, true: 2} {
		out, err := b.Scan(t.Context(), &sdk.ScanInput{TableName: aws.String("tab"), ConsistentRead: &consistent})
		if err != nil || out.Count != want {
			t.Errorf("scan, consistent %v: %d items, %v", consistent, out.Count, err)
		}
	}
	if v(false) != "2" {
		t.Error("a write to another item didn't settle the one before")
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.table("tab")
	put := func(i attributes) error {
		_, err := b.PutItem(t.Context(), &sdk.PutItemInput{TableName: aws.String("tab"), Item: i})
		return err
	}
	for _, c := range []struct {
		item attributes
		want string
	}{
		{with(key("p", "s"), attributes{"b": str(strings.Repeat("x", 400<<10-6))}), "Item size has exceeded the maximum allowed size"},
		{attributes{"pk": str("p")}, "One or more parameter values were invalid: Missing the key sk in the item"},
		{attributes{"pk": num("1"), "sk": str("s")}, "One or more parameter values were invalid: Type mismatch for key pk expected: S actual: N"},
		{key("p", ""), "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: sk"},
		{with(key("p", "s"), attributes{"n": num("123456789012345678901234567890123456789")}), "Attempting to store more than 38 significant digits in a Number"},
		{with(key("p", "s"), attributes{"n": num("1x")}), "The parameter cannot be converted to a numeric value: 1x"},
		{with(key("p", "s"), attributes{"n": strs("a", "a")}), "One or more parameter values were invalid: Input collection [a, a] contains duplicates."},
	} {
		wantError(t, put(c.item), "ValidationException", c.want)
	}
	_, err := b.BatchWriteItem(t.Context(), &sdk.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{
		"tab": {{PutRequest: &types.PutRequest{Item: attributes{"pk": str("p")}}}},
	}})
	wantError(t, err, "ValidationException", "The provided key element does not match the schema")
	if err := put(with(key("p", "s"), attributes{"b": str(strings.Repeat("x", 400<<10-7))})); err != nil {
		t.Errorf("an item of 400 KB exactly: %v", err)
	}
	_, err = b.GetItem(t.Context(), &sdk.GetItemInput{TableName: aws.String("tab"), Key: attributes{"pk": str("p")}})
	wantError(t, err, "ValidationException", "The provided key element does not match the schema")
	_, err = b.GetItem(t.Context(), &sdk.GetItemInput{TableName: aws.String("none"), Key: key("p", "s")})
	var gone *types.ResourceNotFoundException
	if !errors.As(err, &gone) || gone.ErrorMessage() != "Requested resource not found" {
		t.Error(err)
	}
	_, err = b.CreateBackup(
		t.Context(), &sdk.CreateBackupInput{TableName: aws.String("tab"), BackupName: aws.String("back")},
	)
	wantError(t, err, "SandboxNotModelled", "the sandbox does not model the DynamoDB operation CreateBackup")
	_, err = b.PutItem(
		t.Context(),
		&sdk.PutItemInput{
			TableName: aws.String("tab"), Item: key("p", "s"),
			Expected: map[string]types.ExpectedAttributeValue{"a": {}},
		},
	)
	if err == nil || !strings.Contains(err.Error(), "SandboxNotModelled") {
		t.Errorf("a legacy parameter: %v", err)
	}
}

func TestQueryConditions(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.table("tab")
	for _, sk := range []string{"a1", "a2", "b1", "b2"} {
		b.put("tab", with(key("p", sk), attributes{"v": str(sk)}))
	}
	b.put("tab", key("q", "a1"))
	for _, c := range []struct {
		key    string
		filter *string
		values attributes
		limit  *int32
		want   string // sort keys, or the error
		last   bool
	}{
		{key: "pk = :p", values: attributes{":p": str("p")}, want: "a1 a2 b1 b2"},
		{key: "pk = :p AND begins_with(sk, :s)", values: attributes{":p": str("p"), ":s": str("a")}, want: "a1 a2"},
		{key: "sk > :s AND pk = :p", values: attributes{":p": str("p"), ":s": str("a2")}, want: "b1 b2"},
		{key: "pk = :p AND sk BETWEEN :a AND :b", values: attributes{":p": str("p"), ":a": str("a2"), ":b": str("b1")}, want: "a2 b1"},
		{key: "pk = :p", filter: aws.String("v <> :v"), values: attributes{":p": str("p"), ":v": str("a2")}, limit: aws.Int32(3), want: "a1 b1", last: true},
		{key: "pk = :p", values: attributes{":p": str("p")}, limit: aws.Int32(4), want: "a1 a2 b1 b2", last: true},
		{key: "sk = :s", values: attributes{":s": str("p")}, want: "Query condition missed key schema element: pk"},
		{key: "pk = :p OR sk = :p", values: attributes{":p": str("p")}, want: "Invalid operator used in KeyConditionExpression: OR"},
		{key: "pk > :p", values: attributes{":p": str("p")}, want: "Query key condition not supported"},
		{key: "pk = :p", values: attributes{":p": num("1")}, want: "One or more parameter values were invalid: Condition parameter type does not match schema type"},
		{key: "pk = :p", filter: aws.String("sk = :p"), values: attributes{":p": str("p")}, want: "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk"},
	} {
		out, err := b.Query(t.Context(), &sdk.QueryInput{
			TableName:                 aws.String("tab"),
			KeyConditionExpression:    &c.key,
			FilterExpression:          c.filter,
			ExpressionAttributeValues: c.values,
			Limit:                     c.limit,
		})
		if err != nil {
			wantError(t, err, "ValidationException", c.want)
			continue
		}
		var got []string
		for _, i := range out.Items {
			sk, _ := i["sk"].(*types.AttributeValueMemberS)
			got = append(got, sk.Value)
		}
		if strings.Join(got, " ") != c.want || (out.LastEvaluatedKey != nil) != c.last {
			t.Errorf("%s: %v, last key %v; want %s, %v", c.key, got, out.LastEvaluatedKey, c.want, c.last)
		}
	}
}
