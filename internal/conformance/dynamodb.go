package conformance

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

type item = map[string]types.AttributeValue

func text(s string) types.AttributeValue   { return &types.AttributeValueMemberS{Value: s} }
func number(n string) types.AttributeValue { return &types.AttributeValueMemberN{Value: n} }

func key(pk, sk string) item { return item{"pk": text(pk), "sk": text(sk)} }

func with(i item, name string, value types.AttributeValue) item {
	i[name] = value
	return i
}

// table creates a table with the mirror's keys pk and sk.
func (c *Clients) table(ctx context.Context) (string, error) {
	name := unique("table")
	_, err := c.DynamoDB.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{
				AttributeName: aws.String("pk"),
				AttributeType: types.ScalarAttributeTypeS,
			},
			{AttributeName: aws.String("sk"), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{
			{
				AttributeName: aws.String("pk"),
				KeyType:       types.KeyTypeHash,
			},
			{AttributeName: aws.String("sk"), KeyType: types.KeyTypeRange},
		},
	})
	if err != nil {
		return "", fmt.Errorf("making a table: %w", err)
	}
	waiter := dynamodb.NewTableExistsWaiter(c.DynamoDB, func(o *dynamodb.TableExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = 50*time.Millisecond, time.Second
	})
	return name, waiter.Wait(ctx, &dynamodb.DescribeTableInput{TableName: &name}, c.Bound)
}

func onTable(check func(context.Context, *dynamodb.Client, *string) error) func(context.Context, *Clients) error {
	return func(ctx context.Context, c *Clients) error {
		name, err := c.table(ctx)
		if err != nil {
			return err
		}
		return check(ctx, c.DynamoDB, &name)
	}
}

func put(ctx context.Context, c *dynamodb.Client, table *string, i item) error {
	_, err := c.PutItem(ctx, &dynamodb.PutItemInput{TableName: table, Item: i})
	return err
}

const (
	apiReference   = "DynamoDB API reference, "
	developerGuide = "DynamoDB developer guide, "
)

func dynamoDB() []Contract {
	return []Contract{
		{
			Name:   "one-winner",
			Rule:   "Of many conditional writes at once, one wins.",
			Source: developerGuide + "Condition expressions",
			Check:  onTable(oneWinner),
		},
		{
			Name:   "condition-returns-item",
			Rule:   "A failed condition returns the item when asked to.",
			Source: apiReference + "PutItem",
			Check:  onTable(conditionReturnsItem),
		},
		{
			Name: "query-pages", Rule: "A Query returns at most 1 MB and says where to go on.", Source: apiReference + "Query",
			Check: onTable(queryPages),
		},
		{
			Name: "query-order", Rule: "A Query sorts by the bytes of a string key.", Source: developerGuide + "Querying tables",
			Check: onTable(queryOrder),
		},
		{
			Name: "item-limit", Rule: "An item has at most 400 KB.", Source: developerGuide + "Quotas",
			Check: onTable(itemLimit),
		},
		{
			Name: "numbers-are-exact", Rule: "A number keeps 38 digits.", Source: developerGuide + "Naming rules and data types",
			Check: onTable(numbersAreExact),
		},
		{
			Name: "empty-key", Rule: "A key can't be empty.", Source: apiReference + "PutItem",
			Check: onTable(emptyKey),
		},
		{
			Name: "missing-table", Rule: "A missing table is a ResourceNotFoundException.", Source: apiReference + "GetItem",
			Check: missingTable,
		},
		{
			Name:   "reserved-words",
			Rule:   "A reserved word can't stand in an expression.",
			Source: developerGuide + "Reserved words",
			Check:  onTable(reservedWords),
		},
		{
			Name: "unused-values", Rule: "A value that no expression uses is refused.", Source: apiReference + "UpdateItem",
			Check: onTable(unusedValues),
		},
		{
			Name:   "transaction-is-atomic",
			Rule:   "A transaction with a failing condition writes nothing, and says which failed.",
			Source: apiReference + "TransactWriteItems",
			Check:  onTable(transactionIsAtomic),
		},
		{
			Name:   "transaction-one-item-once",
			Rule:   "A transaction can't touch an item twice.",
			Source: apiReference + "TransactWriteItems",
			Check:  onTable(transactionOneItemOnce),
		},
		{
			Name:   "transaction-token",
			Rule:   "A transaction's token with other parameters is refused.",
			Source: apiReference + "TransactWriteItems",
			Check:  onTable(transactionToken),
		},
		{
			Name:   "transact-get",
			Rule:   "TransactGetItems returns an empty answer for an item that isn't there, in order.",
			Source: apiReference + "TransactGetItems",
			Check:  onTable(transactGet),
		},
		{
			Name:   "batch-limits",
			Rule:   "A batch writes at most 25 items and reads at most 100.",
			Source: developerGuide + "Quotas",
			Check:  onTable(batchLimits),
		},
	}
}

func conditionReturnsItem(ctx context.Context, c *dynamodb.Client, table *string) error {
	if err := put(ctx, c, table, with(key("a", "1"), "v", text("old"))); err != nil {
		return err
	}
	_, err := c.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: table, Item: key("a", "1"), ConditionExpression: aws.String("attribute_not_exists(pk)"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	var failed *types.ConditionalCheckFailedException
	if !errors.As(err, &failed) {
		return fmt.Errorf("not a ConditionalCheckFailedException: %w", err)
	}
	return equal("attributes of the item", len(failed.Item), 3)
}

func itemLimit(ctx context.Context, c *dynamodb.Client, table *string) error {
	return refused(
		put(ctx, c, table, with(key("a", "1"), "v", text(strings.Repeat("x", 400<<10)))), "ValidationException",
		"Item size has exceeded the maximum allowed size",
	)
}

func numbersAreExact(ctx context.Context, c *dynamodb.Client, table *string) error {
	const digits = "12345678901234567890123456789012345678"
	if err := put(ctx, c, table, with(key("a", "1"), "n", number(digits))); err != nil {
		return err
	}
	out, err := c.GetItem(
		ctx, &dynamodb.GetItemInput{TableName: table, Key: key("a", "1"), ConsistentRead: aws.Bool(true)},
	)
	if err != nil {
		return err
	}
	n, ok := out.Item["n"].(*types.AttributeValueMemberN)
	return equal("the number", ok && n.Value == digits, true)
}

func emptyKey(ctx context.Context, c *dynamodb.Client, table *string) error {
	return refused(put(ctx, c, table, key("", "1")), "ValidationException", "empty string value")
}

func missingTable(ctx context.Context, c *Clients) error {
	_, err := c.DynamoDB.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String(unique("none")), Key: key("a", "1")})
	return refused(err, "ResourceNotFoundException", "")
}

func reservedWords(ctx context.Context, c *dynamodb.Client, table *string) error {
	_, err := c.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                 table,
		Key:                       key("a", "1"),
		UpdateExpression:          aws.String("SET status = :s"),
		ExpressionAttributeValues: item{":s": text("x")},
	})
	return refused(err, "ValidationException", "reserved keyword")
}

func unusedValues(ctx context.Context, c *dynamodb.Client, table *string) error {
	_, err := c.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                 table,
		Key:                       key("a", "1"),
		UpdateExpression:          aws.String("SET v = :s"),
		ExpressionAttributeValues: item{":s": text("x"), ":t": text("y")},
	})
	return refused(err, "ValidationException", "unused in expressions")
}

func transactionOneItemOnce(ctx context.Context, c *dynamodb.Client, table *string) error {
	write := types.TransactWriteItem{Put: &types.Put{TableName: table, Item: key("a", "1")}}
	_, err := c.TransactWriteItems(
		ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{write, write}},
	)
	return refused(err, "ValidationException", "multiple operations on one item")
}

func transactionToken(ctx context.Context, c *dynamodb.Client, table *string) error {
	token := aws.String(unique("token"))
	write := func(sk string) error {
		_, err := c.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
			ClientRequestToken: token,
			TransactItems:      []types.TransactWriteItem{{Put: &types.Put{TableName: table, Item: key("a", sk)}}},
		})
		return err
	}
	if err := errors.Join(write("1"), write("1")); err != nil {
		return err
	}
	return refused(write("2"), "IdempotentParameterMismatchException", "")
}

func transactGet(ctx context.Context, c *dynamodb.Client, table *string) error {
	if err := put(ctx, c, table, key("a", "2")); err != nil {
		return err
	}
	out, err := c.TransactGetItems(ctx, &dynamodb.TransactGetItemsInput{TransactItems: []types.TransactGetItem{
		{Get: &types.Get{TableName: table, Key: key("a", "1")}}, {Get: &types.Get{TableName: table, Key: key("a", "2")}},
	}})
	if err != nil {
		return err
	}
	return errors.Join(
		equal("answers", len(out.Responses), 2), equal("the first's attributes", len(out.Responses[0].Item), 0),
		equal("the second's", len(out.Responses[1].Item), 2),
	)
}

func oneWinner(ctx context.Context, c *dynamodb.Client, table *string) error {
	const writers = 20
	errs := make([]error, writers)
	var group sync.WaitGroup
	for i := range writers {
		group.Go(func() {
			_, errs[i] = c.PutItem(
				ctx,
				&dynamodb.PutItemInput{
					TableName: table, Item: key("a", "1"), ConditionExpression: aws.String("attribute_not_exists(pk)"),
				},
			)
		})
	}
	group.Wait()
	winners := 0
	for _, err := range errs {
		var failed *types.ConditionalCheckFailedException
		switch {
		case err == nil:
			winners++
		case !errors.As(err, &failed):
			return fmt.Errorf("a loser's error: %w", err)
		}
	}
	return equal("winners", winners, 1)
}

func queryPages(ctx context.Context, c *dynamodb.Client, table *string) error {
	for n := range 12 {
		if err := put(
			ctx, c, table, with(key("a", strconv.Itoa(10+n)), "v", text(strings.Repeat("x", 100_000))),
		); err != nil {
			return err
		}
	}
	query := &dynamodb.QueryInput{
		TableName: table, KeyConditionExpression: aws.String("pk = :p"),
		ExpressionAttributeValues: item{":p": text("a")}, ConsistentRead: aws.Bool(true),
	}
	first, err := c.Query(ctx, query)
	if err != nil {
		return err
	}
	if len(first.LastEvaluatedKey) == 0 || len(first.Items) > 11 {
		return fmt.Errorf("%d items of 100 KB in one page, which ends at %v", len(first.Items), first.LastEvaluatedKey)
	}
	query.ExclusiveStartKey = first.LastEvaluatedKey
	second, err := c.Query(ctx, query)
	if err != nil {
		return err
	}
	return equal("items", len(first.Items)+len(second.Items), 12)
}

func queryOrder(ctx context.Context, c *dynamodb.Client, table *string) error {
	for _, sk := range []string{"b", "a", "ä", "Z", "a0", "EVENT#2", "EVENT#10"} {
		if err := put(ctx, c, table, key("a", sk)); err != nil {
			return err
		}
	}
	out, err := c.Query(
		ctx,
		&dynamodb.QueryInput{
			TableName: table, KeyConditionExpression: aws.String("pk = :p"),
			ExpressionAttributeValues: item{":p": text("a")},
		},
	)
	if err != nil {
		return err
	}
	var order []string
	for _, i := range out.Items {
		if sk, ok := i["sk"].(*types.AttributeValueMemberS); ok {
			order = append(order, sk.Value)
		}
	}
	return equal("the order", strings.Join(order, " "), "EVENT#10 EVENT#2 Z a a0 b ä")
}

func transactionIsAtomic(ctx context.Context, c *dynamodb.Client, table *string) error {
	if err := put(ctx, c, table, key("a", "2")); err != nil {
		return err
	}
	_, err := c.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		{Put: &types.Put{TableName: table, Item: key("a", "1")}},
		{Put: &types.Put{TableName: table, Item: key("a", "2"), ConditionExpression: aws.String("attribute_not_exists(pk)")}},
	}})
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) || len(cancelled.CancellationReasons) != 2 {
		return fmt.Errorf("not a TransactionCanceledException with two reasons: %w", err)
	}
	out, err := c.GetItem(
		ctx, &dynamodb.GetItemInput{TableName: table, Key: key("a", "1"), ConsistentRead: aws.Bool(true)},
	)
	if err != nil {
		return err
	}
	return errors.Join(
		equal("attributes of what the transaction would have written", len(out.Item), 0),
		equal("the first reason", aws.ToString(cancelled.CancellationReasons[0].Code), "None"),
		equal("the second reason", aws.ToString(cancelled.CancellationReasons[1].Code), "ConditionalCheckFailed"),
	)
}

func batchLimits(ctx context.Context, c *dynamodb.Client, table *string) error {
	var writes []types.WriteRequest
	var keys []item
	for n := range 101 {
		keys = append(keys, key("a", strconv.Itoa(n)))
		if n < 26 {
			writes = append(writes, types.WriteRequest{PutRequest: &types.PutRequest{Item: key("a", strconv.Itoa(n))}})
		}
	}
	_, err := c.BatchWriteItem(
		ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{*table: writes}},
	)
	if err := refused(err, "ValidationException", ""); err != nil {
		return err
	}
	_, err = c.BatchGetItem(
		ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{*table: {Keys: keys}}},
	)
	return refused(err, "ValidationException", "")
}
