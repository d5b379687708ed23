package iam

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

// The quotas of customer managed policies.
const (
	maxPolicies       = 1500
	maxPolicySize     = 6144 // characters without white space
	maxPolicyVersions = 5
)

type policy struct {
	name, path, id, arn, description string
	created, updated                 time.Time
	tags                             []tag
	versions                         []*policyVersion // oldest first
	standard                         string           // id of the default version
	last                             int              // number of the newest version ever created
}

type policyVersion struct {
	id       string
	document string
	created  time.Time
}

// awsManaged are the known AWS managed policies with their content (AWS managed policy reference);
// that of the others is not modelled.
var awsManaged = map[string]string{
	"AdministratorAccess": everything, "ReadOnlyAccess": "", "AmazonS3FullAccess": "", "AmazonS3ReadOnlyAccess": "",
	"PowerUserAccess": "", "SecurityAudit": "", "service-role/AWSLambdaBasicExecutionRole": "",
	"service-role/AmazonAPIGatewayPushToCloudWatchLogs": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[
		"logs:CreateLogGroup","logs:CreateLogStream","logs:DescribeLogGroups","logs:DescribeLogStreams",
		"logs:PutLogEvents","logs:GetLogEvents","logs:FilterLogEvents"],"Resource":"*"}]}`,
}

// managedPrefix is the start of the ARNs of AWS managed policies.
const managedPrefix = "arn:aws:iam::aws:policy/"

// attachable returns an error unless a policy can be attached: one of the account's or an AWS
// managed one.
func (a *account) attachable(arn string) error {
	if name, ok := strings.CutPrefix(arn, managedPrefix); ok {
		if _, known := awsManaged[name]; !known {
			return cloud.NotModelled("the AWS managed policy %s", name)
		}
		return nil
	}
	if len(strings.SplitN(arn, ":", 6)) != 6 || !strings.HasPrefix(arn, "arn:") {
		// recorded from AWS (LocalStack's test_iam)
		return cloud.Errorf("ValidationError", "Invalid ARN:  Could not be parsed!")
	}
	if a.policies[arn] == nil {
		return noSuchEntity("Policy %s does not exist or is not attachable.", arn)
	}
	return nil
}

func (a *account) policy(arn string) (*policy, error) {
	if p := a.policies[arn]; p != nil {
		return p, nil
	}
	return nil, noSuchEntity("Policy %s was not found.", arn)
}

func checkManaged(document string) error {
	if err := checkDocument(document); err != nil {
		return err
	}
	if policydoc.Size(document) > maxPolicySize {
		return limitExceeded("Cannot exceed quota for PolicySize: %d", maxPolicySize)
	}
	return nil
}

func (s *Service) createPolicy(a *account, name, path, description, document string, tags []tag) (*policy, error) {
	if err := checkName("policyName", name, 128); err != nil {
		return nil, err
	}
	if err := checkPath(path); err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(description) > 1000 {
		return nil, cloud.Errorf(
			"ValidationError",
			"1 validation error detected: Value at 'description' failed to satisfy constraint: Member must have length less than or equal to 1000",
		)
	}
	if err := checkTags(tags); err != nil {
		return nil, err
	}
	for _, p := range a.policies {
		if strings.EqualFold(p.name, name) {
			return nil, alreadyExists("A policy called %s already exists. Duplicate names are not allowed.", name)
		}
	}
	if len(a.policies) >= maxPolicies {
		return nil, limitExceeded("Cannot exceed quota for PoliciesPerAccount: %d", maxPolicies)
	}
	if err := checkManaged(document); err != nil {
		return nil, err
	}
	now := s.world.Now()
	p := &policy{
		name:        name,
		path:        path,
		description: description,
		id:          "ANPA" + s.world.NewToken(17),
		created:     now,
		updated:     now,
		tags:        tags,
		arn:         "arn:aws:iam::" + a.id + ":policy" + path + name,
		standard:    "v1",
		last:        1,
		versions:    []*policyVersion{{id: "v1", document: document, created: now}},
	}
	a.policies[p.arn] = p
	return p, nil
}

// addVersion is CreatePolicyVersion.
func (s *Service) addVersion(p *policy, document string, standard bool) (*policyVersion, error) {
	if err := checkManaged(document); err != nil {
		return nil, err
	}
	if len(p.versions) >= maxPolicyVersions {
		return nil, limitExceeded(
			"A managed policy can have up to %d versions. Before you create a new version, you must delete an existing version.",
			maxPolicyVersions,
		)
	}
	p.last++
	v := &policyVersion{id: "v" + strconv.Itoa(p.last), document: document, created: s.world.Now()}
	p.versions = append(p.versions, v)
	p.updated = v.created
	if standard {
		p.standard = v.id
	}
	return v, nil
}

func (p *policy) version(id string) (*policyVersion, error) {
	for _, v := range p.versions {
		if v.id == id {
			return v, nil
		}
	}
	return nil, noSuchEntity("Policy %s version %s does not exist or is not attachable.", p.arn, id)
}

func (p *policy) removeVersion(id string) error {
	v, err := p.version(id)
	if err != nil {
		return err
	}
	if id == p.standard {
		return deleteConflict("Cannot delete the default version of a policy.")
	}
	i := slices.Index(p.versions, v)
	p.versions = slices.Delete(p.versions, i, i+1)
	return nil
}

// replaceDocument creates a new default version, as CloudFormation does. It deletes the oldest
// other one if necessary.
func (s *Service) replaceDocument(p *policy, document string) error {
	if err := checkManaged(document); err != nil {
		return err
	}
	if len(p.versions) >= maxPolicyVersions {
		for _, v := range p.versions {
			if v.id != p.standard {
				if err := p.removeVersion(v.id); err != nil {
					return err
				}
				break
			}
		}
	}
	_, err := s.addVersion(p, document, true)
	return err
}

func (a *account) deletePolicy(p *policy) error {
	if a.attachments(p.arn) > 0 || a.boundaryUses(p.arn) > 0 {
		return deleteConflict("Cannot delete a policy attached to entities.")
	}
	if len(p.versions) > 1 {
		return deleteConflict(
			"This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
		)
	}
	delete(a.policies, p.arn)
	return nil
}

// entities returns all users, groups and roles, each kind by name.
func (a *account) entities() []*entity {
	var all []*entity
	for _, name := range sortedNames(a.users) {
		all = append(all, &a.users[name].entity)
	}
	for _, name := range sortedNames(a.groups) {
		all = append(all, &a.groups[name].entity)
	}
	for _, name := range sortedNames(a.roles) {
		all = append(all, &a.roles[name].entity)
	}
	return all
}

func (a *account) attachments(arn string) int {
	n := 0
	for _, e := range a.entities() {
		if slices.Contains(e.attached, arn) {
			n++
		}
	}
	return n
}

func (a *account) boundaryUses(arn string) int {
	n := 0
	for _, e := range a.entities() {
		if e.boundary == arn {
			n++
		}
	}
	return n
}

func sortedNames[T any](m map[string]T) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
