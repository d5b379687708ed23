// Package protocol implements the wire formats of AWS's APIs: it parses requests and encodes
// answers and errors as the services do, including the exact bytes that the SDKs rely on.
//
//   - The query protocol (CloudFormation, CloudWatch, IAM, SNS, STS): a form with Action and Version
//     in, XML out. See Query and the functions on forms: Members, Strings, Map.
//   - AWS JSON 1.0 (DynamoDB, SQS) and 1.1 (KMS, Secrets Manager, SSM): see JSON and Decode.
//   - REST XML (S3): see XML and XMLError.
//
// A service has one value of Query or JSON and uses its Result and Error methods in Handle and
// WriteError.
//
// # Request ids
//
// Every answer has a request ID. The front door derives it from the request's position in the
// world's call order and puts it into the X-Sandbox-Request-Id header before it calls a service;
// RequestID reads it. So the IDs are a function of the seed, and services do not draw them.
package protocol
