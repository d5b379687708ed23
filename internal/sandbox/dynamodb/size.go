package dynamodb

// Limits in bytes. Sources: developer guide "Quotas in Amazon DynamoDB"; API reference "Query",
// "BatchGetItem", "BatchWriteItem", "TransactWriteItems".
const (
	maxItemSize = 400 << 10
	// maxPageSize ends a page of Query or Scan: reading stops when the items read so far reach it.
	maxPageSize = 1 << 20
	// maxBatchRead is the 16 MB of BatchGetItem. The API reference's example (52 of 100 items of
	// 300 KB fit) is true only for decimal megabytes.
	maxBatchRead   = 16_000_000
	maxBatchWrite  = 16 << 20
	maxTransaction = 4 << 20
	maxHashKey     = 2048
	maxRangeKey    = 1024
	maxExpression  = 4 << 10
)

// size returns an item's size: names and values. Rules: developer guide "DynamoDB item sizes and
// formats".
func (i item) size() int {
	total := 0
	for name, v := range i {
		total += len(name) + v.size()
	}
	return total
}

func (v value) size() int {
	switch v.kind {
	case kindString, kindBinary:
		return len(v.text)
	case kindNumber:
		// One byte for two significant digits and one more.
		return (v.num.digits()+1)/2 + 1
	case kindBool, kindNull:
		return 1
	case kindList:
		// Three bytes, and one more for each element.
		total := 3
		for _, element := range v.list {
			total += 1 + element.size()
		}
		return total
	case kindMap:
		return 3 + len(v.m) + v.m.size()
	default:
		total := 0
		for _, element := range v.list {
			total += element.size()
		}
		return total
	}
}
