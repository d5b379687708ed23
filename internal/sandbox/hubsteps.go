package sandbox

import (
	"fmt"
	"strings"
)

// The permissions for the types of which hubs are made; see steps.go.

// hubStep demands what a step of such a type requires. It reports false for other types.
func (t *step) hubStep() bool {
	switch t.Type {
	case "AWS::DynamoDB::Table":
		t.table()
	case "AWS::SQS::Queue":
		queue := t.arn("sqs", t.text("QueueName"))
		t.life(queue, "sqs:CreateQueue", "sqs:SetQueueAttributes", "sqs:DeleteQueue")
		t.tags(queue, "sqs:TagQueue")
		t.untags(queue, "sqs:UntagQueue")
		t.handlers(queue)
	case "AWS::SQS::QueuePolicy":
		t.queuePolicy()
	case "AWS::CloudWatch::Alarm":
		alarm := t.arn("cloudwatch", "alarm:"+t.text("AlarmName"))
		t.life(alarm, "cloudwatch:PutMetricAlarm", "cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms")
		t.tags(alarm, "cloudwatch:TagResource")
		t.untags(alarm, "cloudwatch:UntagResource")
		t.handlers(alarm)
	case "AWS::IAM::OIDCProvider":
		t.oidcProvider()
	case "AWS::Events::EventBus":
		bus := t.arn("events", "event-bus/"+t.text("Name"))
		t.life(bus, "events:CreateEventBus", "events:UpdateEventBus", "events:DeleteEventBus")
		t.tags(bus, "events:TagResource")
		t.untags(bus, "events:UntagResource")
		t.handlers(bus)
	case "AWS::Events::EventBusPolicy":
		bus := t.arn("events", "event-bus/"+t.busName())
		t.life(bus, "events:PutPermission", "events:PutPermission", "events:RemovePermission")
		t.handlers(bus)
	case "AWS::Events::Rule":
		t.rule()
	default:
		return t.gatewayStep() || t.functionStep()
	}
	return true
}

// busName returns the name of the bus of a rule or a statement.
func (t *step) busName() string {
	if name := t.text("EventBusName"); name != "<nil>" {
		return name
	}
	return "default"
}

// table demands the permissions for a table. What CreateTable does not set needs calls of its own.
// The permissions on keys are not modelled.
func (t *step) table() {
	table := t.arn("dynamodb", "table/"+t.text("TableName"))
	t.life(table, "dynamodb:CreateTable", "dynamodb:UpdateTable", "dynamodb:DeleteTable")
	if t.sets("TimeToLiveSpecification") {
		t.needs(table, "dynamodb:UpdateTimeToLive")
	}
	if t.sets("PointInTimeRecoverySpecification") {
		t.needs(table, "dynamodb:UpdateContinuousBackups")
	}
	t.tags(table, "dynamodb:TagResource")
	t.untags(table, "dynamodb:UntagResource")
	t.handlers(table)
}

// queuePolicy demands the permission to set the policy of each queue.
func (t *step) queuePolicy() {
	properties := t.After
	if t.deleting() {
		properties = t.Before
	}
	urls, _ := properties["Queues"].([]any)
	for _, one := range urls {
		url := fmt.Sprint(one)
		t.needs(t.arn("sqs", url[strings.LastIndexByte(url, '/')+1:]), "sqs:SetQueueAttributes")
	}
}

// oidcProvider demands the permissions for an OIDC provider. Its ARN has its URL without the
// scheme.
func (t *step) oidcProvider() {
	provider := "arn:aws:iam::" + t.account + ":oidc-provider/" + strings.TrimPrefix(t.text("Url"), "https://")
	t.life(provider, "iam:CreateOpenIDConnectProvider", "", "iam:DeleteOpenIDConnectProvider")
	if !t.making() && t.sets("ClientIdList") {
		t.needs(provider, "iam:AddClientIDToOpenIDConnectProvider", "iam:RemoveClientIDFromOpenIDConnectProvider")
	}
	if !t.making() && t.sets("ThumbprintList") {
		t.needs(provider, "iam:UpdateOpenIDConnectProviderThumbprint")
	}
	t.tags(provider, "iam:TagOpenIDConnectProvider")
	t.untags(provider, "iam:UntagOpenIDConnectProvider")
	t.handlers(provider)
}

// rule demands the permissions for a rule and its targets, whose roles are passed to EventBridge.
func (t *step) rule() {
	path := "rule/"
	if bus := t.busName(); bus != "default" {
		path += bus + "/"
	}
	rule := t.arn("events", path+t.text("Name"))
	t.life(rule, "events:PutRule", "events:PutRule", "events:DeleteRule")
	switch {
	case t.deleting():
		t.needs(rule, "events:RemoveTargets")
	case t.sets("Targets"):
		t.needs(rule, "events:PutTargets")
		if !t.making() {
			t.needs(rule, "events:RemoveTargets")
		}
		to := map[string][]string{"iam:PassedToService": {"events.amazonaws.com"}}
		targets, _ := t.After["Targets"].([]any)
		for _, one := range targets {
			if target, _ := one.(map[string]any); target["RoleArn"] != nil {
				t.needsWith(to, fmt.Sprint(target["RoleArn"]), "iam:PassRole")
			}
		}
	}
	t.tags(rule, "events:TagResource")
	t.untags(rule, "events:UntagResource")
	t.handlers(rule)
}
