package events

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

// maxBusPolicy is the maximum size of a bus's policy in characters (EventBridge quotas).
const maxBusPolicy = 10240

// defaultBus is the name of the bus that every account has in every region, on which services send
// their events.
const defaultBus = "default"

var (
	busName       = regexp.MustCompile(`^[/.\-_A-Za-z0-9]{1,256}$`)
	statementName = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,64}$`)
)

type place struct{ account, region string }

// bus is an event bus.
type bus struct {
	place
	name, arn, description string
	statements             map[string]json.RawMessage // by ID
	tags                   map[string]string
}

func busARN(p place, name string) string {
	return "arn:aws:events:" + p.region + ":" + p.account + ":event-bus/" + name
}

// placeOf returns the account and region of an ARN.
func placeOf(arn string) place {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return place{}
	}
	return place{parts[4], parts[3]}
}

// bus finds a bus by its name or ARN. Default buses exist.
func (s *Service) bus(p place, nameOrARN string) (*bus, error) {
	if nameOrARN == "" {
		nameOrARN = defaultBus
	}
	arn := nameOrARN
	if !strings.HasPrefix(arn, "arn:") {
		arn = busARN(p, nameOrARN)
	}
	if found := s.buses[arn]; found != nil {
		return found, nil
	}
	_, name, _ := strings.Cut(arn, ":event-bus/")
	if name == defaultBus && placeOf(arn) == p {
		made := &bus{place: p, name: name, arn: arn, statements: map[string]json.RawMessage{}}
		s.buses[arn] = made
		return made, nil
	}
	return nil, cloud.Errorf("ResourceNotFoundException", "Event bus %s does not exist.", name)
}

// policy returns a bus's policy as JSON; "" for none.
func (b *bus) policy() string {
	if len(b.statements) == 0 {
		return ""
	}
	var statements []json.RawMessage
	for _, id := range sortedKeys(b.statements) {
		statements = append(statements, b.statements[id])
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		panic("sandbox: the policy of a bus can't be encoded: " + err.Error())
	}
	return string(text)
}

// permit sets one statement of a bus's policy, or refuses it and leaves the policy.
func (s *Service) permit(b *bus, id string, statement map[string]any) error {
	if !statementName.MatchString(id) {
		return cloud.Errorf("ValidationException", "The statement ID %q is invalid.", id)
	}
	withID := map[string]any{"Sid": id}
	for name, value := range statement {
		withID[name] = value
	}
	text, err := json.Marshal(withID)
	if err != nil {
		return invalidPolicy(err.Error())
	}
	former, had := b.statements[id]
	b.statements[id] = text
	if err := s.checkPolicy(b.policy()); err != nil {
		delete(b.statements, id)
		if had {
			b.statements[id] = former
		}
		return err
	}
	return nil
}

func (s *Service) checkPolicy(text string) error {
	if len(text) > maxBusPolicy {
		return cloud.Errorf("PolicyLengthExceededException", "The policy length exceeds %d characters.", maxBusPolicy)
	}
	parsed, err := policydoc.Parse(text, policydoc.Resource)
	if err != nil {
		return invalidPolicy(err.Error())
	}
	return parsed.CheckPrincipals(s.world.PrincipalExists) //nolint:wrapcheck // it is the sandbox's own
}

func invalidPolicy(reason string) error {
	return cloud.Errorf("ValidationException", "The policy is invalid: %s", reason)
}
