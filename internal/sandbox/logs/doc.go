// Package logs simulates the log groups of Amazon CloudWatch Logs: the resource type
// AWS::Logs::LogGroup, DescribeLogGroups, and FilterLogEvents. Lambda writes the output of functions
// to them.
package logs
