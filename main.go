// The Terraform provider Stowage: see internal/provider.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	stowage "github.com/stowage/terraform-provider-stowage/internal/provider"
)

// version is set by the release build.
var version = "dev"

func main() {
	if !logged(os.Environ()) {
		// The framework traces each of its steps even if Terraform throws the lines away, which is a third of a plan's time.
		if err := os.Setenv("TF_LOG_SDK", "off"); err != nil {
			log.Fatal(err)
		}
	}
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

// logged says whether somebody asked Terraform or the provider for a log.
func logged(environ []string) bool {
	for _, variable := range environ {
		if name, value, _ := strings.Cut(variable, "="); value != "" && (name == "TF_LOG" || strings.HasPrefix(name, "TF_LOG_PROVIDER") || strings.HasPrefix(name, "TF_LOG_SDK")) {
			return true
		}
	}
	return false
}
