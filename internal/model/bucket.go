package model

import (
	"fmt"
	"slices"
	"strings"
)

// Bucket is one S3 bucket of a project.
type Bucket struct {
	Name string `json:"name"`
	// BucketName is the physical name, always set: DefaultBucketName gives the one that is used by default.
	BucketName string `json:"bucket_name"`
	// Unversioned turns versioning off (S3 calls it suspended).
	Unversioned bool `json:"unversioned,omitempty"`
	// KMSKeyARN is the key that encrypts the bucket; "" means the project's own key.
	KMSKeyARN  string            `json:"kms_key_arn,omitempty"`
	Lifecycle  Lifecycle         `json:"lifecycle_rules"`
	ObjectLock *ObjectLock       `json:"object_lock,omitempty"`
	CORS       []CORSRule        `json:"cors,omitempty"`
	OnDelete   OnDelete          `json:"on_delete"`
	Tags       map[string]string `json:"tags,omitempty"`
}

// Lifecycle says when objects go by themselves. Zero means never.
type Lifecycle struct {
	ExpireAfterDays           int64 `json:"expire_after_days,omitempty"`
	ExpireNoncurrentAfterDays int64 `json:"expire_noncurrent_after_days,omitempty"`
	AbortMultipartAfterDays   int64 `json:"abort_multipart_after_days,omitempty"`
}

// DefaultLifecycle is what a bucket gets when its configuration says nothing.
func DefaultLifecycle() Lifecycle {
	return Lifecycle{ExpireNoncurrentAfterDays: 90, AbortMultipartAfterDays: 7}
}

// ObjectLock is the default retention of a bucket with object lock. It can't be taken away once set.
type ObjectLock struct {
	Mode string `json:"mode"` // GOVERNANCE or COMPLIANCE
	Days int64  `json:"days"`
}

// CORSRule lets browsers from other origins use the bucket.
type CORSRule struct {
	AllowedOrigins []string `json:"allowed_origins"`
	AllowedMethods []string `json:"allowed_methods"`
	AllowedHeaders []string `json:"allowed_headers,omitempty"`
	ExposeHeaders  []string `json:"expose_headers,omitempty"`
	MaxAgeSeconds  int64    `json:"max_age_seconds,omitempty"`
}

// ID implements Entity.
func (b Bucket) ID() ID { return ID{KindBucket, b.Name} }

// maxDays is the greatest number of days that S3 takes in lifecycle and retention rules (2^31-1 seconds in days is not
// the limit; S3 documents a positive 32-bit integer, and 36,500 days for retention).
const maxDays = 36500

// Problems implements Entity.
func (b Bucket) Problems() []Problem {
	problems := nameProblems("name", b.Name, bucketName)
	problems = append(problems, physicalBucketNameProblems("bucket_name", b.BucketName)...)
	if b.KMSKeyARN != "" && !isKeyARN(b.KMSKeyARN) {
		problems = append(problems, Problem{"kms_key_arn", "must be the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID); an alias won't do, since IAM policies can't name keys by alias"})
	}
	days := func(field string, n int64) {
		if n < 0 || n > maxDays {
			problems = append(problems, Problem{field, fmt.Sprintf("must be between 1 and %d days", maxDays)})
		}
	}
	days("lifecycle_rules.expire_after_days", b.Lifecycle.ExpireAfterDays)
	days("lifecycle_rules.expire_noncurrent_after_days", b.Lifecycle.ExpireNoncurrentAfterDays)
	days("lifecycle_rules.abort_multipart_after_days", b.Lifecycle.AbortMultipartAfterDays)
	if b.ObjectLock != nil {
		problems = append(problems, b.ObjectLock.problems(b.Unversioned)...)
	}
	for i, rule := range b.CORS {
		problems = append(problems, rule.problems(fmt.Sprintf("cors.%d", i))...)
	}
	problems = append(problems, b.OnDelete.problem("on_delete")...)
	return append(problems, tagProblems(b.Tags)...)
}

func (l ObjectLock) problems(unversioned bool) []Problem {
	var problems []Problem
	if l.Mode != "GOVERNANCE" && l.Mode != "COMPLIANCE" {
		problems = append(problems, Problem{"object_lock.mode", `must be "GOVERNANCE" or "COMPLIANCE"`})
	}
	if l.Days < 1 || l.Days > maxDays {
		problems = append(problems, Problem{"object_lock.days", fmt.Sprintf("must be between 1 and %d days", maxDays)})
	}
	if unversioned {
		problems = append(problems, Problem{"object_lock", "needs versioning: a bucket with object lock is always versioned"})
	}
	return problems
}

func (r CORSRule) problems(field string) []Problem {
	var problems []Problem
	if len(r.AllowedOrigins) == 0 {
		problems = append(problems, Problem{field + ".allowed_origins", "must name at least one origin"})
	}
	if len(r.AllowedMethods) == 0 {
		problems = append(problems, Problem{field + ".allowed_methods", "must name at least one method"})
	}
	for _, m := range r.AllowedMethods {
		if !slices.Contains([]string{"GET", "PUT", "HEAD", "POST", "DELETE"}, m) {
			problems = append(problems, Problem{field + ".allowed_methods", fmt.Sprintf("%q is none of GET, PUT, HEAD, POST and DELETE", m)})
		}
	}
	for _, o := range r.AllowedOrigins {
		if strings.Count(o, "*") > 1 {
			problems = append(problems, Problem{field + ".allowed_origins", fmt.Sprintf("%q holds more than one *", o)})
		}
	}
	return problems
}
