package hubs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/stowage/terraform-provider-stowage/internal/hub"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// checkPackage refuses a package whose content is not that of its hash.
func checkPackage(p Package) error {
	sum := sha256.Sum256(p.Zip)
	if got := hex.EncodeToString(sum[:]); got != p.Relay.Hash {
		return &model.ExplainedError{
			Text: fmt.Sprintf("the relay's package has the SHA-256 %s, not %s", got, p.Relay.Hash),
			Explanation: model.Explanation{
				Cause:   fmt.Sprintf("The relay's package is damaged: its SHA-256 is %s, not %s.", got, p.Relay.Hash),
				Changed: model.ChangedNothing,
				Remedy:  "Install the provider again, or correct relay_package.",
			},
		}
	}
	return nil
}

// maxUploads is how often an upload is tried when another writer makes the same object.
const maxUploads = 3

// upload stores the package under its hash in the artifact bucket. S3 compares the content with the
// checksum, and an upload that was cut off leaves no object. An object of the key with other
// content is replaced: the bucket is versioned, so nothing is lost.
func (d *deployment) upload(ctx context.Context) error {
	bucket, key := hub.ArtifactBucket(d.settings.Name, d.at), d.relay.Relay.Key()
	sum := sha256.Sum256(d.relay.Zip)
	put := &s3.PutObjectInput{
		Bucket: aws.String(bucket), Key: aws.String(key), Body: bytes.NewReader(d.relay.Zip),
		ContentType: aws.String("application/zip"), ExpectedBucketOwner: aws.String(d.at.AccountID),
		ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(sum[:])),
	}
	for try := 1; ; try++ {
		found, err := d.account.S3.HeadObject(ctx, &s3.HeadObjectInput{
			Bucket: aws.String(bucket), Key: aws.String(key), ChecksumMode: types.ChecksumModeEnabled,
			ExpectedBucketOwner: aws.String(d.at.AccountID),
		})
		switch {
		case err == nil && aws.ToString(found.ChecksumSHA256) == aws.ToString(put.ChecksumSHA256):
			return nil
		case err == nil:
			put.IfNoneMatch = nil
		case code(err) == "NotFound":
			put.IfNoneMatch = aws.String("*")
		default:
			return fmt.Errorf("looking for the relay's package in the bucket %s: %w", bucket, err)
		}
		put.Body = bytes.NewReader(d.relay.Zip)
		_, err = d.account.S3.PutObject(ctx, put)
		if err == nil {
			return nil
		}
		raced := code(err) == "PreconditionFailed" || code(err) == "ConditionalRequestConflict"
		if !raced || try == maxUploads {
			return fmt.Errorf("uploading the relay's package to the bucket %s: %w", bucket, err)
		}
	}
}

// code returns AWS's code of an error; "" without one.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}
