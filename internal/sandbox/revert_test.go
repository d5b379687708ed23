package sandbox_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// revert makes a drift-aware change set of the stack's resources and describes it.
func (d *drifting) revert() *cloudformation.DescribeChangeSetOutput {
	d.Helper()
	d.sets++
	made, err := d.stacks.CreateChangeSet(d.Context(), &cloudformation.CreateChangeSetInput{
		StackName: aws.String("partner"), ChangeSetName: aws.String(fmt.Sprint("set-", d.sets)), TemplateBody: d.template(),
		DeploymentMode: types.DeploymentModeRevertDrift,
		Capabilities:   []types.Capability{types.CapabilityCapabilityNamedIam},
	})
	d.must(err)
	d.box.RunDue()
	out, err := d.stacks.DescribeChangeSet(d.Context(), &cloudformation.DescribeChangeSetInput{
		ChangeSetName: made.Id, IncludePropertyValues: aws.Bool(true),
	})
	d.must(err)
	return out
}

func (d *drifting) execute(set *cloudformation.DescribeChangeSetOutput, status string) {
	d.Helper()
	_, err := d.stacks.ExecuteChangeSet(
		d.Context(), &cloudformation.ExecuteChangeSetInput{ChangeSetName: set.ChangeSetId},
	)
	if err != nil {
		d.Fatalf("%v; %s: %s", err, set.Status, aws.ToString(set.StatusReason))
	}
	d.wantStatus(status)
}

// changes returns the changes of a set: "Modify Bucket MODIFIED: Modify /Properties/Tags a b
// ACTUAL_STATE".
func changesOf(set *cloudformation.DescribeChangeSetOutput) string {
	lines := []string{fmt.Sprint(set.Status, " ", set.DeploymentMode, " ", set.StackDriftStatus)}
	for _, c := range set.Changes {
		rc := c.ResourceChange
		line := fmt.Sprint(rc.Action, " ", aws.ToString(rc.LogicalResourceId), " ", rc.ResourceDriftStatus)
		if rc.Replacement != "" && rc.Replacement != types.ReplacementFalse {
			line += fmt.Sprint(" replacement ", rc.Replacement)
		}
		for _, one := range rc.Details {
			t := one.Target
			line += fmt.Sprintf("; %s %s %s -> %s %s", t.AttributeChangeType, aws.ToString(t.Path), aws.ToString(t.BeforeValue),
				aws.ToString(t.AfterValue), t.BeforeValueFrom)
			if t.Drift != nil {
				line += fmt.Sprintf(" (was %s, is %s)", aws.ToString(t.Drift.PreviousValue), aws.ToString(t.Drift.ActualValue))
			}
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// ordered returns a JSON object with its members in the order of their names.
func ordered(object string) string {
	var v map[string]any
	if err := json.Unmarshal([]byte(object), &v); err != nil {
		return err.Error()
	}
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (d *drifting) setParameter(value string) {
	d.Helper()
	_, err := d.ssm.PutParameter(d.Context(), &ssm.PutParameterInput{
		Name: aws.String("/acme/revision"), Value: &value, Type: ssmtypes.ParameterTypeString, Overwrite: aws.Bool(true),
	})
	d.must(err)
}

func (d *drifting) parameter() string {
	d.Helper()
	out, err := d.ssm.GetParameter(d.Context(), &ssm.GetParameterInput{Name: aws.String("/acme/revision")})
	d.must(err)
	return aws.ToString(out.Parameter.Value)
}

func TestRevert_Changes(t *testing.T) {
	t.Parallel()
	name := aws.String("acme-inbox")
	for title, test := range map[string]struct {
		change func(d *drifting) error
		want   string
	}{
		"public access allowed": {func(d *drifting) error {
			_, err := d.s3.DeletePublicAccessBlock(t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: name})
			return err
		}, `Modify Bucket MODIFIED; Add /Properties/PublicAccessBlockConfiguration  -> {"BlockPublicAcls":true,"BlockPublicPolicy":true,"IgnorePublicAcls":true,"RestrictPublicBuckets":true} ACTUAL_STATE (was {"BlockPublicAcls":true,"BlockPublicPolicy":true,"IgnorePublicAcls":true,"RestrictPublicBuckets":true}, is )`},
		"versioning": {func(d *drifting) error {
			_, err := d.s3.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
				Bucket: name, VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusSuspended},
			})
			return err
		}, `Modify Bucket MODIFIED; Modify /Properties/VersioningConfiguration {"Status":"Suspended"} -> {"Status":"Enabled"} ACTUAL_STATE (was {"Status":"Enabled"}, is {"Status":"Suspended"})`},
		"lifecycle": {func(d *drifting) error {
			_, err := d.s3.DeleteBucketLifecycle(t.Context(), &s3.DeleteBucketLifecycleInput{Bucket: name})
			return err
		}, `Modify Bucket MODIFIED; Add /Properties/LifecycleConfiguration  -> {"Rules":[{"ExpirationInDays":30,"Id":"expire","Status":"Enabled"}]} ACTUAL_STATE (was {"Rules":[{"ExpirationInDays":30,"Id":"expire","Status":"Enabled"}]}, is )`},
		"bucket": {func(d *drifting) error {
			_, err := d.s3.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: name})
			return err
		}, "Add Bucket DELETED"},
		"member of the group": {func(d *drifting) error {
			_, err := d.iam.RemoveUserFromGroup(t.Context(), &iam.RemoveUserFromGroupInput{
				UserName: aws.String("acme-ann"), GroupName: aws.String("acme-ann"),
			})
			return err
		}, `Modify User MODIFIED; Add /Properties/Groups  -> ["acme-ann"] ACTUAL_STATE (was ["acme-ann"], is )`},
		"boundary": {func(d *drifting) error {
			_, err := d.iam.DeleteUserPermissionsBoundary(
				t.Context(), &iam.DeleteUserPermissionsBoundaryInput{UserName: aws.String("acme-ann")},
			)
			return err
		}, `Modify User MODIFIED; Add /Properties/PermissionsBoundary  -> arn:aws:iam::000000000000:policy/acme-boundary ACTUAL_STATE (was arn:aws:iam::000000000000:policy/acme-boundary, is )`},
		"policy of the group": {func(d *drifting) error {
			_, err := d.iam.DetachGroupPolicy(t.Context(), &iam.DetachGroupPolicyInput{
				GroupName: aws.String("acme-ann"), PolicyArn: aws.String("arn:aws:iam::000000000000:policy/acme-ann-1"),
			})
			return err
		}, `Modify Policy MODIFIED; Add /Properties/Groups  -> ["acme-ann"] ACTUAL_STATE (was ["acme-ann"], is )`},
		"SFTP user": {func(d *drifting) error {
			d.sftp("DeleteUser", nil)
			return nil
		}, "Add SFTP DELETED"},
		"keys of the SFTP user": {func(d *drifting) error {
			d.sftp("ImportSshPublicKey", map[string]any{"SshPublicKeyBody": sshKey(9)})
			return nil
		}, fmt.Sprintf(`Modify SFTP MODIFIED; Modify /Properties/SshPublicKeys [%[1]q,%[2]q] -> [%[1]q] ACTUAL_STATE (was [%[1]q], is [%[1]q,%[2]q])`, sshKey(1), sshKey(9))},
		"tags": {func(d *drifting) error {
			_, err := d.s3.PutBucketTagging(t.Context(), &s3.PutBucketTaggingInput{Bucket: name, Tagging: &s3types.Tagging{
				TagSet: []s3types.Tag{{Key: aws.String("team"), Value: aws.String("red")}},
			}})
			return err
		}, `Modify Bucket MODIFIED; Modify /Properties/Tags [{"Key":"team","Value":"red"}] -> [{"Key":"team","Value":"blue"}] ACTUAL_STATE (was [{"Key":"team","Value":"blue"}], is [{"Key":"team","Value":"red"}])`},
		"document of the policy": {func(d *drifting) error {
			_, err := d.iam.CreatePolicyVersion(t.Context(), &iam.CreatePolicyVersionInput{
				PolicyArn: aws.String("arn:aws:iam::000000000000:policy/acme-ann-1"), SetAsDefault: true,
				PolicyDocument: aws.String(strings.ReplaceAll(boundary, "acme-*", "*")),
			})
			return err
		}, fmt.Sprintf("Modify Policy MODIFIED; Modify /Properties/PolicyDocument %[2]s -> %[1]s ACTUAL_STATE (was %[1]s, is %[2]s)",
			ordered(boundary), ordered(strings.ReplaceAll(boundary, "acme-*", "*")))},
		"parameter": {func(d *drifting) error {
			d.setParameter("7")
			return nil
		}, `Modify Marker MODIFIED; Modify /Properties/Value 7 -> 1 ACTUAL_STATE (was 1, is 7)`},
		"parameter deleted": {func(d *drifting) error {
			_, err := d.ssm.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: aws.String("/acme/revision")})
			return err
		}, "Add Marker DELETED"},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			d := newDrifting(t, sandbox.Options{})
			d.must(test.change(d))
			set := d.revert()
			if diff := cmp.Diff("CREATE_COMPLETE REVERT_DRIFT DRIFTED\n"+test.want, changesOf(set)); diff != "" {
				t.Errorf("the set: %s", diff)
			}
			d.execute(set, "UPDATE_COMPLETE")
			if got := d.detect().StackDriftStatus; got != types.StackDriftStatusInSync {
				t.Errorf("afterwards the stack is %s: %s", got, d.modified())
			}
		})
	}
}

// TestRevert_User creates a deleted user again, in its group and with its boundary. Its access key,
// which has no drift detection, stays deleted.
func TestRevert_User(t *testing.T) {
	t.Parallel()
	d := newDrifting(t, sandbox.Options{})
	d.must(d.deleteUser())
	set := d.revert()
	if diff := cmp.Diff("CREATE_COMPLETE REVERT_DRIFT DRIFTED\nAdd User DELETED", changesOf(set)); diff != "" {
		t.Errorf("the set: %s", diff)
	}
	d.execute(set, "UPDATE_COMPLETE")
	if got := d.detect().StackDriftStatus; got != types.StackDriftStatusInSync {
		t.Errorf("afterwards the stack is %s: %s", got, d.modified())
	}
	keys, err := d.iam.ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: aws.String("acme-ann")})
	d.must(err)
	if len(keys.AccessKeyMetadata) != 0 {
		t.Error("the access key is there again")
	}
}

func TestRevert_NoDrift(t *testing.T) {
	t.Parallel()
	d := newDrifting(t, sandbox.Options{})
	set := d.revert()
	if got := changesOf(set) + " " + aws.ToString(set.StatusReason); got != "FAILED REVERT_DRIFT IN_SYNC "+
		"The submitted information didn't contain changes. Submit different information to create a change set." {
		t.Errorf("got %s", got)
	}
}

// TestRevert_Sync changes the template to what is there: only the record changes.
func TestRevert_Sync(t *testing.T) {
	t.Parallel()
	d := newDrifting(t, sandbox.Options{})
	d.setParameter("7")
	d.resources["Marker"] = strings.Replace(d.resources["Marker"], `"1"`, `"7"`, 1)
	set := d.revert()
	want := "CREATE_COMPLETE REVERT_DRIFT DRIFTED\nSyncWithActual Marker MODIFIED; SyncWithActual /Properties/Value 7 -> 7 ACTUAL_STATE (was 1, is 7)"
	if diff := cmp.Diff(want, changesOf(set)); diff != "" {
		t.Errorf("the set: %s", diff)
	}
	if source := set.Changes[0].ResourceChange.Details[0].ChangeSource; source != types.ChangeSourceNoModification {
		t.Errorf("the source is %s", source)
	}
	before, err := d.ssm.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/acme/revision")})
	d.must(err)
	d.execute(set, "UPDATE_COMPLETE")
	after, err := d.ssm.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/acme/revision")})
	d.must(err)
	if before.Parameter.Version != after.Parameter.Version {
		t.Errorf("the parameter was written: version %d", after.Parameter.Version)
	}
	if got := d.detect().StackDriftStatus; got != types.StackDriftStatusInSync {
		t.Errorf("afterwards the stack is %s", got)
	}
}

func TestRevert_ThreeWay(t *testing.T) {
	t.Parallel()
	d := newDrifting(t, sandbox.Options{})
	d.setParameter("7")
	d.resources["Marker"] = strings.Replace(d.resources["Marker"], `"1"`, `"2"`, 1)
	d.resources["Logs"] = strings.Replace(d.resources["Logs"], "365", "30", 1)
	set := d.revert()
	want := "CREATE_COMPLETE REVERT_DRIFT DRIFTED\n" +
		"Modify Logs IN_SYNC; Modify /Properties/RetentionInDays 365 -> 30 ACTUAL_STATE\n" +
		"Modify Marker MODIFIED; Modify /Properties/Value 7 -> 2 ACTUAL_STATE (was 1, is 7)"
	if diff := cmp.Diff(want, changesOf(set)); diff != "" {
		t.Errorf("the set: %s", diff)
	}
	marker := set.Changes[1].ResourceChange
	for context, want := range map[*string]string{
		marker.PreviousDeploymentContext: "1", marker.BeforeContext: "7", marker.AfterContext: "2",
	} {
		var picture struct{ Properties struct{ Value string } }
		if err := json.Unmarshal([]byte(aws.ToString(context)), &picture); err != nil || picture.Properties.Value != want {
			t.Errorf("%v: %s, want the value %s", err, aws.ToString(context), want)
		}
	}
	if target := marker.Details[0].Target; target.AfterValueFrom != types.AfterValueFromTemplate ||
		target.Drift.DriftDetectionTimestamp == nil {
		t.Errorf("the target is %+v", target)
	}
	d.execute(set, "UPDATE_COMPLETE")
	if got := d.parameter(); got != "2" {
		t.Errorf("the parameter is %q", got)
	}
}

// TestRevert_Rollback fails a drift-aware execution: the actual state is back, and the template is
// the old one.
func TestRevert_Rollback(t *testing.T) {
	t.Parallel()
	d := newDrifting(t, sandbox.Options{})
	d.setParameter("7")
	_, err := d.s3.DeleteBucketLifecycle(t.Context(), &s3.DeleteBucketLifecycleInput{Bucket: aws.String("acme-inbox")})
	d.must(err)
	_, err = d.iam.RemoveUserFromGroup(t.Context(), &iam.RemoveUserFromGroupInput{
		UserName: aws.String("acme-ann"), GroupName: aws.String("acme-ann"),
	})
	d.must(err)
	before := d.detect()
	drifts := d.modified()
	d.must(d.box.AddFaults(sandbox.Fault{Phase: "update", PhysicalID: "acme-inbox", Reason: "not now"}))
	d.execute(d.revert(), "UPDATE_ROLLBACK_COMPLETE")
	after := d.detect()
	if diff := cmp.Diff(drifts, d.modified()); diff != "" || before.StackDriftStatus != after.StackDriftStatus {
		t.Errorf("after the rollback: %s", diff)
	}
	if got := d.parameter(); got != "7" {
		t.Errorf("the parameter is %q", got)
	}
}

// TestRevert_RollbackOfRecreation fails an execution that has created a deleted resource again: it
// is deleted, and the stack still knows the resource.
func TestRevert_RollbackOfRecreation(t *testing.T) {
	t.Parallel()
	d := newDrifting(t, sandbox.Options{})
	_, err := d.ssm.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: aws.String("/acme/revision")})
	d.must(err)
	_, err = d.s3.DeleteBucketLifecycle(t.Context(), &s3.DeleteBucketLifecycleInput{Bucket: aws.String("acme-inbox")})
	d.must(err)
	d.must(d.box.AddFaults(sandbox.Fault{Phase: "update", PhysicalID: "acme-inbox", Reason: "not now"}))
	d.execute(d.revert(), "UPDATE_ROLLBACK_COMPLETE")
	d.detect()
	if got := d.drifts()["Marker"]; got != "DELETED" {
		t.Errorf("the parameter is %q", got)
	}
	d.box.ClearFaults()
	d.execute(d.revert(), "UPDATE_COMPLETE")
	if got := d.detect().StackDriftStatus; got != types.StackDriftStatusInSync {
		t.Errorf("afterwards the stack is %s: %s", got, d.modified())
	}
}

// TestRevert_ChangesMeanwhile changes the resources after the set was made.
func TestRevert_ChangesMeanwhile(t *testing.T) {
	t.Parallel()
	t.Run("repaired by hand", func(t *testing.T) {
		t.Parallel()
		d := newDrifting(t, sandbox.Options{})
		d.setParameter("7")
		set := d.revert()
		d.setParameter("1")
		d.execute(set, "UPDATE_COMPLETE")
		if got := d.detect().StackDriftStatus; got != types.StackDriftStatusInSync {
			t.Errorf("the stack is %s", got)
		}
	})
	t.Run("made again by hand", func(t *testing.T) {
		t.Parallel()
		d := newDrifting(t, sandbox.Options{})
		_, err := d.ssm.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: aws.String("/acme/revision")})
		d.must(err)
		set := d.revert()
		d.setParameter("1")
		d.execute(set, "UPDATE_ROLLBACK_COMPLETE")
		if got := d.parameter(); got != "1" {
			t.Errorf("the parameter is %q", got)
		}
	})
	t.Run("another property", func(t *testing.T) {
		t.Parallel()
		d := newDrifting(t, sandbox.Options{})
		_, err := d.s3.DeleteBucketLifecycle(t.Context(), &s3.DeleteBucketLifecycleInput{Bucket: aws.String("acme-inbox")})
		d.must(err)
		set := d.revert()
		_, err = d.s3.DeletePublicAccessBlock(t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: aws.String("acme-inbox")})
		d.must(err)
		d.execute(set, "UPDATE_COMPLETE")
		d.detect()
		if got := d.modified(); !strings.HasPrefix(got, "Bucket MODIFIED; /PublicAccessBlockConfiguration REMOVE") {
			t.Errorf("the set reverts what it read: %s", got)
		}
	})
	t.Run("deleted", func(t *testing.T) {
		t.Parallel()
		d := newDrifting(t, sandbox.Options{})
		d.setParameter("7")
		set := d.revert()
		_, err := d.ssm.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: aws.String("/acme/revision")})
		d.must(err)
		d.execute(set, "UPDATE_ROLLBACK_COMPLETE")
	})
}

// TestRevert_ForeignTags keeps a tag that the template does not have, as AWS does for other tools.
func TestRevert_ForeignTags(t *testing.T) {
	t.Parallel()
	d := newDrifting(t, sandbox.Options{})
	_, err := d.s3.PutBucketTagging(t.Context(), &s3.PutBucketTaggingInput{
		Bucket: aws.String("acme-inbox"), Tagging: &s3types.Tagging{TagSet: []s3types.Tag{
			{Key: aws.String("team"), Value: aws.String("red")}, {Key: aws.String("scanner"), Value: aws.String("1")},
		}},
	})
	d.must(err)
	d.execute(d.revert(), "UPDATE_COMPLETE")
	d.detect()
	if got := d.modified(); got != `Bucket MODIFIED; /Tags/1 ADD null {"Key":"scanner","Value":"1"}` &&
		got != `Bucket MODIFIED; /Tags/0 ADD null {"Key":"scanner","Value":"1"}` {
		t.Errorf("afterwards: %s", got)
	}
	if got := changesOf(d.revert()); got != "FAILED REVERT_DRIFT DRIFTED" {
		t.Errorf("another set: %s", got)
	}
}

func TestRevert_Refusals(t *testing.T) {
	t.Parallel()
	d := newDrifting(t, sandbox.Options{})
	for want, in := range map[string]*cloudformation.CreateChangeSetInput{
		"ValidationError: Member must satisfy enum value set: [REVERT_DRIFT]":  {DeploymentMode: "OTHER"},
		"SandboxNotModelled: the deployment mode REVERT_DRIFT for a creation ": {DeploymentMode: types.DeploymentModeRevertDrift, ImportExistingResources: aws.Bool(true)},
	} {
		in.StackName, in.ChangeSetName, in.UsePreviousTemplate = aws.String("partner"), aws.String("c"), aws.Bool(true)
		in.Capabilities = []types.Capability{types.CapabilityCapabilityNamedIam}
		_, err := d.stacks.CreateChangeSet(t.Context(), in)
		code, message, _ := strings.Cut(want, ": ")
		wantRefusal(t, err, code, message)
	}
}

// TestRevert_Answers checks the other answers to what is unproven.
func TestRevert_Answers(t *testing.T) {
	t.Parallel()
	remove := func(d *drifting) {
		_, err := d.ssm.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: aws.String("/acme/revision")})
		d.must(err)
	}
	attach := func(d *drifting) {
		_, err := d.iam.AttachGroupPolicy(t.Context(), &iam.AttachGroupPolicyInput{
			GroupName: aws.String("acme-ann"), PolicyArn: aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess"),
		})
		d.must(err)
	}
	for title, test := range map[string]struct {
		answers unproven.Answers
		change  func(d *drifting)
		want    string
		after   string
	}{
		"deleted, as a replacement": {
			unproven.Answers{unproven.RevertDeleted: unproven.Replaced}, remove,
			"CREATE_COMPLETE REVERT_DRIFT DRIFTED\nModify Marker DELETED replacement True", "",
		},
		"deleted, ignored": {
			unproven.Answers{unproven.RevertDeleted: unproven.Ignored}, remove, "FAILED REVERT_DRIFT DRIFTED", "Marker DELETED",
		},
		"attachments kept": {nil, attach, "FAILED REVERT_DRIFT IN_SYNC", ""},
		"attachments reverted": {
			unproven.Answers{unproven.RevertAttachments: unproven.Reverted}, attach,
			"CREATE_COMPLETE REVERT_DRIFT DRIFTED\nModify Group MODIFIED; Remove /Properties/ManagedPolicyArns " +
				`["arn:aws:iam::aws:policy/ReadOnlyAccess"] ->  ACTUAL_STATE (was , is ["arn:aws:iam::aws:policy/ReadOnlyAccess"])`, "",
		},
		"phantom changes": {
			unproven.Answers{unproven.RevertPhantomChanges: unproven.On}, func(*drifting) {},
			"CREATE_COMPLETE REVERT_DRIFT IN_SYNC\n" +
				"Modify Alias UNSUPPORTED; Modify /Properties/TargetKeyId", "",
		},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			d := newDrifting(t, sandbox.Options{Answers: test.answers})
			test.change(d)
			set := d.revert()
			if got := changesOf(set); got != test.want && (title != "phantom changes" || !strings.HasPrefix(got, test.want)) {
				t.Errorf("the set: %s\nwant %s", got, test.want)
			}
			if set.Status == types.ChangeSetStatusCreateComplete {
				d.execute(set, "UPDATE_COMPLETE")
			}
			d.detect()
			if got := d.modified(); got != test.after {
				t.Errorf("afterwards %s, want %s", got, test.after)
			}
		})
	}
}
