package kms

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

const (
	defaultWindow = 30 // days that a key waits for its deletion
	minimumWindow = 7
	pageSize      = 100
)

var wire = protocol.JSON{Version: "1.1"}

// KMS is the service.
type KMS struct {
	world   *cloud.World
	keys    map[string]*key   // by ARN
	aliases map[string]*alias // by ARN
}

type key struct {
	id, arn, account, region string
	description, policy      string
	enabled, rotation        bool
	created                  time.Time
	deletion                 time.Time // zero: not scheduled
	window                   int
	tags                     map[string]string
}

type alias struct {
	name, arn string
	target    string // key id
	created   time.Time
}

// New makes the service and registers its resource types.
func New(w *cloud.World) *KMS {
	k := &KMS{world: w, keys: make(map[string]*key), aliases: make(map[string]*alias)}
	w.RegisterType("AWS::KMS::Key", keyType{k})
	w.RegisterType("AWS::KMS::Alias", aliasType{k})
	return k
}

// WriteError encodes an error.
func (k *KMS) WriteError(r *cloud.Request, e *cloud.Error) *cloud.Response { return wire.Error(r, e) }

// Handle answers a request.
func (k *KMS) Handle(r *cloud.Request) (*cloud.Response, error) {
	switch r.Operation {
	case "CreateKey":
		return k.createKey(r)
	case "DescribeKey":
		return k.describeKey(r)
	case "ListKeys":
		return k.listKeys(r)
	case "ListAliases":
		return k.listAliases(r)
	case "GetKeyPolicy":
		return k.getKeyPolicy(r)
	case "GetKeyRotationStatus":
		return k.getKeyRotationStatus(r)
	case "ListResourceTags":
		return k.listResourceTags(r)
	case "ScheduleKeyDeletion":
		return k.scheduleKeyDeletion(r)
	case "CancelKeyDeletion":
		return k.cancelKeyDeletion(r)
	default:
		return nil, cloud.NotModelled("kms %s", r.Operation)
	}
}

type tag struct{ TagKey, TagValue string }

// metadata is a key as it is answered.
type metadata struct {
	AWSAccountId          string //nolint:revive // the wire's spelling
	Arn                   string
	CreationDate          json.Number
	CustomerMasterKeySpec string
	DeletionDate          json.Number `json:",omitempty"`
	Description           string
	Enabled               bool
	EncryptionAlgorithms  []string
	KeyId                 string //nolint:revive // the wire's spelling
	KeyManager            string
	KeySpec               string
	KeyState              string
	KeyUsage              string
	MultiRegion           bool
	Origin                string
}

func (k *key) metadata() metadata {
	m := metadata{
		AWSAccountId: k.account, Arn: k.arn, KeyId: k.id, CreationDate: protocol.Seconds(k.created), Description: k.description,
		Enabled: k.enabled, KeyState: k.state(), KeyManager: "CUSTOMER", Origin: "AWS_KMS",
		KeySpec: "SYMMETRIC_DEFAULT", CustomerMasterKeySpec: "SYMMETRIC_DEFAULT", KeyUsage: "ENCRYPT_DECRYPT", EncryptionAlgorithms: []string{"SYMMETRIC_DEFAULT"},
	}
	if !k.deletion.IsZero() {
		m.DeletionDate, m.Enabled = protocol.Seconds(k.deletion), false
	}
	return m
}

func (k *key) state() string {
	switch {
	case !k.deletion.IsZero():
		return "PendingDeletion"
	case k.enabled:
		return "Enabled"
	default:
		return "Disabled"
	}
}

func (k *KMS) createKey(r *cloud.Request) (*cloud.Response, error) {
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
	tags := make(map[string]string)
	for _, t := range in.Tags {
		tags[t.TagKey] = t.TagValue
	}
	made, err := k.create(r.Caller, key{description: in.Description, policy: in.Policy, enabled: true, tags: tags})
	if err != nil {
		return nil, err
	}
	return wire.Result(r, struct{ KeyMetadata metadata }{made.metadata()})
}

func (k *KMS) create(c cloud.Caller, made key) (*key, error) {
	if made.policy == "" {
		made.policy = `{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` +
			c.Account + `:root"},"Action":"kms:*","Resource":"*"}]}`
	}
	if err := checkPolicy(made.policy); err != nil {
		return nil, err
	}
	made.id = k.world.NewUUID()
	made.account, made.region, made.created = c.Account, c.Region, k.world.Now()
	made.arn = arnOf(c, "key/"+made.id)
	k.keys[made.arn] = &made
	return &made, nil
}

func checkPolicy(policy string) error {
	var document struct{ Statement any }
	if err := json.Unmarshal([]byte(policy), &document); err != nil || document.Statement == nil {
		return cloud.Errorf("MalformedPolicyDocumentException", "The new key policy is malformed.")
	}
	return nil
}

// find finds a key by id, ARN, alias name or alias ARN, in the caller's region.
func (k *KMS) find(c cloud.Caller, id string) (*key, error) {
	arn := id
	if !strings.HasPrefix(id, "arn:") {
		arn = arnOf(c, "key/"+id)
		if strings.HasPrefix(id, "alias/") {
			arn = arnOf(c, id)
		}
	}
	if a := k.aliases[arn]; a != nil {
		arn = arn[:strings.LastIndex(arn, ":alias/")] + ":key/" + a.target
	} else if strings.Contains(arn, ":alias/") {
		return nil, cloud.Errorf("NotFoundException", "Alias %s is not found.", arn)
	}
	found := k.keys[arn]
	if found == nil {
		return nil, cloud.Errorf("NotFoundException", "Key '%s' does not exist", arn)
	}
	if found.region != c.Region {
		return nil, cloud.Errorf("NotFoundException", "Invalid arn %s", found.region)
	}
	if found.account != c.Account {
		return nil, cloud.Errorf("AccessDeniedException", "User: %s is not authorized to perform this operation on resource: %s because no resource-based policy allows it", c.ARN, arn)
	}
	return found, nil
}

// findBody finds the key that a request with nothing but a KeyId (and what is ignorable on one page) names.
func (k *KMS) findBody(r *cloud.Request) (*key, error) {
	var in struct {
		KeyId      string //nolint:revive // the wire's spelling
		PolicyName string
		Limit      int
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	if in.PolicyName != "" && in.PolicyName != "default" {
		return nil, cloud.Errorf("NotFoundException", "No such policy exists")
	}
	return k.find(r.Caller, in.KeyId)
}

func (k *KMS) describeKey(r *cloud.Request) (*cloud.Response, error) {
	found, err := k.findBody(r)
	if err != nil {
		return nil, err
	}
	return wire.Result(r, struct{ KeyMetadata metadata }{found.metadata()})
}

func (k *KMS) listKeys(r *cloud.Request) (*cloud.Response, error) {
	var in struct {
		Limit  int
		Marker string
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	type entry struct{ KeyArn, KeyId string } //nolint:revive // the wire's spelling
	all := []entry{}
	for arn, found := range k.keys {
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
	return wire.Result(r, out)
}

func (k *KMS) listAliases(r *cloud.Request) (*cloud.Response, error) {
	var in struct {
		KeyId  string //nolint:revive // the wire's spelling
		Limit  int
		Marker string
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	only := ""
	if in.KeyId != "" {
		found, err := k.find(r.Caller, in.KeyId)
		if err != nil {
			return nil, err
		}
		only = found.id
	}
	type entry struct {
		AliasArn, AliasName           string
		CreationDate, LastUpdatedDate json.Number
		TargetKeyId                   string //nolint:revive // the wire's spelling
	}
	all := []entry{}
	for arn, a := range k.aliases {
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
	return wire.Result(r, out)
}

func (k *KMS) getKeyPolicy(r *cloud.Request) (*cloud.Response, error) {
	found, err := k.findBody(r)
	if err != nil {
		return nil, err
	}
	return wire.Result(r, struct{ Policy, PolicyName string }{found.policy, "default"})
}

func (k *KMS) getKeyRotationStatus(r *cloud.Request) (*cloud.Response, error) {
	found, err := k.findBody(r)
	if err != nil {
		return nil, err
	}
	out := struct {
		KeyId                string //nolint:revive // the wire's spelling
		KeyRotationEnabled   bool
		RotationPeriodInDays int `json:",omitempty"`
	}{KeyId: found.id, KeyRotationEnabled: found.rotation && found.deletion.IsZero()}
	if out.KeyRotationEnabled {
		out.RotationPeriodInDays = 365
	}
	return wire.Result(r, out)
}

func (k *KMS) listResourceTags(r *cloud.Request) (*cloud.Response, error) {
	found, err := k.findBody(r)
	if err != nil {
		return nil, err
	}
	tags := []tag{}
	for name, value := range found.tags {
		tags = append(tags, tag{name, value})
	}
	slices.SortFunc(tags, func(a, b tag) int { return strings.Compare(a.TagKey, b.TagKey) })
	return wire.Result(r, struct {
		Tags      []tag
		Truncated bool
	}{tags, false})
}

func (k *KMS) scheduleKeyDeletion(r *cloud.Request) (*cloud.Response, error) {
	in := struct {
		KeyId               string //nolint:revive // the wire's spelling
		PendingWindowInDays int
	}{PendingWindowInDays: defaultWindow}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	found, err := k.find(r.Caller, in.KeyId)
	if err != nil {
		return nil, err
	}
	if in.PendingWindowInDays < minimumWindow || in.PendingWindowInDays > defaultWindow {
		return nil, cloud.Errorf("ValidationException", "PendingWindowInDays must be between %d and %d", minimumWindow, defaultWindow)
	}
	if !found.deletion.IsZero() {
		return nil, cloud.Errorf("KMSInvalidStateException", "%s is pending deletion.", found.arn)
	}
	k.schedule(found, in.PendingWindowInDays)
	return wire.Result(r, struct {
		DeletionDate        json.Number
		KeyId, KeyState     string //nolint:revive // the wire's spelling
		PendingWindowInDays int
	}{protocol.Seconds(found.deletion), found.arn, found.state(), in.PendingWindowInDays})
}

// schedule lets a key go when its window is over, its aliases with it, unless the deletion is cancelled before.
func (k *KMS) schedule(found *key, days int) {
	window := time.Duration(days) * 24 * time.Hour
	when := k.world.Now().Add(window)
	found.deletion, found.enabled = when, false
	k.world.After(window, func() {
		if !found.deletion.Equal(when) {
			return
		}
		delete(k.keys, found.arn)
		for arn, a := range k.aliases {
			if a.target == found.id {
				delete(k.aliases, arn)
			}
		}
	})
}

func (k *KMS) cancelKeyDeletion(r *cloud.Request) (*cloud.Response, error) {
	found, err := k.findBody(r)
	if err != nil {
		return nil, err
	}
	if found.deletion.IsZero() {
		return nil, cloud.Errorf("KMSInvalidStateException", "%s is not pending deletion.", found.arn)
	}
	found.deletion = time.Time{}                             // the key stays disabled, as in AWS
	return wire.Result(r, struct{ KeyId string }{found.arn}) //nolint:revive // the wire's spelling
}

func arnOf(c cloud.Caller, resource string) string {
	return fmt.Sprintf("arn:aws:kms:%s:%s:%s", c.Region, c.Account, resource)
}
