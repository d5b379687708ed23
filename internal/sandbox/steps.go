package sandbox

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/secretsmanager"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// The permissions that CloudFormation needs to create, change and delete a resource. It uses those
// of the principal that changes the stack (CloudFormation user guide, using-iam-servicerole), and
// sets aws:CalledVia.
//
// They are those that the handlers of the resource types require (CloudFormation registry,
// "permissions"). Those that depend on the properties are in this file, the others in handlers.go.
// Only administrators can create types without an entry.

// permitStep authorizes one step of a resource; it is cloud.World.Permit.
func (s *Sandbox) permitStep(c cloud.Caller, step cloud.Step) error {
	demands, known := s.stepDemands(c, step)
	if !known {
		if administers(c) {
			return nil
		}
		return cloud.NotModelled("the rights that %s needs", step.Type)
	}
	service := strings.ToLower(strings.Split(step.Type, "::")[1])
	context := map[string][]string{
		"aws:CalledVia": {
			"cloudformation.amazonaws.com",
		},
		"aws:ViaAWSService":   {"true"},
		"aws:SecureTransport": {"true"},
		"aws:RequestedRegion": {c.Region},
	}
	if step.Reading && !step.Detecting {
		// The handler's calls are authorized as the caller's own (unproven: cloud-control-caller).
		delete(context, "aws:CalledVia")
	}
	refused := s.permit(service, c, demands, context)
	if refused == nil {
		return nil
	}
	return refused
}

type step struct {
	cloud.Step
	region, account string
	answers         unproven.Answers
	demands         []cloud.Demand
}

func (t *step) making() bool   { return t.Before == nil }
func (t *step) deleting() bool { return t.After == nil }

// sets reports whether the step sets, changes or removes a property.
func (t *step) sets(property string) bool {
	return !t.deleting() && !reflect.DeepEqual(t.Before[property], t.After[property])
}

// text returns a property after the step, or before a deletion.
func (t *step) text(property string) string {
	properties := t.After
	if t.deleting() {
		properties = t.Before
	}
	return fmt.Sprint(properties[property])
}

func (t *step) needs(resource string, actions ...string) {
	t.needsWith(nil, resource, actions...)
}

func (t *step) needsWith(context map[string][]string, resource string, actions ...string) {
	for _, action := range actions {
		t.demands = append(t.demands, cloud.Demand{Action: action, Resource: resource, Context: context})
	}
}

// life demands one action each for creation, change and deletion.
func (t *step) life(resource, making, changing, deleting string) {
	switch {
	case t.making():
		t.needs(resource, making)
	case t.deleting():
		t.needs(resource, deleting)
	case changing != "":
		t.needs(resource, changing)
	}
}

func (t *step) tags(resource, action string) {
	if t.sets("Tags") {
		t.needsWith(requestTags(t.After["Tags"]), resource, action)
	}
}

func (t *step) untags(resource, action string) {
	if t.making() || t.deleting() {
		return
	}
	after := requestTags(t.After["Tags"])
	for name := range requestTags(t.Before["Tags"]) {
		if _, stays := after[name]; !stays {
			t.needs(resource, action)
			return
		}
	}
}

// requestTags returns the condition keys of the tags that a call sets.
func requestTags(tags any) map[string][]string {
	context := map[string][]string{}
	list, _ := tags.([]any)
	for _, one := range list {
		if tag, ok := one.(map[string]any); ok {
			context["aws:RequestTag/"+fmt.Sprint(tag["Key"])] = []string{fmt.Sprint(tag["Value"])}
		}
	}
	return context
}

func (t *step) arn(service, rest string) string {
	return "arn:aws:" + service + ":" + t.region + ":" + t.account + ":" + rest
}

// stepDemands returns the permissions that a step requires; known is false for types that are not
// modelled.
func (s *Sandbox) stepDemands(c cloud.Caller, of cloud.Step) (demands []cloud.Demand, known bool) {
	t := &step{Step: of, region: c.Region, account: c.Account, answers: s.world.Answers}
	if of.Reading {
		return s.reading(c, t)
	}
	switch of.Type {
	case "AWS::S3::Bucket":
		t.bucket()
	case "AWS::S3::BucketPolicy":
		bucket := "arn:aws:s3:::" + t.text("Bucket")
		t.life(bucket, "s3:PutBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy")
		t.handlers(bucket)
	case "AWS::KMS::Key":
		t.key()
	case "AWS::KMS::Alias":
		alias := t.arn("kms", t.text("AliasName"))
		t.life(alias, "kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias")
		t.handlers(alias)
	case "AWS::SSM::Parameter":
		parameter := t.arn("ssm", "parameter/"+strings.TrimPrefix(t.text("Name"), "/"))
		t.life(parameter, "ssm:PutParameter", "ssm:PutParameter", "ssm:DeleteParameter")
		t.handlers(parameter)
	case "AWS::IAM::User":
		t.identity("user", t.text("UserName"), "User")
		s.groups(t)
		t.handlers(t.iam("user", t.text("UserName")))
	case "AWS::IAM::Role":
		s.role(t)
	case "AWS::IAM::Group":
		group := t.iam("group", t.text("GroupName"))
		t.life(group, "iam:CreateGroup", "", "iam:DeleteGroup")
		t.handlers(group)
	case "AWS::IAM::ManagedPolicy":
		s.managedPolicy(t)
		t.handlers(t.iam("policy", t.text("ManagedPolicyName")))
	case "AWS::IAM::AccessKey":
		t.life(
			s.iam.UserARN(c.Account, t.text("UserName")), "iam:CreateAccessKey", "iam:UpdateAccessKey",
			"iam:DeleteAccessKey",
		)
	case "AWS::SecretsManager::Secret":
		s.secret(c, t)
	case "AWS::SecretsManager::ResourcePolicy":
		secret := t.text("SecretId")
		t.life(
			secret, "secretsmanager:PutResourcePolicy", "secretsmanager:PutResourcePolicy",
			"secretsmanager:DeleteResourcePolicy",
		)
		t.handlers(secret)
	case "AWS::Transfer::Server":
		t.server()
	case "AWS::Transfer::User":
		t.sftpUser()
	case "AWS::Logs::LogGroup":
		t.logGroup()
	default:
		known := t.hubStep()
		return t.demands, known
	}
	return t.demands, true
}

// settingsOfBuckets are the actions that set the properties of a bucket.
var settingsOfBuckets = map[string]string{
	"BucketEncryption":                 "s3:PutEncryptionConfiguration",
	"VersioningConfiguration":          "s3:PutBucketVersioning",
	"PublicAccessBlockConfiguration":   "s3:PutBucketPublicAccessBlock",
	"OwnershipControls":                "s3:PutBucketOwnershipControls",
	"LifecycleConfiguration":           "s3:PutLifecycleConfiguration",
	"LoggingConfiguration":             "s3:PutBucketLogging",
	"NotificationConfiguration":        "s3:PutBucketNotification",
	"CorsConfiguration":                "s3:PutBucketCORS",
	"ObjectLockConfiguration":          "s3:PutBucketObjectLockConfiguration",
	"Tags":                             "s3:PutBucketTagging",
	"AbacStatus":                       "s3:PutBucketAbac",
	"AccelerateConfiguration":          "s3:PutAccelerateConfiguration",
	"AnalyticsConfigurations":          "s3:PutAnalyticsConfiguration",
	"IntelligentTieringConfigurations": "s3:PutIntelligentTieringConfiguration",
	"InventoryConfigurations":          "s3:PutInventoryConfiguration",
	"MetricsConfigurations":            "s3:PutMetricsConfiguration",
	"ReplicationConfiguration":         "s3:PutReplicationConfiguration",
	"AccessControl":                    "s3:PutBucketAcl",
}

func (t *step) bucket() {
	name := "arn:aws:s3:::" + t.text("BucketName")
	t.life(name, "s3:CreateBucket", "", "s3:DeleteBucket")
	for _, property := range slices.Sorted(maps.Keys(settingsOfBuckets)) {
		if t.sets(property) {
			t.needsWith(t.bucketContext(property), name, settingsOfBuckets[property])
		}
	}
	switch {
	case t.sets("WebsiteConfiguration") && t.After["WebsiteConfiguration"] == nil:
		t.needs(name, "s3:DeleteBucketWebsite")
	case t.sets("WebsiteConfiguration"):
		t.needs(name, "s3:PutBucketWebsite")
	}
	if t.Imported {
		t.needs(name, "s3:PutBucketTagging") // own tags; AWS calls s3:TagResource, which this allows
	}
	t.handlers(name)
}

// bucketContext returns the condition keys of an action that sets a property of a bucket.
// CreateBucket itself requires the permissions for three of them (S3 API reference, CreateBucket);
// for these the bucket's account may be unknown (unproven: s3-creation-resource-account).
func (t *step) bucketContext(property string) map[string][]string {
	while := property == "ObjectLockConfiguration" || property == "OwnershipControls" ||
		property == "VersioningConfiguration"
	if !t.making() || !while || t.answers.Of(unproven.CreationResourceAccount) == unproven.Set {
		return nil
	}
	return map[string][]string{"aws:ResourceAccount": nil}
}

func (t *step) key() {
	arn := t.arn("kms", "key/"+t.PhysicalID)
	switch {
	case t.making():
		t.needsWith(requestTags(t.After["Tags"]), "*", "kms:CreateKey", "kms:TagResource")
	case t.deleting():
		t.needs(arn, "kms:ScheduleKeyDeletion")
	default:
		for property, action := range map[string]string{
			"KeyPolicy": "kms:PutKeyPolicy", "Description": "kms:UpdateKeyDescription",
			"EnableKeyRotation": "kms:EnableKeyRotation", "Tags": "kms:TagResource",
		} {
			if t.sets(property) {
				t.needs(arn, action)
			}
		}
		t.untags(arn, "kms:UntagResource")
	}
	t.handlers(arn)
}

// iam returns the ARN of an IAM entity with the path of the properties.
func (t *step) iam(kind, name string) string {
	path := t.text("Path")
	if !strings.HasPrefix(path, "/") {
		path = "/"
	}
	return "arn:aws:iam::" + t.account + ":" + kind + path + name
}

// identity demands what users and roles have in common.
func (t *step) identity(kind, name, noun string) {
	arn := t.iam(kind, name)
	boundary := map[string][]string{}
	if text, ok := t.After["PermissionsBoundary"].(string); ok {
		boundary["iam:PermissionsBoundary"] = []string{text}
	}
	switch {
	case t.making():
		t.needsWith(boundary, arn, "iam:Create"+noun)
	case t.deleting():
		t.needs(arn, "iam:Delete"+noun)
	case t.sets("PermissionsBoundary"):
		t.needsWith(boundary, arn, "iam:Put"+noun+"PermissionsBoundary")
	}
	t.tags(arn, "iam:Tag"+noun)
	t.untags(arn, "iam:Untag"+noun)
}

// role demands the permissions to change a role besides those common to users and roles.
func (s *Sandbox) role(t *step) {
	t.identity("role", t.text("RoleName"), "Role")
	role := t.iam("role", t.text("RoleName"))
	if !t.making() && t.sets("AssumeRolePolicyDocument") {
		t.needsWith(
			map[string][]string{"iam:PermissionsBoundary": {s.iam.BoundaryOf(t.account, role)}}, role,
			"iam:UpdateAssumeRolePolicy",
		)
	}
	if !t.making() && t.sets("Description") {
		t.needs(role, "iam:UpdateRole")
	}
	t.handlers(role)
}

// groups demands the permissions to add a user to groups and to remove it from them.
func (s *Sandbox) groups(t *step) {
	for name, was := range setOf(t.Before["Groups"]) {
		if !setOf(t.After["Groups"])[name] && was {
			t.needs(s.iam.GroupARN(t.account, name), "iam:RemoveUserFromGroup")
		}
	}
	for name := range setOf(t.After["Groups"]) {
		if !setOf(t.Before["Groups"])[name] {
			t.needs(s.iam.GroupARN(t.account, name), "iam:AddUserToGroup")
		}
	}
}

// setOf returns the strings of a list as a set.
func setOf(list any) map[string]bool {
	set := map[string]bool{}
	all, _ := list.([]any)
	for _, one := range all {
		set[fmt.Sprint(one)] = true
	}
	return set
}

func (s *Sandbox) managedPolicy(t *step) {
	arn := t.iam("policy", t.text("ManagedPolicyName"))
	t.life(arn, "iam:CreatePolicy", "", "iam:DeletePolicy")
	if !t.making() && t.sets("PolicyDocument") {
		t.needs(arn, "iam:CreatePolicyVersion")
	}
	// A policy is attached to a role or user by its ARN and by the entity's boundary (Service
	// authorization reference, IAM).
	about := func(target string) map[string][]string {
		context := map[string][]string{"iam:PolicyARN": {arn}}
		if boundary := s.iam.BoundaryOf(t.account, target); boundary != "" {
			context["iam:PermissionsBoundary"] = []string{boundary}
		}
		return context
	}
	for _, of := range []struct {
		property, noun string
		find           func(account, name string) string
	}{
		{"Groups", "Group", s.iam.GroupARN},
		{"Roles", "Role", func(account, name string) string { found, _, _ := s.iam.Role(account, name); return found }},
		{"Users", "User", s.iam.UserARN},
	} {
		before, after := setOf(t.Before[of.property]), setOf(t.After[of.property])
		for name := range after {
			if target := of.find(t.account, name); !before[name] {
				t.needsWith(about(target), target, "iam:Attach"+of.noun+"Policy")
			}
		}
		for name := range before {
			if found := of.find(t.account, name); !after[name] && found != "" {
				t.needsWith(about(found), found, "iam:Detach"+of.noun+"Policy")
			}
		}
	}
}

func (s *Sandbox) secret(c cloud.Caller, t *step) {
	arn := t.PhysicalID
	if t.making() {
		arn = t.arn("secretsmanager", "secret:"+t.text("Name")+"-??????")
	}
	t.life(arn, "secretsmanager:CreateSecret", "secretsmanager:UpdateSecret", "secretsmanager:DeleteSecret")
	t.tags(arn, "secretsmanager:TagResource")
	t.untags(arn, "secretsmanager:UntagResource")
	if key, ok := t.After["KmsKeyId"].(string); ok && t.sets("SecretString") {
		t.demands = append(t.demands, secretsmanager.KeyDemand("kms:GenerateDataKey", key, t.region, arn))
	}
	if reference, ok := t.After["SecretString"].(string); ok && t.sets("SecretString") &&
		strings.HasPrefix(reference, "{{resolve:secretsmanager:") {
		id, _, _ := strings.Cut(strings.TrimPrefix(reference, "{{resolve:secretsmanager:"), ":SecretString")
		t.demands = append(t.demands, s.secrets.ReadDemands(c, strings.TrimSuffix(id, "}}"))...)
	}
	t.handlers(arn)
}

// server also demands the permissions for the delivery of structured logs (AWS Transfer Family user
// guide, structured-logging).
func (t *step) server() {
	arn := t.PhysicalID
	if t.making() {
		arn = t.arn("transfer", "server/*")
		t.needs("*", "transfer:CreateServer") // has no resource (Service authorization reference)
	} else {
		t.life(arn, "", "transfer:UpdateServer", "transfer:DeleteServer")
	}
	t.tags(arn, "transfer:TagResource")
	t.untags(arn, "transfer:UntagResource")
	if role, ok := t.After["LoggingRole"].(string); ok && t.sets("LoggingRole") {
		t.passes(role)
	}
	if t.sets("StructuredLogDestinations") {
		t.needs(
			"*", "logs:CreateLogDelivery", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies",
			"logs:DescribeLogGroups",
		)
	}
	if t.deleting() {
		t.needs("*", "logs:DeleteLogDelivery")
	}
	t.handlers(arn)
}

// passes demands the permission to pass a role to AWS Transfer Family.
func (t *step) passes(role string) {
	t.needsWith(map[string][]string{"iam:PassedToService": {"transfer.amazonaws.com"}}, role, "iam:PassRole")
}

func (t *step) sftpUser() {
	arn := t.arn("transfer", "user/"+t.text("ServerId")+"/"+t.text("UserName"))
	if t.making() {
		t.needs(t.arn("transfer", "server/"+t.text("ServerId")), "transfer:CreateUser")
	} else {
		t.life(arn, "", "transfer:UpdateUser", "transfer:DeleteUser")
	}
	t.tags(arn, "transfer:TagResource")
	t.untags(arn, "transfer:UntagResource")
	if t.sets("Role") {
		t.passes(t.text("Role"))
	}
	if !t.making() && t.sets("SshPublicKeys") {
		t.needs(arn, "transfer:ImportSshPublicKey", "transfer:DeleteSshPublicKey")
	}
	t.handlers(arn)
}

func (t *step) logGroup() {
	arn := t.arn("logs", "log-group:"+t.text("LogGroupName")+":*")
	t.life(arn, "logs:CreateLogGroup", "", "logs:DeleteLogGroup")
	if t.sets("RetentionInDays") {
		t.needs(arn, "logs:PutRetentionPolicy")
	}
	if t.sets("KmsKeyId") {
		t.needs(arn, "logs:AssociateKmsKey")
	}
	t.tags(arn, "logs:TagResource")
	t.untags(arn, "logs:UntagResource")
	t.handlers(arn)
}
