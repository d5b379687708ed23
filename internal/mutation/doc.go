// Package mutation tests the tests: it holds deliberate defects, each of which breaks a promise, and runs the tests with one of
// them at a time. A defect that no test notices means that a test is missing.
//
// A defect replaces one piece of text in one file. It is applied by go test's overlay, so nothing of it ever ships. A unit test
// keeps the list true: each text has to occur exactly once in its file, and the changed file has to be valid Go.
//
//	make mutate
//
// shows which test catches which defect.
package mutation
