package dynamodb

import (
	"errors"
	"hash/crc32"
	"strconv"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

// Service is the simulated DynamoDB.
type Service struct {
	world  *cloud.World
	places map[place]*regional
}

type place struct{ account, region string }

// regional contains the tables and tokens of one account in one region.
type regional struct {
	tables map[string]*table
	tokens map[string]pastTransaction // by ClientRequestToken
}

type pastTransaction struct {
	fingerprint [32]byte
	until       time.Time
}

// New returns a DynamoDB without tables and registers the resource type AWS::DynamoDB::Table with
// the world.
func New(w *cloud.World) *Service {
	s := &Service{world: w, places: make(map[place]*regional)}
	w.RegisterType("AWS::DynamoDB::Table", tableType{s})
	return s
}

var _ cloud.Service = (*Service)(nil)

func (s *Service) at(c cloud.Caller) *regional {
	p := place{c.Account, c.Region}
	if s.places[p] == nil {
		s.places[p] = &regional{tables: make(map[string]*table), tokens: make(map[string]pastTransaction)}
	}
	return s.places[p]
}

type handler func(*Service, *cloud.Request) (any, *cloud.Error)

var operations = map[string]handler{
	"BatchGetItem":              (*Service).batchGetItem,
	"BatchWriteItem":            (*Service).batchWriteItem,
	"CreateTable":               (*Service).createTable,
	"DeleteItem":                (*Service).deleteItem,
	"DeleteTable":               (*Service).deleteTable,
	"DescribeContinuousBackups": (*Service).describeContinuousBackups,
	"DescribeTable":             (*Service).describeTable,
	"DescribeTimeToLive":        (*Service).describeTimeToLive,
	"GetItem":                   (*Service).getItem,
	"ListTables":                (*Service).listTables,
	"PutItem":                   (*Service).putItem,
	"Query":                     (*Service).query,
	"Scan":                      (*Service).scan,
	"TransactGetItems":          (*Service).transactGetItems,
	"TransactWriteItems":        (*Service).transactWriteItems,
	"UpdateContinuousBackups":   (*Service).updateContinuousBackups,
	"UpdateItem":                (*Service).updateItem,
	"UpdateTimeToLive":          (*Service).updateTimeToLive,
}

// Handle answers one request.
func (s *Service) Handle(r *cloud.Request) (*cloud.Response, error) {
	run, ok := operations[r.Operation]
	if !ok {
		return nil, cloud.NotModelled("the DynamoDB operation %s", r.Operation)
	}
	result, refused := run(s, r)
	if refused != nil {
		return nil, refused
	}
	response, err := protocol.JSON{Version: "1.0"}.Result(r, result)
	if err != nil {
		return nil, err
	}
	return withChecksum(response), nil
}

// capital are the exceptions whose text is the member "Message" instead of "message" in the
// service's model.
var capital = map[string]bool{
	"TransactionCanceledException":         true,
	"TransactionInProgressException":       true,
	"IdempotentParameterMismatchException": true,
}

// frameworkErrors are the errors of DynamoDB's web service framework, which have other namespaces.
var frameworkErrors = map[string]string{
	"ValidationException":       "com.amazon.coral.validate#",
	"SerializationException":    "com.amazon.coral.service#",
	"UnknownOperationException": "com.amazon.coral.service#",
}

// WriteError encodes an error as DynamoDB does.
func (s *Service) WriteError(r *cloud.Request, e *cloud.Error) *cloud.Response {
	j := protocol.JSON{Version: "1.0", Prefix: "com.amazonaws.dynamodb.v20120810#", Capital: capital[e.Code]}
	if namespace, ok := frameworkErrors[e.Code]; ok {
		j.Prefix = namespace
	}
	return withChecksum(j.Error(r, e))
}

// withChecksum adds the checksum that DynamoDB sends with every answer and the SDK verifies.
func withChecksum(r *cloud.Response) *cloud.Response {
	r.Header.Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(r.Body)), 10))
	return r
}

// decode decodes a request's body; it refuses unmodelled members.
func decode(r *cloud.Request, v any) *cloud.Error {
	err := protocol.DecodeStrict(r, v)
	if err == nil {
		return nil
	}
	var refused *cloud.Error
	if errors.As(err, &refused) {
		return refused
	}
	return cloud.Errorf("SerializationException", "%s", err.Error())
}

// SweepExpired deletes all expired items of every account, as AWS does at an arbitrary time. It
// requires the world's lock. It returns the number of deleted items. An item expires when its TTL
// attribute is a number of seconds since 1970 in the past, but not by more than five years:
// developer guide "Using time to live (TTL) in DynamoDB".
func (s *Service) SweepExpired() int {
	now := s.world.Now()
	deleted := 0
	for _, place := range s.places {
		for _, t := range place.tables {
			deleted += t.sweep(now)
		}
	}
	return deleted
}

func (t *table) sweep(now time.Time) int {
	if t.ttlAttribute == "" || t.status != statusActive {
		return 0
	}
	var expired []item
	for _, p := range t.all(false) {
		for _, row := range p.rows {
			if at, ok := seconds(row[t.ttlAttribute]); ok && at < now.Unix() && at > now.AddDate(-5, 0, 0).Unix() {
				expired = append(expired, row)
			}
		}
	}
	if len(expired) == 0 {
		return 0
	}
	t.begin()
	for _, row := range expired {
		t.set(row, nil)
	}
	return len(expired)
}
