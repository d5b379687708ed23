// Command terraform-provider-stowage is the Terraform provider Stowage: see internal/provider.
package main

import (
	"flag"
	"log"
	"os"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	stowage "github.com/stowage/terraform-provider-stowage/internal/provider"
)

// version is set by the release build.
var version = "dev"

// options describe the provider's server.
var options = stowage.ServerOptions{Version: version, Logging: logged(os.Environ())}

// unlogged are the log levels to set when logging is off. Without them, the framework and the
// provider write all their lines, which Terraform discards. Those of the framework take a third of
// the time of a plan that uses it.
var unlogged = []string{"TF_LOG_SDK", "TF_LOG_PROVIDER"}

func main() {
	if !options.Logging {
		for _, variable := range unlogged {
			if err := os.Setenv(variable, "off"); err != nil {
				log.Fatal(err)
			}
		}
	}
	debug := flag.Bool("debug", false, "wait for a debugger, and print how Terraform reaches this process")
	flag.Parse()
	var serving []tf6server.ServeOpt
	if *debug {
		serving = append(serving, tf6server.WithManagedDebug())
	}
	err := tf6server.Serve(
		"registry.terraform.io/stowage/stowage",
		func() tfprotov6.ProviderServer { return stowage.NewServer(options) },
		serving...)
	if err != nil {
		log.Fatal(err)
	}
}

// logged reports whether the environment enables a log of Terraform or the provider.
func logged(environ []string) bool {
	for _, variable := range environ {
		if name, value, _ := strings.Cut(variable, "="); value != "" &&
			(name == "TF_LOG" || strings.HasPrefix(name, "TF_LOG_PROVIDER") || strings.HasPrefix(name, "TF_LOG_SDK")) {
			return true
		}
	}
	return false
}
