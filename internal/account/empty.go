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

// maxDelete is the number of keys that one DeleteObjects takes (S3 API, DeleteObjects).
const maxDelete = 1000

// kind is what an item of a bucket is.
type kind int

const (
	object  kind = iota // the current version of a key
	version             // an older one
	marker              // a delete marker that is not the current version
	hiding              // a delete marker that is: it hides the versions of its key
	upload              // an unfinished multipart upload
)

// item is one version, delete marker or unfinished upload of a bucket.
type item struct {
	ref
	kind    kind
	written time.Time
}

// ref names an item: id is that of the version or upload.
type ref struct{ key, id string }

// Empty deletes everything in a bucket: objects, versions, delete markers and unfinished uploads, and returns how many. progress is told
// the number deleted so far. What S3 refuses to delete is an *UndeletableError, after all the others of its request; other errors tell
// what was deleted before. A bucket that doesn't exist is empty.
//
// Where the bucket has object lock, two things keep a refusal from doing harm. The newest version is deleted first: under the default
// retention it is locked for longer than all others, so that nothing was deleted when it is refused. And a delete marker is deleted
// after the versions that it hides: without it, a version that stays would be visible again.
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
		// An upload whose parts are still arriving outlives being aborted (S3 API, AbortMultipartUpload). S3 deletes the bucket nevertheless.
		err = e.until(ctx, e.uploads, e.abort, func(item) error { return nil })
	}
	return e.deleted, e.told(err)
}

// emptying is the work on one bucket.
type emptying struct {
	Buckets
	bucket   string
	progress func(deleted int)
	deleted  Contents
	lastKey  string // of the version that was deleted last
	// uncertain means that a request got no answer: it may have deleted something that is not counted.
	uncertain bool
}

// told is an error with what was deleted before it.
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
		return model.AfterChange(err, "It is unknown whether something was deleted from the bucket: the last request got no answer.")
	case e.uncertain:
		return model.AfterChange(err, fmt.Sprintf("Deleted from the bucket, at least: %s.", e.deleted))
	}
	return model.AfterChange(err, fmt.Sprintf("Deleted from the bucket: %s.", e.deleted))
}

// until lists and deletes pages of items until there are none. It always lists from the beginning: where a listing goes on after a marker that was
// deleted meanwhile is not documented. Something that is listed again after S3 said that it was deleted is left, and ends it: it would go round for
// ever. remove returns what it has deleted.
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

// position is where a listing goes on.
type position struct{ key, version *string }

// versions lists a page of versions and delete markers; next is nil at the end. Keys come percent-encoded, since XML can't hold all that S3 takes.
func (e *emptying) versions(ctx context.Context, from *position) (items []item, next *position, err error) {
	input := &s3.ListObjectVersionsInput{
		Bucket: aws.String(e.bucket), MaxKeys: aws.Int32(maxDelete), EncodingType: types.EncodingTypeUrl, ExpectedBucketOwner: aws.String(e.AccountID),
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

// hasObjectLock reports whether the bucket has object lock, or may have: where that cannot be read, the careful way does no harm.
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

// deleteNewest deletes the version of the bucket that was written last.
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

// deleteBeforeMarkers deletes a page of a bucket with object lock: first all but the markers that hide versions, then these. The
// versions of the last key may go on in the next page: its marker stays until then.
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

// deleteVersions deletes versions and delete markers, those whose keys XML can't hold one by one.
func (e *emptying) deleteVersions(ctx context.Context, items []item, _ bool) ([]item, error) {
	refused := &UndeletableError{Bucket: e.bucket}
	var batch []item
	for _, one := range items {
		if inXML(one.key) {
			batch = append(batch, one)
			continue
		}
		_, err := e.S3.DeleteObject(ctx, &s3.DeleteObjectInput{
			Bucket: aws.String(e.bucket), Key: aws.String(one.key), VersionId: aws.String(one.id), ExpectedBucketOwner: aws.String(e.AccountID),
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

// deleteBatch deletes versions and delete markers in one request, and notes what S3 refuses.
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
	if needsMFA(err) { // then S3 refuses the whole request (S3 API, DeleteObjects)
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

// count counts what was deleted. What is listed as the current version once a newer one was deleted is an older one.
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
			Bucket: aws.String(e.bucket), Key: aws.String(one.key), UploadId: aws.String(one.id), ExpectedBucketOwner: aws.String(e.AccountID),
		})
		if err != nil && code(err) != "NoSuchUpload" {
			return nil, e.stopped(err)
		}
		e.count(one)
	}
	return items, nil
}

// stopped is the error of a deletion that failed as a whole.
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
