package s3_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/s3"
)

const (
	ours   = "111122223333"
	theirs = "444455556666"
)

// site is a world with S3 behind an HTTP server.
type site struct {
	t     *testing.T
	world *cloud.World
	url   string
}

func newSite(t *testing.T) *site {
	t.Helper()
	w := cloud.New(1)
	service := s3.New(w)
	// The access key contains the caller, as ACCOUNT.REGION.
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		body, err := io.ReadAll(in.Body)
		if err != nil {
			t.Error(err)
		}
		_, scope, _ := strings.Cut(in.Header.Get("Authorization"), "Credential=")
		parts := strings.Split(scope, "/")
		r := &cloud.Request{Context: in.Context(), Service: "s3", HTTP: in, Body: body, Endpoint: "http://" + in.Host}
		r.Caller = cloud.Caller{Account: parts[0], Region: parts[2], ARN: "arn:aws:iam::" + parts[0] + ":user/test"}
		w.Lock()
		defer w.Unlock()
		r.Operation = service.Operation(r)
		answer, err := service.Handle(r)
		var refused *cloud.Error
		if errors.As(err, &refused) {
			answer = service.WriteError(r, refused)
		} else if err != nil {
			t.Error(err)
			return
		}
		for name, values := range answer.Header {
			out.Header()[name] = values
		}
		out.WriteHeader(max(answer.Status, 200))
		_, _ = out.Write(answer.Body)
	}))
	t.Cleanup(server.Close)
	return &site{t, w, server.URL}
}

func (s *site) client(account, region string) *awss3.Client {
	return awss3.New(awss3.Options{
		BaseEndpoint: aws.String(s.url), Region: region, UsePathStyle: true, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(account, "secret", ""),
	})
}

func (s *site) bucket(name string) *awss3.Client {
	s.t.Helper()
	client := s.client(ours, "us-east-1")
	_, err := client.CreateBucket(context.Background(), &awss3.CreateBucketInput{Bucket: aws.String(name)})
	s.must(err)
	return client
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code {
		t.Errorf("got %v, want the error %s", err, code)
	}
}

func TestBucketNames_Global(t *testing.T) {
	s := newSite(t)
	s.bucket("reports")
	create := func(account, region, name, namespace string) error {
		in := &awss3.CreateBucketInput{Bucket: aws.String(name), BucketNamespace: types.BucketNamespace(namespace)}
		if region != "us-east-1" {
			in.CreateBucketConfiguration = &types.CreateBucketConfiguration{
				LocationConstraint: types.BucketLocationConstraint(region),
			}
		}
		_, err := s.client(account, region).CreateBucket(t.Context(), in)
		return err
	}
	for _, c := range []struct{ account, region, name, namespace, code string }{
		{ours, "us-east-1", "reports", "", ""}, // repeated in us-east-1
		{ours, "eu-west-1", "reports", "", "BucketAlreadyOwnedByYou"},
		{theirs, "us-east-1", "reports", "", "BucketAlreadyExists"},
		{ours, "us-east-1", "Reports", "", "InvalidBucketName"},
		{ours, "us-east-1", "a..b", "", "InvalidBucketName"},
		{ours, "us-east-1", "192.168.1.1", "", "InvalidBucketName"},
		{ours, "us-east-1", "ab", "", "InvalidBucketName"},
		{ours, "us-east-1", "xn--a", "", "InvalidBucketName"},
		{ours, "us-east-1", "a-" + ours + "-us-east-1-an", "", "InvalidBucketName"},
		{ours, "us-east-1", "a-" + ours + "-us-east-1-an", "account-regional", ""},
		{theirs, "us-east-1", "b-" + ours + "-us-east-1-an", "account-regional", "InvalidBucketName"},
		{ours, "us-east-1", "plain", "account-regional", "InvalidBucketName"},
	} {
		err := create(c.account, c.region, c.name, c.namespace)
		if c.code == "" {
			s.must(err)
			continue
		}
		wantCode(t, err, c.code)
	}
	list, err := s.client(theirs, "us-east-1").ListBuckets(t.Context(), &awss3.ListBucketsInput{})
	s.must(err)
	if len(list.Buckets) != 0 {
		t.Errorf("the other account owns %d buckets, want none", len(list.Buckets))
	}
}

func TestBucket_RegionAndAccount(t *testing.T) {
	s := newSite(t)
	s.bucket("reports")
	_, err := s.client(ours, "eu-west-1").HeadBucket(t.Context(), &awss3.HeadBucketInput{Bucket: aws.String("reports")})
	var answer *smithyhttp.ResponseError
	if !errors.As(err, &answer) || answer.HTTPStatusCode() != 301 ||
		answer.Response.Header.Get("X-Amz-Bucket-Region") != "us-east-1" {
		t.Errorf("got %v, want a redirect to us-east-1", err)
	}
	_, err = s.client(ours, "eu-west-1").ListObjectsV2(
		t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String("reports")},
	)
	wantCode(t, err, "PermanentRedirect")
	_, err = s.client(theirs, "us-east-1").ListObjectsV2(
		t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String("reports")},
	)
	wantCode(t, err, "AccessDenied")
	_, err = s.client(ours, "us-east-1").ListObjectsV2(
		t.Context(),
		&awss3.ListObjectsV2Input{Bucket: aws.String("reports"), ExpectedBucketOwner: aws.String(theirs)},
	)
	wantCode(t, err, "AccessDenied")
	_, err = s.client(ours, "us-east-1").HeadBucket(t.Context(), &awss3.HeadBucketInput{Bucket: aws.String("missing")})
	wantCode(t, err, "NotFound")
}

func TestSettings_AbsentErrors(t *testing.T) {
	s := newSite(t)
	c := s.bucket("reports")
	b, ctx := aws.String("reports"), t.Context()
	for code, call := range map[string]func() error{
		"NoSuchBucketPolicy": func() error { _, err := c.GetBucketPolicy(ctx, &awss3.GetBucketPolicyInput{Bucket: b}); return err },
		"NoSuchLifecycleConfiguration": func() error {
			_, err := c.GetBucketLifecycleConfiguration(ctx, &awss3.GetBucketLifecycleConfigurationInput{Bucket: b})
			return err
		},
		"NoSuchTagSet":            func() error { _, err := c.GetBucketTagging(ctx, &awss3.GetBucketTaggingInput{Bucket: b}); return err },
		"NoSuchCORSConfiguration": func() error { _, err := c.GetBucketCors(ctx, &awss3.GetBucketCorsInput{Bucket: b}); return err },
		"ObjectLockConfigurationNotFoundError": func() error {
			_, err := c.GetObjectLockConfiguration(ctx, &awss3.GetObjectLockConfigurationInput{Bucket: b})
			return err
		},
		"SandboxNotModelled": func() error {
			_, err := c.GetBucketReplication(ctx, &awss3.GetBucketReplicationInput{Bucket: b})
			return err
		},
	} {
		wantCode(t, call(), code)
	}
	_, err := c.DeletePublicAccessBlock(ctx, &awss3.DeletePublicAccessBlockInput{Bucket: b})
	s.must(err)
	_, err = c.GetPublicAccessBlock(ctx, &awss3.GetPublicAccessBlockInput{Bucket: b})
	wantCode(t, err, "NoSuchPublicAccessBlockConfiguration")
	_, err = c.DeleteBucketOwnershipControls(ctx, &awss3.DeleteBucketOwnershipControlsInput{Bucket: b})
	s.must(err)
	_, err = c.GetBucketOwnershipControls(ctx, &awss3.GetBucketOwnershipControlsInput{Bucket: b})
	wantCode(t, err, "OwnershipControlsNotFoundError")
}

func TestSettings_RoundTrip(t *testing.T) {
	s := newSite(t)
	c := s.bucket("reports")
	b, ctx := aws.String("reports"), t.Context()
	_, err := c.PutBucketEncryption(
		ctx,
		&awss3.PutBucketEncryptionInput{
			Bucket: b,
			ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
				Rules: []types.ServerSideEncryptionRule{
					{
						ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{
							SSEAlgorithm: types.ServerSideEncryptionAwsKms, KMSMasterKeyID: aws.String("key"),
						},
						BucketKeyEnabled: aws.Bool(true),
					},
				},
			},
		},
	)
	s.must(err)
	_, err = c.PutBucketLifecycleConfiguration(
		ctx,
		&awss3.PutBucketLifecycleConfigurationInput{Bucket: b, LifecycleConfiguration: &types.BucketLifecycleConfiguration{
			Rules: []types.LifecycleRule{
				{
					ID:                             aws.String("tidy"),
					Status:                         types.ExpirationStatusEnabled,
					Filter:                         &types.LifecycleRuleFilter{Prefix: aws.String("")},
					NoncurrentVersionExpiration:    &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(30)},
					AbortIncompleteMultipartUpload: &types.AbortIncompleteMultipartUpload{DaysAfterInitiation: aws.Int32(7)},
				},
			},
		}},
	)
	s.must(err)
	_, err = c.PutBucketTagging(
		ctx,
		&awss3.PutBucketTaggingInput{
			Bucket: b, Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}},
		},
	)
	s.must(err)
	_, err = c.PutBucketNotificationConfiguration(ctx, &awss3.PutBucketNotificationConfigurationInput{
		Bucket: b,
		NotificationConfiguration: &types.NotificationConfiguration{
			EventBridgeConfiguration: &types.EventBridgeConfiguration{},
		},
	})
	s.must(err)
	encryption, err := c.GetBucketEncryption(ctx, &awss3.GetBucketEncryptionInput{Bucket: b})
	s.must(err)
	if r := encryption.ServerSideEncryptionConfiguration.Rules[0]; aws.ToString(
		r.ApplyServerSideEncryptionByDefault.KMSMasterKeyID,
	) != "key" ||
		!aws.ToBool(r.BucketKeyEnabled) {
		t.Errorf("encryption came back as %+v", r)
	}
	lifecycle, err := c.GetBucketLifecycleConfiguration(ctx, &awss3.GetBucketLifecycleConfigurationInput{Bucket: b})
	s.must(err)
	if r := lifecycle.Rules[0]; aws.ToInt32(r.NoncurrentVersionExpiration.NoncurrentDays) != 30 ||
		aws.ToInt32(r.AbortIncompleteMultipartUpload.DaysAfterInitiation) != 7 ||
		aws.ToString(r.ID) != "tidy" {
		t.Errorf("lifecycle came back as %+v", r)
	}
	tags, err := c.GetBucketTagging(ctx, &awss3.GetBucketTaggingInput{Bucket: b})
	s.must(err)
	if len(tags.TagSet) != 1 || aws.ToString(tags.TagSet[0].Value) != "b" {
		t.Errorf("tags came back as %+v", tags.TagSet)
	}
	events, err := c.GetBucketNotificationConfiguration(ctx, &awss3.GetBucketNotificationConfigurationInput{Bucket: b})
	s.must(err)
	if events.EventBridgeConfiguration == nil {
		t.Error("EventBridge is off, want on")
	}
	_, err = c.PutBucketLogging(
		ctx,
		&awss3.PutBucketLoggingInput{Bucket: b, BucketLoggingStatus: &types.BucketLoggingStatus{
			LoggingEnabled: &types.LoggingEnabled{TargetBucket: aws.String("missing"), TargetPrefix: aws.String("")},
		}},
	)
	wantCode(t, err, "InvalidTargetBucketForLogging")
}

func TestBucketPolicy_Checked(t *testing.T) {
	s := newSite(t)
	c := s.bucket("reports")
	put := func(text string) error {
		_, err := c.PutBucketPolicy(
			t.Context(), &awss3.PutBucketPolicyInput{Bucket: aws.String("reports"), Policy: aws.String(text)},
		)
		return err
	}
	statement := func(effect, principal, resource, rest string) string {
		return fmt.Sprintf(
			`{"Version":"2012-10-17","Statement":[{"Effect":%q,"Principal":%s,"Action":"s3:GetObject","Resource":%q%s}]}`,
			effect, principal, resource, rest,
		)
	}
	s.must(
		put(statement("Deny", `"*"`, "arn:aws:s3:::reports/*", `,"Condition":{"Bool":{"aws:SecureTransport":"false"}}`)),
	)
	s.must(
		put(
			statement(
				"Allow", `"*"`, "arn:aws:s3:::reports/*",
				`,"Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"}}`,
			),
		),
	)
	wantCode(t, put(statement("Allow", `"*"`, "arn:aws:s3:::reports/*", "")), "AccessDenied")
	wantCode(t, put(statement("Allow", `{"AWS":"111122223333"}`, "arn:aws:s3:::others/*", "")), "MalformedPolicy")
	wantCode(t, put(statement("Perhaps", `"*"`, "arn:aws:s3:::reports/*", "")), "MalformedPolicy")
	wantCode(t, put(`{"Version":`), "MalformedPolicy")
	status, err := c.GetBucketPolicyStatus(t.Context(), &awss3.GetBucketPolicyStatusInput{Bucket: aws.String("reports")})
	s.must(err)
	if aws.ToBool(status.PolicyStatus.IsPublic) {
		t.Error("the policy counts as public, want not")
	}
}

func put(
	t *testing.T, c *awss3.Client, key, content string, more ...func(*awss3.PutObjectInput),
) *awss3.PutObjectOutput {
	t.Helper()
	in := &awss3.PutObjectInput{Bucket: aws.String("reports"), Key: aws.String(key), Body: strings.NewReader(content)}
	for _, f := range more {
		f(in)
	}
	out, err := c.PutObject(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func get(t *testing.T, c *awss3.Client, key, version string) (string, error) {
	t.Helper()
	in := &awss3.GetObjectInput{Bucket: aws.String("reports"), Key: aws.String(key)}
	if version != "" {
		in.VersionId = aws.String(version)
	}
	out, err := c.GetObject(t.Context(), in)
	if err != nil {
		return "", err
	}
	defer func() { _ = out.Body.Close() }()
	content, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(content), nil
}

func TestObjects_IfNoneMatch(t *testing.T) {
	s := newSite(t)
	c := s.bucket("reports")
	for _, algorithm := range types.ChecksumAlgorithmCrc32.Values()[:5] {
		put(t, c, "k/"+string(algorithm), "hello", func(in *awss3.PutObjectInput) { in.ChecksumAlgorithm = algorithm })
		content, err := get(t, c, "k/"+string(algorithm), "")
		if err != nil || content != "hello" {
			t.Errorf("%s: read %q, %v", algorithm, content, err)
		}
	}
	_, err := c.PutObject(t.Context(), &awss3.PutObjectInput{
		Bucket: aws.String("reports"), Key: aws.String("k/CRC32"), Body: strings.NewReader("x"), IfNoneMatch: aws.String("*"),
	})
	wantCode(t, err, "PreconditionFailed")
	_, err = get(t, c, "missing", "")
	wantCode(t, err, "NoSuchKey")
	head, err := c.HeadObject(
		t.Context(), &awss3.HeadObjectInput{Bucket: aws.String("reports"), Key: aws.String("k/CRC32")},
	)
	s.must(err)
	if aws.ToInt64(head.ContentLength) != 5 || head.ServerSideEncryption != types.ServerSideEncryptionAes256 {
		t.Errorf("HeadObject says %d bytes, %s", aws.ToInt64(head.ContentLength), head.ServerSideEncryption)
	}
}

func TestSignatures_StreamedBodies(t *testing.T) {
	s := newSite(t)
	s.bucket("reports")
	send := func(body, sum string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.url+"/reports/k", strings.NewReader(body))
		s.must(err)
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+ours+"/20260101/us-east-1/s3/aws4_request")
		r.Header.Set("X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
		r.Header.Set("X-Amz-Decoded-Content-Length", "11")
		r.Header.Set("Content-Encoding", "aws-chunked")
		r.Header.Set("X-Amz-Trailer", "x-amz-checksum-crc32")
		answer, err := http.DefaultClient.Do(r)
		s.must(err)
		defer func() { _ = answer.Body.Close() }()
		return answer
	}
	const chunks = "6\r\nhello \r\n5\r\nworld\r\n0\r\n"
	if answer := send(chunks+"x-amz-checksum-crc32:DUoRhQ==\r\n\r\n", ""); answer.StatusCode != 200 {
		t.Errorf("a streamed body with the right checksum is answered with %s", answer.Status)
	}
	content, err := get(t, s.client(ours, "us-east-1"), "k", "")
	if err != nil || content != "hello world" {
		t.Errorf("read %q, %v", content, err)
	}
	for _, bad := range []string{chunks + "x-amz-checksum-crc32:AAAAAA==\r\n\r\n", "6\r\nhello \r\n0\r\n\r\n", "ffffffffffffffff\r\nx"} {
		if answer := send(bad, ""); answer.StatusCode != 400 {
			t.Errorf("%q is answered with %s, want 400", bad, answer.Status)
		}
	}
}

func TestDeleteBucket_NotEmpty(t *testing.T) {
	s := newSite(t)
	c := s.bucket("reports")
	b := aws.String("reports")
	put(t, c, "k", "null version")
	_, err := c.PutBucketVersioning(
		t.Context(),
		&awss3.PutBucketVersioningInput{
			Bucket:                  b,
			VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
		},
	)
	s.must(err)
	second := put(t, c, "k", "second")
	gone, err := c.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: b, Key: aws.String("k")})
	s.must(err)
	if !aws.ToBool(gone.DeleteMarker) {
		t.Error("deleting in a versioned bucket made no delete marker")
	}
	_, err = get(t, c, "k", "")
	wantCode(t, err, "NoSuchKey")
	for version, want := range map[string]string{"null": "null version", aws.ToString(second.VersionId): "second"} {
		if content, err := get(t, c, "k", version); err != nil || content != want {
			t.Errorf("version %s: %q, %v", version, content, err)
		}
	}
	_, err = c.DeleteBucket(t.Context(), &awss3.DeleteBucketInput{Bucket: b})
	wantCode(t, err, "BucketNotEmpty")
	var ids []types.ObjectIdentifier
	pages := awss3.NewListObjectVersionsPaginator(c, &awss3.ListObjectVersionsInput{Bucket: b, MaxKeys: aws.Int32(1)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		s.must(err)
		for _, v := range page.Versions {
			ids = append(ids, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
		for _, m := range page.DeleteMarkers {
			ids = append(ids, types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
		}
	}
	if len(ids) != 3 {
		t.Fatalf("listed %d versions and markers, want 3", len(ids))
	}
	out, err := c.DeleteObjects(t.Context(), &awss3.DeleteObjectsInput{Bucket: b, Delete: &types.Delete{Objects: ids}})
	s.must(err)
	if len(out.Deleted) != 3 || len(out.Errors) != 0 {
		t.Errorf("deleted %d with %d errors, want 3 and 0", len(out.Deleted), len(out.Errors))
	}
	_, err = c.DeleteBucket(t.Context(), &awss3.DeleteBucketInput{Bucket: b})
	s.must(err)
}

func TestListings_Pages(t *testing.T) {
	s := newSite(t)
	c := s.bucket("reports")
	for _, key := range []string{"a", "d/1", "d/2", "e/1", "z z"} {
		put(t, c, key, "x")
	}
	var got []string
	pages := awss3.NewListObjectsV2Paginator(
		c,
		&awss3.ListObjectsV2Input{Bucket: aws.String("reports"), Delimiter: aws.String("/"), MaxKeys: aws.Int32(1)},
	)
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		s.must(err)
		for _, o := range page.Contents {
			got = append(got, aws.ToString(o.Key))
		}
		for _, p := range page.CommonPrefixes {
			got = append(got, aws.ToString(p.Prefix))
		}
	}
	if want := []string{"a", "d/", "e/", "z z"}; !slices.Equal(got, want) {
		t.Errorf("listed %q, want %q", got, want)
	}
}

func TestMultipartUploadsBecomeObjects(t *testing.T) {
	s := newSite(t)
	c := s.bucket("reports")
	b, key := aws.String("reports"), aws.String("big")
	begun, err := c.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: b, Key: key})
	s.must(err)
	var done []types.CompletedPart
	for i, content := range [][]byte{bytes.Repeat([]byte("a"), 5<<20), []byte("tail")} {
		number := aws.Int32(int32(i + 1))
		part, err := c.UploadPart(
			t.Context(),
			&awss3.UploadPartInput{
				Bucket: b, Key: key, UploadId: begun.UploadId, PartNumber: number, Body: bytes.NewReader(content),
			},
		)
		s.must(err)
		done = append(done, types.CompletedPart{PartNumber: number, ETag: part.ETag})
	}
	uploads, err := c.ListMultipartUploads(t.Context(), &awss3.ListMultipartUploadsInput{Bucket: b})
	s.must(err)
	if len(uploads.Uploads) != 1 {
		t.Errorf("%d uploads are in progress, want 1", len(uploads.Uploads))
	}
	complete := func(parts []types.CompletedPart) error {
		_, err := c.CompleteMultipartUpload(t.Context(), &awss3.CompleteMultipartUploadInput{
			Bucket: b, Key: key, UploadId: begun.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
		})
		return err
	}
	wantCode(t, complete([]types.CompletedPart{done[1], done[0]}), "InvalidPartOrder")
	wantCode(t, complete([]types.CompletedPart{{PartNumber: aws.Int32(3), ETag: aws.String("x")}}), "InvalidPart")
	s.must(complete(done))
	wantCode(t, complete(done), "NoSuchUpload")
	content, err := get(t, c, "big", "")
	if err != nil || len(content) != 5<<20+4 {
		t.Errorf("read %d bytes, %v", len(content), err)
	}
}

func TestObjectLockProtectsVersions(t *testing.T) {
	s := newSite(t)
	c := s.client(ours, "us-east-1")
	b := aws.String("reports")
	_, err := c.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: b, ObjectLockEnabledForBucket: aws.Bool(true)})
	s.must(err)
	_, err = c.PutObjectLockConfiguration(
		t.Context(),
		&awss3.PutObjectLockConfigurationInput{Bucket: b, ObjectLockConfiguration: &types.ObjectLockConfiguration{
			ObjectLockEnabled: types.ObjectLockEnabledEnabled,
			Rule: &types.ObjectLockRule{
				DefaultRetention: &types.DefaultRetention{Mode: types.ObjectLockRetentionModeGovernance, Days: aws.Int32(1)},
			},
		}},
	)
	s.must(err)
	out := put(t, c, "k", "x")
	erase := func(bypass bool) error {
		_, err := c.DeleteObject(
			t.Context(),
			&awss3.DeleteObjectInput{
				Bucket: b, Key: aws.String("k"), VersionId: out.VersionId, BypassGovernanceRetention: aws.Bool(bypass),
			},
		)
		return err
	}
	wantCode(t, erase(false), "AccessDenied")
	s.must(erase(true))
	head, err := c.HeadBucket(t.Context(), &awss3.HeadBucketInput{Bucket: b})
	s.must(err)
	if aws.ToString(head.BucketRegion) != "us-east-1" {
		t.Errorf("HeadBucket says %q", aws.ToString(head.BucketRegion))
	}
}

// TestArguments_Refused: each with its own code, as LocalStack's tests recorded them.
func TestArguments_Refused(t *testing.T) {
	s := newSite(t)
	c := s.bucket("reports")
	b, key, ctx := aws.String("reports"), aws.String("k"), t.Context()
	out := put(t, c, "k", "abc")
	list := func(in awss3.ListObjectsV2Input) error {
		in.Bucket = b
		_, err := c.ListObjectsV2(ctx, &in)
		return err
	}
	wantCode(t, list(awss3.ListObjectsV2Input{ExpectedBucketOwner: aws.String("abcd")}), "InvalidBucketOwnerAWSAccountID")
	wantCode(t, list(awss3.ListObjectsV2Input{EncodingType: "bogus"}), "InvalidArgument")
	_, err := c.ListBuckets(ctx, &awss3.ListBucketsInput{BucketRegion: aws.String("bogus")})
	wantCode(t, err, "InvalidArgument")
	for _, location := range []string{"us-east-1", "foo"} {
		_, err = c.CreateBucket(
			ctx,
			&awss3.CreateBucketInput{Bucket: aws.String("another"), CreateBucketConfiguration: &types.CreateBucketConfiguration{
				LocationConstraint: types.BucketLocationConstraint(location),
			}},
		)
		wantCode(t, err, "InvalidLocationConstraint")
	}
	locked := func(mode types.ObjectLockMode, until time.Time) error {
		in := &awss3.PutObjectInput{Bucket: b, Key: key, Body: strings.NewReader("x"), ObjectLockMode: mode}
		if !until.IsZero() {
			in.ObjectLockRetainUntilDate = &until
		}
		_, err := c.PutObject(ctx, in)
		return err
	}
	wantCode(t, locked("GOVERNANCE", time.Time{}), "InvalidArgument")
	wantCode(t, locked("", time.Now().Add(time.Hour)), "InvalidArgument")
	wantCode(t, locked("GOVERNANCE", time.Now().Add(time.Hour)), "InvalidRequest")
	_, err = c.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: b, Key: key, BypassGovernanceRetention: aws.Bool(true)})
	wantCode(t, err, "InvalidArgument")
	_, err = c.PutBucketLifecycleConfiguration(
		ctx,
		&awss3.PutBucketLifecycleConfigurationInput{Bucket: b, LifecycleConfiguration: &types.BucketLifecycleConfiguration{
			Rules: []types.LifecycleRule{
				{
					Status:     "Enabled",
					Expiration: &types.LifecycleExpiration{Days: aws.Int32(1)},
					Filter: &types.LifecycleRuleFilter{
						Prefix: aws.String("a"), And: &types.LifecycleRuleAndOperator{Prefix: aws.String("b")},
					},
				},
			},
		}},
	)
	wantCode(t, err, "MalformedXML")
	for header, rule := range map[string]types.CORSRule{
		"allowed": {AllowedMethods: []string{"GET"}, AllowedOrigins: []string{"*"}, AllowedHeaders: []string{"x-*-*"}},
		"exposed": {AllowedMethods: []string{"GET"}, AllowedOrigins: []string{"*"}, ExposeHeaders: []string{"*"}},
	} {
		_, err = c.PutBucketCors(
			ctx,
			&awss3.PutBucketCorsInput{Bucket: b, CORSConfiguration: &types.CORSConfiguration{CORSRules: []types.CORSRule{rule}}},
		)
		if wantCode(t, err, "InvalidRequest"); err == nil {
			t.Errorf("a wildcard in an %s header is taken", header)
		}
	}
	_, err = c.GetObject(ctx, &awss3.GetObjectInput{Bucket: b, Key: key, VersionId: aws.String("x")})
	wantCode(t, err, "InvalidArgument")
	_, err = c.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: b, Key: key, VersionId: aws.String("x")})
	wantCode(t, err, "InvalidArgument")
	begun, err := c.CreateMultipartUpload(ctx, &awss3.CreateMultipartUploadInput{Bucket: b, Key: key})
	s.must(err)
	_, err = c.ListMultipartUploads(
		ctx,
		&awss3.ListMultipartUploadsInput{Bucket: b, KeyMarker: aws.String("other"), UploadIdMarker: begun.UploadId},
	)
	wantCode(t, err, "InvalidArgument")
	read, err := c.GetObject(ctx, &awss3.GetObjectInput{Bucket: b, Key: key, Range: aws.String("bytes=1-0")})
	s.must(err)
	if aws.ToInt64(read.ContentLength) != 3 {
		t.Errorf("a range that is none gives %d bytes of %v", aws.ToInt64(read.ContentLength), out.ETag)
	}
}

// XML cannot contain control characters; a listing with the encoding url can.
func TestControlCharactersInListings(t *testing.T) {
	s := newSite(t)
	c := s.bucket("reports")
	put(t, c, "in\x01box", "x")
	_, err := c.ListObjectVersions(t.Context(), &awss3.ListObjectVersionsInput{Bucket: aws.String("reports")})
	if err == nil || !strings.Contains(err.Error(), "illegal character code U+0001") {
		t.Errorf("the listing was read: %v", err)
	}
	listed, err := c.ListObjectVersions(
		t.Context(),
		&awss3.ListObjectVersionsInput{Bucket: aws.String("reports"), EncodingType: types.EncodingTypeUrl},
	)
	s.must(err)
	if len(listed.Versions) != 1 || aws.ToString(listed.Versions[0].Key) != "in%01box" {
		t.Errorf("listed %+v", listed.Versions)
	}
}
