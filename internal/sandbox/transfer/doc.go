// Package transfer simulates the SFTP servers of AWS Transfer Family and their users: the resource
// types AWS::Transfer::Server and AWS::Transfer::User, and the read operations DescribeServer,
// ListServers, DescribeUser, ListUsers. UpdateUser, DeleteUser, ImportSshPublicKey and
// DeleteSshPublicKey change users outside of CloudFormation. No client can log in.
//
// It models public endpoints for SFTP to S3 with service-managed users. A user's role must exist
// and trust the service; its permissions are not checked. A server without a security policy in its
// template gets the oldest, as in AWS.
//
// The rules are from the Transfer Family API reference (CreateServer, CreateUser) and from the
// CloudFormation registry's schemas aws-transfer-server and aws-transfer-user. Most error texts are
// from memory of AWS.
package transfer
