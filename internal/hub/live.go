package hub

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"strings"
)

// Logical IDs of the APIs.
const (
	apiID            = "WebSocketApi"
	authorizerID     = "WebSocketAuthorizer"
	integrationID    = "WebSocketIntegration"
	stageID          = "WebSocketStage"
	socketLogsID     = "WebSocketLogs"
	gatewayLogRoleID = "GatewayLogRole"
	// GatewayAccountID is the logical ID of the role for logs in API Gateway's settings.
	GatewayAccountID = "GatewayAccount"
	boardID          = "BoardApi"
	boardIntegration = "BoardIntegration"
	boardRouteID     = "BoardRoute"
	boardStageID     = "BoardStage"
	boardLogsID      = "BoardLogs"
)

// The outputs with the addresses for web clients.
const (
	WebSocketOutput = "WebSocketUrl"
	BoardOutput     = "BoardUrl"
)

// Logical IDs of the custom domains. Their outputs have the same names with a suffix.
const (
	socketDomainID = "WebSocketDomain"
	boardDomainID  = "BoardDomain"
	targetSuffix   = "Target"
	zoneSuffix     = "Zone"
)

// outputNames returns the names of all outputs that a hub can have.
func outputNames() []string {
	return []string{
		WebSocketOutput, BoardOutput, socketDomainID + targetSuffix, socketDomainID + zoneSuffix,
		boardDomainID + targetSuffix, boardDomainID + zoneSuffix,
	}
}

const (
	// stageName is the stage of the WebSocket API, a part of its URL.
	stageName = "live"
	// requestsPerSecond limits each API. An account's limit is 10,000 in most regions.
	requestsPerSecond = 500
	// websocketFormat and boardFormat are the formats of access logs. They hold no headers, which
	// contain tokens.
	websocketFormat = `{"id":"$context.requestId","time":"$context.requestTime","connection":"$context.connectionId",` +
		`"route":"$context.routeKey","status":"$context.status","error":"$context.error.message"}`
	boardFormat = `{"id":"$context.requestId","time":"$context.requestTime","method":"$context.httpMethod",` +
		`"path":"$context.path","status":"$context.status","error":"$context.error.message"}`
)

// liveCompiler adds what web clients use.
type liveCompiler struct{ *compiler }

// invocationARN is the ARN under which API Gateway invokes the relay.
func (c liveCompiler) invocationARN() string {
	return "arn:" + c.Partition + ":apigateway:" + c.Region + ":lambda:path/2015-03-31/functions/" + c.functionARN() +
		"/invocations"
}

// websocket adds the WebSocket API.
func (c liveCompiler) websocket() {
	before := maps.Clone(c.resources)
	c.add(apiID, resource{Type: "AWS::ApiGatewayV2::Api", Properties: object{
		"Name": StackName(c.Name) + "-websocket", "Description": "Web clients of the hub " + c.Name,
		"ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.type", "Tags": c.tagMap(),
	}})
	c.add(authorizerID, resource{Type: "AWS::ApiGatewayV2::Authorizer", DependsOn: []string{relayID}, Properties: object{
		"ApiId": ref(apiID), "Name": "oidc", "AuthorizerType": "REQUEST", "AuthorizerUri": c.invocationARN(),
		"IdentitySource": list{"route.request.header.Sec-WebSocket-Protocol"},
	}})
	c.add(integrationID, resource{Type: "AWS::ApiGatewayV2::Integration", DependsOn: []string{relayID}, Properties: object{
		"ApiId": ref(apiID), "IntegrationType": "AWS_PROXY", "IntegrationUri": c.invocationARN(),
	}})
	var routes []string
	for _, key := range []string{"connect", "default", "disconnect"} {
		id := "WebSocket" + strings.ToUpper(key[:1]) + key[1:]
		routes = append(routes, id)
		route := object{
			"ApiId": ref(apiID), "RouteKey": "$" + key, "AuthorizationType": "NONE",
			"Target": join("integrations/", ref(integrationID)),
		}
		if key == "connect" {
			route["AuthorizationType"], route["AuthorizerId"] = "CUSTOM", ref(authorizerID)
		}
		c.add(id, resource{Type: "AWS::ApiGatewayV2::Route", Properties: route})
	}
	deployment := "WebSocketDeployment" + c.hashWithout(before)
	c.add(deployment, resource{
		Type: "AWS::ApiGatewayV2::Deployment", DependsOn: routes, Properties: object{"ApiId": ref(apiID)},
	})
	c.logGroup(socketLogsID, "websocket")
	c.add(stageID, resource{
		Type: "AWS::ApiGatewayV2::Stage", DependsOn: append([]string{socketLogsID}, c.gatewayLogs()...),
		Properties: object{
			"ApiId": ref(apiID), "StageName": stageName, "DeploymentId": ref(deployment),
			// The trace of messages stays off: it would log tokens.
			"DefaultRouteSettings": object{
				"ThrottlingRateLimit": requestsPerSecond, "ThrottlingBurstLimit": requestsPerSecond, "LoggingLevel": "ERROR",
				"DataTraceEnabled": false,
			},
			"AccessLogSettings": object{
				"DestinationArn": c.arn("logs", "log-group:"+logName(c.Name, "websocket")), "Format": websocketFormat,
			},
			"Tags": c.tagMap(),
		},
	})
	c.invokes("WebSocketPermission", "apigateway.amazonaws.com", join(c.arn("execute-api", ""), ref(apiID), "/*"))
	c.domain(socketDomainID, c.Live.WebSocketDomain, apiID, stageID)
	c.output(WebSocketOutput, "The address to which web clients connect", c.websocketURL())
}

// websocketURL is the address for web clients. The API's endpoint is an attribute, so that an AWS
// elsewhere, such as a simulation, can have its own.
func (c liveCompiler) websocketURL() any {
	if domain := c.Live.WebSocketDomain; domain != nil {
		return "wss://" + domain.Name
	}
	return join(attribute(apiID, "ApiEndpoint"), "/"+stageName)
}

// hashWithout returns a hash of the resources that were added since before.
func (c liveCompiler) hashWithout(before map[string]resource) string {
	added := maps.Clone(c.resources)
	maps.DeleteFunc(added, func(id string, _ resource) bool { _, old := before[id]; return old })
	for id, r := range added { // tags are not deployed
		r.Properties = maps.Clone(r.Properties)
		delete(r.Properties, "Tags")
		added[id] = r
	}
	sum := sha256.Sum256(encode(added))
	return hex.EncodeToString(sum[:4])
}

// gatewayLogs adds the role with which API Gateway writes logs in the whole region, unless it has
// one. It returns what a stage with logs depends on.
func (c liveCompiler) gatewayLogs() []string {
	if c.shared.GatewayLogs {
		return nil
	}
	// It has no name of its own: one that an earlier hub left behind is in the way of no other.
	c.add(gatewayLogRoleID, resource{Type: "AWS::IAM::Role", Properties: object{
		"Description": "Writes the logs of API Gateway, for all APIs of the region",
		"AssumeRolePolicyDocument": policy(object{
			"Effect": "Allow", "Principal": object{"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole",
		}),
		"ManagedPolicyArns": list{
			"arn:" + c.Partition + ":iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs",
		},
		"Tags": c.tagList(),
	}}.retained())
	c.add(GatewayAccountID, resource{Type: "AWS::ApiGateway::Account", Properties: object{
		"CloudWatchRoleArn": attribute(gatewayLogRoleID, "Arn"),
	}}.retained())
	return []string{GatewayAccountID}
}

// board adds the HTTP API that serves the board.
func (c liveCompiler) board() {
	c.add(boardID, resource{Type: "AWS::ApiGatewayV2::Api", Properties: object{
		"Name": StackName(c.Name) + "-board", "Description": "The board of the hub " + c.Name, "ProtocolType": "HTTP",
		"Tags": c.tagMap(),
	}})
	c.add(boardIntegration, resource{
		Type: "AWS::ApiGatewayV2::Integration", DependsOn: []string{relayID},
		Properties: object{
			"ApiId": ref(boardID), "IntegrationType": "AWS_PROXY", "IntegrationUri": c.functionARN(),
			"PayloadFormatVersion": "2.0",
		},
	})
	// The page itself is public. What it shows comes by the WebSocket API, which demands a token.
	c.add(boardRouteID, resource{Type: "AWS::ApiGatewayV2::Route", Properties: object{
		"ApiId": ref(boardID), "RouteKey": "$default", "AuthorizationType": "NONE",
		"Target": join("integrations/", ref(boardIntegration)),
	}})
	c.logGroup(boardLogsID, "board")
	c.add(boardStageID, resource{
		Type: "AWS::ApiGatewayV2::Stage", DependsOn: []string{boardRouteID, boardLogsID},
		Properties: object{
			"ApiId": ref(boardID), "StageName": "$default", "AutoDeploy": true,
			"DefaultRouteSettings": object{
				"ThrottlingRateLimit": requestsPerSecond, "ThrottlingBurstLimit": requestsPerSecond,
			},
			"AccessLogSettings": object{
				"DestinationArn": c.arn("logs", "log-group:"+logName(c.Name, "board")), "Format": boardFormat,
			},
			"Tags": c.tagMap(),
		},
	})
	c.invokes("BoardPermission", "apigateway.amazonaws.com", join(c.arn("execute-api", ""), ref(boardID), "/*"))
	c.domain(boardDomainID, c.Live.BoardDomain, boardID, boardStageID)
	c.output(BoardOutput, "The address of the board", c.boardURL())
}

func (c liveCompiler) boardURL() any {
	if domain := c.Live.BoardDomain; domain != nil {
		return "https://" + domain.Name + "/"
	}
	return join(attribute(boardID, "ApiEndpoint"), "/")
}

// domain adds a custom domain of an API, and outputs where its DNS record points to.
func (c liveCompiler) domain(id string, domain *Domain, api, stage string) {
	if domain == nil {
		return
	}
	c.add(id, resource{Type: "AWS::ApiGatewayV2::DomainName", Properties: object{
		"DomainName": domain.Name,
		"DomainNameConfigurations": list{object{
			"CertificateArn": domain.CertificateARN, "EndpointType": "REGIONAL", "SecurityPolicy": "TLS_1_2",
		}},
		"Tags": c.tagMap(),
	}})
	c.add(id+"Mapping", resource{Type: "AWS::ApiGatewayV2::ApiMapping", DependsOn: []string{id}, Properties: object{
		"ApiId": ref(api), "DomainName": domain.Name, "Stage": ref(stage),
	}})
	c.output(id+targetSuffix, "What the DNS record of "+domain.Name+" points to", attribute(id, "RegionalDomainName"))
	c.output(id+zoneSuffix, "The hosted zone of "+id+targetSuffix+", for an alias record",
		attribute(id, "RegionalHostedZoneId"))
}
