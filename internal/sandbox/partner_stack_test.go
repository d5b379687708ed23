package sandbox_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

// partner is a stack "partner" with the resources of a partner's user: keys, a secret, SFTP. Each
// test changes its resources.
type partner struct {
	*testing.T
	config    aws.Config
	stacks    *cloudformation.Client
	resources map[string]string // JSON by logical ID
}

const (
	readers  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"secretsmanager:GetSecretValue","Resource":"*"}]}`
	boundary = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::acme-*"}]}`
)

func newPartner(t *testing.T) *partner {
	t.Helper()
	box := sandbox.New(sandbox.Options{Seed: 1})
	c := config(
		sandbox.HubAccount,
		func(c *aws.Config) { c.HTTPClient = &http.Client{Transport: simulate.NewTransport(box)} },
	)
	return &partner{T: t, config: c, stacks: cloudformation.NewFromConfig(c), resources: map[string]string{
		"Boundary": `{"Type":"AWS::IAM::ManagedPolicy","Properties":{"ManagedPolicyName":"acme-boundary","PolicyDocument":` + boundary + `}}`,
		"User":     `{"Type":"AWS::IAM::User","Properties":{"UserName":"acme-ann","Path":"/stowage/","PermissionsBoundary":{"Ref":"Boundary"}}}`,
		"Group":    `{"Type":"AWS::IAM::Group","Properties":{"GroupName":"acme-ann"}}`,
		"Role": `{"Type":"AWS::IAM::Role","Properties":{"RoleName":"acme-ann-sftp","Path":"/stowage/","PermissionsBoundary":{"Ref":"Boundary"},
			"AssumeRolePolicyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"transfer.amazonaws.com"},"Action":"sts:AssumeRole",
			"Condition":{"StringEquals":{"aws:SourceAccount":"000000000000"}}}]}}}`,
		"Policy":  `{"Type":"AWS::IAM::ManagedPolicy","DependsOn":["Group","Role"],"Properties":{"ManagedPolicyName":"acme-ann-1","Groups":["acme-ann"],"Roles":["acme-ann-sftp"],"PolicyDocument":` + boundary + `}}`,
		"KeyA":    `{"Type":"AWS::IAM::AccessKey","Properties":{"UserName":{"Ref":"User"},"Serial":2}}`,
		"Secret":  `{"Type":"AWS::SecretsManager::Secret","Properties":{"Name":"stowage/acme/ann","SecretString":{"Fn::Sub":["{\"id\":\"${KeyA}\",\"secret\":\"${S}\"}",{"S":{"Fn::GetAtt":["KeyA","SecretAccessKey"]}}]}}}`,
		"Readers": `{"Type":"AWS::SecretsManager::ResourcePolicy","Properties":{"SecretId":{"Ref":"Secret"},"BlockPublicPolicy":true,"ResourcePolicy":` + readers + `}}`,
		"Logs":    `{"Type":"AWS::Logs::LogGroup","Properties":{"LogGroupName":"/stowage/acme/sftp","RetentionInDays":365}}`,
		"Server": `{"Type":"AWS::Transfer::Server","Properties":{"Protocols":["SFTP"],"IdentityProviderType":"SERVICE_MANAGED","EndpointType":"PUBLIC","Domain":"S3",
			"SecurityPolicyName":"TransferSecurityPolicy-2025-03","StructuredLogDestinations":[{"Fn::GetAtt":["Logs","Arn"]}],"Tags":[{"Key":"a","Value":"1"}]}}`,
		"SFTP": sftp(
			`"HomeDirectoryType":"LOGICAL","HomeDirectoryMappings":[{"Entry":"/inbox","Target":"/acme-inbox/in"}],"SshPublicKeys":["` + sshKey(
				1,
			) + `"]`,
		),
	}}
}

func sftp(home string) string {
	return `{"Type":"AWS::Transfer::User","Properties":{"ServerId":{"Fn::GetAtt":["Server","ServerId"]},"UserName":"ann","Role":{"Fn::GetAtt":["Role","Arn"]},` + home + `}}`
}

// sshKey returns an Ed25519 key in the format of authorized_keys.
func sshKey(seed byte) string {
	public := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize)).Public().(ed25519.PublicKey)
	var blob []byte
	for _, part := range [][]byte{[]byte("ssh-ed25519"), public} {
		blob = append(binary.BigEndian.AppendUint32(blob, uint32(len(part))), part...)
	}
	return "ssh-ed25519 " + base64.StdEncoding.EncodeToString(blob) + " ann"
}

func (p *partner) template() *string {
	var all []string
	for name, text := range p.resources {
		all = append(all, fmt.Sprintf("%q:%s", name, text))
	}
	return aws.String(`{"Resources":{` + strings.Join(all, ",") + `}}`)
}

func (p *partner) create() {
	p.Helper()
	_, err := p.stacks.CreateStack(p.Context(), &cloudformation.CreateStackInput{
		StackName:    aws.String("partner"),
		TemplateBody: p.template(),
		Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam},
	})
	p.must(err)
	p.wantStatus("CREATE_COMPLETE")
}

func (p *partner) update(status string) {
	p.Helper()
	_, err := p.stacks.UpdateStack(p.Context(), &cloudformation.UpdateStackInput{
		StackName:    aws.String("partner"),
		TemplateBody: p.template(),
		Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam},
	})
	p.must(err)
	p.wantStatus(status)
}

// refused changes one resource to a form that AWS refuses. The update rolls back with the reason
// and changes nothing.
func (p *partner) refused(name, resource, reason string) {
	p.Helper()
	was, there := p.resources[name]
	p.resources[name] = resource
	p.update("UPDATE_ROLLBACK_COMPLETE")
	if got := p.failure(name); !strings.Contains(got, reason) {
		p.Errorf("%s failed with %q, want %q", name, got, reason)
	}
	delete(p.resources, name)
	if there {
		p.resources[name] = was
	}
}

func (p *partner) failure(name string) string {
	p.Helper()
	out, err := p.stacks.DescribeStackEvents(
		p.Context(), &cloudformation.DescribeStackEventsInput{StackName: aws.String("partner")},
	)
	p.must(err)
	for _, e := range out.StackEvents { // newest first
		if aws.ToString(e.LogicalResourceId) == name && strings.HasSuffix(string(e.ResourceStatus), "_FAILED") {
			return aws.ToString(e.ResourceStatusReason)
		}
	}
	return ""
}

func (p *partner) wantStatus(status string) {
	p.Helper()
	for {
		out, err := p.stacks.DescribeStacks(
			p.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String("partner")},
		)
		p.must(err)
		got := string(out.Stacks[0].StackStatus)
		if strings.HasSuffix(got, "_IN_PROGRESS") {
			continue
		}
		if got != status {
			events, err := p.stacks.DescribeStackEvents(
				p.Context(), &cloudformation.DescribeStackEventsInput{StackName: aws.String("partner")},
			)
			p.must(err)
			for _, e := range events.StackEvents {
				p.Logf("%s %s %s", aws.ToString(e.LogicalResourceId), e.ResourceStatus, aws.ToString(e.ResourceStatusReason))
			}
			p.Fatalf("status %s, want %s", got, status)
		}
		return
	}
}

func (p *partner) physical(name string) string {
	p.Helper()
	out, err := p.stacks.DescribeStackResource(
		p.Context(),
		&cloudformation.DescribeStackResourceInput{StackName: aws.String("partner"), LogicalResourceId: &name},
	)
	p.must(err)
	return aws.ToString(out.StackResourceDetail.PhysicalResourceId)
}

func (p *partner) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

// ask sends a signed JSON request to a service without an SDK module here.
func (p *partner) ask(service, target string, in, out any) int {
	p.Helper()
	body, err := json.Marshal(in)
	p.must(err)
	r, err := http.NewRequestWithContext(
		p.Context(),
		http.MethodPost,
		"https://"+service+".eu-west-1.amazonaws.com/",
		bytes.NewReader(body),
	)
	p.must(err)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", target)
	credentials, err := p.config.Credentials.Retrieve(p.Context())
	p.must(err)
	sum := sha256.Sum256(body)
	p.must(
		v4.NewSigner().SignHTTP(p.Context(), credentials, r, hex.EncodeToString(sum[:]), service, "eu-west-1", time.Now()),
	)
	answer, err := p.config.HTTPClient.Do(r)
	p.must(err)
	defer func() { _ = answer.Body.Close() }()
	p.must(json.NewDecoder(answer.Body).Decode(out))
	return answer.StatusCode
}

func TestPartnerStack_Lifecycle(t *testing.T) {
	p := newPartner(t)
	p.create()
	var server struct {
		Server struct {
			SecurityPolicyName        string
			StructuredLogDestinations []string
			UserCount                 int
			Tags                      []struct{ Key, Value string }
		}
	}
	arn := p.physical("Server")
	id := map[string]string{"ServerId": arn[strings.LastIndexByte(arn, '/')+1:]}
	p.ask("transfer", "TransferService.DescribeServer", id, &server)
	const logs = "arn:aws:logs:eu-west-1:000000000000:log-group:/stowage/acme/sftp:*"
	if s := server.Server; s.SecurityPolicyName != "TransferSecurityPolicy-2025-03" || s.UserCount != 1 ||
		len(s.Tags) != 4 ||
		strings.Join(s.StructuredLogDestinations, " ") != logs {
		t.Errorf("server %+v", s)
	}
	type keys struct {
		User struct {
			SshPublicKeys []struct{ SshPublicKeyId string }
		}
	}
	var first, second keys
	id["UserName"] = "ann"
	p.ask("transfer", "TransferService.DescribeUser", id, &first)
	before := p.physical("SFTP")

	// In place: the user keeps the remaining key, the server returns to its old default.
	p.resources["SFTP"] = sftp(
		`"HomeDirectoryType":"LOGICAL","HomeDirectoryMappings":[{"Entry":"/","Target":"/acme-inbox"}],"SshPublicKeys":["` + sshKey(
			1,
		) + `","` + sshKey(2) + `"]`,
	)
	p.resources["Server"] = `{"Type":"AWS::Transfer::Server","Properties":{"IdentityProviderType":"SERVICE_MANAGED","Domain":"S3","Tags":[{"Key":"b","Value":"1"}]}}`
	p.resources["Logs"] = strings.Replace(p.resources["Logs"], "365", "30", 1)
	p.update("UPDATE_COMPLETE")
	p.ask("transfer", "TransferService.DescribeUser", id, &second)
	if len(first.User.SshPublicKeys) != 1 || len(second.User.SshPublicKeys) != 2 ||
		second.User.SshPublicKeys[0] != first.User.SshPublicKeys[0] ||
		p.physical("SFTP") != before {
		t.Errorf("keys %v, then %v", first, second)
	}
	delete(id, "UserName")
	p.ask("transfer", "TransferService.DescribeServer", id, &server)
	if server.Server.SecurityPolicyName != "TransferSecurityPolicy-2018-11" || len(server.Server.Tags) != 4 {
		t.Errorf("server %+v", server.Server)
	}
	var groups struct {
		LogGroups []struct {
			Arn             string
			RetentionInDays int
		}
	}
	p.ask("logs", "Logs_20140328.DescribeLogGroups", map[string]string{"logGroupNamePrefix": "/stowage/"}, &groups)
	if len(groups.LogGroups) != 1 || groups.LogGroups[0].Arn != logs || groups.LogGroups[0].RetentionInDays != 30 {
		t.Errorf("log groups %+v", groups)
	}

	// A new name creates a new user, and the old one is deleted.
	p.resources["SFTP"] = strings.Replace(p.resources["SFTP"], `"ann",`, `"ann2",`, 1)
	p.update("UPDATE_COMPLETE")
	var users struct{ Users []struct{ UserName string } }
	p.ask("transfer", "TransferService.ListUsers", id, &users)
	if len(users.Users) != 1 || users.Users[0].UserName != "ann2" {
		t.Errorf("users %+v", users)
	}

	_, err := p.stacks.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: aws.String("partner")})
	p.must(err)
	p.must(
		cloudformation.NewStackDeleteCompleteWaiter(p.stacks).Wait(
			t.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String("partner")}, time.Minute,
		),
	)
	var gone struct{ Servers []any }
	p.ask("transfer", "TransferService.ListServers", map[string]string{}, &gone)
	p.ask("logs", "Logs_20140328.DescribeLogGroups", map[string]string{}, &groups)
	if len(gone.Servers) != 0 || len(groups.LogGroups) != 0 {
		t.Errorf("left behind: %v, %v", gone, groups)
	}
	// The name is free immediately: CloudFormation deletes secrets without a recovery window.
	_, err = secretsmanager.NewFromConfig(p.config).CreateSecret(
		t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("stowage/acme/ann")},
	)
	p.must(err)
}

func TestPartnerStack_Refusals(t *testing.T) {
	p := newPartner(t)
	p.create()
	key := sshKey(1)
	many := make([]string, 11)
	for i := range many {
		many[i] = `"` + sshKey(byte(i+1)) + `"`
	}
	home := `"HomeDirectoryType":"LOGICAL","HomeDirectoryMappings":[{"Entry":"/","Target":"/b"}]`
	wrongRole := strings.Replace(p.resources["Role"], "transfer.amazonaws.com", "lambda.amazonaws.com", 1)
	for _, test := range []struct{ name, resource, reason string }{
		{"SFTP", sftp(`"HomeDirectoryType":"LOGICAL"`), "between 1 and 50000"},
		{"SFTP", sftp(home + `,"HomeDirectory":"/b"`), "HomeDirectory cannot be set"},
		{"SFTP", sftp(`"HomeDirectoryMappings":[{"Entry":"/","Target":"/b"}]`), "HomeDirectoryMappings cannot be set"},
		{"SFTP", sftp(`"HomeDirectoryType":"LOGICAL","HomeDirectoryMappings":[{"Entry":"in","Target":"/b"}]`), "Invalid home directory mapping"},
		{"SFTP", sftp(`"HomeDirectoryType":"LOGICAL","HomeDirectoryMappings":[{"Entry":"/","Target":"/b"},{"Entry":"/","Target":"/c"}]`), "Duplicate"},
		{"SFTP", sftp(home + `,"SshPublicKeys":["ssh-dss AAAA"]`), "SSH public key format"},
		{"SFTP", sftp(home + `,"SshPublicKeys":["` + key + `","` + key + `"]`), "already exists"},
		{"SFTP", sftp(home + `,"SshPublicKeys":[` + strings.Join(many, ",") + `]`), "at most 10"},
		{"SFTP", strings.Replace(sftp(home), `{"Fn::GetAtt":["Role","Arn"]}`, `"arn:aws:iam::000000000000:role/none"`, 1), "does not exist"},
		{"Other", wrongTrust(home), "Unable to assume role"},
		{"Server", strings.Replace(p.resources["Server"], "2025-03", "2031-01", 1), "not available"},
		{"Logs", strings.Replace(p.resources["Logs"], "365", "366", 1), "retentionInDays"},
		{"Logs2", p.resources["Logs"], "already exists"},
		{"KeyA", strings.Replace(p.resources["KeyA"], "2", "1", 1), "can only be incremented"},
		{"Readers", strings.Replace(p.resources["Readers"], `{"AWS":"arn:aws:iam::000000000000:root"}`, `"*"`, 1), "broad access"},
		{"User", strings.Replace(p.resources["User"], `{"Ref":"Boundary"}`, `"arn:aws:iam::000000000000:policy/none"`, 1), "does not exist or is not attachable"},
		{"Role", strings.Replace(p.resources["Role"], `{"Ref":"Boundary"}`, `"arn:aws:iam::000000000000:policy/none"`, 1), "does not exist or is not attachable"},
	} {
		p.Run(test.name+" "+test.reason, func(*testing.T) {
			if test.name == "Other" { // next to the valid user
				p.resources["Wrong"] = strings.Replace(wrongRole, "acme-ann-sftp", "acme-wrong", 1)
				defer delete(p.resources, "Wrong")
			}
			p.refused(test.name, test.resource, test.reason)
		})
	}
	// The stack is usable after all those rollbacks.
	p.resources["Logs"] = strings.Replace(p.resources["Logs"], "365", "90", 1)
	p.update("UPDATE_COMPLETE")
}

func wrongTrust(home string) string {
	return strings.NewReplacer(`"ann"`, `"bob"`, `["Role","Arn"]`, `["Wrong","Arn"]`).Replace(sftp(home))
}

func TestAccessKeys_Quota(t *testing.T) {
	p := newPartner(t)
	p.create()
	first := p.physical("KeyA")
	p.resources["KeyB"] = `{"Type":"AWS::IAM::AccessKey","Properties":{"UserName":{"Ref":"User"}}}`
	p.update("UPDATE_COMPLETE")
	p.refused("KeyC", p.resources["KeyB"], "Cannot exceed quota for AccessKeysPerUser: 2")
	// With both slots full, a replacement fails as well: the new key is created before the old one
	// is deleted.
	p.refused("KeyA", strings.Replace(p.resources["KeyA"], "2", "3", 1), "Cannot exceed quota for AccessKeysPerUser: 2")

	// In place: another status. The first key and its secret stay.
	p.resources["KeyB"] = strings.Replace(p.resources["KeyB"], `}}}`, `},"Status":"Inactive"}}`, 1)
	p.update("UPDATE_COMPLETE")
	client := iam.NewFromConfig(p.config)
	status := func() map[string]string {
		out, err := client.ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: aws.String("acme-ann")})
		p.must(err)
		all := map[string]string{}
		for _, k := range out.AccessKeyMetadata {
			all[aws.ToString(k.AccessKeyId)] = string(k.Status)
		}
		return all
	}
	if got := status(); got[first] != "Active" || got[p.physical("KeyB")] != "Inactive" {
		t.Errorf("keys %v", got)
	}
	delete(p.resources, "KeyB")
	p.update("UPDATE_COMPLETE")

	// A replacement creates a new key and a new version of the secret, and removes the old key.
	secrets := secretsmanager.NewFromConfig(p.config)
	value := func(id, stage string) string {
		out, err := secrets.GetSecretValue(
			t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &id, VersionStage: &stage},
		)
		p.must(err)
		return aws.ToString(out.SecretString)
	}
	arn := p.physical("Secret")
	partial := arn[:len(arn)-len("-123456")]
	was := value(arn, "AWSCURRENT")
	p.resources["KeyA"] = strings.Replace(p.resources["KeyA"], "2", "3", 1)
	p.update("UPDATE_COMPLETE")
	second := p.physical("KeyA")
	if got := status(); len(got) != 1 || got[second] != "Active" || second == first {
		t.Errorf("keys %v after %s", got, first)
	}
	if now := value("stowage/acme/ann", "AWSCURRENT"); now == was || !strings.Contains(now, second) ||
		value(partial, "AWSPREVIOUS") != was {
		t.Errorf("secret %s, before %s", now, was)
	}
	versions, err := secrets.ListSecretVersionIds(t.Context(), &secretsmanager.ListSecretVersionIdsInput{SecretId: &arn})
	p.must(err)
	if len(versions.Versions) != 2 {
		t.Errorf("versions %+v", versions.Versions)
	}

	// A manually created key keeps the user, and the deletion's error names it.
	_, err = client.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String("acme-ann")})
	p.must(err)
	_, err = p.stacks.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: aws.String("partner")})
	p.must(err)
	p.wantStatus("DELETE_FAILED")
	if got := p.failure("User"); !strings.Contains(got, "must delete access keys first") {
		t.Errorf("the user stays because of %q", got)
	}
}

func TestPoliciesOfSecrets(t *testing.T) {
	p := newPartner(t)
	p.create()
	ctx, client := t.Context(), secretsmanager.NewFromConfig(p.config)
	id := aws.String("stowage/acme/ann")
	got, err := client.GetResourcePolicy(ctx, &secretsmanager.GetResourcePolicyInput{SecretId: id})
	p.must(err)
	if !strings.Contains(aws.ToString(got.ResourcePolicy), "000000000000:root") {
		t.Errorf("policy %s", aws.ToString(got.ResourcePolicy))
	}
	put := func(policy string, block bool) error {
		_, err := client.PutResourcePolicy(
			ctx,
			&secretsmanager.PutResourcePolicyInput{SecretId: id, ResourcePolicy: &policy, BlockPublicPolicy: &block},
		)
		return err
	}
	public := strings.Replace(readers, `{"AWS":"arn:aws:iam::000000000000:root"}`, `"*"`, 1)
	wantError(
		t, put(public, true), "PublicPolicyException",
		"You can't use a resource policy that grants broad access to the secret.",
	)
	p.must(put(public, false))
	wantError(
		t, put(`{"Version":"2012-10-17"}`, false), "MalformedPolicyDocumentException",
		"This resource policy contains a syntax error.",
	)
	wantError(
		t, put(strings.Replace(readers, "secretsmanager:", "s3:", 1), false), "MalformedPolicyDocumentException",
		"This resource policy contains an unsupported action.",
	)
	_, err = client.DeleteResourcePolicy(ctx, &secretsmanager.DeleteResourcePolicyInput{SecretId: id})
	p.must(err)
	got, err = client.GetResourcePolicy(ctx, &secretsmanager.GetResourcePolicyInput{SecretId: id})
	p.must(err)
	if got.ResourcePolicy != nil {
		t.Errorf("policy %s", *got.ResourcePolicy)
	}
}

func TestBoundary_InUse(t *testing.T) {
	p := newPartner(t)
	p.create()
	_, err := iam.NewFromConfig(p.config).CreateUser(
		t.Context(),
		&iam.CreateUserInput{UserName: aws.String("by-hand"), PermissionsBoundary: aws.String(p.physical("Boundary"))},
	)
	p.must(err)
	_, err = p.stacks.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: aws.String("partner")})
	p.must(err)
	p.wantStatus("DELETE_FAILED")
	if got := p.failure("Boundary"); !strings.Contains(got, "Cannot delete a policy attached to entities") {
		t.Errorf("the boundary stays because of %q", got)
	}
}

// TestChangeSet_ValuesKnownAfterExecution searches for the secret where change sets show property
// values.
func TestChangeSet_ValuesKnownAfterExecution(t *testing.T) {
	p := newPartner(t)
	p.create()
	p.resources["KeyA"] = strings.Replace(p.resources["KeyA"], "2", "3", 1)
	_, err := p.stacks.CreateChangeSet(t.Context(), &cloudformation.CreateChangeSetInput{
		StackName: aws.String("partner"), ChangeSetName: aws.String("rotate"), TemplateBody: p.template(),
		Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam},
	})
	p.must(err)
	var out *cloudformation.DescribeChangeSetOutput
	for out == nil || strings.HasSuffix(string(out.Status), "_IN_PROGRESS") || strings.HasSuffix(string(out.Status), "_PENDING") {
		out, err = p.stacks.DescribeChangeSet(t.Context(), &cloudformation.DescribeChangeSetInput{
			StackName: aws.String("partner"), ChangeSetName: aws.String("rotate"), IncludePropertyValues: aws.Bool(true),
		})
		p.must(err)
	}
	for _, c := range out.Changes {
		if aws.ToString(c.ResourceChange.LogicalResourceId) != "Secret" {
			continue
		}
		// The old value is assumed to be shown in clear: that AWS masks it is unconfirmed.
		before, after := aws.ToString(c.ResourceChange.BeforeContext), aws.ToString(c.ResourceChange.AfterContext)
		if !strings.Contains(after, "{{changeSet:KNOWN_AFTER_APPLY}}") || !strings.Contains(before, p.physical("KeyA")) {
			t.Errorf("before %s, after %s", before, after)
		}
		return
	}
	t.Errorf("no change of the secret in %+v", out.Changes)
}
