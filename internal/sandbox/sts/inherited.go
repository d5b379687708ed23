package sts

import (
	"regexp"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

// inherited is what the sessions of a role chain keep: the source identity, and the transitive
// tags.
type inherited struct {
	sourceIdentity string
	transitive     []string // keys
}

// credentialOf matches the access key in a signature.
var credentialOf = regexp.MustCompile(`Credential=([A-Z0-9]+)/`)

// inherits returns what a new session inherits from a request and from the caller's own session,
// and the actions that the role's trust policy must allow for it (IAM user guide, id_session-tags
// and id_credentials_temp_control-access_monitor): sts:TagSession with tags, including those of the
// caller's session, and sts:SetSourceIdentity with a source identity.
func (s *Service) inherits(r *cloud.Request) (session inherited, actions []string, err error) {
	var from inherited
	if match := credentialOf.FindStringSubmatch(r.HTTP.Header.Get("Authorization")); match != nil {
		from = s.sessions[match[1]].inherited
	}
	session.sourceIdentity = r.Form.Get("SourceIdentity")
	if session.sourceIdentity == "" {
		session.sourceIdentity = from.sourceIdentity
	}
	if from.sourceIdentity != "" && session.sourceIdentity != from.sourceIdentity {
		return session, nil, denied(
			"User: %s is not authorized to perform: sts:SetSourceIdentity on resource: %s", r.Caller.ARN,
			r.Form.Get("RoleArn"),
		)
	}
	tags := protocol.Members(r.Form, "Tags")
	for _, tag := range tags {
		if slices.Contains(from.transitive, tag.Get("Key")) { // AWS refuses it (IAM user guide, id_session-tags)
			return session, nil, cloud.NotModelled("the session tag %s, which is transitive already", tag.Get("Key"))
		}
	}
	session.transitive = slices.Concat(from.transitive, protocol.Strings(r.Form, "TransitiveTagKeys"))
	actions = []string{"sts:AssumeRole"}
	if len(tags)+len(from.transitive) > 0 {
		actions = append(actions, "sts:TagSession")
	}
	if session.sourceIdentity != "" {
		actions = append(actions, "sts:SetSourceIdentity")
	}
	return session, actions, nil
}
