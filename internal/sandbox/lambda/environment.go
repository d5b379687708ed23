package lambda

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// environment returns a process's environment (Lambda developer guide, configuration-envvars;
// recorded by LocalStack): the function's own variables, those of Lambda, and AWS_ENDPOINT_URL.
func (p *processes) environment(i *instance, dir string) ([]string, error) {
	d := i.d
	p.mu.Lock()
	endpoint := p.endpoint
	p.mu.Unlock()
	var credentials cloud.SessionCredentials
	var err error
	p.s.locked(func() { credentials, err = p.s.credentials(d) })
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.keys[credentials.AccessKeyID] = true
	p.mu.Unlock()
	variables := maps.Clone(d.environment)
	maps.Copy(variables, map[string]string{
		"AWS_ACCESS_KEY_ID":               credentials.AccessKeyID,
		"AWS_DEFAULT_REGION":              d.region,
		"AWS_ENDPOINT_URL":                endpoint,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(d.memory),
		"AWS_LAMBDA_FUNCTION_NAME":        d.name,
		"AWS_LAMBDA_FUNCTION_VERSION":     latest,
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       d.logGroup,
		"AWS_LAMBDA_LOG_STREAM_NAME":      i.log.stream,
		"AWS_LAMBDA_RUNTIME_API":          i.address,
		"AWS_REGION":                      d.region,
		"AWS_SECRET_ACCESS_KEY":           credentials.SecretAccessKey,
		"AWS_SESSION_TOKEN":               credentials.SessionToken,
		"AWS_XRAY_CONTEXT_MISSING":        "LOG_ERROR",
		"LAMBDA_RUNTIME_DIR":              "/var/runtime",
		"LAMBDA_TASK_ROOT":                dir,
		"LANG":                            "en_US.UTF-8",
		"PATH":                            "/usr/local/bin:/usr/bin:/bin:/opt/bin",
		"TZ":                              ":UTC",
		"_HANDLER":                        d.handler,
	})
	var list []string
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		list = append(list, name+"="+variables[name])
	}
	return list, nil
}

// credentials returns the credentials of a process: a session of the function's role with the
// function's name.
func (s *Service) credentials(d *deployment) (cloud.SessionCredentials, error) {
	if s.world.Sessions() == nil {
		return cloud.SessionCredentials{}, cloud.NotModelled("functions without STS")
	}
	if s.world.RoleTrusts != nil {
		if err := s.world.RoleTrusts(d.role, servicePrincipal); err != nil {
			// unproven: lambda-role-gone
			return cloud.SessionCredentials{}, &cloud.Error{
				Code: "AccessDeniedException", Message: "The role defined for the function cannot be assumed by Lambda.",
				Status: 403,
			}
		}
	}
	return s.world.Sessions().IssueSession(d.role, d.name, credentialsLife), nil
}

// newStream returns the name of a process's log stream. That in a group of a user's own names the
// function, too (Lambda developer guide, monitoring-cloudwatchlogs-loggroups).
func (s *Service) newStream(d *deployment) string {
	var id [16]byte
	for n := range id {
		id[n] = byte(s.world.Rand().UintN(256))
	}
	day, name := s.world.Now().Format("2006/01/02"), ""
	if d.logGroup != "/aws/lambda/"+d.name {
		name = d.name
	}
	return fmt.Sprintf("%s/%s[%s]%s", day, name, latest, hex.EncodeToString(id[:]))
}
