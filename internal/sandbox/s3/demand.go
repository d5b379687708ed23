package s3

import (
	"encoding/xml"
	"net/url"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// Demands returns the permissions that a request requires (S3 user guide, "Required permissions for
// Amazon S3 API operations"): on a bucket or an object, and on its encryption key.
func (s *Service) Demands(r *cloud.Request) []cloud.Demand {
	name, key := address(r)
	query := r.HTTP.URL.Query()
	if name == "" {
		return []cloud.Demand{{Action: "s3:ListAllMyBuckets", Resource: "*"}}
	}
	d := cloud.Demand{Action: action(r.Operation, query), Resource: arnOf(name), Context: map[string][]string{}}
	b := s.buckets[name]
	switch {
	case b != nil:
		d.Account, d.Policy = b.account, b.policy
	case r.Operation != "CreateBucket":
		return nil // the answer is that it does not exist
	}
	if r.Operation == "DeleteObjects" {
		return each(d, keysToDelete(r.Body))
	}
	if key != "" {
		d.Resource += "/" + key
		demands := []cloud.Demand{d}
		if d.Action == "s3:GetObject" && (b.keys[key] == nil || b.keys[key].current().marker) {
			// A caller without permission to list is not told what is missing (S3 API reference,
			// GetObject).
			list := d
			list.Action, list.Resource = "s3:ListBucket", arnOf(name)
			return append(demands, list)
		}
		return append(demands, b.keyDemands(r)...)
	}
	for parameter, condition := range map[string]string{
		"prefix": "s3:prefix", "delimiter": "s3:delimiter", "max-keys": "s3:max-keys",
	} {
		if has(query, parameter) {
			d.Context[condition] = []string{query.Get(parameter)}
		}
	}
	return []cloud.Demand{d}
}

// each returns a demand for each of several objects.
func each(d cloud.Demand, objects []deletion) []cloud.Demand {
	bucket := d.Resource
	var demands []cloud.Demand
	for _, o := range objects {
		one := d
		one.Action, one.Resource = "s3:DeleteObject", bucket+"/"+o.Key
		if o.VersionID != "" {
			one.Action = "s3:DeleteObjectVersion"
		}
		demands = append(demands, one)
	}
	return demands
}

type deletion struct {
	Key       string `xml:"Key"`
	VersionID string `xml:"VersionId"`
}

// keysToDelete returns the objects of a DeleteObjects. The operation refuses an unreadable body.
func keysToDelete(body []byte) []deletion {
	var in struct {
		Objects []deletion `xml:"Object"`
	}
	_ = xml.Unmarshal(body, &in)
	return in.Objects
}

// action returns an operation's IAM action, if it has another name.
func action(operation string, query url.Values) string {
	version := query.Get("versionId") != ""
	switch operation {
	case "HeadBucket", "ListObjects", "ListObjectsV2":
		return "s3:ListBucket"
	case "ListObjectVersions":
		return "s3:ListBucketVersions"
	case "ListMultipartUploads":
		return "s3:ListBucketMultipartUploads"
	case "ListParts":
		return "s3:ListMultipartUploadParts"
	case "HeadObject", "GetObject":
		if version {
			return "s3:GetObjectVersion"
		}
		return "s3:GetObject"
	case "DeleteObject":
		if version {
			return "s3:DeleteObjectVersion"
		}
	case "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload":
		return "s3:PutObject"
	case "DeletePublicAccessBlock":
		return "s3:PutBucketPublicAccessBlock"
	case "DeleteBucketEncryption":
		return "s3:PutEncryptionConfiguration"
	case "DeleteBucketLifecycle":
		return "s3:PutLifecycleConfiguration"
	case "DeleteBucketCors":
		return "s3:PutBucketCORS"
	case "DeleteBucketTagging":
		return "s3:PutBucketTagging"
	case "DeleteBucketOwnershipControls":
		return "s3:PutBucketOwnershipControls"
	}
	return "s3:" + strings.NewReplacer(
		"BucketEncryption",
		"EncryptionConfiguration",
		"PublicAccessBlock",
		"BucketPublicAccessBlock",
		"BucketLifecycleConfiguration",
		"LifecycleConfiguration",
		"BucketCors",
		"BucketCORS",
		"BucketNotificationConfiguration",
		"BucketNotification",
		"ObjectLockConfiguration",
		"BucketObjectLockConfiguration",
	).Replace(operation)
}

// keyDemands returns the permissions on the key of a bucket's objects: writing requires
// GenerateDataKey, writing in parts and reading require Decrypt (S3 user guide, UsingKMSEncryption;
// S3 API reference, CreateMultipartUpload). S3 uses the key on the caller's behalf.
func (b *bucket) keyDemands(r *cloud.Request) []cloud.Demand {
	if b == nil || len(b.Encryption.Rules) == 0 || b.Encryption.Rules[0].Default == nil ||
		b.Encryption.Rules[0].Default.Algorithm != "aws:kms" {
		return nil
	}
	var actions []string
	switch r.Operation {
	case "PutObject":
		actions = []string{"kms:GenerateDataKey"}
	case "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload":
		actions = []string{"kms:GenerateDataKey", "kms:Decrypt"}
	case "GetObject":
		actions = []string{"kms:Decrypt"}
	}
	var demands []cloud.Demand
	for _, action := range actions {
		demands = append(demands, cloud.Demand{
			Action: action, Resource: b.Encryption.Rules[0].Default.Key, Context: map[string][]string{
				"kms:ViaService": {"s3." + b.region + ".amazonaws.com"}, "kms:EncryptionContext:aws:s3:arn": {arnOf(b.name)},
			},
		})
	}
	return demands
}
