package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// project is the account of the example's project.
const project = "111122223333"

// inventory lists the content of the project's account, as S3 and IAM report it to AWS clients
// independent of Stowage.
func (d *demo) inventory(ctx context.Context) error {
	say("In the account " + project + ", as S3 and IAM report it")
	clients, err := d.clients(ctx)
	if err != nil {
		return err
	}
	if err := listBuckets(ctx, s3.NewFromConfig(clients, func(o *s3.Options) { o.UsePathStyle = true })); err != nil {
		return err
	}
	return listUsers(ctx, iam.NewFromConfig(clients))
}

// clients returns the credentials of the account's administrator: Stowage's own roles may read
// stacks, and not the account's content.
func (d *demo) clients(ctx context.Context) (aws.Config, error) {
	id, secret := sandbox.StaticCredentials(project)
	return config.LoadDefaultConfig(ctx,
		config.WithBaseEndpoint(d.box.Endpoint), config.WithRegion(d.box.Env["AWS_REGION"]),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(id, secret, "")),
	)
}

func listBuckets(ctx context.Context, client *s3.Client) error {
	out, err := client.ListBuckets(ctx, &s3.ListBucketsInput{})
	if err != nil {
		return err
	}
	fmt.Println("  buckets")
	for _, bucket := range out.Buckets {
		name := bucket.Name
		encryption, err := client.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: name})
		if err != nil {
			return err
		}
		versioning, err := client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: name})
		if err != nil {
			return err
		}
		if _, err := client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: name}); err != nil {
			return err
		}
		rule := encryption.ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault
		fmt.Printf(
			"    %-62s %-8s versioning %s, public access blocked\n", aws.ToString(name), rule.SSEAlgorithm,
			strings.ToLower(string(versioning.Status)),
		)
	}
	return nil
}

func listUsers(ctx context.Context, client *iam.Client) error {
	users, err := client.ListUsers(ctx, &iam.ListUsersInput{})
	if err != nil {
		return err
	}
	fmt.Println("  users")
	for _, user := range users.Users {
		groups, err := client.ListGroupsForUser(ctx, &iam.ListGroupsForUserInput{UserName: user.UserName})
		if err != nil {
			return err
		}
		for _, group := range groups.Groups {
			policies, err := client.ListAttachedGroupPolicies(
				ctx, &iam.ListAttachedGroupPoliciesInput{GroupName: group.GroupName},
			)
			if err != nil {
				return err
			}
			var names []string
			for _, policy := range policies.AttachedPolicies {
				names = append(names, aws.ToString(policy.PolicyName))
			}
			fmt.Printf(
				"    %-20s in the group %-20s with the policies %s\n", aws.ToString(user.UserName),
				aws.ToString(group.GroupName), strings.Join(names, ", "),
			)
		}
	}
	return nil
}
