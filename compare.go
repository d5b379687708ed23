//go:build compare

package main

import (
	"os"

	"github.com/stowage/terraform-provider-stowage/internal/unchanged/comparison"
)

// A provider that is built with the tag compare is for the acceptance tests. It compares each
// answer that it gives without the plugin framework with the framework's.
func init() {
	options.InFrontOf = comparison.Comparing(comparison.AppendTo(os.Getenv(comparison.OutcomesVariable)))
}
