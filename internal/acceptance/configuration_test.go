package acceptance_test

import (
	"fmt"
	"strings"
)

const acmeProject = `
resource "stowage_project" "acme" {
  name       = "acme"
  account_id = "` + account + `"
}
`

// bucketOf returns a bucket of the project acme with more arguments, one per string. It names the
// project literally, so that it works in another workspace than the project's.
func bucketOf(name string, arguments ...string) string {
	return block(
		"stowage_project_bucket",
		name,
		append([]string{`project = "acme"`, fmt.Sprintf("name = %q", name)}, arguments...)...)
}

func userOf(name string, arguments ...string) string {
	return block(
		"stowage_project_user",
		name,
		append([]string{`project = "acme"`, fmt.Sprintf("name = %q", name)}, arguments...)...)
}

func permissionOf(label, user, bucket string, arguments ...string) string {
	return block("stowage_user_permission", label, append([]string{
		`project = "acme"`, fmt.Sprintf("user = %q", user), fmt.Sprintf("bucket = %q", bucket),
	}, arguments...)...)
}

func block(kind, label string, arguments ...string) string {
	return fmt.Sprintf("resource %q %q {\n  %s\n}\n", kind, label, strings.Join(arguments, "\n  "))
}

func after(address string) string { return "depends_on = [" + address + "]" }

var afterProject = after("stowage_project.acme")

func physical(bucket string) string { return "acme-" + bucket + "-" + account + "-" + region + "-an" }
