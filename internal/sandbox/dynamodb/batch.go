package dynamodb

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// Limits of a batch: API references "BatchGetItem" and "BatchWriteItem".
const (
	maxBatchKeys   = 100
	maxBatchWrites = 25
)

// keysAndAttributes are BatchGetItem's keys of one table, and the unprocessed ones in the answer.
type keysAndAttributes struct {
	Keys                     []item
	ConsistentRead           bool              `json:",omitempty"`
	ProjectionExpression     *string           `json:",omitempty"`
	ExpressionAttributeNames map[string]string `json:",omitempty"`
}

func (s *Service) batchGetItem(r *cloud.Request) (any, *cloud.Error) {
	var in struct {
		RequestItems           map[string]keysAndAttributes
		ReturnConsumedCapacity *string
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if err := checkReturnCapacity(in.ReturnConsumedCapacity); err != nil {
		return nil, err
	}
	if len(in.RequestItems) == 0 {
		return nil, constraint("{}", "requestItems", "Member must have length greater than or equal to 1")
	}
	names := slices.Sorted(maps.Keys(in.RequestItems))
	count := 0
	for _, name := range names {
		count += len(in.RequestItems[name].Keys)
	}
	if count > maxBatchKeys {
		return nil, invalid("Too many items requested for the BatchGetItem call")
	}
	tables := make(map[string]*table)
	paths := make(map[string][]path)
	for _, name := range names {
		var err *cloud.Error
		if tables[name], paths[name], err = s.batchTarget(r, name, in.RequestItems[name]); err != nil {
			return nil, err
		}
	}
	out := struct {
		Responses        map[string][]item
		UnprocessedKeys  map[string]keysAndAttributes
		ConsumedCapacity []*consumed `json:",omitempty"`
	}{Responses: make(map[string][]item), UnprocessedKeys: make(map[string]keysAndAttributes)}
	total, full := 0, false
	for _, name := range names {
		asked, units := in.RequestItems[name], 0.0
		out.Responses[name] = []item{}
		for i, key := range asked.Keys {
			got := tables[name].get(key, r.Stale && !asked.ConsistentRead)
			if full = full || total+got.size() > maxBatchRead; full {
				left := asked
				left.Keys = asked.Keys[i:]
				out.UnprocessedKeys[name] = left
				break
			}
			total += got.size()
			units += readUnits(got.size(), asked.ConsistentRead)
			if got != nil {
				out.Responses[name] = append(out.Responses[name], shown(got, paths[name]))
			}
		}
		if c := report(in.ReturnConsumedCapacity, name, units); c != nil {
			out.ConsumedCapacity = append(out.ConsumedCapacity, c)
		}
	}
	return out, nil
}

// batchTarget checks what a batch reads from one table. It returns the table and the paths to show.
func (s *Service) batchTarget(r *cloud.Request, name string, asked keysAndAttributes) (*table, []path, *cloud.Error) {
	if err := checkTableName(name); err != nil {
		return nil, nil, err
	}
	if len(asked.Keys) == 0 {
		return nil, nil, constraint(
			"[]", "requestItems."+name+".member.keys", "Member must have length greater than or equal to 1",
		)
	}
	paths, err := projector(asked.ExpressionAttributeNames, asked.ProjectionExpression)
	if err != nil {
		return nil, nil, err
	}
	t, err := s.active(r.Caller, name)
	if err != nil {
		return nil, nil, err
	}
	seen := make(map[string]bool)
	for _, key := range asked.Keys {
		if err := t.checkKey(key); err != nil {
			return nil, nil, err
		}
		id := t.identity(key)
		if seen[id] {
			return nil, nil, invalid("Provided list of item keys contains duplicates")
		}
		seen[id] = true
	}
	return t, paths, nil
}

type writeRequest struct {
	PutRequest    *struct{ Item item } `json:",omitempty"`
	DeleteRequest *struct{ Key item }  `json:",omitempty"`
}

// batchWriteItem checks all writes, then executes all of them. None is left unprocessed, which
// happens only to throttled tables.
func (s *Service) batchWriteItem(r *cloud.Request) (any, *cloud.Error) {
	var in struct {
		RequestItems                map[string][]writeRequest
		ReturnConsumedCapacity      *string
		ReturnItemCollectionMetrics *string
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if err := checkReturnCapacity(in.ReturnConsumedCapacity); err != nil {
		return nil, err
	}
	if len(in.RequestItems) == 0 {
		return nil, constraint("{}", "requestItems", "Member must have length greater than or equal to 1")
	}
	names := slices.Sorted(maps.Keys(in.RequestItems))
	count := 0
	for _, name := range names {
		n := len(in.RequestItems[name])
		if n == 0 {
			return nil, invalid("The batch write request list for a table cannot be null or empty: %s", name)
		}
		count += n
	}
	if count > maxBatchWrites {
		return nil, invalid("Too many items requested for the BatchWriteItem call")
	}
	writes := make(map[string][]*write)
	bytes := 0
	for _, name := range names {
		seen := make(map[string]bool)
		for i, request := range in.RequestItems[name] {
			kind, one := writePut, writeInput{TableName: name}
			switch {
			case (request.PutRequest == nil) == (request.DeleteRequest == nil):
				return nil, invalid(
					"Supplied WriteRequest at index %s must contain exactly one of PutRequest and DeleteRequest",
					strconv.Itoa(i),
				)
			case request.PutRequest != nil:
				one.Item = request.PutRequest.Item
			default:
				kind, one.Key = writeDelete, request.DeleteRequest.Key
			}
			w, err := s.prepare(r.Caller, kind, &one)
			if err != nil {
				if kind == writePut && strings.HasPrefix(err.Message, missingKey) {
					return nil, keyMismatch() // recorded from AWS (LocalStack's test_batch_write_not_matching_schema)
				}
				return nil, err
			}
			id := w.table.identity(w.key)
			if seen[id] {
				return nil, invalid("Provided list of item keys contains duplicates")
			}
			seen[id] = true
			bytes += w.item.size()
			writes[name] = append(writes[name], w)
		}
	}
	if bytes > maxBatchWrite {
		return nil, invalid("The total request size exceeds the maximum allowed of %d bytes", maxBatchWrite)
	}
	out := struct {
		UnprocessedItems map[string][]writeRequest
		ConsumedCapacity []*consumed `json:",omitempty"`
	}{UnprocessedItems: make(map[string][]writeRequest)}
	for _, name := range names {
		t, units := writes[name][0].table, 0.0
		t.begin()
		for _, w := range writes[name] {
			units += writeUnits(t.get(w.key, false), w.item)
			t.set(w.key, w.item)
		}
		if c := report(in.ReturnConsumedCapacity, name, units); c != nil {
			out.ConsumedCapacity = append(out.ConsumedCapacity, c)
		}
	}
	return out, nil
}
