// Package s3 simulates Amazon S3 in every account and region of a sandbox's world: buckets with
// their settings, objects with versions and delete markers, multipart uploads, and the resource
// types AWS::S3::Bucket and AWS::S3::BucketPolicy.
//
// It is as strict as S3 about names, settings and preconditions, with S3's error codes and texts.
// Bucket names are one namespace over all accounts, except the account-regional namespace, which is
// reserved for its account. A bucket accepts only requests that are signed for its region. Access
// to another account's bucket is refused: bucket policies are checked and stored, not evaluated.
//
// Unsimulated features (replication, websites, inventory, ACL grants, notifications to other
// targets than EventBridge ...) are refused with the code SandboxNotModelled.
//
// # Reading the code
//
// A bucket's settings are structs with two sets of tags: xml for the API and json for
// CloudFormation's properties. Both use the same check functions, so that CloudFormation refuses
// what the API refuses. operations.go lists the operations.
package s3
