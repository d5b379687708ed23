// Package cfn is what Stowage needs to know about CloudFormation: the statuses of stacks, when a template is that of its stack, and
// the names that AWS gives to its partitions. Each fact stands here once, with its source.
package cfn
