package sandbox_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// TestHubSteps creates, changes and deletes a resource of each type with exactly the listed rights,
// and compares them with those that were used. Each is on the resource itself.
func TestHubSteps(t *testing.T) {
	t.Parallel()
	const (
		place  = ":eu-west-1:" + sandbox.HubAccount + ":"
		tags   = `"Tags":[{"Key":"a","Value":"1"}]`
		queue  = `"Queue":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":"thing"`
		policy = `"PolicyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"SID"}]}`
	)
	for name, c := range map[string]struct {
		before, after string // resources; those of before are deleted with the stack
		resource      string
		actions       string
	}{
		"table": {
			`"T":{"Type":"AWS::DynamoDB::Table","Properties":{"TableName":"thing","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],
				"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],"TimeToLiveSpecification":{"AttributeName":"e","Enabled":true},` + tags + `}}`,
			`"T":{"Type":"AWS::DynamoDB::Table","Properties":{"TableName":"thing","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],
				"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],"TimeToLiveSpecification":{"AttributeName":"e","Enabled":true},
				"PointInTimeRecoverySpecification":{"PointInTimeRecoveryEnabled":true}}}`,
			"arn:aws:dynamodb" + place + "table/thing",
			`CreateTable DeleteTable DescribeContinuousBackups DescribeContributorInsights DescribeKinesisStreamingDestination DescribeTable
				DescribeTimeToLive GetResourcePolicy ListTagsOfResource TagResource UntagResource UpdateContinuousBackups UpdateTable UpdateTimeToLive`,
		},
		"queue": {
			queue + `,` + tags + `}}`, queue + `,"VisibilityTimeout":60}}`, "arn:aws:sqs" + place + "thing",
			`CreateQueue DeleteQueue GetQueueAttributes ListQueueTags SetQueueAttributes TagQueue UntagQueue`,
		},
		"queue policy": {
			queue + `}},"P":{"Type":"AWS::SQS::QueuePolicy","Properties":{"Queues":[{"Ref":"Queue"}],` + strings.ReplaceAll(policy, "SID", "*") + `}}`,
			queue + `}},"P":{"Type":"AWS::SQS::QueuePolicy","Properties":{"Queues":[{"Ref":"Queue"}],` + strings.ReplaceAll(policy, "SID", "arn:aws:sqs:*:*:thing") + `}}`,
			"arn:aws:sqs" + place + "thing", `CreateQueue DeleteQueue GetQueueAttributes ListQueueTags SetQueueAttributes`,
		},
		"alarm": {
			`"A":{"Type":"AWS::CloudWatch::Alarm","Properties":{"AlarmName":"thing","Namespace":"n","MetricName":"m","Statistic":"Sum","Period":60,
				"EvaluationPeriods":1,"Threshold":1,"ComparisonOperator":"LessThanThreshold",` + tags + `}}`,
			`"A":{"Type":"AWS::CloudWatch::Alarm","Properties":{"AlarmName":"thing","Namespace":"n","MetricName":"m","Statistic":"Sum","Period":60,
				"EvaluationPeriods":1,"Threshold":2,"ComparisonOperator":"LessThanThreshold"}}`,
			"arn:aws:cloudwatch" + place + "alarm:thing",
			`DeleteAlarms DescribeAlarms ListTagsForResource PutMetricAlarm TagResource UntagResource`,
		},
		"OIDC provider": {
			`"P":{"Type":"AWS::IAM::OIDCProvider","Properties":{"Url":"https://thing.example","ClientIdList":["a"],` + tags + `}}`,
			`"P":{"Type":"AWS::IAM::OIDCProvider","Properties":{"Url":"https://thing.example","ClientIdList":["b"]}}`,
			"arn:aws:iam::" + sandbox.HubAccount + ":oidc-provider/thing.example",
			`AddClientIDToOpenIDConnectProvider CreateOpenIDConnectProvider DeleteOpenIDConnectProvider GetOpenIDConnectProvider
				RemoveClientIDFromOpenIDConnectProvider TagOpenIDConnectProvider UntagOpenIDConnectProvider`,
		},
		"bus": {
			`"B":{"Type":"AWS::Events::EventBus","Properties":{"Name":"thing",` + tags + `}}`,
			`"B":{"Type":"AWS::Events::EventBus","Properties":{"Name":"thing","Description":"d"}}`,
			"arn:aws:events" + place + "event-bus/thing",
			`CreateEventBus DeleteEventBus DescribeEventBus ListTagsForResource TagResource UntagResource UpdateEventBus`,
		},
		"statement": {
			`"S":{"Type":"AWS::Events::EventBusPolicy","Properties":{"StatementId":"s","Statement":{"Effect":"Allow","Principal":{"AWS":["111111111111"]},
				"Action":"events:PutEvents","Resource":"arn:aws:events` + place + `event-bus/default"}}}`,
			`"S":{"Type":"AWS::Events::EventBusPolicy","Properties":{"StatementId":"s","Statement":{"Effect":"Allow","Principal":{"AWS":["222222222222"]},
				"Action":"events:PutEvents","Resource":"arn:aws:events` + place + `event-bus/default"}}}`,
			"arn:aws:events" + place + "event-bus/default", `DescribeEventBus PutPermission RemovePermission`,
		},
		"rule": {
			`"R":{"Type":"AWS::Events::Rule","Properties":{"Name":"thing","EventPattern":{"source":["a"]},` + tags + `}}`,
			`"R":{"Type":"AWS::Events::Rule","Properties":{"Name":"thing","EventPattern":{"source":["a"]},"Targets":[
				{"Id":"f","Arn":"arn:aws:lambda` + place + `function:f"}]}}`,
			"arn:aws:events" + place + "rule/thing",
			`DeleteRule DescribeRule ListTagsForResource ListTargetsByRule PutRule PutTargets RemoveTargets TagResource UntagResource`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			box, admin := serve(t)
			service := strings.SplitN(c.resource, ":", 4)[2]
			var want []string
			for action := range strings.FieldsSeq(c.actions) {
				want = append(want, service+":"+action)
			}
			client := cloudformation.NewFromConfig(session(
				t, admin, "deployer", hubRoot, `{"Effect":"Allow","Action":"cloudformation:*","Resource":"*"},
				{"Effect":"Allow","Action":["`+strings.Join(want, `","`)+`"],"Resource":"`+c.resource+`"}`,
			))
			stack := aws.String("thing")
			check := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
				box.RunDue()
				events, err := cloudformation.NewFromConfig(admin).DescribeStackEvents(
					t.Context(), &cloudformation.DescribeStackEventsInput{StackName: stack},
				)
				if err != nil {
					return // the stack is deleted
				}
				for _, e := range events.StackEvents {
					if strings.HasSuffix(string(e.ResourceStatus), "_FAILED") {
						t.Fatalf("%s: %s", aws.ToString(e.LogicalResourceId), aws.ToString(e.ResourceStatusReason))
					}
				}
			}
			_, err := client.CreateStack(t.Context(), &cloudformation.CreateStackInput{
				StackName: stack, TemplateBody: aws.String(`{"Resources":{` + c.before + `}}`),
			})
			check(err)
			_, err = client.UpdateStack(t.Context(), &cloudformation.UpdateStackInput{
				StackName: stack, TemplateBody: aws.String(`{"Resources":{` + c.after + `}}`),
			})
			check(err)
			_, err = client.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: stack})
			check(err)
			used := map[string]bool{}
			for _, p := range box.Permissions()["arn:aws:sts::"+sandbox.HubAccount+":assumed-role/deployer"] {
				if p.Via {
					used[p.Action] = true
				}
			}
			slices.Sort(want)
			if got := slices.Sorted(maps.Keys(used)); !slices.Equal(got, want) {
				t.Errorf("used %v\nwant %v", got, want)
			}
		})
	}
}
