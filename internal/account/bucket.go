package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// Buckets works on the buckets of one account and region.
type Buckets struct {
	S3 *s3.Client
	// AccountID is the expected owner: S3 refuses access to a bucket with this name in another
	// account.
	AccountID string
}

// CheckEmpty returns a *NotEmptyError if the bucket holds an object, an old version, a delete
// marker or an unfinished upload. A missing bucket is empty.
func (b Buckets) CheckEmpty(ctx context.Context, bucket string) error {
	e := &emptying{Buckets: b, bucket: bucket}
	items, next, err := e.versions(ctx, nil)
	var uploads []item
	more := false
	if err == nil { // S3 deletes a bucket together with its unfinished uploads
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

// Exists reports whether the bucket exists in the account. It lists versions, a permission that
// deletion needs anyway.
func (b Buckets) Exists(ctx context.Context, bucket string) (bool, error) {
	e := &emptying{Buckets: b, bucket: bucket}
	_, _, err := e.versions(ctx, nil)
	if noSuchBucket(err) {
		return false, nil
	}
	return err == nil, err
}

// Delete deletes an empty bucket. It returns a *NotEmptyError, without a change, if S3 refuses
// because the bucket is not empty. It succeeds if the bucket does not exist.
func (b Buckets) Delete(ctx context.Context, bucket string) error {
	_, err := b.S3.DeleteBucket(
		ctx, &s3.DeleteBucketInput{Bucket: aws.String(bucket), ExpectedBucketOwner: aws.String(b.AccountID)},
	)
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

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// InRegion returns the names of the account's buckets in the region of the client, sorted. It costs
// a call for every 1,000 of them.
func (b Buckets) InRegion(ctx context.Context) ([]string, error) {
	pages := s3.NewListBucketsPaginator(b.S3, &s3.ListBucketsInput{
		BucketRegion: aws.String(b.S3.Options().Region), MaxBuckets: aws.Int32(bucketsPerPage),
	})
	var names []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing the buckets of the account %s: %w", b.AccountID, err)
		}
		for _, bucket := range page.Buckets {
			names = append(names, aws.ToString(bucket.Name))
		}
	}
	slices.Sort(names)
	return names, nil
}

// bucketsPerPage is the number of buckets that one call lists; S3 allows 10,000.
const bucketsPerPage = 1000

// EncryptedWith returns a bucket of the account whose default encryption uses a key; "" if there is
// none. Buckets of other regions cannot use the key and are skipped, like those that vanish
// meanwhile.
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

// elsewhere reports whether S3 refused a call because the bucket is in another region. It compares
// the answers that botocore's S3RegionRedirectorv2 follows; the last one is for opt-in regions.
func elsewhere(err error) bool {
	switch code(err) {
	case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
		return true
	}
	return false
}

func (b Buckets) uses(ctx context.Context, bucket, keyARN string) (bool, error) {
	out, err := b.S3.GetBucketEncryption(
		ctx,
		&s3.GetBucketEncryptionInput{Bucket: aws.String(bucket), ExpectedBucketOwner: aws.String(b.AccountID)},
	)
	switch code(err) {
	case "NoSuchBucket", "ServerSideEncryptionConfigurationNotFoundError":
		return false, nil // deleted or unencrypted
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

// names reports whether a bucket's setting names a key, by ARN or by the bare id that S3 also
// accepts.
func names(setting, keyARN string) bool {
	return setting == keyARN || setting != "" && strings.HasSuffix(keyARN, ":key/"+setting)
}
