// Package logs simulates the log groups of Amazon CloudWatch Logs: the resource type
// AWS::Logs::LogGroup, and DescribeLogGroups. Nothing writes to them.
package logs
