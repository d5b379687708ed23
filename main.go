// Command terraform-provider-stowage is the Terraform provider Stowage: see internal/provider.
package main

import (
	"flag"
	"log"

	stowage "github.com/stowage/terraform-provider-stowage/internal/provider"
)

// version is set by the release build.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "wait for a debugger, and print how Terraform reaches this process")
	flag.Parse()
	if err := stowage.Serve(stowage.ServerOptions{Version: version}, *debug); err != nil {
		log.Fatal(err)
	}
}
