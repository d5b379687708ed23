// Command stub is a provider that answers immediately, for make bench: it shows the minimum cost of
// a provider in a process of its own.
//
// With STUB_SCHEMA=stowage it has the schemas of Stowage, and plans no changes for states that
// Stowage has written. Otherwise it has resources of the same names with a few strings, and creates
// nothing.
package main

import (
	"log"
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	stowage "github.com/stowage/terraform-provider-stowage/internal/provider"
)

func main() {
	if err := os.Setenv("TF_LOG_SDK", "off"); err != nil {
		log.Fatal(err)
	}
	server := func() tfprotov6.ProviderServer { return tiny{} }
	if os.Getenv("STUB_SCHEMA") == "stowage" {
		schemas := stowage.NewServer(stowage.ServerOptions{Version: "stub"})
		server = func() tfprotov6.ProviderServer { return unchanged{ProviderServer: schemas} }
	}
	if err := tf6server.Serve("registry.terraform.io/stowage/stowage", server); err != nil {
		log.Fatal(err)
	}
}
