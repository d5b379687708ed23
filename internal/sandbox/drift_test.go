package sandbox_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

// drifting is a stack "partner" with a resource of each type that Stowage's templates contain, and
// the means to change them outside of CloudFormation.
type drifting struct {
	*partner
	box     *sandbox.Sandbox
	s3      *s3.Client
	iam     *iam.Client
	ssm     *ssm.Client
	kms     *kms.Client
	secrets *secretsmanager.Client
	sets    int
}

func newDrifting(t *testing.T, o sandbox.Options) *drifting {
	t.Helper()
	o.Seed = 1
	box := sandbox.New(o)
	c := config(sandbox.HubAccount, func(c *aws.Config) {
		c.HTTPClient = &http.Client{Transport: simulate.NewTransport(box)}
	})
	p := newPartner(t)
	p.config, p.stacks = c, cloudformation.NewFromConfig(c)
	p.resources["User"] = `{"Type":"AWS::IAM::User","DependsOn":"Group","Properties":{"UserName":"acme-ann","Path":"/stowage/","Groups":["acme-ann"],` +
		`"PermissionsBoundary":{"Ref":"Boundary"},"Tags":[{"Key":"team","Value":"blue"}]}}`
	p.resources["KeyA"] = `{"Type":"AWS::IAM::AccessKey","DependsOn":"User","Properties":{"UserName":"acme-ann"}}`
	p.resources["Key"] = `{"Type":"AWS::KMS::Key","Properties":{"Description":"d","EnableKeyRotation":true,"PendingWindowInDays":30,"KeyPolicy":{"Version":"2012-10-17",` +
		`"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"kms:*","Resource":"*"}]}}}`
	p.resources["Alias"] = `{"Type":"AWS::KMS::Alias","Properties":{"AliasName":"alias/acme","TargetKeyId":{"Ref":"Key"}}}`
	p.resources["Marker"] = `{"Type":"AWS::SSM::Parameter","Properties":{"Name":"/acme/revision","Type":"String","Value":"1"}}`
	p.resources["Bucket"] = `{"Type":"AWS::S3::Bucket","DeletionPolicy":"RetainExceptOnCreate","Properties":{"BucketName":"acme-inbox",` +
		`"PublicAccessBlockConfiguration":{"BlockPublicAcls":true,"BlockPublicPolicy":true,"IgnorePublicAcls":true,"RestrictPublicBuckets":true},` +
		`"OwnershipControls":{"Rules":[{"ObjectOwnership":"BucketOwnerEnforced"}]},` +
		`"BucketEncryption":{"ServerSideEncryptionConfiguration":[{"BucketKeyEnabled":true,"ServerSideEncryptionByDefault":{"SSEAlgorithm":"aws:kms","KMSMasterKeyID":{"Fn::GetAtt":["Key","Arn"]}}}]},` +
		`"VersioningConfiguration":{"Status":"Enabled"},` +
		`"LifecycleConfiguration":{"Rules":[{"Id":"expire","Status":"Enabled","ExpirationInDays":30}]},` +
		`"Tags":[{"Key":"team","Value":"blue"}]}}`
	p.resources["BucketPolicy"] = `{"Type":"AWS::S3::BucketPolicy","DependsOn":"Bucket","Properties":{"Bucket":"acme-inbox","PolicyDocument":{"Version":"2012-10-17","Statement":[{"Sid":"TLS","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::acme-inbox","arn:aws:s3:::acme-inbox/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}}}`
	d := &drifting{
		partner: p, box: box, iam: iam.NewFromConfig(c), ssm: ssm.NewFromConfig(c), kms: kms.NewFromConfig(c),
		s3:      s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true }),
		secrets: secretsmanager.NewFromConfig(c),
	}
	d.create()
	return d
}

func (d *drifting) detect(only ...string) *cloudformation.DescribeStackDriftDetectionStatusOutput {
	d.Helper()
	started, err := d.stacks.DetectStackDrift(
		d.Context(), &cloudformation.DetectStackDriftInput{StackName: aws.String("partner"), LogicalResourceIds: only},
	)
	d.must(err)
	d.box.RunDue()
	return d.detection(started.StackDriftDetectionId)
}

func (d *drifting) detection(id *string) *cloudformation.DescribeStackDriftDetectionStatusOutput {
	d.Helper()
	out, err := d.stacks.DescribeStackDriftDetectionStatus(
		d.Context(), &cloudformation.DescribeStackDriftDetectionStatusInput{StackDriftDetectionId: id},
	)
	d.must(err)
	return out
}

// drifts returns the results by logical ID: "MODIFIED /Path KIND expected actual; ...".
func (d *drifting) drifts(filters ...types.StackResourceDriftStatus) map[string]string {
	d.Helper()
	out, err := d.stacks.DescribeStackResourceDrifts(d.Context(), &cloudformation.DescribeStackResourceDriftsInput{
		StackName: aws.String("partner"), StackResourceDriftStatusFilters: filters,
	})
	d.must(err)
	found := map[string]string{}
	for _, one := range out.StackResourceDrifts {
		found[aws.ToString(one.LogicalResourceId)] = driftText(one)
	}
	return found
}

func driftText(one types.StackResourceDrift) string {
	parts := []string{string(one.StackResourceDriftStatus)}
	for _, p := range one.PropertyDifferences {
		parts = append(parts, fmt.Sprintf(
			"%s %s %s %s", aws.ToString(p.PropertyPath), p.DifferenceType, aws.ToString(p.ExpectedValue),
			aws.ToString(p.ActualValue),
		))
	}
	return strings.Join(parts, "; ")
}

func (d *drifting) modified() string {
	d.Helper()
	var lines []string
	for name, text := range d.drifts(
		types.StackResourceDriftStatusModified, types.StackResourceDriftStatusDeleted, types.StackResourceDriftStatusUnknown,
	) {
		lines = append(lines, name+" "+text)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func (d *drifting) stack() types.Stack {
	d.Helper()
	out, err := d.stacks.DescribeStacks(
		d.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String("partner")},
	)
	d.must(err)
	return out.Stacks[0]
}

func TestDrift_InSync(t *testing.T) {
	t.Parallel()
	d := newDrifting(t, sandbox.Options{})
	if got := d.stack().DriftInformation; got.StackDriftStatus != "NOT_CHECKED" || got.LastCheckTimestamp != nil {
		t.Errorf("before a detection: %+v", got)
	}
	status := d.detect()
	if status.DetectionStatus != "DETECTION_COMPLETE" || status.StackDriftStatus != "IN_SYNC" ||
		aws.ToInt32(status.DriftedStackResourceCount) != 0 || status.DriftedStackResourceCount == nil ||
		status.DetectionStatusReason != nil || aws.ToString(status.StackId) != aws.ToString(d.stack().StackId) {
		t.Errorf("the detection: %+v", status)
	}
	// Bucket policies, aliases and policies of secrets have no drift detection, access keys neither.
	want := map[string]string{}
	for _, name := range []string{
		"Boundary", "Bucket", "Group", "Key", "Logs", "Marker", "Policy", "Role", "SFTP", "Secret", "Server", "User",
	} {
		want[name] = "IN_SYNC"
	}
	if diff := cmp.Diff(want, d.drifts()); diff != "" {
		t.Errorf("results: %s", diff)
	}
	if got := d.stack().DriftInformation; got.StackDriftStatus != "IN_SYNC" || got.LastCheckTimestamp == nil {
		t.Errorf("after the detection: %+v", got)
	}
	listed, err := d.stacks.ListStackResources(
		t.Context(), &cloudformation.ListStackResourcesInput{StackName: aws.String("partner")},
	)
	d.must(err)
	for _, r := range listed.StackResourceSummaries {
		status := string(r.DriftInformation.StackResourceDriftStatus)
		if _, checked := want[aws.ToString(r.LogicalResourceId)]; checked != (status == "IN_SYNC") ||
			checked != (r.DriftInformation.LastCheckTimestamp != nil) {
			t.Errorf("%s is %s", aws.ToString(r.LogicalResourceId), status)
		}
	}
}

// TestDrift_Changes changes and deletes each kind of resource by its service's API.
func TestDrift_Changes(t *testing.T) {
	t.Parallel()
	name := aws.String("acme-inbox")
	for title, test := range map[string]struct {
		change func(d *drifting) error
		want   string
	}{
		"public access allowed": {func(d *drifting) error {
			_, err := d.s3.DeletePublicAccessBlock(t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: name})
			return err
		}, `Bucket MODIFIED; /PublicAccessBlockConfiguration REMOVE {"BlockPublicAcls":true,"BlockPublicPolicy":true,"IgnorePublicAcls":true,"RestrictPublicBuckets":true} null`},
		"one flag": {func(d *drifting) error {
			_, err := d.s3.PutPublicAccessBlock(t.Context(), &s3.PutPublicAccessBlockInput{
				Bucket: name, PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{
					BlockPublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(false), IgnorePublicAcls: aws.Bool(true),
					RestrictPublicBuckets: aws.Bool(true),
				},
			})
			return err
		}, "Bucket MODIFIED; /PublicAccessBlockConfiguration/BlockPublicPolicy NOT_EQUAL true false"},
		"versioning": {func(d *drifting) error {
			_, err := d.s3.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
				Bucket: name, VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusSuspended},
			})
			return err
		}, "Bucket MODIFIED; /VersioningConfiguration/Status NOT_EQUAL Enabled Suspended"},
		"lifecycle": {func(d *drifting) error {
			_, err := d.s3.DeleteBucketLifecycle(t.Context(), &s3.DeleteBucketLifecycleInput{Bucket: name})
			return err
		}, `Bucket MODIFIED; /LifecycleConfiguration REMOVE {"Rules":[{"ExpirationInDays":30,"Id":"expire","Status":"Enabled"}]} null`},
		"tags": {func(d *drifting) error {
			_, err := d.s3.PutBucketTagging(t.Context(), &s3.PutBucketTaggingInput{Bucket: name, Tagging: &s3types.Tagging{
				TagSet: []s3types.Tag{{Key: aws.String("team"), Value: aws.String("red")}, {Key: aws.String("more"), Value: aws.String("1")}},
			}})
			return err
		}, `Bucket MODIFIED; /Tags/0/Value NOT_EQUAL blue red; /Tags/1 ADD null {"Key":"more","Value":"1"}`},
		"bucket policy": {func(d *drifting) error {
			_, err := d.s3.DeleteBucketPolicy(t.Context(), &s3.DeleteBucketPolicyInput{Bucket: name})
			return err
		}, ""},
		"bucket": {func(d *drifting) error {
			_, err := d.s3.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: name})
			return err
		}, "Bucket DELETED"},
		"member of the group": {func(d *drifting) error {
			_, err := d.iam.RemoveUserFromGroup(t.Context(), &iam.RemoveUserFromGroupInput{
				UserName: aws.String("acme-ann"), GroupName: aws.String("acme-ann"),
			})
			return err
		}, `User MODIFIED; /Groups REMOVE ["acme-ann"] null`},
		"boundary": {func(d *drifting) error {
			_, err := d.iam.DeleteUserPermissionsBoundary(
				t.Context(), &iam.DeleteUserPermissionsBoundaryInput{UserName: aws.String("acme-ann")},
			)
			return err
		}, "User MODIFIED; /PermissionsBoundary REMOVE arn:aws:iam::000000000000:policy/acme-boundary null"},
		"user": {(*drifting).deleteUser, "User DELETED"},
		"policy of the group": {func(d *drifting) error {
			_, err := d.iam.DetachGroupPolicy(t.Context(), &iam.DetachGroupPolicyInput{
				GroupName: aws.String("acme-ann"), PolicyArn: aws.String("arn:aws:iam::000000000000:policy/acme-ann-1"),
			})
			return err
		}, `Policy MODIFIED; /Groups REMOVE ["acme-ann"] null`},
		"document of the policy": {func(d *drifting) error {
			_, err := d.iam.CreatePolicyVersion(t.Context(), &iam.CreatePolicyVersionInput{
				PolicyArn: aws.String("arn:aws:iam::000000000000:policy/acme-ann-1"), SetAsDefault: true,
				PolicyDocument: aws.String(strings.ReplaceAll(boundary, "acme-*", "*")),
			})
			return err
		}, "Policy MODIFIED; /PolicyDocument/Statement/0/Resource NOT_EQUAL arn:aws:s3:::acme-* arn:aws:s3:::*"},
		"access key": {func(d *drifting) error {
			_, err := d.iam.DeleteAccessKey(t.Context(), &iam.DeleteAccessKeyInput{
				UserName: aws.String("acme-ann"), AccessKeyId: aws.String(d.physical("KeyA")),
			})
			return err
		}, ""},
		"parameter": {func(d *drifting) error {
			_, err := d.ssm.PutParameter(t.Context(), &ssm.PutParameterInput{
				Name: aws.String("/acme/revision"), Value: aws.String("7"), Type: ssmtypes.ParameterTypeString, Overwrite: aws.Bool(true),
			})
			return err
		}, "Marker MODIFIED; /Value NOT_EQUAL 1 7"},
		"secret": {func(d *drifting) error {
			_, err := d.secrets.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: aws.String("stowage/acme/ann")})
			return err
		}, "Secret DELETED"},
		"SFTP user": {func(d *drifting) error {
			d.sftp("DeleteUser", nil)
			return nil
		}, "SFTP DELETED"},
		"home of the SFTP user": {func(d *drifting) error {
			d.sftp("UpdateUser", map[string]any{"HomeDirectoryMappings": []map[string]string{{"Entry": "/", "Target": "/acme-inbox"}}})
			return nil
		}, "SFTP MODIFIED; /HomeDirectoryMappings/0/Entry NOT_EQUAL /inbox /; /HomeDirectoryMappings/0/Target NOT_EQUAL /acme-inbox/in /acme-inbox"},
		"another key of the SFTP user": {func(d *drifting) error {
			d.sftp("ImportSshPublicKey", map[string]any{"SshPublicKeyBody": sshKey(9)})
			return nil
		}, "SFTP MODIFIED; /SshPublicKeys/1 ADD null " + sshKey(9)},
		"key of the SFTP user": {func(d *drifting) error {
			var user struct {
				User struct {
					SshPublicKeys []struct{ SshPublicKeyId string }
				}
			}
			d.ask("transfer", "TransferService.DescribeUser", map[string]string{"ServerId": d.server(), "UserName": "ann"}, &user)
			d.sftp("DeleteSshPublicKey", map[string]any{"SshPublicKeyId": user.User.SshPublicKeys[0].SshPublicKeyId})
			return nil
		}, `SFTP MODIFIED; /SshPublicKeys REMOVE ["` + sshKey(1) + `"] null`},
		"key": {func(d *drifting) error {
			_, err := d.kms.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: aws.String(d.physical("Key"))})
			return err
		}, "Key DELETED"},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			d := newDrifting(t, sandbox.Options{})
			d.must(test.change(d))
			status := d.detect()
			if diff := cmp.Diff(test.want, d.modified()); diff != "" {
				t.Errorf("results: %s", diff)
			}
			want, count := types.StackDriftStatusInSync, int32(0)
			if test.want != "" {
				want, count = types.StackDriftStatusDrifted, 1
			}
			if status.StackDriftStatus != want || aws.ToInt32(status.DriftedStackResourceCount) != count ||
				d.stack().DriftInformation.StackDriftStatus != want {
				t.Errorf("the stack is %s, %d drifted", status.StackDriftStatus, aws.ToInt32(status.DriftedStackResourceCount))
			}
		})
	}
}

func (d *drifting) server() string {
	d.Helper()
	arn := d.physical("Server")
	return arn[strings.LastIndex(arn, "/")+1:]
}

func (d *drifting) sftp(operation string, in map[string]any) {
	d.Helper()
	body := map[string]any{"ServerId": d.server(), "UserName": "ann"}
	maps.Copy(body, in)
	var out map[string]any
	if status := d.ask("transfer", "TransferService."+operation, body, &out); status != http.StatusOK {
		d.Fatalf("%s: %d %v", operation, status, out)
	}
}

func (d *drifting) deleteUser() error {
	user := aws.String("acme-ann")
	_, err := d.iam.RemoveUserFromGroup(d.Context(), &iam.RemoveUserFromGroupInput{UserName: user, GroupName: user})
	d.must(err)
	_, err = d.iam.DeleteAccessKey(
		d.Context(), &iam.DeleteAccessKeyInput{UserName: user, AccessKeyId: aws.String(d.physical("KeyA"))},
	)
	d.must(err)
	_, err = d.iam.DeleteUser(d.Context(), &iam.DeleteUserInput{UserName: user})
	return err
}

// TestDrift_Result checks the whole result of one resource.
func TestDrift_Result(t *testing.T) {
	t.Parallel()
	d := newDrifting(t, sandbox.Options{})
	_, err := d.ssm.PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: aws.String("/acme/revision"), Value: aws.String("7"), Type: ssmtypes.ParameterTypeString, Overwrite: aws.Bool(true),
	})
	d.must(err)
	out, err := d.stacks.DetectStackResourceDrift(t.Context(), &cloudformation.DetectStackResourceDriftInput{
		StackName: aws.String("partner"), LogicalResourceId: aws.String("Marker"),
	})
	d.must(err)
	got := *out.StackResourceDrift
	if got.Timestamp == nil || aws.ToString(got.StackId) != aws.ToString(d.stack().StackId) {
		t.Errorf("the result is %+v", got)
	}
	got.Timestamp, got.StackId = nil, nil
	want := types.StackResourceDrift{
		LogicalResourceId: aws.String("Marker"), PhysicalResourceId: aws.String("/acme/revision"),
		ResourceType: aws.String("AWS::SSM::Parameter"), StackResourceDriftStatus: types.StackResourceDriftStatusModified,
		ExpectedProperties: aws.String(`{"Name":"/acme/revision","Type":"String","Value":"1"}`),
		ActualProperties:   aws.String(`{"Name":"/acme/revision","Type":"String","Value":"7"}`),
		PropertyDifferences: []types.PropertyDifference{{
			PropertyPath: aws.String("/Value"), ExpectedValue: aws.String("1"), ActualValue: aws.String("7"),
			DifferenceType: types.DifferenceTypeNotEqual,
		}},
	}
	if fmt.Sprintf("%+v", jsonOf(t, got)) != fmt.Sprintf("%+v", jsonOf(t, want)) {
		t.Errorf("got %s, want %s", jsonOf(t, got), jsonOf(t, want))
	}
	// The check of one resource changes the status of the stack.
	if s := d.stack().DriftInformation.StackDriftStatus; s != types.StackDriftStatusDrifted {
		t.Errorf("the stack is %s", s)
	}
	_, err = d.ssm.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: aws.String("/acme/revision")})
	d.must(err)
	out, err = d.stacks.DetectStackResourceDrift(t.Context(), &cloudformation.DetectStackResourceDriftInput{
		StackName: aws.String("partner"), LogicalResourceId: aws.String("Marker"),
	})
	d.must(err)
	if got := out.StackResourceDrift; got.StackResourceDriftStatus != "DELETED" || got.ExpectedProperties != nil ||
		got.ActualProperties != nil || got.PropertyDifferences != nil {
		t.Errorf("of a deleted resource: %s", jsonOf(t, got))
	}
}

func TestDrift_Refusals(t *testing.T) {
	t.Parallel()
	d := newDrifting(t, sandbox.Options{})
	of := func(stack, resource string) error {
		_, err := d.stacks.DetectStackResourceDrift(t.Context(), &cloudformation.DetectStackResourceDriftInput{
			StackName: &stack, LogicalResourceId: &resource,
		})
		return err
	}
	detect := func(stack string, only ...string) error {
		_, err := d.stacks.DetectStackDrift(
			t.Context(), &cloudformation.DetectStackDriftInput{StackName: &stack, LogicalResourceIds: only},
		)
		return err
	}
	status := func(id string) error {
		_, err := d.stacks.DescribeStackDriftDetectionStatus(
			t.Context(), &cloudformation.DescribeStackDriftDetectionStatusInput{StackDriftDetectionId: &id},
		)
		return err
	}
	list := func(in cloudformation.DescribeStackResourceDriftsInput) error {
		in.StackName = aws.String("partner")
		_, err := d.stacks.DescribeStackResourceDrifts(t.Context(), &in)
		return err
	}
	for want, err := range map[string]error{
		"Stack [none] does not exist":                                        detect("none"),
		"Resource Ghost does not exist for stack partner":                    detect("partner", "Ghost"),
		"Member must have length less than or equal to 200":                  detect("partner", strings.Split(strings.Repeat("Marker,", 201), ",")...),
		"Resource None does not exist for stack partner":                     of("partner", "None"),
		"Drift detection is not supported for the specified ResourceType":    of("partner", "BucketPolicy"),
		"Drift detection with id 1 does not exist":                           status("1"),
		"Member must have length less than or equal to 36":                   status(strings.Repeat("1", 37)),
		"failed to satisfy constraint: Member must have value between 1 and": list(cloudformation.DescribeStackResourceDriftsInput{MaxResults: aws.Int32(101)}),
		"Member must satisfy enum value set": list(cloudformation.DescribeStackResourceDriftsInput{
			StackResourceDriftStatusFilters: []types.StackResourceDriftStatus{"NONE"},
		}),
		"Invalid NextToken": list(cloudformation.DescribeStackResourceDriftsInput{NextToken: aws.String("x")}),
	} {
		wantRefusal(t, err, "ValidationError", want)
	}
}

// wantRefusal is wantError for a part of the message.
func wantRefusal(t *testing.T, err error, code, part string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code || !strings.Contains(e.ErrorMessage(), part) {
		t.Errorf("got %v, want error %s: %s", err, code, part)
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
