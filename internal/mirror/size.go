package mirror

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// MaxItemSize is the maximum size of an item in bytes (DynamoDB developer guide, Limits).
const MaxItemSize = 400 << 10

// TooLargeError is returned when a stack's contents do not fit into an item. Nothing was written.
type TooLargeError struct {
	Project string
	Shard   int
	Size    int // in bytes, by DynamoDB's rules
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf(
		"the contents of stack %d of the project %s take %d bytes in the mirror; an item has at most %d", e.Shard,
		e.Project, e.Size, MaxItemSize,
	)
}

// itemSize returns the size of an item by the rules of the DynamoDB developer guide, "DynamoDB item
// sizes and formats": names and strings count their bytes, lists and maps 3 bytes plus one for each
// member.
func itemSize(i item) int {
	size := 0
	for name, value := range i {
		size += len(name) + valueSize(value)
	}
	return size
}

func valueSize(value types.AttributeValue) int {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value)
	case *types.AttributeValueMemberN:
		return numberSize(v.Value)
	case *types.AttributeValueMemberL:
		size := 3
		for _, member := range v.Value {
			size += 1 + valueSize(member)
		}
		return size
	case *types.AttributeValueMemberM:
		size := 3
		for name, member := range v.Value {
			size += 1 + len(name) + valueSize(member)
		}
		return size
	}
	return 1 // booleans and null; the mirror has no sets and no binary values
}

// numberSize counts a byte for two significant digits, one more, and a byte for a negative sign,
// rounded up where AWS calls this approximate.
func numberSize(n string) int {
	digits := strings.Trim(strings.TrimLeft(n, "-"), "0")
	size := (len(digits)+1)/2 + 2
	if strings.HasPrefix(n, "-") {
		size++
	}
	return size
}
