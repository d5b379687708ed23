package s3

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

// call is one request to an operation.
type call struct {
	*Service
	r      *cloud.Request
	bucket string
	key    string
	query  url.Values
}

// operations are the simulated operations, by their names in the S3 API Reference.
var operations = map[string]func(*call) (*cloud.Response, error){
	"ListBuckets":                        (*call).listBuckets,
	"CreateBucket":                       (*call).createBucket,
	"DeleteBucket":                       (*call).deleteBucket,
	"HeadBucket":                         (*call).headBucket,
	"GetBucketLocation":                  (*call).getLocation,
	"GetBucketEncryption":                (*call).getEncryption,
	"PutBucketEncryption":                (*call).putEncryption,
	"DeleteBucketEncryption":             (*call).deleteEncryption,
	"GetBucketVersioning":                (*call).getVersioning,
	"PutBucketVersioning":                (*call).putVersioning,
	"GetPublicAccessBlock":               (*call).getPublicAccess,
	"PutPublicAccessBlock":               (*call).putPublicAccess,
	"DeletePublicAccessBlock":            (*call).deletePublicAccess,
	"GetBucketOwnershipControls":         (*call).getOwnership,
	"PutBucketOwnershipControls":         (*call).putOwnership,
	"DeleteBucketOwnershipControls":      (*call).deleteOwnership,
	"GetBucketLifecycleConfiguration":    (*call).getLifecycle,
	"PutBucketLifecycleConfiguration":    (*call).putLifecycle,
	"DeleteBucketLifecycle":              (*call).deleteLifecycle,
	"GetBucketLogging":                   (*call).getLogging,
	"PutBucketLogging":                   (*call).putLogging,
	"GetBucketTagging":                   (*call).getTagging,
	"PutBucketTagging":                   (*call).putTagging,
	"DeleteBucketTagging":                (*call).deleteTagging,
	"GetBucketPolicy":                    (*call).getPolicy,
	"PutBucketPolicy":                    (*call).putPolicy,
	"DeleteBucketPolicy":                 (*call).deletePolicy,
	"GetBucketPolicyStatus":              (*call).getPolicyStatus,
	"GetBucketAcl":                       (*call).getACL,
	"GetBucketCors":                      (*call).getCors,
	"PutBucketCors":                      (*call).putCors,
	"DeleteBucketCors":                   (*call).deleteCors,
	"GetObjectLockConfiguration":         (*call).getLock,
	"PutObjectLockConfiguration":         (*call).putLock,
	"GetBucketNotificationConfiguration": (*call).getNotification,
	"PutBucketNotificationConfiguration": (*call).putNotification,
	"GetBucketRequestPayment":            (*call).getPayment,
	"PutBucketRequestPayment":            (*call).putPayment,
	"PutObject":                          (*call).putObject,
	"GetObject":                          (*call).getObject,
	"HeadObject":                         (*call).getObject,
	"DeleteObject":                       (*call).deleteObject,
	"DeleteObjects":                      (*call).deleteObjects,
	"ListObjectsV2":                      (*call).listObjects,
	"ListObjectVersions":                 (*call).listVersions,
	"CreateMultipartUpload":              (*call).createUpload,
	"UploadPart":                         (*call).uploadPart,
	"CompleteMultipartUpload":            (*call).completeUpload,
	"AbortMultipartUpload":               (*call).abortUpload,
	"ListParts":                          (*call).listParts,
	"ListMultipartUploads":               (*call).listUploads,
}

// bucketSubresources are the query parameters that select a part of a bucket, with its name in
// operations' names.
var bucketSubresources = map[string]string{
	"encryption":        "BucketEncryption",
	"versioning":        "BucketVersioning",
	"publicAccessBlock": "PublicAccessBlock",
	"ownershipControls": "BucketOwnershipControls",
	"lifecycle":         "BucketLifecycleConfiguration",
	"logging":           "BucketLogging",
	"tagging":           "BucketTagging",
	"policy":            "BucketPolicy",
	"policyStatus":      "BucketPolicyStatus",
	"acl":               "BucketAcl",
	"cors":              "BucketCors",
	"object-lock":       "ObjectLockConfiguration",
	"notification":      "BucketNotificationConfiguration",
	"location":          "BucketLocation",
	"requestPayment":    "BucketRequestPayment",
	// These are named, so that calls are counted under them, but not answered.
	"accelerate":            "BucketAccelerateConfiguration",
	"analytics":             "BucketAnalyticsConfiguration",
	"inventory":             "BucketInventoryConfiguration",
	"metrics":               "BucketMetricsConfiguration",
	"replication":           "BucketReplication",
	"website":               "BucketWebsite",
	"intelligent-tiering":   "BucketIntelligentTieringConfiguration",
	"abac":                  "BucketAbac",
	"metadataTable":         "BucketMetadataTableConfiguration",
	"metadataConfiguration": "BucketMetadataConfiguration",
	"session":               "Session",
}

var objectSubresources = map[string]string{
	"acl":        "ObjectAcl",
	"tagging":    "ObjectTagging",
	"retention":  "ObjectRetention",
	"legal-hold": "ObjectLegalHold",
	"attributes": "ObjectAttributes",
	"torrent":    "ObjectTorrent",
	"restore":    "RestoreObject",
	"select":     "SelectObjectContent",
}

// Operation returns the operation of a request.
func (s *Service) Operation(r *cloud.Request) string {
	bucket, key := address(r)
	query := r.HTTP.URL.Query()
	switch {
	case bucket == "":
		return "ListBuckets"
	case key == "":
		return bucketOperation(r.HTTP.Method, query)
	}
	return objectOperation(r.HTTP, query)
}

func bucketOperation(method string, query url.Values) string {
	for parameter, name := range bucketSubresources {
		if has(query, parameter) {
			return verb(method) + subject(method, name)
		}
	}
	switch method {
	case http.MethodPut:
		return "CreateBucket"
	case http.MethodDelete:
		return "DeleteBucket"
	case http.MethodHead:
		return "HeadBucket"
	case http.MethodPost:
		if has(query, "delete") {
			return "DeleteObjects"
		}
		return "PostObject"
	}
	switch {
	case has(query, "versions"):
		return "ListObjectVersions"
	case has(query, "uploads"):
		return "ListMultipartUploads"
	case query.Get("list-type") == "2":
		return "ListObjectsV2"
	}
	return "ListObjects"
}

// subject returns the name of a subresource in an operation: deleting a lifecycle is
// DeleteBucketLifecycle.
func subject(method, name string) string {
	if method == http.MethodDelete {
		return strings.TrimSuffix(name, "Configuration")
	}
	return name
}

func verb(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead:
		return "Get"
	case http.MethodDelete:
		return "Delete"
	}
	return "Put"
}

func objectOperation(r *http.Request, query url.Values) string {
	upload := has(query, "uploadId")
	for parameter, name := range objectSubresources {
		if has(query, parameter) {
			return verb(r.Method) + name
		}
	}
	switch r.Method {
	case http.MethodPut:
		copied := r.Header.Get("X-Amz-Copy-Source") != ""
		switch {
		case upload && copied:
			return "UploadPartCopy"
		case upload:
			return "UploadPart"
		case copied:
			return "CopyObject"
		}
		return "PutObject"
	case http.MethodPost:
		if has(query, "uploads") {
			return "CreateMultipartUpload"
		}
		return "CompleteMultipartUpload"
	case http.MethodDelete:
		if upload {
			return "AbortMultipartUpload"
		}
		return "DeleteObject"
	case http.MethodHead:
		return "HeadObject"
	}
	if upload {
		return "ListParts"
	}
	return "GetObject"
}

var (
	_ cloud.Service  = (*Service)(nil)
	_ cloud.Operator = (*Service)(nil)
)

// Handle answers one request.
func (s *Service) Handle(r *cloud.Request) (*cloud.Response, error) {
	c := &call{Service: s, r: r, query: r.HTTP.URL.Query()}
	c.bucket, c.key = address(r)
	name := s.Operation(r)
	run := operations[name]
	if run == nil {
		return nil, cloud.NotModelled("the S3 operation %s", name)
	}
	return run(c)
}

var accountID = regexp.MustCompile(`^[0-9]{12}$`)

// find returns the bucket of a request, if it has the owner that the request expects (AmazonS3 user
// guide, bucket-owner-condition).
func (c *call) find() (*bucket, error) {
	b, err := c.Service.find(c.r.Caller, c.bucket)
	if err != nil {
		return nil, err
	}
	owner := c.r.HTTP.Header.Get("X-Amz-Expected-Bucket-Owner")
	if owner != "" && !accountID.MatchString(owner) {
		return nil, cloud.Errorf(
			"InvalidBucketOwnerAWSAccountID",
			"The value of the expected bucket owner parameter must be an AWS Account ID... [%s]", owner,
		)
	}
	if owner != "" && owner != b.account {
		return nil, &cloud.Error{Code: "AccessDenied", Message: "Access Denied", Status: http.StatusForbidden}
	}
	return b, nil
}

func (c *call) answer(value any) (*cloud.Response, error) {
	answer, err := protocol.XML(c.r, value)
	if err == nil {
		answer.Body = unhide(answer.Body)
	}
	return answer, err
}

func (c *call) empty(status int) *cloud.Response {
	return &cloud.Response{
		Status: status,
		Header: http.Header{"X-Amz-Request-Id": {protocol.RequestID(c.r)}, "X-Amz-Id-2": {"sandbox"}},
	}
}
