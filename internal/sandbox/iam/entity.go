package iam

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

// kind distinguishes users, groups and roles, with their quotas (IAM User Guide, "IAM and AWS STS
// quotas").
type kind struct {
	noun      string // as in error texts
	title     string
	idPrefix  string // IAM User Guide, "IAM identifiers": AIDA, AGPA, AROA
	nameMax   int
	quota     int    // per account
	quotaName string // as LimitExceeded names it
	inlineMax int    // characters of all inline policies together, without white space
}

var (
	kindUser  = &kind{"user", "User", "AIDA", 64, 5000, "UsersPerAccount", 2048}
	kindGroup = &kind{"group", "Group", "AGPA", 128, 300, "GroupsPerAccount", 5120}
	kindRole  = &kind{"role", "Role", "AROA", 64, 1000, "RolesPerAccount", 10240}
)

// maxAttached is the default number of managed policies per user, group or role.
const maxAttached = 10

type entity struct {
	kind     *kind
	name     string
	path     string
	id       string
	arn      string
	created  time.Time
	tags     []tag
	boundary string            // ARN of a managed policy
	inline   map[string]string // documents by policy name
	attached []string          // ARNs of managed policies, in order of attachment
}

type tag struct{ Key, Value string }

func (s *Service) newEntity(a *account, k *kind, name, path string) entity {
	return entity{
		kind: k, name: name, path: path, id: k.idPrefix + s.world.NewToken(17), created: s.world.Now(),
		arn: "arn:aws:iam::" + a.id + ":" + k.noun + path + name, inline: make(map[string]string),
	}
}

var (
	namePattern = regexp.MustCompile(`^[\w+=,.@-]+$`)
	pathPattern = regexp.MustCompile(`^(/|/[\x21-\x7e]+/)$`)
)

// checkName checks a name: IAM API Reference, the UserName, GroupName, RoleName and PolicyName
// parameters.
func checkName(field, name string, most int) error {
	if name == "" || utf8.RuneCountInString(name) > most || !namePattern.MatchString(name) {
		if name != "" && len(name) > most {
			return cloud.Errorf(
				"ValidationError",
				"1 validation error detected: Value at '%s' failed to satisfy constraint: Member must have length less than or equal to %d",
				field,
				most,
			)
		}
		return cloud.Errorf(
			"ValidationError",
			"The specified value for %s is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-",
			field,
		)
	}
	return nil
}

func checkPath(path string) error {
	if len(path) > 512 || !pathPattern.MatchString(path) {
		return cloud.Errorf(
			"ValidationError",
			"The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
		)
	}
	return nil
}

// checkTags checks tags: IAM User Guide, "Tags for IAM resources": at most 50, keys of 1-128 and
// values of up to 256 characters, keys unique in any case, no aws: prefix.
func checkTags(tags []tag) error {
	if len(tags) > 50 {
		return limitExceeded("The number of tags has reached the maximum limit.")
	}
	seen := map[string]bool{}
	for _, t := range tags {
		lower := strings.ToLower(t.Key)
		switch {
		case t.Key == "" || utf8.RuneCountInString(t.Key) > 128 || utf8.RuneCountInString(t.Value) > 256:
			return cloud.Errorf(
				"ValidationError",
				"1 validation error detected: Value at 'tags' failed to satisfy constraint: keys have 1 to 128 characters, values up to 256",
			)
		case !cloud.TagCharacters(t.Key), !cloud.TagCharacters(t.Value):
			return cloud.Errorf(
				"ValidationError",
				`1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+`,
			)
		case seen[lower]:
			return cloud.Errorf("InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		case strings.HasPrefix(lower, "aws:"):
			return cloud.Errorf("InvalidInput", "The tag key %s is reserved: keys must not begin with aws:", t.Key)
		}
		seen[lower] = true
	}
	return nil
}

func limitExceeded(format string, args ...any) *cloud.Error {
	e := cloud.Errorf("LimitExceeded", format, args...)
	e.Status = http.StatusConflict
	return e
}

func alreadyExists(format string, args ...any) *cloud.Error {
	e := cloud.Errorf("EntityAlreadyExists", format, args...)
	e.Status = http.StatusConflict
	return e
}

func noSuchEntity(format string, args ...any) *cloud.Error {
	e := cloud.Errorf("NoSuchEntity", format, args...)
	e.Status = http.StatusNotFound
	return e
}

func deleteConflict(message string) *cloud.Error {
	return &cloud.Error{Code: "DeleteConflict", Message: message, Status: http.StatusConflict}
}

func cannotBeFound(k *kind, name string) error {
	return noSuchEntity("The %s with name %s cannot be found.", k.noun, name)
}

// putInline sets an inline policy: PutUserPolicy, PutGroupPolicy, PutRolePolicy.
func (e *entity) putInline(name, document string) error {
	if err := checkName("policyName", name, 128); err != nil {
		return err
	}
	if err := checkDocument(document); err != nil {
		return err
	}
	total := policydoc.Size(document)
	for other, text := range e.inline {
		if other != name {
			total += policydoc.Size(text)
		}
	}
	if total > e.kind.inlineMax {
		return limitExceeded("Maximum policy size of %d bytes exceeded for %s %s", e.kind.inlineMax, e.kind.noun, e.name)
	}
	e.inline[name] = document
	return nil
}

func (e *entity) removeInline(name string) error {
	if _, ok := e.inline[name]; !ok {
		return noSuchEntity("The %s policy with name %s cannot be found.", e.kind.noun, name)
	}
	delete(e.inline, name)
	return nil
}

// attach attaches a managed policy; it succeeds if the policy is attached.
func (a *account) attach(e *entity, arn string) error {
	if err := a.attachable(arn); err != nil {
		return err
	}
	if slices.Contains(e.attached, arn) {
		return nil
	}
	if len(e.attached) >= maxAttached {
		return limitExceeded("Cannot exceed quota for PoliciesPer%s: %d", e.kind.title, maxAttached)
	}
	e.attached = append(e.attached, arn)
	return nil
}

func (e *entity) detach(arn string) error {
	i := slices.Index(e.attached, arn)
	if i < 0 {
		return noSuchEntity("Policy %s was not found.", arn)
	}
	e.attached = slices.Delete(e.attached, i, i+1)
	return nil
}

// deletable returns the common refusals of DeleteUser, DeleteGroup and DeleteRole.
func (e *entity) deletable() error {
	if len(e.attached) > 0 {
		return deleteConflict("Cannot delete entity, must detach all policies first.")
	}
	if len(e.inline) > 0 {
		return deleteConflict("Cannot delete entity, must delete policies first.")
	}
	return nil
}

// checkCharacters is the pattern of all policy documents (IAM API reference, CreatePolicy).
func checkCharacters(text string) error {
	if strings.ContainsFunc(
		text, func(r rune) bool { return r > 0xff || r < ' ' && r != '\t' && r != '\n' && r != '\r' },
	) {
		return cloud.Errorf(
			"ValidationError",
			`1 validation error detected: Value at 'policyDocument' failed to satisfy constraint: Member must satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u00FF]+`,
		)
	}
	return nil
}

func checkDocument(text string) error {
	if err := checkCharacters(text); err != nil {
		return err
	}
	if _, err := policydoc.Parse(text, policydoc.Identity); err != nil {
		return malformed(err)
	}
	return nil
}

// malformed returns IAM's error for a problem of a policy; it keeps errors of unmodelled features.
func malformed(err error) error {
	var other *cloud.Error
	if errors.As(err, &other) {
		return other
	}
	return malformedDocument(err)
}

func malformedDocument(err error) error {
	return cloud.Errorf("MalformedPolicyDocument", "%s", err.Error())
}
