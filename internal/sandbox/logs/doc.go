// Package logs simulates Amazon CloudWatch Logs as far as log groups: the resource type AWS::Logs::LogGroup, and DescribeLogGroups. Nothing writes
// into them.
package logs
