// Package secretsmanager simulates Secrets Manager: CreateSecret, GetSecretValue, DescribeSecret,
// PutSecretValue, DeleteSecret, RestoreSecret, ListSecrets, ListSecretVersionIds,
// GetResourcePolicy, PutResourcePolicy, DeleteResourcePolicy, and the types
// AWS::SecretsManager::Secret (without GenerateSecretString) and
// AWS::SecretsManager::ResourcePolicy.
//
// Policies of secrets are checked and stored; ResourcePolicy returns them for authorization. That
// their principals exist is not checked.
//
// Secrets have the versions AWSCURRENT and AWSPREVIOUS. A deleted secret stays in its recovery
// window unless deletion is forced; CloudFormation forces it.
package secretsmanager
