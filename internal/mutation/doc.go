// Package mutation tests the tests: it holds deliberate defects, each of which breaks a promise, and runs the tests with one of
// them at a time. A defect that no test notices means that a test is missing.
//
// A defect replaces a few tokens in one function or other declaration (Defect.In), or one piece of text in one file. Prefer the
// former: it survives moves between files, new neighbors and new formatting. Defects are applied by go test's overlay, so they
// are in no build. A unit test checks that each text occurs exactly once in its place, and that the result is valid Go.
//
//	make mutate
//
// shows which test catches which defect.
package mutation
