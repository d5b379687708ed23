package hub_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/stowage/terraform-provider-stowage/internal/hub"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/apigateway"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// certificate covers example.com's subdomains.
const certificate = "arn:aws:acm:" + region + ":" + sandbox.HubAccount + ":certificate/11111111-2222-4333-8444-555555555555"

// stacks changes the stack of a hub.
type stacks struct {
	*world
	client *cloudformation.Client
}

// newStacks returns a world without a hub.
func newStacks(t *testing.T) *stacks {
	t.Helper()
	w := &world{t: t, box: sandbox.New(sandbox.Options{Seed: 1})}
	w.box.WebSockets().AddCertificate(certificate, "*.example.com")
	return &stacks{w, w.as("").Hub().CloudFormation}
}

// change creates or updates the stack. No step of a resource may fail.
func (s *stacks) change(tpl *template.Template) { s.changeTo(string(tpl.Encode())) }

func (s *stacks) changeTo(text string) {
	s.t.Helper()
	name, body := aws.String(hub.StackName("main")), &text
	capabilities := []cfntypes.Capability{cfntypes.CapabilityCapabilityNamedIam}
	_, err := s.client.DescribeStacks(s.t.Context(), &cloudformation.DescribeStacksInput{StackName: name})
	if err != nil {
		_, err = s.client.CreateStack(s.t.Context(), &cloudformation.CreateStackInput{
			StackName: name, TemplateBody: body, Capabilities: capabilities,
		})
	} else {
		_, err = s.client.UpdateStack(s.t.Context(), &cloudformation.UpdateStackInput{
			StackName: name, TemplateBody: body, Capabilities: capabilities,
		})
	}
	must(s.t, err)
	s.noFailures()
}

func (s *stacks) noFailures() {
	s.t.Helper()
	s.box.RunDue()
	out, err := s.client.DescribeStackEvents(s.t.Context(), &cloudformation.DescribeStackEventsInput{
		StackName: aws.String(hub.StackName("main")),
	})
	if err != nil {
		return // the stack is deleted
	}
	for _, e := range out.StackEvents {
		if strings.HasSuffix(string(e.ResourceStatus), "_FAILED") {
			s.t.Fatalf("%s: %s", aws.ToString(e.LogicalResourceId), aws.ToString(e.ResourceStatusReason))
		}
	}
}

// upload stores the package of a relay.
func (s *stacks) upload(relay hub.Relay) {
	s.t.Helper()
	_, err := s.as("").Hub().S3.PutObject(s.t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(hub.ArtifactBucket("main", place)), Key: aws.String(relay.Key()),
		Body: relayZip(s.t),
	})
	must(s.t, err)
}

func relayOf(version string) hub.Relay {
	return hub.Relay{Version: version, Hash: strings.Repeat(version[2:3], 64)}
}

// everything returns settings with every feature.
func everything() hub.Settings {
	return hub.Settings{
		Name: "main", OrganizationID: sandbox.OrganizationID,
		Live: &hub.Live{
			OIDCIssuer: "https://login.example.com", OIDCClientID: "stowage-board",
			BoardDomain:     &hub.Domain{Name: "board.example.com", CertificateARN: certificate},
			WebSocketDomain: &hub.Domain{Name: "live.example.com", CertificateARN: certificate},
		},
		Operators: hub.Operators{
			HCPTerraform:  &hub.HCPTerraform{Organization: "acme", Workspaces: []string{"storage-*"}},
			GitHubActions: &hub.GitHubActions{Repositories: []string{"acme/storage"}},
			Principals:    []string{root},
		},
		AlarmActions: []string{"arn:aws:sns:" + region + ":" + sandbox.HubAccount + ":alarms"},
		Tags:         map[string]string{"owner": "storage"},
	}
}

// TestStack_Settings makes a hub with every feature, changes one setting, and changes it back: the
// whole template, on a simulated AWS.
func TestStack_Settings(t *testing.T) {
	t.Parallel()
	old := relayOf("0.1.0")
	for name, change := range map[string]func(*hub.Settings){
		"organization": func(s *hub.Settings) { s.OrganizationID, s.AccountIDs = "", []string{account} },
		"no live":      func(s *hub.Settings) { s.Live = nil },
		"issuer":       func(s *hub.Settings) { s.Live.OIDCIssuer = "https://issuer.example.com" },
		"client":       func(s *hub.Settings) { s.Live.OIDCClientID = "board" },
		"audience":     func(s *hub.Settings) { s.Live.OIDCAudience = []string{"a", "b"} },
		"claim":        func(s *hub.Settings) { s.Live.ProjectsClaim = "groups" },
		"no domains":   func(s *hub.Settings) { s.Live.BoardDomain, s.Live.WebSocketDomain = nil, nil },
		"other domain": func(s *hub.Settings) { s.Live.BoardDomain.Name = "hub.example.com" },
		"no operators": func(s *hub.Settings) { s.Operators = hub.Operators{} },
		"workspaces":   func(s *hub.Settings) { s.Operators.HCPTerraform.Workspaces = []string{"other"} },
		"repositories": func(s *hub.Settings) { s.Operators.GitHubActions = nil },
		"principals":   func(s *hub.Settings) { s.Operators.Principals = nil },
		"no actions":   func(s *hub.Settings) { s.AlarmActions = nil },
		"tags":         func(s *hub.Settings) { s.Tags = map[string]string{"team": "a"} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newStacks(t)
				s.change(hub.Foundation(place, everything()))
				s.upload(old)
				s.change(hub.Compile(place, everything(), old, hub.Shared{}))
				changed := everything()
				change(&changed)
				s.change(hub.Compile(place, changed, old, hub.Shared{}))
				// An OIDC provider stays in the account.
				var shared hub.Shared
				if changed.Operators.HCPTerraform == nil {
					shared.OIDCProviders = append(shared.OIDCProviders, "app.terraform.io")
				}
				if changed.Operators.GitHubActions == nil {
					shared.OIDCProviders = append(shared.OIDCProviders, "token.actions.githubusercontent.com")
				}
				s.change(hub.Compile(place, everything(), old, shared))
			})
		})
	}
}

// TestStack_Life makes hubs, upgrades their relay, uses them as clients do, and deletes them.
func TestStack_Life(t *testing.T) {
	t.Parallel()
	old, upgraded := relayOf("0.1.0"), relayOf("0.2.0")
	for name, settings := range map[string]hub.Settings{
		"everything": everything(), "plain": {Name: "main", OrganizationID: sandbox.OrganizationID},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newStacks(t)
				s.change(hub.Foundation(place, settings))
				s.upload(old)
				s.upload(upgraded)
				s.change(hub.Compile(place, settings, old, hub.Shared{}))
				s.change(hub.Compile(place, settings, upgraded, hub.Shared{}))
				if settings.Live != nil {
					s.connects()
					s.refuses(hub.Compile(place, settings, upgraded, hub.Shared{}))
				}
				_, err := s.client.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{
					StackName: aws.String(hub.StackName("main")),
				})
				must(t, err)
				s.noFailures()
				// The data stays.
				_, err = s.as("").Hub().DynamoDB.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{
					TableName: aws.String(hub.TableName("main")),
				})
				must(t, err)
			})
		})
	}
}

// socket returns the stage of the deployed WebSocket API.
func (s *stacks) socket() *apigateway.Stage {
	s.t.Helper()
	resources, err := s.client.DescribeStackResources(s.t.Context(), &cloudformation.DescribeStackResourcesInput{
		StackName: aws.String(hub.StackName("main")),
	})
	must(s.t, err)
	for _, r := range resources.StackResources {
		if aws.ToString(r.LogicalResourceId) == "WebSocketApi" {
			return s.box.WebSockets().Stage(aws.ToString(r.PhysicalResourceId), "live")
		}
	}
	s.t.Fatal("the stack has no WebSocket API")
	return nil
}

// handshake is that of a client with a token.
func handshake() apigateway.Handshake {
	return apigateway.Handshake{Header: http.Header{}, Subprotocols: []string{"stowage.v1"}}
}

// connects connects a client to the deployed WebSocket API, through its authorizer and its routes.
func (s *stacks) connects() {
	s.t.Helper()
	var seen []string
	s.box.RegisterFunction(function, func(_ context.Context, event []byte) ([]byte, error) {
		var e struct {
			Type, MethodARN string
			RequestContext  struct{ RouteKey string }
		}
		if err := json.Unmarshal(event, &e); err != nil {
			return nil, err
		}
		if e.Type == "REQUEST" {
			return fmt.Appendf(nil, `{"principalId":"me","policyDocument":{"Version":"2012-10-17","Statement":[
				{"Effect":"Allow","Action":"execute-api:Invoke","Resource":%q}]}}`, e.MethodARN), nil
		}
		seen = append(seen, e.RequestContext.RouteKey)
		return []byte(`{"statusCode":200}`), nil
	})
	client, err := s.socket().Connect(s.t.Context(), handshake())
	must(s.t, err)
	must(s.t, client.Send([]byte(`{"type":"hello"}`)))
	synctest.Wait()
	client.Close(1000, "")
	synctest.Wait()
	if want := []string{"$connect", "$default", "$disconnect"}; !slices.Equal(seen, want) {
		s.t.Errorf("the relay saw %q", seen)
	}
}

// refuses removes the function's permission for the WebSocket API from a template. API Gateway
// cannot call the function then.
func (s *stacks) refuses(tpl *template.Template) {
	s.t.Helper()
	var document map[string]any
	must(s.t, json.Unmarshal(tpl.Encode(), &document))
	resources, _ := document["Resources"].(map[string]any)
	delete(resources, "WebSocketPermission")
	text, err := json.Marshal(document)
	must(s.t, err)
	s.changeTo(string(text))
	var refused *apigateway.HandshakeError
	_, err = s.socket().Connect(s.t.Context(), handshake())
	if !errors.As(err, &refused) || refused.Status != http.StatusInternalServerError {
		s.t.Errorf("a client of a function without permission: %v", err)
	}
}
