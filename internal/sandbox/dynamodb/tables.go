package dynamodb

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

var tableNamePattern = regexp.MustCompile(`^[a-zA-Z0-9_.-]+$`)

// checkTableName checks a table's name: developer guide "Supported data types and naming rules in
// Amazon DynamoDB".
func checkTableName(name string) *cloud.Error {
	switch {
	case strings.HasPrefix(name, "arn:"):
		return cloud.NotModelled("DynamoDB tables named by ARN")
	case name == "":
		return constraint("null", "tableName", "Member must not be null")
	case len(name) < 3 || len(name) > 255:
		return invalid("TableName must be at least 3 characters long and at most 255 characters long")
	case !tableNamePattern.MatchString(name):
		return constraint(name, "tableName", "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+")
	}
	return nil
}

// active finds a table whose items are usable: one in creation or deletion has none.
func (s *Service) active(c cloud.Caller, name string) (*table, *cloud.Error) {
	t := s.at(c).tables[name]
	if t == nil || t.status != statusActive {
		return nil, cloud.Errorf("ResourceNotFoundException", "Requested resource not found")
	}
	return t, nil
}

// named finds a table in any state, for operations on tables.
func (s *Service) named(c cloud.Caller, name string) (*table, *cloud.Error) {
	if err := checkTableName(name); err != nil {
		return nil, err
	}
	t := s.at(c).tables[name]
	if t == nil {
		return nil, cloud.Errorf("ResourceNotFoundException", "Requested resource not found: Table: %s not found", name)
	}
	return t, nil
}

type attributeDefinition struct {
	AttributeName string
	AttributeType string
}

type keyElement struct {
	AttributeName string
	KeyType       string
}

type throughput struct {
	ReadCapacityUnits  int64
	WriteCapacityUnits int64
}

type sseSpecification struct {
	Enabled        *bool
	SSEType        string
	KMSMasterKeyId string
}

type tag struct{ Key, Value string }

// tableInput is a CreateTable request. The resource type AWS::DynamoDB::Table converts its
// properties to one.
type tableInput struct {
	TableName                 string
	AttributeDefinitions      []attributeDefinition
	KeySchema                 []keyElement
	BillingMode               *string
	ProvisionedThroughput     *throughput
	SSESpecification          *sseSpecification
	DeletionProtectionEnabled bool
	TableClass                *string
	Tags                      []tag
}

// keys checks the key schema against the attribute definitions: API reference "CreateTable".
func (in *tableInput) keys() ([]keyAttribute, *cloud.Error) {
	if n := len(in.KeySchema); n < 1 || n > 2 {
		return nil, constraint(fmt.Sprint(in.KeySchema), "keySchema", "Member must have length between 1 and 2")
	}
	kinds := make(map[string]kind)
	var defined []string
	for _, d := range in.AttributeDefinitions {
		if err := oneOf(&d.AttributeType, "attributeDefinitions.member.attributeType", "B", "N", "S"); err != nil {
			return nil, err
		}
		if _, twice := kinds[d.AttributeName]; twice {
			return nil, invalid(
				"One or more parameter values were invalid: Duplicate AttributeName in AttributeDefinitions: %s",
				d.AttributeName,
			)
		}
		if len(d.AttributeName) < 1 || len(d.AttributeName) > 255 {
			return nil, constraint(
				d.AttributeName, "attributeDefinitions.member.attributeName",
				"Member must have length between 1 and 255",
			)
		}
		kinds[d.AttributeName] = kind(d.AttributeType)
		defined = append(defined, d.AttributeName)
	}
	var keys []keyAttribute
	var names []string
	for i, k := range in.KeySchema {
		if err := oneOf(&k.KeyType, "keySchema.member.keyType", "HASH", "RANGE"); err != nil {
			return nil, err
		}
		if i == 0 && k.KeyType != "HASH" {
			return nil, invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
		}
		if i == 1 && k.KeyType != "RANGE" {
			return nil, invalid("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
		}
		keys = append(keys, keyAttribute{name: k.AttributeName, kind: kinds[k.AttributeName]})
		names = append(names, k.AttributeName)
	}
	if len(keys) == 2 && keys[0].name == keys[1].name {
		return nil, invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name")
	}
	for _, k := range keys {
		if k.kind == "" {
			return nil, invalid(
				"One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [%s], AttributeDefinitions: [%s]",
				strings.Join(names, ", "),
				strings.Join(defined, ", "),
			)
		}
	}
	if len(defined) != len(keys) {
		return nil, invalid(
			"One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions",
		)
	}
	return keys, nil
}

// bill sets a table's billing mode: API reference "CreateTable", members BillingMode and
// ProvisionedThroughput.
func (t *table) bill(mode *string, units *throughput) *cloud.Error {
	if err := oneOf(mode, "billingMode", "PROVISIONED", "PAY_PER_REQUEST"); err != nil {
		return err
	}
	if mode != nil && *mode == "PAY_PER_REQUEST" {
		if units != nil && (units.ReadCapacityUnits != 0 || units.WriteCapacityUnits != 0) {
			return invalid(
				"One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
			)
		}
		t.billing, t.read, t.write = "PAY_PER_REQUEST", 0, 0
		return nil
	}
	if units == nil {
		return invalid(
			"One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
		)
	}
	const atLeastOne = "Member must have value greater than or equal to 1"
	if n := units.ReadCapacityUnits; n < 1 {
		return constraint(strconv.FormatInt(n, 10), "provisionedThroughput.readCapacityUnits", atLeastOne)
	}
	if n := units.WriteCapacityUnits; n < 1 {
		return constraint(strconv.FormatInt(n, 10), "provisionedThroughput.writeCapacityUnits", atLeastOne)
	}
	t.billing, t.read, t.write = "PROVISIONED", units.ReadCapacityUnits, units.WriteCapacityUnits
	return nil
}

func (t *table) encrypt(spec *sseSpecification, c cloud.Caller) *cloud.Error {
	t.encrypted = spec != nil && (spec.Enabled == nil || *spec.Enabled)
	t.kmsKey = ""
	if spec == nil {
		return nil
	}
	if spec.SSEType != "" && spec.SSEType != "KMS" {
		return invalid("One or more parameter values were invalid: SSEType %s is not supported", spec.SSEType)
	}
	if spec.KMSMasterKeyId != "" && !t.encrypted {
		return invalid("One or more parameter values were invalid: KMSMasterKeyId can be specified only if SSE is enabled")
	}
	t.kmsKey = spec.KMSMasterKeyId
	if t.encrypted && !strings.HasPrefix(t.kmsKey, "arn:") {
		key := t.kmsKey
		if key == "" {
			key = "alias/aws/dynamodb"
		} else if !strings.HasPrefix(key, "alias/") {
			key = "key/" + key
		}
		t.kmsKey = "arn:aws:kms:" + c.Region + ":" + c.Account + ":" + key
	}
	return nil
}

func (s *Service) create(c cloud.Caller, in *tableInput) (*table, *cloud.Error) {
	if err := checkTableName(in.TableName); err != nil {
		return nil, err
	}
	keys, err := in.keys()
	if err != nil {
		return nil, err
	}
	if err := oneOf(in.TableClass, "tableClass", "STANDARD", "STANDARD_INFREQUENT_ACCESS"); err != nil {
		return nil, err
	}
	t := &table{
		name: in.TableName, status: statusCreating, hash: keys[0], protected: in.DeletionProtectionEnabled,
		arn:        "arn:aws:dynamodb:" + c.Region + ":" + c.Account + ":table/" + in.TableName,
		partitions: make(map[string]*partition), tags: make(map[string]string),
	}
	if len(keys) == 2 {
		t.sort = &keys[1]
	}
	if in.TableClass != nil {
		t.class = *in.TableClass
	}
	for _, tag := range in.Tags {
		t.tags[tag.Key] = tag.Value
	}
	if err := t.bill(in.BillingMode, in.ProvisionedThroughput); err != nil {
		return nil, err
	}
	if err := t.encrypt(in.SSESpecification, c); err != nil {
		return nil, err
	}
	tables := s.at(c).tables
	if tables[in.TableName] != nil {
		return nil, cloud.Errorf("ResourceInUseException", "Table already exists: %s", in.TableName)
	}
	t.created, t.id = s.world.Now(), s.world.NewUUID()
	t.begin()
	tables[in.TableName] = t
	return t, nil
}

func (s *Service) createTable(r *cloud.Request) (any, *cloud.Error) {
	var in tableInput
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	t, err := s.create(r.Caller, &in)
	if err != nil {
		return nil, err
	}
	if d := s.world.ResourceTime(); d > 0 {
		s.world.After(d, func() { t.status = statusActive })
	} else {
		t.status = statusActive
	}
	return map[string]any{"TableDescription": t.describe()}, nil
}

// drop deletes a table, after a while if the world has latency.
func (s *Service) drop(c cloud.Caller, t *table, after time.Duration) *cloud.Error {
	switch {
	case t.status == statusCreating:
		return cloud.Errorf(
			"ResourceInUseException",
			"Attempt to change a resource which is still in use: Table is being created: %s", t.name,
		)
	case t.status == statusDeleting:
		return cloud.Errorf(
			"ResourceInUseException",
			"Attempt to change a resource which is still in use: Table is being deleted: %s", t.name,
		)
	case t.protected:
		return invalid(
			"Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
		)
	}
	t.status = statusDeleting
	tables := s.at(c).tables
	if after > 0 {
		s.world.After(after, func() { delete(tables, t.name) })
	} else {
		delete(tables, t.name)
	}
	return nil
}

func (s *Service) deleteTable(r *cloud.Request) (any, *cloud.Error) {
	t, err := s.tableOf(r)
	if err != nil {
		return nil, err
	}
	if err := s.drop(r.Caller, t, s.world.ResourceTime()); err != nil {
		return nil, err
	}
	return map[string]any{"TableDescription": t.describe()}, nil
}

// tableOf reads a request whose only member is a table's name.
func (s *Service) tableOf(r *cloud.Request) (*table, *cloud.Error) {
	var in struct{ TableName string }
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	return s.named(r.Caller, in.TableName)
}

func (s *Service) describeTable(r *cloud.Request) (any, *cloud.Error) {
	t, err := s.tableOf(r)
	if err != nil {
		return nil, err
	}
	return map[string]any{"Table": t.describe()}, nil
}

// describe returns the table's TableDescription. Counts are exact, while AWS's lag by up to six
// hours.
func (t *table) describe() map[string]any {
	var definitions []attributeDefinition
	var schema []keyElement
	for i, k := range t.keys() {
		definitions = append(definitions, attributeDefinition{k.name, string(k.kind)})
		schema = append(schema, keyElement{k.name, []string{"HASH", "RANGE"}[i]})
	}
	slices.SortFunc(
		definitions,
		func(a, b attributeDefinition) int { return strings.Compare(a.AttributeName, b.AttributeName) },
	)
	d := map[string]any{
		"TableName": t.name, "TableArn": t.arn, "TableId": t.id, "TableStatus": t.status,
		"CreationDateTime": protocol.Seconds(t.created), "AttributeDefinitions": definitions, "KeySchema": schema,
		"ItemCount": t.count, "TableSizeBytes": t.bytes, "DeletionProtectionEnabled": t.protected,
		"ProvisionedThroughput": map[string]any{
			"ReadCapacityUnits": t.read, "WriteCapacityUnits": t.write, "NumberOfDecreasesToday": 0,
		},
	}
	if t.billing == "PAY_PER_REQUEST" {
		d["BillingModeSummary"] = map[string]any{
			"BillingMode": t.billing, "LastUpdateToPayPerRequestDateTime": protocol.Seconds(t.created),
		}
	}
	if t.class != "" {
		d["TableClassSummary"] = map[string]any{"TableClass": t.class}
	}
	if t.encrypted {
		d["SSEDescription"] = map[string]any{"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": t.kmsKey}
	}
	return d
}

func (s *Service) listTables(r *cloud.Request) (any, *cloud.Error) {
	var in struct {
		ExclusiveStartTableName *string
		Limit                   *int
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	limit := 100
	if in.Limit != nil {
		limit = *in.Limit
		if limit < 1 || limit > 100 {
			return nil, constraint(strconv.Itoa(limit), "limit", "Member must have value between 1 and 100")
		}
	}
	names := []string{}
	for _, name := range slices.Sorted(maps.Keys(s.at(r.Caller).tables)) {
		if in.ExclusiveStartTableName == nil || name > *in.ExclusiveStartTableName {
			names = append(names, name)
		}
	}
	out := struct {
		TableNames             []string
		LastEvaluatedTableName string `json:",omitempty"`
	}{TableNames: names}
	if len(names) > limit {
		out.TableNames = names[:limit]
		out.LastEvaluatedTableName = names[limit-1]
	}
	return out, nil
}
