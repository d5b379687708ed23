package projects

import (
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// NewIncarnation returns a random name for one creation of an entity (package template, Ownership):
// 60 bits.
func NewIncarnation() string { return strings.ToLower(rand.Text()[:12]) }

// BucketLostError is returned when a deletion has deleted a bucket in S3 that another caller took
// over meanwhile: the model has it, S3 does not.
type BucketLostError struct {
	ID     model.ID
	Bucket string // physical name
	Done   string // what was deleted, in complete sentences
	Err    *model.ConflictError
}

func (e *BucketLostError) Error() string {
	return fmt.Sprintf("the bucket %s of the %s was deleted while another resource took it over", e.Bucket, e.ID)
}

// Explain implements model.Explainer.
func (e *BucketLostError) Explain() model.Explanation {
	return model.Explanation{
		Cause: fmt.Sprintf(
			"Another resource took it over while it was being deleted. The bucket %s is still in the template of the project.",
			e.Bucket,
		),
		Changed: model.ChangedPartly,
		Done:    e.Done,
		Remedy:  "Replace the resource that manages it now, with terraform apply -replace=ADDRESS, which creates the bucket again.",
	}
}
