package secretsmanager

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

func (s *Service) createSecret(r *cloud.Request) (any, error) {
	var in struct {
		Name, Description, KmsKeyId, SecretString, ClientRequestToken string
		SecretBinary                                                  []byte
		Tags                                                          []tag
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	tags := make(map[string]string)
	for _, t := range in.Tags {
		tags[t.Key] = t.Value
	}
	if same := s.named(r.Caller, in.Name); same != nil && same.deleted.IsZero() {
		for _, v := range same.versions { // a repeated request gets the same answer
			if v.id == in.ClientRequestToken && v.value == in.SecretString && string(v.binary) == string(in.SecretBinary) {
				return struct{ ARN, Name, VersionId string }{same.arn, same.name, v.id}, nil
			}
		}
	}
	made, err := s.create(r.Caller, secret{name: in.Name, description: in.Description, kmsKey: in.KmsKeyId, tags: tags})
	if err != nil {
		return nil, err
	}
	id := ""
	if in.SecretString != "" || in.SecretBinary != nil {
		if id, err = s.put(made, in.ClientRequestToken, in.SecretString, in.SecretBinary, nil); err != nil {
			delete(s.secrets, made.arn)
			return nil, err
		}
	}
	return struct {
		ARN, Name string
		VersionId string `json:",omitempty"`
	}{made.arn, made.name, id}, nil
}

const invalidName = "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"

func (s *Service) create(c cloud.Caller, made secret) (*secret, error) {
	if !validName.MatchString(made.name) {
		return nil, cloud.Errorf("ValidationException", invalidName)
	}
	if existing := s.named(c, made.name); existing != nil {
		if !existing.deleted.IsZero() {
			return nil, cloud.Errorf(
				"InvalidRequestException",
				"You can't create this secret because a secret with this name is already scheduled for deletion.",
			)
		}
		return nil, cloud.Errorf(
			"ResourceExistsException", "The operation failed because the secret %s already exists.", made.name,
		)
	}
	made.account, made.region = c.Account, c.Region
	made.arn = prefixOf(c) + made.name + "-" + s.suffix()
	made.created = s.world.Now()
	made.changed = made.created
	s.secrets[made.arn] = &made
	return &made, nil
}

// suffix returns AWS's random suffix of a secret's name in its ARN, which distinguishes it from a
// later secret of that name.
func (s *Service) suffix() string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, 6)
	for i := range b {
		b[i] = alphabet[s.world.Rand().IntN(len(alphabet))]
	}
	return string(b)
}

// put stores a new version; the token becomes its ID. If the version becomes AWSCURRENT, the one
// before becomes AWSPREVIOUS.
func (s *Service) put(on *secret, token, text string, binary []byte, stages []string) (string, error) {
	if len(text) > maxValue || len(binary) > maxValue {
		return "", cloud.Errorf(
			"ValidationException",
			"1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have length less than or equal to 65536",
		)
	}
	if text != "" && binary != nil {
		return "", cloud.Errorf(
			"InvalidParameterException",
			"You can't specify both a binary secret value and a string secret value in the same secret.",
		)
	}
	if token == "" {
		token = s.world.NewUUID()
	}
	if stages == nil {
		stages = []string{current}
	}
	for _, v := range on.versions {
		if v.id != token {
			continue
		}
		if v.value != text || string(v.binary) != string(binary) {
			return "", cloud.Errorf(
				"ResourceExistsException",
				"You can't use ClientRequestToken %s because that value is already in use for a version of secret %s.",
				token, on.arn,
			)
		}
		return token, nil
	}
	made := &version{id: token, value: text, binary: binary, created: s.world.Now()}
	on.versions = append(on.versions, made)
	for _, stage := range stages {
		on.move(stage, made)
	}
	on.changed = made.created
	on.versions = slices.DeleteFunc(on.versions, func(v *version) bool { return len(v.stages) == 0 })
	return token, nil
}

func (on *secret) move(stage string, to *version) {
	for _, v := range on.versions {
		at := slices.Index(v.stages, stage)
		if at < 0 || v == to {
			continue
		}
		v.stages = slices.Delete(v.stages, at, at+1)
		if stage == current {
			on.move(previous, v)
		}
	}
	if !slices.Contains(to.stages, stage) {
		to.stages = append(to.stages, stage)
	}
}

func (s *Service) named(c cloud.Caller, name string) *secret {
	for _, found := range s.secrets {
		if found.name == name && found.account == c.Account && found.region == c.Region {
			return found
		}
	}
	return nil
}

// find finds a secret by name, ARN, or ARN without the random suffix.
func (s *Service) find(c cloud.Caller, id string) (*secret, error) {
	if id == "" {
		return nil, cloud.Errorf(
			"ValidationException",
			"1 validation error detected: Value '' at 'secretId' failed to satisfy constraint: Member must have length greater than or equal to 1",
		)
	}
	if !strings.HasPrefix(id, "arn:") {
		if found := s.named(c, id); found != nil {
			return found, nil
		}
		if !validName.MatchString(id) { // recorded from AWS (LocalStack's test_secretsmanager)
			return nil, cloud.Errorf("ValidationException", invalidName)
		}
		return nil, cloud.Errorf("ResourceNotFoundException", notFound)
	}
	found := s.secrets[id]
	if found == nil {
		for arn, candidate := range s.secrets {
			if suffixed.ReplaceAllString(arn, "") == id {
				found = candidate
			}
		}
	}
	if found == nil || found.region != c.Region {
		return nil, cloud.Errorf("ResourceNotFoundException", notFound)
	}
	if found.account != c.Account && found.policy == "" { // with a policy, the front door has decided
		return nil, cloud.Errorf(
			"AccessDeniedException",
			"User: %s is not authorized to perform this operation on resource: %s because no resource-based policy allows it",
			c.ARN, found.arn,
		)
	}
	return found, nil
}

// findLive is find for operations that refuse a secret in its recovery window.
func (s *Service) findLive(c cloud.Caller, id string) (*secret, error) {
	found, err := s.find(c, id)
	if err != nil {
		return nil, err
	}
	if !found.deleted.IsZero() {
		return nil, cloud.Errorf(
			"InvalidRequestException",
			"You can't perform this operation on the secret because it was marked for deletion.",
		)
	}
	return found, nil
}

func (s *Service) getSecretValue(r *cloud.Request) (any, error) {
	var in struct{ SecretId, VersionId, VersionStage string }
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	found, err := s.findLive(r.Caller, in.SecretId)
	if err != nil {
		return nil, err
	}
	if err := found.decryptable(r.Caller); err != nil {
		return nil, err
	}
	stage := in.VersionStage
	if stage == "" && in.VersionId == "" {
		stage = current
	}
	if stage != "" &&
		slices.ContainsFunc(
			found.versions,
			func(v *version) bool { return v.id == in.VersionId && !slices.Contains(v.stages, stage) },
		) {
		return nil, cloud.Errorf(
			"InvalidRequestException",
			"You provided a VersionStage that is not associated to the provided VersionId.",
		)
	}
	for _, v := range found.versions {
		if in.VersionId != "" && v.id != in.VersionId || stage != "" && !slices.Contains(v.stages, stage) {
			continue
		}
		return struct {
			ARN, Name, VersionId string
			SecretString         string   `json:",omitempty"`
			SecretBinary         []byte   `json:",omitempty"`
			VersionStages        []string `json:",omitempty"`
			CreatedDate          json.Number
		}{found.arn, found.name, v.id, v.value, v.binary, v.stages, protocol.Seconds(v.created)}, nil
	}
	what := "staging label: " + stage
	if in.VersionId != "" {
		what = "VersionId: " + in.VersionId
	}
	return nil, cloud.Errorf(
		"ResourceNotFoundException", "Secrets Manager can't find the specified secret value for %s", what,
	)
}

// decryptable refuses callers of other accounts where the service's own key encrypts the secret
// (recorded from AWS: LocalStack's test_cross_account_access).
func (on *secret) decryptable(c cloud.Caller) error {
	if on.account != c.Account && (on.kmsKey == "" || strings.HasSuffix(on.kmsKey, "alias/aws/secretsmanager")) {
		return cloud.Errorf(
			"InvalidRequestException",
			"You can't access a secret from a different AWS account if you encrypt the secret with the default KMS service key.",
		)
	}
	return nil
}

type view struct {
	ARN, Name              string
	Description            string              `json:",omitempty"`
	KmsKeyId               string              `json:",omitempty"`
	CreatedDate            json.Number         `json:",omitempty"`
	LastChangedDate        json.Number         `json:",omitempty"`
	DeletedDate            json.Number         `json:",omitempty"`
	Tags                   []tag               `json:",omitempty"`
	VersionIdsToStages     map[string][]string `json:",omitempty"`
	SecretVersionsToStages map[string][]string `json:",omitempty"`
}

func (on *secret) view() view {
	v := view{
		ARN: on.arn, Name: on.name, Description: on.description, KmsKeyId: on.kmsKey,
		CreatedDate: protocol.Seconds(on.created), LastChangedDate: protocol.Seconds(on.changed),
	}
	if !on.deleted.IsZero() {
		v.DeletedDate = protocol.Seconds(on.deleted)
	}
	for key, value := range on.tags {
		v.Tags = append(v.Tags, tag{key, value})
	}
	slices.SortFunc(v.Tags, func(a, b tag) int { return strings.Compare(a.Key, b.Key) })
	return v
}

func (on *secret) stages() map[string][]string {
	stages := make(map[string][]string)
	for _, v := range on.versions {
		stages[v.id] = v.stages
	}
	return stages
}

func (s *Service) describeSecret(r *cloud.Request) (any, error) {
	found, err := s.findBody(r)
	if err != nil {
		return nil, err
	}
	v := found.view()
	v.VersionIdsToStages = found.stages()
	return v, nil
}

// findBody finds the secret of a request whose only member is a SecretId.
func (s *Service) findBody(r *cloud.Request) (*secret, error) {
	var in struct{ SecretId string }
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	return s.find(r.Caller, in.SecretId)
}

func (s *Service) putSecretValue(r *cloud.Request) (any, error) {
	var in struct {
		SecretId, ClientRequestToken, SecretString string
		SecretBinary                               []byte
		VersionStages                              []string
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	found, err := s.findLive(r.Caller, in.SecretId)
	if err != nil {
		return nil, err
	}
	if err := found.decryptable(r.Caller); err != nil {
		return nil, err
	}
	if in.SecretString == "" && in.SecretBinary == nil {
		return nil, cloud.Errorf("InvalidRequestException", "You must provide either SecretString or SecretBinary.")
	}
	id, err := s.put(found, in.ClientRequestToken, in.SecretString, in.SecretBinary, in.VersionStages)
	if err != nil {
		return nil, err
	}
	var stages []string
	if at := slices.IndexFunc(found.versions, func(v *version) bool { return v.id == id }); at >= 0 {
		stages = found.versions[at].stages
	}
	return struct {
		ARN, Name, VersionId string
		VersionStages        []string
	}{found.arn, found.name, id, stages}, nil
}

func (s *Service) deleteSecret(r *cloud.Request) (any, error) {
	var in struct {
		SecretId                   string
		RecoveryWindowInDays       *int
		ForceDeleteWithoutRecovery bool
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	window := defaultWindow
	if in.RecoveryWindowInDays != nil {
		window = *in.RecoveryWindowInDays
		if in.ForceDeleteWithoutRecovery {
			return nil, cloud.Errorf(
				"InvalidParameterException",
				"You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
			)
		}
		if window < minimumWindow || window > defaultWindow {
			return nil, cloud.Errorf(
				"InvalidParameterException", "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).",
			)
		}
	}
	found, err := s.findLive(r.Caller, in.SecretId)
	if err != nil {
		return nil, err
	}
	now := s.world.Now()
	found.gone = now
	if in.ForceDeleteWithoutRecovery {
		delete(s.secrets, found.arn)
	} else {
		length := time.Duration(window) * 24 * time.Hour
		found.deleted, found.gone = now, now.Add(length)
		s.world.After(length, func() {
			if !found.deleted.IsZero() && !s.world.Now().Before(found.gone) {
				delete(s.secrets, found.arn)
			}
		})
	}
	return struct {
		ARN, Name    string
		DeletionDate json.Number
	}{found.arn, found.name, protocol.Seconds(found.gone)}, nil
}

func (s *Service) restoreSecret(r *cloud.Request) (any, error) {
	found, err := s.findBody(r)
	if err != nil {
		return nil, err
	}
	found.deleted, found.gone = time.Time{}, time.Time{}
	return struct{ ARN, Name string }{found.arn, found.name}, nil
}

func (s *Service) listSecrets(r *cloud.Request) (any, error) {
	var in struct {
		MaxResults             int
		NextToken              string
		IncludePlannedDeletion bool
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	limit := in.MaxResults
	if limit == 0 {
		limit = pageSize
	}
	all := []view{}
	for _, found := range s.secrets {
		if found.account != r.Caller.Account || found.region != r.Caller.Region || found.name <= in.NextToken ||
			!found.deleted.IsZero() && !in.IncludePlannedDeletion {
			continue
		}
		v := found.view()
		v.SecretVersionsToStages = found.stages()
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b view) int { return strings.Compare(a.Name, b.Name) })
	out := struct {
		SecretList []view
		NextToken  string `json:",omitempty"`
	}{SecretList: all}
	if len(all) > limit {
		out.SecretList, out.NextToken = all[:limit], all[limit-1].Name
	}
	return out, nil
}

// listVersions returns the versions with a stage; those without are removed by put.
func (s *Service) listVersions(r *cloud.Request) (any, error) {
	var in struct {
		SecretId          string
		IncludeDeprecated bool
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	found, err := s.find(r.Caller, in.SecretId)
	if err != nil {
		return nil, err
	}
	type listed struct {
		VersionId     string
		VersionStages []string
		CreatedDate   json.Number
	}
	versions := []listed{}
	for _, v := range slices.Backward(found.versions) {
		versions = append(versions, listed{v.id, v.stages, protocol.Seconds(v.created)})
	}
	return struct {
		ARN, Name string
		Versions  []listed
	}{found.arn, found.name, versions}, nil
}
