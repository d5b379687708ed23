package s3_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

var caller = cloud.Caller{Account: ours, Region: "us-east-1", ARN: "arn:aws:iam::" + ours + ":user/test"}

// properties decodes a resource's properties as CloudFormation passes them.
func properties(t *testing.T, text string) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var p map[string]any
	if err := d.Decode(&p); err != nil {
		t.Fatal(err)
	}
	return p
}

const hardened = `{
	"BucketName": "reports",
	"BucketEncryption": {"ServerSideEncryptionConfiguration": [{
		"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "arn:aws:kms:us-east-1:111122223333:key/k"},
		"BucketKeyEnabled": true, "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]}}]},
	"PublicAccessBlockConfiguration": {"BlockPublicAcls": true, "BlockPublicPolicy": "true", "IgnorePublicAcls": true, "RestrictPublicBuckets": true},
	"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
	"VersioningConfiguration": {"Status": "Enabled"},
	"LifecycleConfiguration": {"Rules": [{"Id": "tidy", "Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
		"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}]},
	"LoggingConfiguration": {"LogFilePrefix": "logs/"},
	"NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": true}},
	"ObjectLockEnabled": true,
	"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": "1"}}},
	"CorsConfiguration": {"CorsRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "MaxAge": 60}]},
	"Tags": [{"Key": "team", "Value": "a"}]}`

func (s *site) locked(f func()) {
	s.world.Lock()
	defer s.world.Unlock()
	f()
}

func TestBucketResource_Properties(t *testing.T) {
	s := newSite(t)
	var made cloud.Resource
	s.locked(func() {
		var err error
		made, err = s.world.Type("AWS::S3::Bucket").Create(caller, cloud.ResourceRequest{
			Properties: properties(t, hardened), Tags: map[string]string{"aws:cloudformation:stack-name": "x"},
		})
		s.must(err)
	})
	if made.PhysicalID != "reports" || made.Attributes["Arn"] != "arn:aws:s3:::reports" ||
		made.Attributes["RegionalDomainName"] != "reports.s3.us-east-1.amazonaws.com" {
		t.Errorf("made %+v", made)
	}
	c, b := s.client(ours, "us-east-1"), aws.String("reports")
	lifecycle, err := c.GetBucketLifecycleConfiguration(
		t.Context(), &awss3.GetBucketLifecycleConfigurationInput{Bucket: b},
	)
	s.must(err)
	if r := lifecycle.Rules[0]; aws.ToInt32(r.NoncurrentVersionExpiration.NoncurrentDays) != 30 {
		t.Errorf("lifecycle: %+v", r)
	}
	lock, err := c.GetObjectLockConfiguration(t.Context(), &awss3.GetObjectLockConfigurationInput{Bucket: b})
	s.must(err)
	if aws.ToInt32(lock.ObjectLockConfiguration.Rule.DefaultRetention.Days) != 1 {
		t.Errorf("object lock: %+v", lock.ObjectLockConfiguration.Rule)
	}
	logs, err := c.GetBucketLogging(t.Context(), &awss3.GetBucketLoggingInput{Bucket: b})
	s.must(err)
	if logs.LoggingEnabled == nil || aws.ToString(logs.LoggingEnabled.TargetBucket) != "reports" {
		t.Errorf("logging: %+v", logs.LoggingEnabled)
	}
	tags, err := c.GetBucketTagging(t.Context(), &awss3.GetBucketTaggingInput{Bucket: b})
	s.must(err)
	if len(tags.TagSet) != 2 {
		t.Errorf("tags: %+v, want the resource's and the stack's", tags.TagSet)
	}
}

func TestBucketResourceRefusesWrongProperties(t *testing.T) {
	for name, c := range map[string]struct{ properties, want string }{
		"unknown nested name":   {`{"BucketEncryption":{"ServerSideEncryptionConfiguration":[{"BucketKeysEnabled":true}]}}`, "BucketKeysEnabled"},
		"name in wrong case":    {`{"VersioningConfiguration":{"status":"Enabled"}}`, "status"},
		"unknown status":        {`{"VersioningConfiguration":{"Status":"On"}}`, "MalformedXML"},
		"days of nothing":       {`{"LifecycleConfiguration":{"Rules":[{"Status":"Enabled"}]}}`, "At least one action"},
		"public ACL":            {`{"AccessControl":"PublicRead"}`, "ACL"},
		"lock not enabled":      {`{"ObjectLockConfiguration":{"ObjectLockEnabled":"Enabled"}}`, "Object Lock"},
		"key with S3's own":     {`{"BucketEncryption":{"ServerSideEncryptionConfiguration":[{"ServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256","KMSMasterKeyID":"k"}}]}}`, "KMSMasterKeyID"},
		"no such log bucket":    {`{"LoggingConfiguration":{"DestinationBucketName":"missing"}}`, "target bucket"},
		"not modelled":          {`{"MetadataConfiguration":{}}`, "does not model"},
		"suffix without header": {`{"BucketName":"x-111122223333-us-east-1-an"}`, "InvalidBucketName"},
		"system tag":            {`{"Tags":[{"Key":"aws:x","Value":"y"}]}`, "System tags"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.locked(func() {
				kind := s.world.Type("AWS::S3::Bucket")
				p := properties(t, c.properties)
				if p["BucketName"] == nil {
					p["BucketName"] = "reports"
				}
				_, err := kind.Create(caller, cloud.ResourceRequest{Properties: p})
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want something about %q", err, c.want)
				}
				if _, exists := kind.Exists(caller, p); exists {
					t.Error("the refused bucket exists")
				}
			})
		})
	}
}

func TestBucketResource_Update(t *testing.T) {
	s := newSite(t)
	c := s.bucket("reports")
	_, err := c.DeletePublicAccessBlock(t.Context(), &awss3.DeletePublicAccessBlockInput{Bucket: aws.String("reports")})
	s.must(err)
	s.locked(func() {
		before := properties(t, `{"BucketName":"reports","VersioningConfiguration":{"Status":"Enabled"}}`)
		now := properties(t, `{"BucketName":"reports","Tags":[{"Key":"a","Value":"b"}]}`)
		_, err := s.world.Type("AWS::S3::Bucket").Update(caller, "reports", before, now)
		s.must(err)
	})
	_, err = c.GetPublicAccessBlock(t.Context(), &awss3.GetPublicAccessBlockInput{Bucket: aws.String("reports")})
	wantCode(t, err, "NoSuchPublicAccessBlockConfiguration")
	tags, err := c.GetBucketTagging(t.Context(), &awss3.GetBucketTaggingInput{Bucket: aws.String("reports")})
	s.must(err)
	if len(tags.TagSet) != 1 {
		t.Errorf("tags: %+v", tags.TagSet)
	}
}

func TestBucketResource_Delete(t *testing.T) {
	s := newSite(t)
	put(t, s.bucket("reports"), "k", "x")
	s.locked(func() {
		kind := s.world.Type("AWS::S3::Bucket")
		err := kind.Delete(caller, "reports", nil)
		var refused *cloud.Error
		if !errors.As(err, &refused) ||
			!strings.HasPrefix(
				refused.Message,
				"The bucket you tried to delete is not empty (Service: Amazon S3; Status Code: 409; Error Code: BucketNotEmpty;",
			) {
			t.Errorf("got %v, want BucketNotEmpty", err)
		}
		if content, err := s.world.Objects().ReadObject(caller, "reports", "k"); err != nil || string(content) != "x" {
			t.Errorf("read %q, %v", content, err)
		}
		s.must(kind.Delete(caller, "never-was", nil))
	})
}

func TestBucketPolicyResource_MissingBucket(t *testing.T) {
	s := newSite(t)
	p := properties(t, `{"Bucket":"reports","PolicyDocument":{"Version":"2012-10-17","Statement":[
		{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::reports","arn:aws:s3:::reports/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}}`)
	kind := func() cloud.ResourceType { return s.world.Type("AWS::S3::BucketPolicy") }
	s.locked(func() {
		if _, err := kind().Create(caller, cloud.ResourceRequest{Properties: p}); err == nil ||
			!strings.Contains(err.Error(), "NoSuchBucket") {
			t.Errorf("got %v, want NoSuchBucket", err)
		}
	})
	s.bucket("reports")
	s.locked(func() {
		made, err := kind().Create(caller, cloud.ResourceRequest{Properties: p})
		s.must(err)
		if made.PhysicalID != "reports" {
			t.Errorf("physical id %q, want the bucket's name", made.PhysicalID)
		}
		s.must(kind().Delete(caller, "reports", p))
		if _, exists := kind().Exists(caller, p); exists {
			t.Error("the policy exists after its deletion")
		}
	})
}

func TestSchema_Replacement(t *testing.T) {
	s := newSite(t)
	var replaced []string
	for name, p := range s.world.Type("AWS::S3::Bucket").Schema().Properties {
		if p.CreateOnly {
			replaced = append(replaced, name)
		}
	}
	slices.Sort(replaced)
	if want := []string{"BucketName", "BucketNamespace"}; !slices.Equal(replaced, want) {
		t.Errorf("create-only: %q, want %q", replaced, want)
	}
}
