package account

import (
	"fmt"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// NotEmptyError is returned when a bucket is not empty.
type NotEmptyError struct {
	Bucket string
	Holds  Contents // empty if only S3's refusal is known
	// Example is the key of an item, "" if S3 itself refused the deletion.
	Example string
	// Refused means that on_delete forbids deleting the data.
	Refused bool
}

func (e *NotEmptyError) Error() string {
	if e.Holds.Empty() {
		return fmt.Sprintf("the bucket %s is not empty", e.Bucket)
	}
	return fmt.Sprintf("the bucket %s is not empty: it holds %s, for example %q", e.Bucket, e.Holds, e.Example)
}

// Explain implements model.Explainer.
func (e *NotEmptyError) Explain() model.Explanation {
	explanation := model.Explanation{
		Attribute: "on_delete",
		Cause:     model.Sentences("T" + e.Error()[1:]),
		Changed:   model.ChangedNothing,
		Remedy:    "It was written while the bucket was being deleted. Apply again, which deletes it.",
	}
	if e.Refused {
		explanation.Cause += " on_delete is \"refuse\"."
		explanation.Remedy = `Empty the bucket. Or first apply on_delete = "empty" (deletes the data) or on_delete = "retain" ` +
			`(keeps the bucket, which is no longer managed), and then remove the resource.`
	}
	return explanation
}

// UndeletableError is returned when S3 refused to delete items while a bucket was emptied.
type UndeletableError struct {
	Bucket  string
	Deleted Contents // what was deleted
	// Refused is the number of refused items, Key the key of the first, and Reason S3's reason.
	Refused int
	Key     string
	Reason  string
}

func (e *UndeletableError) add(key, reason string) {
	if e.Refused == 0 {
		e.Key, e.Reason = key, reason
	}
	e.Refused++
}

func (e *UndeletableError) Error() string {
	return fmt.Sprintf(
		"emptying the bucket %s: %s could not be deleted, the first is of %q: %s", e.Bucket,
		number(e.Refused, "version"), e.Key, e.Reason,
	)
}

// Explain implements model.Explainer.
func (e *UndeletableError) Explain() model.Explanation {
	explanation := model.Explanation{
		Attribute: "on_delete",
		Cause: fmt.Sprintf(
			"The bucket %s could not be emptied: S3 refused to delete %s. The first is of %q: %s", e.Bucket,
			number(e.Refused, "version"), e.Key, model.Sentences(e.Reason),
		),
		Changed: model.ChangedNothing,
		Remedy:  "Remove what prevents their deletion and apply again.",
	}
	if !e.Deleted.Empty() {
		explanation.Changed = model.ChangedPartly
		explanation.Done = fmt.Sprintf("Deleted from the bucket: %s. The bucket itself was not deleted.", e.Deleted)
	}
	switch reason := strings.ToLower(e.Reason); {
	case strings.Contains(reason, "object lock"):
		explanation.Remedy = "Object lock protects them. Wait until their retention ends, or remove their legal hold, and apply again. " +
			"In the mode GOVERNANCE, users with s3:BypassGovernanceRetention can delete them before."
	case strings.Contains(reason, "mfa"):
		explanation.Remedy = "MFA delete is enabled for the bucket: only the account's root user can delete versions, with its device. " +
			"Let it disable MFA delete, and apply again."
	}
	explanation.Remedy += ` Or first apply on_delete = "retain", which keeps the bucket and no longer manages it.`
	return explanation
}
