// Package mutation tests the tests: it contains deliberate defects and runs the tests with one of
// them at a time. Each defect breaks a guarantee. A defect that no test detects shows that a test
// is missing.
//
// A defect replaces a few tokens in one function or other declaration (Defect.In), or one piece of
// text in one file. Prefer the former: it survives moves between files, new neighbors and new
// formatting. Defects are applied by go test's overlay, so no build contains them. A unit test
// checks that each text occurs exactly once in its place, and that the result is valid Go.
//
//	make mutate
//
// shows which test detects which defect.
package mutation
