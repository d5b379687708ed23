package mirror

import (
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Format is the newest format of items that this version knows. Items of the first format don't say theirs.
const Format = 3

// bodyFormat is the format of bodies. The second one has what users' access keys and SFTP need, the third one the incarnations of
// entities. A body that an older version wrote lacks these, whatever the template says, and is taken for out of date.
const bodyFormat = 3

// formatAttribute is a number, whatever else a newer format changes.
const formatAttribute = "format"

// NewerItemError says that a newer version wrote an item in a format that this one doesn't know. Callers read the
// templates instead, and leave the item alone.
type NewerItemError struct {
	PartitionKey, SortKey string
	Format                string
}

func (e *NewerItemError) Error() string {
	return fmt.Sprintf("the item %s %s has format %s; this version knows formats up to %d: upgrade the provider, or the relay if that says so",
		e.PartitionKey, e.SortKey, e.Format, Format)
}

// readable refuses an item of a newer format.
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
