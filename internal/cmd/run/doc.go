// Package run starts the sandbox for the programs that demonstrate Stowage, and runs a real CLI on
// it.
//
// Start returns a Sandbox that is ready; Stop ends it. Command returns the command that runs
// terraform or tofu as the sandbox's client, isolated from this machine's own AWS and Terraform
// settings. Calls and ResetCalls count the client's calls. The binaries are those of make build.
package run
