package mirror

import (
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Format is the newest known item format. Items of the first format have no number.
const Format = 3

// bodyFormat is the format of bodies. The second added what access keys and SFTP need, the third
// the incarnations of entities. A body of an older format counts as outdated.
const bodyFormat = 3

// formatAttribute is a number in every format.
const formatAttribute = "format"

// readable returns a *model.NewerFormatError for an item of a newer format.
func readable(i item) error {
	n, ok := i[formatAttribute].(*types.AttributeValueMemberN)
	if !ok {
		return nil
	}
	if format, err := strconv.ParseInt(n.Value, 10, 64); err == nil && format <= Format {
		return nil
	}
	return newerItem(i, n.Value)
}

// newerItem is the error for an item in an unknown newer format. Callers read the templates
// instead, and leave the item alone.
func newerItem(i item, format string) error {
	what := fmt.Sprintf("the mirror's item %s %s", keyPart(i, PartitionKey), keyPart(i, SortKey))
	return &model.NewerFormatError{What: what, Format: format, Known: Format}
}
