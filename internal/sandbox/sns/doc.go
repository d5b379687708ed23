// Package sns simulates the Simple Notification Service: standard topics, subscriptions of Lambda
// functions, and publishing.
//
// A subscribed function receives a message as the event that Lambda gets from SNS; functions are
// those registered with the world by ARN. The service is also the cloud.Publisher of
// CloudFormation's stack notifications. Delivery controls these: they can be lost, duplicated, late
// and out of order, as SNS may do with any. Lambda retries a failed function twice, after a minute
// and after two more.
package sns
