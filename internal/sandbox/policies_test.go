package sandbox_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

func (r resource) refusal(properties map[string]any) string {
	r.world.Lock()
	defer r.world.Unlock()
	_, err := r.kind.Create(
		r.caller, cloud.ResourceRequest{StackName: "stack", LogicalID: "Thing", Properties: properties},
	)
	var e *cloud.Error
	if errors.As(err, &e) {
		return e.Code + ": " + e.Message
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func statements(t *testing.T, text string) map[string]any {
	t.Helper()
	var document map[string]any
	if err := json.Unmarshal([]byte(`{"Version":"2012-10-17","Statement":[`+text+`]}`), &document); err != nil {
		t.Fatal(err)
	}
	return document
}

// wantRefusals compares refusals with their expected prefixes; "" means success.
func wantRefusals(t *testing.T, cases map[string]string, refusal func(t *testing.T, text string) string) {
	t.Helper()
	for text, want := range cases {
		got := refusal(t, text)
		if want == "" && got != "" || !strings.HasPrefix(got, want) {
			t.Errorf("%s\n got %q\nwant %q", text, got, want)
		}
	}
}

// The policies of buckets, keys, secrets, topics and roles name only existing principals.
func TestPrincipalsMustExist(t *testing.T) {
	t.Parallel()
	for principal, valid := range map[string]bool{
		`"*"`:         true,
		`{"AWS":"*"}`: true,
		`{"AWS":["111122223333","arn:aws:iam::111122223333:root"]}`: true,
		`{"AWS":"arn:aws:iam::444455556666:role/StowageReader"}`:    true, // every account has it
		`{"AWS":"arn:aws:iam::444455556666:role/nobody"}`:           false,
		`{"AWS":"arn:aws:iam::444455556666:user/nobody"}`:           false,
		`{"AWS":"arn:aws:iam::444455556666:group/g"}`:               false,
		`{"AWS":"nobody"}`:                           false,
		`{"AWS":"AIDAQWERTYUIOPASDFGHJ"}`:            false, // a deleted user in a policy
		`{"Service":"nonsense"}`:                     false,
		`{"Service":"logs.eu-west-1.amazonaws.com"}`: true,
		`{"CanonicalUser":"x"}`:                      false,
	} {
		box, _ := serve(t)
		bucket := typeOf(t, box, "AWS::S3::Bucket").create(t, map[string]any{
			"BucketName": "reports", "PublicAccessBlockConfiguration": map[string]any{"BlockPublicPolicy": false},
		}).PhysicalID
		secret := typeOf(t, box, "AWS::SecretsManager::Secret").create(t, map[string]any{"Name": "s"}).PhysicalID
		topic := typeOf(t, box, "AWS::SNS::Topic").create(t, map[string]any{"TopicName": "t"}).PhysicalID
		own := `,{"Effect":"Allow","Principal":{"AWS":"` + sandbox.HubAccount + `"},"Action":"kms:*","Resource":"*"}`
		for kind, test := range map[string]struct {
			properties map[string]any
			code       string
		}{
			"AWS::S3::BucketPolicy": {map[string]any{"Bucket": bucket, "PolicyDocument": statements(t,
				`{"Effect":"Allow","Principal":`+principal+`,"Action":"s3:GetObject","Resource":"arn:aws:s3:::reports/*"}`)}, "MalformedPolicy"},
			"AWS::KMS::Key": {map[string]any{"KeyPolicy": statements(t,
				`{"Effect":"Allow","Principal":`+principal+`,"Action":"kms:Decrypt","Resource":"*"}`+own)}, "MalformedPolicyDocumentException"},
			"AWS::SecretsManager::ResourcePolicy": {map[string]any{"SecretId": secret, "ResourcePolicy": statements(t,
				`{"Effect":"Allow","Principal":`+principal+`,"Action":"secretsmanager:GetSecretValue","Resource":"*"}`)}, "MalformedPolicyDocumentException"},
			"AWS::SNS::TopicPolicy": {map[string]any{"Topics": []any{topic}, "PolicyDocument": statements(t,
				`{"Effect":"Allow","Principal":`+principal+`,"Action":"sns:Publish","Resource":"`+topic+`"}`)}, "InvalidParameter"},
			"AWS::IAM::Role": {map[string]any{"RoleName": "r", "AssumeRolePolicyDocument": statements(t,
				`{"Effect":"Allow","Principal":`+principal+`,"Action":"sts:AssumeRole"}`)}, "MalformedPolicyDocument"},
		} {
			got := typeOf(t, box, kind).refusal(test.properties)
			if valid != (got == "") || !valid && !strings.HasPrefix(got, test.code+": ") {
				t.Errorf("%s, principal %s: %q", kind, principal, got)
			}
		}
	}
}

func TestServices_NotModelled(t *testing.T) {
	t.Parallel()
	box, _ := serve(t)
	got := typeOf(t, box, "AWS::IAM::Role").refusal(
		map[string]any{"RoleName": "r", "AssumeRolePolicyDocument": statements(t,
			`{"Effect":"Allow","Principal":{"Service":"braket.amazonaws.com"},"Action":"sts:AssumeRole"}`)},
	)
	if got != "SandboxNotModelled: the sandbox does not model the service principal braket.amazonaws.com" {
		t.Errorf("got %q", got)
	}
}

func TestBucketPolicies(t *testing.T) {
	t.Parallel()
	box, _ := serve(t)
	typeOf(t, box, "AWS::S3::Bucket").create(t, map[string]any{"BucketName": "reports"})
	policies := typeOf(t, box, "AWS::S3::BucketPolicy")
	statement := func(action, resource, condition string) string {
		return `{"Effect":"Deny","Principal":"*","Action":"` + action + `","Resource":"arn:aws:s3:::` + resource + `","Condition":{` + condition + `}}`
	}
	wantRefusals(t, map[string]string{
		statement("s3:GetObject", "reports/*", ""):                                                                  "",
		statement("s3:*", "reports", ""):                                                                            "",
		statement("s3:Get*", "reports", ""):                                                                         "",
		statement("s3:Nonsense", "reports/*", ""):                                                                   "MalformedPolicy: Policy has invalid action",
		statement("s3:Nonsense*", "reports/*", ""):                                                                  "MalformedPolicy: Policy has invalid action",
		statement("sqs:SendMessage", "reports/*", ""):                                                               "MalformedPolicy: Policy has invalid action",
		statement("s3:ListBucket", "reports/*", ""):                                                                 "MalformedPolicy: Action does not apply to any resource(s) in statement",
		statement("s3:GetObject", "reports", ""):                                                                    "MalformedPolicy: Action does not apply to any resource(s) in statement",
		statement("s3:CreateJob", "reports/*", ""):                                                                  "MalformedPolicy: Action does not apply to any resource(s) in statement",
		statement("s3:GetObject", "other/*", ""):                                                                    "MalformedPolicy: Policy has invalid resource",
		statement("s3:GetObject", "reports/*", `"StringEquals":{"s3:nonsense":"x"}`):                                "MalformedPolicy: Policy has an invalid condition key",
		statement("s3:GetObject", "reports/*", `"StringEquals":{"kms:ViaService":"x"}`):                             "MalformedPolicy: Policy has an invalid condition key",
		statement("s3:GetObject", "reports/*", `"StringEquals":{"s3:ExistingObjectTag/a":"x","aws:SourceVpc":"v"}`): "",
	}, func(t *testing.T, text string) string {
		t.Helper()
		refusal := policies.refusal(map[string]any{"Bucket": "reports", "PolicyDocument": statements(t, text)})
		policies.delete(t, "reports")
		return refusal
	})
	for text, want := range map[string]string{
		"nothing": "MalformedPolicy: Policies must be valid JSON and the first byte must be '{'",
		"{}":      "MalformedPolicy: Missing required field Statement",
	} {
		if got := policies.refusal(map[string]any{"Bucket": "reports", "PolicyDocument": text}); !strings.HasPrefix(
			got, want,
		) {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestSecretPolicies(t *testing.T) {
	t.Parallel()
	box, _ := serve(t)
	secret := typeOf(t, box, "AWS::SecretsManager::Secret").create(t, map[string]any{"Name": "s"}).PhysicalID
	policies := typeOf(t, box, "AWS::SecretsManager::ResourcePolicy")
	wantRefusals(t, map[string]string{
		"secretsmanager:GetSecretValue": "", "secretsmanager:Get*": "", "secretsmanager:*": "",
		"secretsmanager:Nonsense": "MalformedPolicyDocumentException: This resource policy contains an unsupported action.",
		"s3:GetObject":            "MalformedPolicyDocumentException: This resource policy contains an unsupported action.",
	}, func(t *testing.T, action string) string {
		t.Helper()
		refusal := policies.refusal(map[string]any{"SecretId": secret, "ResourcePolicy": statements(t,
			`{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"`+action+`","Resource":"*"}`)})
		policies.delete(t, secret)
		return refusal
	})
}

func TestKeyPolicies(t *testing.T) {
	t.Parallel()
	box, _ := serve(t)
	keys := typeOf(t, box, "AWS::KMS::Key")
	const locked = "MalformedPolicyDocumentException: The new key policy will not allow you to update the key policy in the future."
	statement := func(account, action, more string) string {
		return `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"` + action + `","Resource":"*"` + more + `}`
	}
	wantRefusals(t, map[string]string{
		statement(sandbox.HubAccount, "kms:*", ""):                                                            "",
		statement(sandbox.HubAccount, "kms:Put*", ""):                                                         "",
		statement(sandbox.HubAccount, "kms:Decrypt", ""):                                                      locked,
		statement("111122223333", "kms:*", ""):                                                                locked,
		statement(sandbox.HubAccount, "kms:*", `,"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`): locked,
	}, func(t *testing.T, text string) string {
		t.Helper()
		return keys.refusal(map[string]any{"KeyPolicy": statements(t, text)})
	})
}

// TestKMS_API checks tags, invalid IDs, and the policy check that a request can skip.
func TestKMS_API(t *testing.T) {
	t.Parallel()
	_, c := serve(t)
	client := kms.NewFromConfig(c)
	many := make([]kmstypes.Tag, 51)
	for i := range many {
		many[i] = kmstypes.Tag{TagKey: aws.String(strings.Repeat("k", i+1)), TagValue: aws.String("v")}
	}
	tag := func(key, value string) []kmstypes.Tag {
		return []kmstypes.Tag{{TagKey: &key, TagValue: &value}}
	}
	for name, test := range map[string]struct {
		tags []kmstypes.Tag
		code string
	}{
		"51": {many, "TagException"}, "reserved": {tag("aws:x", "v"), "TagException"}, "characters": {tag("a,b", "v"), "TagException"},
		"long key": {tag(strings.Repeat("k", 129), "v"), "ValidationException"}, "long value": {tag("k", strings.Repeat("v", 257)), "ValidationException"},
	} {
		_, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{Tags: test.tags})
		if err == nil || !strings.Contains(err.Error(), test.code) {
			t.Errorf("%s: got %v, want %s", name, err, test.code)
		}
	}
	_, err := client.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String("x")})
	wantError(t, err, "NotFoundException", "Invalid keyId 'x'")
	locks := aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"}]}`,
	)
	_, err = client.CreateKey(t.Context(), &kms.CreateKeyInput{Policy: locks})
	wantError(
		t, err, "MalformedPolicyDocumentException",
		"The new key policy will not allow you to update the key policy in the future.",
	)
	if _, err = client.CreateKey(
		t.Context(), &kms.CreateKeyInput{Policy: locks, BypassPolicyLockoutSafetyCheck: true},
	); err != nil {
		t.Error(err)
	}
}

func TestTagCharacters(t *testing.T) {
	t.Parallel()
	box, _ := serve(t)
	for kind, test := range map[string]struct {
		name, code string
	}{
		"AWS::S3::Bucket":     {"BucketName", "InvalidTag"},
		"AWS::IAM::User":      {"UserName", "ValidationError"},
		"AWS::KMS::Key":       {"Description", "TagException"},
		"AWS::Logs::LogGroup": {"LogGroupName", "InvalidParameterException"},
	} {
		made := 0
		for _, text := range []string{"a,b", "{x}", "R&D", "fine + = - . _ : / @ é"} {
			for _, tag := range []map[string]any{{"Key": text, "Value": "v"}, {"Key": "k", "Value": text}} {
				made++
				got := typeOf(t, box, kind).refusal(map[string]any{test.name: fmt.Sprint("thing-", made), "Tags": []any{tag}})
				switch fine := strings.HasPrefix(text, "fine"); {
				case fine && got != "":
					t.Errorf("%s refuses the tag %v: %s", kind, tag, got)
				case !fine && !strings.HasPrefix(got, test.code+": "):
					t.Errorf("%s, tag %v: %q", kind, tag, got)
				}
			}
		}
	}
}

func TestIdentityPolicies(t *testing.T) {
	t.Parallel()
	_, c := serve(t)
	client := iam.NewFromConfig(c)
	if _, err := client.CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("u")}); err != nil {
		t.Fatal(err)
	}
	_, err := client.AttachUserPolicy(
		t.Context(),
		&iam.AttachUserPolicyInput{UserName: aws.String("u"), PolicyArn: aws.String("longer-than-twenty-characters")},
	)
	wantError(t, err, "ValidationError", "Invalid ARN:  Could not be parsed!")
	_, err = client.CreateRole(
		t.Context(), &iam.CreateRoleInput{RoleName: aws.String("r"), AssumeRolePolicyDocument: aws.String("{x")},
	)
	wantError(t, err, "MalformedPolicyDocument", "This policy contains invalid Json")
	_, err = client.PutUserPolicy(
		t.Context(),
		&iam.PutUserPolicyInput{UserName: aws.String("u"), PolicyName: aws.String("p"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:eu-west-1::b"}]}`)},
	)
	wantError(t, err, "MalformedPolicyDocument", "The policy failed legacy parsing")
	_, err = client.PutUserPolicy(
		t.Context(),
		&iam.PutUserPolicyInput{UserName: aws.String("u"), PolicyName: aws.String("p"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/Ł/*"}]}`)},
	)
	if err == nil || !strings.Contains(err.Error(), "ValidationError") ||
		!strings.Contains(err.Error(), "at 'policyDocument'") {
		t.Errorf("a document with characters beyond U+00FF: %v", err)
	}
}

// The service's own key decrypts only for the secret's account.
func TestSecretsOfAnotherAccount(t *testing.T) {
	t.Parallel()
	box, c := serve(t)
	ours := secretsmanager.NewFromConfig(c)
	made, err := ours.CreateSecret(
		t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("s"), SecretString: aws.String("x")},
	)
	if err != nil {
		t.Fatal(err)
	}
	policies := typeOf(t, box, "AWS::SecretsManager::ResourcePolicy")
	policies.create(t, map[string]any{"SecretId": *made.ARN, "ResourcePolicy": statements(t,
		`{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"secretsmanager:*","Resource":"*"}`)})
	theirs := secretsmanager.NewFromConfig(config("111122223333", func(o *aws.Config) { o.BaseEndpoint = c.BaseEndpoint }))
	_, err = theirs.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: made.ARN})
	wantError(
		t, err, "InvalidRequestException",
		"You can't access a secret from a different AWS account if you encrypt the secret with the default KMS service key.",
	)
	_, err = ours.GetSecretValue(
		t.Context(),
		&secretsmanager.GetSecretValueInput{SecretId: made.ARN, VersionId: made.VersionId, VersionStage: aws.String("other")},
	)
	wantError(
		t, err, "InvalidRequestException",
		"You provided a VersionStage that is not associated to the provided VersionId.",
	)
	_, err = ours.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("a b")})
	wantError(
		t, err, "ValidationException",
		"Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
	)
}

// A topic's policy decides on callers of other accounts.
func TestTopicPolicies(t *testing.T) {
	t.Parallel()
	box, c := serve(t)
	topic := typeOf(t, box, "AWS::SNS::Topic").create(t, map[string]any{"TopicName": "t"}).PhysicalID
	theirs := sns.NewFromConfig(config("111122223333", func(o *aws.Config) { o.BaseEndpoint = c.BaseEndpoint }))
	subscribe := func(function string) error {
		_, err := theirs.Subscribe(
			t.Context(), &sns.SubscribeInput{TopicArn: &topic, Protocol: aws.String("lambda"), Endpoint: &function},
		)
		return err //nolint:wrapcheck // it is looked at
	}
	const function, another = "arn:aws:lambda:eu-west-1:111122223333:function:f", "arn:aws:lambda:eu-west-1:111122223333:function:g"
	wantError(
		t,
		subscribe(function),
		"AuthorizationError",
		"User: arn:aws:iam::111122223333:user/administrator is not authorized to perform: SNS:Subscribe on resource: "+
			topic+" because no resource-based policy allows the SNS:Subscribe action",
	)
	typeOf(t, box, "AWS::SNS::TopicPolicy").create(
		t,
		map[string]any{"Topics": []any{topic}, "PolicyDocument": statements(
			t,
			`{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sns:Subscribe","Resource":"`+topic+`","Condition":{"StringEquals":{"sns:Endpoint":"`+function+`"}}}`,
		)},
	)
	if err := subscribe(function); err != nil {
		t.Error(err)
	}
	if err := subscribe(another); err == nil {
		t.Error("a function that the policy does not name was subscribed")
	}
	_, err := theirs.Publish(t.Context(), &sns.PublishInput{TopicArn: &topic, Message: aws.String("m")})
	if err == nil {
		t.Error("another account published")
	}
	_, err = sns.NewFromConfig(c).Publish(
		t.Context(), &sns.PublishInput{TopicArn: aws.String("topic"), Message: aws.String("m")},
	)
	wantError(
		t, err, "InvalidParameter",
		"Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1",
	)
}

// The key must exist, and its policy must allow CloudWatch Logs to use it for the group.
func TestKeysOfLogGroups(t *testing.T) {
	t.Parallel()
	box, _ := serve(t)
	keys, groups := typeOf(t, box, "AWS::KMS::Key"), typeOf(t, box, "AWS::Logs::LogGroup")
	own := `{"Effect":"Allow","Principal":{"AWS":"` + sandbox.HubAccount + `"},"Action":"kms:*","Resource":"*"}`
	logs := func(service, condition string) string {
		return own + `,{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":["kms:Encrypt*","kms:Decrypt*","kms:ReEncrypt*","kms:GenerateDataKey*","kms:Describe*"],` +
			`"Resource":"*","Condition":{` + condition + `}}`
	}
	const group = "arn:aws:logs:eu-west-1:" + sandbox.HubAccount + ":log-group:/g"
	const refused = "InvalidParameterException: The specified KMS key does not exist or is not allowed to be used with LogGroup '" + group + "'"
	wantRefusals(t, map[string]string{
		own:                                      refused,
		logs("logs.eu-west-1.amazonaws.com", ""): "",
		logs("logs.eu-west-1.amazonaws.com", `"ArnEquals":{"kms:EncryptionContext:aws:logs:arn":"`+group+`"}`):         "",
		logs("logs.eu-west-1.amazonaws.com", `"ArnEquals":{"kms:EncryptionContext:aws:logs:arn":"`+group+`-another"}`): refused,
		logs("logs.us-east-1.amazonaws.com", ""): refused,
	}, func(t *testing.T, policy string) string {
		t.Helper()
		key := keys.create(t, map[string]any{"KeyPolicy": statements(t, policy)})
		refusal := groups.refusal(map[string]any{"LogGroupName": "/g", "KmsKeyId": key.Attributes["Arn"]})
		groups.delete(t, "/g")
		return refusal
	})
	missing := "arn:aws:kms:eu-west-1:" + sandbox.HubAccount + ":key/11111111-2222-3333-4444-555555555555"
	if got := groups.refusal(map[string]any{"LogGroupName": "/g", "KmsKeyId": missing}); got != refused {
		t.Errorf("a key that does not exist: %q", got)
	}
}

// TestKeysOfBuckets: what a key encrypts that does not exist is not stored.
func TestKeysOfBuckets(t *testing.T) {
	t.Parallel()
	box, c := serve(t)
	missing := "arn:aws:kms:eu-west-1:" + sandbox.HubAccount + ":key/11111111-2222-3333-4444-555555555555"
	typeOf(t, box, "AWS::S3::Bucket").create(t, map[string]any{"BucketName": "reports", "BucketEncryption": map[string]any{
		"ServerSideEncryptionConfiguration": []any{
			map[string]any{
				"ServerSideEncryptionByDefault": map[string]any{"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": missing},
			},
		},
	}})
	client := s3.NewFromConfig(c, pathStyle)
	_, err := client.PutObject(
		t.Context(),
		&s3.PutObjectInput{Bucket: aws.String("reports"), Key: aws.String("k"), Body: strings.NewReader("x")},
	)
	wantError(t, err, "KMS.NotFoundException", "Key '"+missing+"' does not exist")
	_, err = client.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket:               aws.String("reports"),
		Key:                  aws.String("k"),
		Body:                 strings.NewReader("x"),
		ServerSideEncryption: s3types.ServerSideEncryptionAwsKms,
		SSEKMSKeyId:          aws.String("fake"),
	})
	wantError(t, err, "KMS.NotFoundException", "Invalid keyId 'fake'")
}
