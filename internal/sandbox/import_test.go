package sandbox_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// stacks creates and changes stacks of one account.
type stacks struct {
	t      *testing.T
	box    *sandbox.Sandbox
	client *cloudformation.Client
	sets   int
}

// change creates a change set that may import, and describes it.
func (s *stacks) change(
	stack, template string, imports bool, kind types.ChangeSetType,
) *cloudformation.DescribeChangeSetOutput {
	s.t.Helper()
	s.sets++
	made, err := s.client.CreateChangeSet(s.t.Context(), &cloudformation.CreateChangeSetInput{
		StackName: aws.String(stack), ChangeSetName: aws.String(fmt.Sprint("set-", s.sets)), ChangeSetType: kind,
		TemplateBody: aws.String(template), ImportExistingResources: aws.Bool(imports),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	out, err := s.client.DescribeChangeSet(
		s.t.Context(),
		&cloudformation.DescribeChangeSetInput{ChangeSetName: made.Id, IncludePropertyValues: aws.Bool(true)},
	)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func (s *stacks) execute(set *cloudformation.DescribeChangeSetOutput) {
	s.t.Helper()
	if _, err := s.client.ExecuteChangeSet(
		s.t.Context(), &cloudformation.ExecuteChangeSetInput{ChangeSetName: set.ChangeSetId},
	); err != nil {
		s.t.Fatalf("%v; %s", err, aws.ToString(set.StatusReason))
	}
}

// actions returns the changes of a set: "Add A", "Import B legacy".
func actions(set *cloudformation.DescribeChangeSetOutput) []string {
	var list []string
	for _, c := range set.Changes {
		list = append(
			list,
			strings.TrimSpace(fmt.Sprintf("%s %s %s", c.ResourceChange.Action, aws.ToString(c.ResourceChange.LogicalResourceId),
				aws.ToString(c.ResourceChange.PhysicalResourceId))),
		)
	}
	return list
}

func (s *stacks) events(stack, logicalID string) []string {
	s.t.Helper()
	out, err := s.client.DescribeStackEvents(
		s.t.Context(), &cloudformation.DescribeStackEventsInput{StackName: aws.String(stack)},
	)
	if err != nil {
		s.t.Fatal(err)
	}
	var list []string
	for _, e := range out.StackEvents {
		if aws.ToString(e.LogicalResourceId) == logicalID {
			list = append(list, strings.TrimSpace(string(e.ResourceStatus)+" "+aws.ToString(e.ResourceStatusReason)))
		}
	}
	slices.Reverse(list)
	return list
}

const topicTemplate = `"T":{"Type":"AWS::SNS::Topic"}`

// legacy serves a stack "ours" with a topic, and a bucket that belongs to no stack.
func legacy(t *testing.T, settings string) (*stacks, *s3.Client, *cloudcontrol.Client) {
	t.Helper()
	box, c := serve(t)
	s := &stacks{t: t, box: box, client: cloudformation.NewFromConfig(c)}
	made := s.change(
		"theirs",
		`{"Resources":{"B":{"Type":"AWS::S3::Bucket","DeletionPolicy":"Retain","Properties":{"BucketName":"legacy"`+settings+`}}}}`,
		false,
		types.ChangeSetTypeCreate,
	)
	s.execute(made)
	if _, err := s.client.DeleteStack(
		t.Context(), &cloudformation.DeleteStackInput{StackName: aws.String("theirs")},
	); err != nil {
		t.Fatal(err)
	}
	s.execute(s.change("ours", `{"Resources":{`+topicTemplate+`}}`, false, types.ChangeSetTypeCreate))
	return s, s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true }), cloudcontrol.NewFromConfig(c)
}

func adopting(properties string) string {
	return `{"Resources":{` + topicTemplate + `,"B":{"Type":"AWS::S3::Bucket","DeletionPolicy":"Retain","Properties":` + properties + `}}}`
}

func read(t *testing.T, control *cloudcontrol.Client) map[string]any {
	t.Helper()
	out, err := control.GetResource(
		t.Context(),
		&cloudcontrol.GetResourceInput{TypeName: aws.String("AWS::S3::Bucket"), Identifier: aws.String("legacy")},
	)
	if err != nil {
		t.Fatal(err)
	}
	properties := map[string]any{}
	if err := json.Unmarshal([]byte(aws.ToString(out.ResourceDescription.Properties)), &properties); err != nil {
		t.Fatal(err)
	}
	return properties
}

func TestImport_UpdateHandlerFollows(t *testing.T) {
	t.Parallel()
	s, buckets, control := legacy(t, `,"VersioningConfiguration":{"Status":"Enabled"},"Tags":[{"Key":"a","Value":"b"}]`)
	set := s.change(
		"ours", adopting(`{"BucketName":"legacy","VersioningConfiguration":{"Status":"Suspended"}}`), true,
		types.ChangeSetTypeUpdate,
	)
	if diff := cmp.Diff([]string{"Import B legacy"}, actions(set)); diff != "" {
		t.Fatal(diff)
	}
	if !aws.ToBool(set.ImportExistingResources) {
		t.Error("the description does not say that the set imports")
	}
	s.execute(set)
	if diff := cmp.Diff([]string{
		"IMPORT_IN_PROGRESS Resource import started.", "IMPORT_COMPLETE Resource import completed.",
		"UPDATE_IN_PROGRESS Apply stack-level tags to imported resource if applicable.", "UPDATE_COMPLETE",
	}, s.events("ours", "B")); diff != "" {
		t.Error(diff)
	}
	versioning, err := buckets.GetBucketVersioning(t.Context(), &s3.GetBucketVersioningInput{Bucket: aws.String("legacy")})
	if err != nil || versioning.Status != s3types.BucketVersioningStatusSuspended {
		t.Errorf("the update handler did not run: %v, %v", versioning, err)
	}
	tags := fmt.Sprint(read(t, control)["Tags"])
	if !strings.Contains(tags, "Key:aws:cloudformation:stack-name Value:ours") || strings.Contains(tags, "theirs") ||
		strings.Contains(tags, "Key:a ") {
		t.Errorf("tags %s", tags)
	}
}

func TestImport_EqualTemplateOnlyTags(t *testing.T) {
	t.Parallel()
	s, _, control := legacy(
		t,
		`,"LifecycleConfiguration":{"Rules":[{"Status":"Enabled","ExpirationInDays":5}]},"CorsConfiguration":{"CorsRules":`+
			`[{"AllowedMethods":["GET"],"AllowedOrigins":["*"]}]},"WebsiteConfiguration":{"IndexDocument":"i"}`,
	)
	before := read(t, control)
	declared := map[string]any{}
	for name, value := range before {
		if !slices.Contains(
			[]string{"Arn", "DomainName", "DualStackDomainName", "RegionalDomainName", "WebsiteURL", "Tags"}, name,
		) {
			declared[name] = value
		}
	}
	if before["CorsConfiguration"].(map[string]any)["CorsRules"].([]any)[0].(map[string]any)["MaxAge"] != 0.0 {
		t.Errorf("no MaxAge is added: %v", before["CorsConfiguration"])
	}
	text, err := json.Marshal(declared)
	if err != nil {
		t.Fatal(err)
	}
	s.execute(s.change("ours", adopting(string(text)), true, types.ChangeSetTypeUpdate))
	after := read(t, control)
	delete(before, "Tags")
	delete(after, "Tags")
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the import changed the bucket: %s", diff)
	}
}

func TestImport_Refusals(t *testing.T) {
	t.Parallel()
	s, _, _ := legacy(t, "")
	unkept := strings.Replace(adopting(`{"BucketName":"legacy"}`), `"DeletionPolicy":"Retain",`, "", 1)
	set := s.change("ours", unkept, true, types.ChangeSetTypeUpdate)
	const want = "CloudFormation is attempting to import some resources because they already exist in your account. The resources must have the " +
		"DeletionPolicy attribute set to 'Retain' or 'RetainExceptOnCreate' in the template for successful import. " +
		"The affected resources are B ({BucketName=legacy})"
	if set.Status != types.ChangeSetStatusFailed || aws.ToString(set.StatusReason) != want {
		t.Errorf("%s: %s", set.Status, aws.ToString(set.StatusReason))
	}
	computed := adopting(`{"BucketName":{"Fn::Sub":"legacy"}}`)
	if set := s.change("ours", computed, true, types.ChangeSetTypeUpdate); slices.Contains(
		actions(set), "Import B legacy",
	) {
		t.Error("a computed name was imported")
	}
	s.execute(s.change("another", adopting(`{"BucketName":"legacy"}`), true, types.ChangeSetTypeCreate))
	for answer, fails := range map[string]bool{unproven.Added: false, unproven.Refused: true} {
		s.box.World().Lock()
		s.box.World().Answers = unproven.Answers{unproven.ForeignImport: answer}
		s.box.World().Unlock()
		set := s.change("ours", adopting(`{"BucketName":"legacy"}`), true, types.ChangeSetTypeUpdate)
		reason := aws.ToString(set.StatusReason)
		if set.Status != types.ChangeSetStatusFailed || strings.Contains(reason, "already in a stack") != fails {
			t.Errorf("a bucket of another stack: %s %s", set.Status, reason)
		}
	}
	found, err := s.client.DescribeStackResources(
		t.Context(), &cloudformation.DescribeStackResourcesInput{PhysicalResourceId: aws.String("legacy")},
	)
	if err != nil || len(found.StackResources) != 2 || aws.ToString(found.StackResources[0].StackName) != "another" {
		t.Errorf("the stack of the bucket: %v, %v", found, err)
	}
	_, err = s.client.DescribeStackResources(
		t.Context(), &cloudformation.DescribeStackResourcesInput{PhysicalResourceId: aws.String("nothing")},
	)
	wantError(t, err, "ValidationError", "Stack for nothing does not exist")
}

// TestImport_OneStackOnly lets two resources of one template, and then two stacks, import one bucket.
func TestImport_OneStackOnly(t *testing.T) {
	t.Parallel()
	s, _, _ := legacy(t, "")
	twice := strings.Replace(
		adopting(`{"BucketName":"legacy"}`), `"B":`,
		`"A":{"Type":"AWS::S3::Bucket","DeletionPolicy":"Retain","Properties":{"BucketName":"legacy"}},"B":`, 1,
	)
	if set := s.change("ours", twice, true, types.ChangeSetTypeUpdate); slices.Contains(actions(set), "Import A legacy") &&
		slices.Contains(actions(set), "Import B legacy") {
		t.Errorf("one bucket is imported twice: %v", actions(set))
	}
	first := s.change("ours", adopting(`{"BucketName":"legacy"}`), true, types.ChangeSetTypeUpdate)
	s.execute(s.change("another", adopting(`{"BucketName":"legacy"}`), true, types.ChangeSetTypeCreate))
	s.execute(first)
	if events := s.events("ours", "B"); !slices.ContainsFunc(events, func(event string) bool {
		return strings.Contains(event, "already exists in stack")
	}) {
		t.Errorf("events %q", events)
	}
}

func TestImport_RollbackLeavesTheBucket(t *testing.T) {
	t.Parallel()
	s, buckets, _ := legacy(t, "")
	if err := s.box.AddFaults(
		sandbox.Fault{ResourceType: "AWS::S3::Bucket", Phase: "update", Reason: "it failed", Times: 1},
	); err != nil {
		t.Fatal(err)
	}
	s.execute(s.change("ours", adopting(`{"BucketName":"legacy"}`), true, types.ChangeSetTypeUpdate))
	events := s.events("ours", "B")
	if !slices.Contains(events, "UPDATE_FAILED it failed") || events[len(events)-1] != "DELETE_SKIPPED" {
		t.Errorf("events %q", events)
	}
	if _, err := buckets.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String("legacy")}); err != nil {
		t.Error(err)
	}
	if _, err := s.client.DescribeStackResource(t.Context(), &cloudformation.DescribeStackResourceInput{
		StackName: aws.String("ours"), LogicalResourceId: aws.String("B"),
	}); err == nil {
		t.Error("the bucket is still the stack's")
	}
}

func TestCloudControl(t *testing.T) {
	t.Parallel()
	_, buckets, control := legacy(
		t,
		`,"OwnershipControls":{"Rules":[{"ObjectOwnership":"ObjectWriter"}]},"AccessControl":"LogDeliveryWrite"`,
	)
	got := read(t, control)
	for name, want := range map[string]any{
		"AbacStatus": "Disabled", "WebsiteURL": "http://legacy.s3-website-eu-west-1.amazonaws.com", "VersioningConfiguration": nil, "AccessControl": nil,
		"BucketEncryption": map[string]any{"ServerSideEncryptionConfiguration": []any{map[string]any{
			"BucketKeyEnabled": false, "BlockedEncryptionTypes": map[string]any{"EncryptionType": []any{"SSE-C"}},
			"ServerSideEncryptionByDefault": map[string]any{"SSEAlgorithm": "AES256"},
		}}},
	} {
		if diff := cmp.Diff(want, got[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	get := func(typeName, identifier string) error {
		_, err := control.GetResource(
			t.Context(),
			&cloudcontrol.GetResourceInput{TypeName: aws.String(typeName), Identifier: aws.String(identifier)},
		)
		return err
	}
	for _, missing := range []string{"AWS::S3::Bucket none", "AWS::S3::BucketPolicy legacy"} {
		typeName, name, _ := strings.Cut(missing, " ")
		if err := get(typeName, name); err == nil || !strings.Contains(err.Error(), "ResourceNotFoundException") ||
			!strings.Contains(err.Error(), "HandlerErrorCode: NotFound") {
			t.Errorf("%s: %v", missing, err)
		}
	}
	if err := get("AWS::S3::Bucket", `{"BucketName":"legacy"}`); err != nil {
		t.Error(err)
	}
	acl, err := buckets.GetBucketAcl(t.Context(), &s3.GetBucketAclInput{Bucket: aws.String("legacy")})
	if err != nil || len(acl.Grants) != 3 {
		t.Errorf("ACL %+v, %v", acl, err)
	}
	_, err = buckets.PutBucketOwnershipControls(t.Context(), &s3.PutBucketOwnershipControlsInput{
		Bucket: aws.String("legacy"), OwnershipControls: &s3types.OwnershipControls{Rules: []s3types.OwnershipControlsRule{
			{ObjectOwnership: s3types.ObjectOwnershipBucketOwnerEnforced},
		}},
	})
	wantError(
		t, err, "InvalidBucketAclWithObjectOwnership",
		"Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
	)
}
