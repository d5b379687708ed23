package sandbox_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

const template = `{"Resources":{
  "Revision":{"Type":"AWS::SSM::Parameter","Properties":{"Name":"/stowage/acme/0/revision","Type":"String","Value":"1"}},
  "Key":{"Type":"AWS::KMS::Key","Properties":{"EnableKeyRotation":true}},
  "Alias":{"Type":"AWS::KMS::Alias","Properties":{"AliasName":"alias/acme","TargetKeyId":{"Ref":"Key"}}},
  "Bucket":{"Type":"AWS::S3::Bucket","Properties":{"BucketName":"acme-inbox-000000000000"}},
  "User":{"Type":"AWS::IAM::User","Properties":{"UserName":"acme-partner"}},
  "AccessKey":{"Type":"AWS::IAM::AccessKey","Properties":{"UserName":{"Ref":"User"}}},
  "Secret":{"Type":"AWS::SecretsManager::Secret","Properties":{"Name":"acme-partner","SecretString":{"Fn::GetAtt":["AccessKey","SecretAccessKey"]}}}
}}`

// TestStack_SeveralServices creates resources of all services with a stack whose template is in
// S3, and checks them with the services' own clients.
func TestStack_SeveralServices(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box := sandbox.New(sandbox.Options{Seed: 1, Latency: sandbox.LatencyAWS()})
		c := config(
			sandbox.HubAccount,
			func(c *aws.Config) { c.HTTPClient = &http.Client{Transport: simulate.NewTransport(box)} },
		)
		ctx := t.Context()
		objects := s3.NewFromConfig(c)
		if _, err := objects.CreateBucket(ctx, &s3.CreateBucketInput{
			Bucket:                    aws.String("templates-0"),
			CreateBucketConfiguration: createIn("eu-west-1"),
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := objects.PutObject(
			ctx,
			&s3.PutObjectInput{
				Bucket: aws.String("templates-0"), Key: aws.String("a b/t.json"), Body: strings.NewReader(template),
			},
		); err != nil {
			t.Fatal(err)
		}
		stacks := cloudformation.NewFromConfig(c)
		started := time.Now()
		if _, err := stacks.CreateStack(ctx, &cloudformation.CreateStackInput{
			StackName:        aws.String("acme"),
			TemplateURL:      aws.String("https://templates-0.s3.eu-west-1.amazonaws.com/a%20b/t.json"),
			Capabilities:     []types.Capability{types.CapabilityCapabilityNamedIam},
			NotificationARNs: []string{"arn:aws:sns:eu-west-1:000000000000:stowage-events"},
		}); err != nil {
			t.Fatal(err)
		}
		waiter := cloudformation.NewStackCreateCompleteWaiter(stacks)
		if err := waiter.Wait(
			ctx, &cloudformation.DescribeStacksInput{StackName: aws.String("acme")}, time.Hour,
		); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(started); took < 3*time.Second {
			t.Errorf("seven resources took %s", took)
		}
		if _, err := ssm.NewFromConfig(c).GetParameter(
			ctx, &ssm.GetParameterInput{Name: aws.String("/stowage/acme/0/revision")},
		); err != nil {
			t.Error(err)
		}
		if _, err := objects.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String("acme-inbox-000000000000")}); err != nil {
			t.Error(err)
		}
		keys, err := iam.NewFromConfig(c).ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: aws.String("acme-partner")})
		if err != nil || len(keys.AccessKeyMetadata) != 1 {
			t.Fatalf("keys %+v, %v", keys, err)
		}
		secret := secretOf(t, c, "acme-partner")
		user := c.Copy()
		user.Credentials = credentials.NewStaticCredentialsProvider(*keys.AccessKeyMetadata[0].AccessKeyId, secret, "")
		if got := callerOf(t, user); got != "arn:aws:iam::000000000000:user/acme-partner" {
			t.Errorf("the user's own key is that of %s", got)
		}
		if box.Calls()["cloudformation"]["CreateStack"] != 1 || box.Calls()["s3"]["PutObject"] != 1 {
			t.Errorf("calls %v", box.Calls())
		}
	})
}

func TestHub_Table(t *testing.T) {
	t.Parallel()
	_, c := serve(t)
	client := dynamodb.NewFromConfig(c)
	got, err := client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("stowage")})
	if err != nil {
		t.Fatal(err)
	}
	if got.Table.TableStatus != "ACTIVE" || len(got.Table.KeySchema) != 2 {
		t.Errorf("table %+v", got.Table)
	}
	ttl, err := client.DescribeTimeToLive(t.Context(), &dynamodb.DescribeTimeToLiveInput{TableName: aws.String("stowage")})
	if err != nil || aws.ToString(ttl.TimeToLiveDescription.AttributeName) != "expires" {
		t.Errorf("time to live %+v, %v", ttl, err)
	}
}

func TestStaleReads_Services(t *testing.T) {
	t.Parallel()
	box, c := serve(t)
	client := dynamodb.NewFromConfig(c)
	key := map[string]ddbtypes.AttributeValue{
		"pk": &ddbtypes.AttributeValueMemberS{Value: "p"}, "sk": &ddbtypes.AttributeValueMemberS{Value: "s"},
	}
	if _, err := client.PutItem(
		t.Context(), &dynamodb.PutItemInput{TableName: aws.String("stowage"), Item: key},
	); err != nil {
		t.Fatal(err)
	}
	if err := box.AddFaults(
		sandbox.Fault{Service: "dynamodb", Operation: "GetItem", Effect: sandbox.StaleRead, Times: 2},
	); err != nil {
		t.Fatal(err)
	}
	for i, test := range []struct{ consistent, found bool }{{false, false}, {true, true}, {false, true}} {
		got, err := client.GetItem(
			t.Context(),
			&dynamodb.GetItemInput{TableName: aws.String("stowage"), Key: key, ConsistentRead: &test.consistent},
		)
		if err != nil {
			t.Fatal(err)
		}
		if (got.Item != nil) != test.found {
			t.Errorf("read %d (consistent: %t) found the item: %t", i, test.consistent, got.Item != nil)
		}
	}
}

func TestSignatures_S3(t *testing.T) {
	t.Parallel()
	_, c := serve(t)
	c.Credentials = credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", "")
	_, err := s3.NewFromConfig(c, pathStyle).ListBuckets(t.Context(), nil)
	wantError(t, err, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
	id, secret := sandbox.StaticCredentials(sandbox.HubAccount)
	c.Credentials = credentials.NewStaticCredentialsProvider(id, "wrong", "")
	_, err = s3.NewFromConfig(c, pathStyle).ListBuckets(t.Context(), nil)
	wantError(
		t, err, "SignatureDoesNotMatch",
		"The request signature we calculated does not match the signature you provided. Check your key and signing method.",
	)

	c.Credentials = credentials.NewStaticCredentialsProvider(id, secret, "")
	client := s3.NewFromConfig(c, pathStyle)
	if _, err := client.CreateBucket(
		t.Context(),
		&s3.CreateBucketInput{Bucket: aws.String("b-0"), CreateBucketConfiguration: createIn("eu-west-1")},
	); err != nil {
		t.Fatal(err)
	}
	const key = "odd key/ä+(1)~.txt"
	if _, err := client.PutObject(
		t.Context(),
		&s3.PutObjectInput{Bucket: aws.String("b-0"), Key: aws.String(key), Body: strings.NewReader("hello")},
	); err != nil {
		t.Fatal(err)
	}
	signed, err := s3.NewPresignClient(client).PresignGetObject(
		t.Context(), &s3.GetObjectInput{Bucket: aws.String("b-0"), Key: aws.String(key)},
	)
	if err != nil {
		t.Fatal(err)
	}
	if status, body := do(t, signed.Method, signed.URL, ""); status != http.StatusOK || body != "hello" {
		t.Errorf("a presigned download: %d %s", status, body)
	}
}

func pathStyle(o *s3.Options) { o.UsePathStyle = true }

func createIn(region string) *s3types.CreateBucketConfiguration {
	return &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraint(region)}
}

func secretOf(t *testing.T, c aws.Config, name string) string {
	t.Helper()
	got, err := secretsmanager.NewFromConfig(c).GetSecretValue(
		t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &name},
	)
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(got.SecretString)
}

func callerOf(t *testing.T, c aws.Config) string {
	t.Helper()
	got, err := sts.NewFromConfig(c).GetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(got.Arn)
}
