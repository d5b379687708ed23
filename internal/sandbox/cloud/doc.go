// Package cloud is the base of the sandbox's services: a simulated world with its clock, seeded
// randomness, accounts and CloudFormation's resource types, and the interface by which services
// answer or refuse requests.
//
// # One lock, no goroutines
//
// The world has one lock. The front door (package sandbox) takes it before it passes a request to a
// service and releases it before it writes the answer. So a service's code never locks, starts a
// goroutine or sleeps. What takes time in AWS is scheduled on the world's agenda with World.After.
// Before each request the front door runs all due agenda entries, in the order (due time, order of
// scheduling). So the world's state is a function of the requests, their order and their times,
// which makes a simulation repeatable.
//
// Time is time.Now: real in the server, virtual under testing/synctest.
//
// # Errors
//
// A service returns *Error for AWS's errors. It refuses what the sandbox does not model with
// NotModelled, and never silently accepts it: a test that depends on an unsimulated feature must
// fail visibly.
package cloud
