package judge

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// maxPolicy is the maximum size of a managed policy in characters without white space (IAM User
// Guide, "IAM and AWS STS quotas").
const maxPolicy = 6144

var accountID = regexp.MustCompile(`^\d{12}$`)

type object = map[string]any

// at returns the value at a path of properties, or nil. Of a list it returns the first element.
func at(value any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		if l, ok := value.([]any); ok && len(l) > 0 {
			value = l[0]
		}
		o, _ := value.(object)
		value = o[name]
	}
	return value
}

// Controls checks a template's resources against the controls of AWS's Foundational Security Best
// Practices, CIS and the scanners, and its policies against IAM's grammar. A resource of a type
// without known controls is a finding.
func Controls(name string, tpl *template.Template) []Finding {
	c := &controls{
		name: name, resources: map[string]resource{}, activeKeys: map[any]int{},
		policies: map[string][]policydoc.Statement{},
	}
	c.read(tpl)
	for id, r := range c.resources {
		c.judge(id, r)
	}
	for id, r := range c.resources {
		bucket, _ := r.Properties["BucketName"].(string)
		if r.Type == "AWS::S3::Bucket" && !requiresTLS(c.policies[bucket], bucket) {
			c.add("S3.5", id, r.Type, "no bucket policy refuses requests without TLS 1.2")
		}
	}
	slices.SortFunc(c.findings, func(a, b Finding) int { return strings.Compare(a.String(), b.String()) })
	return c.findings
}

type controls struct {
	name       string
	resources  map[string]resource              // by logical ID
	policies   map[string][]policydoc.Statement // of buckets, by the bucket's name
	activeKeys map[any]int                      // by the user's name
	findings   []Finding
}

type resource struct {
	Type       string
	Properties object
	Metadata   struct{ Stowage struct{ Of model.ID } }
}

func (c *controls) add(control, id, resourceType, text string) {
	c.findings = append(c.findings, Finding{"controls", control, c.name, id, resourceType, text})
}

// read reads the resources, and finds secrets in the template.
func (c *controls) read(tpl *template.Template) {
	for _, id := range tpl.LogicalIDs() {
		raw, _ := tpl.Resource(id)
		var r resource
		if err := json.Unmarshal(raw, &r); err != nil {
			c.add("unreadable", id, "", err.Error())
			continue
		}
		c.resources[id] = r
		if r.Type == "AWS::IAM::AccessKey" && r.Properties["Status"] != "Inactive" {
			c.activeKeys[r.Properties["UserName"]]++
		}
	}
	var whole any
	if err := json.Unmarshal(tpl.Encode(), &whole); err != nil {
		c.add("unreadable", "", "", err.Error())
	}
	for _, path := range leaks(whole, "", false) {
		c.add("secret-leak", "", "", "a secret is shown at "+path)
	}
}

func (c *controls) judge(id string, r resource) {
	say := func(ok bool, control, text string) {
		if !ok {
			c.add(control, id, r.Type, text)
		}
	}
	document := func(property string, kind policydoc.Kind) []policydoc.Statement {
		return judgeDocument(r.Properties[property], kind, say)
	}
	switch r.Type {
	case "AWS::S3::Bucket":
		judgeBucket(r.Properties, say)
	case "AWS::S3::BucketPolicy":
		statements := document("PolicyDocument", policydoc.Resource)
		if bucket, ok := r.Properties["Bucket"].(string); ok {
			c.policies[bucket] = statements
		}
		for _, s := range statements {
			foreign := s.Effect == "Allow" && (s.NotPrincipal || len(s.Principals["AWS"]) > 0)
			say(!foreign, "S3.6", "the policy allows something to other accounts' principals")
		}
	case "AWS::KMS::Key":
		say(r.Properties["EnableKeyRotation"] == true, "KMS.4", "the key is not rotated")
		for _, s := range document("KeyPolicy", policydoc.Resource) {
			wild := s.Effect == "Allow" && (s.NotPrincipal || slices.Contains(s.Principals["AWS"], "*"))
			say(!wild || narrowed(s), "KMS.5", "the key's policy allows something to everybody")
		}
	case "AWS::SecretsManager::Secret":
		isKey := func(id string) bool { return c.resources[id].Type == "AWS::IAM::AccessKey" }
		judgeSecret(r.Properties, isKey, say)
		say(c.rotated(id), "SecretsManager.1", "no schedule rotates the secret")
	case "AWS::SecretsManager::ResourcePolicy":
		judgeReaders(r.Properties, document("ResourcePolicy", policydoc.Resource), say)
	case "AWS::Transfer::Server":
		judgeServer(r.Properties, say)
	case "AWS::Transfer::User":
		judgeHome(r.Properties, say)
	case "AWS::Logs::LogGroup":
		judgeLogs(r.Properties, say)
	case "AWS::KMS::Alias", "AWS::SSM::Parameter":
	default:
		known := c.judgeIAM(r, say, document) || judgeHub(r.Type, r.Properties, say, document)
		say(known, "unknown-type", "no controls are known of this type: add them")
	}
}

// judgeIAM reports whether the resource's type is one of IAM's.
func (c *controls) judgeIAM(r resource, say sayFunc, document documentFunc) bool {
	switch r.Type {
	case "AWS::IAM::ManagedPolicy":
		say(r.Properties["Users"] == nil, "IAM.2", "the policy is attached to a user")
		for _, s := range document("PolicyDocument", policydoc.Identity) {
			judgeGrant(s, say)
		}
	case "AWS::IAM::User":
		for _, property := range []string{"Policies", "ManagedPolicyArns"} {
			say(r.Properties[property] == nil, "IAM.2", "the user has "+property+" of its own")
		}
		say(r.Properties["PermissionsBoundary"] != nil, "IAM-boundary", "the user has no permissions boundary")
		say(r.Properties["LoginProfile"] == nil, "IAM.5", "the user has a password and no MFA")
	case "AWS::IAM::Group":
		say(r.Properties["Policies"] == nil, "IAM-inline", "the group has inline policies, which no size check counts")
	case "AWS::IAM::AccessKey":
		say(r.Properties["UserName"] != nil, "IAM.4", "the key is not a user's")
		say(
			c.activeKeys[r.Properties["UserName"]] <= 1 || r.Properties["Status"] == "Inactive", "AVD-AWS-0167",
			"the user has two active keys",
		)
	case "AWS::IAM::Role":
		if r.Metadata.Stowage.Of.Kind == "hub" {
			judgeHubRole(r.Properties, document("AssumeRolePolicyDocument", policydoc.Trust), say)
			return true
		}
		say(r.Properties["PermissionsBoundary"] != nil, "IAM-boundary", "the role has no permissions boundary")
		say(r.Properties["Policies"] == nil, "IAM-inline", "the role has inline policies, which no size check counts")
		for _, s := range document("AssumeRolePolicyDocument", policydoc.Trust) {
			judgeTrust(s, say)
		}
	default:
		return false
	}
	return true
}

// judgeDocument parses a policy and returns its statements; none if it is invalid.
func judgeDocument(value any, kind policydoc.Kind, say sayFunc) []policydoc.Statement {
	text, err := policydoc.Text(value)
	if err != nil {
		say(false, "IAM-grammar", err.Error())
		return nil
	}
	parsed, err := policydoc.Parse(text, kind)
	if err != nil {
		say(false, "IAM-grammar", err.Error())
		return nil
	}
	if size := policydoc.Size(text); kind == policydoc.Identity {
		say(size <= maxPolicy, "IAM-size", fmt.Sprintf("the policy has %d of %d characters", size, maxPolicy))
	}
	return parsed.Statements
}

func (c *controls) rotated(secret string) bool {
	for _, r := range c.resources {
		if r.Type == "AWS::SecretsManager::RotationSchedule" && at(r.Properties, "SecretId.Ref") == secret {
			return true
		}
	}
	return false
}

func judgeBucket(p object, say func(ok bool, control, text string)) {
	for flag, control := range map[string]string{
		"BlockPublicAcls": "S3.2", "IgnorePublicAcls": "S3.3", "BlockPublicPolicy": "S3.8",
		"RestrictPublicBuckets": "S3.8",
	} {
		say(at(p, "PublicAccessBlockConfiguration."+flag) == true, control, flag+" is not set")
	}
	say(
		at(p, "OwnershipControls.Rules.ObjectOwnership") == "BucketOwnerEnforced" && p["AccessControl"] == nil,
		"S3.12", "ACLs are in use",
	)
	rule := at(p, "BucketEncryption.ServerSideEncryptionConfiguration")
	key, _ := at(rule, "ServerSideEncryptionByDefault.KMSMasterKeyID").(string)
	say(
		at(rule, "ServerSideEncryptionByDefault.SSEAlgorithm") == "aws:kms" && key != "" &&
			at(rule, "BucketKeyEnabled") == true,
		"S3.17",
		"no customer managed key encrypts the bucket",
	)
	say(
		fmt.Sprint(at(rule, "BlockedEncryptionTypes.EncryptionType")) == "[SSE-C]", "SSE-C",
		"keys that the client brings are not blocked",
	)
	say(at(p, "VersioningConfiguration.Status") == "Enabled", "S3.14", "the bucket is not versioned")
	rules, _ := at(p, "LifecycleConfiguration.Rules").([]any)
	say(len(rules) > 0, "S3.13", "there are no lifecycle rules")
	say(
		slices.ContainsFunc(rules, func(r any) bool { return at(r, "NoncurrentVersionExpiration") != nil }),
		"S3.10", "old versions never expire",
	)
	say(at(p, "LoggingConfiguration.DestinationBucketName") != nil, "S3.9", "accesses are not logged")
	say(
		at(p, "NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled") == true, "S3.11",
		"there are no event notifications",
	)
	say(
		(p["ObjectLockEnabled"] == true) == (p["ObjectLockConfiguration"] != nil), "S3.15",
		"object lock is enabled by half",
	)
	bucket, _ := p["BucketName"].(string)
	say(bucket != "" && !strings.Contains(bucket, "."), "AVD-AWS-0320", "the name has dots, or there is none")
}

// narrowed reports whether a statement with principal * is limited to calls that a service makes
// for readers of certain secrets, or of secrets of certain accounts.
func narrowed(s policydoc.Statement) bool {
	for operator, keys := range s.Conditions {
		if operator != "StringEquals" && operator != "StringLike" {
			continue
		}
		if len(keys["kms:CallerAccount"]) > 0 {
			return !slices.Contains(keys["kms:CallerAccount"], "*")
		}
	}
	via := s.Conditions["StringEquals"]["kms:ViaService"]
	of := slices.Concat(
		s.Conditions["StringEquals"]["kms:EncryptionContext:SecretARN"],
		s.Conditions["StringLike"]["kms:EncryptionContext:SecretARN"],
	)
	return len(via) == 1 && len(of) == 1 && strings.Count(of[0], ":") == 6 &&
		!strings.Contains(of[0][:strings.LastIndex(of[0], ":")], "*") &&
		slices.Equal(s.Actions, []string{"kms:Decrypt"})
}

// judgeGrant checks one statement of a user's policy.
func judgeGrant(s policydoc.Statement, say func(ok bool, control, text string)) {
	if s.Effect != "Allow" {
		return
	}
	say(!s.NotAction && !s.NotResource, "IAM.1", "the statement allows all but something")
	for _, action := range s.Actions {
		service, name, _ := strings.Cut(strings.ToLower(action), ":")
		say(action != "*", "IAM.1", "the statement allows everything")
		say(name != "*", "IAM.21", "the statement allows everything of "+service)
		say(
			action == "*" || service != "s3" || !strings.Contains(name, "*"), "AVD-AWS-0345",
			"the statement has wildcards in an S3 action",
		)
		say(service != "iam" && service != "sts", "AVD-AWS-0342", "the statement allows "+action)
		if service == "kms" {
			say(
				!slices.ContainsFunc(s.Resources, func(r string) bool { return strings.ContainsAny(r, "*?") }), "KMS.1",
				action+" is allowed on many keys",
			)
		}
	}
	say(!slices.Contains(s.Resources, "*"), "CKV_AWS_111", "the statement allows something on every resource")
}

// requiresTLS reports whether statements deny all principals every access to the bucket and its
// objects without TLS 1.2.
func requiresTLS(statements []policydoc.Statement, bucket string) bool {
	refused := func(operator, key, value string) bool {
		return slices.ContainsFunc(statements, func(s policydoc.Statement) bool {
			whole := slices.ContainsFunc(s.Resources, func(r string) bool { return strings.HasSuffix(r, ":::"+bucket) }) &&
				slices.ContainsFunc(s.Resources, func(r string) bool { return strings.HasSuffix(r, ":::"+bucket+"/*") })
			return whole && s.Effect == "Deny" && slices.Equal(s.Principals["AWS"], []string{"*"}) &&
				slices.Equal(s.Actions, []string{"s3:*"}) &&
				len(s.Conditions) == 1 &&
				len(s.Conditions[operator]) == 1 &&
				slices.Equal(s.Conditions[operator][key], []string{value})
		})
	}
	return refused("Bool", "aws:SecureTransport", "false") && refused("NumericLessThan", "s3:TlsVersion", "1.2")
}
