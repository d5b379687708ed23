// Package ssm simulates the parameters of Systems Manager's Parameter Store: PutParameter,
// GetParameter, GetParameters, GetParametersByPath, DeleteParameter, ListTagsForResource, and the
// type AWS::SSM::Parameter.
//
// Parameters are of the standard tier. A SecureString's value is returned only with decryption;
// otherwise a placeholder replaces the ciphertext. Old versions are not kept.
package ssm
