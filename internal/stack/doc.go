// Package stack is CloudFormation, as the commit engine needs it: it reads a stack, performs the engine's effects with the
// AWS SDK, and drives the engine for all callers that change the same stack.
//
// Stack.Commit may be called from any number of goroutines. They share one engine, one goroutine that drives it while
// there is work, and one poller per operation, however many wait for it. Nothing holds a lock during a call or a wait.
//
// Stacks are addressed by their id as soon as it is known: a name can be deleted and made again. Change sets are described,
// executed and deleted by ARN only.
//
// # The calls of a commit
//
//   - DescribeStacks, GetTemplate, DescribeStacks: the base. Two equal descriptions around a template show that it is the template of that
//     revision, as GetTemplate does not tell one. What the process has read of the stack in the last minute serves instead: a
//     description, as a plan makes one to check the mirror, for the first of the two; a whole reading for all three (earlier.go). After a
//     commit of this process, or the creation of the stack, the base is known, and nothing is read.
//   - CreateChangeSet, and DescribeChangeSet until it is made: what it would do to the real stack is the check that the base is not stale.
//   - ExecuteChangeSet, and DescribeStacks until the operation has ended, after 250 ms for the first time, and every 5 s at the end: 6 for an
//     operation of 15 s, 15 for one of a minute. Nothing else tells the end to a process that cannot receive notifications. The last of
//     them is also the description of the next base, and has the outputs for the mirror.
//   - DescribeStackEvents only for an operation that has failed, or is not the last one of the stack: who is to blame, and what has become
//     of it.
//   - SetStackPolicy and UpdateTerminationProtection for a stack that is not protected, as a new one.
//
// AWS's refusals are sorted into the classes that the engine knows (commit.Failure) in one place, classify.go. CloudFormation
// says most of them with one code, ValidationError, so this is the place where texts are compared.
package stack
