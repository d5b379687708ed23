package dynamodb

import "github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"

// projector parses a ProjectionExpression that is the only expression of its request; nil paths
// mean everything.
func projector(names map[string]string, expression *string) ([]path, *cloud.Error) {
	found, err := newPlaceholders(names, nil, parameter{"ProjectionExpression", expression})
	if err != nil || expression == nil {
		return nil, err
	}
	paths, err := newParser("ProjectionExpression", *expression, found).projection()
	if err != nil {
		return nil, err
	}
	return paths, found.unused()
}

// shown returns the part of an item that a read returns.
func shown(i item, paths []path) item {
	if paths == nil {
		return i
	}
	return project(i, paths)
}

func (s *Service) getItem(r *cloud.Request) (any, *cloud.Error) {
	var in struct {
		TableName                string
		Key                      item
		ConsistentRead           bool
		ProjectionExpression     *string
		ExpressionAttributeNames map[string]string
		ReturnConsumedCapacity   *string
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if err := checkReturnCapacity(in.ReturnConsumedCapacity); err != nil {
		return nil, err
	}
	if err := checkTableName(in.TableName); err != nil {
		return nil, err
	}
	if in.Key == nil {
		return nil, constraint("null", "key", "Member must not be null")
	}
	paths, err := projector(in.ExpressionAttributeNames, in.ProjectionExpression)
	if err != nil {
		return nil, err
	}
	t, err := s.active(r.Caller, in.TableName)
	if err != nil {
		return nil, err
	}
	if err := t.checkKey(in.Key); err != nil {
		return nil, err
	}
	got := t.get(in.Key, r.Stale && !in.ConsistentRead)
	out := struct {
		Item             *item     `json:",omitempty"`
		ConsumedCapacity *consumed `json:",omitempty"`
	}{ConsumedCapacity: report(in.ReturnConsumedCapacity, t.name, readUnits(got.size(), in.ConsistentRead))}
	if got != nil {
		part := shown(got, paths)
		out.Item = &part
	}
	return out, nil
}
