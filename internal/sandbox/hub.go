package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/apigateway"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/events"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/oidc"
)

// RegisterFunction registers a Lambda function by its ARN. It calls the world as any client does.
func (s *Sandbox) RegisterFunction(arn string, f cloud.Function) {
	s.world.Lock()
	defer s.unlock()
	s.world.RegisterFunction(arn, f)
}

// RunFunctions allows the deployed functions to run as processes until StopFunctions. endpoint is the
// address at which the sandbox answers; see package lambda.
func (s *Sandbox) RunFunctions(endpoint string) { s.lambda.RunProcesses(endpoint) }

// StopFunctions kills the processes of functions and waits for their ends.
func (s *Sandbox) StopFunctions() error {
	if err := s.lambda.StopProcesses(); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	return nil
}

// SubscribeFunction subscribes a Lambda function to the notifications of all stacks: to all present
// and future topics of the onboarding.
func (s *Sandbox) SubscribeFunction(arn string) {
	s.world.Lock()
	defer s.unlock()
	s.sns.SubscribeEverywhere(TopicName, arn)
}

// AddRule adds an EventBridge rule. A scheduled one is by default in the hub's account and region.
func (s *Sandbox) AddRule(r events.Rule) error {
	r.Account, r.Region = cmp.Or(r.Account, HubAccount), cmp.Or(r.Region, s.region)
	s.world.Lock()
	defer s.unlock()
	if err := s.bus.Add(r); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	return nil
}

// SetHubSettings adds members to the hub's settings, the SSM parameter that the hub's clients read
// first.
func (s *Sandbox) SetHubSettings(members map[string]any) error {
	s.world.Lock()
	defer s.unlock()
	name := "/stowage/hub/" + HubName
	var now struct{ Parameter struct{ Value string } }
	if err := json.Unmarshal(s.mustJSON("ssm", "GetParameter", map[string]any{"Name": name}), &now); err != nil {
		return fmt.Errorf("sandbox: the hub's settings: %w", err)
	}
	settings := make(map[string]any)
	if err := json.Unmarshal([]byte(now.Parameter.Value), &settings); err != nil {
		return fmt.Errorf("sandbox: the hub's settings: %w", err)
	}
	maps.Copy(settings, members)
	value, err := json.Marshal(settings)
	if err != nil {
		return fmt.Errorf("sandbox: the hub's settings: %w", err)
	}
	s.mustJSON(
		"ssm", "PutParameter",
		map[string]any{"Name": name, "Type": "String", "Value": string(value), "Overwrite": true},
	)
	return nil
}

// WebSockets returns the API Gateway, to deploy WebSocket APIs and to control connections.
func (s *Sandbox) WebSockets() *apigateway.Service { return s.gateway }

// Issuer returns the OIDC issuer of tokens. Its URL is oidc.URL of the sandbox's address.
func (s *Sandbox) Issuer() *oidc.Issuer { return s.issuer }

// connectionControl is the body of POST /_sandbox/connections: one of its members, an ID or "all".
type connectionControl struct {
	Drop   string `json:"drop"`
	Lose   string `json:"lose"`
	Stall  string `json:"stall"`
	Resume string `json:"resume"`
}

var errOneControl = errors.New("one of drop, lose, stall and resume")

// do executes the request and returns the number of affected connections.
func (c connectionControl) do(g *apigateway.Service) (int, error) {
	switch c {
	case connectionControl{}:
		return 0, errOneControl
	case connectionControl{Drop: c.Drop}:
		return g.Drop(c.Drop), nil
	case connectionControl{Lose: c.Lose}:
		return g.Lose(c.Lose), nil
	case connectionControl{Stall: c.Stall}:
		return g.Stall(c.Stall), nil
	case connectionControl{Resume: c.Resume}:
		return g.Resume(c.Resume), nil
	default:
		return 0, errOneControl
	}
}
