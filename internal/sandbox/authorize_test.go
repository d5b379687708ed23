package sandbox_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// elsewhere sends requests as if from another address.
type elsewhere struct{ address string }

func (e elsewhere) Do(r *http.Request) (*http.Response, error) {
	r.Header.Set(sandbox.SourceIPHeader, e.address)
	return http.DefaultClient.Do(r)
}

// TestAuthorize_PolicyDecides checks a user with a key for one prefix, from one network,
// within a boundary and under a bucket's policy.
func TestAuthorize_PolicyDecides(t *testing.T) {
	_, c := serve(t)
	ctx := t.Context()
	admin := s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true })
	users := iam.NewFromConfig(c)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, bucket := range []string{"inbox", "other"} {
		_, err := admin.CreateBucket(
			ctx,
			&s3.CreateBucketInput{
				Bucket:                    &bucket,
				CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"},
			},
		)
		must(err)
		for _, key := range []string{"acme/a", "acme/locked/a", "else/a"} {
			_, err = admin.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("x")})
			must(err)
		}
	}
	_, err := admin.PutBucketPolicy(
		ctx,
		&s3.PutBucketPolicyInput{Bucket: aws.String("inbox"), Policy: aws.String(`{"Version":"2012-10-17","Statement":[` +
			`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::inbox/acme/locked/*","Condition":{"StringEquals":{"aws:PrincipalType":"User"},"StringNotEquals":{"aws:username":"administrator"}}},` +
			`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::inbox","arn:aws:s3:::inbox/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`)},
	)
	must(err)
	boundary, err := users.CreatePolicy(
		ctx,
		&iam.CreatePolicyInput{PolicyName: aws.String("bound"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket","s3:PutObject"],"Resource":["arn:aws:s3:::inbox","arn:aws:s3:::inbox/*"]}]}`,
		)},
	)
	must(err)
	_, err = users.CreateUser(
		ctx, &iam.CreateUserInput{UserName: aws.String("partner"), PermissionsBoundary: boundary.Policy.Arn},
	)
	must(err)
	_, err = users.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String("partners")})
	must(err)
	_, err = users.AddUserToGroup(
		ctx, &iam.AddUserToGroupInput{UserName: aws.String("partner"), GroupName: aws.String("partners")},
	)
	must(err)
	_, err = users.PutGroupPolicy(
		ctx,
		&iam.PutGroupPolicyInput{GroupName: aws.String("partners"), PolicyName: aws.String("p"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[` +
				`{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:DeleteObject"],"Resource":["arn:aws:s3:::inbox/acme/*","arn:aws:s3:::other/acme/*"],"Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}},` +
				`{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::inbox","Condition":{"StringLike":{"s3:prefix":"acme/*"}}}]}`)},
	)
	must(err)
	key, err := users.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("partner")})
	must(err)
	from := func(address string) *s3.Client {
		u := c.Copy()
		u.Credentials = credentials.NewStaticCredentialsProvider(
			*key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey, "",
		)
		u.HTTPClient = elsewhere{address}
		return s3.NewFromConfig(u, func(o *s3.Options) { o.UsePathStyle = true })
	}
	get := func(bucket, key string) func(context.Context, *s3.Client) error {
		return func(ctx context.Context, c *s3.Client) error {
			_, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
			return err
		}
	}
	list := func(prefix *string) func(context.Context, *s3.Client) error {
		return func(ctx context.Context, c *s3.Client) error {
			_, err := c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("inbox"), Prefix: prefix})
			return err
		}
	}
	remove := func(ctx context.Context, c *s3.Client) error {
		_, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("inbox"), Key: aws.String("acme/a")})
		return err
	}
	upload := func(ctx context.Context, c *s3.Client) error {
		_, err := c.CreateMultipartUpload(
			ctx, &s3.CreateMultipartUploadInput{Bucket: aws.String("inbox"), Key: aws.String("acme/b")},
		)
		return err
	}
	const user = "User: arn:aws:iam::000000000000:user/partner is not authorized to perform: "
	for name, test := range map[string]struct {
		from, code, message string
		do                  func(context.Context, *s3.Client) error
	}{
		"reads below the prefix":      {"203.0.113.7", "", "", get("inbox", "acme/a")},
		"begins an upload":            {"203.0.113.7", "", "", upload},
		"lists the prefix":            {"203.0.113.7", "", "", list(aws.String("acme/"))},
		"not from another network":    {"198.51.100.7", "AccessDenied", user + `s3:GetObject on resource: "arn:aws:s3:::inbox/acme/a" because no identity-based policy allows the s3:GetObject action`, get("inbox", "acme/a")},
		"not beside the prefix":       {"203.0.113.7", "AccessDenied", user + `s3:GetObject on resource: "arn:aws:s3:::inbox/else/a" because no identity-based policy`, get("inbox", "else/a")},
		"not beyond the boundary":     {"203.0.113.7", "AccessDenied", "because no permissions boundary allows the s3:GetObject action", get("other", "acme/a")},
		"not deleting, by boundary":   {"203.0.113.7", "AccessDenied", "because no permissions boundary allows the s3:DeleteObject action", remove},
		"not what the bucket denies":  {"203.0.113.7", "AccessDenied", "with an explicit deny in a resource-based policy", get("inbox", "acme/locked/a")},
		"doesn't list all":            {"203.0.113.7", "AccessDenied", user + `s3:ListBucket on resource: "arn:aws:s3:::inbox"`, list(nil)},
		"isn't told what is missing":  {"203.0.113.7", "AccessDenied", user + "s3:ListBucket", get("inbox", "acme/none")},
		"is told of a missing bucket": {"203.0.113.7", "NoSuchBucket", "", get("none", "acme/a")},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.do(ctx, from(test.from))
			var e smithy.APIError
			switch {
			case test.code == "" && err != nil:
				t.Error(err)
			case test.code != "" && (!errors.As(err, &e) || e.ErrorCode() != test.code || !strings.Contains(e.ErrorMessage(), test.message)):
				t.Errorf("%v, want %s: %s", err, test.code, test.message)
			}
		})
	}
	_, err = users.UpdateAccessKey(
		ctx,
		&iam.UpdateAccessKeyInput{
			UserName: aws.String("partner"), AccessKeyId: key.AccessKey.AccessKeyId,
			Status: iamtypes.StatusTypeInactive,
		},
	)
	must(err)
	wantError(
		t, get("inbox", "acme/a")(ctx, from("203.0.113.7")), "InvalidAccessKeyId",
		"The AWS Access Key Id you provided does not exist in our records.",
	)
}

// Users without policies cannot even list buckets, while the administrator may do everything.
func TestAuthorize_NoPolicies(t *testing.T) {
	t.Parallel()
	_, c := serve(t)
	users := iam.NewFromConfig(c)
	if _, err := users.CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("nobody")}); err != nil {
		t.Fatal(err)
	}
	key, err := users.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String("nobody")})
	if err != nil {
		t.Fatal(err)
	}
	c.Credentials = credentials.NewStaticCredentialsProvider(
		*key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey, "",
	)
	_, err = s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true }).ListBuckets(
		t.Context(), &s3.ListBucketsInput{},
	)
	wantError(
		t,
		err,
		"AccessDenied",
		`User: arn:aws:iam::000000000000:user/nobody is not authorized to perform: s3:ListAllMyBuckets on resource: "*" because no identity-based policy allows the s3:ListAllMyBuckets action`,
	)
	if _, err := users.ListUsers(t.Context(), &iam.ListUsersInput{}); err != nil {
		t.Error(err) // the administrator
	}
}
