// Package cfn holds facts about CloudFormation: the statuses of stacks, how it spells values, when a
// template is that of its stack, and the names of AWS's partitions. Each fact is defined once, with
// its source.
package cfn
