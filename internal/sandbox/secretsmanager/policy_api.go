package secretsmanager

import (
	"errors"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

// maxPolicy is the maximum size of a secret's policy in characters (Secrets Manager API reference,
// PutResourcePolicy).
const maxPolicy = 20480

// ResourcePolicy returns the ARN and the policy of a secret, for authorization. It finds the secret
// by a name, an ARN or an ARN without its random suffix. The policy is "" if there is none; ok is
// false when there is no such secret.
func (s *Service) ResourcePolicy(c cloud.Caller, id string) (arn, policy string, ok bool) {
	found := s.secrets[id]
	if found == nil && strings.HasPrefix(id, "arn:") {
		for arn, candidate := range s.secrets {
			if suffixed.ReplaceAllString(arn, "") == id {
				found = candidate
			}
		}
	} else if found == nil {
		found = s.named(c, id)
	}
	if found == nil {
		return "", "", false
	}
	return found.arn, found.policy, true
}

func malformedPolicy() error {
	return cloud.Errorf("MalformedPolicyDocumentException", "This resource policy contains a syntax error.")
}

// setPolicy checks a policy as PutResourcePolicy does and stores it. The texts are from memory.
func (s *Service) setPolicy(on *secret, document string, blockPublic bool) error {
	if document == "" || len(document) > maxPolicy {
		return cloud.Errorf(
			"ValidationException",
			"1 validation error detected: Value at 'resourcePolicy' failed to satisfy constraint: Member must have length less than or equal to %d",
			maxPolicy,
		)
	}
	parsed, err := policydoc.Parse(document, policydoc.Resource)
	if err != nil {
		return malformedPolicy()
	}
	if err := parsed.CheckPrincipals(s.world.PrincipalExists); err != nil {
		var unmodelled *cloud.Error
		if errors.As(err, &unmodelled) {
			return err //nolint:wrapcheck // it is the sandbox's own
		}
		return cloud.Errorf("MalformedPolicyDocumentException", "This resource policy contains an unsupported principal.")
	}
	for _, st := range parsed.Statements {
		for _, action := range st.Actions {
			if !knownAction(action) {
				return cloud.Errorf("MalformedPolicyDocumentException", "This resource policy contains an unsupported action.")
			}
		}
		for _, resource := range st.Resources {
			if resource != "*" && !strings.HasPrefix(resource, "arn:aws:secretsmanager:") {
				return cloud.Errorf("MalformedPolicyDocumentException", "This resource policy contains an unsupported resource.")
			}
		}
		if blockPublic && isPublic(st) {
			return cloud.Errorf(
				"PublicPolicyException", "You can't use a resource policy that grants broad access to the secret.",
			)
		}
	}
	on.policy = document
	return nil
}

// actions are those of the service authorization reference, AWS Secrets Manager.
var actions = strings.Fields(
	`BatchGetSecretValue CancelRotateSecret CreateSecret DeleteResourcePolicy DeleteSecret DescribeSecret GetRandomPassword
GetResourcePolicy GetSecretValue ListSecretVersionIds ListSecrets PutResourcePolicy PutSecretValue
RemoveRegionsFromReplication
ReplicateSecretToRegions RestoreSecret RotateSecret StopReplicationToReplica TagResource UntagResource
UpdateSecret UpdateSecretVersionStage
	ValidateResourcePolicy`,
)

// knownAction reports whether an action of a policy, optionally with a final *, is one of the
// service's.
func knownAction(action string) bool {
	name, ok := strings.CutPrefix(strings.ToLower(action), "secretsmanager:")
	prefix, wild := strings.CutSuffix(name, "*")
	return action == "*" || ok && slices.ContainsFunc(actions, func(known string) bool {
		known = strings.ToLower(known)
		return name == known || wild && strings.HasPrefix(known, prefix)
	})
}

// isPublic reports whether a statement allows everyone something. AWS analyzes conditions with a
// prover; here any condition on principals, accounts or organizations counts as a restriction.
func isPublic(st policydoc.Statement) bool {
	if st.Effect != "Allow" {
		return false
	}
	if !st.NotPrincipal && !slices.Contains(st.Principals["AWS"], "*") {
		return false
	}
	for operator, keys := range st.Conditions {
		lower := strings.ToLower(operator)
		if strings.Contains(lower, "not") || strings.HasSuffix(lower, "ifexists") || lower == "null" {
			continue
		}
		for key, values := range keys {
			switch strings.ToLower(key) {
			case "aws:principalarn",
				"aws:principalaccount",
				"aws:principalorgid",
				"aws:sourceaccount",
				"aws:sourcearn",
				"aws:userid":
				if !slices.ContainsFunc(values, func(v string) bool { return strings.Trim(v, "*") == "" }) {
					return false
				}
			}
		}
	}
	return true
}

func (s *Service) getResourcePolicy(r *cloud.Request) (any, error) {
	found, err := s.findBody(r)
	if err != nil {
		return nil, err
	}
	return struct {
		ARN, Name      string
		ResourcePolicy string `json:",omitempty"`
	}{found.arn, found.name, found.policy}, nil
}

func (s *Service) putResourcePolicy(r *cloud.Request) (any, error) {
	var in struct {
		SecretId, ResourcePolicy string
		BlockPublicPolicy        bool
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	found, err := s.findLive(r.Caller, in.SecretId)
	if err != nil {
		return nil, err
	}
	if err := s.setPolicy(found, in.ResourcePolicy, in.BlockPublicPolicy); err != nil {
		return nil, err
	}
	return struct{ ARN, Name string }{found.arn, found.name}, nil
}

func (s *Service) deleteResourcePolicy(r *cloud.Request) (any, error) {
	var in struct{ SecretId string }
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	found, err := s.findLive(r.Caller, in.SecretId)
	if err != nil {
		return nil, err
	}
	found.policy = ""
	return struct{ ARN, Name string }{found.arn, found.name}, nil
}
