package apigateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/coder/websocket"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/apigateway"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

const (
	invocations   = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/"
	routesURI     = invocations + routesARN + "/invocations"
	authorizerURI = invocations + authorizerARN + "/invocations"
	certificate   = "arn:aws:acm:eu-west-1:000000000000:certificate/11111111-2222-4333-8444-555555555555"
	logFormat     = `"Format":"$context.requestId"`
)

// deployed is a stack with a WebSocket API and an HTTP API. Each test changes its resources.
type deployed struct {
	*hub
	t         *testing.T
	stacks    *cloudformation.Client
	resources map[string]string // JSON by logical ID
}

func newDeployed(t *testing.T) *deployed {
	t.Helper()
	h := newHub(t, apigateway.Settings{})
	id, secret := sandbox.StaticCredentials(sandbox.HubAccount)
	return &deployed{hub: h, t: t, stacks: cloudformation.NewFromConfig(aws.Config{
		Region: region, HTTPClient: &http.Client{Transport: simulate.NewTransport(h.box)},
		Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""),
	}), resources: map[string]string{
		"LogRole": `{"Type":"AWS::IAM::Role","Properties":{"AssumeRolePolicyDocument":{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"sts:AssumeRole"}]},
			"ManagedPolicyArns":["arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"]}}`,
		"Account": `{"Type":"AWS::ApiGateway::Account","Properties":{"CloudWatchRoleArn":{"Fn::GetAtt":["LogRole","Arn"]}}}`,
		"Logs":    `{"Type":"AWS::Logs::LogGroup","Properties":{"LogGroupName":"/logs"}}`,
		"Api": `{"Type":"AWS::ApiGatewayV2::Api","Properties":{"Name":"socket","ProtocolType":"WEBSOCKET",
			"RouteSelectionExpression":"$request.body.type","Tags":{"a":"1"}}}`,
		"Authorizer": `{"Type":"AWS::ApiGatewayV2::Authorizer","Properties":{"ApiId":{"Ref":"Api"},"Name":"oidc","AuthorizerType":"REQUEST",
			"AuthorizerUri":"` + authorizerURI + `","IdentitySource":["route.request.header.Sec-WebSocket-Protocol"]}}`,
		"Integration": `{"Type":"AWS::ApiGatewayV2::Integration","Properties":{"ApiId":{"Ref":"Api"},"IntegrationType":"AWS_PROXY",
			"IntegrationUri":"` + routesURI + `"}}`,
		"Connect": route("$connect", `,"AuthorizationType":"CUSTOM","AuthorizerId":{"Ref":"Authorizer"}`),
		"Default": route("$default", ""),
		"Deployment1": `{"Type":"AWS::ApiGatewayV2::Deployment","DependsOn":["Connect","Default"],
			"Properties":{"ApiId":{"Ref":"Api"}}}`,
		"Stage": stage("Deployment1"),
		"Board": `{"Type":"AWS::ApiGatewayV2::Api","Properties":{"Name":"board","ProtocolType":"HTTP"}}`,
		"BoardIntegration": `{"Type":"AWS::ApiGatewayV2::Integration","Properties":{"ApiId":{"Ref":"Board"},
			"IntegrationType":"AWS_PROXY","IntegrationUri":"` + routesARN + `","PayloadFormatVersion":"2.0"}}`,
		"BoardRoute": `{"Type":"AWS::ApiGatewayV2::Route","Properties":{"ApiId":{"Ref":"Board"},"RouteKey":"$default",
			"Target":{"Fn::Join":["",["integrations/",{"Ref":"BoardIntegration"}]]}}}`,
		"BoardStage": `{"Type":"AWS::ApiGatewayV2::Stage","DependsOn":["BoardRoute","Logs"],"Properties":{"ApiId":{"Ref":"Board"},
			"StageName":"$default","AutoDeploy":true,` + logs + `}}`,
	}}
}

const logs = `"AccessLogSettings":{"DestinationArn":{"Fn::GetAtt":["Logs","Arn"]},` + logFormat + `}`

func route(key, authorization string) string {
	return `{"Type":"AWS::ApiGatewayV2::Route","Properties":{"ApiId":{"Ref":"Api"},"RouteKey":"` + key + `",
		"Target":{"Fn::Join":["",["integrations/",{"Ref":"Integration"}]]}` + authorization + `}}`
}

func stage(deployment string) string {
	return `{"Type":"AWS::ApiGatewayV2::Stage","DependsOn":["Account"],"Properties":{"ApiId":{"Ref":"Api"},"StageName":"live",
		"DeploymentId":{"Ref":"` + deployment + `"},"DefaultRouteSettings":{"LoggingLevel":"ERROR","ThrottlingBurstLimit":50,
		"ThrottlingRateLimit":100},` + logs + `}}`
}

func (d *deployed) template() *string {
	d.t.Helper()
	resources := map[string]json.RawMessage{}
	for id, text := range d.resources {
		resources[id] = json.RawMessage(text)
	}
	body, err := json.Marshal(map[string]any{"Resources": resources, "Outputs": map[string]any{
		"Api":   map[string]any{"Value": map[string]string{"Ref": "Api"}},
		"Live":  map[string]any{"Value": map[string]string{"Fn::Sub": "${Api.ApiEndpoint}/live"}},
		"Board": map[string]any{"Value": map[string]string{"Fn::Sub": "${Board.ApiEndpoint}/"}},
	}})
	if err != nil {
		d.t.Fatal(err)
	}
	return aws.String(string(body))
}

var stackName = aws.String("hub")

// create creates the stack.
func (d *deployed) create() {
	d.t.Helper()
	_, err := d.stacks.CreateStack(d.t.Context(), &cloudformation.CreateStackInput{
		StackName: stackName, TemplateBody: d.template(),
		Capabilities: []cfntypes.Capability{cfntypes.CapabilityCapabilityIam},
	})
	d.done(err)
}

// update updates the stack.
func (d *deployed) update() {
	d.t.Helper()
	_, err := d.stacks.UpdateStack(d.t.Context(), &cloudformation.UpdateStackInput{
		StackName: stackName, TemplateBody: d.template(),
		Capabilities: []cfntypes.Capability{cfntypes.CapabilityCapabilityIam},
	})
	d.done(err)
}

func (d *deployed) done(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
	if reasons := d.reasons(); len(reasons) > 0 {
		d.t.Fatalf("the stack failed: %q", reasons)
	}
}

// reasons returns why resources failed.
func (d *deployed) reasons() (reasons []string) {
	d.t.Helper()
	d.box.RunDue()
	out, err := d.stacks.DescribeStackEvents(d.t.Context(), &cloudformation.DescribeStackEventsInput{StackName: stackName})
	if err != nil {
		return nil // the stack is deleted
	}
	for _, e := range out.StackEvents {
		if strings.HasSuffix(string(e.ResourceStatus), "_FAILED") {
			reasons = append(reasons, aws.ToString(e.LogicalResourceId)+": "+aws.ToString(e.ResourceStatusReason))
		}
	}
	return reasons
}

func (d *deployed) output(name string) string {
	d.t.Helper()
	out, err := d.stacks.DescribeStacks(d.t.Context(), &cloudformation.DescribeStacksInput{StackName: stackName})
	if err != nil {
		d.t.Fatal(err)
	}
	for _, o := range out.Stacks[0].Outputs {
		if aws.ToString(o.OutputKey) == name {
			return aws.ToString(o.OutputValue)
		}
	}
	d.t.Fatalf("no output %s", name)
	return ""
}

// TestDeployed_Clients connects clients at the addresses of the outputs.
func TestDeployed_Clients(t *testing.T) {
	t.Parallel()
	d := newDeployed(t)
	server := d.listen(t)
	d.box.WebSockets().SetAddress(server.URL)
	d.create()
	live := d.output("Live")
	if !strings.HasPrefix(live, "ws"+strings.TrimPrefix(server.URL, "http")) ||
		!strings.HasPrefix(d.output("Board"), server.URL) {
		t.Fatalf("the addresses are %s and %s, not below %s", live, d.output("Board"), server.URL)
	}
	client := management(sandbox.HubAccount, "http"+strings.TrimPrefix(live, "ws"), http.DefaultClient)
	d.route = func(ctx context.Context, e events.APIGatewayWebsocketProxyRequest) (any, error) {
		if e.RequestContext.EventType == "CONNECT" {
			return map[string]any{"statusCode": 200, "headers": map[string]string{"Sec-WebSocket-Protocol": "stowage"}}, nil
		}
		if e.RequestContext.EventType == "" { // the HTTP API
			return map[string]any{"statusCode": 201, "body": "board"}, nil
		}
		return nil, post(ctx, client, e.RequestContext.ConnectionID, []byte("echo "+e.Body))
	}

	if _, response, err := websocket.Dial(t.Context(), live, nil); err == nil || response.StatusCode != http.StatusUnauthorized {
		t.Errorf("a client without an identity: %v", err)
	}
	socket, _, err := websocket.Dial(t.Context(), live, &websocket.DialOptions{Subprotocols: []string{"stowage", "token"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = socket.CloseNow() }()
	if err := socket.Write(t.Context(), websocket.MessageText, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, message, err := socket.Read(t.Context()); err != nil || string(message) != "echo hello" {
		t.Fatalf("%q, %v", message, err)
	}
	if len(d.asked) != 1 || d.asked[0].MethodArn != "arn:aws:execute-api:eu-west-1:000000000000:"+d.output("Api")+"/live/$connect" {
		t.Errorf("the authorizer was asked %+v", d.asked)
	}

	status, body := get(t, d.output("Board")+"style.css?v=1")
	if status != http.StatusCreated || body != "board" {
		t.Errorf("the board: %d %q", status, body)
	}
	status, _ = get(t, strings.TrimSuffix(d.output("Board"), "/"))
	if status != http.StatusCreated {
		t.Errorf("the board without a slash: %d", status)
	}
	if status, _ = get(t, server.URL+"/_sandbox/http/none/"); status != http.StatusNotFound {
		t.Errorf("another API: %d", status)
	}

	// A deleted API closes its connections.
	if _, err := d.stacks.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: stackName}); err != nil {
		t.Fatal(err)
	}
	if reasons := d.reasons(); len(reasons) > 0 {
		t.Errorf("deletion: %q", reasons)
	}
	if _, _, err := socket.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("the connection after the deletion: %v", err)
	}
	if _, response, err := websocket.Dial(t.Context(), live, nil); err == nil || response.StatusCode != http.StatusForbidden {
		t.Errorf("a client after the deletion: %v", err)
	}
}

func get(t *testing.T, address string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// routed returns the route of a client's message.
func (d *deployed) routed(message string) string {
	d.t.Helper()
	taken := make(chan string, 1)
	d.route = func(_ context.Context, e events.APIGatewayWebsocketProxyRequest) (any, error) {
		if e.RequestContext.EventType == "MESSAGE" {
			taken <- e.RequestContext.RouteKey
		}
		return map[string]any{"statusCode": 200}, nil
	}
	client, err := d.box.WebSockets().Stage(d.output("Api"), "live").Connect(
		d.t.Context(), apigateway.Handshake{Subprotocols: []string{"token"}})
	if err != nil {
		d.t.Fatal(err)
	}
	defer client.Close(1000, "")
	if err := client.Send([]byte(message)); err != nil {
		d.t.Fatal(err)
	}
	return <-taken
}

// TestDeployed_Snapshot adds a route. Clients see it after a new deployment.
func TestDeployed_Snapshot(t *testing.T) {
	t.Parallel()
	d := newDeployed(t)
	d.create()
	if got := d.output("Live"); got != "wss://"+d.output("Api")+".execute-api.eu-west-1.amazonaws.com/live" {
		t.Errorf("the address without a listener is %s", got)
	}
	d.resources["Extra"] = route("extra", "")
	d.update()
	if got := d.routed(`{"type":"extra"}`); got != "$default" {
		t.Errorf("before a deployment: %s", got)
	}
	delete(d.resources, "Deployment1")
	d.resources["Deployment2"] = `{"Type":"AWS::ApiGatewayV2::Deployment","DependsOn":["Connect","Default","Extra"],
		"Properties":{"ApiId":{"Ref":"Api"}}}`
	d.resources["Stage"] = stage("Deployment2")
	d.update()
	if got := d.routed(`{"type":"extra"}`); got != "extra" {
		t.Errorf("after a deployment: %s", got)
	}
	// The route is gone; the deployment keeps it.
	delete(d.resources, "Extra")
	d.resources["Deployment2"] = strings.Replace(d.resources["Deployment2"], `,"Extra"`, "", 1)
	d.update()
	if got := d.routed(`{"type":"extra"}`); got != "extra" {
		t.Errorf("after its deletion: %s", got)
	}
}

// TestDeployed_Refusals creates stacks with one mistake each.
func TestDeployed_Refusals(t *testing.T) {
	t.Parallel()
	const (
		anotherRegion  = "arn:aws:acm:us-east-1:000000000000:certificate/11111111-2222-4333-8444-555555555555"
		anotherAccount = "arn:aws:acm:eu-west-1:111122223333:certificate/11111111-2222-4333-8444-555555555555"
	)
	domain := func(name, certificate string) string {
		return `{"Type":"AWS::ApiGatewayV2::DomainName","Properties":{"DomainName":"` + name + `","DomainNameConfigurations":[
			{"CertificateArn":"` + certificate + `","EndpointType":"REGIONAL","SecurityPolicy":"TLS_1_2"}]}}`
	}
	mapping := func(domain, api, stage string) string {
		return `{"Type":"AWS::ApiGatewayV2::ApiMapping","DependsOn":["` + domain + `"],"Properties":{"ApiId":{"Ref":"` + api +
			`"},"DomainName":{"Ref":"` + domain + `"},"Stage":{"Ref":"` + stage + `"}}}`
	}
	for name, c := range map[string]struct {
		change map[string]string // replaced resources; "" removes one
		want   string
	}{
		"no selection": {
			map[string]string{"Other": `{"Type":"AWS::ApiGatewayV2::Api","Properties":{"Name":"o","ProtocolType":"WEBSOCKET"}}`},
			"Invalid routeSelectionExpression",
		},
		"no name": {
			map[string]string{"Other": `{"Type":"AWS::ApiGatewayV2::Api","Properties":{"ProtocolType":"HTTP"}}`}, "Name is required",
		},
		"no such API": {
			map[string]string{"Other": `{"Type":"AWS::ApiGatewayV2::Route","Properties":{"ApiId":"none","RouteKey":"a","Target":"integrations/a"}}`},
			"Invalid API identifier specified 000000000000:none",
		},
		"deployment without routes": {
			map[string]string{"Other": `{"Type":"AWS::ApiGatewayV2::Api","Properties":{"Name":"o","ProtocolType":"WEBSOCKET","RouteSelectionExpression":"$request.body.a"}}`,
				"Early": `{"Type":"AWS::ApiGatewayV2::Deployment","Properties":{"ApiId":{"Ref":"Other"}}}`},
			"At least one route is required before deploying the Api",
		},
		"no role for logs": {
			map[string]string{"Account": "", "Stage": strings.Replace(stage("Deployment1"), `"DependsOn":["Account"],`, "", 1)},
			"CloudWatch Logs role ARN must be set in account settings to enable logging",
		},
		"role without rights": {
			map[string]string{"LogRole": `{"Type":"AWS::IAM::Role","Properties":{"AssumeRolePolicyDocument":{"Version":"2012-10-17","Statement":[
				{"Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"sts:AssumeRole"}]}}}`},
			"The role ARN does not have required permissions configured",
		},
		"role for another service": {
			map[string]string{"LogRole": `{"Type":"AWS::IAM::Role","Properties":{"AssumeRolePolicyDocument":{"Version":"2012-10-17","Statement":[
				{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]},
				"ManagedPolicyArns":["arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"]}}`},
			"The role ARN does not have required permissions configured",
		},
		"no log group": {
			map[string]string{"BoardStage": `{"Type":"AWS::ApiGatewayV2::Stage","Properties":{"ApiId":{"Ref":"Board"},"StageName":"x",
				"AccessLogSettings":{"DestinationArn":"arn:aws:logs:eu-west-1:000000000000:log-group:/none",` + logFormat + `}}}`},
			"Invalid log destination",
		},
		"format without the request": {
			map[string]string{"BoardStage": `{"Type":"AWS::ApiGatewayV2::Stage","Properties":{"ApiId":{"Ref":"Board"},"StageName":"x",
				"AccessLogSettings":{"DestinationArn":{"Fn::GetAtt":["Logs","Arn"]},"Format":"$context.status"}}}`},
			"must contain at least $context.requestId",
		},
		"execution logs of an HTTP API": {
			map[string]string{"BoardStage": `{"Type":"AWS::ApiGatewayV2::Stage","Properties":{"ApiId":{"Ref":"Board"},"StageName":"x",
				"DefaultRouteSettings":{"LoggingLevel":"ERROR"}}}`},
			"Execution logs are not supported on protocolType HTTP",
		},
		"both kinds of deployment": {
			map[string]string{"Stage": strings.Replace(stage("Deployment1"), `"StageName"`, `"AutoDeploy":true,"StageName"`, 1)},
			"cannot be set by customer when AutoDeploy is enabled",
		},
		"default stage of a WebSocket API": {
			map[string]string{"Stage": strings.Replace(stage("Deployment1"), `"live"`, `"$default"`, 1)}, "Stage name only allows",
		},
		"authorizer of another route": {
			map[string]string{"Default": route("$default", `,"AuthorizationType":"CUSTOM","AuthorizerId":{"Ref":"Authorizer"}`)},
			"authorization is restricted to the $connect route only",
		},
		"unknown authorizer": {
			map[string]string{"Connect": route("$connect", `,"AuthorizationType":"CUSTOM","AuthorizerId":"none"`)}, "Invalid authorizer ID",
		},
		"identity source of HTTP APIs": {
			map[string]string{"Authorizer": `{"Type":"AWS::ApiGatewayV2::Authorizer","Properties":{"ApiId":{"Ref":"Api"},"Name":"oidc","AuthorizerType":"REQUEST",
				"AuthorizerUri":"` + authorizerURI + `","IdentitySource":["$request.header.Authorization"]}}`},
			"Invalid mapping expression specified",
		},
		"plain ARN at a WebSocket API": {
			map[string]string{"Integration": `{"Type":"AWS::ApiGatewayV2::Integration","Properties":{"ApiId":{"Ref":"Api"},"IntegrationType":"AWS_PROXY","IntegrationUri":"` + routesARN + `"}}`},
			"Invalid function ARN or invalid uri",
		},
		"no payload format": {
			map[string]string{"BoardIntegration": `{"Type":"AWS::ApiGatewayV2::Integration","Properties":{"ApiId":{"Ref":"Board"},"IntegrationType":"AWS_PROXY","IntegrationUri":"` + routesARN + `"}}`},
			"PayloadFormatVersion is a required parameter for integration",
		},
		"key twice": {
			map[string]string{"Another": strings.Replace(route("$default", ""), `"Properties"`, `"DependsOn":["Default"],"Properties"`, 1)},
			"Route with key $default already exists for this API",
		},
		"certificate of another region": {
			map[string]string{"Domain": domain("live.example.com", anotherRegion)}, "Certificate must be in 'eu-west-1'.",
		},
		"certificate of another account": {
			map[string]string{"Domain": domain("live.example.com", anotherAccount)}, "must be owned by the account",
		},
		"certificate that does not exist": {
			map[string]string{"Domain": domain("live.example.com", strings.Replace(certificate, "5555", "6666", 1))}, "does not exist",
		},
		"certificate for other names": {
			map[string]string{"Domain": domain("live.example.org", certificate)}, "is not covered by the provided certificate",
		},
		"domain for both kinds": {
			map[string]string{"Domain": domain("live.example.com", certificate), "M1": mapping("Domain", "Api", "Stage"),
				"M2": mapping("Domain", "Board", "BoardStage")},
			"already exists for this domain name",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeployed(t)
			d.box.WebSockets().AddCertificate(certificate, "*.example.com")
			maps.Copy(d.resources, c.change)
			maps.DeleteFunc(d.resources, func(_, text string) bool { return text == "" })
			_, err := d.stacks.CreateStack(t.Context(), &cloudformation.CreateStackInput{
				StackName: stackName, TemplateBody: d.template(), DisableRollback: aws.Bool(true),
				Capabilities: []cfntypes.Capability{cfntypes.CapabilityCapabilityIam},
			})
			if err != nil {
				t.Fatal(err)
			}
			reasons := d.reasons()
			if !slices.ContainsFunc(reasons, func(reason string) bool { return strings.Contains(reason, c.want) }) {
				t.Errorf("got %q, want %q", reasons, c.want)
			}
		})
	}
}

// TestDeployed_Domain reaches both APIs by their own domains.
func TestDeployed_Domain(t *testing.T) {
	t.Parallel()
	d := newDeployed(t)
	d.box.WebSockets().AddCertificate(certificate, "live.example.com", "board.example.com")
	for name, stage := range map[string]string{"live": "Stage", "board": "BoardStage"} {
		api := map[string]string{"live": "Api", "board": "Board"}[name]
		d.resources["Domain"+name] = `{"Type":"AWS::ApiGatewayV2::DomainName","Properties":{"DomainName":"` + name + `.example.com",
			"DomainNameConfigurations":[{"CertificateArn":"` + certificate + `","EndpointType":"REGIONAL","SecurityPolicy":"TLS_1_2"}],"Tags":{"a":"1"}}}`
		d.resources["Mapping"+name] = `{"Type":"AWS::ApiGatewayV2::ApiMapping","Properties":{"ApiId":{"Ref":"` + api + `"},
			"DomainName":{"Ref":"Domain` + name + `"},"Stage":{"Ref":"` + stage + `"}}}`
	}
	d.create()
	d.route = func(context.Context, events.APIGatewayWebsocketProxyRequest) (any, error) {
		return map[string]any{"statusCode": 200, "body": "board"}, nil
	}
	server := d.listen(t)
	reach := func(host string, header http.Header) (int, error) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host, request.Header = host, header
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return 0, errors.New("no answer")
		}
		return response.StatusCode, response.Body.Close()
	}
	upgrade := http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
	}
	if status, err := reach("board.example.com", http.Header{}); status != http.StatusOK || err != nil {
		t.Errorf("the board: %d, %v", status, err)
	}
	if status, _ := reach("live.example.com", upgrade); status != http.StatusUnauthorized {
		t.Errorf("the WebSocket API: %d", status)
	}
	delete(d.resources, "Mappingboard")
	d.update()
	if status, _ := reach("board.example.com", http.Header{}); status == http.StatusOK {
		t.Error("the board is served after its mapping was removed")
	}
}

// TestDeployed_Throttle sends more requests than the stages allow.
func TestDeployed_Throttle(t *testing.T) {
	t.Parallel()
	d := newDeployed(t)
	d.resources["Stage"] = strings.NewReplacer(
		`"ThrottlingBurstLimit":50`, `"ThrottlingBurstLimit":2`, `"ThrottlingRateLimit":100`, `"ThrottlingRateLimit":0.001`,
	).Replace(d.resources["Stage"])
	d.resources["BoardStage"] = strings.Replace(d.resources["BoardStage"], `"AutoDeploy"`,
		`"DefaultRouteSettings":{"ThrottlingBurstLimit":1,"ThrottlingRateLimit":0.001},"AutoDeploy"`, 1)
	server := d.listen(t)
	d.box.WebSockets().SetAddress(server.URL)
	d.create()
	connect := func() (*apigateway.Conn, error) {
		return d.box.WebSockets().Stage(d.output("Api"), "live").Connect(
			t.Context(), apigateway.Handshake{Subprotocols: []string{"token"}})
	}
	client, err := connect()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := client.Send([]byte(`{}`)); err != nil {
			t.Fatal(err)
		}
	}
	if message, err := client.Receive(t.Context()); err != nil || !strings.Contains(string(message), "Too Many Requests") {
		t.Errorf("the second message: %s, %v", message, err)
	}
	var refused *apigateway.HandshakeError
	if _, err := connect(); !errors.As(err, &refused) || refused.Status != http.StatusTooManyRequests {
		t.Errorf("another client: %v", err)
	}
	for i, want := range []int{http.StatusOK, http.StatusTooManyRequests} {
		if got, _ := get(t, d.output("Board")); got != want {
			t.Errorf("request %d: %d, want %d", i, got, want)
		}
	}
}
