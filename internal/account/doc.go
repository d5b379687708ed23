// Package account is what Stowage does in a project's account outside CloudFormation: it looks whether buckets are empty,
// empties and deletes them, schedules the deletion of a project's key, and reads what S3 blocks for the account as a whole.
//
// CloudFormation never deletes data: all buckets and keys are retained by their stacks. Deleting is done here, explicitly,
// before the model forgets the bucket. Each function can be repeated after a crash: what is gone already counts as done.
package account
