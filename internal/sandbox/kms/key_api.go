package kms

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

func (s *Service) createKey(r *cloud.Request) (any, error) {
	var in struct {
		Policy, Description, KeySpec, CustomerMasterKeySpec, KeyUsage, Origin string
		BypassPolicyLockoutSafetyCheck                                        bool
		MultiRegion                                                           bool
		Tags                                                                  []tag
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	symmetric := []string{"", "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "AWS_KMS"}
	for _, kind := range []string{in.KeySpec, in.CustomerMasterKeySpec, in.KeyUsage, in.Origin} {
		if !slices.Contains(symmetric, kind) {
			return nil, cloud.NotModelled("KMS keys of kind %s", kind)
		}
	}
	if in.MultiRegion {
		return nil, cloud.NotModelled("multi-Region KMS keys")
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	tags := make(map[string]string)
	for _, t := range in.Tags {
		tags[t.TagKey] = t.TagValue
	}
	if in.Policy != "" {
		if err := s.checkPolicy(r.Caller, in.Policy, in.BypassPolicyLockoutSafetyCheck); err != nil {
			return nil, err
		}
	}
	made := s.create(r.Caller, key{description: in.Description, policy: in.Policy, enabled: true, tags: tags})
	return struct{ KeyMetadata metadata }{made.metadata()}, nil
}

func (s *Service) create(c cloud.Caller, made key) *key {
	if made.policy == "" {
		made.policy = `{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` +
			c.Account + `:root"},"Action":"kms:*","Resource":"*"}]}`
	}
	made.id = s.world.NewUUID()
	made.account, made.region, made.created = c.Account, c.Region, s.world.Now()
	made.arn = arnOf(c, "key/"+made.id)
	s.keys[made.arn] = &made
	return &made
}

// find finds a key by id, ARN, alias name or alias ARN, in the caller's region.
func (s *Service) find(c cloud.Caller, id string) (*key, error) {
	arn := id
	if !strings.HasPrefix(id, "arn:") && !strings.HasPrefix(id, "alias/") && !keyID.MatchString(id) {
		return nil, cloud.Errorf("NotFoundException", "Invalid keyId '%s'", id) // recorded from AWS (LocalStack's test_kms)
	}
	if !strings.HasPrefix(id, "arn:") {
		arn = arnOf(c, "key/"+id)
		if strings.HasPrefix(id, "alias/") {
			arn = arnOf(c, id)
		}
	}
	if a := s.aliases[arn]; a != nil {
		arn = arn[:strings.LastIndex(arn, ":alias/")] + ":key/" + a.target
	} else if strings.Contains(arn, ":alias/") {
		return nil, cloud.Errorf("NotFoundException", "Alias %s is not found.", arn)
	}
	found := s.keys[arn]
	if found == nil {
		return nil, cloud.Errorf("NotFoundException", "Key '%s' does not exist", arn)
	}
	if found.region != c.Region {
		return nil, cloud.Errorf("NotFoundException", "Invalid arn %s", found.region)
	}
	if found.account != c.Account {
		return nil, cloud.Errorf(
			"AccessDeniedException",
			"User: %s is not authorized to perform this operation on resource: %s because no resource-based policy allows it",
			c.ARN, arn,
		)
	}
	return found, nil
}

// findBody finds the key of a request with no other members than KeyId (and paging members, which
// are ignored).
func (s *Service) findBody(r *cloud.Request) (*key, error) {
	var in struct {
		KeyId      string
		PolicyName string
		Limit      int
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	if in.PolicyName != "" && in.PolicyName != "default" {
		return nil, cloud.Errorf("NotFoundException", "No such policy exists")
	}
	return s.find(r.Caller, in.KeyId)
}

func (s *Service) describeKey(r *cloud.Request) (any, error) {
	found, err := s.findBody(r)
	if err != nil {
		return nil, err
	}
	return struct{ KeyMetadata metadata }{found.metadata()}, nil
}

func (s *Service) listKeys(r *cloud.Request) (any, error) {
	var in struct {
		Limit  int
		Marker string
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	type entry struct{ KeyArn, KeyId string }
	all := []entry{}
	for arn, found := range s.keys {
		if found.account == r.Caller.Account && found.region == r.Caller.Region && found.id > in.Marker {
			all = append(all, entry{arn, found.id})
		}
	}
	slices.SortFunc(all, func(a, b entry) int { return strings.Compare(a.KeyId, b.KeyId) })
	limit := in.Limit
	if limit == 0 {
		limit = pageSize
	}
	out := struct {
		Keys       []entry
		NextMarker string `json:",omitempty"`
		Truncated  bool
	}{Keys: all}
	if len(all) > limit {
		out.Keys, out.NextMarker, out.Truncated = all[:limit], all[limit-1].KeyId, true
	}
	return out, nil
}

func (s *Service) listAliases(r *cloud.Request) (any, error) {
	var in struct {
		KeyId  string
		Limit  int
		Marker string
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	only := ""
	if in.KeyId != "" {
		found, err := s.find(r.Caller, in.KeyId)
		if err != nil {
			return nil, err
		}
		only = found.id
	}
	type entry struct {
		AliasArn, AliasName           string
		CreationDate, LastUpdatedDate json.Number
		TargetKeyId                   string
	}
	all := []entry{}
	for arn, a := range s.aliases {
		if strings.HasPrefix(arn, arnOf(r.Caller, "alias/")) && (only == "" || a.target == only) && a.name > in.Marker {
			all = append(all, entry{arn, a.name, protocol.Seconds(a.created), protocol.Seconds(a.created), a.target})
		}
	}
	slices.SortFunc(all, func(a, b entry) int { return strings.Compare(a.AliasName, b.AliasName) })
	limit := in.Limit
	if limit == 0 {
		limit = pageSize
	}
	out := struct {
		Aliases    []entry
		NextMarker string `json:",omitempty"`
		Truncated  bool
	}{Aliases: all}
	if len(all) > limit {
		out.Aliases, out.NextMarker, out.Truncated = all[:limit], all[limit-1].AliasName, true
	}
	return out, nil
}

func (s *Service) getKeyPolicy(r *cloud.Request) (any, error) {
	found, err := s.findBody(r)
	if err != nil {
		return nil, err
	}
	return struct{ Policy, PolicyName string }{found.policy, "default"}, nil
}

func (s *Service) getKeyRotationStatus(r *cloud.Request) (any, error) {
	found, err := s.findBody(r)
	if err != nil {
		return nil, err
	}
	out := struct {
		KeyId                string
		KeyRotationEnabled   bool
		RotationPeriodInDays int `json:",omitempty"`
	}{KeyId: found.id, KeyRotationEnabled: found.rotation && found.deletion.IsZero()}
	if out.KeyRotationEnabled {
		out.RotationPeriodInDays = 365
	}
	return out, nil
}

func (s *Service) listResourceTags(r *cloud.Request) (any, error) {
	found, err := s.findBody(r)
	if err != nil {
		return nil, err
	}
	tags := []tag{}
	for name, value := range found.tags {
		tags = append(tags, tag{name, value})
	}
	slices.SortFunc(tags, func(a, b tag) int { return strings.Compare(a.TagKey, b.TagKey) })
	return struct {
		Tags      []tag
		Truncated bool
	}{tags, false}, nil
}

func (s *Service) scheduleKeyDeletion(r *cloud.Request) (any, error) {
	in := struct {
		KeyId               string
		PendingWindowInDays int
	}{PendingWindowInDays: defaultWindow}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	found, err := s.find(r.Caller, in.KeyId)
	if err != nil {
		return nil, err
	}
	if in.PendingWindowInDays < minimumWindow || in.PendingWindowInDays > defaultWindow {
		return nil, cloud.Errorf(
			"ValidationException", "PendingWindowInDays must be between %d and %d", minimumWindow, defaultWindow,
		)
	}
	if !found.deletion.IsZero() {
		return nil, cloud.Errorf("KMSInvalidStateException", "%s is pending deletion.", found.arn)
	}
	s.schedule(found, in.PendingWindowInDays)
	return struct {
		DeletionDate        json.Number
		KeyId, KeyState     string
		PendingWindowInDays int
	}{protocol.Seconds(found.deletion), found.arn, found.state(), in.PendingWindowInDays}, nil
}

// schedule deletes a key with its aliases after its waiting period, unless the deletion is
// cancelled.
func (s *Service) schedule(found *key, days int) {
	window := time.Duration(days) * 24 * time.Hour
	when := s.world.Now().Add(window)
	found.deletion, found.enabled = when, false
	s.world.After(window, func() {
		if !found.deletion.Equal(when) {
			return
		}
		delete(s.keys, found.arn)
		for arn, a := range s.aliases {
			if a.target == found.id {
				delete(s.aliases, arn)
			}
		}
	})
}

func (s *Service) cancelKeyDeletion(r *cloud.Request) (any, error) {
	found, err := s.findBody(r)
	if err != nil {
		return nil, err
	}
	if found.deletion.IsZero() {
		return nil, cloud.Errorf("KMSInvalidStateException", "%s is not pending deletion.", found.arn)
	}
	found.deletion = time.Time{} // the key stays disabled, as in AWS
	return struct{ KeyId string }{found.arn}, nil
}

func (s *Service) disableKeyRotation(r *cloud.Request) (any, error) {
	var in struct{ KeyId string }
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	found, err := s.find(r.Caller, in.KeyId)
	if err != nil {
		return nil, err
	}
	if !found.deletion.IsZero() {
		return nil, cloud.Errorf("KMSInvalidStateException", "%s is pending deletion.", found.arn)
	}
	found.rotation = false
	return struct{}{}, nil
}
