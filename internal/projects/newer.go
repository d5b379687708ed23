package projects

import "fmt"

// NewerHubError says that the hub's settings were written in a format that this version doesn't know.
type NewerHubError struct {
	Format    int
	Parameter string
}

func (e *NewerHubError) Error() string {
	return fmt.Sprintf("the settings have format %d; this version of the provider knows formats up to %d", e.Format, hubFormat)
}
