package sandbox_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// gatewayStack is a stack with each type of API Gateway. TAGS and LIMIT stand for what an update
// changes.
const gatewayStack = `{"Resources":{
	"LogRole":{"Type":"AWS::IAM::Role","DeletionPolicy":"Retain","Properties":{"RoleName":"logs","AssumeRolePolicyDocument":
		{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"sts:AssumeRole"}]},
		"ManagedPolicyArns":["arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"]}},
	"Account":{"Type":"AWS::ApiGateway::Account","Properties":{"CloudWatchRoleArn":{"Fn::GetAtt":["LogRole","Arn"]}}},
	"Logs":{"Type":"AWS::Logs::LogGroup","DeletionPolicy":"Retain","Properties":{"LogGroupName":"logs"}},
	"Api":{"Type":"AWS::ApiGatewayV2::Api","Properties":{"Name":"LIMIT","ProtocolType":"WEBSOCKET","RouteSelectionExpression":"$request.body.type"TAGS}},
	"Authorizer":{"Type":"AWS::ApiGatewayV2::Authorizer","Properties":{"ApiId":{"Ref":"Api"},"Name":"LIMIT","AuthorizerType":"REQUEST",
		"AuthorizerUri":"URI","IdentitySource":["route.request.header.A"]}},
	"Integration":{"Type":"AWS::ApiGatewayV2::Integration","Properties":{"ApiId":{"Ref":"Api"},"Description":"LIMIT","IntegrationType":"AWS_PROXY","IntegrationUri":"URI"}},
	"Connect":{"Type":"AWS::ApiGatewayV2::Route","Properties":{"ApiId":{"Ref":"Api"},"RouteKey":"$connect","OperationName":"LIMIT",
		"AuthorizationType":"CUSTOM","AuthorizerId":{"Ref":"Authorizer"},"Target":{"Fn::Sub":"integrations/${Integration}"}}},
	"Deployment":{"Type":"AWS::ApiGatewayV2::Deployment","DependsOn":"Connect","Properties":{"ApiId":{"Ref":"Api"},"Description":"LIMIT"}},
	"Stage":{"Type":"AWS::ApiGatewayV2::Stage","DependsOn":"Account","Properties":{"ApiId":{"Ref":"Api"},"StageName":"live","DeploymentId":{"Ref":"Deployment"},
		"Description":"LIMIT","DefaultRouteSettings":{"LoggingLevel":"ERROR"},
		"AccessLogSettings":{"DestinationArn":{"Fn::GetAtt":["Logs","Arn"]},"Format":"$context.requestId"}TAGS}},
	"Domain":{"Type":"AWS::ApiGatewayV2::DomainName","Properties":{"DomainName":"live.example.com","DomainNameConfigurations":[
		{"CertificateArn":"arn:aws:acm:eu-west-1:000000000000:certificate/LIMIT","EndpointType":"REGIONAL","SecurityPolicy":"TLS_1_2"}]TAGS}},
	"Mapping":{"Type":"AWS::ApiGatewayV2::ApiMapping","Properties":{"ApiId":{"Ref":"Api"},"DomainName":{"Ref":"Domain"},"Stage":{"Ref":"Stage"}}},
	"Board":{"Type":"AWS::ApiGatewayV2::Api","Properties":{"Name":"board","ProtocolType":"HTTP"}},
	"BoardStage":{"Type":"AWS::ApiGatewayV2::Stage","Properties":{"ApiId":{"Ref":"Board"},"StageName":"$default","AutoDeploy":true,
		"AccessLogSettings":{"DestinationArn":{"Fn::GetAtt":["Logs","Arn"]},"Format":"$context.requestId"}}}}}`

// gatewayRights are the permissions for that stack, by the paths of API Gateway.
var gatewayRights = map[string]string{
	"/account":               "GET PATCH",
	"/apis":                  "POST",
	"/apis/*":                "DELETE GET PATCH POST TagResource UntagResource",
	"/domainnames":           "POST",
	"/domainnames/*":         "AddCertificateToDomain DELETE GET PATCH POST RemoveCertificateFromDomain",
	"/tags/arn%3Aaws%3Aapi*": "DELETE PUT",
}

// TestGatewaySteps changes the stack with exactly the listed permissions, and without one of each.
func TestGatewaySteps(t *testing.T) {
	t.Parallel()
	statements := func(without string) string {
		var all []string
		for path, actions := range gatewayRights {
			for action := range strings.FieldsSeq(actions) {
				if path+" "+action != without {
					all = append(all, `{"Effect":"Allow","Action":"apigateway:`+action+`","Resource":"arn:aws:apigateway:eu-west-1::`+path+`"}`)
				}
			}
		}
		return strings.Join(append(
			all, `{"Effect":"Allow","Action":["cloudformation:*","logs:*"],"Resource":"*"}`,
			`{"Effect":"Allow","Action":"iam:*","Resource":"*"}`,
		), ",")
	}
	text := func(tags, limit string) *string {
		return aws.String(strings.NewReplacer(
			"TAGS", tags, "LIMIT", limit,
			"URI", "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:000000000000:function:f/invocations",
		).Replace(gatewayStack))
	}
	capabilities := []cfntypes.Capability{cfntypes.CapabilityCapabilityNamedIam}
	// life returns the reason of the first failure.
	life := func(t *testing.T, without string) (box *sandbox.Sandbox, failure string) {
		t.Helper()
		box, admin := serve(t)
		for _, limit := range []string{"one", "two"} {
			box.WebSockets().AddCertificate("arn:aws:acm:eu-west-1:000000000000:certificate/"+limit, "live.example.com")
		}
		client := cloudformation.NewFromConfig(session(t, admin, "deployer", hubRoot, statements(without)))
		stack := aws.String("gateway")
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
			for _, e := range slices.Backward(events.StackEvents) {
				if strings.HasSuffix(string(e.ResourceStatus), "_FAILED") && failure == "" {
					failure = aws.ToString(e.ResourceStatusReason)
				}
			}
		}
		_, err := client.CreateStack(t.Context(), &cloudformation.CreateStackInput{
			StackName: stack, TemplateBody: text(`,"Tags":{"a":"1"}`, "one"), Capabilities: capabilities,
		})
		check(err)
		if failure != "" {
			return box, failure
		}
		_, err = client.UpdateStack(t.Context(), &cloudformation.UpdateStackInput{
			StackName: stack, TemplateBody: text("", "two"), Capabilities: capabilities,
		})
		check(err)
		if failure != "" {
			return box, failure
		}
		_, err = client.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: stack})
		check(err)
		return box, failure
	}
	t.Run("all", func(t *testing.T) {
		t.Parallel()
		box, failure := life(t, "")
		if failure != "" {
			t.Fatal(failure)
		}
		used, want := map[string]bool{}, map[string]bool{}
		for _, p := range box.Permissions()["arn:aws:sts::"+sandbox.HubAccount+":assumed-role/deployer"] {
			if action, ok := strings.CutPrefix(p.Action, "apigateway:"); ok {
				used[action] = true
			}
			if p.Action == "logs:CreateLogDelivery" || p.Action == "iam:PassRole" {
				used[p.Action] = true
			}
		}
		for _, actions := range gatewayRights {
			for action := range strings.FieldsSeq(actions) {
				want[action] = true
			}
		}
		want["logs:CreateLogDelivery"], want["iam:PassRole"] = true, true
		if !maps.Equal(used, want) {
			t.Errorf("used %v\nwant %v", slices.Sorted(maps.Keys(used)), slices.Sorted(maps.Keys(want)))
		}
	})
	for path, actions := range gatewayRights {
		for action := range strings.FieldsSeq(actions) {
			t.Run("without "+path+" "+action, func(t *testing.T) {
				t.Parallel()
				if _, failure := life(t, path+" "+action); !strings.Contains(failure, "apigateway:"+action) {
					t.Errorf("the failure is %q", failure)
				}
			})
		}
	}
}
