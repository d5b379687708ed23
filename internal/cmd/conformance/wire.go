package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/coder/websocket"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/push"
)

// These checks run AWS programs as real processes, over real connections. MiniStack runs functions
// of provided.al2023 without containers, and has WebSocket connections.

const (
	wireRegion = "eu-west-1"
	wireTable  = "stowage"
	wireBucket = "stowage-wire"
	// wireBound limits each step.
	wireBound = 2 * time.Minute
	// lambdaRole need not exist: MiniStack does not check it.
	lambdaRole = "arn:aws:iam::000000000000:role/stowage-relay"
)

// wire is a hub on MiniStack.
type wire struct {
	endpoint       string
	cloudFormation *cloudformation.Client
	dynamoDB       *dynamodb.Client
	s3             *s3.Client
	sns            *sns.Client
	ssm            *ssm.Client
	config         aws.Config
}

// tryWire deploys the relay's zip for this machine's architecture. It checks that the relay writes
// the mirror after a notification, and that a message reaches a client.
func tryWire(ctx context.Context, endpoint, zips string) error {
	c := aws.Config{
		Region: wireRegion, BaseEndpoint: aws.String(endpoint),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}
	w := &wire{
		endpoint:       endpoint,
		config:         c,
		cloudFormation: cloudformation.NewFromConfig(c),
		dynamoDB:       dynamodb.NewFromConfig(c),
		s3:             s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true }),
		sns:            sns.NewFromConfig(c),
		ssm:            ssm.NewFromConfig(c),
	}
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"the hub's table and settings", w.prepare},
		{"the relay's zip runs as a function of provided.al2023 and writes the mirror when SNS tells of a stack", func(ctx context.Context) error { return w.notify(ctx, zips) }},
		{"a message reaches a WebSocket client by POST to @connections, and its end is told by 410", w.message},
	} {
		bounded, cancel := context.WithTimeout(ctx, wireBound)
		err := step.do(bounded)
		cancel()
		if err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		fmt.Println("  holds  wire: " + step.name)
	}
	return nil
}

func (w *wire) prepare(ctx context.Context) error {
	_, err := w.dynamoDB.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: aws.String(wireTable), BillingMode: dynamodbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{
			{AttributeName: aws.String(mirror.PartitionKey), AttributeType: dynamodbtypes.ScalarAttributeTypeS},
			{AttributeName: aws.String(mirror.SortKey), AttributeType: dynamodbtypes.ScalarAttributeTypeS},
		},
		KeySchema: []dynamodbtypes.KeySchemaElement{
			{AttributeName: aws.String(mirror.PartitionKey), KeyType: dynamodbtypes.KeyTypeHash},
			{AttributeName: aws.String(mirror.SortKey), KeyType: dynamodbtypes.KeyTypeRange},
		},
	})
	if err != nil {
		return err
	}
	settings, err := json.Marshal(
		map[string]any{"format": 1, "account_id": "000000000000", "region": wireRegion, "table": wireTable},
	)
	if err != nil {
		return err
	}
	_, err = w.ssm.PutParameter(
		ctx,
		&ssm.PutParameterInput{
			Name: aws.String("/stowage/hub/stowage"), Type: ssmtypes.ParameterTypeString,
			Value: aws.String(string(settings)),
		},
	)
	return err
}

type object = map[string]any

func (w *wire) create(ctx context.Context, name string, template object) (*cfntypes.Stack, error) {
	body, err := json.Marshal(template)
	if err != nil {
		return nil, err
	}
	_, err = w.cloudFormation.CreateStack(ctx, &cloudformation.CreateStackInput{
		StackName:    aws.String(name),
		TemplateBody: aws.String(string(body)),
		Capabilities: []cfntypes.Capability{cfntypes.CapabilityCapabilityNamedIam},
	})
	if err != nil {
		return nil, err
	}
	out, err := cloudformation.NewStackCreateCompleteWaiter(
		w.cloudFormation,
		func(o *cloudformation.StackCreateCompleteWaiterOptions) {
			o.MinDelay = time.Second
		},
	).WaitForOutput(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(name)}, wireBound)
	if err != nil {
		return nil, fmt.Errorf("creating the stack %s: %w", name, err)
	}
	return &out.Stacks[0], nil
}

func output(s *cfntypes.Stack, key string) string {
	for _, o := range s.Outputs {
		if aws.ToString(o.OutputKey) == key {
			return aws.ToString(o.OutputValue)
		}
	}
	return ""
}

// deployRelay deploys the function, and a topic that invokes it.
func (w *wire) deployRelay(ctx context.Context, zips string) (topic string, err error) {
	zip, err := os.Open(filepath.Join(zips, "stowage-relay-linux-"+runtime.GOARCH+".zip"))
	if err != nil {
		return "", fmt.Errorf("make relay makes the zip: %w", err)
	}
	defer func() { _ = zip.Close() }()
	if _, err := w.s3.CreateBucket(ctx, &s3.CreateBucketInput{
		Bucket:                    aws.String(wireBucket),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: wireRegion},
	}); err != nil {
		return "", err
	}
	if _, err := w.s3.PutObject(
		ctx, &s3.PutObjectInput{Bucket: aws.String(wireBucket), Key: aws.String("relay.zip"), Body: zip},
	); err != nil {
		return "", err
	}
	architecture := map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]
	stack, err := w.create(ctx, "wire-relay", object{
		"Resources": object{
			"Relay": object{"Type": "AWS::Lambda::Function", "Properties": object{
				"FunctionName":  "stowage-relay",
				"Runtime":       "provided.al2023",
				"Handler":       "bootstrap",
				"Architectures": []string{architecture},
				"Timeout":       60,
				"Role":          lambdaRole,
				"Code":          object{"S3Bucket": wireBucket, "S3Key": "relay.zip"},
				"Environment": object{"Variables": object{
					"AWS_ENDPOINT_URL":      w.endpoint,
					"AWS_REGION":            wireRegion,
					"AWS_ACCESS_KEY_ID":     "test",
					"AWS_SECRET_ACCESS_KEY": "test",
					"STOWAGE_LOG_LEVEL":     "DEBUG",
				}},
			}},
			"Topic": object{"Type": "AWS::SNS::Topic", "Properties": object{"TopicName": "stowage-events"}},
			"Subscription": object{"Type": "AWS::SNS::Subscription", "Properties": object{
				"TopicArn": object{"Ref": "Topic"},
				"Protocol": "lambda",
				"Endpoint": object{"Fn::GetAtt": []string{"Relay", "Arn"}},
			}},
		},
		"Outputs": object{"Topic": object{"Value": object{"Ref": "Topic"}}},
	})
	if err != nil {
		return "", err
	}
	return output(stack, "Topic"), nil
}

// notify sends the relay a notification of the directory's stack, and waits until the mirror has
// it.
func (w *wire) notify(ctx context.Context, zips string) error {
	topic, err := w.deployRelay(ctx, zips)
	if err != nil {
		return err
	}
	listing := `{"name":"acme","account_id":"111122223333","region":"eu-west-1"}`
	directory, err := w.create(ctx, "stowage-directory", object{
		"AWSTemplateFormatVersion": "2010-09-09",
		"Parameters":               object{"Revision": object{"Type": "Number", "Default": 0}},
		"Resources": object{
			"Carrier": object{
				"Type": "AWS::SSM::Parameter",
				"Metadata": object{
					"Stowage": object{
						"format": 1, "compiler": 1, "of": object{"kind": "carrier", "name": "/stowage/directory/0/revision"},
					},
				},
				"Properties": object{"Name": "/stowage/directory/0/revision", "Type": "String", "Value": object{"Ref": "Revision"}},
			},
			"Listingacme": object{
				"Type": "AWS::SSM::Parameter",
				"Metadata": object{"Stowage": object{
					"format": 1, "compiler": 1, "of": object{"kind": "listing", "name": "acme"}, "settings": json.RawMessage(listing),
				}},
				"Properties": object{"Name": "/stowage/directory/acme", "Type": "String", "Value": listing},
			},
		},
	})
	if err != nil {
		return err
	}
	id := aws.ToString(directory.StackId)
	lines := []string{
		"StackId='" + id + "'",
		"Timestamp='" + time.Now().UTC().Format("2006-01-02T15:04:05.000Z") + "'",
		"EventId='1'",
		"LogicalResourceId='stowage-directory'",
		"Namespace='000000000000'",
		"ResourceProperties='null'",
		"ResourceStatus='CREATE_COMPLETE'",
		"ResourceStatusReason=''",
		"ResourceType='AWS::CloudFormation::Stack'",
		"StackName='stowage-directory'",
		"PhysicalResourceId='" + id + "'",
		"ClientRequestToken='null'",
	}
	if _, err := w.sns.Publish(ctx, &sns.PublishInput{
		TopicArn: aws.String(topic),
		Subject:  aws.String("AWS CloudFormation Notification"),
		Message:  aws.String(strings.Join(lines, "\n") + "\n"),
	}); err != nil {
		return err
	}
	table := mirror.New(w.dynamoDB, wireTable)
	for {
		snapshot, err := table.Read(ctx, mirror.Directory)
		if err != nil {
			return err
		}
		if head, body := snapshot.Heads[0], snapshot.Bodies[0]; head != nil && body != nil {
			entries := body.Contents.DirectoryEntries
			if head.StackID != id || len(entries) != 1 || entries[0].Name != "acme" {
				return fmt.Errorf("the mirror has the stack %s with the projects %v", head.StackID, body.Contents.DirectoryEntries)
			}
			return nil
		}
		if err := pauseFor(ctx, 200*time.Millisecond); err != nil {
			return fmt.Errorf("the mirror has not been written: %w", err)
		}
	}
}

// message sends a client a message with several parts.
func (w *wire) message(ctx context.Context) error {
	stack, err := w.create(ctx, "wire-live", liveTemplate())
	if err != nil {
		return err
	}
	path := "/_aws/execute-api/" + output(stack, "Api") + "/prod"
	socket, _, err := websocket.Dial(
		ctx, "ws"+strings.TrimPrefix(w.endpoint, "http")+path,
		&websocket.DialOptions{Subprotocols: []string{event.Subprotocol}},
	)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer func() { _ = socket.CloseNow() }()
	socket.SetReadLimit(2 * event.MaxMessage)
	id, err := connectionID(ctx, socket)
	if err != nil {
		return err
	}
	pusher := push.New(
		apigatewaymanagementapi.NewFromConfig(
			w.config, func(o *apigatewaymanagementapi.Options) { o.BaseEndpoint = aws.String(w.endpoint + path) },
		),
	)
	sent, err := event.Of("test", object{"texts": slices.Repeat([]string{strings.Repeat("x", 1000)}, 50)})
	if err != nil {
		return err
	}
	if err := pusher.Send(ctx, id, sent); err != nil {
		return err
	}
	if err := receive(ctx, socket, sent.Type); err != nil {
		return err
	}
	if err := socket.Close(websocket.StatusNormalClosure, ""); err != nil {
		return err
	}
	for {
		err := pusher.Send(ctx, id, sent)
		if errors.Is(err, push.ErrGone) {
			return nil
		}
		if err := errors.Join(err, pauseFor(ctx, 200*time.Millisecond)); err != nil {
			return fmt.Errorf("after the client's end: %w", err)
		}
	}
}

func liveTemplate() object {
	return object{
		"Resources": object{
			"Api": object{
				"Type":       "AWS::ApiGatewayV2::Api",
				"Properties": object{"Name": "live", "ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.type"},
			},
			// A client does not know its own ID: a function returns it. MiniStack runs functions of
			// Python and Node.js only for routes.
			"Echo": object{"Type": "AWS::Lambda::Function", "Properties": object{
				"FunctionName": "wire-echo",
				"Runtime":      "python3.12",
				"Handler":      "index.handler",
				"Role":         lambdaRole,
				"Code": object{
					"ZipFile": "def handler(event, context):\n    return {'statusCode': 200, 'body': event['requestContext']['connectionId']}\n",
				},
			}},
			"Integration": object{"Type": "AWS::ApiGatewayV2::Integration", "Properties": object{
				"ApiId":           object{"Ref": "Api"},
				"IntegrationType": "AWS_PROXY",
				"IntegrationUri": object{
					"Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Echo.Arn}/invocations",
				},
			}},
			"Route": object{"Type": "AWS::ApiGatewayV2::Route", "Properties": object{
				"ApiId": object{"Ref": "Api"}, "RouteKey": "$default", "Target": object{"Fn::Sub": "integrations/${Integration}"},
			}},
			"Stage": object{
				"Type":       "AWS::ApiGatewayV2::Stage",
				"Properties": object{"ApiId": object{"Ref": "Api"}, "StageName": "prod", "AutoDeploy": true},
			},
		},
		"Outputs": object{"Api": object{"Value": object{"Ref": "Api"}}},
	}
}

func receive(ctx context.Context, socket *websocket.Conn, messageType event.Type) error {
	var joiner event.Joiner
	for whole := false; !whole; {
		_, text, err := socket.Read(ctx)
		if err != nil {
			return fmt.Errorf("receiving: %w", err)
		}
		var part event.Message
		if err := json.Unmarshal(text, &part); err != nil {
			return err
		}
		var m event.Message
		if m, whole, err = joiner.Add(part); err != nil {
			return err
		}
		if whole && m.Type != messageType {
			return fmt.Errorf("a message of the type %q arrived", m.Type)
		}
	}
	return nil
}

// connectionID requests the client's own ID.
func connectionID(ctx context.Context, socket *websocket.Conn) (string, error) {
	if err := socket.Write(ctx, websocket.MessageText, []byte(`{"type":"hello"}`)); err != nil {
		return "", fmt.Errorf("sending: %w", err)
	}
	_, id, err := socket.Read(ctx)
	if err != nil {
		return "", fmt.Errorf("receiving the connection's id: %w", err)
	}
	return string(id), nil
}

func pauseFor(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
