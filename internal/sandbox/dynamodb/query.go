package dynamodb

import (
	"iter"
	"math/bits"
	"slices"
	"strconv"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

type readInput struct {
	TableName                 string
	IndexName                 *string
	FilterExpression          *string
	ProjectionExpression      *string
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues map[string]value
	Limit                     *int
	ConsistentRead            bool
	ExclusiveStartKey         item
	Select                    *string
	ReturnConsumedCapacity    *string
}

type readOutput struct {
	Items            *[]item `json:",omitempty"` // not with Select COUNT
	Count            int
	ScannedCount     int
	LastEvaluatedKey item      `json:",omitempty"`
	ConsumedCapacity *consumed `json:",omitempty"`
}

type reading struct {
	in     *readInput
	table  *table
	filter *condition
	paths  []path // nil: everything
	stale  bool
	found  *placeholders
}

// prepareRead checks the common members of Query and Scan; key is Query's KeyConditionExpression,
// nil for Scan.
func (s *Service) prepareRead(r *cloud.Request, in *readInput, key *string) (*reading, *condition, *cloud.Error) {
	if err := checkReturnCapacity(in.ReturnConsumedCapacity); err != nil {
		return nil, nil, err
	}
	if err := checkTableName(in.TableName); err != nil {
		return nil, nil, err
	}
	if in.Limit != nil && *in.Limit < 1 {
		return nil, nil, constraint(strconv.Itoa(*in.Limit), "limit", "Member must have value greater than or equal to 1")
	}
	if err := in.checkSelect(); err != nil {
		return nil, nil, err
	}
	if err := in.ExclusiveStartKey.check(); err != nil {
		return nil, nil, err
	}
	parameters := []parameter{{"FilterExpression", in.FilterExpression}, {"ProjectionExpression", in.ProjectionExpression}}
	if key != nil {
		parameters = append(parameters, parameter{"KeyConditionExpression", key})
	}
	found, err := newPlaceholders(in.ExpressionAttributeNames, in.ExpressionAttributeValues, parameters...)
	if err != nil {
		return nil, nil, err
	}
	rd := &reading{in: in, stale: r.Stale && !in.ConsistentRead, found: found}
	if in.FilterExpression != nil {
		if rd.filter, err = newParser("FilterExpression", *in.FilterExpression, found).condition(); err != nil {
			return nil, nil, err
		}
	}
	if in.ProjectionExpression != nil {
		if rd.paths, err = newParser("ProjectionExpression", *in.ProjectionExpression, found).projection(); err != nil {
			return nil, nil, err
		}
	}
	var keys *condition
	if key != nil {
		if keys, err = newParser("KeyConditionExpression", *key, found).condition(); err != nil {
			return nil, nil, err
		}
	}
	if err := found.unused(); err != nil {
		return nil, nil, err
	}
	if rd.table, err = s.active(r.Caller, in.TableName); err != nil {
		return nil, nil, err
	}
	if in.IndexName != nil {
		return nil, nil, invalid("The table does not have the specified index: %s", *in.IndexName)
	}
	return rd, keys, nil
}

// checkSelect checks Select: API reference "Query", member Select.
func (in *readInput) checkSelect() *cloud.Error {
	if in.Select == nil {
		return nil
	}
	if err := oneOf(
		in.Select, "select", "SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES",
	); err != nil {
		return err
	}
	projected := in.ProjectionExpression != nil
	switch *in.Select {
	case "SPECIFIC_ATTRIBUTES":
		if !projected {
			return invalid("Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES")
		}
	case "ALL_PROJECTED_ATTRIBUTES":
		if in.IndexName == nil {
			return invalid("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
		}
	case "COUNT":
		if projected {
			return invalid("Cannot specify the ProjectionExpression when choosing to get only the Count")
		}
	default:
		if projected {
			return invalid("Cannot specify the ProjectionExpression when choosing to get %s", *in.Select)
		}
	}
	return nil
}

func (rd *reading) checkStart() *cloud.Error {
	if rd.in.ExclusiveStartKey == nil {
		return nil
	}
	if err := rd.table.checkKey(rd.in.ExclusiveStartKey); err != nil {
		return invalid("The provided starting key is invalid: %s", err.Message)
	}
	return nil
}

// page reads one page of rows. A page ends with the item that reaches Limit or 1 MB, counted before
// the filter, and then has a LastEvaluatedKey even if nothing follows: API references "Query" and
// "Scan", developer guide "Paginating table query results".
func (rd *reading) page(rows iter.Seq[item]) readOutput {
	var out readOutput
	items := []item{}
	total := 0
	for row := range rows {
		out.ScannedCount++
		total += row.size()
		if rd.filter == nil || rd.filter.holds(row) {
			out.Count++
			items = append(items, shown(row, rd.paths))
		}
		if total >= maxPageSize || rd.in.Limit != nil && out.ScannedCount == *rd.in.Limit {
			out.LastEvaluatedKey = rd.table.keyOf(row)
			break
		}
	}
	if rd.in.Select == nil || *rd.in.Select != "COUNT" {
		out.Items = &items
	}
	out.ConsumedCapacity = report(rd.in.ReturnConsumedCapacity, rd.table.name, readUnits(total, rd.in.ConsistentRead))
	return out
}

func (s *Service) query(r *cloud.Request) (any, *cloud.Error) {
	var in struct {
		readInput
		KeyConditionExpression *string
		ScanIndexForward       *bool
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if in.KeyConditionExpression == nil {
		return nil, invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
	}
	rd, keys, err := s.prepareRead(r, &in.readInput, in.KeyConditionExpression)
	if err != nil {
		return nil, err
	}
	hash, sort, err := rd.table.keyCondition(keys)
	if err != nil {
		return nil, err
	}
	if rd.filter != nil {
		for _, name := range rd.filter.attributes() {
			if rd.table.isKey(name) {
				return nil, invalid(
					"Filter Expression can only contain non-primary key attributes: Primary key attribute: %s", name,
				)
			}
		}
	}
	if err := rd.checkStart(); err != nil {
		return nil, err
	}
	start := rd.in.ExclusiveStartKey
	if start != nil {
		if !start[rd.table.hash.name].equal(hash) {
			return nil, invalid("The provided starting key is outside query boundaries based on provided conditions")
		}
		if sort != nil && !sort.holds(start) {
			return nil, invalid("The provided starting key does not match the range key predicate")
		}
	}
	rows := rd.table.rows(encode(hash), rd.stale)
	forward := in.ScanIndexForward == nil || *in.ScanIndexForward
	rows = rd.table.following(rows, start, forward)
	return rd.page(func(yield func(item) bool) {
		for i := range rows {
			if !forward {
				i = len(rows) - 1 - i
			}
			if (sort == nil || sort.holds(rows[i])) && !yield(rows[i]) {
				return
			}
		}
	}), nil
}

// following returns the rows of one hash key after a starting key in the direction of reading.
func (t *table) following(rows []item, start item, forward bool) []item {
	if start == nil {
		return rows
	}
	at, found := t.find(rows, start)
	if !forward {
		return rows[:at]
	}
	if found {
		at++
	}
	return rows[at:]
}

// keyCondition splits a key condition into the hash key's value and the condition on the sort key
// or nil. Rules: developer guide "Key condition expressions for the Query operation in DynamoDB".
func (t *table) keyCondition(c *condition) (value, *condition, *cloud.Error) {
	byName := make(map[string]*condition)
	for _, part := range conjuncts(c) {
		part, err := onKey(part)
		if err != nil {
			return value{}, nil, err
		}
		name := part.operands[0].path[0].name
		if byName[name] != nil {
			return value{}, nil, invalid("KeyConditionExpressions must only contain one condition per key")
		}
		byName[name] = part
	}
	hash := byName[t.hash.name]
	if hash == nil {
		return value{}, nil, invalid("Query condition missed key schema element: %s", t.hash.name)
	}
	if hash.operator != "=" {
		return value{}, nil, invalid("Query key condition not supported")
	}
	var sort *condition
	if len(byName) > 1 {
		if t.sort == nil || len(byName) > 2 {
			return value{}, nil, invalid("Query key condition not supported")
		}
		if sort = byName[t.sort.name]; sort == nil {
			return value{}, nil, invalid("Query condition missed key schema element: %s", t.sort.name)
		}
	}
	if err := t.checkConstants(byName); err != nil {
		return value{}, nil, err
	}
	return hash.operands[1].constant, sort, nil
}

// conjuncts returns the conditions that AND joins.
func conjuncts(c *condition) []*condition {
	if c.operator != "AND" {
		return []*condition{c}
	}
	var parts []*condition
	for _, b := range c.below {
		parts = append(parts, conjuncts(b)...)
	}
	return parts
}

// onKey returns one part of a key condition with the attribute as its first operand, or its
// refusal.
func onKey(part *condition) (*condition, *cloud.Error) {
	switch part.operator {
	case "OR", "NOT", "<>", "IN", "attribute_exists", "attribute_not_exists", "attribute_type", "contains":
		return nil, invalid("Invalid operator used in KeyConditionExpression: %s", part.operator)
	}
	if part.operands[0].operation == operandValue && len(part.operands) == 2 &&
		part.operands[1].operation == operandPath &&
		part.operator != "begins_with" {
		part = mirrored(part)
	}
	if part.operands[0].operation != operandPath {
		return nil, invalid("Invalid condition in KeyConditionExpression: No key attribute specified")
	}
	if len(part.operands[0].path) > 1 {
		return nil, invalid("KeyConditionExpressions cannot have conditions on nested attributes")
	}
	for _, o := range part.operands[1:] {
		if o.operation == operandPath {
			return nil, invalid(
				"Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition",
			)
		}
		if o.operation != operandValue {
			return nil, invalid("KeyConditionExpressions cannot contain nested operations")
		}
	}
	return part, nil
}

func (t *table) checkConstants(conditions map[string]*condition) *cloud.Error {
	for _, k := range t.keys() {
		part := conditions[k.name]
		if part == nil {
			continue
		}
		for _, o := range part.operands[1:] {
			if o.constant.kind != k.kind {
				return invalid(
					"One or more parameter values were invalid: Condition parameter type does not match schema type",
				)
			}
			if err := checkNotEmpty(k.name, o.constant); err != nil {
				return err
			}
		}
	}
	return nil
}

// mirrored turns :v < a into a > :v.
func mirrored(c *condition) *condition {
	operator := c.operator
	if other, ok := map[string]string{"<": ">", ">": "<", "<=": ">=", ">=": "<="}[operator]; ok {
		operator = other
	}
	return &condition{operator: operator, operands: []operand{c.operands[1], c.operands[0]}}
}

func (s *Service) scan(r *cloud.Request) (any, *cloud.Error) {
	var in struct {
		readInput
		Segment       *int
		TotalSegments *int
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	segment, total, err := checkSegments(in.Segment, in.TotalSegments)
	if err != nil {
		return nil, err
	}
	rd, _, err := s.prepareRead(r, &in.readInput, nil)
	if err != nil {
		return nil, err
	}
	if err := rd.checkStart(); err != nil {
		return nil, err
	}
	start := rd.in.ExclusiveStartKey
	partitions := rd.table.all(rd.stale)
	if start != nil {
		id := encode(start[rd.table.hash.name])
		at := &partition{id: id, hash: partitionHash(id)}
		if segmentOf(at, total) != segment {
			return nil, invalid(
				"The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. TotalSegments: %d Segment: %d",
				total,
				segment,
			)
		}
		i, _ := slices.BinarySearchFunc(partitions, at, comparePartitions)
		partitions = partitions[i:]
		if len(partitions) > 0 && partitions[0].id == id {
			rest := &partition{id: id, hash: at.hash, rows: rd.table.following(partitions[0].rows, start, true)}
			partitions = slices.Concat([]*partition{rest}, partitions[1:])
		}
	}
	return rd.page(func(yield func(item) bool) {
		for _, p := range partitions {
			if segmentOf(p, total) != segment {
				continue
			}
			for _, row := range p.rows {
				if !yield(row) {
					return
				}
			}
		}
	}), nil
}

// segmentOf returns a partition's segment of a parallel scan: equal shares of the hash range.
func segmentOf(p *partition, total int) int {
	high, _ := bits.Mul64(p.hash, uint64(total))
	return int(high)
}

// checkSegments checks the members of a parallel scan: API reference "Scan".
func checkSegments(segment, total *int) (int, int, *cloud.Error) {
	switch {
	case segment == nil && total == nil:
		return 0, 1, nil
	case total == nil:
		return 0, 0, invalid(
			"The TotalSegments parameter is required but was not present in the request when Segment parameter is present",
		)
	case segment == nil:
		return 0, 0, invalid(
			"The Segment parameter is required but was not present in the request when parameter TotalSegments is present",
		)
	case *total < 1 || *total > 1000000:
		return 0, 0, constraint(strconv.Itoa(*total), "totalSegments", "Member must have value between 1 and 1000000")
	case *segment < 0:
		return 0, 0, constraint(strconv.Itoa(*segment), "segment", "Member must have value greater than or equal to 0")
	case *segment >= *total:
		return 0, 0, invalid(
			"The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: %d is not less than TotalSegments: %d",
			*segment,
			*total,
		)
	}
	return *segment, *total, nil
}
