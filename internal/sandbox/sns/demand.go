package sns

import (
	"encoding/json"
	"errors"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

// Demands returns the permissions that a request requires: the action of its name, on the topic,
// whose policy also applies. Callers of other accounts need its permission (Amazon SNS developer
// guide, sns-using-identity-based-policies). No caller meets the condition AWS:SourceOwner of the
// default policy: callers of the topic's own account have the permissions of their own policies.
func (s *Service) Demands(r *cloud.Request) []cloud.Demand {
	d := cloud.Demand{Action: "sns:" + r.Operation, Resource: "*"}
	arn := r.Form.Get("TopicArn")
	if arn == "" {
		return []cloud.Demand{d}
	}
	d.Resource = arn
	if t := s.topics[arn]; t != nil {
		d.Account, d.Policy = t.owner, t.attributes["Policy"]
	}
	if r.Operation == "Subscribe" {
		d.Context = map[string][]string{"sns:Protocol": {r.Form.Get("Protocol")}, "sns:Endpoint": {r.Form.Get("Endpoint")}}
	}
	return []cloud.Demand{d}
}

// checkPolicy refuses the policies that SNS refuses. Users report the text.
func (s *Service) checkPolicy(document any) (string, error) {
	encoded, err := json.Marshal(document)
	if err != nil {
		return "", invalidPolicy(err.Error())
	}
	parsed, err := policydoc.Parse(string(encoded), policydoc.Resource)
	if err != nil {
		return "", invalidPolicy(err.Error())
	}
	if err := parsed.CheckPrincipals(s.world.PrincipalExists); err != nil {
		var unmodelled *cloud.Error
		if errors.As(err, &unmodelled) {
			return "", err //nolint:wrapcheck // it is the sandbox's own
		}
		return "", invalidPolicy("PrincipalNotFound")
	}
	return string(encoded), nil
}

func invalidPolicy(reason string) error {
	return cloud.Errorf("InvalidParameter", "Invalid parameter: Policy Error: %s", reason)
}
