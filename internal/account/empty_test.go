package account_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/stowage/terraform-provider-stowage/internal/account"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

// hostileKeys are keys that S3 accepts and that XML, URLs or paths treat specially.
var hostileKeys = []string{
	"a\x01b",
	"\x7f",
	"tab\tand\nlines\r\n",
	"next\u0085line",
	"nothing\ufffe\uffff",
	"replaced\ufffd",
	"separator\u2028",
	"percent%41%",
	"plus+and space",
	"a&b<c>\"d\"'",
	"../up/./here",
	"//",
	"ümlaut 日本 🎉",
	"?versionId=null",
	"#x",
	" ",
	strings.Repeat("k", 1024),
}

func TestEmpty_HostileKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		client := w.bucket(ours, "weird-keys")
		for _, key := range hostileKeys {
			put(t, client, "weird-keys", key)
			_, err := client.DeleteObject(
				t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("weird-keys"), Key: aws.String(key)},
			)
			must(t, err)
			_, err = client.CreateMultipartUpload(
				t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String("weird-keys"), Key: aws.String(key)},
			)
			must(t, err)
		}
		var full *account.NotEmptyError
		if err := w.buckets().CheckEmpty(t.Context(), "weird-keys"); !errors.As(err, &full) {
			t.Errorf("checking: %v", err)
		}
		var progress []int
		must(
			t,
			emptied(w.buckets().Empty(t.Context(), "weird-keys", func(deleted int) { progress = append(progress, deleted) })),
		)
		if n := len(hostileKeys); fmt.Sprint(progress) != fmt.Sprint([]int{2 * n, 3 * n}) {
			t.Errorf("progress %v", progress)
		}
		must(t, w.buckets().CheckEmpty(t.Context(), "weird-keys"))
		must(t, w.buckets().Delete(t.Context(), "weird-keys"))
	})
}

func TestEmpty_HostileKeyIsTheExample(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		put(t, w.bucket(ours, "weird-keys"), "weird-keys", "a\x01 b")
		var full *account.NotEmptyError
		if err := w.buckets().CheckEmpty(t.Context(), "weird-keys"); !errors.As(err, &full) || full.Example != "a\x01 b" {
			t.Errorf("checking: %v", err)
		}
	})
}

// TestEmpty_Protected empties buckets with protected versions. All others of the request are
// deleted, and the error reports it.
func TestEmpty_Protected(t *testing.T) {
	for name, protect := range map[string]func(*s3.PutObjectInput){
		"retention": func(in *s3.PutObjectInput) {
			in.ObjectLockMode, in.ObjectLockRetainUntilDate = types.ObjectLockModeGovernance, aws.Time(time.Now().Add(24*time.Hour))
		},
		"legal hold": func(in *s3.PutObjectInput) { in.ObjectLockLegalHoldStatus = types.ObjectLockLegalHoldStatusOn },
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			client := w.bucket(ours, "locked-exports")
			for key, locked := range map[string]bool{"free.csv": false, "free.txt": false, "offer.pdf": true, "odd\x01": true} {
				in := &s3.PutObjectInput{
					Bucket: aws.String("locked-exports"), Key: aws.String(key), Body: strings.NewReader("x"),
					ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
				}
				if locked {
					protect(in)
				}
				_, err := client.PutObject(t.Context(), in)
				must(t, err)
			}
			var protected *account.UndeletableError
			_, err := w.buckets().Empty(t.Context(), "locked-exports", nothing)
			if !errors.As(err, &protected) || protected.Deleted.Total() != 2 || protected.Refused != 2 ||
				protected.Key != "odd\x01" {
				t.Fatalf("%s: emptying: %v (%+v)", name, err, protected)
			}
			explained := protected.Explain()
			if explained.Changed != model.ChangedPartly ||
				!strings.Contains(explained.Done, "Deleted from the bucket: 2 objects.") ||
				!strings.Contains(explained.Remedy, "retention ends, or remove their legal hold") ||
				!strings.Contains(explained.Cause, "object protected by object lock.") {
				t.Errorf("%s: %+v", name, explained)
			}
			if protected := w.left(client, "locked-exports"); protected != 2 {
				t.Errorf("%s: %d versions are left", name, protected)
			}
		})
	}
}

func (w *world) left(client *s3.Client, bucket string) int {
	w.t.Helper()
	out, err := client.ListObjectVersions(
		w.t.Context(),
		&s3.ListObjectVersionsInput{Bucket: aws.String(bucket), EncodingType: types.EncodingTypeUrl},
	)
	must(w.t, err)
	return len(out.Versions)
}

type answers struct {
	next   http.RoundTripper
	answer func(r *http.Request) (status int, body string) // 0 for the sandbox's answer
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	if status, body := a.answer(r); status != 0 {
		return &http.Response{
			StatusCode: status, Header: http.Header{"Content-Type": {"application/xml"}},
			Body: io.NopCloser(strings.NewReader(body)), Request: r,
		}, nil
	}
	return a.next.RoundTrip(r)
}

func failed(code, message string) string {
	return "<Error><Code>" + code + "</Code><Message>" + message + "</Message></Error>"
}

// TestEmpty_MFADelete has S3 refuse the whole request without the device's code (S3 API,
// DeleteObjects). The sandbox does not have MFA delete.
func TestEmpty_MFADelete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		client := w.bucket(ours, "guarded")
		put(t, client, "guarded", "a")
		put(t, client, "guarded", "b")
		b := account.Buckets{
			AccountID: ours,
			S3: w.clientBy(ours, &answers{simulate.NewTransport(w.box), func(r *http.Request) (int, string) {
				if r.Method == http.MethodPost && r.URL.Query().Has("delete") {
					return http.StatusForbidden, failed("AccessDenied", "Mfa Authentication must be used for this request")
				}
				return 0, ""
			}}).S3,
		}
		var guarded *account.UndeletableError
		if _, err := b.Empty(t.Context(), "guarded", nothing); !errors.As(err, &guarded) || guarded.Refused != 2 ||
			!guarded.Deleted.Empty() {
			t.Fatalf("emptying: %v (%+v)", err, guarded)
		}
		if explained := guarded.Explain(); explained.Changed != model.ChangedNothing ||
			!strings.Contains(explained.Remedy, "MFA delete is enabled") {
			t.Errorf("%+v", explained)
		}
	})
}

// TestEmpty_Stalled lists again what S3 reported as deleted. The emptying ends.
func TestEmpty_Stalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		put(t, w.bucket(ours, "stubborn"), "stubborn", "a")
		b := account.Buckets{
			AccountID: ours,
			S3: w.clientBy(ours, &answers{simulate.NewTransport(w.box), func(r *http.Request) (int, string) {
				if r.Method == http.MethodPost && r.URL.Query().Has("delete") {
					return http.StatusOK, "<DeleteResult></DeleteResult>"
				}
				return 0, ""
			}}).S3,
		}
		var stalled *account.UndeletableError
		if _, err := b.Empty(t.Context(), "stubborn", nothing); !errors.As(err, &stalled) || stalled.Key != "a" {
			t.Errorf("emptying: %v", err)
		}
	})
}

// TestEmpty_UploadThatOutlivesAbort lists an upload again after its abort, because its parts are
// still arriving.
func TestEmpty_UploadThatOutlivesAbort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		client := w.bucket(ours, "uploads")
		_, err := client.CreateMultipartUpload(
			t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String("uploads"), Key: aws.String("large.iso")},
		)
		must(t, err)
		b := account.Buckets{
			AccountID: ours,
			S3: w.clientBy(ours, &answers{simulate.NewTransport(w.box), func(r *http.Request) (int, string) {
				if r.Method == http.MethodDelete && r.URL.Query().Has("uploadId") {
					return http.StatusNoContent, ""
				}
				return 0, ""
			}}).S3,
		}
		must(t, emptied(b.Empty(t.Context(), "uploads", nothing)))
	})
}

// vast is a bucket with many versions, which exist as numbers only.
type vast struct {
	left           int
	lists, deletes int
}

func (v *vast) answer(r *http.Request) (int, string) {
	switch query := r.URL.Query(); {
	case query.Has("versions"):
		v.lists++
		var body strings.Builder
		body.WriteString("<ListVersionsResult><EncodingType>url</EncodingType>")
		for i := range min(v.left, 1000) {
			fmt.Fprintf(
				&body, "<Version><Key>%s</Key><VersionId>%d</VersionId></Version>",
				url.QueryEscape(fmt.Sprint("key ", i)), v.left-i,
			)
		}
		return http.StatusOK, body.String() + "</ListVersionsResult>"
	case query.Has("object-lock"):
		return http.StatusNotFound, failed(
			"ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket",
		)
	case query.Has("delete"):
		v.deletes++
		v.left -= min(v.left, 1000)
		return http.StatusOK, "<DeleteResult></DeleteResult>"
	}
	return http.StatusOK, "<ListMultipartUploadsResult></ListMultipartUploadsResult>"
}

func TestEmpty_HundredThousandVersions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		bucket := &vast{left: 100_000}
		b := account.Buckets{
			AccountID: ours,
			S3: w.clientBy(ours, &answers{simulate.NewTransport(w.box), func(r *http.Request) (int, string) {
				if strings.Contains(r.URL.Host+r.URL.Path, "vast") {
					return bucket.answer(r)
				}
				return 0, ""
			}}).S3,
		}
		var progress []int
		must(t, emptied(b.Empty(t.Context(), "vast", func(deleted int) { progress = append(progress, deleted) })))
		if len(progress) != 100 || progress[0] != 1000 || progress[99] != 100_000 {
			t.Errorf("progress %v", progress)
		}
		if bucket.lists != 101 || bucket.deletes != 100 {
			t.Errorf("%d lists and %d deletions, want 101 and 100", bucket.lists, bucket.deletes)
		}
	})
}

// TestEncryptedWith_SecondPage finds a bucket on the second page of S3's list, as in accounts with
// thousands.
func TestEncryptedWith_SecondPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		const arn = "arn:aws:kms:eu-west-1:" + ours + ":key/1"
		b := account.Buckets{
			AccountID: ours,
			S3: w.clientBy(ours, &answers{simulate.NewTransport(w.box), func(r *http.Request) (int, string) {
				switch {
				case r.URL.Query().Get("x-id") == "ListBuckets" && r.URL.Query().Get("continuation-token") == "":
					return http.StatusOK, "<ListAllMyBucketsResult><Buckets/><ContinuationToken>more</ContinuationToken></ListAllMyBucketsResult>"
				case r.URL.Query().Get("x-id") == "ListBuckets":
					return http.StatusOK, "<ListAllMyBucketsResult><Buckets><Bucket><Name>sealed</Name></Bucket></Buckets></ListAllMyBucketsResult>"
				case r.URL.Query().Has("encryption"):
					return http.StatusOK, "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm>" +
						"<KMSMasterKeyID>" + arn + "</KMSMasterKeyID></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>"
				}
				return 0, ""
			}}).S3,
		}
		if found, err := b.EncryptedWith(t.Context(), arn); err != nil || found != "sealed" {
			t.Errorf("found %q, %v", found, err)
		}
	})
}

// TestEncryptedWith_OtherRegions skips buckets in other regions. The answers are those that
// botocore's S3RegionRedirectorv2 follows; the last one is for opt-in regions.
func TestEncryptedWith_OtherRegions(t *testing.T) {
	for name, c := range map[string]struct {
		code, region string // the answer to GetBucketEncryption, and the region in ListBuckets
		status       int
		found        bool // whether it is an error
	}{
		"moved":            {"PermanentRedirect", "", http.StatusMovedPermanently, false},
		"signed for other": {"AuthorizationHeaderMalformed", "", http.StatusBadRequest, false},
		"opt-in":           {"IllegalLocationConstraintException", "", http.StatusBadRequest, false},
		"listed elsewhere": {"AccessDenied", "af-south-1", http.StatusForbidden, false},
		"listed here":      {"AuthorizationHeaderMalformed", "eu-west-1", http.StatusBadRequest, true},
		"denied":           {"AccessDenied", "", http.StatusForbidden, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			made, err := w.client(ours).KMS.CreateKey(t.Context(), &kms.CreateKeyInput{})
			must(t, err)
			b := account.Buckets{
				AccountID: ours,
				S3: w.clientBy(ours, &answers{simulate.NewTransport(w.box), func(r *http.Request) (int, string) {
					switch {
					case r.Method == http.MethodGet && r.URL.Query().Get("x-id") == "ListBuckets":
						region := ""
						if c.region != "" {
							region = "<BucketRegion>" + c.region + "</BucketRegion>"
						}
						return http.StatusOK, "<ListAllMyBucketsResult><Buckets><Bucket><Name>cape-town</Name>" + region + "</Bucket></Buckets></ListAllMyBucketsResult>"
					case r.URL.Query().Has("encryption"):
						return c.status, failed(c.code, "of another region")
					}
					return 0, ""
				}}).S3,
			}
			found, err := b.EncryptedWith(t.Context(), aws.ToString(made.KeyMetadata.Arn))
			if (err != nil) != c.found || !c.found && found != "" {
				t.Errorf("%s: found %q, %v", name, found, err)
			}
		})
	}
}
