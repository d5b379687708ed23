// Package s3 is a simulated Amazon S3 in every account and region of a sandbox's world: buckets with their settings,
// objects with versions and delete markers, multipart uploads, and the resource types AWS::S3::Bucket and AWS::S3::BucketPolicy.
//
// It is as strict as S3 is about names, settings and preconditions, and it answers with S3's error codes and texts. Bucket
// names are one namespace over all accounts, except those of the account-regional namespace, which only their account can
// take. A bucket is reached only from requests that are signed for its region; another account's bucket is refused:
// bucket policies are checked and stored, not evaluated.
//
// What isn't simulated (replication, websites, inventory, ACL grants, notifications to anything but EventBridge ...) is refused
// with the code SandboxNotModelled.
//
// # Reading the code
//
// A bucket's settings are structs with two sets of tags: xml for the API and json for CloudFormation's properties. Both
// ways end in the same check functions, so that what the API refuses CloudFormation refuses too. Operations are
// listed in operations.go.
package s3
