// Package kms simulates the Key Management Service's keys as things that exist, have a policy, aliases, tags and a life:
// CreateKey, DescribeKey, ListKeys, ListAliases, GetKeyPolicy, GetKeyRotationStatus, ListResourceTags, ScheduleKeyDeletion, CancelKeyDeletion, and the types
// AWS::KMS::Key and AWS::KMS::Alias. It encrypts nothing.
package kms
