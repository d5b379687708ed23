// Package server runs a Sandbox behind a listener: the command line of stowage-sandbox.
//
// When it is ready it prints one line of JSON: where it listens, and the environment variables that make terraform and
// any AWS SDK or CLI talk to it, a generated Terraform CLI configuration included, which takes the provider from the
// directory of the executable. The file goes when the server ends.
package server
