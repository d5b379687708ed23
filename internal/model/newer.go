package model

import "fmt"

// NewerFormatError is returned for data of a newer version of Stowage, with an unknown format or
// field.
type NewerFormatError struct {
	// What is the data: "the resource Bucketinbox", "the SSM parameter /stowage/hub/main", ...
	What string
	// Format is its format, and Known the newest that this version knows.
	Format string
	Known  int
	// Field is the unknown field of data in a known format.
	Field string
}

func (e *NewerFormatError) Error() string {
	if e.Field != "" {
		return fmt.Sprintf("%s has the setting %q, which this version does not know and would lose", e.What, e.Field)
	}
	return fmt.Sprintf("%s has format %s; this version knows formats up to %d", e.What, e.Format, e.Known)
}

// Explain implements Explainer.
func (e *NewerFormatError) Explain() Explanation {
	return Explanation{
		Cause:   "A newer version of Stowage is in use: " + e.Error() + ".",
		Changed: ChangedNothing,
		Remedy:  "Upgrade the provider.",
	}
}
