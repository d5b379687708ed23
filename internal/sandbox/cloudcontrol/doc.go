// Package cloudcontrol is the sandbox's AWS Cloud Control API, as far as reading goes: GetResource.
//
// A read needs cloudformation:GetResource and, with the caller's own credentials, the permissions of the read handler
// (SDK model of Cloud Control; CloudFormation registry, "handlers"). Properties come as a string of JSON.
package cloudcontrol
