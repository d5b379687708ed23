package s3

import (
	"fmt"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

// Access is what a call needs of the policies.
type Access struct {
	// Actions have to be allowed, all of them, each on the resource at the same index.
	Actions, Resources []string
	// Context are the condition keys that S3 sets.
	Context map[string][]string
	// Policy is the bucket's; nil: none.
	Policy *policydoc.Document
	// Account owns the bucket.
	Account string
}

// bucketActions and objectActions are the IAM actions of operations: Service Authorization Reference, "Actions, resources, and condition keys for
// Amazon S3", and S3 User Guide, "Required permissions for Amazon S3 API operations".
var (
	bucketActions = map[string]string{
		"HeadBucket": "ListBucket", "ListObjectsV2": "ListBucket", "ListObjectVersions": "ListBucketVersions",
		"ListMultipartUploads": "ListBucketMultipartUploads", "GetBucketLocation": "GetBucketLocation", "DeleteBucket": "DeleteBucket",
		"GetBucketEncryption": "GetEncryptionConfiguration", "PutBucketEncryption": "PutEncryptionConfiguration", "DeleteBucketEncryption": "PutEncryptionConfiguration",
		"GetBucketVersioning": "GetBucketVersioning", "PutBucketVersioning": "PutBucketVersioning",
		"GetPublicAccessBlock": "GetBucketPublicAccessBlock", "PutPublicAccessBlock": "PutBucketPublicAccessBlock", "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
		"GetBucketOwnershipControls": "GetBucketOwnershipControls", "PutBucketOwnershipControls": "PutBucketOwnershipControls", "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
		"GetBucketLifecycleConfiguration": "GetLifecycleConfiguration", "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration", "DeleteBucketLifecycle": "PutLifecycleConfiguration",
		"GetBucketLogging": "GetBucketLogging", "PutBucketLogging": "PutBucketLogging",
		"GetBucketTagging": "GetBucketTagging", "PutBucketTagging": "PutBucketTagging", "DeleteBucketTagging": "PutBucketTagging",
		"GetBucketPolicy": "GetBucketPolicy", "PutBucketPolicy": "PutBucketPolicy", "DeleteBucketPolicy": "DeleteBucketPolicy",
		"GetBucketPolicyStatus": "GetBucketPolicyStatus", "GetBucketAcl": "GetBucketAcl",
		"GetBucketCors": "GetBucketCORS", "PutBucketCors": "PutBucketCORS", "DeleteBucketCors": "PutBucketCORS",
		"GetObjectLockConfiguration": "GetBucketObjectLockConfiguration", "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
		"GetBucketNotificationConfiguration": "GetBucketNotification", "PutBucketNotificationConfiguration": "PutBucketNotification",
		"CreateBucket": "CreateBucket",
	}
	objectActions = map[string]string{
		"PutObject": "PutObject", "GetObject": "GetObject", "HeadObject": "GetObject", "DeleteObject": "DeleteObject",
		"CreateMultipartUpload": "PutObject", "UploadPart": "PutObject", "CompleteMultipartUpload": "PutObject",
		"AbortMultipartUpload": "AbortMultipartUpload", "ListParts": "ListMultipartUploadParts",
	}
)

// Access says what a call needs. An operation that isn't in the tables is refused, so that none is let through by oversight: DeleteObjects,
// whose keys are judged one by one, is such a one. known is false when the bucket doesn't exist, which S3 tells everybody.
func (s *Service) Access(r *cloud.Request) (a Access, known bool, err error) {
	name, key := address(r)
	a.Context = map[string][]string{}
	query := r.HTTP.URL.Query()
	for _, parameter := range []string{"prefix", "delimiter", "max-keys"} {
		if has(query, parameter) {
			a.Context["s3:"+parameter] = []string{query.Get(parameter)}
		}
	}
	for _, header := range []string{"x-amz-acl", "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id"} {
		if value := r.HTTP.Header.Get(header); value != "" {
			a.Context["s3:"+header] = []string{value}
		}
	}
	b := s.buckets[name]
	switch action := bucketActions[r.Operation]; {
	case r.Operation == "ListBuckets":
		a.need("ListAllMyBuckets", "*")
		return a, true, nil
	case action != "":
		a.need(action, arnOf(name))
	default:
		if action = objectActions[r.Operation]; action == "" {
			return Access{}, false, cloud.NotModelled("the permissions of the S3 operation %s", r.Operation)
		}
		if version := query.Get("versionId"); version != "" && (action == "GetObject" || action == "DeleteObject") {
			action += "Version"
			a.Context["s3:VersionId"] = []string{version}
		}
		a.need(action, arnOf(name)+"/"+key)
		// S3 API Reference, GetObject: who may not list a bucket isn't told that an object doesn't exist.
		if b != nil && b.keys[key] == nil && (r.Operation == "GetObject" || r.Operation == "HeadObject") {
			a.need("ListBucket", arnOf(name))
		}
	}
	if b == nil {
		return a, r.Operation == "CreateBucket", nil
	}
	a.Account = b.account
	if b.policy != "" {
		if a.Policy, err = policydoc.Parse(b.policy, policydoc.Resource); err != nil {
			return Access{}, false, fmt.Errorf("the policy of bucket %s: %w", name, err)
		}
	}
	return a, true, nil
}

func (a *Access) need(action, resource string) {
	a.Actions, a.Resources = append(a.Actions, "s3:"+action), append(a.Resources, resource)
}
