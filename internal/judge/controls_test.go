package judge_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/judge"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

const region = "eu-west-1"

func corpus(t *testing.T) map[string]*template.Template {
	t.Helper()
	all, err := judge.Corpus("../template/testdata", 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

type object = map[string]any

// damaged returns a template after f has changed its resources, by logical ID, or other parts.
func damaged(t *testing.T, tpl *template.Template, f func(document, resources object)) *template.Template {
	t.Helper()
	var document object
	if err := json.Unmarshal(tpl.Encode(), &document); err != nil {
		t.Fatal(err)
	}
	f(document, document["Resources"].(object))
	body, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	result, err := template.Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// put sets the value at a path of members, or removes it if nil; a number is an index of a list.
func put(t *testing.T, in any, path string, value any) {
	t.Helper()
	name, rest, more := strings.Cut(path, "/")
	if list, ok := in.([]any); ok {
		n := int(name[0] - '0')
		if !more {
			list[n] = value
			return
		}
		put(t, list[n], rest, value)
		return
	}
	o, ok := in.(object)
	switch {
	case !ok:
		t.Fatalf("nothing is at %s", path)
	case more:
		put(t, o[name], rest, value)
	case value == nil:
		if _, there := o[name]; !there {
			t.Fatalf("there is no %s to remove", name)
		}
		delete(o, name)
	default:
		o[name] = value
	}
}

// found returns the sorted IDs of the findings, each with its resource.
func found(tpl *template.Template) []string {
	ids := map[string]bool{}
	for _, f := range judge.Controls("test", tpl) {
		ids[f.ID+" "+f.Resource] = true
	}
	return slices.Sorted(maps.Keys(ids))
}

func TestDrift_DamagedProperty(t *testing.T) {
	example := corpus(t)["example-"+region]
	before := found(example)
	statement := func(effect string, more object) object {
		s := object{"Effect": effect, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme/*"}
		maps.Copy(s, more)
		return s
	}
	const (
		bucket  = "Bucketinbox/Properties/"
		tls     = "BucketPolicyinbox/Properties/PolicyDocument/Statement"
		grant   = "PolicypartnerN1/Properties/PolicyDocument/Statement/1" // the first one is a Deny
		key     = "Key/Properties/"
		secret  = "KeySecretAstudio/Properties/"
		readers = "SecretPolicystudio/Properties/"
		role    = "Rolestudio/Properties/"
		trust   = role + "AssumeRolePolicyDocument/Statement/0"
		server  = "SftpServer/Properties/"
		home    = "SftpUserstudio/Properties/"
	)
	for _, c := range []struct {
		at    string
		value any // nil to remove
		want  string
	}{
		{bucket + "PublicAccessBlockConfiguration/BlockPublicAcls", false, "S3.2 Bucketinbox"},
		{bucket + "PublicAccessBlockConfiguration/IgnorePublicAcls", false, "S3.3 Bucketinbox"},
		{bucket + "PublicAccessBlockConfiguration/BlockPublicPolicy", nil, "S3.8 Bucketinbox"},
		{bucket + "PublicAccessBlockConfiguration/RestrictPublicBuckets", "true", "S3.8 Bucketinbox"},
		{bucket + "OwnershipControls/Rules/0/ObjectOwnership", "ObjectWriter", "S3.12 Bucketinbox"},
		{bucket + "AccessControl", "Private", "S3.12 Bucketinbox"},
		{bucket + "BucketEncryption/ServerSideEncryptionConfiguration/0/ServerSideEncryptionByDefault/SSEAlgorithm", "AES256", "S3.17 Bucketinbox"},
		{bucket + "BucketEncryption/ServerSideEncryptionConfiguration/0/ServerSideEncryptionByDefault/KMSMasterKeyID", nil, "S3.17 Bucketinbox"},
		{bucket + "BucketEncryption/ServerSideEncryptionConfiguration/0/BlockedEncryptionTypes", nil, "SSE-C Bucketinbox"},
		{bucket + "VersioningConfiguration/Status", "Suspended", "S3.14 Bucketinbox"},
		{bucket + "LifecycleConfiguration", nil, "S3.10 Bucketinbox"},
		{bucket + "LifecycleConfiguration", nil, "S3.13 Bucketinbox"},
		{bucket + "LoggingConfiguration", nil, "S3.9 Bucketinbox"},
		{bucket + "NotificationConfiguration", nil, "S3.11 Bucketinbox"},
		{bucket + "ObjectLockEnabled", true, "S3.15 Bucketinbox"},
		{bucket + "BucketName", "a.b", "AVD-AWS-0320 Bucketinbox"},
		{"BucketPolicyinbox", nil, "S3.5 Bucketinbox"},
		{tls + "/0/Condition/Bool/aws:SecureTransport", "true", "S3.5 Bucketinbox"},
		{tls + "/1/Condition/NumericLessThan/s3:TlsVersion", "1.1", "S3.5 Bucketinbox"},
		{tls + "/0/Principal", object{"AWS": "arn:aws:iam::111122223333:root"}, "S3.5 Bucketinbox"},
		{tls + "/1/Effect", "Allow", "S3.6 BucketPolicyinbox"},
		{tls + "/0/Effect", "allow", "IAM-grammar BucketPolicyinbox"},
		{grant + "/Action", "*", "IAM.1 PolicypartnerN1"},
		{grant, statement("Allow", object{"Action": "s3:*"}), "IAM.21 PolicypartnerN1"},
		{grant, statement("Allow", object{"Action": "s3:Get*"}), "AVD-AWS-0345 PolicypartnerN1"},
		{grant, statement("Allow", object{"Action": "iam:PassRole"}), "AVD-AWS-0342 PolicypartnerN1"},
		{grant, statement("Allow", object{"Resource": "*"}), "CKV_AWS_111 PolicypartnerN1"},
		{grant, statement("Allow", object{"Action": "kms:Decrypt", "Resource": "arn:aws:kms:eu-west-1:111122223333:key/*"}), "KMS.1 PolicypartnerN1"},
		{grant, statement("Allow", object{"Principal": "*"}), "IAM-grammar PolicypartnerN1"},
		{grant, statement("Allow", object{"Sid": strings.Repeat("a", 6200)}), "IAM-size PolicypartnerN1"},
		{"PolicypartnerN1/Properties/Users", []any{"acme-partner"}, "IAM.2 PolicypartnerN1"},
		{"Userpartner/Properties/Policies", []any{}, "IAM.2 Userpartner"},
		{"Userpartner/Properties/ManagedPolicyArns", []any{"arn:aws:iam::aws:policy/ReadOnlyAccess"}, "IAM.2 Userpartner"},
		{"Userpartner/Properties/LoginProfile", object{"Password": "x"}, "IAM.5 Userpartner"},
		{"Userpartner/Properties/PermissionsBoundary", nil, "IAM-boundary Userpartner"},
		{"Grouppartner/Properties/Policies", []any{}, "IAM-inline Grouppartner"},
		{key + "EnableKeyRotation", nil, "KMS.4 Key"},
		{key + "KeyPolicy/Statement/0/Principal", "*", "KMS.5 Key"},
		{key + "KeyPolicy/Statement/1/Condition", nil, "KMS.5 Key"},
		{key + "KeyPolicy/Statement/1/Action", "kms:*", "KMS.5 Key"},
		{key + "KeyPolicy/Statement/1/Condition/StringLike/kms:EncryptionContext:SecretARN", "*", "KMS.5 Key"},
		{"AccessKeyAstudio/Properties/UserName", nil, "IAM.4 AccessKeyAstudio"},
		{secret + "KmsKeyId", nil, "CKV_AWS_149 KeySecretAstudio"},
		{secret + "SecretString", "hunter2", "secret-literal KeySecretAstudio"},
		{secret + "SecretString", object{"Fn::Sub": `{"secret_access_key":"hunter2"}`}, "secret-literal KeySecretAstudio"},
		{secret + "SecretString", object{"Fn::Sub": `{"secret_access_key":"${Userstudio.SecretAccessKey}"}`}, "secret-literal KeySecretAstudio"},
		{"KeySecretAstudio/Metadata/Copy", object{"Fn::GetAtt": []any{"AccessKeyAstudio", "SecretAccessKey"}}, "secret-leak "},
		{"Bucketinbox/Properties/Tags/0/Value", "{{resolve:secretsmanager:stowage/acme/studio:SecretString}}", "secret-leak "},
		{secret + "Description", object{"Fn::Sub": "${AccessKeyAstudio.SecretAccessKey}"}, "secret-leak "},
		{readers + "ResourcePolicy/Statement/0/Principal", "*", "secret-public SecretPolicystudio"},
		{readers + "BlockPublicPolicy", false, "secret-public SecretPolicystudio"},
		{readers + "ResourcePolicy/Statement/0/Principal", nil, "IAM-grammar SecretPolicystudio"},
		{role + "PermissionsBoundary", nil, "IAM-boundary Rolestudio"},
		{role + "Policies", []any{}, "IAM-inline Rolestudio"},
		{trust + "/Principal", object{"Service": []any{"transfer.amazonaws.com", "ec2.amazonaws.com"}}, "role-trust Rolestudio"},
		{trust + "/Principal", object{"AWS": "*"}, "role-trust Rolestudio"},
		{trust + "/Action", []any{"sts:AssumeRole", "sts:TagSession"}, "role-trust Rolestudio"},
		{trust + "/Condition", nil, "confused-deputy Rolestudio"},
		{trust + "/Condition/StringEquals/aws:SourceAccount", "*", "confused-deputy Rolestudio"},
		{trust + "/Resource", "*", "IAM-grammar Rolestudio"},
		{server + "Protocols", []any{"SFTP", "FTP"}, "Transfer.2 SftpServer"},
		{server + "SecurityPolicyName", "TransferSecurityPolicy-2018-11", "transfer-policy SftpServer"},
		{server + "SecurityPolicyName", nil, "transfer-policy SftpServer"},
		{server + "StructuredLogDestinations", nil, "transfer-logs SftpServer"},
		{home + "HomeDirectoryType", "PATH", "transfer-home SftpUserstudio"},
		{home + "Policy", "{}", "transfer-home SftpUserstudio"},
		{"SftpLogs/Properties/RetentionInDays", 7, "CloudWatch.16 SftpLogs"},
		{"SftpLogs/Properties/KmsKeyId", nil, "CKV_AWS_158 SftpLogs"},
		{"Bucketinbox/Type", "AWS::EC2::Instance", "unknown-type Bucketinbox"},
	} {
		t.Run(c.want+" "+c.at, func(t *testing.T) {
			if slices.Contains(before, c.want) {
				t.Fatalf("%s was found before the damage", c.want)
			}
			after := found(damaged(t, example, func(_, resources object) { put(t, resources, c.at, c.value) }))
			if !slices.Contains(after, c.want) {
				t.Errorf("found %v, want %s", after, c.want)
			}
		})
	}
	t.Run("a secret in an output", func(t *testing.T) {
		after := found(damaged(t, example, func(document, _ object) {
			put(t, document, "Outputs/Leak", object{"Value": object{"Fn::GetAtt": []any{"AccessKeyAstudio", "SecretAccessKey"}}})
		}))
		if !slices.Contains(after, "secret-leak ") {
			t.Errorf("found %v", after)
		}
	})
}

func TestCorpus_OnlyKnownFindings(t *testing.T) {
	t.Parallel()
	accepted, err := judge.Exceptions()
	if err != nil {
		t.Fatal(err)
	}
	var findings []judge.Finding
	all := corpus(t)
	maps.Copy(all, judge.HubCorpus())
	for name, tpl := range all {
		findings = append(findings, judge.Controls(name, tpl)...)
	}
	rest, _ := judge.Judge(findings, accepted)
	for _, f := range rest {
		t.Error(f)
	}
}

func TestCorpus_EveryResourceType(t *testing.T) {
	t.Parallel()
	types := map[string]bool{}
	for _, tpl := range corpus(t) {
		for _, id := range tpl.LogicalIDs() {
			raw, _ := tpl.Resource(id)
			var r struct{ Type string }
			if err := json.Unmarshal(raw, &r); err != nil {
				t.Fatal(err)
			}
			types[r.Type] = true
		}
	}
	for _, want := range []string{
		"AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::IAM::User", "AWS::IAM::Group", "AWS::IAM::ManagedPolicy", "AWS::IAM::Role", "AWS::IAM::AccessKey",
		"AWS::KMS::Key", "AWS::SecretsManager::Secret", "AWS::SecretsManager::ResourcePolicy", "AWS::Transfer::Server", "AWS::Transfer::User", "AWS::Logs::LogGroup",
	} {
		if !types[want] {
			t.Errorf("no template has a resource of type %s", want)
		}
	}
}

func TestJudge(t *testing.T) {
	versioning := judge.Finding{
		Judge: "controls", ID: "S3.14", Template: "random-1", Resource: "Bucketa", Type: "AWS::S3::Bucket",
	}
	accepted := judge.Exception{ID: "S3.14", Type: "AWS::S3::Bucket", Where: "random-*/Bucket*", Reason: "It is meant."}
	other := func(change func(*judge.Finding)) judge.Finding {
		f := versioning
		change(&f)
		return f
	}
	for _, c := range []struct {
		name         string
		findings     []judge.Finding
		rest, unused int
	}{
		{"accepted", []judge.Finding{versioning, versioning}, 0, 0},
		{"another id", []judge.Finding{other(func(f *judge.Finding) { f.ID = "S3.9" })}, 1, 1},
		{"another type", []judge.Finding{other(func(f *judge.Finding) { f.Type = "AWS::KMS::Key" })}, 1, 1},
		{"another template", []judge.Finding{versioning, other(func(f *judge.Finding) { f.Template = "full" })}, 1, 0},
		{"an exception that nothing needs", nil, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			rest, unused := judge.Judge(c.findings, []judge.Exception{accepted})
			if len(rest) != c.rest || len(unused) != c.unused {
				t.Errorf("left %v, unused %v", rest, unused)
			}
		})
	}
}

func TestGuide_Exceptions(t *testing.T) {
	t.Parallel()
	accepted, err := judge.Exceptions()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, e := range accepted {
		tpl, resource, ok := strings.Cut(e.Where, "/")
		if !ok || !strings.HasPrefix(e.Type, "AWS::") || !strings.HasSuffix(e.Reason, ".") {
			t.Errorf("%v lacks its place, type or reason", e)
		}
		if strings.HasPrefix(tpl, "golden-") { // templates that the compiler no longer produces
			continue
		}
		want = append(want, "| `"+e.ID+"` | `"+e.Type+"` | `"+resource+"` | "+e.Reason+" |")
	}
	guide, err := os.ReadFile("../../templates/guides/hardening.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(guide), "# Accepted findings")
	if !ok {
		t.Fatal("the guide has no chapter of accepted findings")
	}
	var have []string
	for line := range strings.Lines(table) {
		if strings.HasPrefix(line, "| `") {
			have = append(have, strings.TrimSpace(line))
		}
	}
	slices.Sort(want)
	slices.Sort(have)
	if want = slices.Compact(want); !slices.Equal(want, have) {
		t.Errorf("the guide lists\n%s\nthe exceptions are\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}
