package acceptance_test

import (
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// clients are AWS clients of an account's administrator, independent of Stowage.
type clients struct {
	w       *world
	account string
	s3      *s3.Client
	iam     *iam.Client
	cfn     *cloudformation.Client
}

func (w *world) config(account string) aws.Config {
	id, secret := sandbox.StaticCredentials(account)
	return aws.Config{
		Region: region, BaseEndpoint: aws.String(w.endpoint),
		Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""),
	}
}

func (w *world) clients() *clients { return w.clientsOf(account) }

func (w *world) clientsOf(account string) *clients {
	config := w.config(account)
	return &clients{
		w:       w,
		account: account,
		s3:      s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true }),
		iam:     iam.NewFromConfig(config),
		cfn:     cloudformation.NewFromConfig(config),
	}
}

// makeRole creates a role in an account, unless it exists. Secrets Manager refuses readers that do
// not exist.
func (w *world) makeRole(account, name string) {
	w.t.Helper()
	_, err := iam.NewFromConfig(w.config(account)).CreateRole(
		w.t.Context(),
		&iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"sts:AssumeRole"}]}`,
		)},
	)
	var exists *iamtypes.EntityAlreadyExistsException
	if err != nil && !errors.As(err, &exists) {
		w.t.Fatal(err)
	}
}

func must[T any](w *world, out T, err error) T {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (c *clients) buckets() []string {
	c.w.t.Helper()
	out, err := c.s3.ListBuckets(c.w.t.Context(), &s3.ListBucketsInput{})
	var names []string
	for _, b := range must(c.w, out, err).Buckets {
		names = append(names, aws.ToString(b.Name))
	}
	slices.Sort(names)
	return names
}

func (c *clients) users() []string {
	c.w.t.Helper()
	out, err := c.iam.ListUsers(c.w.t.Context(), &iam.ListUsersInput{})
	var names []string
	for _, u := range must(c.w, out, err).Users {
		names = append(names, aws.ToString(u.UserName))
	}
	return names
}

func (c *clients) groups() []string {
	c.w.t.Helper()
	out, err := c.iam.ListGroups(c.w.t.Context(), &iam.ListGroupsInput{})
	var names []string
	for _, g := range must(c.w, out, err).Groups {
		names = append(names, aws.ToString(g.GroupName))
	}
	return names
}

func (c *clients) policies() []string {
	c.w.t.Helper()
	out, err := c.iam.ListPolicies(
		c.w.t.Context(),
		&iam.ListPoliciesInput{Scope: iamtypes.PolicyScopeTypeLocal, PathPrefix: aws.String("/stowage/")},
	)
	var names []string
	for _, p := range must(c.w, out, err).Policies {
		names = append(names, aws.ToString(p.PolicyName))
	}
	return names
}

func (c *clients) stacks() []string {
	c.w.t.Helper()
	out, err := c.cfn.DescribeStacks(c.w.t.Context(), &cloudformation.DescribeStacksInput{})
	var names []string
	for _, s := range must(c.w, out, err).Stacks {
		if name := aws.ToString(s.StackName); name != "StowageAccount" {
			names = append(names, name)
		}
	}
	return names
}

func (c *clients) wantNothingLeft() {
	c.w.t.Helper()
	for what, left := range map[string][]string{
		"buckets": c.buckets(), "users": c.users(), "groups": c.groups(), "policies": c.policies(), "stacks": c.stacks(),
	} {
		if len(left) > 0 {
			c.w.t.Errorf("after destroy, these %s are left: %v", what, left)
		}
	}
}

func (c *clients) put(bucket, key string) {
	c.w.t.Helper()
	out, err := c.s3.PutObject(
		c.w.t.Context(),
		&s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String(key), Body: strings.NewReader("data")},
	)
	must(c.w, out, err)
}

// revision returns the number of commits to the project's stack.
func (c *clients) revision(project string) string {
	c.w.t.Helper()
	for _, p := range c.stack(project).Parameters {
		if aws.ToString(p.ParameterKey) == "Revision" {
			return aws.ToString(p.ParameterValue)
		}
	}
	c.w.t.Fatalf("the stack of %s has no revision", project)
	return ""
}

func (c *clients) stack(project string) cfntypes.Stack {
	c.w.t.Helper()
	out, err := c.cfn.DescribeStacks(
		c.w.t.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String("stowage-" + project + "-0")},
	)
	return must(c.w, out, err).Stacks[0]
}

func (c *clients) template(project string) string {
	c.w.t.Helper()
	out, err := c.cfn.GetTemplate(
		c.w.t.Context(), &cloudformation.GetTemplateInput{StackName: aws.String("stowage-" + project + "-0")},
	)
	return aws.ToString(must(c.w, out, err).TemplateBody)
}

// edit changes the template of the project's stack by UpdateStack with all else unchanged, as a
// user does in the console.
func (c *clients) edit(project string, change func(template string) string) {
	c.w.t.Helper()
	out, err := c.cfn.UpdateStack(c.w.t.Context(), &cloudformation.UpdateStackInput{
		StackName:    aws.String("stowage-" + project + "-0"),
		TemplateBody: aws.String(change(c.template(project))),
		Parameters:   []cfntypes.Parameter{{ParameterKey: aws.String("Revision"), UsePreviousValue: aws.Bool(true)}},
		Capabilities: []cfntypes.Capability{cfntypes.CapabilityCapabilityNamedIam},
	})
	must(c.w, out, err)
	if status := c.stack(project).StackStatus; status != cfntypes.StackStatusUpdateComplete {
		c.w.t.Fatalf("the edit by hand ended with %s", status)
	}
}
