// Package events simulates EventBridge as far as CloudFormation uses it: rules that send
// "CloudFormation Stack Status Change" events of stacks, in any account and region, to Lambda
// functions. Scheduled rules invoke functions as time passes.
//
// Rules cannot be created through the AWS API: a program adds them by a Go call
// (sandbox.Sandbox.AddRule). A rule replaces several in AWS, one in each project's account that
// forwards to the hub's bus and one there. The event names the stack's account and region, like a
// forwarded one.
//
// Delivery is durable: events may be repeated, late and out of order, as set by POST
// /_sandbox/notifications, but none is lost. Lambda retries a failed function twice. Sources:
// EventBridge Events Reference, "AWS CloudFormation events"; CloudFormation User Guide, "Stack
// Status Change event detail".
package events
