// Package sns simulates the Simple Notification Service: standard topics, subscriptions of Lambda functions, and publishing.
//
// A message reaches a subscribed function as the event that Lambda gets from SNS; functions are those registered with the
// world by ARN. It is also the cloud.Publisher by which CloudFormation tells of its stacks; what Delivery says happens to
// those messages: they can be lost, come twice, come late and come out of order, as SNS may do with any. A function that
// fails is tried again twice, by Lambda, after a minute and after two more.
package sns
