// Package protocol speaks the wire formats of AWS's APIs: it takes requests apart and encodes answers and errors as the
// services do, byte shapes that the SDKs rely on included.
//
//   - The query protocol (CloudFormation, IAM, SNS, STS): a form with Action and Version in, XML out. See Query and the
//     functions on forms: Members, Strings, Map.
//   - AWS JSON 1.0 (DynamoDB) and 1.1 (KMS, Secrets Manager, SSM): see JSON and Decode.
//   - REST XML (S3): see XML and XMLError.
//
// A service keeps one value of Query or JSON and uses its Result and Error methods in Handle and WriteError.
//
// # Request ids
//
// Every answer has a request id. It is derived from the request's place in the world's call order by the front door, which
// puts it into the X-Sandbox-Request-Id header of the request before it calls a service; RequestID reads it. So ids
// are a function of the seed and are not drawn by each service.
package protocol
