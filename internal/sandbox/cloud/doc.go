// Package cloud is the ground that the sandbox's services stand on: one simulated world with its clock, its seeded
// randomness, its accounts, the table of resource types that CloudFormation may create, and the way a service answers
// a request or refuses it.
//
// # One lock, no goroutines
//
// The world has one lock. The front door (package sandbox) takes it before it hands a request to a service and gives
// it back before the answer is written, so a service's code never locks, never starts a goroutine and never sleeps. What
// takes time in AWS is put on the world's agenda with World.After; the front door runs all agenda entries that are due
// before it handles a request, in the order (due time, order of scheduling). So the state of the world is a function of the
// requests, their order and the times at which they arrive, which is what makes a simulation replayable.
//
// Time is time.Now: real in the server, virtual under testing/synctest.
//
// # Errors
//
// A service returns *Error for what AWS would answer as an error. What the sandbox doesn't model is refused with
// NotModelled, never quietly accepted: a test that leans on something that isn't simulated must fail loudly.
package cloud
