package s3

import (
	"net/http"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// maxBuckets is the default quota of general purpose buckets per account: S3 User Guide, "Bucket
// quotas".
const maxBuckets = 10_000

type bucket struct {
	name    string
	account string
	region  string
	created time.Time
	settings
	policy    string             // JSON text, "" for none
	payer     string             // who pays for requests; "" for the owner of the bucket
	stackTags []tag              // CloudFormation's additions to the tags of the properties
	keys      map[string]*object // by key
	uploads   map[string]*upload // by upload ID
}

func arnOf(bucket string) string { return "arn:aws:s3:::" + bucket }

// create creates a bucket with S3's settings for new ones: encryption with S3's keys, all public
// access blocked, no ACLs (S3 User Guide, "Default settings for new S3 buckets").
func (s *Service) create(c cloud.Caller, name, namespace string) (*bucket, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	if err := checkNamespace(c, name, namespace); err != nil {
		return nil, err
	}
	if b := s.buckets[name]; b != nil {
		if b.account != c.Account {
			return nil, &cloud.Error{
				Code:    "BucketAlreadyExists",
				Status:  http.StatusConflict,
				Extra:   map[string]any{"BucketName": name},
				Message: "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.",
			}
		}
		return nil, &cloud.Error{
			Code: "BucketAlreadyOwnedByYou", Status: http.StatusConflict, Extra: map[string]any{"BucketName": name},
			Message: "Your previous request to create the named bucket succeeded and you already own it.",
		}
	}
	owned := 0
	for _, b := range s.buckets {
		if b.account == c.Account {
			owned++
		}
	}
	if owned >= maxBuckets {
		return nil, cloud.Errorf("TooManyBuckets", "You have attempted to create more buckets than allowed")
	}
	b := &bucket{
		name: name, account: c.Account, region: c.Region, created: s.world.Now(), settings: newSettings(),
		keys: make(map[string]*object), uploads: make(map[string]*upload),
	}
	s.buckets[name] = b
	return b, nil
}

// find returns the caller's bucket. For a bucket in another region it returns a redirect, for
// another account's a refusal (S3 API Reference, "Error responses": NoSuchBucket,
// PermanentRedirect, AccessDenied).
func (s *Service) find(c cloud.Caller, name string) (*bucket, error) {
	b := s.buckets[name]
	if b == nil {
		return nil, noSuchBucket(name)
	}
	if b.account != c.Account {
		return nil, &cloud.Error{
			Code:    "AccessDenied",
			Message: "Access Denied",
			Status:  http.StatusForbidden,
			Extra:   map[string]any{regionHeader: b.region},
		}
	}
	if c.Region != "" && b.region != c.Region {
		return nil, &cloud.Error{
			Code:    "PermanentRedirect",
			Status:  http.StatusMovedPermanently,
			Message: "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.",
			Extra: map[string]any{
				"Bucket": name, "Endpoint": name + ".s3." + b.region + ".amazonaws.com", regionHeader: b.region,
			},
		}
	}
	return b, nil
}

func noSuchBucket(name string) error {
	return &cloud.Error{
		Code: "NoSuchBucket", Message: "The specified bucket does not exist", Status: http.StatusNotFound,
		Extra: map[string]any{"BucketName": name},
	}
}

// remove deletes an empty bucket. Noncurrent versions and delete markers count as content,
// multipart uploads in progress do not (S3 User Guide, "Deleting a general purpose bucket").
func (s *Service) remove(b *bucket) error {
	if len(b.keys) == 0 {
		delete(s.buckets, b.name)
		return nil
	}
	message := "The bucket you tried to delete is not empty"
	if b.Versioning.Status != "" {
		message += ". You must delete all versions in the bucket."
	}
	return &cloud.Error{
		Code:    "BucketNotEmpty",
		Message: message,
		Status:  http.StatusConflict,
		Extra:   map[string]any{"BucketName": b.name},
	}
}
