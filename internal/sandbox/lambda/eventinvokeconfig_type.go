package lambda

import (
	"net/http"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

// Limits of asynchronous invocations (Lambda API reference, PutFunctionEventInvokeConfig). Ages are
// in seconds.
const (
	minEventAge = 60
	maxEventAge = 6 * 60 * 60
	maxRetries  = 2
)

// asyncSettings are a function's settings for asynchronous invocations.
type asyncSettings struct{ age, retries int }

// eventInvokeConfigType is AWS::Lambda::EventInvokeConfig, the settings for asynchronous
// invocations.
type eventInvokeConfigType struct{ s *Service }

type eventInvokeConfigProperties struct {
	FunctionName, Qualifier                        string
	MaximumEventAgeInSeconds, MaximumRetryAttempts *int
}

// Schema is that of the CloudFormation registry's aws-lambda-eventinvokeconfig, without
// destinations.
func (eventInvokeConfigType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"FunctionName":             {Kind: cloud.KindString, CreateOnly: true},
			"Qualifier":                {Kind: cloud.KindString, CreateOnly: true},
			"MaximumEventAgeInSeconds": {Kind: cloud.KindInteger},
			"MaximumRetryAttempts":     {Kind: cloud.KindInteger},
		},
		Required: []string{"FunctionName", "Qualifier"}, PrimaryID: []string{"FunctionName", "Qualifier"},
	}
}

// settings returns the settings that the properties set.
func (p eventInvokeConfigProperties) settings() (asyncSettings, error) {
	set := asyncSettings{age: maxEventAge, retries: maxRetries}
	if p.Qualifier != latest {
		return set, cloud.NotModelled("versions and aliases of functions")
	}
	if n := p.MaximumEventAgeInSeconds; n != nil {
		if set.age = *n; set.age < minEventAge || set.age > maxEventAge {
			return set, outOfRange("maximumEventAgeInSeconds", set.age, minEventAge, maxEventAge)
		}
	}
	if n := p.MaximumRetryAttempts; n != nil {
		if set.retries = *n; set.retries < 0 || set.retries > maxRetries {
			return set, outOfRange("maximumRetryAttempts", set.retries, 0, maxRetries)
		}
	}
	return set, nil
}

// Create sets the settings of a function. A function that has some is refused (unproven:
// lambda-event-invoke-config-exists).
func (t eventInvokeConfigType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	f, err := t.s.function(c, r.Properties)
	if err != nil {
		return cloud.Resource{}, err
	}
	if f.async != nil {
		return cloud.Resource{}, &cloud.Error{
			Code: "ResourceConflictException", Status: http.StatusConflict,
			Message: "The function " + f.arn + ":" + latest + " already has an EventInvokeConfig",
		}
	}
	return t.set(f, r.Properties)
}

func (t eventInvokeConfigType) set(f *function, from map[string]any) (cloud.Resource, error) {
	var p eventInvokeConfigProperties
	if err := properties.Decode(from, &p); err != nil {
		return cloud.Resource{}, err
	}
	set, err := p.settings()
	if err != nil {
		return cloud.Resource{}, err
	}
	f.async = &set
	return cloud.Resource{PhysicalID: p.FunctionName + "|" + p.Qualifier}, nil
}

// Update changes the settings.
func (t eventInvokeConfigType) Update(c cloud.Caller, _ string, _, desired map[string]any) (cloud.Resource, error) {
	f, err := t.s.function(c, desired)
	if err != nil {
		return cloud.Resource{}, err
	}
	return t.set(f, desired)
}

// Delete restores the defaults.
func (t eventInvokeConfigType) Delete(c cloud.Caller, _ string, properties map[string]any) error {
	if f, err := t.s.function(c, properties); err == nil {
		f.async = nil
	}
	return nil
}

// Exists finds the settings by their function.
func (t eventInvokeConfigType) Exists(c cloud.Caller, properties map[string]any) (string, bool) {
	name, _ := properties["FunctionName"].(string)
	f, err := t.s.function(c, properties)
	return name + "|" + latest, err == nil && f.async != nil
}
