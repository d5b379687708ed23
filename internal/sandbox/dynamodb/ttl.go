package dynamodb

import "github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"

type ttlSpecification struct {
	AttributeName string
	Enabled       bool
}

// setTTL turns TTL on or off: API reference "UpdateTimeToLive". The wait of an hour between changes
// is not modelled.
func (t *table) setTTL(spec ttlSpecification) *cloud.Error {
	switch {
	case spec.AttributeName == "":
		return invalid(
			"1 validation error detected: Value '' at 'timeToLiveSpecification.attributeName' failed to satisfy constraint: Member must have length greater than or equal to 1",
		)
	case spec.Enabled && t.ttlAttribute != "":
		return invalid("TimeToLive is already enabled")
	case !spec.Enabled && t.ttlAttribute == "":
		return invalid("TimeToLive is already disabled")
	case !spec.Enabled && t.ttlAttribute != spec.AttributeName:
		return invalid("TimeToLive is active on a different AttributeName: current AttributeName is %s", t.ttlAttribute)
	case spec.Enabled:
		t.ttlAttribute = spec.AttributeName
	default:
		t.ttlAttribute = ""
	}
	return nil
}

func (s *Service) updateTimeToLive(r *cloud.Request) (any, *cloud.Error) {
	var in struct {
		TableName               string
		TimeToLiveSpecification *ttlSpecification
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if in.TimeToLiveSpecification == nil {
		return nil, constraint("null", "timeToLiveSpecification", "Member must not be null")
	}
	t, err := s.named(r.Caller, in.TableName)
	if err != nil {
		return nil, err
	}
	if err := t.usable(); err != nil {
		return nil, err
	}
	if err := t.setTTL(*in.TimeToLiveSpecification); err != nil {
		return nil, err
	}
	return map[string]any{"TimeToLiveSpecification": in.TimeToLiveSpecification}, nil
}

// usable refuses changes of a table in creation or deletion.
func (t *table) usable() *cloud.Error {
	if t.status != statusActive {
		return cloud.Errorf(
			"ResourceInUseException", "Attempt to change a resource which is still in use: Table: %s is in state %s",
			t.name, t.status,
		)
	}
	return nil
}

func (s *Service) describeTimeToLive(r *cloud.Request) (any, *cloud.Error) {
	t, err := s.tableOf(r)
	if err != nil {
		return nil, err
	}
	description := map[string]any{"TimeToLiveStatus": "DISABLED"}
	if t.ttlAttribute != "" {
		description = map[string]any{"TimeToLiveStatus": "ENABLED", "AttributeName": t.ttlAttribute}
	}
	return map[string]any{"TimeToLiveDescription": description}, nil
}
