// Package transfer simulates AWS Transfer Family as far as SFTP servers and their users: the resource types AWS::Transfer::Server and
// AWS::Transfer::User, and the calls with which people look at them. Nobody can log in.
//
// The rules come from the Transfer Family API reference (CreateServer, CreateUser) and from the CloudFormation registry's schemas
// aws-transfer-server and aws-transfer-user. The words of most errors are from memory of AWS.
package transfer
