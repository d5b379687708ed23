package account

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// maxDelete is the number of keys that one DeleteObjects takes (S3 API, DeleteObjects).
const maxDelete = 1000

// item is one version, delete marker or unfinished upload of a bucket.
type item struct {
	key string
	id  string // of the version or upload
}

// Empty deletes everything in a bucket: objects, versions, delete markers and unfinished uploads. progress is told the number deleted so far.
// What S3 refuses to delete is an *UndeletableError, after all the others of its request. A bucket that doesn't exist is empty.
func (b Buckets) Empty(ctx context.Context, bucket string, progress func(deleted int)) error {
	e := &emptying{Buckets: b, bucket: bucket, progress: progress}
	err := e.until(ctx, e.versions, e.deleteVersions, func(left item) error {
		return &UndeletableError{Bucket: bucket, Deleted: e.deleted, Refused: 1, Key: left.key, Reason: "S3 still lists it after it was deleted"}
	})
	if err == nil {
		// An upload whose parts are still arriving outlives being aborted (S3 API, AbortMultipartUpload). S3 deletes the bucket nevertheless.
		err = e.until(ctx, e.uploads, e.abort, func(item) error { return nil })
	}
	if noSuchBucket(err) {
		return nil
	}
	return err
}

// emptying is the work on one bucket.
type emptying struct {
	Buckets
	bucket   string
	progress func(deleted int)
	deleted  int
}

// until lists and deletes pages of items until there are none. It always lists from the beginning: where a listing goes on after a marker that was
// deleted meanwhile is not documented. Something that is listed again after S3 said that it was deleted is left, and ends it: it would go round for
// ever.
func (e *emptying) until(
	ctx context.Context, list func(context.Context) ([]item, error), remove func(context.Context, []item) error, left func(item) error,
) error {
	before := map[item]bool{}
	for {
		items, err := list(ctx)
		if err != nil || len(items) == 0 {
			return err
		}
		for _, one := range items {
			if before[one] {
				return left(one)
			}
		}
		if err := remove(ctx, items); err != nil {
			return err
		}
		clear(before)
		for _, one := range items {
			before[one] = true
		}
		e.progress(e.deleted)
	}
}

// versions lists the first page of versions and delete markers. Keys come percent-encoded, since XML can't hold all that S3 takes.
func (e *emptying) versions(ctx context.Context) ([]item, error) {
	page, err := e.S3.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{
		Bucket: aws.String(e.bucket), MaxKeys: aws.Int32(maxDelete), EncodingType: types.EncodingTypeUrl, ExpectedBucketOwner: aws.String(e.AccountID),
	})
	if err != nil {
		return nil, fmt.Errorf("listing the bucket %s: %w", e.bucket, err)
	}
	items := make([]item, 0, len(page.Versions)+len(page.DeleteMarkers))
	var failures []error
	add := func(encoded, id *string) {
		key, err := decodeKey(encoded)
		failures = append(failures, err)
		items = append(items, item{key, aws.ToString(id)})
	}
	for _, v := range page.Versions {
		add(v.Key, v.VersionId)
	}
	for _, m := range page.DeleteMarkers {
		add(m.Key, m.VersionId)
	}
	return items, errors.Join(failures...)
}

func (e *emptying) uploads(ctx context.Context) ([]item, error) {
	page, err := e.S3.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{
		Bucket: aws.String(e.bucket), EncodingType: types.EncodingTypeUrl, ExpectedBucketOwner: aws.String(e.AccountID),
	})
	if err != nil {
		return nil, fmt.Errorf("listing the uploads of the bucket %s: %w", e.bucket, err)
	}
	items := make([]item, 0, len(page.Uploads))
	var failures []error
	for _, upload := range page.Uploads {
		key, err := decodeKey(upload.Key)
		failures = append(failures, err)
		items = append(items, item{key, aws.ToString(upload.UploadId)})
	}
	return items, errors.Join(failures...)
}

// deleteVersions deletes versions and delete markers, those whose keys XML can't hold one by one.
func (e *emptying) deleteVersions(ctx context.Context, items []item) error {
	refused := &UndeletableError{Bucket: e.bucket}
	var batch []types.ObjectIdentifier
	for _, one := range items {
		if inXML(one.key) {
			batch = append(batch, types.ObjectIdentifier{Key: aws.String(one.key), VersionId: aws.String(one.id)})
			continue
		}
		_, err := e.S3.DeleteObject(ctx, &s3.DeleteObjectInput{
			Bucket: aws.String(e.bucket), Key: aws.String(one.key), VersionId: aws.String(one.id), ExpectedBucketOwner: aws.String(e.AccountID),
		})
		switch {
		case err == nil:
			e.deleted++
		case code(err) == "AccessDenied":
			refused.add(one.key, reason(err))
		default:
			return e.stopped(err)
		}
	}
	if len(batch) > 0 {
		out, err := e.S3.DeleteObjects(ctx, &s3.DeleteObjectsInput{
			Bucket: aws.String(e.bucket), ExpectedBucketOwner: aws.String(e.AccountID),
			Delete: &types.Delete{Objects: batch, Quiet: aws.Bool(true)},
		})
		if needsMFA(err) { // then S3 refuses the whole request (S3 API, DeleteObjects)
			refused.Deleted, refused.Key, refused.Reason = e.deleted, aws.ToString(batch[0].Key), reason(err)
			refused.Refused += len(batch)
			return refused
		}
		if err != nil {
			return e.stopped(err)
		}
		for _, failure := range out.Errors {
			refused.add(aws.ToString(failure.Key), aws.ToString(failure.Code)+": "+aws.ToString(failure.Message))
		}
		e.deleted += len(batch) - len(out.Errors)
	}
	if refused.Refused == 0 {
		return nil
	}
	refused.Deleted = e.deleted
	return refused
}

func (e *emptying) abort(ctx context.Context, items []item) error {
	for _, one := range items {
		_, err := e.S3.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{
			Bucket: aws.String(e.bucket), Key: aws.String(one.key), UploadId: aws.String(one.id), ExpectedBucketOwner: aws.String(e.AccountID),
		})
		if err != nil && code(err) != "NoSuchUpload" {
			return e.stopped(err)
		}
		e.deleted++
	}
	return nil
}

// stopped is the error of a call that failed as a whole.
func (e *emptying) stopped(err error) error {
	if noSuchBucket(err) || e.deleted == 0 {
		return fmt.Errorf("emptying the bucket %s: %w", e.bucket, err)
	}
	return fmt.Errorf("emptying the bucket %s, of which %d versions and uploads were deleted: %w", e.bucket, e.deleted, err)
}

// needsMFA reports whether S3 refused a call because MFA delete is enabled for the bucket.
func needsMFA(err error) bool {
	return code(err) == "AccessDenied" && strings.Contains(strings.ToLower(err.Error()), "mfa")
}

// reason is what S3 said.
func reason(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return err.Error()
}

// decodeKey is a key that S3 has percent-encoded.
func decodeKey(encoded *string) (string, error) {
	key, err := url.QueryUnescape(aws.ToString(encoded))
	if err != nil {
		return "", fmt.Errorf("the key %q: %w", aws.ToString(encoded), err)
	}
	return key, nil
}

// shown is a key that S3 has percent-encoded, as an example for people.
func shown(encoded *string) string {
	if key, err := decodeKey(encoded); err == nil {
		return key
	}
	return aws.ToString(encoded)
}

// inXML reports whether every XML parser and writer hands a key on as it is: XML 1.0 has no control characters but tab, line feed and carriage
// return, which some normalize, and neither U+FFFE nor U+FFFF.
func inXML(key string) bool {
	for _, r := range key {
		if unicode.IsControl(r) || r == '\ufffe' || r == '\uffff' {
			return false
		}
	}
	return utf8.ValidString(key)
}
