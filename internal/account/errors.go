package account

import (
	"fmt"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// NotEmptyError is returned when a bucket still holds something.
type NotEmptyError struct {
	Bucket string
	// Example is the key of something in it, "" when S3 itself refused the deletion.
	Example string
	// Refused means that on_delete forbids to delete the data.
	Refused bool
}

func (e *NotEmptyError) Error() string {
	if e.Example == "" {
		return fmt.Sprintf("the bucket %s is not empty", e.Bucket)
	}
	return fmt.Sprintf("the bucket %s is not empty: it holds %q", e.Bucket, e.Example)
}

// Explain implements model.Explainer.
func (e *NotEmptyError) Explain() model.Explanation {
	return model.Explanation{
		Attribute: "on_delete",
		Cause:     fmt.Sprintf("The bucket %s is not empty, and on_delete is \"refuse\".", e.Bucket),
		Changed:   model.ChangedNothing,
		Remedy: `Empty the bucket. Or first apply on_delete = "empty" (deletes the data) or on_delete = "retain" (keeps the bucket, which is no longer managed), ` +
			`and then remove the resource.`,
	}
}
