// Package kms simulates the keys of the Key Management Service with their policies, aliases, tags
// and states: CreateKey, DescribeKey, ListKeys, ListAliases, GetKeyPolicy, GetKeyRotationStatus,
// ListResourceTags, ScheduleKeyDeletion, CancelKeyDeletion, and the types AWS::KMS::Key and
// AWS::KMS::Alias. It encrypts nothing.
package kms
