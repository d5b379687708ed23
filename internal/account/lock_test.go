package account_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/stowage/terraform-provider-stowage/internal/account"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

// lockedUntil writes a version locked until a time; the zero time for no lock.
func lockedUntil(t *testing.T, client *s3.Client, key string, until time.Time) {
	t.Helper()
	input := &s3.PutObjectInput{
		Bucket:            aws.String("locked-exports"),
		Key:               aws.String(key),
		Body:              strings.NewReader("x"),
		ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
	}
	if !until.IsZero() {
		input.ObjectLockMode, input.ObjectLockRetainUntilDate = types.ObjectLockModeGovernance, aws.Time(until)
	}
	_, err := client.PutObject(t.Context(), input)
	must(t, err)
}

// visible returns the number of objects that a reader sees, and the number of delete markers.
func visible(t *testing.T, client *s3.Client) (objects, markers int) {
	t.Helper()
	listed, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("locked-exports")})
	must(t, err)
	versions, err := client.ListObjectVersions(
		t.Context(), &s3.ListObjectVersionsInput{Bucket: aws.String("locked-exports")},
	)
	must(t, err)
	return len(listed.Contents), len(versions.DeleteMarkers)
}

// TestEmpty_ObjectLock fails to empty a bucket with locked objects. No deleted object reappears,
// and the error reports what was deleted.
func TestEmpty_ObjectLock(t *testing.T) {
	for name, c := range map[string]struct {
		newest  string // the last version to be written
		locked  []string
		changed model.Changed
		done    string
	}{
		"newest locked":         {"offer.pdf", []string{"offer.pdf"}, model.ChangedNothing, ""},
		"all locked":            {"offer.pdf", []string{"offer.pdf", "plan.pdf"}, model.ChangedNothing, ""},
		"only older one locked": {"plan.pdf", []string{"offer.pdf"}, model.ChangedPartly, "Deleted from the bucket: 1 object. The bucket itself was not deleted."},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				client := w.bucket(ours, "locked-exports")
				write := func(key string) {
					until := time.Time{}
					for _, locked := range c.locked {
						if key == locked {
							until = time.Now().Add(48 * time.Hour)
						}
					}
					lockedUntil(t, client, key, until)
					time.Sleep(time.Minute)
				}
				for _, key := range []string{"offer.pdf", "plan.pdf"} {
					if key != c.newest {
						write(key)
					}
				}
				write(c.newest)
				_, err := client.DeleteObject(
					t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("locked-exports"), Key: aws.String("offer.pdf")},
				)
				must(t, err)
				_, err = w.buckets().Empty(t.Context(), "locked-exports", nothing)
				var stopped *account.UndeletableError
				if !errors.As(err, &stopped) || stopped.Refused != 1 || stopped.Key != "offer.pdf" {
					t.Fatalf("emptying: %v", err)
				}
				if e := stopped.Explain(); e.Changed != c.changed || e.Done != c.done ||
					!strings.Contains(e.Remedy, "Object lock protects them") {
					t.Errorf("explanation %+v", e)
				}
				objects, markers := visible(t, client)
				if want := 1 - stopped.Deleted.Objects; objects != want || markers != 1 {
					t.Errorf("a reader sees %d objects, want %d, and there are %d delete markers", objects, want, markers)
				}
				time.Sleep(72 * time.Hour)
				must(t, emptied(w.buckets().Empty(t.Context(), "locked-exports", nothing)))
				must(t, w.buckets().Delete(t.Context(), "locked-exports"))
			})
		})
	}
}

// TestEmpty_CallFails stops an emptying between two requests. The error reports what the first one
// deleted.
func TestEmpty_CallFails(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		code   string
		done   string
	}{
		"refused":   {http.StatusForbidden, "AccessDenied", "Deleted from the bucket: 1000 objects."},
		"no answer": {http.StatusInternalServerError, "InternalError", "Deleted from the bucket, at least: 1000 objects."},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				client := w.bucket(ours, "large")
				for n := range 1001 {
					put(t, client, "large", fmt.Sprintf("%04d", n))
				}
				requests := 0
				b := account.Buckets{
					AccountID: ours,
					S3: w.clientBy(ours, &answers{simulate.NewTransport(w.box), func(r *http.Request) (int, string) {
						if r.Method == http.MethodPost && r.URL.Query().Has("delete") {
							if requests++; requests > 1 {
								return c.status, failed(c.code, "not now")
							}
						}
						return 0, ""
					}}).S3,
				}
				deleted, err := b.Empty(t.Context(), "large", nothing)
				e, ok := model.Explain(err)
				if !ok || e.Changed != model.ChangedPartly || e.Done != c.done || deleted.Objects != 1000 ||
					!strings.Contains(e.Cause, c.code) {
					t.Errorf("deleted %s: %v\n%+v", deleted, err, e)
				}
			})
		})
	}
}

// TestEmpty_LockedVersionsBehindMarkers empties a bucket with object lock whose keys have more
// versions than one request lists. The marker of a key is deleted after its versions.
func TestEmpty_LockedVersionsBehindMarkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		client := w.bucket(ours, "locked-exports")
		lockedUntil(t, client, "offer.pdf", time.Now().Add(time.Hour))
		for range 1200 {
			time.Sleep(time.Second)
			lockedUntil(t, client, "offer.pdf", time.Time{})
		}
		_, err := client.DeleteObject(
			t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("locked-exports"), Key: aws.String("offer.pdf")},
		)
		must(t, err)
		deleted, err := w.buckets().Empty(t.Context(), "locked-exports", nothing)
		var stopped *account.UndeletableError
		if !errors.As(err, &stopped) || deleted.String() != "1200 older versions" {
			t.Fatalf("deleted %s: %v", deleted, err)
		}
		if objects, markers := visible(t, client); objects != 0 || markers != 1 {
			t.Errorf("a reader sees %d objects, and there are %d delete markers", objects, markers)
		}
		time.Sleep(2 * time.Hour)
		must(t, emptied(w.buckets().Empty(t.Context(), "locked-exports", nothing)))
		must(t, w.buckets().CheckEmpty(t.Context(), "locked-exports"))
	})
}
