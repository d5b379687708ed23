package account

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// Buckets works on the buckets of one account and region.
type Buckets struct {
	S3 *s3.Client
	// AccountID is the expected owner: a bucket of that name in another account is refused by S3 and never touched.
	AccountID string
}

// CheckEmpty returns a *NotEmptyError when the bucket holds an object, an old version, a delete marker or an unfinished
// upload. A bucket that doesn't exist is empty.
func (b Buckets) CheckEmpty(ctx context.Context, bucket string) error {
	e := &emptying{Buckets: b, bucket: bucket}
	items, next, err := e.versions(ctx, nil)
	var uploads []item
	more := false
	if err == nil { // S3 deletes a bucket with unfinished uploads in it, and them with it
		uploads, more, err = e.uploads(ctx)
	}
	items = append(items, uploads...)
	switch {
	case noSuchBucket(err):
		return nil
	case err != nil:
		return err
	case len(items) == 0:
		return nil
	}
	full := &NotEmptyError{Bucket: bucket, Example: items[0].key, Holds: Contents{More: more || next != nil}}
	for _, one := range items {
		full.Holds.add(one.kind)
	}
	return full
}

// Exists reports whether the bucket exists in the account. It lists versions, which needs no right that deleting does not.
func (b Buckets) Exists(ctx context.Context, bucket string) (bool, error) {
	e := &emptying{Buckets: b, bucket: bucket}
	_, _, err := e.versions(ctx, nil)
	if noSuchBucket(err) {
		return false, nil
	}
	return err == nil, err
}

// Delete deletes an empty bucket. S3 refuses when anything is in it, which is a *NotEmptyError: nothing has changed then.
// A bucket that doesn't exist counts as deleted.
func (b Buckets) Delete(ctx context.Context, bucket string) error {
	_, err := b.S3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: aws.String(bucket), ExpectedBucketOwner: aws.String(b.AccountID)})
	switch {
	case err == nil || noSuchBucket(err):
		return nil
	case code(err) == "BucketNotEmpty":
		var full *NotEmptyError
		if errors.As(b.CheckEmpty(ctx, bucket), &full) {
			return full
		}
		return &NotEmptyError{Bucket: bucket}
	}
	return fmt.Errorf("deleting the bucket %s: %w", bucket, err)
}

func noSuchBucket(err error) bool { return code(err) == "NoSuchBucket" }

// code is the code of an AWS error, "" for others.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// EncryptedWith finds a bucket of the account whose default encryption uses a key; "" when there is none. Buckets of other regions cannot use the
// key and are passed over, as are those that vanish meanwhile.
func (b Buckets) EncryptedWith(ctx context.Context, keyARN string) (string, error) {
	pages := s3.NewListBucketsPaginator(b.S3, &s3.ListBucketsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", fmt.Errorf("listing the buckets of the account %s: %w", b.AccountID, err)
		}
		for _, bucket := range page.Buckets {
			region := aws.ToString(bucket.BucketRegion)
			if region != "" && region != b.S3.Options().Region {
				continue
			}
			uses, err := b.uses(ctx, aws.ToString(bucket.Name), keyARN)
			if region == "" && elsewhere(err) {
				continue
			}
			if err != nil || uses {
				return aws.ToString(bucket.Name), err
			}
		}
	}
	return "", nil
}

// elsewhere reports whether S3 refused a call because the bucket is in another region: these are the answers that botocore's
// S3RegionRedirectorv2 follows to that region, the last of them for regions that have to be opted into.
func elsewhere(err error) bool {
	switch code(err) {
	case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
		return true
	}
	return false
}

func (b Buckets) uses(ctx context.Context, bucket, keyARN string) (bool, error) {
	out, err := b.S3.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: aws.String(bucket), ExpectedBucketOwner: aws.String(b.AccountID)})
	switch code(err) {
	case "NoSuchBucket", "ServerSideEncryptionConfigurationNotFoundError":
		return false, nil // gone, or unencrypted
	}
	if err != nil {
		return false, fmt.Errorf("reading the encryption of the bucket %s: %w", bucket, err)
	}
	for _, rule := range out.ServerSideEncryptionConfiguration.Rules {
		if by := rule.ApplyServerSideEncryptionByDefault; by != nil && names(aws.ToString(by.KMSMasterKeyID), keyARN) {
			return true, nil
		}
	}
	return false, nil
}

// names says whether a bucket's setting names a key: by its ARN, or by its bare id, which S3 takes too.
func names(setting, keyARN string) bool {
	return setting == keyARN || setting != "" && strings.HasSuffix(keyARN, ":key/"+setting)
}
