package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// maxDelete is the maximum number of keys in one DeleteObjects (S3 API, DeleteObjects).
const maxDelete = 1000

type kind int

const (
	object  kind = iota // the current version of a key
	version             // an older version of a key
	marker              // a delete marker that is not the current version
	hiding              // a delete marker that is the current version: it hides the versions of its key
	upload              // an unfinished multipart upload
)

// item is one version, delete marker or unfinished upload of a bucket.
type item struct {
	ref
	kind    kind
	written time.Time
}

// ref identifies an item: id is that of the version or upload.
type ref struct{ key, id string }

// Empty deletes everything in a bucket, and returns the counts of deleted objects, versions, delete
// markers and unfinished uploads. It calls progress with the number deleted so far. It returns an
// *UndeletableError for items that S3 refuses to delete, after all others of their request. Other
// errors state what was deleted before. A missing bucket is empty.
//
// For a bucket with object lock, two rules make a refusal harmless. The newest version is deleted
// first: the default retention locks it longer than all others, so nothing was deleted if it is
// refused. A delete marker is deleted after the versions that it hides: without it, a remaining
// version would become visible.
func (b Buckets) Empty(ctx context.Context, bucket string, progress func(deleted int)) (Contents, error) {
	e := &emptying{Buckets: b, bucket: bucket, progress: progress}
	remove := e.deleteVersions
	locked, err := e.hasObjectLock(ctx)
	if err == nil && locked {
		remove, err = e.deleteBeforeMarkers, e.deleteNewest(ctx)
	}
	if err == nil {
		list := func(ctx context.Context) ([]item, bool, error) {
			items, next, err := e.versions(ctx, nil)
			return items, next != nil, err
		}
		err = e.until(ctx, list, remove, func(left item) error {
			return &UndeletableError{Bucket: bucket, Refused: 1, Key: left.key, Reason: "S3 still lists it after it was deleted"}
		})
	}
	if err == nil {
		// An upload whose parts are still arriving can survive an abort (S3 API,
		// AbortMultipartUpload). S3 deletes the bucket nevertheless.
		err = e.until(ctx, e.uploads, e.abort, func(item) error { return nil })
	}
	return e.deleted, e.told(err)
}

type emptying struct {
	Buckets
	bucket   string
	progress func(deleted int)
	deleted  Contents
	lastKey  string // of the last deleted version
	// uncertain means that a request got no answer, so uncounted items may have been deleted.
	uncertain bool
}

// told adds to an error what was deleted before it.
func (e *emptying) told(err error) error {
	var refused *UndeletableError
	switch {
	case err == nil, noSuchBucket(err):
		return nil
	case errors.As(err, &refused):
		refused.Deleted = e.deleted
		return err
	case e.deleted.Empty() && !e.uncertain:
		return err
	case e.deleted.Empty():
		return model.AfterChange(
			err, "It is unknown whether something was deleted from the bucket: the last request got no answer.",
		)
	case e.uncertain:
		return model.AfterChange(err, fmt.Sprintf("Deleted from the bucket, at least: %s.", e.deleted))
	}
	return model.AfterChange(err, fmt.Sprintf("Deleted from the bucket: %s.", e.deleted))
}

// until lists and deletes pages of items until none are left. It always lists from the start,
// because S3 does not document how a listing continues after a deleted marker. An item that is
// listed again after its deletion is left, and ends the loop. remove returns what it has deleted.
func (e *emptying) until(
	ctx context.Context, list func(context.Context) (items []item, more bool, err error),
	remove func(ctx context.Context, items []item, more bool) ([]item, error), left func(item) error,
) error {
	before := map[ref]bool{}
	for {
		items, more, err := list(ctx)
		if err != nil || len(items) == 0 {
			return err
		}
		for _, one := range items {
			if before[one.ref] {
				return left(one)
			}
		}
		removed, err := remove(ctx, items, more)
		if err != nil {
			return err
		}
		clear(before)
		for _, one := range removed {
			before[one.ref] = true
		}
		e.progress(e.deleted.Total())
	}
}

type position struct{ key, version *string }

// versions lists a page of versions and delete markers; next is nil at the end. Keys are
// percent-encoded, because XML cannot represent all keys that S3 accepts.
func (e *emptying) versions(ctx context.Context, from *position) (items []item, next *position, err error) {
	input := &s3.ListObjectVersionsInput{
		Bucket:              aws.String(e.bucket),
		MaxKeys:             aws.Int32(maxDelete),
		EncodingType:        types.EncodingTypeUrl,
		ExpectedBucketOwner: aws.String(e.AccountID),
	}
	if from != nil {
		input.KeyMarker, input.VersionIdMarker = from.key, from.version
	}
	page, err := e.S3.ListObjectVersions(ctx, input)
	if err != nil {
		return nil, nil, fmt.Errorf("listing the bucket %s: %w", e.bucket, err)
	}
	items = make([]item, 0, len(page.Versions)+len(page.DeleteMarkers))
	var failures []error
	add := func(encoded, id *string, current bool, written *time.Time, kinds [2]kind) {
		key, err := decodeKey(encoded)
		failures = append(failures, err)
		one := item{ref{key, aws.ToString(id)}, kinds[1], aws.ToTime(written)}
		if current {
			one.kind = kinds[0]
		}
		items = append(items, one)
	}
	for _, v := range page.Versions {
		add(v.Key, v.VersionId, aws.ToBool(v.IsLatest), v.LastModified, [2]kind{object, version})
	}
	for _, m := range page.DeleteMarkers {
		add(m.Key, m.VersionId, aws.ToBool(m.IsLatest), m.LastModified, [2]kind{hiding, marker})
	}
	if aws.ToBool(page.IsTruncated) {
		key, err := decodeKey(page.NextKeyMarker)
		failures = append(failures, err)
		next = &position{aws.String(key), page.NextVersionIdMarker}
	}
	return items, next, errors.Join(failures...)
}

func (e *emptying) uploads(ctx context.Context) (items []item, more bool, err error) {
	page, err := e.S3.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{
		Bucket: aws.String(e.bucket), EncodingType: types.EncodingTypeUrl, ExpectedBucketOwner: aws.String(e.AccountID),
	})
	if err != nil {
		return nil, false, fmt.Errorf("listing the uploads of the bucket %s: %w", e.bucket, err)
	}
	items = make([]item, 0, len(page.Uploads))
	var failures []error
	for _, one := range page.Uploads {
		key, err := decodeKey(one.Key)
		failures = append(failures, err)
		items = append(items, item{ref: ref{key, aws.ToString(one.UploadId)}, kind: upload})
	}
	return items, aws.ToBool(page.IsTruncated), errors.Join(failures...)
}

// hasObjectLock reports whether the bucket has object lock. It also returns true if this cannot be
// read, since the careful order is harmless.
func (e *emptying) hasObjectLock(ctx context.Context) (bool, error) {
	_, err := e.S3.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{
		Bucket: aws.String(e.bucket), ExpectedBucketOwner: aws.String(e.AccountID),
	})
	switch {
	case noSuchBucket(err), code(err) == "ObjectLockConfigurationNotFoundError":
		return false, nil
	case ctx.Err() != nil:
		return false, fmt.Errorf("reading the object lock of the bucket %s: %w", e.bucket, err)
	}
	return true, nil
}

func (e *emptying) deleteNewest(ctx context.Context) error {
	var newest *item
	for from, more := (*position)(nil), true; more; more = from != nil {
		items, next, err := e.versions(ctx, from)
		if err != nil {
			return err
		}
		for _, one := range items {
			if (one.kind == object || one.kind == version) && (newest == nil || one.written.After(newest.written)) {
				newest = &one
			}
		}
		from = next
	}
	if newest == nil {
		return nil
	}
	_, err := e.deleteVersions(ctx, []item{*newest}, false)
	return err
}

// deleteBeforeMarkers deletes a page of a bucket with object lock, the markers that hide versions
// last. The marker of the last key stays if its versions may continue on the next page.
func (e *emptying) deleteBeforeMarkers(ctx context.Context, items []item, more bool) ([]item, error) {
	last := ""
	for _, one := range items {
		last = max(last, one.key)
	}
	var first, markers []item
	for _, one := range items {
		switch {
		case one.kind != hiding:
			first = append(first, one)
		case !more || one.key != last:
			markers = append(markers, one)
		}
	}
	for _, some := range [][]item{first, markers} {
		if _, err := e.deleteVersions(ctx, some, more); err != nil {
			return nil, err
		}
	}
	return append(first, markers...), nil
}

// deleteVersions deletes versions and delete markers. It deletes keys that XML cannot represent one
// by one.
func (e *emptying) deleteVersions(ctx context.Context, items []item, _ bool) ([]item, error) {
	refused := &UndeletableError{Bucket: e.bucket}
	var batch []item
	for _, one := range items {
		if inXML(one.key) {
			batch = append(batch, one)
			continue
		}
		_, err := e.S3.DeleteObject(ctx, &s3.DeleteObjectInput{
			Bucket:              aws.String(e.bucket),
			Key:                 aws.String(one.key),
			VersionId:           aws.String(one.id),
			ExpectedBucketOwner: aws.String(e.AccountID),
		})
		switch {
		case err == nil:
			e.count(one)
		case code(err) == "AccessDenied":
			refused.add(one.key, reason(err))
		default:
			return nil, e.stopped(err)
		}
	}
	if err := e.deleteBatch(ctx, batch, refused); err != nil {
		return nil, err
	}
	if refused.Refused > 0 {
		return nil, refused
	}
	return items, nil
}

// deleteBatch deletes versions and delete markers in one request, and records what S3 refuses.
func (e *emptying) deleteBatch(ctx context.Context, batch []item, refused *UndeletableError) error {
	if len(batch) == 0 {
		return nil
	}
	objects := make([]types.ObjectIdentifier, len(batch))
	for i, one := range batch {
		objects[i] = types.ObjectIdentifier{Key: aws.String(one.key), VersionId: aws.String(one.id)}
	}
	out, err := e.S3.DeleteObjects(ctx, &s3.DeleteObjectsInput{
		Bucket: aws.String(e.bucket), ExpectedBucketOwner: aws.String(e.AccountID),
		Delete: &types.Delete{Objects: objects, Quiet: aws.Bool(true)},
	})
	if needsMFA(err) { // S3 refuses the whole request (S3 API, DeleteObjects)
		for _, one := range batch {
			refused.add(one.key, reason(err))
		}
		return nil
	}
	if err != nil {
		return e.stopped(err)
	}
	failed := map[ref]bool{}
	for _, failure := range out.Errors {
		failed[ref{aws.ToString(failure.Key), aws.ToString(failure.VersionId)}] = true
		refused.add(aws.ToString(failure.Key), aws.ToString(failure.Code)+": "+aws.ToString(failure.Message))
	}
	for _, one := range batch {
		if !failed[one.ref] {
			e.count(one)
		}
	}
	return nil
}

// count counts a deleted item. A version that became current only because a newer one was deleted
// counts as an older version.
func (e *emptying) count(one item) {
	k := one.kind
	if k == object && one.key == e.lastKey {
		k = version
	}
	if k == object || k == version {
		e.lastKey = one.key
	}
	e.deleted.add(k)
}

func (e *emptying) abort(ctx context.Context, items []item, _ bool) ([]item, error) {
	for _, one := range items {
		_, err := e.S3.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{
			Bucket:              aws.String(e.bucket),
			Key:                 aws.String(one.key),
			UploadId:            aws.String(one.id),
			ExpectedBucketOwner: aws.String(e.AccountID),
		})
		if err != nil && code(err) != "NoSuchUpload" {
			return nil, e.stopped(err)
		}
		e.count(one)
	}
	return items, nil
}

func (e *emptying) stopped(err error) error {
	var response *smithyhttp.ResponseError
	if !errors.As(err, &response) || response.HTTPStatusCode() >= http.StatusInternalServerError {
		e.uncertain = true
	}
	return fmt.Errorf("emptying the bucket %s: %w", e.bucket, err)
}

// needsMFA reports whether S3 refused a call because MFA delete is enabled for the bucket.
func needsMFA(err error) bool {
	return code(err) == "AccessDenied" && strings.Contains(strings.ToLower(err.Error()), "mfa")
}

func reason(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return err.Error()
}

func decodeKey(encoded *string) (string, error) {
	key, err := url.QueryUnescape(aws.ToString(encoded))
	if err != nil {
		return "", fmt.Errorf("the key %q: %w", aws.ToString(encoded), err)
	}
	return key, nil
}

// inXML reports whether every XML parser and writer preserves a key. XML 1.0 excludes U+FFFE,
// U+FFFF and all control characters but tab, line feed and carriage return, and some normalize
// these three.
func inXML(key string) bool {
	for _, r := range key {
		if unicode.IsControl(r) || r == '\ufffe' || r == '\uffff' {
			return false
		}
	}
	return utf8.ValidString(key)
}
