package iam

import (
	"encoding/json"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// keyType is AWS::IAM::AccessKey. Ref gives the key's ID; the secret is an attribute of the
// creation only.
type keyType struct{ s *Service }

type keyProperties struct {
	UserName string
	Status   string
	Serial   json.Number
}

// Schema is that of the CloudFormation Template Reference: a new UserName or Serial replaces the
// key.
func (keyType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"UserName": {Kind: cloud.KindString, CreateOnly: true},
			"Serial":   {Kind: cloud.KindInteger, CreateOnly: true},
			"Status":   {Kind: cloud.KindString},
		},
		Required: []string{"UserName"}, Attributes: []string{"SecretAccessKey"},
	}
}

// Create creates a key for a user, at most two.
func (t keyType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	var p keyProperties
	if err := decodeProperties(r.Properties, &p); err != nil {
		return cloud.Resource{}, err
	}
	a := t.s.account(c.Account)
	u, err := a.user(p.UserName)
	if err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	status := orDefault(p.Status, statusActive)
	if err := checkTypeStatus(status); err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	k, err := t.s.createKey(a, u, status)
	if err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	return keyResource(k), nil
}

// checkTypeStatus is checkStatus with the additional values of CloudFormation's type.
func checkTypeStatus(status string) error {
	if status == statusExpired {
		return nil
	}
	return checkStatus(status)
}

// CheckReplacement refuses a decreased Serial: the Template Reference states that it can only be
// incremented. The text is from memory.
func (keyType) CheckReplacement(before, after map[string]any) error {
	var old, desired keyProperties
	if err := decodeProperties(before, &old); err != nil {
		return err
	}
	if err := decodeProperties(after, &desired); err != nil {
		return err
	}
	was, _ := old.Serial.Int64() // none is 0
	is, _ := desired.Serial.Int64()
	if old.UserName == desired.UserName && is < was {
		return cloud.Errorf("ValidationError", "Serial can only be incremented: it was %d and can't become %d", was, is)
	}
	return nil
}

func keyResource(k *accessKey) cloud.Resource {
	return cloud.Resource{PhysicalID: k.id, Attributes: map[string]any{"SecretAccessKey": k.secret}}
}

// Update changes the key's status.
func (t keyType) Update(_ cloud.Caller, physicalID string, _, properties map[string]any) (cloud.Resource, error) {
	var p keyProperties
	if err := decodeProperties(properties, &p); err != nil {
		return cloud.Resource{}, err
	}
	status := orDefault(p.Status, statusActive)
	if err := checkTypeStatus(status); err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	k := t.s.keys[physicalID]
	if k == nil {
		return cloud.Resource{}, t.s.asReason(noSuchEntity("The Access Key with id %s cannot be found.", physicalID))
	}
	k.status = status
	return keyResource(k), nil
}

// Delete deletes the key.
func (t keyType) Delete(_ cloud.Caller, physicalID string, _ map[string]any) error {
	if k := t.s.keys[physicalID]; k != nil {
		t.s.deleteKey(k)
	}
	return nil
}

// Exists is always false: keys cannot be imported and conflict with nothing.
func (keyType) Exists(cloud.Caller, map[string]any) (string, bool) { return "", false }
