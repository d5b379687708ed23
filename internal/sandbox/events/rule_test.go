package events_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	lambda "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

// organization is a hub's bus with its rule, and an account that forwards to it.
type organization struct {
	*testing.T
	box *sandbox.Sandbox
	h   *heard
}

func newOrganization(t *testing.T) *organization {
	t.Helper()
	var h heard
	box, _ := world(t, &h)
	return &organization{t, box, &h}
}

func (o *organization) config(account, region string) aws.Config {
	id, secret := sandbox.StaticCredentials(account)
	return aws.Config{
		Region: region, Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""),
		HTTPClient: &http.Client{Transport: simulate.NewTransport(o.box)},
	}
}

// create creates a stack and returns the reason why it failed; "" for none.
func (o *organization) create(account, region, name, resources string) string {
	o.Helper()
	client := cloudformation.NewFromConfig(o.config(account, region))
	_, err := client.CreateStack(o.Context(), &cloudformation.CreateStackInput{
		StackName: &name, TemplateBody: aws.String(`{"Resources":{` + resources + `}}`),
		Capabilities: []cfntypes.Capability{cfntypes.CapabilityCapabilityNamedIam},
	})
	if err != nil {
		o.Fatal(err)
	}
	o.box.RunDue()
	out, err := client.DescribeStackEvents(o.Context(), &cloudformation.DescribeStackEventsInput{StackName: &name})
	if err != nil {
		o.Fatal(err)
	}
	for _, e := range out.StackEvents {
		if e.ResourceStatus == cfntypes.ResourceStatusCreateFailed {
			return aws.ToString(e.ResourceStatusReason)
		}
	}
	return ""
}

func (o *organization) must(reason string) {
	o.Helper()
	if reason != "" {
		o.Fatal(reason)
	}
}

// take returns the accounts, regions and stacks of the events since the last call.
func (o *organization) take() []string {
	o.Helper()
	time.Sleep(time.Second)
	synctest.Wait()
	o.h.mu.Lock()
	defer o.h.mu.Unlock()
	var all []string
	for _, text := range o.h.events {
		var e lambda.EventBridgeEvent
		if err := json.Unmarshal(text, &e); err != nil {
			o.Fatal(err)
		}
		stack := strings.Split(e.Resources[0], "/")[1]
		all = append(all, e.AccountID+" "+e.Region+" "+stack)
	}
	o.h.events = nil
	slices.Sort(all)
	return slices.Compact(all)
}

const (
	hubAccount = sandbox.HubAccount
	busARN     = "arn:aws:events:eu-west-1:" + hubAccount + ":event-bus/hub"
	pattern    = `{"source":["aws.cloudformation"],"detail-type":["CloudFormation Stack Status Change"],
		"resources":[{"wildcard":"arn:aws:cloudformation:*:stack/stowage-*"}]}`
	bus = `"Bus":{"Type":"AWS::Events::EventBus","Properties":{"Name":"hub"}}`
	// forwards is what an account needs to forward to the hub.
	forwards = `"Role":{"Type":"AWS::IAM::Role","Properties":{"RoleName":"forward","AssumeRolePolicyDocument":{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sts:AssumeRole"}]},
		"Policies":[{"PolicyName":"p","PolicyDocument":{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Action":"events:PutEvents","Resource":"` + busARN + `"}]}}]}},` + ruleToHub
	ruleToHub = `"Rule":{"Type":"AWS::Events::Rule","DependsOn":"Role","Properties":{"Name":"stowage","EventPattern":` + pattern + `,
		"Targets":[{"Id":"hub","Arn":"` + busARN + `","RoleArn":"arn:aws:iam::111111111111:role/forward"}]}}`
)

// policy returns the statement of the hub's bus for a principal and a condition.
func policy(principal, condition string) string {
	return `"Policy":{"Type":"AWS::Events::EventBusPolicy","DependsOn":"Bus","Properties":{"EventBusName":"hub","StatementId":"Projects","Statement":{
		"Effect":"Allow","Principal":` + principal + `,"Action":"events:PutEvents","Resource":"` + busARN + `"` + condition + `}}}`
}

const ruleOfHub = `"Rule":{"Type":"AWS::Events::Rule","DependsOn":"Bus","Properties":{"Name":"changes","EventBusName":"hub","EventPattern":` + pattern + `,
	"Targets":[{"Id":"relay","Arn":"` + function + `"}]}}`

// TestForwarding checks what an event needs to get from an account to the hub: the rule's role with
// its trust and its right, and the bus's policy.
func TestForwarding(t *testing.T) {
	t.Parallel()
	const organizationID = `,"Condition":{"StringEquals":{"aws:PrincipalOrgID":"` + sandbox.OrganizationID + `"}}`
	for name, c := range map[string]struct {
		policy, account string
		want            bool
	}{
		"organization":         {policy(`"*"`, organizationID), forwards, true},
		"list of accounts":     {policy(`{"AWS":["111111111111"]}`, ""), forwards, true},
		"another organization": {policy(`"*"`, strings.Replace(organizationID, sandbox.OrganizationID, "o-aaaaaaaaaa", 1)), forwards, false},
		"another account":      {policy(`{"AWS":["222222222222"]}`, ""), forwards, false},
		"role without right":   {policy(`"*"`, organizationID), strings.Replace(forwards, "events:PutEvents", "events:PutRule", 1), false},
		"role of others":       {policy(`"*"`, organizationID), strings.Replace(forwards, "events.amazonaws", "lambda.amazonaws", 1), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newOrganization(t)
				o.must(o.create(hubAccount, "eu-west-1", "hub", bus+","+c.policy+","+ruleOfHub))
				o.must(o.create(account, "eu-west-1", "events", c.account))
				o.take()
				o.must(o.create(account, "eu-west-1", "stowage-acme-0", parameter))
				o.must(o.create(account, "eu-west-1", "other", parameter))
				var want []string
				if c.want {
					want = []string{account + " eu-west-1 stowage-acme-0"}
				}
				if got := o.take(); !slices.Equal(got, want) {
					t.Errorf("the hub heard of %v, want %v", got, want)
				}
			})
		})
	}
}

const parameter = `"P":{"Type":"AWS::SSM::Parameter","Properties":{"Type":"String","Value":"1"}}`

// TestForwarding_Regions checks an account's rule in another region, and the events of a region
// without one.
func TestForwarding_Regions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOrganization(t)
		o.must(o.create(hubAccount, "eu-west-1", "hub", bus+","+policy(`{"AWS":["111111111111"]}`, "")+","+ruleOfHub))
		o.must(o.create(account, "eu-west-1", "events", forwards))
		rule, _, _ := strings.Cut(ruleToHub, `"DependsOn":"Role",`)
		_, rest, _ := strings.Cut(ruleToHub, `"DependsOn":"Role",`)
		o.must(o.create(account, "us-east-1", "events", rule+rest))
		o.take()
		for _, region := range []string{"eu-west-1", "us-east-1", "eu-central-1"} {
			o.must(o.create(account, region, "stowage-acme-0", parameter))
		}
		want := []string{account + " eu-west-1 stowage-acme-0", account + " us-east-1 stowage-acme-0"}
		if got := o.take(); !slices.Equal(got, want) {
			t.Errorf("the hub heard of %v, want %v", got, want)
		}
	})
}

// TestRule_Schedule checks a scheduled rule through its life.
func TestRule_Schedule(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOrganization(t)
		o.must(o.create(hubAccount, "eu-west-1", "hub", `"Rule":{"Type":"AWS::Events::Rule","Properties":{"Name":"sweep",
			"ScheduleExpression":"rate(1 minute)","Targets":[{"Id":"relay","Arn":"`+function+`"}]}}`))
		time.Sleep(3*time.Minute + time.Second)
		synctest.Wait()
		if len(o.h.at) != 3 {
			t.Errorf("invoked at %v", o.h.at)
		}
		client := cloudformation.NewFromConfig(o.config(hubAccount, "eu-west-1"))
		if _, err := client.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: aws.String("hub")}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if len(o.h.at) > 4 {
			t.Errorf("invoked after the deletion: %v", o.h.at)
		}
	})
}

// TestRule_DeadLetters checks what becomes of an event whose target does not exist.
func TestRule_DeadLetters(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		source string
		want   int
	}{
		"permitted": {"arn:aws:events:eu-west-1:" + hubAccount + ":rule/own", 1},
		"refused":   {"arn:aws:events:eu-west-1:" + hubAccount + ":rule/other", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newOrganization(t)
				const queue = "arn:aws:sqs:eu-west-1:" + hubAccount + ":dead"
				o.must(o.create(hubAccount, "eu-west-1", "hub", `"Queue":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":"dead"}},
					"Policy":{"Type":"AWS::SQS::QueuePolicy","Properties":{"Queues":[{"Ref":"Queue"}],"PolicyDocument":{"Version":"2012-10-17","Statement":[
						{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"`+queue+`",
						"Condition":{"ArnEquals":{"aws:SourceArn":"`+c.source+`"}}}]}}},
					"Rule":{"Type":"AWS::Events::Rule","DependsOn":"Policy","Properties":{"Name":"own","EventPattern":`+pattern+`,
						"Targets":[{"Id":"none","Arn":"`+function+`-gone","DeadLetterConfig":{"Arn":"`+queue+`"}}]}}`))
				o.must(o.create(hubAccount, "eu-west-1", "stowage-acme-0", parameter))
				time.Sleep(time.Second)
				synctest.Wait()
				messages := sqs.NewFromConfig(o.config(hubAccount, "eu-west-1"))
				url := aws.String("https://sqs.eu-west-1.amazonaws.com/" + hubAccount + "/dead")
				out, err := messages.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
					QueueUrl: url, MessageAttributeNames: []string{"All"},
				})
				if err != nil {
					t.Fatal(err)
				}
				if len(out.Messages) != c.want {
					t.Fatalf("%d messages, want %d", len(out.Messages), c.want)
				}
				if c.want == 0 {
					return
				}
				m := out.Messages[0]
				if code := m.MessageAttributes["ERROR_CODE"]; aws.ToString(code.StringValue) != "NO_RESOURCE" ||
					!strings.Contains(aws.ToString(m.Body), "stowage-acme-0") {
					t.Errorf("message %s %v", aws.ToString(m.Body), m.MessageAttributes)
				}
			})
		})
	}
}

func TestRule_Refusals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOrganization(t)
		o.must(o.create(hubAccount, "eu-west-1", "hub", bus))
		n := 0
		for properties, want := range map[string]string{
			`"EventBusName":"hub","ScheduleExpression":"rate(1 minute)"`: "only on the default event bus",
			`"ScheduleExpression":"rate(1 minutes)"`:                     "not valid",
			`"ScheduleExpression":"rate(0 minutes)"`:                     "not valid",
			`"Name":"none"`:                                              "must be specified",
			`"EventBusName":"none","EventPattern":` + pattern:            "does not exist",
			`"EventPattern":{"source":"aws.cloudformation"}`:             "must be an object or an array",
			`"EventPattern":{"source":[]}`:                               "Empty arrays",
			`"EventPattern":{"source":[{"prefix":1}]}`:                   "must be a string",
			`"EventPattern":{"source":[{"colour":"red"}]}`:               "does not model",
			`"EventPattern":` + pattern + `,"State":"ON"`:                "state",
			`"EventPattern":` + pattern + `,"Targets":[{"Id":"a","Arn":"arn:aws:events:us-east-1:222222222222:event-bus/x"}]`:                                        "RoleArn is required",
			`"EventPattern":` + pattern + `,"Targets":[{"Id":"a","Arn":"` + function + `"},{"Id":"a","Arn":"` + function + `"}]`:                                     "not unique",
			`"EventPattern":` + pattern + `,"Targets":[{"Id":"a","Arn":"` + function + `","RetryPolicy":{"MaximumRetryAttempts":186}}]`:                              "retry policy",
			`"EventPattern":` + pattern + `,"Targets":[{"Id":"a","Arn":"` + function + `","DeadLetterConfig":{"Arn":"arn:aws:sqs:us-east-1:` + hubAccount + `:q"}}]`: "queue",
		} {
			n++
			reason := o.create(hubAccount, "eu-west-1", "r-"+strings.Repeat("x", n), `"Rule":{"Type":"AWS::Events::Rule","Properties":{`+properties+`}}`)
			if !strings.Contains(reason, want) {
				t.Errorf("%s: %q, want %s", properties, reason, want)
			}
		}
	})
}
