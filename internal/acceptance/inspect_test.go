package acceptance_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
)

// wantQuickstart compares the account with examples/quickstart, as S3 and IAM describe it.
func (x *tenant) wantQuickstart() {
	t, w, c := x.t, x.w, x.clients
	t.Helper()
	want := []string{
		physical("archive"), physical("inbox"), physical("outbox"),
		"stowage-acme-logs-" + account + "-" + region + "-an",
		"stowage-acme-templates-" + account + "-" + region + "-an",
	}
	if diff := cmp.Diff(want, c.buckets()); diff != "" {
		t.Errorf("buckets (-want +got):\n%s", diff)
	}
	for _, name := range []string{"inbox", "outbox", "archive"} {
		x.wantHardened(name)
	}

	if got := c.tags(physical("inbox")); !cmp.Equal(
		got, map[string]string{"owner": "delivery", "stowage:project": "acme", "stowage:bucket": "inbox"},
	) {
		t.Errorf("tags of inbox: %v", got)
	}
	lifecycle, err := c.s3.GetBucketLifecycleConfiguration(
		t.Context(), &s3.GetBucketLifecycleConfigurationInput{Bucket: aws.String(physical("inbox"))},
	)
	days := map[string]int32{}
	for _, rule := range must(w, lifecycle, err).Rules {
		if rule.Status != s3types.ExpirationStatusEnabled {
			t.Errorf("the lifecycle rule %s is %s", aws.ToString(rule.ID), rule.Status)
		}
		switch {
		case rule.Expiration != nil:
			days["expire"] = aws.ToInt32(rule.Expiration.Days)
		case rule.NoncurrentVersionExpiration != nil:
			days["noncurrent"] = aws.ToInt32(rule.NoncurrentVersionExpiration.NoncurrentDays)
		case rule.AbortIncompleteMultipartUpload != nil:
			days["multipart"] = aws.ToInt32(rule.AbortIncompleteMultipartUpload.DaysAfterInitiation)
		}
	}
	if diff := cmp.Diff(map[string]int32{"expire": 30, "noncurrent": 90, "multipart": 7}, days); diff != "" {
		t.Errorf("lifecycle of inbox in days (-want +got):\n%s", diff)
	}
	lock, err := c.s3.GetObjectLockConfiguration(
		t.Context(), &s3.GetObjectLockConfigurationInput{Bucket: aws.String(physical("archive"))},
	)
	if r := must(
		w, lock, err,
	).ObjectLockConfiguration.Rule.DefaultRetention; r.Mode != s3types.ObjectLockRetentionModeGovernance ||
		aws.ToInt32(r.Days) != 30 {
		t.Errorf("object lock of archive: %s, %d days", r.Mode, aws.ToInt32(r.Days))
	}

	for user, reaches := range map[string][]string{
		"acme-partner": {physical("inbox") + "/incoming/*", physical("outbox") + "/*"},
		"acme-courier": {physical("inbox") + "/*", physical("outbox") + "/*"},
		"acme-auditor": {physical("archive") + "/*"},
	} {
		c.wantGroupOnly(user, reaches...)
	}
}

func (x *tenant) wantHardened(name string) {
	t, w, c, ctx, bucket := x.t, x.w, x.clients, x.t.Context(), x.in(physical(name))
	t.Helper()
	encryption, err := c.s3.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &bucket})
	rule := must(w, encryption, err).ServerSideEncryptionConfiguration.Rules[0]
	if by := rule.ApplyServerSideEncryptionByDefault; by.SSEAlgorithm != s3types.ServerSideEncryptionAwsKms ||
		aws.ToString(by.KMSMasterKeyID) != x.projectKey() {
		t.Errorf(
			"%s is encrypted by %s with %s, want aws:kms with %s", bucket, by.SSEAlgorithm,
			aws.ToString(by.KMSMasterKeyID), x.projectKey(),
		)
	}
	if !aws.ToBool(rule.BucketKeyEnabled) {
		t.Errorf("%s has no bucket key", bucket)
	}
	versioning, err := c.s3.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &bucket})
	if s := must(w, versioning, err).Status; s != s3types.BucketVersioningStatusEnabled {
		t.Errorf("versioning of %s is %s", bucket, s)
	}
	access, err := c.s3.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &bucket})
	b := must(w, access, err).PublicAccessBlockConfiguration
	for what, blocked := range map[string]*bool{
		"block ACLs": b.BlockPublicAcls, "ignore ACLs": b.IgnorePublicAcls, "block policies": b.BlockPublicPolicy, "restrict": b.RestrictPublicBuckets,
	} {
		if !aws.ToBool(blocked) {
			t.Errorf("public access of %s: %s is off", bucket, what)
		}
	}
	ownership, err := c.s3.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: &bucket})
	if o := must(w, ownership, err).OwnershipControls.Rules[0].ObjectOwnership; o != s3types.ObjectOwnershipBucketOwnerEnforced {
		t.Errorf("ownership of %s is %s", bucket, o)
	}
	logging, err := c.s3.GetBucketLogging(ctx, &s3.GetBucketLoggingInput{Bucket: &bucket})
	l := must(w, logging, err).LoggingEnabled
	if l == nil || aws.ToString(l.TargetBucket) != x.in("stowage-acme-logs-"+account+"-"+region+"-an") ||
		aws.ToString(l.TargetPrefix) != name+"/" {
		t.Errorf("logging of %s: %+v", bucket, l)
	}
	policy, err := c.s3.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &bucket})
	for _, want := range []string{`"Deny"`, `"aws:SecureTransport"`, `"s3:TlsVersion"`} {
		if text := aws.ToString(must(w, policy, err).Policy); !strings.Contains(text, want) {
			t.Errorf("the policy of %s lacks %s: %s", bucket, want, text)
		}
	}
}

func (x *tenant) projectKey() string {
	x.t.Helper()
	for _, o := range x.stack(x.project).Outputs {
		if aws.ToString(o.OutputKey) == "KeyArn" {
			return aws.ToString(o.OutputValue)
		}
	}
	x.t.Fatal("the stack tells no key")
	return ""
}

func (c *clients) tags(bucket string) map[string]string {
	c.w.t.Helper()
	out, err := c.s3.GetBucketTagging(c.w.t.Context(), &s3.GetBucketTaggingInput{Bucket: &bucket})
	tags := map[string]string{}
	for _, tag := range must(c.w, out, err).TagSet {
		if key := aws.ToString(tag.Key); !strings.HasPrefix(key, "aws:") {
			tags[key] = aws.ToString(tag.Value)
		}
	}
	return tags
}

// wantGroupOnly fails unless a user has rights only through its own group, on these objects.
func (c *clients) wantGroupOnly(user string, objects ...string) {
	t, w, ctx := c.w.t, c.w, c.w.t.Context()
	t.Helper()
	attached, err := c.iam.ListAttachedUserPolicies(ctx, &iam.ListAttachedUserPoliciesInput{UserName: &user})
	if p := must(w, attached, err).AttachedPolicies; len(p) > 0 {
		t.Errorf("policies are attached to the user %s: %v", user, p)
	}
	inline, err := c.iam.ListUserPolicies(ctx, &iam.ListUserPoliciesInput{UserName: &user})
	if p := must(w, inline, err).PolicyNames; len(p) > 0 {
		t.Errorf("the user %s has inline policies: %v", user, p)
	}
	groups, err := c.iam.ListGroupsForUser(ctx, &iam.ListGroupsForUserInput{UserName: &user})
	if g := must(w, groups, err).Groups; len(g) != 1 || aws.ToString(g[0].GroupName) != user {
		t.Fatalf("groups of %s: %v", user, g)
	}
	policies, err := c.iam.ListAttachedGroupPolicies(ctx, &iam.ListAttachedGroupPoliciesInput{GroupName: &user})
	var reached, want []string
	for _, attached := range must(w, policies, err).AttachedPolicies {
		policy, err := c.iam.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: attached.PolicyArn})
		version, err := c.iam.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{
			PolicyArn: attached.PolicyArn, VersionId: must(w, policy, err).Policy.DefaultVersionId,
		})
		text, err := url.QueryUnescape(aws.ToString(must(w, version, err).PolicyVersion.Document))
		reached = append(reached, objectsOf(t, must(w, text, err))...)
	}
	for _, object := range objects {
		want = append(want, "arn:aws:s3:::"+object)
	}
	slices.Sort(want)
	slices.Sort(reached)
	if !slices.Equal(want, reached) {
		t.Errorf("the policies of %s reach %v, not %v", user, reached, want)
	}
}

func (c *clients) empty(bucket string) {
	c.w.t.Helper()
	ctx := c.w.t.Context()
	versions, err := c.s3.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &bucket})
	for _, v := range must(c.w, versions, err).Versions {
		deleted, err := c.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: v.Key, VersionId: v.VersionId})
		must(c.w, deleted, err)
	}
}

func objectsOf(t *testing.T, document string) []string {
	t.Helper()
	var policy struct {
		Statement []struct {
			Effect   string
			Resource any
		}
	}
	if err := json.Unmarshal([]byte(document), &policy); err != nil {
		t.Fatal(err)
	}
	var objects []string
	for _, statement := range policy.Statement {
		resources, ok := statement.Resource.([]any)
		if statement.Effect != "Allow" || !ok {
			continue
		}
		for _, resource := range resources {
			if arn, _ := resource.(string); strings.HasPrefix(arn, "arn:aws:s3:::") && strings.Contains(arn, "/") {
				objects = append(objects, arn)
			}
		}
	}
	return objects
}
