// Package events simulates EventBridge as far as a hub uses it. Services send events to the default
// bus of their account and region: CloudFormation its "Stack Status Change" events. Rules match
// them, and send them to Lambda functions or forward them to another bus, with the rights of a
// role and of that bus's policy, once. Scheduled rules invoke functions as time passes. What cannot
// be delivered goes to the target's dead-letter queue.
//
// The resource types AWS::Events::EventBus, AWS::Events::EventBusPolicy and AWS::Events::Rule make
// them. A program can also add a rule by a Go call (sandbox.Sandbox.AddRule). It replaces several in
// AWS, one in each project's account that forwards to the hub's bus and one there: it gets the
// events of all accounts.
//
// Delivery is durable: events may be repeated, late and out of order, as set by POST
// /_sandbox/notifications, but none is lost. Lambda retries a failed function twice. The resource
// policies of functions are not modelled.
//
// Sources: EventBridge User Guide (eb-event-patterns, eb-cross-account, eb-rule-dlq, eb-quota) and
// API Reference (PutRule, PutTargets, PutPermission); CloudFormation User Guide, "Stack Status
// Change event detail".
package events
