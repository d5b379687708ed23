package kms

import (
	"encoding/json"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// Demands returns the permissions that a request requires: the action of its name, on the key.
func (s *Service) Demands(r *cloud.Request) []cloud.Demand {
	var in struct {
		KeyId string
	}
	_ = json.Unmarshal(r.Body, &in)
	d := cloud.Demand{Action: "kms:" + r.Operation, Resource: "*"}
	if in.KeyId != "" {
		d.Resource = in.KeyId
		if found, err := s.find(r.Caller, in.KeyId); err == nil {
			d.Resource = found.arn
		}
	}
	return []cloud.Demand{d}
}

// EncryptionKey finds a key for a service that encrypts for a caller. It also finds keys of other
// accounts: their policies decide.
func (s *Service) EncryptionKey(c cloud.Caller, id string) (arn, policy string, err error) {
	if found := s.keys[id]; found != nil && found.region == c.Region {
		return found.arn, found.policy, nil
	}
	found, err := s.find(c, id)
	if err != nil {
		return "", "", err
	}
	return found.arn, found.policy, nil
}

// Key returns the owner, the policy and the tags of a key, by ARN; ok is false for none.
func (s *Service) Key(arn string) (account, policy string, tags map[string]string, ok bool) {
	found := s.keys[arn]
	if found == nil {
		return "", "", nil, false
	}
	return found.account, found.policy, found.tags, true
}
