package account

import (
	"fmt"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Explain implements model.Explainer.
func (e *NotEmptyError) Explain() model.Explanation {
	return model.Explanation{Cause: fmt.Sprintf("The bucket %s is not empty.", e.Bucket)}
}
