package conformance

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func s3Contracts() []Contract {
	return []Contract{
		{
			Name:   "non-empty-bucket",
			Rule:   "A bucket that holds anything can't be deleted.",
			Source: "S3 API reference, DeleteBucket",
			Check: onBucket(func(ctx context.Context, c *s3.Client, bucket *string) error {
				if _, err := c.PutObject(
					ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String("a"), Body: bytes.NewReader([]byte("x"))},
				); err != nil {
					return err
				}
				_, err := c.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: bucket})
				return refused(err, "BucketNotEmpty", "")
			}),
		},
		{
			Name:   "versions-keep-a-bucket",
			Rule:   "Versions behind a delete marker count as data.",
			Source: "S3 user guide, Deleting object versions",
			Check: onBucket(func(ctx context.Context, c *s3.Client, bucket *string) error {
				_, err := c.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
					Bucket:                  bucket,
					VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled},
				})
				if err != nil {
					return err
				}
				if _, err = c.PutObject(
					ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String("a"), Body: bytes.NewReader([]byte("x"))},
				); err != nil {
					return err
				}
				if _, err = c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: aws.String("a")}); err != nil {
					return err
				}
				list, err := c.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: bucket})
				if err != nil {
					return err
				}
				_, err = c.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: bucket})
				return errors.Join(
					equal("versions", len(list.Versions), 1), equal("delete markers", len(list.DeleteMarkers), 1),
					refused(err, "BucketNotEmpty", ""),
				)
			}),
		},
		{
			Name: "missing-bucket", Rule: "A missing bucket is NoSuchBucket.", Source: "S3 API reference, Error responses",
			Check: func(ctx context.Context, c *Clients) error {
				_, err := c.S3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: aws.String(unique("none"))})
				return refused(err, "NoSuchBucket", "")
			},
		},
		{
			Name:   "prefix-listing",
			Rule:   "A listing by prefix shows what begins with it.",
			Source: "S3 API reference, ListObjectsV2",
			Check: onBucket(func(ctx context.Context, c *s3.Client, bucket *string) error {
				for _, name := range []string{"in/a", "in/b", "out/a"} {
					if _, err := c.PutObject(
						ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String(name), Body: bytes.NewReader([]byte("x"))},
					); err != nil {
						return err
					}
				}
				list, err := c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket, Prefix: aws.String("in/")})
				if err != nil {
					return err
				}
				return equal("objects", len(list.Contents), 2)
			}),
		},
	}
}

// onBucket returns a check with a new bucket.
func onBucket(check func(context.Context, *s3.Client, *string) error) func(context.Context, *Clients) error {
	return func(ctx context.Context, c *Clients) error {
		name := unique("bucket")
		if err := c.bucket(ctx, name); err != nil {
			return err
		}
		return check(ctx, c.S3, &name)
	}
}

func (c *Clients) bucket(ctx context.Context, name string) error {
	_, err := c.S3.CreateBucket(ctx, &s3.CreateBucketInput{
		Bucket: &name, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: Region},
	})
	return err
}

const policyDocument = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`

func iamContracts() []Contract {
	return []Contract{
		{
			Name:   "malformed-policy",
			Rule:   "A policy that breaks the grammar is refused.",
			Source: "IAM API reference, CreatePolicy",
			Check: func(ctx context.Context, c *Clients) error {
				_, err := c.IAM.CreatePolicy(
					ctx,
					&iam.CreatePolicyInput{
						PolicyName:     aws.String(unique("policy")),
						PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Maybe"}]}`),
					},
				)
				return refused(err, "MalformedPolicyDocument", "")
			},
		},
		{
			Name:   "delete-conflict",
			Rule:   "A group with an attached policy can't be deleted.",
			Source: "IAM API reference, DeleteGroup",
			Check: func(ctx context.Context, c *Clients) error {
				group := aws.String(unique("group"))
				if _, err := c.IAM.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: group}); err != nil {
					return err
				}
				policy, err := c.IAM.CreatePolicy(
					ctx,
					&iam.CreatePolicyInput{PolicyName: aws.String(unique("policy")), PolicyDocument: aws.String(policyDocument)},
				)
				if err != nil {
					return err
				}
				if _, err = c.IAM.AttachGroupPolicy(
					ctx, &iam.AttachGroupPolicyInput{GroupName: group, PolicyArn: policy.Policy.Arn},
				); err != nil {
					return err
				}
				_, err = c.IAM.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: group})
				return refused(err, "DeleteConflict", "")
			},
		},
		{
			Name: "name-taken", Rule: "A name is taken whatever its case.", Source: "IAM user guide, IAM and AWS STS quotas",
			Check: func(ctx context.Context, c *Clients) error {
				name := unique("user")
				if _, err := c.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: &name}); err != nil {
					return err
				}
				_, err := c.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String(strings.ToUpper(name))})
				return refused(err, "EntityAlreadyExists", "")
			},
		},
		{
			Name: "missing-user", Rule: "A missing user is NoSuchEntity.", Source: "IAM API reference, GetUser",
			Check: func(ctx context.Context, c *Clients) error {
				_, err := c.IAM.GetUser(ctx, &iam.GetUserInput{UserName: aws.String(unique("none"))})
				return refused(err, "NoSuchEntity", "")
			},
		},
		{
			Name:   "policy-size",
			Rule:   "A managed policy has at most 6,144 characters.",
			Source: "IAM user guide, IAM and AWS STS quotas",
			Check: func(ctx context.Context, c *Clients) error {
				long := strings.Replace(policyDocument, `"*"`, `"arn:aws:s3:::`+strings.Repeat("x", 6144)+`"`, 1)
				_, err := c.IAM.CreatePolicy(
					ctx, &iam.CreatePolicyInput{PolicyName: aws.String(unique("policy")), PolicyDocument: &long},
				)
				return refused(err, "LimitExceeded", "")
			},
		},
	}
}

func ssmContracts() []Contract {
	return []Contract{
		{
			Name:   "missing-parameter",
			Rule:   "A missing parameter is ParameterNotFound.",
			Source: "Systems Manager API reference, GetParameter",
			Check: func(ctx context.Context, c *Clients) error {
				_, err := c.SSM.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/" + unique("none"))})
				return refused(err, "ParameterNotFound", "")
			},
		},
	}
}

func stsContracts() []Contract {
	return []Contract{
		{
			Name: "missing-role", Rule: "A role that isn't there can't be assumed.", Source: "STS API reference, AssumeRole",
			Check: func(ctx context.Context, c *Clients) error {
				_, err := c.STS.AssumeRole(
					ctx,
					&sts.AssumeRoleInput{
						RoleArn:         aws.String("arn:aws:iam::111122223333:role/" + unique("none")),
						RoleSessionName: aws.String("test"),
					},
				)
				return refused(err, "AccessDenied", "")
			},
		},
		{
			Name:   "who-am-i",
			Rule:   "GetCallerIdentity tells the account of the credentials.",
			Source: "STS API reference, GetCallerIdentity",
			Check: func(ctx context.Context, c *Clients) error {
				out, err := c.STS.GetCallerIdentity(ctx, nil)
				if err != nil {
					return err
				}
				return equal("the length of an account id", len(aws.ToString(out.Account)), 12)
			},
		},
	}
}
