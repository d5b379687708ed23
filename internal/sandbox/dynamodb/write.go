package dynamodb

import (
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

type writeKind int

const (
	writePut writeKind = iota
	writeDelete
	writeUpdate
	writeCheck // nothing: the condition alone, in a transaction
)

// writeInput are the common members of PutItem, DeleteItem, UpdateItem and the actions of a
// transaction.
type writeInput struct {
	TableName                           string
	Item                                item
	Key                                 item
	UpdateExpression                    *string
	ConditionExpression                 *string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           map[string]value
	ReturnValuesOnConditionCheckFailure *string
}

type singleInput struct {
	writeInput
	ReturnValues                *string
	ReturnConsumedCapacity      *string
	ReturnItemCollectionMetrics *string
}

// write is a write that was checked as far as possible without the item.
type write struct {
	kind      writeKind
	table     *table
	key       item
	item      item // writePut
	actions   []action
	condition *condition
	showOld   bool
}

func (s *Service) prepare(c cloud.Caller, kind writeKind, in *writeInput) (*write, *cloud.Error) {
	if err := oneOf(
		in.ReturnValuesOnConditionCheckFailure, "returnValuesOnConditionCheckFailure", "ALL_OLD", "NONE",
	); err != nil {
		return nil, err
	}
	w := &write{
		kind:    kind,
		showOld: in.ReturnValuesOnConditionCheckFailure != nil && *in.ReturnValuesOnConditionCheckFailure == "ALL_OLD",
	}
	if err := checkTableName(in.TableName); err != nil {
		return nil, err
	}
	given := in.Key
	if kind == writePut {
		given = in.Item
	}
	if err := given.check(); err != nil {
		return nil, err
	}
	var parameters []parameter
	if kind == writeUpdate {
		parameters = append(parameters, parameter{"UpdateExpression", in.UpdateExpression})
	}
	parameters = append(parameters, parameter{"ConditionExpression", in.ConditionExpression})
	found, err := newPlaceholders(in.ExpressionAttributeNames, in.ExpressionAttributeValues, parameters...)
	if err != nil {
		return nil, err
	}
	if in.UpdateExpression != nil {
		if w.actions, err = newParser("UpdateExpression", *in.UpdateExpression, found).update(); err != nil {
			return nil, err
		}
	}
	if in.ConditionExpression != nil {
		if w.condition, err = newParser("ConditionExpression", *in.ConditionExpression, found).condition(); err != nil {
			return nil, err
		}
	}
	if err := found.unused(); err != nil {
		return nil, err
	}
	if w.table, err = s.active(c, in.TableName); err != nil {
		return nil, err
	}
	if kind == writePut {
		if err := w.table.checkItem(in.Item); err != nil {
			return nil, err
		}
		w.item, w.key = in.Item, w.table.keyOf(in.Item)
		return w, nil
	}
	if err := w.table.checkKey(in.Key); err != nil {
		return nil, err
	}
	w.key = in.Key
	for _, a := range w.actions {
		if w.table.isKey(a.path[0].name) {
			return nil, invalid(
				"One or more parameter values were invalid: Cannot update attribute %s. This attribute is part of the key",
				a.path[0].name,
			)
		}
	}
	return w, nil
}

// outcome returns the item before and after the write, nil for none.
func (w *write) outcome() (before, after item, err *cloud.Error) {
	before = w.table.get(w.key, false)
	if w.condition != nil && !w.condition.holds(before) {
		if w.showOld {
			return before, nil, conditionFailed(before)
		}
		return before, nil, conditionFailed(nil)
	}
	switch w.kind {
	case writePut:
		return before, w.item, nil
	case writeDelete:
		return before, nil, nil
	case writeCheck:
		return before, before, nil
	case writeUpdate:
	}
	base := before
	if base == nil {
		base = w.key
	}
	after, err = apply(w.actions, base)
	if err != nil {
		return before, nil, err
	}
	if err := (value{kind: kindMap, m: after}).checkAt(0); err != nil {
		return before, nil, err
	}
	if after.size() > maxItemSize {
		return before, nil, invalid("Item size to update has exceeded the maximum allowed size")
	}
	return before, after, nil
}

type writeOutput struct {
	Attributes       item      `json:",omitempty"`
	ConsumedCapacity *consumed `json:",omitempty"`
}

// single executes a single write. returns are the operation's values of ReturnValues.
func (s *Service) single(r *cloud.Request, kind writeKind, in *singleInput, returns ...string) (any, *cloud.Error) {
	if err := checkReturnCapacity(in.ReturnConsumedCapacity); err != nil {
		return nil, err
	}
	if err := oneOf(in.ReturnItemCollectionMetrics, "returnItemCollectionMetrics", "SIZE", "NONE"); err != nil {
		return nil, err
	}
	if err := oneOf(
		in.ReturnValues, "returnValues", "ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW",
	); err != nil {
		return nil, err
	}
	want := "NONE"
	if in.ReturnValues != nil {
		want = *in.ReturnValues
		allowed := false
		for _, value := range returns {
			allowed = allowed || value == want
		}
		if !allowed {
			return nil, invalid("Return values set to invalid value")
		}
	}
	w, err := s.prepare(r.Caller, kind, &in.writeInput)
	if err != nil {
		return nil, err
	}
	before, after, err := w.outcome()
	if err != nil {
		return nil, err
	}
	w.table.begin()
	w.table.set(w.key, after)
	out := writeOutput{ConsumedCapacity: report(in.ReturnConsumedCapacity, w.table.name, writeUnits(before, after))}
	switch want {
	case "ALL_OLD":
		out.Attributes = before
	case "ALL_NEW":
		out.Attributes = after
	case "UPDATED_OLD":
		out.Attributes = project(before, targets(w.actions))
	case "UPDATED_NEW":
		out.Attributes = project(after, targets(w.actions))
	}
	return out, nil
}

// The inputs of the three writes have different members, so that members of another operation are
// refused.

func (s *Service) putItem(r *cloud.Request) (any, *cloud.Error) {
	var in singleInput
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if in.Key != nil || in.UpdateExpression != nil {
		return nil, cloud.NotModelled("Key and UpdateExpression of PutItem")
	}
	if in.Item == nil {
		return nil, constraint("null", "item", "Member must not be null")
	}
	return s.single(r, writePut, &in, "NONE", "ALL_OLD")
}

func (s *Service) deleteItem(r *cloud.Request) (any, *cloud.Error) {
	var in singleInput
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if in.Item != nil || in.UpdateExpression != nil {
		return nil, cloud.NotModelled("Item and UpdateExpression of DeleteItem")
	}
	if in.Key == nil {
		return nil, constraint("null", "key", "Member must not be null")
	}
	return s.single(r, writeDelete, &in, "NONE", "ALL_OLD")
}

func (s *Service) updateItem(r *cloud.Request) (any, *cloud.Error) {
	var in singleInput
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if in.Item != nil {
		return nil, cloud.NotModelled("Item of UpdateItem")
	}
	if in.Key == nil {
		return nil, constraint("null", "key", "Member must not be null")
	}
	return s.single(r, writeUpdate, &in, "NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW")
}
