// Package s3control simulates the part of S3's control API for accounts: the public access block.
//
// The setting is only stored and returned. That it overrides the settings of buckets is not
// modelled, since Stowage's buckets have the same settings.
//
// Sources: Amazon S3 API Reference, GetPublicAccessBlock, PutPublicAccessBlock and
// DeletePublicAccessBlock of AWS S3 Control.
package s3control
