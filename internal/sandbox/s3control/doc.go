// Package s3control simulates of S3's control API what concerns an account as a whole: its public access block.
//
// The setting is kept and told, no more: that it overrules what buckets say for themselves is not modelled, since the buckets' own settings
// say the same wherever Stowage makes them.
//
// Sources: Amazon S3 API Reference, GetPublicAccessBlock, PutPublicAccessBlock and DeletePublicAccessBlock of AWS S3 Control.
package s3control
