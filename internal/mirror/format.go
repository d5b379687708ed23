package mirror

import (
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Format is the newest item format that this version knows. Items of the first format have no
// number.
const Format = 3

// bodyFormat is the format of bodies. The second added what access keys and SFTP need, the third
// the incarnations of entities. A body of an older format lacks these and is treated as outdated.
const bodyFormat = 3

// formatAttribute is a number in every format.
const formatAttribute = "format"

// NewerItemError is returned for an item that a newer version wrote in an unknown format. Callers
// read the templates instead and leave the item unchanged.
type NewerItemError struct {
	PartitionKey, SortKey string
	Format                string
}

func (e *NewerItemError) Error() string {
	return fmt.Sprintf("the item %s %s has format %s; this version knows formats up to %d: upgrade the provider, or the relay if that says so",
		e.PartitionKey, e.SortKey, e.Format, Format)
}

// readable returns a *NewerItemError for an item of a newer format.
func readable(i item) error {
	n, ok := i[formatAttribute].(*types.AttributeValueMemberN)
	if !ok {
		return nil
	}
	if format, err := strconv.ParseInt(n.Value, 10, 64); err == nil && format <= Format {
		return nil
	}
	return &NewerItemError{keyPart(i, PartitionKey), keyPart(i, SortKey), n.Value}
}
