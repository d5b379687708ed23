// Package events simulates EventBridge as far as CloudFormation uses it: rules that hand "CloudFormation Stack Status
// Change" events of stacks, in any account and region, to Lambda functions. Scheduled rules invoke functions as time passes.
//
// There is no API to make rules with: a program adds them by a Go call (sandbox.Sandbox.AddRule). A rule stands for what
// takes several in AWS, one in each project's account that forwards to the hub's bus and one there; the event that arrives
// names the stack's account and region, as a forwarded one does.
//
// Delivery is durable: events may come twice, late and out of order, as POST /_sandbox/notifications says, but none is
// lost. A function that fails is tried again twice, by Lambda. Sources: EventBridge Events Reference, "AWS CloudFormation
// events"; CloudFormation User Guide, "Stack Status Change event detail".
package events
