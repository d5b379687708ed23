package lambda_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	runtime "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

const (
	account  = "111122223333"
	region   = "eu-west-1"
	bucket   = "packages"
	function = "arn:aws:lambda:" + region + ":" + account + ":function:f"
)

// asFunction makes the test's program act as a function.
const asFunction = "STOWAGE_TEST_FUNCTION"

func TestMain(m *testing.M) {
	switch os.Getenv(asFunction) {
	case "":
		os.Exit(m.Run())
	case "handler":
		runtime.Start(handle)
	default: // "broken": it ends before it is ready
		fmt.Println("no configuration")
		os.Exit(3)
	}
}

type request struct{ Do string }

type report struct {
	PID, Calls                   int
	RequestID, Function, Account string
	Left                         time.Duration
	Environment                  []string
}

var calls int

// handle is the function of the tests.
func handle(ctx context.Context, r request) (any, error) {
	calls++
	about, _ := lambdacontext.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	out := report{
		PID: os.Getpid(), Calls: calls, RequestID: about.AwsRequestID, Function: about.InvokedFunctionArn,
		Left: time.Until(deadline), Environment: os.Environ(),
	}
	switch r.Do {
	case "fail":
		return nil, errors.New("not today")
	case "exit":
		os.Exit(2)
	case "hang":
		if path := os.Getenv("STARTED"); path != "" {
			if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
				return nil, err
			}
		}
		select {}
	case "large":
		return strings.Repeat("x", 7<<20), nil
	case "identity":
		c, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, err
		}
		identity, err := sts.NewFromConfig(c).GetCallerIdentity(ctx, nil)
		if err != nil {
			return nil, err
		}
		out.Account = aws.ToString(identity.Arn)
		_, err = s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true }).ListBuckets(ctx, nil)
		fmt.Println("refused:", err)
	}
	return out, nil
}

// world is a sandbox with clients of one account.
type world struct {
	*testing.T
	box       *sandbox.Sandbox
	config    aws.Config
	functions *lambda.Client
	stacks    *cloudformation.Client
}

func newWorld(t *testing.T) *world {
	t.Helper()
	box := sandbox.New(sandbox.Options{Seed: 1})
	id, secret := sandbox.StaticCredentials(account)
	w := &world{T: t, box: box, config: aws.Config{
		Region: region, HTTPClient: &http.Client{Transport: simulate.NewTransport(box)}, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""),
	}}
	w.functions, w.stacks = lambda.NewFromConfig(w.config), cloudformation.NewFromConfig(w.config)
	_, err := w.objects().CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket: aws.String(bucket), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
	})
	w.must(err)
	return w
}

// withProcesses returns a world in which functions run as processes.
func withProcesses(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	server := httptest.NewServer(w.box)
	ctx, stop := context.WithCancel(t.Context())
	go w.box.Run(ctx)
	w.box.RunFunctions(server.URL)
	t.Cleanup(func() {
		w.must(w.box.StopFunctions())
		stop()
		server.Close()
	})
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) objects() *s3.Client {
	return s3.NewFromConfig(w.config, func(o *s3.Options) { o.UsePathStyle = true })
}

// upload stores a package, or any other content.
func (w *world) upload(key string, body []byte) {
	w.Helper()
	_, err := w.objects().PutObject(w.Context(), &s3.PutObjectInput{
		Bucket: aws.String(bucket), Key: &key, Body: bytes.NewReader(body),
	})
	w.must(err)
}

// pack returns a zip with one file.
func pack(t *testing.T, name string, mode os.FileMode, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	header := &zip.FileHeader{Name: name, Method: zip.Deflate}
	header.SetMode(mode)
	file, err := z.CreateHeader(header)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(file, content)
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// self returns a package that runs the test's program.
func self(t *testing.T) []byte {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return pack(t, "bootstrap", 0o755, "#!/bin/sh\nexec "+program+"\n")
}

const (
	role = `"Role":{"Type":"AWS::IAM::Role","Properties":{"RoleName":"f","AssumeRolePolicyDocument":{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]},
		"Policies":[{"PolicyName":"p","PolicyDocument":{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"arn:aws:logs:*:*:log-group:/f:*"},
		{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:*:*:dead"}]}}]}}`
	group = `"Group":{"Type":"AWS::Logs::LogGroup","Properties":{"LogGroupName":"/f"}}`
	queue = `"Queue":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":"dead"}}`
)

// functionOf returns the resource of the function f. more are further properties, each preceded by a
// comma.
func functionOf(more string) string {
	return `"Function":{"Type":"AWS::Lambda::Function","Properties":{"FunctionName":"f","Runtime":"provided.al2023","Handler":"bootstrap",
		"Role":{"Fn::GetAtt":["Role","Arn"]},"Code":{"S3Bucket":"` + bucket + `","S3Key":"f.zip"}` + more + `}}`
}

// create creates a stack and returns the reason why it failed; "" for none.
func (w *world) create(name, resources string) string {
	w.Helper()
	_, err := w.stacks.CreateStack(w.Context(), &cloudformation.CreateStackInput{
		StackName: &name, TemplateBody: aws.String(`{"Resources":{` + resources + `}}`),
		Capabilities: []cfntypes.Capability{cfntypes.CapabilityCapabilityNamedIam},
	})
	w.must(err)
	return w.reason(name)
}

// update updates a stack and returns the reason why it failed; "" for none.
func (w *world) update(name, resources string) string {
	w.Helper()
	_, err := w.stacks.UpdateStack(w.Context(), &cloudformation.UpdateStackInput{
		StackName: &name, TemplateBody: aws.String(`{"Resources":{` + resources + `}}`),
		Capabilities: []cfntypes.Capability{cfntypes.CapabilityCapabilityNamedIam},
	})
	w.must(err)
	return w.reason(name)
}

func (w *world) reason(stack string) string {
	w.Helper()
	w.box.RunDue()
	var events []cfntypes.StackEvent
	pages := cloudformation.NewDescribeStackEventsPaginator(
		w.stacks, &cloudformation.DescribeStackEventsInput{StackName: &stack},
	)
	for pages.HasMorePages() {
		page, err := pages.NextPage(w.Context())
		w.must(err)
		events = append(events, page.StackEvents...)
	}
	for _, e := range events {
		failed := e.ResourceStatus == cfntypes.ResourceStatusCreateFailed ||
			e.ResourceStatus == cfntypes.ResourceStatusUpdateFailed
		if reason := aws.ToString(e.ResourceStatusReason); failed && reason != "Resource creation cancelled" {
			return reason
		}
		if aws.ToString(e.PhysicalResourceId) == aws.ToString(e.StackId) &&
			strings.HasSuffix(string(e.ResourceStatus), "_IN_PROGRESS") && aws.ToString(e.ResourceStatusReason) == "User Initiated" {
			return "" // the start of the last operation
		}
	}
	return ""
}

// invoke invokes f and returns its answer, and its error if it failed.
func (w *world) invoke(do string) (report, string) {
	w.Helper()
	out, err := w.functions.Invoke(w.Context(), &lambda.InvokeInput{
		FunctionName: aws.String("f"), Payload: []byte(`{"Do":"` + do + `"}`),
	})
	w.must(err)
	if out.FunctionError != nil {
		var failed struct{ ErrorType, ErrorMessage string }
		w.must(json.Unmarshal(out.Payload, &failed))
		return report{}, failed.ErrorType + ": " + failed.ErrorMessage
	}
	var answer report
	if do != "large" {
		w.must(json.Unmarshal(out.Payload, &answer))
	}
	return answer, ""
}

// event invokes f asynchronously.
func (w *world) event() {
	w.Helper()
	_, err := w.functions.Invoke(w.Context(), &lambda.InvokeInput{
		FunctionName: aws.String("f"), InvocationType: types.InvocationTypeEvent, Payload: []byte(`{"n":1}`),
	})
	w.must(err)
}
