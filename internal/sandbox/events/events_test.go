package events_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	lambda "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/events"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/sns"
)

const (
	account  = "111111111111"
	function = "arn:aws:lambda:eu-west-1:000000000000:function:relay"
)

// heard are the events that a function received, with their times since the world's start.
type heard struct {
	mu     sync.Mutex
	events []json.RawMessage
	at     []time.Duration
	fail   int // how many invocations fail first
}

func (h *heard) function(started time.Time) func(context.Context, []byte) ([]byte, error) {
	return func(_ context.Context, event []byte) ([]byte, error) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.events = append(h.events, slices.Clone(event))
		h.at = append(h.at, time.Since(started))
		if len(h.events) <= h.fail {
			return nil, errors.New("not now")
		}
		return nil, nil
	}
}

// world returns a world with a running agenda, and a client for stacks in a project's account that
// was not used yet.
func world(t *testing.T, h *heard) (*sandbox.Sandbox, *cloudformation.Client) {
	t.Helper()
	box := sandbox.New(sandbox.Options{Seed: 1})
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	go box.Run(ctx)
	box.RegisterFunction(function, h.function(time.Now()))
	id, secret := sandbox.StaticCredentials(account)
	return box, cloudformation.NewFromConfig(aws.Config{
		Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""),
		HTTPClient: &http.Client{Transport: simulate.NewTransport(box)},
	})
}

func create(t *testing.T, client *cloudformation.Client, name string, topics ...string) {
	t.Helper()
	if _, err := client.CreateStack(t.Context(), &cloudformation.CreateStackInput{
		StackName:          &name,
		NotificationARNs:   topics,
		ClientRequestToken: aws.String("token-1"),
		TemplateBody: aws.String(
			`{"Resources":{"P":{"Type":"AWS::SSM::Parameter","Properties":{"Type":"String","Value":"1"}}}}`,
		),
	}); err != nil {
		t.Fatal(err)
	}
}

func TestRulesHearOfStacks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var h heard
		box, client := world(t, &h)
		if err := box.AddRule(events.Rule{Name: "stacks", Stacks: "stowage-*", Target: function}); err != nil {
			t.Fatal(err)
		}
		create(t, client, "stowage-acme-0")
		create(t, client, "other")
		time.Sleep(time.Second)
		synctest.Wait()
		var statuses []string
		for _, text := range h.events {
			var e lambda.EventBridgeEvent
			if err := json.Unmarshal(text, &e); err != nil {
				t.Fatal(err)
			}
			var detail struct {
				StackID       string `json:"stack-id"`
				StatusDetails struct {
					Status string `json:"status"`
				} `json:"status-details"`
				Token string `json:"client-request-token"`
			}
			if err := json.Unmarshal(e.Detail, &detail); err != nil {
				t.Fatal(err)
			}
			if e.Source != "aws.cloudformation" || e.DetailType != "CloudFormation Stack Status Change" || e.AccountID != account || e.Region != "eu-west-1" ||
				e.ID == "" || e.Time.IsZero() || len(e.Resources) != 1 ||
				e.Resources[0] != detail.StackID ||
				!strings.Contains(detail.StackID, ":stack/stowage-acme-0/") ||
				detail.Token != "token-1" {
				t.Errorf("event %s", text)
			}
			statuses = append(statuses, detail.StatusDetails.Status)
		}
		slices.Sort(statuses) // functions run concurrently
		if !slices.Equal(statuses, []string{"CREATE_COMPLETE", "CREATE_IN_PROGRESS"}) {
			t.Errorf("heard of %v", statuses)
		}
	})
}

func TestDelivery_LateAndDoubled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var h heard
		box, client := world(t, &h)
		if err := box.AddRule(events.Rule{Name: "stacks", Target: function}); err != nil {
			t.Fatal(err)
		}
		if err := box.SetNotifications(sns.Delivery{Drop: 1, Duplicate: 1, Delay: "30s"}); err != nil {
			t.Fatal(err)
		}
		create(t, client, "a")
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(h.at) != 4 || slices.Min(h.at) != 30*time.Second {
			t.Errorf("heard at %v", h.at)
		}
	})
}

func TestDelivery_EveryAccount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := heard{fail: 1}
		box, client := world(t, &h)
		box.SubscribeFunction(function)
		box.SubscribeFunction(function) // once is enough
		if err := box.SetNotifications(sns.Delivery{Delay: "10s"}); err != nil {
			t.Fatal(err)
		}
		create(t, client, "a", "arn:aws:sns:eu-west-1:"+account+":"+sandbox.TopicName)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		// Two events of the stack, three of its resource, and the one that failed again.
		if len(h.events) != 6 || slices.Min(h.at) != 10*time.Second || slices.Max(h.at) != 70*time.Second {
			t.Fatalf("heard at %v", h.at)
		}
		for _, text := range h.events {
			var e lambda.SNSEvent
			if err := json.Unmarshal(text, &e); err != nil {
				t.Fatal(err)
			}
			r := e.Records[0]
			if len(e.Records) != 1 || r.EventSource != "aws:sns" || r.SNS.Type != "Notification" || r.SNS.Subject != "AWS CloudFormation Notification" ||
				r.SNS.MessageID == "" || r.SNS.Timestamp.IsZero() ||
				r.SNS.TopicArn != "arn:aws:sns:eu-west-1:"+account+":"+sandbox.TopicName ||
				!strings.HasPrefix(r.EventSubscriptionArn, r.SNS.TopicArn+":") ||
				!strings.Contains(r.SNS.Message, "StackName='a'\n") {
				t.Errorf("event %s", text)
			}
		}
	})
}

func TestDelivery_RetriedThreeTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := heard{fail: 100}
		box, client := world(t, &h)
		if err := box.AddRule(events.Rule{Name: "done", Stacks: "a", Target: function}); err != nil {
			t.Fatal(err)
		}
		create(t, client, "a")
		time.Sleep(time.Hour)
		synctest.Wait()
		slices.Sort(h.at)
		if want := []time.Duration{
			0,
			0,
			time.Minute,
			time.Minute,
			3 * time.Minute,
			3 * time.Minute,
		}; !slices.Equal(h.at, want) {
			t.Errorf("tried at %v, want %v", h.at, want)
		}
	})
}

func TestScheduledRules(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var h heard
		box, client := world(t, &h)
		if err := box.AddRule(events.Rule{Name: "sweep", Every: 5 * time.Minute, Target: function}); err != nil {
			t.Fatal(err)
		}
		create(t, client, "a") // which a schedule ignores
		time.Sleep(16 * time.Minute)
		synctest.Wait()
		if want := []time.Duration{5 * time.Minute, 10 * time.Minute, 15 * time.Minute}; !slices.Equal(h.at, want) {
			t.Fatalf("invoked at %v, want %v", h.at, want)
		}
		var e lambda.EventBridgeEvent
		if err := json.Unmarshal(h.events[0], &e); err != nil {
			t.Fatal(err)
		}
		if e.Source != "aws.events" || e.DetailType != "Scheduled Event" || e.AccountID != sandbox.HubAccount ||
			e.Resources[0] != "arn:aws:events:eu-west-1:000000000000:rule/sweep" || string(e.Detail) != "{}" {
			t.Errorf("event %s", h.events[0])
		}
	})
}

func TestBadRulesAndDeliveries(t *testing.T) {
	t.Parallel()
	box := sandbox.New(sandbox.Options{Seed: 1})
	if err := box.AddRule(events.Rule{Name: "good", Target: function}); err != nil {
		t.Fatal(err)
	}
	for _, r := range []events.Rule{{Target: function}, {Name: "r"}, {Name: "r", Stacks: "[", Target: function}, {Name: "r", Every: time.Second, Target: function}, {Name: "good", Target: function}} {
		if err := box.AddRule(r); err == nil {
			t.Errorf("%+v was taken", r)
		}
	}
	for _, d := range []sns.Delivery{{Drop: 2}, {Duplicate: -1}, {Delay: "soon"}, {Delay: "-1s"}} {
		if err := box.SetNotifications(d); err == nil {
			t.Errorf("%+v was taken", d)
		}
	}
}
