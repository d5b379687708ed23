package dynamodb_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func TestTransactions_Limits(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.table("tab")
	puts := func(n, size int) []types.TransactWriteItem {
		var items []types.TransactWriteItem
		for i := range n {
			items = append(items, types.TransactWriteItem{Put: &types.Put{
				TableName: aws.String("tab"), Item: with(key("p", fmt.Sprint(i)), attributes{"b": str(strings.Repeat("x", size))}),
			}})
		}
		return items
	}
	for name, c := range map[string]struct {
		items []types.TransactWriteItem
		ok    bool
	}{
		"101 actions": {items: puts(101, 1)},
		"over 4 MB":   {items: puts(11, 390<<10)},
		"under 4 MB":  {items: puts(10, 390<<10), ok: true},
	} {
		_, err := b.TransactWriteItems(t.Context(), &sdk.TransactWriteItemsInput{TransactItems: c.items})
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	if b.get("tab", key("p", "9"), true) == nil || b.get("tab", key("p", "10"), true) != nil {
		t.Error("what was refused was written, or the other way round")
	}
}
