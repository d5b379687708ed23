// Package run starts the sandbox for the programs that show Stowage at work, and runs a real CLI on it.
//
// Start returns a Sandbox that is ready; Stop ends it. Command makes the command that runs terraform or tofu as the
// sandbox's client, and nothing of this machine's own AWS or Terraform settings reaches it. Calls and ResetCalls count what the
// client has cost. All of it is what a person would do at the shell: the binaries are those of make build.
package run
