package secretsmanager

import (
	"encoding/json"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// Demands returns the permissions that a request requires: the action of its name, on the secret.
// Reading or writing a secret encrypted with a key of the account also requires the use of that
// key, by Secrets Manager on the caller's behalf (Secrets Manager user guide, security-encryption).
func (s *Service) Demands(r *cloud.Request) []cloud.Demand {
	var in struct {
		SecretId, Name, KmsKeyId string
	}
	_ = json.Unmarshal(r.Body, &in)
	switch {
	case in.SecretId != "":
		return s.demands(r.Caller, "secretsmanager:"+r.Operation, in.SecretId)
	case in.Name != "":
		return []cloud.Demand{{Action: "secretsmanager:" + r.Operation, Resource: prefixOf(r.Caller) + in.Name + "-??????"}}
	}
	return []cloud.Demand{{Action: "secretsmanager:" + r.Operation, Resource: "*"}}
}

// demands returns the permissions for an action on a secret, by name or ARN.
func (s *Service) demands(c cloud.Caller, action, id string) []cloud.Demand {
	found := s.any(c, id)
	if found == nil {
		return []cloud.Demand{{Action: action, Resource: prefixOf(c) + id + "-??????"}}
	}
	demands := []cloud.Demand{
		{
			Action:   action,
			Resource: found.arn,
			Account:  found.account,
			Policy:   found.policy,
			Context:  map[string][]string{"secretsmanager:SecretId": {found.arn}},
		},
	}
	if action == "secretsmanager:GetSecretValue" && found.kmsKey != "" {
		demands = append(demands, KeyDemand("kms:Decrypt", found.kmsKey, found.region, found.arn))
	}
	return demands
}

// KeyDemand returns the permission to use a key by Secrets Manager, for a secret.
func KeyDemand(action, key, region, secret string) cloud.Demand {
	return cloud.Demand{Action: action, Resource: key, Context: map[string][]string{
		"kms:ViaService": {"secretsmanager." + region + ".amazonaws.com"}, "kms:EncryptionContext:SecretARN": {secret},
	}}
}

func (s *Service) any(c cloud.Caller, id string) *secret {
	if found := s.secrets[id]; found != nil {
		return found
	}
	if found, err := s.find(c, id); err == nil {
		return found
	}
	return nil
}

// ReadDemands returns the permissions to read a secret, by name or ARN.
func (s *Service) ReadDemands(c cloud.Caller, id string) []cloud.Demand {
	return s.demands(c, "secretsmanager:GetSecretValue", id)
}
