package secretsmanager

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

const (
	maxValue      = 65536 // bytes
	defaultWindow = 30    // days in which a deleted secret can be restored
	minimumWindow = 7
	pageSize      = 100

	current  = "AWSCURRENT"
	previous = "AWSPREVIOUS"

	notFound = "Secrets Manager can't find the specified secret."
)

var (
	wire      = protocol.JSON{Version: "1.1", Capital: true}
	validName = regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]{1,512}$`)
	suffixed  = regexp.MustCompile(`-[A-Za-z0-9]{6}$`)
)

// Service is the simulated Secrets Manager.
type Service struct {
	world   *cloud.World
	secrets map[string]*secret // by ARN
}

type secret struct {
	arn, name, description, kmsKey string
	account, region, policy        string
	created, changed               time.Time
	deleted                        time.Time // zero: not deleted
	gone                           time.Time // end of the recovery window
	tags                           map[string]string
	versions                       []*version // oldest first
}

type version struct {
	id, value string
	binary    []byte
	created   time.Time
	stages    []string
}

// New returns the service and registers its resource types.
func New(w *cloud.World) *Service {
	s := &Service{world: w, secrets: make(map[string]*secret)}
	w.RegisterType("AWS::SecretsManager::Secret", secretType{s})
	w.RegisterType("AWS::SecretsManager::ResourcePolicy", policyType{s})
	w.SetSecrets(s)
	return s
}

// SecretString implements cloud.SecretReader.
func (s *Service) SecretString(c cloud.Caller, id string) (string, error) {
	found, err := s.findLive(c, id)
	if err != nil {
		return "", err
	}
	for _, v := range found.versions {
		if slices.Contains(v.stages, current) {
			return v.value, nil
		}
	}
	return "", cloud.Errorf(
		"ResourceNotFoundException",
		"Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
	)
}

// WriteError encodes an error.
func (s *Service) WriteError(r *cloud.Request, e *cloud.Error) *cloud.Response {
	return wire.Error(r, e)
}

var operations = map[string]func(*Service, *cloud.Request) (any, error){
	"CreateSecret":         (*Service).createSecret,
	"GetSecretValue":       (*Service).getSecretValue,
	"DescribeSecret":       (*Service).describeSecret,
	"PutSecretValue":       (*Service).putSecretValue,
	"DeleteSecret":         (*Service).deleteSecret,
	"RestoreSecret":        (*Service).restoreSecret,
	"ListSecrets":          (*Service).listSecrets,
	"ListSecretVersionIds": (*Service).listVersions,
	"GetResourcePolicy":    (*Service).getResourcePolicy,
	"PutResourcePolicy":    (*Service).putResourcePolicy,
	"DeleteResourcePolicy": (*Service).deleteResourcePolicy,
}

var _ cloud.Service = (*Service)(nil)

// Handle answers one request.
func (s *Service) Handle(r *cloud.Request) (*cloud.Response, error) {
	return protocol.Answer(s, "secretsmanager", operations, r, wire)
}

type tag struct{ Key, Value string }

func prefixOf(c cloud.Caller) string {
	return fmt.Sprintf("arn:aws:secretsmanager:%s:%s:secret:", c.Region, c.Account)
}
