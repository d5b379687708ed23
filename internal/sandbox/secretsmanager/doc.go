// Package secretsmanager simulates Secrets Manager: CreateSecret, GetSecretValue, DescribeSecret, PutSecretValue,
// DeleteSecret, RestoreSecret, ListSecrets, ListSecretVersionIds, GetResourcePolicy, PutResourcePolicy, DeleteResourcePolicy, and the types
// AWS::SecretsManager::Secret (without GenerateSecretString) and AWS::SecretsManager::ResourcePolicy.
//
// Policies of secrets are checked and kept; who may do what by them is asked through ResourcePolicy. That their principals exist is not checked.
//
// Secrets have the versions AWSCURRENT and AWSPREVIOUS. Deletion leaves a secret in its recovery window unless it is forced;
// CloudFormation forces it.
package secretsmanager
