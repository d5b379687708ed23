// Package secretsmanager simulates Secrets Manager: CreateSecret, GetSecretValue, DescribeSecret, PutSecretValue,
// DeleteSecret, RestoreSecret, ListSecrets, GetResourcePolicy, and the types AWS::SecretsManager::Secret and AWS::SecretsManager::ResourcePolicy.
//
// Secrets have the versions AWSCURRENT and AWSPREVIOUS. Deletion leaves a secret in its recovery window unless it is forced;
// CloudFormation forces it.
package secretsmanager
