package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	snsservice "github.com/stowage/terraform-provider-stowage/internal/sandbox/sns"
)

func TestParameters(t *testing.T) {
	t.Parallel()
	_, c := serve(t)
	client := ssm.NewFromConfig(c)
	ctx := t.Context()
	put := func(name, value string, kind ssmtypes.ParameterType, overwrite bool) error {
		_, err := client.PutParameter(
			ctx, &ssm.PutParameterInput{Name: &name, Value: &value, Type: kind, Overwrite: &overwrite},
		)
		return err
	}
	for _, name := range []string{"/a/b/1", "/a/b/2", "/a/3", "plain"} {
		if err := put(name, "v", ssmtypes.ParameterTypeString, false); err != nil {
			t.Fatal(err)
		}
	}
	wantError(t, put("/a/3", "w", ssmtypes.ParameterTypeString, false), "ParameterAlreadyExists",
		"The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
	if err := put("/a/3", "w", "", true); err != nil {
		t.Fatal(err)
	}
	got, err := client.GetParameter(
		ctx, &ssm.GetParameterInput{Name: aws.String("arn:aws:ssm:eu-west-1:000000000000:parameter/a/3")},
	)
	if err != nil {
		t.Fatal(err)
	}
	if aws.ToString(got.Parameter.Value) != "w" || got.Parameter.Version != 2 || got.Parameter.LastModifiedDate == nil ||
		aws.ToString(got.Parameter.DataType) != "text" {
		t.Errorf("parameter %+v", got.Parameter)
	}
	if err := put("/a/secret", "s", ssmtypes.ParameterTypeSecureString, false); err != nil {
		t.Fatal(err)
	}
	many, err := client.GetParameters(ctx, &ssm.GetParametersInput{Names: []string{"plain", "/a/secret", "/none"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(many.Parameters) != 2 || aws.ToString(many.Parameters[1].Value) == "s" ||
		!cmp.Equal(many.InvalidParameters, []string{"/none"}) {
		t.Errorf("parameters %+v", many)
	}
	var names []string
	for pages := ssm.NewGetParametersByPathPaginator(client, &ssm.GetParametersByPathInput{
		Path: aws.String("/a"), Recursive: aws.Bool(true), MaxResults: aws.Int32(2),
	}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page.Parameters {
			names = append(names, *p.Name)
		}
	}
	if diff := cmp.Diff([]string{"/a/3", "/a/b/1", "/a/b/2", "/a/secret"}, names); diff != "" {
		t.Error(diff)
	}
	if _, err := client.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: aws.String("/a/3")}); err != nil {
		t.Fatal(err)
	}
	_, err = client.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: aws.String("/a/3")})
	wantError(t, err, "ParameterNotFound", "")
	wantError(
		t, put("a/b", "v", ssmtypes.ParameterTypeString, false), "ValidationException",
		"Parameter name must be a fully qualified name.",
	)
}

type resource struct {
	world  *cloud.World
	kind   cloud.ResourceType
	caller cloud.Caller
}

func typeOf(t *testing.T, box *sandbox.Sandbox, name string) resource {
	t.Helper()
	w := box.World()
	w.Lock()
	defer w.Unlock()
	kind := w.Type(name)
	if kind == nil {
		t.Fatalf("the type %s isn't registered", name)
	}
	return resource{w, kind, cloud.Caller{Account: sandbox.HubAccount, Region: "eu-west-1"}}
}

func (r resource) create(t *testing.T, properties map[string]any) cloud.Resource {
	t.Helper()
	r.world.Lock()
	defer r.world.Unlock()
	made, err := r.kind.Create(
		r.caller,
		cloud.ResourceRequest{
			StackName: "stack", LogicalID: "Thing", Properties: properties, Tags: map[string]string{"stack": "s"},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func (r resource) update(t *testing.T, id string, old, desired map[string]any) {
	t.Helper()
	r.world.Lock()
	defer r.world.Unlock()
	if _, err := r.kind.Update(r.caller, id, old, desired); err != nil {
		t.Fatal(err)
	}
}

func (r resource) delete(t *testing.T, id string) {
	t.Helper()
	r.world.Lock()
	defer r.world.Unlock()
	for range 2 { // deletion of what does not exist succeeds
		if err := r.kind.Delete(r.caller, id, nil); err != nil {
			t.Fatal(err)
		}
	}
}

func TestParameterResources(t *testing.T) {
	t.Parallel()
	box, c := serve(t)
	r := typeOf(t, box, "AWS::SSM::Parameter")
	old := map[string]any{"Name": "/r", "Type": "String", "Value": "1", "Tags": map[string]any{"a": "1"}}
	if made := r.create(t, old); made.PhysicalID != "/r" || made.Attributes["Value"] != "1" {
		t.Errorf("made %+v", made)
	}
	r.update(t, "/r", old, map[string]any{"Name": "/r", "Type": "String", "Value": "2"})
	got, err := ssm.NewFromConfig(c).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/r")})
	if err != nil || aws.ToString(got.Parameter.Value) != "2" {
		t.Errorf("value %+v, %v", got, err)
	}
	tags, err := ssm.NewFromConfig(c).ListTagsForResource(
		t.Context(),
		&ssm.ListTagsForResourceInput{ResourceType: ssmtypes.ResourceTypeForTaggingParameter, ResourceId: aws.String("/r")},
	)
	if err != nil || len(tags.TagList) != 1 || aws.ToString(tags.TagList[0].Key) != "stack" {
		t.Errorf("tags %+v, %v", tags, err)
	}
	r.delete(t, "/r")
	_, err = ssm.NewFromConfig(c).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/r")})
	wantError(t, err, "ParameterNotFound", "")
}

func TestKeys(t *testing.T) {
	t.Parallel()
	box, c := serve(t)
	client := kms.NewFromConfig(c)
	ctx := t.Context()
	r, aliases := typeOf(t, box, "AWS::KMS::Key"), typeOf(t, box, "AWS::KMS::Alias")
	policy := map[string]any{"Version": "2012-10-17", "Statement": []any{
		map[string]any{
			"Effect": "Allow", "Principal": map[string]any{"AWS": "arn:aws:iam::000000000000:root"},
			"Action": "kms:*", "Resource": "*",
		},
	}}
	made := r.create(
		t, map[string]any{"EnableKeyRotation": true, "KeyPolicy": policy, "PendingWindowInDays": json.Number("7")},
	)
	aliases.create(t, map[string]any{"AliasName": "alias/k", "TargetKeyId": made.PhysicalID})

	described, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String("alias/k")})
	if err != nil {
		t.Fatal(err)
	}
	if m := described.KeyMetadata; aws.ToString(m.KeyId) != made.PhysicalID ||
		aws.ToString(m.Arn) != made.Attributes["Arn"] ||
		!m.Enabled ||
		m.KeyState != "Enabled" {
		t.Errorf("key %+v", m)
	}
	rotation, err := client.GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: &made.PhysicalID})
	if err != nil || !rotation.KeyRotationEnabled {
		t.Errorf("rotation %+v, %v", rotation, err)
	}
	text, err := client.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &made.PhysicalID})
	if err != nil || !strings.Contains(aws.ToString(text.Policy), `"kms:*"`) {
		t.Errorf("policy %+v, %v", text, err)
	}
	listed, err := client.ListAliases(ctx, nil)
	if err != nil || len(listed.Aliases) != 1 || aws.ToString(listed.Aliases[0].TargetKeyId) != made.PhysicalID {
		t.Errorf("aliases %+v, %v", listed, err)
	}
	tags, err := client.ListResourceTags(ctx, &kms.ListResourceTagsInput{KeyId: &made.PhysicalID})
	if err != nil || len(tags.Tags) != 1 {
		t.Errorf("tags %+v, %v", tags, err)
	}
	r.delete(t, made.PhysicalID)
	described, err = client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &made.PhysicalID})
	if err != nil {
		t.Fatal(err)
	}
	if m := described.KeyMetadata; m.KeyState != "PendingDeletion" || m.DeletionDate == nil ||
		time.Until(*m.DeletionDate) > 7*24*time.Hour {
		t.Errorf("a deleted key: %+v", m)
	}
	_, err = client.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: &made.PhysicalID})
	wantError(t, err, "KMSInvalidStateException", made.Attributes["Arn"].(string)+" is pending deletion.")
	_, err = client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String("11111111-2222-3333-4444-555555555555")})
	wantError(
		t, err, "NotFoundException",
		"Key 'arn:aws:kms:eu-west-1:000000000000:key/11111111-2222-3333-4444-555555555555' does not exist",
	)
	_, err = client.CreateKey(ctx, &kms.CreateKeyInput{Policy: aws.String("{")})
	wantError(t, err, "MalformedPolicyDocumentException", "The new key policy is malformed.")
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	_, c := serve(t)
	client := secretsmanager.NewFromConfig(c)
	ctx := t.Context()
	const missing = "Secrets Manager can't find the specified secret."
	_, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("none")})
	wantError(t, err, "ResourceNotFoundException", missing)

	made, err := client.CreateSecret(
		ctx, &secretsmanager.CreateSecretInput{Name: aws.String("s"), SecretString: aws.String("one")},
	)
	if err != nil {
		t.Fatal(err)
	}
	if arn := aws.ToString(
		made.ARN,
	); !strings.HasPrefix(arn, "arn:aws:secretsmanager:eu-west-1:000000000000:secret:s-") ||
		len(arn) != len("arn:aws:secretsmanager:eu-west-1:000000000000:secret:s-")+6 {
		t.Errorf("ARN %s", arn)
	}
	_, err = client.CreateSecret(
		ctx, &secretsmanager.CreateSecretInput{Name: aws.String("s"), SecretString: aws.String("one")},
	)
	wantError(t, err, "ResourceExistsException", "The operation failed because the secret s already exists.")
	if _, err := client.PutSecretValue(
		ctx, &secretsmanager.PutSecretValueInput{SecretId: made.ARN, SecretString: aws.String("two")},
	); err != nil {
		t.Fatal(err)
	}
	for stage, want := range map[string]string{"": "two", "AWSCURRENT": "two", "AWSPREVIOUS": "one"} {
		in := &secretsmanager.GetSecretValueInput{SecretId: aws.String("s")}
		if stage != "" {
			in.VersionStage = &stage
		}
		got, err := client.GetSecretValue(ctx, in)
		if err != nil || aws.ToString(got.SecretString) != want {
			t.Errorf("stage %q: %+v, %v", stage, got, err)
		}
	}
	if _, err := client.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: made.ARN}); err != nil {
		t.Fatal(err)
	}
	_, err = client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: made.ARN})
	wantError(
		t, err, "InvalidRequestException",
		"You can't perform this operation on the secret because it was marked for deletion.",
	)
	_, err = client.CreateSecret(
		ctx, &secretsmanager.CreateSecretInput{Name: aws.String("s"), SecretString: aws.String("one")},
	)
	wantError(
		t, err, "InvalidRequestException",
		"You can't create this secret because a secret with this name is already scheduled for deletion.",
	)
	listed, err := client.ListSecrets(ctx, nil)
	if err != nil || len(listed.SecretList) != 0 {
		t.Errorf("deleted secrets are listed: %+v, %v", listed, err)
	}
}

func TestSecretResources(t *testing.T) {
	t.Parallel()
	box, c := serve(t)
	client := secretsmanager.NewFromConfig(c)
	r := typeOf(t, box, "AWS::SecretsManager::Secret")
	old := map[string]any{"Name": "r", "SecretString": "one", "Description": "d"}
	made := r.create(t, old)
	r.update(t, made.PhysicalID, old, map[string]any{"Name": "r", "SecretString": "two"})
	got, err := client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &made.PhysicalID})
	if err != nil || aws.ToString(got.SecretString) != "two" {
		t.Errorf("value %+v, %v", got, err)
	}
	described, err := client.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String("r")})
	if err != nil || len(described.VersionIdsToStages) != 2 || described.Description != nil || len(described.Tags) != 1 {
		t.Errorf("secret %+v, %v", described, err)
	}
	r.delete(t, made.PhysicalID)
	_, err = client.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &made.PhysicalID})
	wantError(t, err, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

func TestTopicsDeliverToFunctions(t *testing.T) {
	t.Parallel()
	box, c := serve(t)
	client := sns.NewFromConfig(c)
	ctx := t.Context()
	const function = "arn:aws:lambda:eu-west-1:000000000000:function:relay"
	events := make(chan []byte, 10)
	box.World().Lock()
	box.World().RegisterFunction(function, func(ctx context.Context, event []byte) ([]byte, error) {
		// A function calls AWS like any other client, so it must not run under the world's lock.
		if _, err := sts.NewFromConfig(c).GetCallerIdentity(ctx, nil); err != nil {
			return nil, err
		}
		events <- event
		return nil, nil
	})
	box.World().Unlock()
	made, err := client.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("t")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Subscribe(
		ctx,
		&sns.SubscribeInput{TopicArn: made.TopicArn, Protocol: aws.String("lambda"), Endpoint: aws.String(function)},
	); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Publish(
		ctx, &sns.PublishInput{TopicArn: made.TopicArn, Subject: aws.String("s"), Message: aws.String("m")},
	); err != nil {
		t.Fatal(err)
	}
	var event struct {
		Records []struct {
			EventSource string
			Sns         struct{ TopicArn, Subject, Message, Type string }
		}
	}
	if err := json.Unmarshal(<-events, &event); err != nil {
		t.Fatal(err)
	}
	if len(event.Records) != 1 || event.Records[0].EventSource != "aws:sns" || event.Records[0].Sns.Message != "m" ||
		event.Records[0].Sns.Subject != "s" ||
		event.Records[0].Sns.TopicArn != *made.TopicArn {
		t.Errorf("event %+v", event)
	}
	attributes, err := client.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: made.TopicArn})
	if err != nil || attributes.Attributes["SubscriptionsConfirmed"] != "1" ||
		attributes.Attributes["Owner"] != sandbox.HubAccount {
		t.Errorf("attributes %+v, %v", attributes, err)
	}
}

func TestTopicsOfAnotherRegion(t *testing.T) {
	t.Parallel()
	box, c := serve(t)
	_, err := sns.NewFromConfig(c).Publish(
		t.Context(),
		&sns.PublishInput{TopicArn: aws.String("arn:aws:sns:us-east-1:000000000000:t"), Message: aws.String("m")},
	)
	wantError(t, err, "InvalidParameter", "Invalid parameter: TopicArn")
	_, err = sns.NewFromConfig(c).GetTopicAttributes(
		t.Context(), &sns.GetTopicAttributesInput{TopicArn: aws.String("arn:aws:sns:eu-west-1:000000000000:none")},
	)
	wantError(t, err, "NotFound", "Topic does not exist")
	box.World().Lock()
	defer box.World().Unlock()
	var e *cloud.Error
	if err := box.World().Publisher().Publish("nonsense", "", "m"); !errors.As(err, &e) ||
		e.Message != "Invalid parameter: TopicArn" {
		t.Errorf("got %v", err)
	}
}

func TestNotifications_Faults(t *testing.T) {
	t.Parallel()
	box, c := serve(t)
	const function = "arn:aws:lambda:eu-west-1:000000000000:function:relay"
	client := sns.NewFromConfig(c)
	made, err := client.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("t")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Subscribe(
		t.Context(),
		&sns.SubscribeInput{TopicArn: made.TopicArn, Protocol: aws.String("lambda"), Endpoint: aws.String(function)},
	); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name     string
		delivery snsservice.Delivery
		want     int // immediate deliveries
	}{
		{"as is", snsservice.Delivery{}, 1},
		{"lost", snsservice.Delivery{Drop: 1}, 0},
		{"doubled", snsservice.Delivery{Duplicate: 1}, 2},
		{"never, late and doubled", snsservice.Delivery{Drop: 1, Duplicate: 1, Reorder: true}, 0},
		{"late", snsservice.Delivery{Reorder: true}, 0},
	} {
		if err := box.SetNotifications(test.delivery); err != nil {
			t.Fatal(err)
		}
		w := box.World()
		w.Lock()
		w.RegisterFunction(function, func(context.Context, []byte) ([]byte, error) { return nil, nil })
		err := w.Publisher().Publish(*made.TopicArn, "s", "m")
		got := len(w.TakeInvocations())
		_, due := w.NextDue()
		w.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		if got != test.want || due != (test.name == "late") {
			t.Errorf("%s: %d deliveries at once, want %d; more later: %t", test.name, got, test.want, due)
		}
	}
	if err := box.SetNotifications(snsservice.Delivery{Drop: 2}); err == nil {
		t.Error("a probability of 2 was taken")
	}
}
