// Package stack is CloudFormation, as the commit engine needs it: it reads a stack, performs the engine's effects with the
// AWS SDK, and drives the engine for all callers that change the same stack.
//
// Stack.Commit may be called from any number of goroutines. They share one engine, one goroutine that drives it while
// there is work, and one poller per operation, however many wait for it. Nothing holds a lock during a call or a wait.
//
// Stacks are addressed by their id as soon as it is known: a name can be deleted and made again. Change sets are described,
// executed and deleted by ARN only.
//
// AWS's refusals are sorted into the classes that the engine knows (commit.Failure) in one place, classify.go. CloudFormation
// says most of them with one code, ValidationError, so this is the place where texts are compared.
package stack
