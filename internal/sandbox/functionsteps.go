package sandbox

import (
	"fmt"
	"strings"
)

// The permissions for the types of functions; see steps.go.

// functionStep demands what a step of such a type requires. It reports false for other types.
func (t *step) functionStep() bool {
	switch t.Type {
	case "AWS::Lambda::Function":
		t.function()
	case "AWS::Lambda::Permission":
		function := t.functionARN()
		t.life(function, "lambda:AddPermission", "", "lambda:RemovePermission")
		t.handlers(function)
	case "AWS::Lambda::EventInvokeConfig":
		function := t.functionARN()
		t.life(
			function, "lambda:PutFunctionEventInvokeConfig", "lambda:UpdateFunctionEventInvokeConfig",
			"lambda:DeleteFunctionEventInvokeConfig",
		)
		t.handlers(function)
	default:
		return false
	}
	return true
}

// functionARN returns the ARN of the function that a resource names.
func (t *step) functionARN() string {
	name := t.text("FunctionName")
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	return t.arn("lambda", "function:"+name)
}

// function demands the permissions for a function. Its package is read with the rights of the
// caller, and its role passed to Lambda.
func (t *step) function() {
	function := t.functionARN()
	t.life(function, "lambda:CreateFunction", "", "lambda:DeleteFunction")
	if t.deleting() {
		t.handlers(function)
		return
	}
	code := t.sets("Code") || t.sets("Architectures")
	if !t.making() {
		if code {
			t.needs(function, "lambda:UpdateFunctionCode")
		}
		for _, property := range []string{
			"DeadLetterConfig", "Description", "Environment", "Handler", "LoggingConfig", "MemorySize", "Role", "Runtime",
			"Timeout", "TracingConfig",
		} {
			if t.sets(property) {
				t.needs(function, "lambda:UpdateFunctionConfiguration")
				break
			}
		}
	}
	if from, ok := t.After["Code"].(map[string]any); ok && code {
		t.needs(fmt.Sprintf("arn:aws:s3:::%v/%v", from["S3Bucket"], from["S3Key"]), "s3:GetObject")
	}
	if t.sets("Role") {
		to := map[string][]string{"iam:PassedToService": {"lambda.amazonaws.com"}}
		t.needsWith(to, t.text("Role"), "iam:PassRole")
	}
	if t.sets("ReservedConcurrentExecutions") {
		if t.After["ReservedConcurrentExecutions"] == nil {
			t.needs(function, "lambda:DeleteFunctionConcurrency")
		} else {
			t.needs(function, "lambda:PutFunctionConcurrency")
		}
	}
	t.tags(function, "lambda:TagResource")
	t.untags(function, "lambda:UntagResource")
	t.handlers(function)
}
