package kms

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

const (
	defaultWindow = 30 // waiting period in days
	minimumWindow = 7
	pageSize      = 100
)

var wire = protocol.JSON{Version: "1.1"}

// Service is the simulated KMS.
type Service struct {
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

// New returns the service and registers its resource types.
func New(w *cloud.World) *Service {
	s := &Service{world: w, keys: make(map[string]*key), aliases: make(map[string]*alias)}
	w.SetEncryptionKeys(s)
	w.RegisterType("AWS::KMS::Key", keyType{s})
	w.RegisterType("AWS::KMS::Alias", aliasType{s})
	return s
}

// WriteError encodes an error.
func (s *Service) WriteError(r *cloud.Request, e *cloud.Error) *cloud.Response {
	return wire.Error(r, e)
}

var operations = map[string]func(*Service, *cloud.Request) (any, error){
	"CreateKey":            (*Service).createKey,
	"DescribeKey":          (*Service).describeKey,
	"ListKeys":             (*Service).listKeys,
	"ListAliases":          (*Service).listAliases,
	"GetKeyPolicy":         (*Service).getKeyPolicy,
	"GetKeyRotationStatus": (*Service).getKeyRotationStatus,
	"ListResourceTags":     (*Service).listResourceTags,
	"ScheduleKeyDeletion":  (*Service).scheduleKeyDeletion,
	"CancelKeyDeletion":    (*Service).cancelKeyDeletion,
	"DisableKeyRotation":   (*Service).disableKeyRotation,
}

var _ cloud.Service = (*Service)(nil)

// Handle answers one request.
func (s *Service) Handle(r *cloud.Request) (*cloud.Response, error) {
	return protocol.Answer(s, "kms", operations, r, wire)
}

type tag struct{ TagKey, TagValue string }

type metadata struct {
	AWSAccountId          string
	Arn                   string
	CreationDate          json.Number
	CustomerMasterKeySpec string
	DeletionDate          json.Number `json:",omitempty"`
	Description           string
	Enabled               bool
	EncryptionAlgorithms  []string
	KeyId                 string
	KeyManager            string
	KeySpec               string
	KeyState              string
	KeyUsage              string
	MultiRegion           bool
	Origin                string
}

func arnOf(c cloud.Caller, resource string) string {
	return fmt.Sprintf("arn:aws:kms:%s:%s:%s", c.Region, c.Account, resource)
}
