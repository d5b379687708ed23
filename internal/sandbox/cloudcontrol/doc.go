// Package cloudcontrol simulates the read operation of the AWS Cloud Control API: GetResource.
//
// A read needs cloudformation:GetResource and, with the caller's own credentials, the permissions
// of the read handler (SDK model of Cloud Control; CloudFormation registry, "handlers"). Properties
// are returned as a JSON string.
package cloudcontrol
