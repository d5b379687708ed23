package lambda

import (
	"maps"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

// functionType is AWS::Lambda::Function: Ref gives the name.
type functionType struct{ s *Service }

type tag struct{ Key, Value string }

type functionProperties struct {
	FunctionName, Description, Handler, PackageType, Role, Runtime string
	Architectures                                                  []string
	Code                                                           codeProperties
	DeadLetterConfig                                               *struct{ TargetArn string }
	Environment                                                    *struct{ Variables map[string]string }
	LoggingConfig                                                  *struct{ LogGroup, LogFormat string }
	MemorySize, Timeout, ReservedConcurrentExecutions              *int
	TracingConfig                                                  *struct{ Mode string }
	Tags                                                           []tag
}

type codeProperties struct{ S3Bucket, S3Key, S3ObjectVersion string }

// Schema is that of the CloudFormation registry's aws-lambda-function, as far as modelled.
func (functionType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"FunctionName":                 {Kind: cloud.KindString, CreateOnly: true},
			"Description":                  {Kind: cloud.KindString},
			"Handler":                      {Kind: cloud.KindString},
			"PackageType":                  {Kind: cloud.KindString, CreateOnly: true},
			"Role":                         {Kind: cloud.KindString},
			"Runtime":                      {Kind: cloud.KindString},
			"Architectures":                {Kind: cloud.KindList},
			"Code":                         {Kind: cloud.KindMap, WriteOnly: true},
			"DeadLetterConfig":             {Kind: cloud.KindMap},
			"Environment":                  {Kind: cloud.KindMap},
			"LoggingConfig":                {Kind: cloud.KindMap},
			"MemorySize":                   {Kind: cloud.KindInteger},
			"Timeout":                      {Kind: cloud.KindInteger},
			"ReservedConcurrentExecutions": {Kind: cloud.KindInteger},
			"TracingConfig":                {Kind: cloud.KindMap},
			"Tags":                         {Kind: cloud.KindList},
		},
		Required: []string{"Code", "Role"}, PrimaryID: []string{"FunctionName"}, Attributes: []string{"Arn"}, Tags: true,
	}
}

// settings returns the settings of the properties, of a function with a name.
func (p functionProperties) settings(name string) (settings, error) {
	t := settings{
		description: p.Description, handler: p.Handler, runtime: p.Runtime, role: p.Role, architecture: x86,
		memory: defaultMemory, timeout: defaultTimeout, environment: map[string]string{}, logGroup: "/aws/lambda/" + name,
	}
	if p.PackageType != "" && p.PackageType != "Zip" {
		return t, cloud.NotModelled("functions of the package type %s", p.PackageType)
	}
	if len(p.Architectures) > 0 {
		if t.architecture = p.Architectures[0]; len(p.Architectures) > 1 || t.architecture != arm64 && t.architecture != x86 {
			return t, cloud.Errorf("ValidationException", "The architectures %v are invalid.", p.Architectures)
		}
	}
	if p.MemorySize != nil {
		t.memory = *p.MemorySize
	}
	if p.Timeout != nil {
		t.timeout = *p.Timeout
	}
	if p.Environment != nil {
		maps.Copy(t.environment, p.Environment.Variables)
	}
	if l := p.LoggingConfig; l != nil {
		if l.LogFormat != "" && l.LogFormat != "Text" {
			return t, cloud.NotModelled("the log format %s", l.LogFormat)
		}
		if l.LogGroup != "" {
			t.logGroup = l.LogGroup
		}
	}
	if p.TracingConfig != nil && p.TracingConfig.Mode != "PassThrough" {
		return t, cloud.NotModelled("the tracing mode %s", p.TracingConfig.Mode)
	}
	if p.DeadLetterConfig != nil {
		if t.deadLetters = p.DeadLetterConfig.TargetArn; !queueARN.MatchString(t.deadLetters) {
			return t, cloud.NotModelled("dead letters to %s", t.deadLetters)
		}
	}
	return t, t.check()
}

// Create creates a function. CloudFormation waits until it is active.
func (t functionType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	var p functionProperties
	if err := properties.Decode(r.Properties, &p); err != nil {
		return cloud.Resource{}, err
	}
	name := p.FunctionName
	if name == "" {
		stem, random := r.StackName+"-"+r.LogicalID, t.s.world.NewToken(12)
		name = stem[:min(len(stem), 63-len(random))] + "-" + random
	}
	at := place{c.Account, c.Region}
	f := &function{place: at, name: name, arn: functionARN(at, name), tags: map[string]string{}}
	switch {
	case !validName.MatchString(name):
		return cloud.Resource{}, cloud.Errorf(
			"ValidationException",
			"1 validation error detected: Value '%s' at 'functionName' failed to satisfy constraint: Member must satisfy "+
				"regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?"+
				"(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:((?!\\d+)|^[0-9a-zA-Z]+$))?", name,
		)
	case t.s.functions[f.arn] != nil:
		return cloud.Resource{}, &cloud.Error{
			Code: "ResourceConflictException", Message: "Function already exist: " + name, Status: 409,
		}
	}
	if err := t.set(c, f, p); err != nil {
		return cloud.Resource{}, err
	}
	maps.Copy(f.tags, r.Tags)
	f.tag(nil, p.Tags)
	t.s.functions[f.arn] = f
	return f.resource(), nil
}

// set deploys properties to a function, or nothing.
func (t functionType) set(c cloud.Caller, f *function, p functionProperties) error {
	chosen, err := p.settings(f.name)
	if err != nil {
		return err
	}
	package_, err := t.s.readCode(c, p.Code)
	if err != nil {
		return err
	}
	if err := t.s.checkRole(f.place, chosen); err != nil {
		return err
	}
	if err := t.s.reserve(f, p.ReservedConcurrentExecutions); err != nil {
		return err
	}
	f.current = &deployment{
		place: f.place, name: f.name, arn: f.arn, settings: chosen, code: package_, modified: t.s.world.Now(),
		revision: t.s.world.NewUUID(),
	}
	return nil
}

func (f *function) tag(former, tags []tag) {
	for _, t := range former {
		delete(f.tags, t.Key)
	}
	for _, t := range tags {
		f.tags[t.Key] = t.Value
	}
}

func (f *function) resource() cloud.Resource {
	return cloud.Resource{PhysicalID: f.name, Attributes: map[string]any{"Arn": f.arn}}
}

// Update deploys code and settings. Processes of the former ones take no more invocations. Code that
// the template does not change is kept, even if its object in S3 has changed.
func (t functionType) Update(c cloud.Caller, physicalID string, old, desired map[string]any) (cloud.Resource, error) {
	f, err := t.s.find(functionARN(place{c.Account, c.Region}, physicalID))
	if err != nil {
		return cloud.Resource{}, err
	}
	var before, p functionProperties
	if err := properties.Decode(old, &before); err != nil {
		return cloud.Resource{}, err
	}
	if err := properties.Decode(desired, &p); err != nil {
		return cloud.Resource{}, err
	}
	former := f.current
	if p.Code == before.Code {
		err = t.configure(f, p)
	} else {
		err = t.set(c, f, p)
	}
	if err != nil {
		return cloud.Resource{}, err
	}
	f.tag(before.Tags, p.Tags)
	t.s.processes.retire(former)
	return f.resource(), nil
}

// configure deploys settings to a function and keeps its code, or changes nothing.
func (t functionType) configure(f *function, p functionProperties) error {
	chosen, err := p.settings(f.name)
	if err != nil {
		return err
	}
	if err := t.s.checkRole(f.place, chosen); err != nil {
		return err
	}
	if err := t.s.reserve(f, p.ReservedConcurrentExecutions); err != nil {
		return err
	}
	next := *f.current
	next.settings, next.modified, next.revision = chosen, t.s.world.Now(), t.s.world.NewUUID()
	f.current = &next
	return nil
}

// Delete removes a function with its policy. Its invocations end.
func (t functionType) Delete(c cloud.Caller, physicalID string, _ map[string]any) error {
	if f, err := t.s.find(functionARN(place{c.Account, c.Region}, physicalID)); err == nil {
		delete(t.s.functions, f.arn)
		t.s.processes.retire(f.current)
	}
	return nil
}

// Exists finds a function by its name.
func (t functionType) Exists(c cloud.Caller, properties map[string]any) (string, bool) {
	name, _ := properties["FunctionName"].(string)
	return name, t.s.functions[functionARN(place{c.Account, c.Region}, name)] != nil
}
