package lambda

import (
	"net/http"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

type configuration struct {
	FunctionName, FunctionArn, Runtime, Role, Handler, Description string
	CodeSize                                                       int
	CodeSha256                                                     string
	Timeout, MemorySize                                            int
	LastModified, Version                                          string
	TracingConfig                                                  map[string]string
	RevisionId                                                     string
	State, LastUpdateStatus, PackageType                           string
	Architectures                                                  []string
	EphemeralStorage                                               map[string]int
	LoggingConfig                                                  map[string]string
	Environment                                                    map[string]any    `json:",omitempty"`
	DeadLetterConfig                                               map[string]string `json:",omitempty"`
}

func (d *deployment) configuration() configuration {
	c := configuration{
		FunctionName: d.name, FunctionArn: d.arn, Runtime: d.runtime, Role: d.role, Handler: d.handler,
		Description: d.description, CodeSize: len(d.code.body), CodeSha256: d.code.sha256, Timeout: d.timeout,
		MemorySize: d.memory, LastModified: d.modified.Format("2006-01-02T15:04:05.000+0000"), Version: latest,
		TracingConfig: map[string]string{"Mode": "PassThrough"}, RevisionId: d.revision, State: "Active",
		LastUpdateStatus: "Successful", PackageType: "Zip", Architectures: []string{d.architecture},
		EphemeralStorage: map[string]int{"Size": 512},
		LoggingConfig:    map[string]string{"LogFormat": "Text", "LogGroup": d.logGroup},
	}
	if len(d.environment) > 0 {
		c.Environment = map[string]any{"Variables": d.environment}
	}
	if d.deadLetters != "" {
		c.DeadLetterConfig = map[string]string{"TargetArn": d.deadLetters}
	}
	return c
}

// getFunction answers without the presigned URL of the package, which is not modelled.
func (s *Service) getFunction(_ *cloud.Request, f *function) (any, error) {
	out := map[string]any{
		"Configuration": f.current.configuration(), "Code": map[string]string{"RepositoryType": "S3"},
	}
	if len(f.tags) > 0 {
		out["Tags"] = f.tags
	}
	if f.reserved != nil {
		out["Concurrency"] = map[string]int{"ReservedConcurrentExecutions": *f.reserved}
	}
	return out, nil
}

func (s *Service) getFunctionConfiguration(_ *cloud.Request, f *function) (any, error) {
	return f.current.configuration(), nil
}

func (s *Service) getPolicy(_ *cloud.Request, f *function) (any, error) {
	policy := f.policy()
	if policy == "" {
		return nil, &cloud.Error{
			Code: "ResourceNotFoundException", Message: "The resource you requested does not exist.",
			Status: http.StatusNotFound,
		}
	}
	return map[string]string{"Policy": policy, "RevisionId": f.current.revision}, nil
}

func (s *Service) getEventInvokeConfig(_ *cloud.Request, f *function) (any, error) {
	if f.async == nil {
		return nil, &cloud.Error{
			Code: "ResourceNotFoundException", Status: http.StatusNotFound,
			Message: "The function " + f.arn + ":" + latest + " doesn't have an EventInvokeConfig",
		}
	}
	return map[string]any{
		"FunctionArn": f.arn + ":" + latest, "MaximumEventAgeInSeconds": f.async.age,
		"MaximumRetryAttempts": f.async.retries, "DestinationConfig": map[string]any{
			"OnSuccess": struct{}{}, "OnFailure": struct{}{},
		},
	}, nil
}

// requestMessage returns the text of a failure that Lambda reports for an invocation.
func requestMessage(requestID, text string) string {
	return strings.Join([]string{"RequestId: ", requestID, " Error: ", text}, "")
}
