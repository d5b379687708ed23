package s3

import (
	"slices"
	"testing"
)

// TestEveryOperationHasItsActions: an operation that is answered but has no action would be refused to users.
func TestEveryOperationHasItsActions(t *testing.T) {
	for name := range operations {
		if bucketActions[name] == "" && objectActions[name] == "" && !slices.Contains([]string{"ListBuckets", "DeleteObjects"}, name) {
			t.Errorf("%s has no IAM action", name)
		}
	}
	for _, table := range []map[string]string{bucketActions, objectActions} {
		for name := range table {
			if operations[name] == nil {
				t.Errorf("%s isn't answered", name)
			}
		}
	}
}
