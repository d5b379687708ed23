package iam_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam"
)

const account = "111122223333"

var caller = cloud.Caller{Account: account, Region: "us-east-1", ARN: "arn:aws:iam::" + account + ":user/ann"}

const allow = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]}`

// site is a world with IAM behind an HTTP server that accepts every request as the caller's.
type site struct {
	*testing.T
	world   *cloud.World
	service *iam.Service
	client  *awsiam.Client
	ctx     context.Context
}

func newSite(t *testing.T) *site {
	t.Helper()
	w := cloud.New(1)
	service := iam.New(w)
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		body, err := io.ReadAll(in.Body)
		if err != nil {
			t.Error(err)
		}
		form, err := url.ParseQuery(string(body))
		if err != nil {
			t.Error(err)
		}
		r := &cloud.Request{
			Context: in.Context(), Caller: caller, Service: "iam", Operation: form.Get("Action"), HTTP: in,
			Body: body, Form: form,
		}
		w.Lock()
		defer w.Unlock()
		answer, err := service.Handle(r)
		var refused *cloud.Error
		if errors.As(err, &refused) {
			answer = service.WriteError(r, refused)
		} else if err != nil {
			t.Error(err)
			return
		}
		out.WriteHeader(max(answer.Status, 200))
		_, _ = out.Write(answer.Body)
	}))
	t.Cleanup(server.Close)
	client := awsiam.New(awsiam.Options{
		BaseEndpoint: aws.String(server.URL), Region: "us-east-1", RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
	})
	return &site{t, w, service, client, t.Context()}
}

func (s *site) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *site) refused(err error, code, text string) {
	s.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code || !strings.Contains(e.ErrorMessage(), text) {
		s.Errorf("got %v, want %s: %s", err, code, text)
	}
}

func (s *site) user(name string) {
	s.Helper()
	_, err := s.client.CreateUser(s.ctx, &awsiam.CreateUserInput{UserName: aws.String(name)})
	s.must(err)
}

func (s *site) group(name string) {
	s.Helper()
	_, err := s.client.CreateGroup(s.ctx, &awsiam.CreateGroupInput{GroupName: aws.String(name)})
	s.must(err)
}

func (s *site) join(group, user string) error {
	_, err := s.client.AddUserToGroup(
		s.ctx, &awsiam.AddUserToGroupInput{GroupName: aws.String(group), UserName: aws.String(user)},
	)
	return err
}

func (s *site) policy(name string) string {
	s.Helper()
	out, err := s.client.CreatePolicy(
		s.ctx, &awsiam.CreatePolicyInput{PolicyName: aws.String(name), PolicyDocument: aws.String(allow)},
	)
	s.must(err)
	return aws.ToString(out.Policy.Arn)
}

func TestUser_NamesIgnoreCase(t *testing.T) {
	s := newSite(t)
	s.user("Ann")
	_, err := s.client.CreateUser(s.ctx, &awsiam.CreateUserInput{UserName: aws.String("ann")})
	s.refused(err, "EntityAlreadyExists", "User with name ann already exists.")
	_, err = s.client.GetUser(s.ctx, &awsiam.GetUserInput{UserName: aws.String("bob")})
	s.refused(err, "NoSuchEntity", "The user with name bob cannot be found.")
	_, err = s.client.CreateUser(s.ctx, &awsiam.CreateUserInput{UserName: aws.String("a b")})
	s.refused(err, "ValidationError", "userName")
	_, err = s.client.CreateUser(s.ctx, &awsiam.CreateUserInput{UserName: aws.String(strings.Repeat("a", 65))})
	s.refused(err, "ValidationError", "64")
	me, err := s.client.GetUser(s.ctx, &awsiam.GetUserInput{})
	s.must(err)
	if aws.ToString(me.User.Arn) != "arn:aws:iam::111122223333:user/Ann" {
		t.Errorf("ARN %s", aws.ToString(me.User.Arn))
	}
}

func TestLists_Pages(t *testing.T) {
	s := newSite(t)
	for i := range 7 {
		s.user(fmt.Sprintf("u%d", i))
	}
	var names []string
	pages := awsiam.NewListUsersPaginator(s.client, &awsiam.ListUsersInput{MaxItems: aws.Int32(3)})
	for calls := 0; pages.HasMorePages(); calls++ {
		page, err := pages.NextPage(s.ctx)
		s.must(err)
		for _, u := range page.Users {
			names = append(names, aws.ToString(u.UserName))
		}
	}
	if got := strings.Join(names, " "); got != "u0 u1 u2 u3 u4 u5 u6" {
		t.Errorf("listed %s", got)
	}
	_, err := s.client.ListUsers(s.ctx, &awsiam.ListUsersInput{MaxItems: aws.Int32(0)})
	s.refused(err, "ValidationError", "maxItems")
}

func TestUser_DeleteConflict(t *testing.T) {
	s := newSite(t)
	s.user("ann")
	s.group("readers")
	ann, arn := aws.String("ann"), aws.String(s.policy("read"))
	remove := func() error { _, err := s.client.DeleteUser(s.ctx, &awsiam.DeleteUserInput{UserName: ann}); return err }
	s.must(s.join("readers", "ann"))
	s.refused(remove(), "DeleteConflict", "must remove users from group first")
	_, err := s.client.DeleteGroup(s.ctx, &awsiam.DeleteGroupInput{GroupName: aws.String("readers")})
	s.refused(err, "DeleteConflict", "must remove users from group first")
	_, err = s.client.RemoveUserFromGroup(
		s.ctx, &awsiam.RemoveUserFromGroupInput{GroupName: aws.String("readers"), UserName: ann},
	)
	s.must(err)
	key, err := s.client.CreateAccessKey(s.ctx, &awsiam.CreateAccessKeyInput{UserName: ann})
	s.must(err)
	s.refused(remove(), "DeleteConflict", "must delete access keys first")
	_, err = s.client.DeleteAccessKey(
		s.ctx, &awsiam.DeleteAccessKeyInput{UserName: ann, AccessKeyId: key.AccessKey.AccessKeyId},
	)
	s.must(err)
	_, err = s.client.AttachUserPolicy(s.ctx, &awsiam.AttachUserPolicyInput{UserName: ann, PolicyArn: arn})
	s.must(err)
	s.refused(remove(), "DeleteConflict", "must detach all policies first")
	_, err = s.client.DeletePolicy(s.ctx, &awsiam.DeletePolicyInput{PolicyArn: arn})
	s.refused(err, "DeleteConflict", "attached to entities")
	_, err = s.client.DetachUserPolicy(s.ctx, &awsiam.DetachUserPolicyInput{UserName: ann, PolicyArn: arn})
	s.must(err)
	s.must(remove())
	s.refused(remove(), "NoSuchEntity", "cannot be found")
}

func TestQuotas(t *testing.T) {
	s := newSite(t)
	s.user("ann")
	for i := range 2 {
		_, err := s.client.CreateAccessKey(s.ctx, &awsiam.CreateAccessKeyInput{UserName: aws.String("ann")})
		if err != nil {
			t.Errorf("key %d: %v", i, err)
		}
	}
	_, err := s.client.CreateAccessKey(s.ctx, &awsiam.CreateAccessKeyInput{UserName: aws.String("ann")})
	s.refused(err, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")
	for i := range 300 {
		s.group(fmt.Sprintf("g%d", i))
	}
	_, err = s.client.CreateGroup(s.ctx, &awsiam.CreateGroupInput{GroupName: aws.String("g300")})
	s.refused(err, "LimitExceeded", "Cannot exceed quota for GroupsPerAccount: 300")
	for i := range 10 {
		s.must(s.join(fmt.Sprintf("g%d", i), "ann"))
	}
	s.refused(s.join("g10", "ann"), "LimitExceeded", "Cannot exceed quota for GroupsPerUser: 10")
	for i := range 11 {
		_, err = s.client.AttachGroupPolicy(
			s.ctx,
			&awsiam.AttachGroupPolicyInput{GroupName: aws.String("g0"), PolicyArn: aws.String(s.policy(fmt.Sprintf("p%d", i)))},
		)
		if i < 10 {
			s.must(err)
		}
	}
	s.refused(err, "LimitExceeded", "Cannot exceed quota for PoliciesPerGroup: 10")
}

func TestPolicySize_WithoutWhiteSpace(t *testing.T) {
	s := newSite(t)
	document := func(size int) string {
		text := strings.Replace(allow, "s3:::b/", "s3:::b/"+strings.Repeat("x", size-len(allow)), 1)
		return strings.ReplaceAll(text, ",", " ,\n\t ")
	}
	for size, ok := range map[int]bool{6144: true, 6145: false} {
		_, err := s.client.CreatePolicy(
			s.ctx,
			&awsiam.CreatePolicyInput{PolicyName: aws.String(fmt.Sprint(size)), PolicyDocument: aws.String(document(size))},
		)
		if ok {
			s.must(err)
		} else {
			s.refused(err, "LimitExceeded", "Cannot exceed quota for PolicySize: 6144")
		}
	}
	s.user("ann")
	_, err := s.client.PutUserPolicy(
		s.ctx,
		&awsiam.PutUserPolicyInput{
			UserName: aws.String("ann"), PolicyName: aws.String("p"), PolicyDocument: aws.String(document(2049)),
		},
	)
	s.refused(err, "LimitExceeded", "Maximum policy size of 2048 bytes exceeded for user ann")
}

func TestPolicies_Encoded(t *testing.T) {
	s := newSite(t)
	arn := aws.String(s.policy("read"))
	for range 4 {
		_, err := s.client.CreatePolicyVersion(
			s.ctx,
			&awsiam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: aws.String(allow), SetAsDefault: true},
		)
		s.must(err)
	}
	_, err := s.client.CreatePolicyVersion(
		s.ctx, &awsiam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: aws.String(allow)},
	)
	s.refused(err, "LimitExceeded", "up to 5 versions")
	v, err := s.client.GetPolicyVersion(s.ctx, &awsiam.GetPolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v5")})
	s.must(err)
	if text, err := url.QueryUnescape(aws.ToString(v.PolicyVersion.Document)); err != nil || text != allow ||
		!v.PolicyVersion.IsDefaultVersion {
		t.Errorf("version came back as %q, default %v", text, v.PolicyVersion.IsDefaultVersion)
	}
	_, err = s.client.DeletePolicy(s.ctx, &awsiam.DeletePolicyInput{PolicyArn: arn})
	s.refused(err, "DeleteConflict", "more than one version")
	s.group("readers")
	_, err = s.client.PutGroupPolicy(
		s.ctx,
		&awsiam.PutGroupPolicyInput{
			GroupName: aws.String("readers"), PolicyName: aws.String("p"), PolicyDocument: aws.String(allow),
		},
	)
	s.must(err)
	inline, err := s.client.GetGroupPolicy(
		s.ctx, &awsiam.GetGroupPolicyInput{GroupName: aws.String("readers"), PolicyName: aws.String("p")},
	)
	s.must(err)
	if text, _ := url.QueryUnescape(aws.ToString(inline.PolicyDocument)); text != allow {
		t.Errorf("inline policy came back as %q", text)
	}
	names, err := s.client.ListGroupPolicies(s.ctx, &awsiam.ListGroupPoliciesInput{GroupName: aws.String("readers")})
	s.must(err)
	if len(names.PolicyNames) != 1 {
		t.Errorf("inline policies: %v", names.PolicyNames)
	}
}

func TestPrincipals_FoundByServices(t *testing.T) {
	s := newSite(t)
	s.user("ann")
	made, err := s.client.CreateAccessKey(s.ctx, &awsiam.CreateAccessKeyInput{UserName: aws.String("ann")})
	s.must(err)
	id := aws.ToString(made.AccessKey.AccessKeyId)
	s.world.Lock()
	secret, who, active, ok := s.world.AccessKey(id)
	s.world.Unlock()
	if !ok || !active || secret != aws.ToString(made.AccessKey.SecretAccessKey) ||
		who.ARN != "arn:aws:iam::111122223333:user/ann" {
		t.Errorf("found %q %+v active=%v ok=%v", secret, who, active, ok)
	}
	_, err = s.client.UpdateAccessKey(
		s.ctx,
		&awsiam.UpdateAccessKeyInput{
			UserName: aws.String("ann"), AccessKeyId: made.AccessKey.AccessKeyId, Status: types.StatusTypeInactive,
		},
	)
	s.must(err)
	s.world.Lock()
	defer s.world.Unlock()
	if _, _, active, _ := s.world.AccessKey(id); active {
		t.Error("an inactive key is active")
	}
	s.service.PutRole(account, "Made", map[string]any{"Version": "2012-10-17"})
	if arn, trust, ok := s.world.Roles().Role(account, "Made"); !ok || arn != "arn:aws:iam::111122223333:role/Made" ||
		trust["Version"] != "2012-10-17" {
		t.Errorf("role %q %v %v", arn, trust, ok)
	}
}

func TestRole_Trust(t *testing.T) {
	s := newSite(t)
	create := func(trust string) error {
		_, err := s.client.CreateRole(
			s.ctx, &awsiam.CreateRoleInput{RoleName: aws.String("r"), AssumeRolePolicyDocument: aws.String(trust)},
		)
		return err
	}
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"%s"},"Action":"sts:AssumeRole"}]}`
	s.refused(create(allow), "MalformedPolicyDocument", "Principal")
	s.refused(
		create(fmt.Sprintf(trust, "arn:aws:iam::111122223333:user/nobody")), "MalformedPolicyDocument",
		"Invalid principal in policy",
	)
	s.must(create(fmt.Sprintf(trust, "arn:aws:iam::111122223333:root")))
	s.refused(
		create(fmt.Sprintf(trust, "arn:aws:iam::111122223333:root")), "EntityAlreadyExists",
		"Role with name r already exists.",
	)
}

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

func (s *site) make(kind, text string) (cloud.Resource, error) {
	s.Helper()
	s.world.Lock()
	defer s.world.Unlock()
	return s.world.Type("AWS::IAM::"+kind).Create(
		caller, cloud.ResourceRequest{StackName: "stack", LogicalID: "Logical", Properties: properties(s.T, text)},
	)
}

func (s *site) unmake(kind, id, text string) error {
	s.Helper()
	s.world.Lock()
	defer s.world.Unlock()
	return s.world.Type("AWS::IAM::"+kind).Delete(caller, id, properties(s.T, text))
}

func TestResourcesOfAStack(t *testing.T) {
	s := newSite(t)
	const (
		user     = `{"UserName":"ann","Tags":[{"Key":"a","Value":"b"}]}`
		group    = `{"GroupName":"readers"}`
		addition = `{"GroupName":"readers","Users":["ann"]}`
		policy   = `{"ManagedPolicyName":"read","Groups":["readers"],"PolicyDocument":` + allow + `}`
		key      = `{"UserName":"ann","Serial":1}`
	)
	var ids []string
	for _, r := range [][2]string{{"User", user}, {"Group", group}, {"UserToGroupAddition", addition}, {"ManagedPolicy", policy}, {"AccessKey", key}} {
		made, err := s.make(r[0], r[1])
		s.must(err)
		ids = append(ids, made.PhysicalID)
	}
	if ids[0] != "ann" || ids[1] != "readers" || ids[3] != "arn:aws:iam::111122223333:policy/read" ||
		!strings.HasPrefix(ids[4], "AKIA") {
		t.Errorf("physical ids %q", ids)
	}
	members, err := s.client.GetGroup(s.ctx, &awsiam.GetGroupInput{GroupName: aws.String("readers")})
	s.must(err)
	if len(members.Users) != 1 {
		t.Errorf("members: %+v", members.Users)
	}
	attached, err := s.client.ListAttachedGroupPolicies(
		s.ctx, &awsiam.ListAttachedGroupPoliciesInput{GroupName: aws.String("readers")},
	)
	s.must(err)
	if len(attached.AttachedPolicies) != 1 || aws.ToString(attached.AttachedPolicies[0].PolicyName) != "read" {
		t.Errorf("attached: %+v", attached.AttachedPolicies)
	}
	if err := s.unmake("User", "ann", user); err == nil || !strings.Contains(err.Error(), "DeleteConflict") {
		t.Errorf("deleting a user with a key and a group: %v, want DeleteConflict", err)
	}
	for _, r := range [][3]string{{"AccessKey", ids[4], key}, {"ManagedPolicy", ids[3], policy}, {"UserToGroupAddition", ids[2], addition}, {"Group", ids[1], group}, {"User", ids[0], user}} {
		s.must(s.unmake(r[0], r[1], r[2]))
		s.must(s.unmake(r[0], r[1], r[2])) // deletion of what does not exist succeeds
	}
	sum, err := s.client.GetAccountSummary(s.ctx, &awsiam.GetAccountSummaryInput{})
	s.must(err)
	if left := sum.SummaryMap["Users"] + sum.SummaryMap["Groups"] + sum.SummaryMap["Policies"]; left != 0 {
		t.Errorf("%d users, groups and policies are left", left)
	}
}

func TestManagedPolicy_Update(t *testing.T) {
	s := newSite(t)
	s.group("a")
	s.group("b")
	text := func(group string, n int) string {
		return fmt.Sprintf(
			`{"ManagedPolicyName":"read","Groups":[%q],"PolicyDocument":%s}`, group,
			strings.Replace(allow, "b/*", fmt.Sprintf("b%d/*", n), 1),
		)
	}
	made, err := s.make("ManagedPolicy", text("a", 0))
	s.must(err)
	for n := range 7 { // more often than the maximum of versions
		s.world.Lock()
		from, to := []string{"a", "b"}[n%2], []string{"a", "b"}[(n+1)%2]
		made, err = s.world.Type("AWS::IAM::ManagedPolicy").Update(
			caller, made.PhysicalID, properties(t, text(from, n)), properties(t, text(to, n+1)),
		)
		s.world.Unlock()
		s.must(err)
	}
	if made.Attributes["DefaultVersionId"] != "v8" || made.Attributes["AttachmentCount"] != 1 {
		t.Errorf("attributes %+v", made.Attributes)
	}
}

func TestRefusedResourcesLeaveNothingBehind(t *testing.T) {
	s := newSite(t)
	s.user("there")
	for name, c := range map[string]struct{ kind, properties, want string }{
		"name taken":           {"User", `{"UserName":"There"}`, "User with name There already exists. (Service: Iam, Status Code: 409"},
		"no such group":        {"User", `{"UserName":"u","Groups":["missing"]}`, "The group with name missing cannot be found."},
		"no such policy":       {"Group", `{"GroupName":"g","ManagedPolicyArns":["arn:aws:iam::111122223333:policy/x"]}`, "does not exist or is not attachable"},
		"unknown property":     {"Group", `{"GroupName":"g","Members":[]}`, "Members"},
		"wrong nested name":    {"Group", `{"GroupName":"g","Policies":[{"Name":"p"}]}`, "Name"},
		"no such target":       {"ManagedPolicy", `{"ManagedPolicyName":"p","Groups":["missing"],"PolicyDocument":` + allow + `}`, "missing"},
		"no such member":       {"UserToGroupAddition", `{"GroupName":"missing","Users":["there"]}`, "missing"},
		"policy without where": {"Policy", `{"PolicyName":"p","PolicyDocument":` + allow + `}`, "without groups, roles and users"},
		"key of nobody":        {"AccessKey", `{"UserName":"nobody"}`, "nobody"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.make(c.kind, c.properties)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want something about %q", err, c.want)
			}
		})
	}
	sum, err := s.client.GetAccountSummary(s.ctx, &awsiam.GetAccountSummaryInput{})
	s.must(err)
	if sum.SummaryMap["Users"] != 1 || sum.SummaryMap["Groups"] != 0 || sum.SummaryMap["Policies"] != 0 {
		t.Errorf("left behind: %v", sum.SummaryMap)
	}
}
