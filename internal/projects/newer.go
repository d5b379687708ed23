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

// Summary is the error as a sentence without its full stop.
func (e *NewerHubError) Summary() string {
	return fmt.Sprintf("A newer version of Stowage set up the hub. In the SSM parameter %s, %s", e.Parameter, e.Error())
}

// Detail says what to do.
func (e *NewerHubError) Detail() string { return "Nothing was changed. Upgrade the provider." }
