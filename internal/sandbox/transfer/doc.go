// Package transfer simulates AWS Transfer Family as far as SFTP servers and their users: the resource types AWS::Transfer::Server and
// AWS::Transfer::User, and the calls with which people look at them: DescribeServer, ListServers, DescribeUser, ListUsers. Nobody can log in.
//
// Modelled are public endpoints for SFTP to S3 with users that the service manages. A user's role must exist and trust the service; what it allows
// doesn't matter here. A server whose template names no security policy gets the oldest, as in AWS.
//
// The rules come from the Transfer Family API reference (CreateServer, CreateUser) and from the CloudFormation registry's schemas
// aws-transfer-server and aws-transfer-user. The words of most errors are from memory of AWS.
package transfer
