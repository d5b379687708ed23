// Package acceptance tests the whole product through its front door: a real terraform or tofu runs the built provider against the
// sandbox, and AWS clients that know nothing of Stowage judge what stands in the account afterwards.
//
// The CLI is the one that TF_ACC_TERRAFORM_PATH names, else terraform, else tofu of the PATH, else bin/tofu of the repository.
// Without any the tests fail: a run that tests nothing must not look like one that found nothing.
//
// Each test has a sandbox of its own (a world), in which directories with configurations (workspaces) are applied as people
// would: with the CLI, its exit codes and its words. The provider is taken from where the tests built it, by the CLI's
// dev_overrides, so that nothing is installed and no init is needed.
package acceptance
