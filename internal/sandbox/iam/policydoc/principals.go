package policydoc

import (
	"regexp"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

var (
	accountID     = regexp.MustCompile(`^[0-9]{12}$`)
	principalARN  = regexp.MustCompile(`^arn:aws:(iam|sts)::([0-9]{12}):(.+)$`)
	canonicalUser = regexp.MustCompile(`^[0-9a-f]{64}$`)
	serviceName   = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com$`)
)

// knownServices are the service principals that the sandbox accepts, without region and suffix.
var knownServices = []string{
	"apigateway",
	"cloudformation",
	"cloudtrail",
	"config",
	"delivery.logs",
	"ec2",
	"ecs-tasks",
	"edgelambda",
	"events",
	"kms",
	"lambda",
	"logging.s3",
	"logs",
	"s3",
	"scheduler",
	"secretsmanager",
	"sns",
	"sqs",
	"ssm",
	"states",
	"transfer",
}

// CheckPrincipals returns a *Problem for the first principal that AWS accepts in no resource
// policy: one in another format, or a user or role that does not exist (IAM user guide, "AWS JSON
// policy elements: Principal"). Its error for an unknown service is a *cloud.Error.
func (d *Document) CheckPrincipals(exists func(arn string) bool) error {
	for _, st := range d.Statements {
		for _, kind := range []string{"AWS", "CanonicalUser", "Service"} {
			for _, name := range st.Principals[kind] {
				valid := true
				switch kind {
				case "AWS":
					valid = validPrincipal(name, exists)
				case "CanonicalUser":
					valid = canonicalUser.MatchString(name)
				case "Service":
					valid = serviceName.MatchString(name)
				}
				if !valid {
					return problem(`Invalid principal in policy: "%s":"%s"`, kind, name)
				}
				if kind == "Service" && !knownService(name) {
					return cloud.NotModelled("the service principal %s", name)
				}
			}
		}
	}
	return nil
}

// validPrincipal checks a principal of the kind AWS. Its account may be unused.
func validPrincipal(name string, exists func(arn string) bool) bool {
	if name == "*" || accountID.MatchString(name) {
		return true
	}
	parts := principalARN.FindStringSubmatch(name)
	if parts == nil {
		return false
	}
	service, resource := parts[1], parts[3]
	switch {
	case service == "iam" && resource == "root":
		return true
	case service == "iam":
		return (strings.HasPrefix(resource, "user/") || strings.HasPrefix(resource, "role/")) && exists(name)
	default:
		return strings.HasPrefix(resource, "assumed-role/") || strings.HasPrefix(resource, "federated-user/")
	}
}

// knownService reports whether the sandbox knows a service principal, with or without a region:
// logs.eu-west-1.amazonaws.com.
func knownService(name string) bool {
	name = strings.TrimSuffix(name, ".amazonaws.com")
	base, region, regional := strings.Cut(name, ".")
	return slices.Contains(knownServices, name) ||
		regional && strings.Count(region, "-") >= 2 && slices.Contains(knownServices, base)
}
