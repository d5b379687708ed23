package s3

import (
	"strings"
	"unicode/utf8"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// check returns the refusals of PutBucketEncryption (S3 API Reference).
func (e *encryption) check() error {
	if len(e.Rules) != 1 {
		return malformedXML()
	}
	r := e.Rules[0]
	if r.Default == nil && r.Blocked == nil {
		return malformedXML()
	}
	if d := r.Default; d != nil {
		switch d.Algorithm {
		case "AES256":
			if d.Key != "" {
				return cloud.Errorf(
					"InvalidArgument",
					"a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
				)
			}
		case "aws:kms", "aws:kms:dsse":
		default:
			return malformedXML()
		}
	}
	if r.Blocked != nil {
		if len(r.Blocked.Types) == 0 {
			return malformedXML()
		}
		for _, t := range r.Blocked.Types {
			if t != "SSE-C" && t != "NONE" {
				return malformedXML()
			}
		}
	}
	return nil
}

// check returns the refusals of PutBucketVersioning. MFA delete needs the root user and a device:
// not modelled.
func (v *versioning) check(locked bool) error {
	if v.MFADelete == "Enabled" {
		return cloud.NotModelled("MFA delete")
	}
	if v.Status != "Enabled" && v.Status != "Suspended" {
		return malformedXML()
	}
	if locked && v.Status == "Suspended" {
		return &cloud.Error{
			Code:    "InvalidBucketState",
			Message: "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
			Status:  409,
		}
	}
	return nil
}

// check returns the refusals of PutBucketOwnershipControls.
func (o *ownership) check() error {
	if len(o.Rules) != 1 {
		return malformedXML()
	}
	switch o.Rules[0].ObjectOwnership {
	case "BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter":
		return nil
	}
	return malformedXML()
}

// checkLogging returns the refusals of PutBucketLogging: the target must have the same owner and
// region (S3 User Guide, "Logging requests with server access logging").
func (s *Service) checkLogging(b *bucket, l *logging) error {
	if len(l.Format) > 0 {
		return cloud.NotModelled("formats of access log keys")
	}
	target := b
	if l.Bucket != "" {
		target = s.buckets[l.Bucket]
	}
	if target == nil {
		return cloud.Errorf("InvalidTargetBucketForLogging", "The target bucket for logging does not exist")
	}
	if target.account != b.account {
		return cloud.Errorf(
			"InvalidTargetBucketForLogging",
			"The owner for the bucket to be logged and the target bucket must be the same.",
		)
	}
	if target.region != b.region {
		return &cloud.Error{
			Code: "CrossLocationLoggingProhibited", Message: "Cross S3 location logging not allowed.", Status: 403,
		}
	}
	return nil
}

// check returns the refusals of PutBucketCors: at most 100 rules, a fixed list of methods, one
// wildcard in an origin or an allowed header, none in an exposed header (S3 user guide,
// ManageCorsUsing; users report the texts).
func (c *cors) check() error {
	if len(c.Rules) == 0 || len(c.Rules) > 100 {
		return malformedXML()
	}
	for _, r := range c.Rules {
		if len(r.AllowedMethods) == 0 || len(r.AllowedOrigins) == 0 {
			return malformedXML()
		}
		for _, m := range r.AllowedMethods {
			switch m {
			case "GET", "PUT", "POST", "DELETE", "HEAD":
			default:
				return cloud.Errorf("InvalidRequest", "Found unsupported HTTP method in CORS config. Unsupported method is %s", m)
			}
		}
		for _, o := range r.AllowedOrigins {
			if strings.Count(o, "*") > 1 {
				return cloud.Errorf("InvalidRequest", "AllowedOrigin %q can not have more than one wildcard.", o)
			}
		}
		for _, h := range r.AllowedHeaders {
			if strings.Count(h, "*") > 1 {
				return cloud.Errorf("InvalidRequest", "AllowedHeader %q can not have more than one wildcard.", h)
			}
		}
		for _, h := range r.ExposeHeaders {
			if strings.Contains(h, "*") {
				return cloud.Errorf(
					"InvalidRequest",
					"ExposeHeader %q contains wildcard. We currently do not support wildcard for ExposeHeader.", h,
				)
			}
		}
	}
	return nil
}

// check returns the refusals of PutObjectLockConfiguration.
func (l *objectLock) check() error {
	if l.Enabled != "Enabled" {
		return malformedXML()
	}
	if l.Rule == nil {
		return nil
	}
	d := l.Rule.Default
	if d.Mode != "GOVERNANCE" && d.Mode != "COMPLIANCE" || (d.Days == 0) == (d.Years == 0) {
		return malformedXML()
	}
	if d.Days < 0 || d.Years < 0 {
		return cloud.Errorf("InvalidArgument", "Default retention period must be a positive integer value.")
	}
	if d.Days > 36500 || d.Years > 100 {
		return cloud.Errorf("InvalidArgument", "Default retention period is too large.")
	}
	return nil
}

// checkTags checks a bucket's tags: at most 50, keys of 1-128 and values of up to 256 characters,
// no key twice, no aws: prefix by the user, and only the general characters of tags (S3 User Guide,
// "Using cost allocation S3 bucket tags"; AWS General Reference, "Tag naming limits"; the texts are
// recorded from AWS by LocalStack's test_s3).
func checkTags(tags []tag) error {
	if len(tags) > 50 {
		return cloud.Errorf("BadRequest", "Bucket tag count cannot be greater than 50")
	}
	seen := map[string]bool{}
	for _, t := range tags {
		switch {
		case t.Key == "" || utf8.RuneCountInString(t.Key) > 128 || !cloud.TagCharacters(t.Key):
			return cloud.Errorf("InvalidTag", "The TagKey you have provided is invalid")
		case utf8.RuneCountInString(t.Value) > 256 || !cloud.TagCharacters(t.Value):
			return cloud.Errorf("InvalidTag", "The TagValue you have provided is invalid")
		case seen[t.Key]:
			return cloud.Errorf("InvalidTag", "Cannot provide multiple Tags with the same key")
		case strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
			return cloud.Errorf("InvalidTag", "System tags cannot be added/updated by requester")
		}
		seen[t.Key] = true
	}
	return nil
}
