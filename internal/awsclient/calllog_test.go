package awsclient

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/hashicorp/terraform-plugin-log/tflogtest"
)

// lockedBuffer receives log lines of several goroutines.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// Everything in a call contains a sentinel: requests and answers, successes and errors. At the most
// verbose level, the log must show the calls and no sentinel.
func TestLog_CallsWithoutSecrets(t *testing.T) {
	cleanEnvironment(t)
	const sentinel = "SENTINELxSENTINEL"
	f := newFakeAWS()
	f.roles[projectRole] = []string{"arn:aws:iam::000000000000:user/deploy"}
	f.other = func(call sdkCall) (int, string) {
		switch call.Operation {
		case "CreateChangeSet":
			return 200, `<CreateChangeSetResponse><CreateChangeSetResult><Id>` + sentinel + `</Id></CreateChangeSetResult></CreateChangeSetResponse>`
		case "DescribeChangeSet":
			return awsError(400, "ValidationError", sentinel)
		case "PutItem":
			return 200, `{"Attributes":{"secret":{"S":"` + sentinel + `"}}}`
		}
		return awsError(400, "InvalidAction", call.String())
	}
	var signatures []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, signature, ok := strings.Cut(r.Header.Get("Authorization"), "Signature="); ok {
			f.mu.Lock()
			signatures = append(signatures, signature)
			f.mu.Unlock()
		}
		w.Header().Set("X-Echo", sentinel)
		f.ServeHTTP(w, r)
	}))
	defer server.Close()

	config := hubConfig(f)
	config.HTTPClient = nil
	config.SecretKey = sentinel + "secretkey"
	config.Token = sentinel + "token"
	config.Endpoints = map[string]string{"sts": server.URL, "cloudformation": server.URL, "dynamodb": server.URL}

	var log lockedBuffer
	ctx := tflogtest.RootLogger(t.Context(), &log)
	clients, err := New(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	project, err := clients.Project(ctx, projectAccount, "", "StowageProvisioner")
	if err != nil {
		t.Fatal(err)
	}
	for _, account := range []*Account{clients.Hub(), project} {
		if _, err := account.CloudFormation.CreateChangeSet(ctx, &cloudformation.CreateChangeSetInput{
			StackName:     aws.String("s"),
			ChangeSetName: aws.String("c"),
			TemplateBody:  aws.String(sentinel + strings.Repeat("x", 100<<10)),
		}); err != nil {
			t.Fatal(err) // logging must also not fail on a long line
		}
		if _, err := account.CloudFormation.DescribeChangeSet(
			ctx, &cloudformation.DescribeChangeSetInput{ChangeSetName: aws.String(sentinel)},
		); err == nil {
			t.Fatal("DescribeChangeSet succeeded")
		}
		out, err := account.DynamoDB.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: aws.String("t"),
			Item:      map[string]types.AttributeValue{"secret": &types.AttributeValueMemberS{Value: sentinel}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := out.Attributes["secret"].(*types.AttributeValueMemberS).Value; got != sentinel {
			t.Errorf("the log ate the answer: %q", got)
		}
	}

	// The calls that find credentials carry a token, and their answers a secret.
	const tokenRole = "arn:aws:iam::000000000000:role/FromToken"
	f.roles[tokenRole] = []string{"token:" + sentinel}
	if _, err := New(ctx, Config{
		Region:    "eu-west-1",
		Endpoints: config.Endpoints,
		AssumeRoleWithWebIdentity: &AssumeRoleWithWebIdentity{
			RoleARN: tokenRole, SessionName: "s", WebIdentityToken: sentinel,
		},
	}); err != nil {
		t.Fatal(err)
	}

	text := log.String()
	for _, line := range []string{"GetCallerIdentity", "AssumeRole", "CreateChangeSet", "DescribeChangeSet", "PutItem", `"http.status_code":200`, `"http.status_code":400`,
		`"aws.error_code":"ValidationError"`, "attempt=1; max=25"} {
		if !strings.Contains(text, line) {
			t.Errorf("%q is not in the log", line)
		}
	}
	if len(signatures) == 0 {
		t.Error("no signature was seen")
	}
	for _, secret := range append(signatures, sentinel, "sessionsecret", "sessiontoken", "AWS4-HMAC", "X-Amz-Security-Token", "x_amz_security_token") {
		for _, line := range strings.Split(text, "\n") {
			if strings.Contains(line, secret) {
				t.Errorf("%q is in the log: %.400s", secret, line)
			}
		}
	}
}

// Without a logger in the context, as in the relay or in tests, calls work and log nothing.
func TestNoLogger(t *testing.T) {
	cleanEnvironment(t)
	mustNew(t, hubConfig(newFakeAWS()))
	sdkLog{}.Logf("WARN", "nobody listens")
}

// TestLogShowsRepeatedCalls requires a line of progress, above the level of the call log, for each
// attempt that AWS does not serve.
func TestLogShowsRepeatedCalls(t *testing.T) {
	cleanEnvironment(t)
	synctest.Test(t, func(t *testing.T) {
		f := newFakeAWS()
		c := mustNew(t, hubConfig(f))
		attempts := 0
		f.other = func(sdkCall) (int, string) {
			if attempts++; attempts <= 3 {
				return awsError(500, "InternalFailure", "secret words")
			}
			return 200, `<DescribeStacksResponse><DescribeStacksResult><Stacks/></DescribeStacksResult></DescribeStacksResponse>`
		}
		var log lockedBuffer
		ctx := tflogtest.RootLogger(t.Context(), &log)
		if _, err := c.Hub().CloudFormation.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{}); err != nil {
			t.Fatal(err)
		}
		lines := strings.Count(log.String(), `"@level":"info","@message":"AWS did not serve the call; it is repeated"`)
		if lines != 3 || !strings.Contains(log.String(), `"aws.error_code":"InternalFailure"`) ||
			strings.Contains(log.String(), "secret words") {
			t.Errorf("%d lines of progress:\n%s", lines, log.String())
		}
	})
}
