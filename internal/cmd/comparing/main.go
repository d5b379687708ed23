// Command comparing is the provider for the acceptance tests. It compares each answer that it gives
// without the plugin framework with the framework's.
package main

import (
	"log"
	"os"

	stowage "github.com/stowage/terraform-provider-stowage/internal/provider"
	"github.com/stowage/terraform-provider-stowage/internal/unchanged/comparison"
)

func main() {
	options := stowage.ServerOptions{
		Version:   "dev",
		InFrontOf: comparison.Comparing(comparison.AppendTo(os.Getenv(comparison.OutcomesVariable))),
	}
	if err := stowage.Serve(options, false); err != nil {
		log.Fatal(err)
	}
}
