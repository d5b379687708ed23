package provider

import (
	"os"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

// unlogged are the log levels to set when logging is off. Without them, the framework and the
// provider write all their lines, which Terraform discards. Those of the framework take a third of
// the time of a plan that uses it.
var unlogged = []string{"TF_LOG_SDK", "TF_LOG_PROVIDER"}

// Serve serves the provider to the Terraform process that started this one. With debug it waits for
// a debugger, and prints how Terraform reaches this process. The environment decides
// options.Logging.
func Serve(options ServerOptions, debug bool) error {
	if options.Logging = logged(os.Environ()); !options.Logging {
		for _, variable := range unlogged {
			if err := os.Setenv(variable, "off"); err != nil {
				return err
			}
		}
	}
	var serving []tf6server.ServeOpt
	if debug {
		serving = append(serving, tf6server.WithManagedDebug())
	}
	return tf6server.Serve(
		"registry.terraform.io/stowage/stowage",
		func() tfprotov6.ProviderServer { return NewServer(options) },
		serving...)
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
