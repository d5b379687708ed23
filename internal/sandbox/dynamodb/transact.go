package dynamodb

import (
	"crypto/sha256"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// Rules: API references "TransactWriteItems" and "TransactGetItems", developer guide "Amazon
// DynamoDB Transactions: How it works".
const (
	maxTransactItems  = 100
	idempotenceWindow = 10 * time.Minute
)

// cancellationReason is one action's reason for the cancellation of a transaction; code None for
// the others.
type cancellationReason struct {
	Code    string
	Message string `json:",omitempty"`
	Item    item   `json:",omitempty"`
}

type transactItem struct {
	ConditionCheck *writeInput
	Put            *writeInput
	Delete         *writeInput
	Update         *writeInput
}

// action returns the one action of an element of TransactItems.
func (i *transactItem) action() (writeKind, *writeInput, *cloud.Error) {
	var kind writeKind
	var in *writeInput
	for k, candidate := range map[writeKind]*writeInput{
		writeCheck: i.ConditionCheck, writePut: i.Put, writeDelete: i.Delete, writeUpdate: i.Update,
	} {
		if candidate == nil {
			continue
		}
		if in != nil {
			return 0, nil, invalid("TransactItems can only contain one of Check, Put, Update or Delete")
		}
		kind, in = k, candidate
	}
	switch {
	case in == nil:
		return 0, nil, invalid("Invalid Request: TransactWriteRequest should contain Delete or Put or Update request")
	case (kind == writePut) != (in.Item != nil) || (kind != writePut) != (in.Key != nil) ||
		(kind == writeUpdate) != (in.UpdateExpression != nil):
		return 0, nil, invalid(
			"The members Item, Key or UpdateExpression of an action of TransactItems are missing or not its own",
		)
	case kind == writeCheck && in.ConditionExpression == nil:
		return 0, nil, constraint(
			"null", "transactItems.member.conditionCheck.conditionExpression", "Member must not be null",
		)
	}
	return kind, in, nil
}

func checkTransactCount(n int) *cloud.Error {
	if n < 1 {
		return constraint("[]", "transactItems", "Member must have length greater than or equal to 1")
	}
	if n > maxTransactItems {
		return constraint("["+strconv.Itoa(n)+" items]", "transactItems", "Member must have length less than or equal to 100")
	}
	return nil
}

// cancelled returns the error of a transaction with at least one reason other than None.
func cancelled(reasons []cancellationReason) *cloud.Error {
	codes := make([]string, 0, len(reasons))
	for _, reason := range reasons {
		codes = append(codes, reason.Code)
	}
	e := cloud.Errorf(
		"TransactionCanceledException",
		"Transaction cancelled, please refer cancellation reasons for specific reasons [%s]",
		strings.Join(codes, ", "),
	)
	e.Extra = map[string]any{"CancellationReasons": reasons}
	return e
}

func (s *Service) transactWriteItems(r *cloud.Request) (any, *cloud.Error) {
	var in struct {
		TransactItems               []transactItem
		ClientRequestToken          *string
		ReturnConsumedCapacity      *string
		ReturnItemCollectionMetrics *string
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if err := checkReturnCapacity(in.ReturnConsumedCapacity); err != nil {
		return nil, err
	}
	if err := checkTransactCount(len(in.TransactItems)); err != nil {
		return nil, err
	}
	if t := in.ClientRequestToken; t != nil && (len(*t) < 1 || len(*t) > 36) {
		return nil, constraint(*t, "clientRequestToken", "Member must have length between 1 and 36")
	}
	writes := make([]*write, 0, len(in.TransactItems))
	seen := make(map[string]bool)
	for n := range in.TransactItems {
		kind, action, err := in.TransactItems[n].action()
		if err != nil {
			return nil, err
		}
		w, err := s.prepare(r.Caller, kind, action)
		if err != nil {
			return nil, err
		}
		id := w.table.identity(w.key)
		if seen[id] {
			return nil, invalid("Transaction request cannot include multiple operations on one item")
		}
		seen[id] = true
		writes = append(writes, w)
	}
	here := s.at(r.Caller)
	var digest [32]byte
	if in.ClientRequestToken != nil {
		digest = fingerprint(r.Body)
		if past, ok := here.tokens[*in.ClientRequestToken]; ok && s.world.Now().Before(past.until) {
			if past.fingerprint != digest {
				return nil, cloud.Errorf(
					"IdempotentParameterMismatchException",
					"The request uses the same client token as a previous, but non-identical request.",
				)
			}
			return transactResult(in.ReturnConsumedCapacity, writes, nil), nil
		}
	}
	after, err := outcomes(writes)
	if err != nil {
		return nil, err
	}
	result := transactResult(in.ReturnConsumedCapacity, writes, after)
	begun := make(map[*table]bool)
	for n, w := range writes {
		if w.kind == writeCheck {
			continue
		}
		if !begun[w.table] {
			w.table.begin()
			begun[w.table] = true
		}
		w.table.set(w.key, after[n])
	}
	if in.ClientRequestToken != nil {
		maps.DeleteFunc(here.tokens, func(_ string, p pastTransaction) bool { return !s.world.Now().Before(p.until) })
		here.tokens[*in.ClientRequestToken] = pastTransaction{digest, s.world.Now().Add(idempotenceWindow)}
	}
	return result, nil
}

// outcomes decides all writes of a transaction on the state before it.
func outcomes(writes []*write) ([]item, *cloud.Error) {
	reasons := make([]cancellationReason, len(writes))
	after := make([]item, len(writes))
	failed, bytes := false, 0
	for n, w := range writes {
		before, result, err := w.outcome()
		after[n] = result
		reasons[n].Code = "None"
		bytes += max(before.size(), result.size())
		if err == nil {
			continue
		}
		failed = true
		reasons[n] = cancellationReason{Code: "ValidationError", Message: err.Message}
		if err.Code == "ConditionalCheckFailedException" {
			reasons[n].Code = "ConditionalCheckFailed"
			reasons[n].Item, _ = err.Extra["Item"].(item)
		}
	}
	if failed {
		return nil, cancelled(reasons)
	}
	if bytes > maxTransaction {
		return nil, invalid("Collection size of the items in the transaction has exceeded the maximum allowed size of 4 MB")
	}
	return after, nil
}

// fingerprint identifies what two requests with one token must share: everything but the token.
func fingerprint(body []byte) [32]byte {
	var members map[string]any
	_ = json.Unmarshal(body, &members) // decoded before
	delete(members, "ClientRequestToken")
	canonical, _ := json.Marshal(members) // of JSON
	return sha256.Sum256(canonical)
}

type transactOutput struct {
	ConsumedCapacity []*consumed `json:",omitempty"`
}

// transactResult returns the answer to a transaction before its execution; after is nil for a
// repeated one, which only reads.
func transactResult(want *string, writes []*write, after []item) transactOutput {
	units := make(map[string]float64)
	for n, w := range writes {
		now := w.table.get(w.key, false)
		if after == nil {
			units[w.table.name] += 2 * readUnits(now.size(), true)
		} else {
			units[w.table.name] += 2 * writeUnits(now, after[n])
		}
	}
	return transactOutput{reportAll(want, units, after != nil)}
}

func reportAll(want *string, units map[string]float64, write bool) []*consumed {
	var list []*consumed
	for _, name := range slices.Sorted(maps.Keys(units)) {
		if c := reportTransaction(want, name, units[name], write); c != nil {
			list = append(list, c)
		}
	}
	return list
}

// transactGetItems reads at one point in time, always consistently.
func (s *Service) transactGetItems(r *cloud.Request) (any, *cloud.Error) {
	var in struct {
		TransactItems []struct {
			Get *struct {
				TableName                string
				Key                      item
				ProjectionExpression     *string
				ExpressionAttributeNames map[string]string
			}
		}
		ReturnConsumedCapacity *string
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if err := checkReturnCapacity(in.ReturnConsumedCapacity); err != nil {
		return nil, err
	}
	if err := checkTransactCount(len(in.TransactItems)); err != nil {
		return nil, err
	}
	type response struct {
		Item *item `json:",omitempty"`
	}
	responses := []response{}
	units := make(map[string]float64)
	seen := make(map[string]bool)
	bytes := 0
	for _, one := range in.TransactItems {
		if one.Get == nil {
			return nil, constraint("null", "transactItems.member.get", "Member must not be null")
		}
		if err := checkTableName(one.Get.TableName); err != nil {
			return nil, err
		}
		paths, err := projector(one.Get.ExpressionAttributeNames, one.Get.ProjectionExpression)
		if err != nil {
			return nil, err
		}
		t, err := s.active(r.Caller, one.Get.TableName)
		if err != nil {
			return nil, err
		}
		if err := t.checkKey(one.Get.Key); err != nil {
			return nil, err
		}
		if id := t.identity(one.Get.Key); seen[id] {
			return nil, invalid("Transaction request cannot include multiple operations on one item")
		}
		seen[t.identity(one.Get.Key)] = true
		got := t.get(one.Get.Key, false)
		bytes += got.size()
		units[t.name] += 2 * readUnits(got.size(), true)
		var answer response
		if got != nil {
			part := shown(got, paths)
			answer.Item = &part
		}
		responses = append(responses, answer)
	}
	if bytes > maxTransaction {
		return nil, invalid("Collection size of the items in the transaction has exceeded the maximum allowed size of 4 MB")
	}
	return struct {
		Responses        []response
		ConsumedCapacity []*consumed `json:",omitempty"`
	}{responses, reportAll(in.ReturnConsumedCapacity, units, false)}, nil
}
