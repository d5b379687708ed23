package acceptance_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// TestExample_TryingOnAWS follows the guide: one account is hub and project account, and is empty
// at the end.
func TestExample_TryingOnAWS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	config := w.config(sandbox.HubAccount)
	stacks := cloudformation.NewFromConfig(config)
	hub := readExample(t, "trying-on-aws/hub.yaml")
	made, err := stacks.CreateStack(
		t.Context(),
		&cloudformation.CreateStackInput{StackName: aws.String("StowageHub"), TemplateBody: &hub},
	)
	must(w, made, err)

	s := w.workspace(readExample(t, "trying-on-aws/main.tf"))
	s.env["TF_VAR_account_id"], s.env["TF_VAR_region"] = sandbox.HubAccount, region
	s.apply()
	s.planIsEmpty()
	w.wantTrialKey(s)

	s.run("destroy", "-auto-approve", "-input=false", "-no-color").succeeds()
	unprotected, err := stacks.UpdateTerminationProtection(
		t.Context(),
		&cloudformation.UpdateTerminationProtectionInput{
			StackName: aws.String("stowage-directory"), EnableTerminationProtection: aws.Bool(false),
		},
	)
	must(w, unprotected, err)
	for _, name := range []string{"stowage-directory", "StowageHub"} {
		deleted, err := stacks.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: aws.String(name)})
		must(w, deleted, err)
	}
	w.wantNothingLeft(config)
}

func readExample(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "examples", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// wantTrialKey reads the user's key, and does with it what the guide does.
func (w *world) wantTrialKey(s *workspace) {
	w.t.Helper()
	ctx, config := w.t.Context(), w.config(sandbox.HubAccount)
	output := func(name string) *string {
		return aws.String(strings.TrimSpace(s.run("output", "-raw", name).succeeds().raw))
	}
	secret, err := secretsmanager.NewFromConfig(config).
		GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: output("secret_arn")})
	must(w, secret, err)
	var key struct {
		ID     string `json:"access_key_id"`
		Secret string `json:"secret_access_key"`
	}
	if err := json.Unmarshal([]byte(aws.ToString(secret.SecretString)), &key); err != nil {
		w.t.Fatal(err)
	}
	config.Credentials = credentials.NewStaticCredentialsProvider(key.ID, key.Secret, "")
	client := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
	put := func(name string) error {
		_, err := client.PutObject(
			ctx,
			&s3.PutObjectInput{Bucket: output("bucket"), Key: &name, Body: strings.NewReader("hello")},
		)
		return err
	}
	if err := put("incoming/hello.txt"); err != nil {
		w.t.Error(err)
	}
	if err := put("elsewhere/hello.txt"); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		w.t.Errorf("writing elsewhere: %v", err)
	}
	_, err = client.DeleteObject(
		ctx,
		&s3.DeleteObjectInput{Bucket: output("bucket"), Key: aws.String("incoming/hello.txt")},
	)
	if err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		w.t.Errorf("deleting: %v", err)
	}
	if _, err := client.ListBuckets(ctx, nil); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		w.t.Errorf("listing buckets: %v", err)
	}
}

// wantNothingLeft lists what the guide lists.
func (w *world) wantNothingLeft(config aws.Config) {
	w.t.Helper()
	ctx := w.t.Context()
	stacks, err := cloudformation.NewFromConfig(config).DescribeStacks(ctx, nil)
	must(w, stacks, err)
	for _, stack := range stacks.Stacks {
		if name := aws.ToString(stack.StackName); name != "StowageAccount" { // that of the sandbox stays
			w.t.Errorf("the stack %s is left", name)
		}
	}
	buckets, err := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true }).ListBuckets(ctx, nil)
	must(w, buckets, err)
	users, err := iam.NewFromConfig(config).ListUsers(ctx, &iam.ListUsersInput{PathPrefix: aws.String("/stowage/")})
	must(w, users, err)
	secrets, err := secretsmanager.NewFromConfig(config).ListSecrets(ctx, nil)
	must(w, secrets, err)
	if len(buckets.Buckets)+len(users.Users)+len(secrets.SecretList) > 0 {
		w.t.Errorf("left: %v, %v, %v", buckets.Buckets, users.Users, secrets.SecretList)
	}
	client := kms.NewFromConfig(config)
	keys, err := client.ListKeys(ctx, nil)
	must(w, keys, err)
	pending := 0
	for _, entry := range keys.Keys {
		key, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: entry.KeyId})
		must(w, key, err)
		if key.KeyMetadata.KeyState == kmstypes.KeyStatePendingDeletion {
			pending++
		}
	}
	if len(keys.Keys)-pending != 1 || pending != 1 {
		w.t.Errorf(
			"%d keys, %d of them pending deletion: want the topic's, and the project's pending",
			len(keys.Keys),
			pending,
		)
	}
}
