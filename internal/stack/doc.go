// Package stack connects the commit engine to CloudFormation. It reads a stack, performs the
// engine's effects with the AWS SDK, and drives the engine for all callers that change the same
// stack.
//
// Stack.Commit may be called from any number of goroutines. They share one engine, one goroutine
// that drives it while there is work, and one poller per operation. No lock is held during a call
// or a wait.
//
// Stacks are addressed by id as soon as it is known, because a name can be deleted and created
// again. Change sets are described, executed and deleted by ARN only.
//
// # The calls of a commit
//
//   - DescribeStacks, GetTemplate, DescribeStacks read the base. GetTemplate returns no revision;
//     two equal descriptions around it prove which revision the template has. Anything that the
//     process has read in the last minute is reused (earlier.go): a description, such as a plan's,
//     replaces the first call; a complete reading replaces all three. After a commit of this
//     process, or the creation of the stack, the base is known and nothing is read.
//   - CreateChangeSet, and DescribeChangeSet until the change set is ready. What it would do to the
//     real stack shows whether the base is stale.
//   - ExecuteChangeSet, and DescribeStacks until the operation has ended: first after 250 ms, later
//     every 5 s. That makes 6 calls for an operation of 15 s and 15 for one of a minute. A process
//     that cannot receive notifications has no other way to learn the end. The last description is
//     also the first one of the next base, and has the outputs for the mirror.
//   - DescribeStackEvents only for an operation that has failed, or that is not the last one of the
//     stack. It shows which members caused the failure and how the operation ended.
//   - SetStackPolicy and UpdateTerminationProtection for a stack that is not protected, such as a
//     new one.
//
// classify.go maps AWS's errors to the classes of the engine (commit.Failure). CloudFormation
// returns most of them with one code, ValidationError, so only this file compares texts.
package stack
