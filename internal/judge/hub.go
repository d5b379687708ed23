package judge

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/hub"
	"github.com/stowage/terraform-provider-stowage/internal/model/modeltest"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// maxInline is the maximum size of all inline policies of a role in characters without white space
// (IAM User Guide, "IAM and AWS STS quotas").
const maxInline = 10240

// HubCorpus returns templates of hubs by name, in all partitions: with every feature, without web
// clients, and before the relay's package is uploaded.
func HubCorpus() map[string]*template.Template {
	corpus := map[string]*template.Template{}
	relay := hub.Relay{Version: "0.1.0", Hash: strings.Repeat("0123456789abcdef", 4)}
	for _, p := range places {
		at := hub.Place{AccountID: modeltest.Account, Region: p.region, Partition: p.partition}
		plain := hub.Settings{Name: "main", AccountIDs: []string{"444455556666"}}
		shared := hub.Shared{OIDCProviders: []string{"app.terraform.io"}, GatewayLogs: true}
		corpus["hub-complete-"+p.region] = hub.Compile(at, completeHub(at), relay, hub.Shared{})
		corpus["hub-shared-"+p.region] = hub.Compile(at, completeHub(at), relay, shared)
		corpus["hub-plain-"+p.region] = hub.Compile(at, plain, relay, hub.Shared{})
		corpus["hub-foundation-"+p.region] = hub.Foundation(at, plain)
	}
	return corpus
}

// HubPolicies returns the policies of the roles of hubs.
func HubPolicies(corpus map[string]*template.Template) []Policy {
	var policies []Policy
	for _, name := range slices.Sorted(maps.Keys(corpus)) {
		for _, id := range corpus[name].LogicalIDs() {
			if typeOf(corpus[name], id) != "AWS::IAM::Role" {
				continue
			}
			inline, _ := corpus[name].Properties(id)["Policies"].([]any)
			for _, one := range inline {
				statements := hubStatements(at(one, "PolicyDocument"), func(bool, string, string) {}) // Controls checks it
				policies = append(policies, Policy{name + "/" + id, &policydoc.Document{Statements: statements}})
			}
		}
	}
	return policies
}

// completeHub returns the settings of a hub with every feature.
func completeHub(at hub.Place) hub.Settings {
	certificate := "arn:" + at.Partition + ":acm:" + at.Region + ":" + at.AccountID +
		":certificate/11111111-2222-4333-8444-555555555555"
	return hub.Settings{
		Name: "main", OrganizationID: "o-a1b2c3d4e5",
		Live: &hub.Live{
			OIDCIssuer: "https://login.example.com", OIDCClientID: "stowage-board",
			BoardDomain:     &hub.Domain{Name: "board.example.com", CertificateARN: certificate},
			WebSocketDomain: &hub.Domain{Name: "live.example.com", CertificateARN: certificate},
		},
		Operators: hub.Operators{
			HCPTerraform:  &hub.HCPTerraform{Organization: "acme", Workspaces: []string{"storage-*"}},
			GitHubActions: &hub.GitHubActions{Repositories: []string{"acme/storage", "acme@1234/storage@5678"}},
			Principals:    []string{"arn:" + at.Partition + ":iam::" + at.AccountID + ":role/Deployer"},
		},
		AlarmActions: []string{"arn:" + at.Partition + ":sns:" + at.Region + ":" + at.AccountID + ":alarms"},
		Tags:         map[string]string{"owner": "storage"},
	}
}

type (
	sayFunc      = func(ok bool, control, text string)
	documentFunc = func(property string, kind policydoc.Kind) []policydoc.Statement
)

// judgeHub checks a resource of a type that only hubs have. It reports false for other types.
func judgeHub(resourceType string, p object, say sayFunc, document documentFunc) bool {
	switch resourceType {
	case "AWS::DynamoDB::Table":
		say(at(p, "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled") == true, "DynamoDB.2",
			"the table has no point-in-time recovery")
		say(p["DeletionProtectionEnabled"] == true, "DynamoDB.6", "the table is not protected from deletion")
		say(at(p, "SSESpecification.KMSMasterKeyId") != nil, "CKV_AWS_119", "no customer managed key encrypts the table")
	case "AWS::SQS::Queue":
		say(p["SqsManagedSseEnabled"] == true || p["KmsMasterKeyId"] != nil, "SQS.1", "the queue is not encrypted")
	case "AWS::SQS::QueuePolicy":
		for _, s := range document("PolicyDocument", policydoc.Resource) {
			say(s.Effect == "Deny" || !public(s), "SQS.3", "everybody may use the queue")
		}
	case "AWS::Lambda::Function":
		say(p["Runtime"] == "provided.al2023", "Lambda.2", "the runtime is not the newest one")
		say(at(p, "DeadLetterConfig.TargetArn") != nil, "CKV_AWS_116", "what the function fails to handle is lost")
	case "AWS::Lambda::Permission":
		service, _ := p["Principal"].(string)
		say(strings.HasSuffix(service, ".amazonaws.com") && p["SourceArn"] != nil && p["SourceAccount"] != nil, "Lambda.1",
			"the function can be invoked for others than the hub")
	case "AWS::Events::EventBusPolicy":
		judgeBus(p, say)
	case "AWS::Events::Rule":
		targets, _ := p["Targets"].([]any)
		for _, target := range targets {
			say(at(target, "DeadLetterConfig.Arn") != nil, "events-dead-letters", "events that cannot be delivered are lost")
		}
	case "AWS::CloudWatch::Alarm":
		say(p["ActionsEnabled"] != false, "CloudWatch.17", "the alarm's actions are disabled")
		say(p["TreatMissingData"] != nil, "alarm-missing-data", "nothing decides what missing data means")
	case "AWS::ApiGatewayV2::Stage":
		say(at(p, "AccessLogSettings.DestinationArn") != nil, "APIGateway.9", "requests are not logged")
		format, _ := at(p, "AccessLogSettings.Format").(string)
		say(!strings.Contains(strings.ToLower(format), "header") && !strings.Contains(format, "authorizer"), "log-tokens",
			"the log contains headers, in which tokens are")
		say(at(p, "DefaultRouteSettings.DataTraceEnabled") != true, "log-tokens", "the trace contains messages and tokens")
		say(at(p, "DefaultRouteSettings.ThrottlingRateLimit") != nil, "stage-throttle", "requests are not limited")
	case "AWS::ApiGatewayV2::Route":
		say(p["RouteKey"] != "$connect" || p["AuthorizationType"] == "CUSTOM", "APIGateway.8",
			"web clients connect without authorization")
	case "AWS::ApiGatewayV2::DomainName":
		say(at(p, "DomainNameConfigurations.SecurityPolicy") == "TLS_1_2", "domain-tls", "the domain accepts TLS before 1.2")
	case "AWS::IAM::OIDCProvider":
		url, _ := p["Url"].(string)
		clients, _ := p["ClientIdList"].([]any)
		say(strings.HasPrefix(url, "https://") && len(clients) == 1, "oidc-audience", "the provider accepts any audience")
	case "AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Authorizer", "AWS::ApiGatewayV2::Integration",
		"AWS::ApiGatewayV2::Deployment", "AWS::ApiGatewayV2::ApiMapping", "AWS::ApiGateway::Account",
		"AWS::Lambda::EventInvokeConfig", "AWS::Events::EventBus":
	default:
		return false
	}
	return true
}

// judgeBus checks the policy of a bus: one statement, for an organization or a list of accounts.
func judgeBus(p object, say sayFunc) {
	statement, _ := p["Statement"].(object)
	principal, _ := statement["Principal"].(object)
	accounts, listed := principal["AWS"].([]any)
	organization, _ := at(statement, "Condition.StringEquals").(object)
	narrow := listed && len(accounts) > 0 || organization["aws:PrincipalOrgID"] != nil
	say(narrow, "bus-public", "everybody may send events")
	say(fmt.Sprint(statement["Action"]) == "events:PutEvents", "bus-actions", "more than sending events is allowed")
}

// judgeHubRole checks a role of a hub: who may assume it, and what it may do.
func judgeHubRole(p object, trust []policydoc.Statement, say sayFunc) {
	for _, s := range trust {
		say(!public(s), "role-trust", "everybody may assume the role")
		if len(s.Principals["Federated"]) == 0 {
			continue
		}
		subjects := 0
		for _, keys := range s.Conditions {
			for key, values := range keys {
				if !strings.HasSuffix(key, ":sub") {
					continue
				}
				subjects += len(values)
				for _, v := range values {
					owner, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(v, "organization:"), "repo:"), ":")
					say(owner != "" && !strings.ContainsAny(owner, "*?"), "role-subject", "the subject "+v+" is of many owners")
				}
			}
		}
		say(subjects > 0, "role-subject", "every user of the provider may assume the role")
	}
	policies, _ := p["Policies"].([]any)
	size := 0
	for _, one := range policies {
		text, err := policydoc.Text(at(one, "PolicyDocument"))
		if err != nil {
			say(false, "IAM-grammar", err.Error())
			continue
		}
		size += policydoc.Size(text)
		for _, s := range hubStatements(at(one, "PolicyDocument"), say) {
			for _, action := range s.Actions {
				say(!strings.Contains(action, "*"), "IAM.21", "the statement allows "+action)
				say(action != "sts:AssumeRole" || len(s.Conditions) > 0, "AVD-AWS-0342", "roles of any account may be assumed")
			}
			say(!slices.Contains(s.Resources, "*"), "CKV_AWS_111", "the statement allows something on every resource")
		}
	}
	say(size <= maxInline, "IAM-size", fmt.Sprintf("the policies have %d of %d characters", size, maxInline))
}

// hubStatements parses a policy in which resources may be joined from references.
func hubStatements(document any, say sayFunc) []policydoc.Statement {
	text, err := policydoc.Text(joined(document))
	if err == nil {
		var parsed *policydoc.Document
		if parsed, err = policydoc.Parse(text, policydoc.Identity); err == nil {
			return parsed.Statements
		}
	}
	say(false, "IAM-grammar", err.Error())
	return nil
}

// joined replaces each Fn::Join of a document by its text, in which a reference is its logical ID.
func joined(value any) any {
	switch v := value.(type) {
	case []any:
		all := make([]any, len(v))
		for i, one := range v {
			all[i] = joined(one)
		}
		return all
	case object:
		if join, ok := v["Fn::Join"].([]any); ok {
			text := ""
			parts, _ := join[1].([]any)
			for _, part := range parts {
				if reference, ok := part.(object); ok {
					part = reference["Ref"]
				}
				text += fmt.Sprint(part)
			}
			return text
		}
		all := object{}
		for name, one := range v {
			all[name] = joined(one)
		}
		return all
	}
	return value
}

func public(s policydoc.Statement) bool {
	return s.Effect == "Allow" && (s.NotPrincipal || slices.Contains(s.Principals["AWS"], "*"))
}
