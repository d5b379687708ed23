package sns

import (
	"encoding/json"
	"errors"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

// Demands are the rights that a request needs: the action of its name, on the topic, whose policy has a say. Callers of other accounts need it
// to let them in (Amazon SNS developer guide, sns-using-identity-based-policies). The condition AWS:SourceOwner of the default policy is
// fulfilled by nobody here: callers of the topic's own account have the rights that their own policies give.
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

// checkPolicy refuses the policies that SNS refuses. The text is as users report it.
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
