// Package cloudwatch simulates the alarms of Amazon CloudWatch: the resource type
// AWS::CloudWatch::Alarm, and DescribeAlarms. Other services report the metrics that alarms of a hub
// watch (cloud.World.Measure): AWS/Lambda Errors and Throttles, AWS/Events Invocations of rules, and
// AWS/SQS ApproximateNumberOfMessagesVisible. An alarm is evaluated when it is described; its actions
// are not run. Sources: Amazon CloudWatch API Reference, PutMetricAlarm; CloudFormation
// registry, aws-cloudwatch-alarm.
package cloudwatch
