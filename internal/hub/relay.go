package hub

import (
	"cmp"
	"strconv"
	"strings"
)

// Logical IDs of the relay and what belongs to it.
const (
	queueID       = "DeadLetters"
	queuePolicyID = "DeadLettersPolicy"
	relayLogsID   = "RelayLogs"
	relayRoleID   = "RelayRole"
	relayID       = "Relay"
	relayAsyncID  = "RelayInvocations"
)

const (
	relayMemory = 512
	// relaySeconds exceeds the four minutes after which the relay ends an invocation.
	relaySeconds = 300
	// deadLetterSeconds is the maximum retention of a queue: 14 days.
	deadLetterSeconds = 14 * 24 * 60 * 60
	// eventSeconds is how long events are retried. The sweep finds what is older.
	eventSeconds = 60 * 60
	// eventAttempts is EventBridge's default and maximum.
	eventAttempts = 185
)

func (c *compiler) functionARN() string { return c.arn("lambda", "function:"+functionName(c.Name)) }
func (c *compiler) queueARN() string    { return c.arn("sqs", queueName(c.Name)) }

// function adds the relay's function with its log, its role and the queue for what it fails to
// handle.
func (c *compiler) function() {
	c.queue()
	c.logGroup(relayLogsID, "relay")
	c.add(relayRoleID, resource{Type: "AWS::IAM::Role", Properties: object{
		"RoleName":    roleName("Relay", c.Name, c.Place),
		"Description": "The relay of the hub " + c.Name,
		"AssumeRolePolicyDocument": policy(object{
			"Effect": "Allow", "Principal": object{"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole",
		}),
		"Policies": list{object{"PolicyName": "Relay", "PolicyDocument": policy(roleCompiler{c}.relayRights()...)}},
		"Tags":     c.tagList(),
	}})
	c.add(relayID, resource{
		Type: "AWS::Lambda::Function", DependsOn: []string{queueID, relayLogsID, parameterID},
		Properties: object{
			"FunctionName":     functionName(c.Name),
			"Description":      "Stowage relay " + c.relay.Version,
			"Runtime":          "provided.al2023",
			"Handler":          "bootstrap",
			"Architectures":    list{cmp.Or(c.relay.Architecture, DefaultArchitecture)},
			"Code":             object{"S3Bucket": ArtifactBucket(c.Name, c.Place), "S3Key": c.relay.Key()},
			"MemorySize":       relayMemory,
			"Timeout":          relaySeconds,
			"Role":             attribute(relayRoleID, "Arn"),
			"LoggingConfig":    object{"LogGroup": logName(c.Name, "relay")},
			"DeadLetterConfig": object{"TargetArn": c.queueARN()},
			"Environment":      object{"Variables": c.environment()},
			"Tags":             c.tagList(),
		},
	})
	c.add(relayAsyncID, resource{
		Type: "AWS::Lambda::EventInvokeConfig", DependsOn: []string{relayID},
		Properties: object{
			"FunctionName": functionName(c.Name), "Qualifier": "$LATEST",
			"MaximumEventAgeInSeconds": eventSeconds, "MaximumRetryAttempts": 2,
		},
	})
}

// environment returns the relay's environment variables: see package relay.
func (c *compiler) environment() object {
	variables := object{"STOWAGE_HUB": c.Name}
	if c.DriftCheckHours != nil {
		variables["STOWAGE_DRIFT_CHECK_HOURS"] = strconv.Itoa(*c.DriftCheckHours)
	}
	if c.Live != nil {
		variables["STOWAGE_OIDC_ISSUER"] = c.Live.OIDCIssuer
		variables["STOWAGE_OIDC_CLIENT_ID"] = c.Live.OIDCClientID
		variables["STOWAGE_OIDC_AUDIENCE"] = strings.Join(c.Live.OIDCAudience, ",")
		variables["STOWAGE_OIDC_PROJECTS_CLAIM"] = c.Live.ProjectsClaim
		variables["STOWAGE_WEBSOCKET_URL"] = liveCompiler{c}.websocketURL()
	}
	return variables
}

// queue adds the queue for events that EventBridge could not deliver and that the function failed to
// handle. SQS's own key encrypts it: EventBridge cannot use AWS's key for SQS (EventBridge user
// guide, eb-rule-dlq).
func (c *compiler) queue() {
	c.add(queueID, resource{Type: "AWS::SQS::Queue", Properties: object{
		"QueueName": queueName(c.Name), "MessageRetentionPeriod": deadLetterSeconds, "SqsManagedSseEnabled": true,
		"Tags": c.tagList(),
	}}.deleted())
	c.add(queuePolicyID, resource{Type: "AWS::SQS::QueuePolicy", Properties: object{
		"Queues": list{ref(queueID)},
		"PolicyDocument": policy(
			object{
				"Sid": "Rules", "Effect": "Allow", "Principal": object{"Service": "events.amazonaws.com"},
				"Action": "sqs:SendMessage", "Resource": c.queueARN(),
				"Condition": object{"ArnEquals": object{"aws:SourceArn": c.ruleARNs()}},
			},
			object{
				"Sid": "RequireTLS", "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": c.queueARN(),
				"Condition": object{"Bool": object{"aws:SecureTransport": "false"}},
			},
		),
	}})
}

// relayRights are the statements of the relay's role.
func (c roleCompiler) relayRights() []object {
	rights := []object{
		c.readsParameter(),
		allow("Table", c.tableARN(),
			"dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem",
			"dynamodb:Query", "dynamodb:UpdateItem"),
		allow("Directory", c.directoryARN(), "cloudformation:DescribeStacks", "cloudformation:GetTemplate"),
		c.assumes(readerRole),
		allow("Log", c.arn("logs", "log-group:"+logName(c.Name, "relay")+":*"), "logs:CreateLogStream", "logs:PutLogEvents"),
		allow("DeadLetters", c.queueARN(), "sqs:SendMessage"),
	}
	if c.Live != nil {
		rights = append(rights, c.sends())
	}
	return rights
}
