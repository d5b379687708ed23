package sqs_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

const account = "111122223333"

// world is a sandbox with clients of one account.
type world struct {
	*testing.T
	box    *sandbox.Sandbox
	queues *sqs.Client
	stacks *cloudformation.Client
}

func newWorld(t *testing.T) *world {
	t.Helper()
	box := sandbox.New(sandbox.Options{Seed: 1})
	id, secret := sandbox.StaticCredentials(account)
	c := aws.Config{
		Region: "eu-west-1", HTTPClient: &http.Client{Transport: simulate.NewTransport(box)}, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""),
	}
	return &world{t, box, sqs.NewFromConfig(c), cloudformation.NewFromConfig(c)}
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// create creates a stack and returns the reason why it failed; "" for none.
func (w *world) create(name, resources string) string {
	w.Helper()
	_, err := w.stacks.CreateStack(w.Context(), &cloudformation.CreateStackInput{
		StackName: &name, TemplateBody: aws.String(`{"Resources":{` + resources + `}}`),
	})
	w.must(err)
	return w.reason(name, cfntypes.ResourceStatusCreateFailed)
}

func (w *world) reason(stack string, failed cfntypes.ResourceStatus) string {
	w.Helper()
	w.box.RunDue()
	out, err := w.stacks.DescribeStackEvents(w.Context(), &cloudformation.DescribeStackEventsInput{StackName: &stack})
	w.must(err)
	for _, e := range out.StackEvents {
		if e.ResourceStatus == failed {
			return aws.ToString(e.ResourceStatusReason)
		}
	}
	return ""
}

func (w *world) url(name string) string {
	w.Helper()
	out, err := w.queues.GetQueueUrl(w.Context(), &sqs.GetQueueUrlInput{QueueName: &name})
	w.must(err)
	return *out.QueueUrl
}

func (w *world) attributes(url string) map[string]string {
	w.Helper()
	out, err := w.queues.GetQueueAttributes(w.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})
	w.must(err)
	return out.Attributes
}

const queue = `"Queue":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":"dead","MessageRetentionPeriod":3600,"SqsManagedSseEnabled":true}}`

func TestQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		policy := `"Policy":{"Type":"AWS::SQS::QueuePolicy","Properties":{"Queues":[{"Ref":"Queue"}],"PolicyDocument":{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":{"Fn::GetAtt":["Queue","Arn"]}}]}}}`
		if reason := w.create("one", queue+","+policy); reason != "" {
			t.Fatal(reason)
		}
		url := w.url("dead")
		if url != "https://sqs.eu-west-1.amazonaws.com/"+account+"/dead" {
			t.Errorf("URL %s", url)
		}
		has := w.attributes(url)
		if has["QueueArn"] != "arn:aws:sqs:eu-west-1:"+account+":dead" || has["MessageRetentionPeriod"] != "3600" ||
			has["VisibilityTimeout"] != "30" || !strings.Contains(has["Policy"], "events.amazonaws.com") {
			t.Errorf("attributes %v", has)
		}
		_, err := w.queues.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("lost")})
		w.must(err)
		receive := func() []types.Message {
			out, err := w.queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url})
			w.must(err)
			return out.Messages
		}
		if got := receive(); len(got) != 1 || aws.ToString(got[0].Body) != "lost" {
			t.Fatalf("received %v", got)
		}
		if got := receive(); len(got) != 0 {
			t.Errorf("received %v while it is invisible", got)
		}
		time.Sleep(31 * time.Second)
		if has := w.attributes(url); has["ApproximateNumberOfMessages"] != "1" {
			t.Errorf("attributes %v", has)
		}
		got := receive()
		_, err = w.queues.DeleteMessage(
			t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: got[0].ReceiptHandle},
		)
		w.must(err)
		_, err = w.queues.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("old")})
		w.must(err)
		time.Sleep(time.Hour + time.Second)
		if got := receive(); len(got) != 0 {
			t.Errorf("received %v", got)
		}
	})
}

func TestQueue_Name(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		if reason := w.create("one", queue); reason != "" {
			t.Fatal(reason)
		}
		if reason := w.create("two", queue); !strings.Contains(reason, "already exists") {
			t.Errorf("a second queue: %q", reason)
		}
		_, err := w.stacks.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: aws.String("one")})
		w.must(err)
		w.box.RunDue()
		var missing *types.QueueDoesNotExist
		_, err = w.queues.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("dead")})
		if !errors.As(err, &missing) {
			t.Errorf("a deleted queue: %v", err)
		}
		if reason := w.create("three", queue); !strings.Contains(reason, "60 seconds") {
			t.Errorf("a queue of a deleted one's name: %q", reason)
		}
		time.Sleep(time.Minute)
		if reason := w.create("four", queue); reason != "" {
			t.Errorf("a minute later: %s", reason)
		}
	})
}

func TestQueue_Refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for properties, want := range map[string]string{
		`"MessageRetentionPeriod":59`:      "MessageRetentionPeriod",
		`"MessageRetentionPeriod":1209601`: "MessageRetentionPeriod",
		`"VisibilityTimeout":43201`:        "VisibilityTimeout",
		`"MaximumMessageSize":1000`:        "MaximumMessageSize",
		`"QueueName":"a b"`:                "alphanumeric",
	} {
		stack := "r-" + strings.Trim(strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
				return r
			}
			return '-'
		}, properties), "-")
		reason := w.create(stack, `"Queue":{"Type":"AWS::SQS::Queue","Properties":{`+properties+`}}`)
		if !strings.Contains(reason, want) {
			t.Errorf("%s: %q", properties, reason)
		}
	}
	for statement, want := range map[string]string{
		`{"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage"}`:                                                "Policy",
		`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/none"},"Action":"sqs:*","Resource":"*"}`: "Policy",
	} {
		reason := w.create("p"+strings.Repeat("x", len(statement)), `"Queue":{"Type":"AWS::SQS::Queue"},"Policy":{"Type":"AWS::SQS::QueuePolicy","Properties":{
			"Queues":[{"Ref":"Queue"}],"PolicyDocument":{"Version":"2012-10-17","Statement":[`+statement+`]}}}`)
		if !strings.Contains(reason, want) {
			t.Errorf("%s: %q", statement, reason)
		}
	}
}
