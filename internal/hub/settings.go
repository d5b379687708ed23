package hub

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Settings are the settings of a hub.
type Settings struct {
	Name string `json:"name"`
	// OrganizationID is the organization whose accounts may report to the hub; "" with AccountIDs.
	OrganizationID string `json:"organization_id,omitempty"`
	// AccountIDs are the accounts that may report to the hub, besides its own.
	AccountIDs []string `json:"account_ids,omitempty"`
	// Live configures web clients; nil for none.
	Live *Live `json:"live,omitempty"`
	// Operators are those who may assume StowageOperator and StowagePlanner. Without any there are
	// no such roles.
	Operators Operators `json:"operators"`
	// DriftCheckHours is the interval in hours at which the relay compares stacks with AWS: 0 for
	// never, nil for DefaultDriftCheckHours.
	DriftCheckHours *int `json:"drift_check_hours,omitempty"`
	// AlarmActions are the ARNs of SNS topics that learn of alarms.
	AlarmActions []string          `json:"alarm_actions,omitempty"`
	Tags         map[string]string `json:"tags,omitempty"`
}

// DefaultDriftCheckHours is the default of Settings.DriftCheckHours.
const DefaultDriftCheckHours = 24

// Live configures the WebSocket API and the board.
type Live struct {
	// OIDCIssuer is the issuer of the clients' tokens: an https URL, exactly as in their claim iss.
	OIDCIssuer string `json:"oidc_issuer"`
	// OIDCClientID is the board's client at the issuer: a public one.
	OIDCClientID string `json:"oidc_client_id"`
	// OIDCAudience are the accepted audiences; the client ID by default.
	OIDCAudience []string `json:"oidc_audience,omitempty"`
	// ProjectsClaim is the claim that lists the projects; DefaultProjectsClaim by default.
	ProjectsClaim   string  `json:"projects_claim,omitempty"`
	BoardDomain     *Domain `json:"board_domain,omitempty"`
	WebSocketDomain *Domain `json:"websocket_domain,omitempty"`
}

// DefaultProjectsClaim is the default of Live.ProjectsClaim.
const DefaultProjectsClaim = "stowage_projects"

// Domain is a custom domain of an API.
type Domain struct {
	Name string `json:"name"`
	// CertificateARN is the ARN of an ACM certificate in the hub's region.
	CertificateARN string `json:"certificate_arn"`
}

// Operators are those who run Terraform.
type Operators struct {
	HCPTerraform  *HCPTerraform  `json:"hcp_terraform,omitempty"`
	GitHubActions *GitHubActions `json:"github_actions,omitempty"`
	// Principals are the ARNs of IAM users, roles and accounts.
	Principals []string `json:"principals,omitempty"`
}

// HCPTerraform are workspaces of an organization at HCP Terraform.
type HCPTerraform struct {
	Organization string `json:"organization"`
	// Workspaces are names; * stands for any characters.
	Workspaces []string `json:"workspaces"`
}

// GitHubActions are repositories at GitHub.
type GitHubActions struct {
	// Repositories have the form owner/name or owner@id/name@id.
	Repositories []string `json:"repositories"`
}

// Any reports whether there are any.
func (o Operators) Any() bool {
	return o.HCPTerraform != nil || o.GitHubActions != nil || len(o.Principals) > 0
}

// withDefaults returns the settings with all defaults filled in.
func (s Settings) withDefaults() Settings {
	if s.Live == nil {
		return s
	}
	live := *s.Live
	live.ProjectsClaim = cmp.Or(live.ProjectsClaim, DefaultProjectsClaim)
	if len(live.OIDCAudience) == 0 {
		live.OIDCAudience = []string{live.OIDCClientID}
	}
	s.Live = &live
	return s
}

const (
	minName, maxName = 2, 32
	// maxAccounts keeps the policies of the bus and of the roles within their limits: 10,240
	// characters (EventBridge quotas; IAM quotas for inline policies of a role).
	maxAccounts = 200
	// maxDriftCheckHours is the relay's maximum, a year.
	maxDriftCheckHours = 365 * 24
)

var (
	namePattern         = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	shardPattern        = regexp.MustCompile(`(^|-)[0-9]+$`)
	organizationPattern = regexp.MustCompile(`^o-[a-z0-9]{10,32}$`)
	domainPattern       = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$`)
	certificatePattern  = regexp.MustCompile(`^arn:[a-z0-9-]+:acm:([a-z0-9-]+):[0-9]{12}:certificate/[A-Za-z0-9-]+$`)
	topicPattern        = regexp.MustCompile(`^arn:[a-z0-9-]+:sns:([a-z0-9-]+):[0-9]{12}:[A-Za-z0-9_-]{1,256}$`)
	principalPattern    = regexp.MustCompile(`^arn:[a-z0-9-]+:iam::[0-9]{12}:(root|(user|role)/[\w+=,.@/-]+)$`)
	// claimPattern excludes what would need an escape in an environment variable.
	claimPattern = regexp.MustCompile(`^[A-Za-z0-9_:./-]{1,128}$`)
	// audiencePattern excludes the comma, which separates audiences in the relay's environment.
	audiencePattern = regexp.MustCompile(`^[^\s,]{1,256}$`)
	// organizationNames and workspaceNames are those of HCP Terraform. Neither has a colon, which
	// separates the parts of a subject.
	organizationNames = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)
	workspaceNames    = regexp.MustCompile(`^[A-Za-z0-9_*-]{1,90}$`)
	repositoryPattern = regexp.MustCompile(`^[A-Za-z0-9-]+(@[0-9]+)?/[A-Za-z0-9._-]+(@[0-9]+)?$`)
)

// Problems lists what is wrong with the settings of a hub in a region; "" while it is unknown.
func (s Settings) Problems(region string) []model.Problem {
	var problems []model.Problem
	say := func(ok bool, field, format string, args ...any) {
		if !ok {
			problems = append(problems, model.Problem{Field: field, Reason: fmt.Sprintf(format, args...)})
		}
	}
	say(len(s.Name) >= minName && len(s.Name) <= maxName && namePattern.MatchString(s.Name), "name",
		"%q: expected %d to %d characters of a-z, 0-9 and single hyphens between them", s.Name, minName, maxName)
	say(!shardPattern.MatchString(s.Name), "name", "%q: a hub's name must not end with a number of its own", s.Name)
	say((s.OrganizationID == "") != (len(s.AccountIDs) == 0), "organization_id",
		"expected exactly one of organization_id and account_ids")
	say(s.OrganizationID == "" || organizationPattern.MatchString(s.OrganizationID), "organization_id",
		"%q: expected the ID of an AWS organization, such as o-a1b2c3d4e5", s.OrganizationID)
	for _, id := range s.AccountIDs {
		say(model.IsAccountID(id), "account_ids", "%q: expected an AWS account ID of 12 digits", id)
	}
	say(len(s.AccountIDs) <= maxAccounts, "account_ids",
		"%d accounts: at most %d fit into AWS's policies. Use organization_id instead", len(s.AccountIDs), maxAccounts)
	say(s.DriftCheckHours == nil || *s.DriftCheckHours >= 0 && *s.DriftCheckHours <= maxDriftCheckHours,
		"drift_check_hours", "expected 0 to %d hours; 0 means never", maxDriftCheckHours)
	for _, topic := range s.AlarmActions {
		say(inRegion(topicPattern, topic, region), "alarm_actions",
			"%q: expected the ARN of an SNS topic in %s", topic, regionText(region))
	}
	problems = append(problems, s.Operators.problems()...)
	problems = append(problems, model.TagProblems(s.Tags)...)
	if s.Live != nil {
		problems = append(problems, s.Live.problems(region)...)
	}
	return problems
}

func (l Live) problems(region string) []model.Problem {
	var problems []model.Problem
	say := func(ok bool, field, format string, args ...any) {
		if !ok {
			problems = append(problems, model.Problem{Field: "live." + field, Reason: fmt.Sprintf(format, args...)})
		}
	}
	issuer, err := url.Parse(l.OIDCIssuer)
	say(err == nil && isSecure(issuer) && issuer.Host != "" && issuer.RawQuery == "" && issuer.Fragment == "" &&
		issuer.User == nil, "oidc_issuer", "%q: expected the https URL of an OpenID Connect issuer", l.OIDCIssuer)
	say(audiencePattern.MatchString(l.OIDCClientID), "oidc_client_id",
		"%q: expected a client ID without spaces and commas", l.OIDCClientID)
	for _, audience := range l.OIDCAudience {
		say(audiencePattern.MatchString(audience), "oidc_audience",
			"%q: expected an audience without spaces and commas", audience)
	}
	say(l.ProjectsClaim == "" || claimPattern.MatchString(l.ProjectsClaim), "projects_claim",
		"%q: expected the name of a claim", l.ProjectsClaim)
	for field, domain := range map[string]*Domain{"board_domain": l.BoardDomain, "websocket_domain": l.WebSocketDomain} {
		if domain == nil {
			continue
		}
		say(domainPattern.MatchString(domain.Name) && len(domain.Name) <= 253, field+".name",
			"%q: expected a domain name in lower case", domain.Name)
		say(inRegion(certificatePattern, domain.CertificateARN, region), field+".certificate_arn",
			"%q: expected the ARN of an ACM certificate in %s", domain.CertificateARN, regionText(region))
	}
	say(l.BoardDomain == nil || l.WebSocketDomain == nil || l.BoardDomain.Name != l.WebSocketDomain.Name,
		"websocket_domain.name", "a domain cannot serve both the board and the WebSocket API")
	slices.SortFunc(problems, func(a, b model.Problem) int { return strings.Compare(a.Field, b.Field) })
	return problems
}

// isSecure reports whether the relay accepts a URL's scheme: https, or http on this machine.
func isSecure(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

func (o Operators) problems() []model.Problem {
	var problems []model.Problem
	say := func(ok bool, field, format string, args ...any) {
		if !ok {
			problems = append(problems, model.Problem{Field: "operators." + field, Reason: fmt.Sprintf(format, args...)})
		}
	}
	if hcp := o.HCPTerraform; hcp != nil {
		say(organizationNames.MatchString(hcp.Organization), "hcp_terraform.organization",
			"%q: expected the name of an organization of HCP Terraform, without wildcards", hcp.Organization)
		say(len(hcp.Workspaces) > 0, "hcp_terraform.workspaces", "expected at least one workspace")
		for _, workspace := range hcp.Workspaces {
			say(workspaceNames.MatchString(workspace), "hcp_terraform.workspaces",
				"%q: expected the name of a workspace; * stands for any characters", workspace)
		}
	}
	if github := o.GitHubActions; github != nil {
		say(len(github.Repositories) > 0, "github_actions.repositories", "expected at least one repository")
		for _, repository := range github.Repositories {
			say(repositoryPattern.MatchString(repository) && (strings.Count(repository, "@")&1) == 0,
				"github_actions.repositories", "%q: expected owner/name or owner@id/name@id, without wildcards", repository)
		}
	}
	for _, principal := range o.Principals {
		say(principalPattern.MatchString(principal), "principals",
			"%q: expected the ARN of an IAM user, a role or an account", principal)
	}
	return problems
}

// inRegion reports whether an ARN matches a pattern whose first group is the region; "" is any.
func inRegion(pattern *regexp.Regexp, arn, region string) bool {
	found := pattern.FindStringSubmatch(arn)
	return found != nil && (region == "" || found[1] == region)
}

// regionText returns a region for messages.
func regionText(region string) string { return cmp.Or(region, "the hub's Region") }
