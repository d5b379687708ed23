package cfn

import "strings"

// ValidationError is the code of most refusals of CloudFormation: only their texts tell them apart.
const ValidationError = "ValidationError"

// NoSuchStack reports whether the code and the text of an error mean that there is no stack of a
// name or ID, or none with a resource (recorded from AWS: "Stack with id X does not exist", "Stack
// [X] does not exist", "Stack for X does not exist").
func NoSuchStack(code, message string) bool {
	return code == ValidationError &&
		strings.HasPrefix(message, "Stack") && strings.HasSuffix(message, "does not exist")
}
