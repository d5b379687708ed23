// Package cloudwatch simulates the alarms of Amazon CloudWatch: the resource type
// AWS::CloudWatch::Alarm, and DescribeAlarms. There are no metrics, so that every alarm has the
// state INSUFFICIENT_DATA. Sources: Amazon CloudWatch API Reference, PutMetricAlarm; CloudFormation
// registry, aws-cloudwatch-alarm.
package cloudwatch
