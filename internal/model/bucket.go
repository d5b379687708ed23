package model

import "fmt"

// Bucket is one S3 bucket of a project.
type Bucket struct {
	Name string `json:"name"`
	// BucketName is the physical name, which is always set. DefaultBucketName returns the default.
	BucketName string `json:"bucket_name"`
	// Unversioned turns versioning off (S3: suspended).
	Unversioned bool `json:"unversioned,omitempty"`
	// KMSKeyARN is the key that encrypts the bucket; "" for the project's own key.
	KMSKeyARN  string            `json:"kms_key_arn,omitempty"`
	Lifecycle  Lifecycle         `json:"lifecycle_rules"`
	ObjectLock *ObjectLock       `json:"object_lock,omitempty"`
	CORS       []CORSRule        `json:"cors,omitempty"`
	OnDelete   OnDelete          `json:"on_delete"`
	Tags       map[string]string `json:"tags,omitempty"`
	// UnmodeledSettings says what happens to settings of an adopted bucket that a Bucket cannot
	// express; "" means Refuse.
	UnmodeledSettings Unmodeled `json:"unmodeled_settings,omitempty"`
	// Adoption is what is known of a bucket that existed before; nil for a created one.
	Adoption *Adoption `json:"adoption,omitempty"`
}

// Lifecycle is the bucket's lifecycle rules, in days. Zero means never.
type Lifecycle struct {
	ExpireAfterDays           int64 `json:"expire_after_days,omitempty"`
	ExpireNoncurrentAfterDays int64 `json:"expire_noncurrent_after_days,omitempty"`
	AbortMultipartAfterDays   int64 `json:"abort_multipart_after_days,omitempty"`
}

// DefaultLifecycle is the lifecycle of a bucket whose configuration sets none.
func DefaultLifecycle() Lifecycle {
	return Lifecycle{ExpireNoncurrentAfterDays: 90, AbortMultipartAfterDays: 7}
}

// ObjectLock is the default retention of a bucket with object lock. It cannot be removed.
type ObjectLock struct {
	Mode string `json:"mode"` // GOVERNANCE or COMPLIANCE
	Days int64  `json:"days"`
}

// ID implements Entity.
func (b Bucket) ID() ID { return ID{KindBucket, b.Name} }

// maxDays is the longest default retention that S3 accepts (S3 API, DefaultRetention). For
// lifecycle rules, which accept any positive 32-bit number, the limit is ours.
const maxDays = 36500

// Problems implements Entity.
func (b Bucket) Problems() []Problem {
	problems := nameProblems("name", b.Name, bucketName)
	problems = append(problems, physicalBucketNameProblems("bucket_name", b.BucketName)...)
	if b.KMSKeyARN != "" && !isKeyARN(b.KMSKeyARN) {
		problems = append(
			problems,
			Problem{
				"kms_key_arn",
				"must be the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID); an alias won't do, since IAM policies can't name keys by alias",
			},
		)
	}
	days := func(field string, n int64, least string) {
		if n < 0 || n > maxDays {
			problems = append(problems, Problem{field, fmt.Sprintf("must be between %s and %d days", least, maxDays)})
		}
	}
	days("lifecycle_rules.expire_after_days", b.Lifecycle.ExpireAfterDays, "1")
	days("lifecycle_rules.expire_noncurrent_after_days", b.Lifecycle.ExpireNoncurrentAfterDays, "0 (never)")
	days("lifecycle_rules.abort_multipart_after_days", b.Lifecycle.AbortMultipartAfterDays, "0 (never)")
	if b.ObjectLock != nil {
		problems = append(problems, b.ObjectLock.problems(b.Unversioned)...)
	}
	if len(b.CORS) > maxCORSRules {
		problems = append(
			problems,
			Problem{"cors", fmt.Sprintf("has %d rules; a bucket has at most %d", len(b.CORS), maxCORSRules)},
		)
	}
	for i, rule := range b.CORS {
		problems = append(problems, rule.problems(fmt.Sprintf("cors.%d", i))...)
	}
	problems = append(problems, b.OnDelete.problem("on_delete")...)
	problems = append(problems, b.UnmodeledSettings.problems()...)
	return append(problems, TagProblems(b.Tags)...)
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
