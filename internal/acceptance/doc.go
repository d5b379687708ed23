// Package acceptance tests the provider with a real Terraform or OpenTofu CLI against the sandbox.
// AWS clients independent of Stowage inspect the account afterwards.
//
// Tests named TestAcc use terraform-plugin-testing. They cover every resource, data source,
// function, ephemeral resource and example. They share one sandbox. Each has a project and an
// account of its own (a tenant), and CheckDestroy looks for what is left in that account. The
// provider runs in the test process.
//
// The other tests use a separate harness, because terraform-plugin-testing cannot do what they
// need:
//
//   - interrupt_test, moments_test: send signals to the CLI and the provider, and kill them, during
//     a run.
//   - concurrent_test, deletion_test: run several workspaces at once, or several on one project.
//   - credentials_test: apply a saved plan, and search the files that a run leaves.
//   - secrets_test: search the log of a provider that runs in a process of its own.
//   - group_test, shards_test: set -parallelism, and compare warnings, which the library discards.
//   - calls_test, firstplan_test: count the AWS calls of a single command. A step of the library
//     runs several.
//   - hub_test, wronghub_test: damage the hub, and run the CLI in another environment. Both would
//     disturb the tests that share a sandbox.
//   - upgrade_test: edit a state file.
//
// Each of these tests has a sandbox of its own (a world). Its workspaces are directories with
// configurations, applied with the built provider through the CLI's dev_overrides.
//
// The CLI is the one that TF_ACC_TERRAFORM_PATH names, else terraform, else tofu of the PATH, else
// bin/tofu of the repository. The tests set TF_ACC themselves: they use only the sandbox. Without a
// CLI they fail, so that a run that tested nothing does not look like a success.
package acceptance
