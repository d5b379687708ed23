package dynamodb

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// transactional are the actions that the members of a transaction require. No action has the name
// of a transaction itself (DynamoDB developer guide, transaction-apis-iam; Service authorization
// reference).
var transactional = map[string]string{
	"Get": "dynamodb:GetItem", "Put": "dynamodb:PutItem", "Update": "dynamodb:UpdateItem",
	"Delete": "dynamodb:DeleteItem", "ConditionCheck": "dynamodb:ConditionCheckItem",
}

// Demands returns the permissions that a request requires, on each table that it names.
func (s *Service) Demands(r *cloud.Request) []cloud.Demand {
	type named struct{ TableName string }
	var in struct {
		named
		RequestItems  map[string]json.RawMessage
		TransactItems []map[string]named
	}
	_ = json.Unmarshal(r.Body, &in) // an invalid body is refused by the operation
	var demands []cloud.Demand
	need := func(action, table string) {
		d := cloud.Demand{Action: action, Resource: tableARN(r.Caller, table)}
		same := func(other cloud.Demand) bool { return other.Action == d.Action && other.Resource == d.Resource }
		if !slices.ContainsFunc(demands, same) {
			demands = append(demands, d)
		}
	}
	action := "dynamodb:" + r.Operation
	switch {
	case strings.HasPrefix(r.Operation, "Transact"):
		for _, item := range in.TransactItems {
			for _, kind := range slices.Sorted(maps.Keys(item)) {
				if action, ok := transactional[kind]; ok {
					need(action, item[kind].TableName)
				}
			}
		}
	case len(in.RequestItems) > 0:
		for _, table := range slices.Sorted(maps.Keys(in.RequestItems)) {
			need(action, table)
		}
	case in.TableName != "":
		need(action, in.TableName)
	}
	if len(demands) == 0 {
		return []cloud.Demand{{Action: action, Resource: "*"}}
	}
	return demands
}

// tableARN returns the ARN of a table in a request, which names it by its name or its ARN.
func tableARN(c cloud.Caller, table string) string {
	if strings.HasPrefix(table, "arn:") {
		return table
	}
	return "arn:aws:dynamodb:" + c.Region + ":" + c.Account + ":table/" + table
}
