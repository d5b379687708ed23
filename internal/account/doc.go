// Package account does what Stowage needs in a project's account outside CloudFormation. It checks
// whether buckets are empty, empties and deletes them, schedules the deletion of a project's key,
// and reads what S3 blocks for the whole account.
//
// CloudFormation never deletes data: stacks retain all buckets and keys. Their deletion is
// explicit, here, before the model drops the bucket. Each function can be repeated after a crash:
// what is already gone counts as done.
package account
