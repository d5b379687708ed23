package account_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/stowage/terraform-provider-stowage/internal/account"
	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

const (
	ours   = "111122223333"
	theirs = "444455556666"
)

type world struct {
	t   *testing.T
	box *sandbox.Sandbox
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{t, sandbox.New(sandbox.Options{Seed: 1})}
}

func (w *world) client(id string) *awsclient.Account {
	w.t.Helper()
	return w.clientBy(id, simulate.NewTransport(w.box))
}

func (w *world) clientBy(id string, transport http.RoundTripper) *awsclient.Account {
	w.t.Helper()
	access, secret := sandbox.StaticCredentials(id)
	clients, err := awsclient.New(w.t.Context(), awsclient.Config{
		Region:     "eu-west-1",
		AccessKey:  access,
		SecretKey:  secret,
		Version:    "test",
		HTTPClient: &http.Client{Transport: transport},
	})
	must(w.t, err)
	return clients.Hub()
}

func (w *world) buckets() account.Buckets {
	w.t.Helper()
	return account.Buckets{S3: w.client(ours).S3, AccountID: ours}
}

func (w *world) bucket(owner, name string) *s3.Client {
	w.t.Helper()
	client := w.client(owner).S3
	_, err := client.CreateBucket(w.t.Context(), &s3.CreateBucketInput{
		Bucket:                     aws.String(name),
		CreateBucketConfiguration:  &types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"},
		ObjectLockEnabledForBucket: aws.Bool(strings.HasPrefix(name, "locked")),
	})
	must(w.t, err)
	_, err = client.PutBucketVersioning(w.t.Context(), &s3.PutBucketVersioningInput{
		Bucket:                  aws.String(name),
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	must(w.t, err)
	return client
}

func put(t *testing.T, client *s3.Client, bucket, key string) {
	t.Helper()
	_, err := client.PutObject(
		t.Context(),
		&s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String(key), Body: strings.NewReader(key)},
	)
	must(t, err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func nothing(int) {}

func emptied(_ account.Contents, err error) error { return err }

// TestEmpty_ManyUploads empties a bucket with more than a thousand unfinished uploads, the page
// size of S3.
func TestEmpty_ManyUploads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		client := w.bucket(ours, "half-done")
		for i := range 1003 {
			_, err := client.CreateMultipartUpload(
				t.Context(),
				&s3.CreateMultipartUploadInput{Bucket: aws.String("half-done"), Key: aws.String(fmt.Sprint("upload", i))},
			)
			must(t, err)
		}
		deleted, err := w.buckets().Empty(t.Context(), "half-done", func(int) {})
		must(t, err)
		if deleted.String() != "1003 unfinished uploads" {
			t.Errorf("deleted %s", deleted)
		}
	})
}

func TestEmpty_MoreVersionsThanOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		client := w.bucket(ours, "full-of-versions")
		for i := range 1005 {
			put(t, client, "full-of-versions", fmt.Sprint("key", i%3))
		}
		_, err := client.DeleteObject(
			t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("full-of-versions"), Key: aws.String("key0")},
		)
		must(t, err)
		for i := range 3 {
			_, err := client.CreateMultipartUpload(
				t.Context(),
				&s3.CreateMultipartUploadInput{Bucket: aws.String("full-of-versions"), Key: aws.String(fmt.Sprint("upload", i))},
			)
			must(t, err)
		}
		var full *account.NotEmptyError
		if err := w.buckets().CheckEmpty(t.Context(), "full-of-versions"); !errors.As(err, &full) || full.Example == "" ||
			full.Holds.String() != "2 objects, 997 older versions, 1 delete marker, 3 unfinished uploads and more" {
			t.Errorf("checking: %v", err)
		}
		if err := w.buckets().Delete(t.Context(), "full-of-versions"); !errors.As(err, &full) {
			t.Errorf("deleting what is full: %v", err)
		}
		var progress []int
		deleted, err := w.buckets().Empty(
			t.Context(), "full-of-versions", func(deleted int) { progress = append(progress, deleted) },
		)
		must(t, err)
		if deleted.String() != "2 objects, 1003 older versions, 1 delete marker and 3 unfinished uploads" {
			t.Errorf("deleted %s", deleted)
		}
		if fmt.Sprint(progress) != "[1000 1006 1009]" {
			t.Errorf("progress %v, want [1000 1006 1009]", progress)
		}
		must(t, w.buckets().CheckEmpty(t.Context(), "full-of-versions"))
		must(t, w.buckets().Delete(t.Context(), "full-of-versions"))
	})
}

func TestCheckEmpty_DeleteMarkersAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		client := w.bucket(ours, "markers")
		_, err := client.DeleteObject(
			t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("markers"), Key: aws.String("gone.pdf")},
		)
		must(t, err)
		var full *account.NotEmptyError
		if err := w.buckets().CheckEmpty(t.Context(), "markers"); !errors.As(err, &full) || full.Example != "gone.pdf" {
			t.Errorf("checking: %v", err)
		}
		must(t, emptied(w.buckets().Empty(t.Context(), "markers", nothing)))
		must(t, w.buckets().Delete(t.Context(), "markers"))
	})
}

func TestEmpty_UnfinishedUploads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		client := w.bucket(ours, "uploads")
		_, err := client.CreateMultipartUpload(
			t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String("uploads"), Key: aws.String("large.iso")},
		)
		must(t, err)
		var full *account.NotEmptyError
		if err := w.buckets().CheckEmpty(t.Context(), "uploads"); !errors.As(err, &full) || full.Example != "large.iso" {
			t.Errorf("checking: %v", err)
		}
	})
}

func TestEmpty_VersionsUnderObjectLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		client := w.bucket(ours, "locked-exports")
		_, err := client.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket:                    aws.String("locked-exports"),
			Key:                       aws.String("report.csv"),
			Body:                      strings.NewReader("x"),
			ChecksumAlgorithm:         types.ChecksumAlgorithmCrc32,
			ObjectLockMode:            types.ObjectLockModeCompliance,
			ObjectLockRetainUntilDate: aws.Time(time.Now().Add(24 * time.Hour)),
		})
		must(t, err)
		_, err = w.buckets().Empty(t.Context(), "locked-exports", nothing)
		if err == nil || !strings.Contains(err.Error(), `"report.csv"`) || !strings.Contains(err.Error(), "AccessDenied") {
			t.Errorf("emptying: %v", err)
		}
	})
}

func TestEmpty_MissingBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newWorld(t).buckets()
		must(t, b.CheckEmpty(t.Context(), "never-was"))
		must(t, emptied(b.Empty(t.Context(), "never-was", nothing)))
		must(t, b.Delete(t.Context(), "never-was"))
	})
}

func TestEmpty_BucketOfAnotherAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		client := w.bucket(theirs, "their-exports")
		put(t, client, "their-exports", "report.csv")
		b := w.buckets()
		for doing, err := range map[string]error{
			"checking": b.CheckEmpty(t.Context(), "their-exports"),
			"emptying": emptied(b.Empty(t.Context(), "their-exports", nothing)),
			"deleting": b.Delete(t.Context(), "their-exports"),
		} {
			if code(err) != "AccessDenied" {
				t.Errorf("%s: %v", doing, err)
			}
		}
		_, err := client.HeadObject(
			t.Context(), &s3.HeadObjectInput{Bucket: aws.String("their-exports"), Key: aws.String("report.csv")},
		)
		must(t, err)
	})
}

// ownerless counts the calls of S3 without the expected bucket owner.
type ownerless struct {
	next  http.RoundTripper
	calls []string
}

func (o *ownerless) RoundTrip(r *http.Request) (*http.Response, error) {
	whole := r.URL.Query().Get("x-id") == "ListBuckets" // concerns the account, not a bucket
	if strings.Contains(r.URL.Host, "s3") && !whole && r.Header.Get("X-Amz-Expected-Bucket-Owner") != ours {
		o.calls = append(o.calls, r.Method+" "+r.URL.String())
	}
	return o.next.RoundTrip(r)
}

// TestCalls_ExpectedBucketOwner protects credentials with access to other accounts: S3
// refuses a bucket with another owner than the expected one.
func TestCalls_ExpectedBucketOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		client := w.bucket(ours, "exports")
		put(t, client, "exports", "report.csv")
		_, err := client.CreateMultipartUpload(
			t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String("exports"), Key: aws.String("large.iso")},
		)
		must(t, err)
		calls := &ownerless{next: simulate.NewTransport(w.box)}
		b := account.Buckets{S3: w.clientBy(ours, calls).S3, AccountID: ours}
		_ = b.CheckEmpty(t.Context(), "exports") // not empty
		must(t, emptied(b.Empty(t.Context(), "exports", nothing)))
		must(t, b.CheckEmpty(t.Context(), "exports"))
		_, err = b.EncryptedWith(t.Context(), "arn:aws:kms:eu-west-1:"+ours+":key/none")
		must(t, err)
		_, err = b.Exists(t.Context(), "exports")
		must(t, err)
		must(t, b.Delete(t.Context(), "exports"))
		if len(calls.calls) > 0 {
			t.Errorf("calls without the expected owner: %v", calls.calls)
		}
	})
}

func TestBucketsWithKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		keys := w.client(ours).KMS
		made, err := keys.CreateKey(t.Context(), &kms.CreateKeyInput{})
		must(t, err)
		arn, id := aws.ToString(made.KeyMetadata.Arn), aws.ToString(made.KeyMetadata.KeyId)
		w.bucket(ours, "plain")
		for _, setting := range []string{arn, id} {
			if found, err := w.buckets().EncryptedWith(t.Context(), arn); err != nil || found != "" {
				t.Errorf("found %q, %v, want none", found, err)
			}
			client := w.bucket(ours, "sealed")
			_, err := client.PutBucketEncryption(t.Context(), &s3.PutBucketEncryptionInput{
				Bucket: aws.String("sealed"), ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
					Rules: []types.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{
						SSEAlgorithm: types.ServerSideEncryptionAwsKms, KMSMasterKeyID: aws.String(setting),
					}}},
				},
			})
			must(t, err)
			if found, err := w.buckets().EncryptedWith(t.Context(), arn); err != nil || found != "sealed" {
				t.Errorf("with the key as %s: found %q, %v", setting, found, err)
			}
			must(t, w.buckets().Delete(t.Context(), "sealed"))
		}
	})
}

func TestScheduleKeyDeletion_Repeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		keys := w.client(ours).KMS
		made, err := keys.CreateKey(t.Context(), &kms.CreateKeyInput{})
		must(t, err)
		arn := aws.ToString(made.KeyMetadata.Arn)
		must(t, account.ScheduleKeyDeletion(t.Context(), keys, arn))
		must(t, account.ScheduleKeyDeletion(t.Context(), keys, arn))
		must(
			t,
			account.ScheduleKeyDeletion(
				t.Context(), keys, "arn:aws:kms:eu-west-1:"+ours+":key/00000000-0000-0000-0000-000000000000",
			),
		)
		out, err := keys.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String(arn)})
		must(t, err)
		if days := time.Until(aws.ToTime(out.KeyMetadata.DeletionDate)).Hours() / 24; days < 29 || days > 30 {
			t.Errorf("the key goes in %.1f days, want 30", days)
		}
	})
}

// TestMain isolates the tests from the machine's AWS settings.
func TestMain(m *testing.M) {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			if err := os.Unsetenv(name); err != nil {
				panic(err)
			}
		}
	}
	os.Exit(m.Run())
}
