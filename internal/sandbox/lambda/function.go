package lambda

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// Limits of functions (Lambda developer guide, gettingstarted-limits; Lambda API reference,
// CreateFunction). Sizes are in bytes, times in seconds.
const (
	minMemory      = 128
	maxMemory      = 10240
	defaultMemory  = 128
	maxTimeout     = 900
	defaultTimeout = 3
	maxEnvironment = 4096
	// maxConcurrency is an account's concurrency in a region, of which minUnreserved can't be reserved.
	maxConcurrency = 1000
	minUnreserved  = 100
)

// latest is the version of a function that is not published.
const latest = "$LATEST"

const (
	arm64  = "arm64"
	x86    = "x86_64"
	custom = "provided.al2023"
)

var (
	validName = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,64}$`)
	roleARN   = regexp.MustCompile(`^arn:aws:iam::([0-9]{12}):role/[a-zA-Z0-9+=,.@_/-]+$`)
	variable  = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]+$`)
	groupName = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)
)

// reserved are the variables that Lambda sets (Lambda developer guide, configuration-envvars,
// "Reserved environment variables").
var reserved = []string{
	"AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
	"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
	"AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION",
	"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT", "_HANDLER",
	"_X_AMZN_TRACE_ID",
}

type place struct{ account, region string }

// function is a deployed function.
type function struct {
	place
	name, arn string
	current   *deployment
	// reserved is the reserved concurrency; nil for none.
	reserved *int
	// running counts the invocations.
	running    int
	statements []statement
	async      *asyncSettings // nil for the defaults
	tags       map[string]string
}

// deployment is a function's code and configuration. It is never changed: an update replaces it.
type deployment struct {
	place
	name, arn string
	settings
	code     code
	modified time.Time
	revision string
}

// settings are the modelled settings of a function.
type settings struct {
	description, handler, runtime, role, architecture string
	memory, timeout                                   int
	environment                                       map[string]string
	logGroup, deadLetters                             string // deadLetters is a queue's ARN; "" for none
}

func functionARN(p place, name string) string {
	return "arn:aws:lambda:" + p.region + ":" + p.account + ":function:" + name
}

// arnOfName returns the ARN of a function by its name, its ARN or a part of its ARN, with or without
// the qualifier of $LATEST.
func arnOfName(p place, name string) string {
	name = strings.TrimSuffix(name, ":"+latest)
	switch {
	case strings.HasPrefix(name, "arn:"):
		return name
	case strings.Contains(name, ":function:"):
		return "arn:aws:lambda:" + p.region + ":" + name
	default:
		return functionARN(p, name)
	}
}

// find finds a function by its ARN.
func (s *Service) find(arn string) (*function, error) {
	if f := s.functions[strings.TrimSuffix(arn, ":"+latest)]; f != nil {
		return f, nil
	}
	return nil, &cloud.Error{
		Code: "ResourceNotFoundException", Message: "Function not found: " + arn, Status: http.StatusNotFound,
	}
}

func invalid(format string, args ...any) *cloud.Error {
	return cloud.Errorf("InvalidParameterValueException", format, args...)
}

// outOfRange is the refusal of Lambda's validation.
func outOfRange(name string, value, low, high int) error {
	bound, limit := "less than or equal to", high
	if value < low {
		bound, limit = "greater than or equal to", low
	}
	return cloud.Errorf(
		"ValidationException",
		"1 validation error detected: Value '%d' at '%s' failed to satisfy constraint: Member must have value %s %d",
		value, name, bound, limit,
	)
}

// check refuses settings that CreateFunction refuses.
func (t settings) check() error {
	switch {
	case t.runtime != custom:
		return cloud.NotModelled("functions of the runtime %q", t.runtime)
	case t.handler == "":
		return invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
	case t.memory < minMemory || t.memory > maxMemory:
		return outOfRange("memorySize", t.memory, minMemory, maxMemory)
	case t.timeout < 1 || t.timeout > maxTimeout:
		return outOfRange("timeout", t.timeout, 1, maxTimeout)
	case !groupName.MatchString(t.logGroup):
		return cloud.Errorf("ValidationException", "The log group %q is invalid.", t.logGroup)
	}
	return checkEnvironment(t.environment)
}

// checkEnvironment refuses variables that Lambda refuses. Users report the texts.
func checkEnvironment(variables map[string]string) error {
	var keys []string
	for name := range variables {
		if slices.Contains(reserved, name) {
			keys = append(keys, name)
		} else if !variable.MatchString(name) {
			return cloud.Errorf(
				"ValidationException", "1 validation error detected: Value at 'environment.variables' failed to satisfy "+
					"constraint: Map keys must satisfy constraint: [Member must satisfy regular expression pattern: "+
					"[a-zA-Z]([a-zA-Z0-9_])+]",
			)
		}
	}
	if keys != nil {
		slices.Sort(keys)
		return invalid(
			"Lambda was unable to configure your environment variables because the environment variables you have provided "+
				"contains reserved keys that are currently not supported for modification. Reserved keys used in this "+
				"request: %s", strings.Join(keys, ", "),
		)
	}
	text, err := json.Marshal(variables)
	if err != nil {
		return fmt.Errorf("encode the environment: %w", err)
	}
	if len(text) > maxEnvironment {
		return invalid(
			"Lambda was unable to configure your environment variables because the environment variables you have provided "+
				"exceeded the 4KB limit. String measured: %s", text,
		)
	}
	return nil
}

// checkRole refuses a role that Lambda cannot assume, and one without the rights on the dead-letter
// queue.
func (s *Service) checkRole(p place, t settings) error {
	parts := roleARN.FindStringSubmatch(t.role)
	switch {
	case parts == nil:
		return cloud.Errorf(
			"ValidationException",
			"1 validation error detected: Value '%s' at 'role' failed to satisfy constraint: Member must satisfy regular "+
				"expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+", t.role,
		)
	case parts[1] != p.account:
		return &cloud.Error{
			Code: "AccessDeniedException", Message: "Cross-account pass role is not allowed.", Status: http.StatusForbidden,
		}
	case s.world.RoleTrusts != nil && s.world.RoleTrusts(t.role, servicePrincipal) != nil:
		return invalid("The role defined for the function cannot be assumed by Lambda.")
	}
	if t.deadLetters == "" || s.world.RoleMay == nil {
		return nil
	}
	err := s.world.RoleMay(
		t.role, servicePrincipal, p.region, cloud.Demand{Action: "sqs:SendMessage", Resource: t.deadLetters},
	)
	if err != nil {
		return invalid("The provided execution role does not have permissions to call SendMessage on SQS")
	}
	return nil
}

// reserve sets a function's reserved concurrency; nil for none.
func (s *Service) reserve(f *function, n *int) error {
	if n != nil {
		others := 0
		for _, other := range s.functions {
			if other != f && other.place == f.place && other.reserved != nil {
				others += *other.reserved
			}
		}
		switch {
		case *n < 0:
			return outOfRange("reservedConcurrentExecutions", *n, 0, maxConcurrency)
		case others+*n > maxConcurrency-minUnreserved:
			return invalid(
				"Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its "+
					"minimum value of [%d].", minUnreserved,
			)
		}
	}
	f.reserved = n
	return nil
}
