// The Terraform provider Stowage: see internal/provider.
package main

import (
	"context"
	"flag"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	stowage "github.com/stowage/terraform-provider-stowage/internal/provider"
)

// version is set by the release build.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "wait for a debugger, and print how Terraform reaches this process")
	flag.Parse()
	err := providerserver.Serve(context.Background(), func() provider.Provider { return stowage.New(version) }, providerserver.ServeOpts{
		Address: "registry.terraform.io/stowage/stowage",
		Debug:   *debug,
	})
	if err != nil {
		log.Fatal(err)
	}
}
