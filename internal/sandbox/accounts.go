package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

const (
	// HubAccount is the hub's account.
	HubAccount = "000000000000"
	// OrganizationID is the ID of the organization of all accounts.
	OrganizationID = "o-sandbox0001"
	// HubName is the name of the hub and of its table.
	HubName = "stowage"
	// TopicName is the name of the topic that the onboarding creates for stack notifications.
	TopicName = "stowage-events"
)

// roleTrust allows every principal of the hub's account to assume a role.
const roleTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + HubAccount + `:root"},"Action":["sts:AssumeRole","sts:SetSourceIdentity","sts:TagSession"]}]}`

// plainBoundary is the policy StowageBoundary of accounts that are prepared without a template.
const plainBoundary = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","kms:*"],"Resource":"*"}]}`

// open marks an account and region as used, and onboards them on their first use.
func (s *Sandbox) open(account, region, service string) {
	s.world.Open(account)
	place := account + "/" + region
	if s.topics[place] || service == "iam" || service == "sts" { // global services
		return
	}
	if s.onboarding != "" {
		s.apply(account, region)
		return
	}
	s.topics[place] = true
	s.mustQuery(account, region, "sns", "2010-03-31", "CreateTopic", url.Values{"Name": {TopicName}})
}

// onboard creates an account's roles and the boundary of its users.
func (s *Sandbox) onboard(account string) {
	if s.onboarding != "" {
		s.apply(account, s.region)
		return
	}
	s.mustQuery(account, "us-east-1", "iam", "2010-05-08", "CreatePolicy", url.Values{
		"PolicyName": {"StowageBoundary"}, "PolicyDocument": {plainBoundary},
	})
	for _, role := range []string{"StowageProvisioner", "StowageReader"} {
		s.mustQuery(account, "us-east-1", "iam", "2010-05-08", "CreateRole", url.Values{
			"RoleName": {role}, "AssumeRolePolicyDocument": {roleTrust},
		})
		s.mustQuery(account, "us-east-1", "iam", "2010-05-08", "AttachRolePolicy", url.Values{
			"RoleName": {role}, "PolicyArn": {"arn:aws:iam::aws:policy/AdministratorAccess"},
		})
	}
}

// onboardingStack is the name of the stack that prepares an account.
const onboardingStack = "StowageAccount"

// apply prepares an account in a region with the template of Options.Onboarding, as the account's
// owner would. It takes no time, ignores faults and sends no events to EventBridge, since it
// precedes the first client. A failing template is a broken invariant.
func (s *Sandbox) apply(account, region string) {
	s.topics[account+"/"+region] = true
	latency, fault, bus := s.world.Latency, s.world.ResourceFault, s.world.EventBus()
	s.world.Latency, s.world.ResourceFault = cloud.Latency{}, nil
	s.world.SetEventBus(nil)
	defer func() {
		s.world.Latency, s.world.ResourceFault = latency, fault
		s.world.SetEventBus(bus)
	}()
	const version = "2010-05-15"
	form := url.Values{
		"StackName": {onboardingStack}, "TemplateBody": {s.onboarding}, "Capabilities.member.1": {"CAPABILITY_NAMED_IAM"},
		"Parameters.member.1.ParameterKey": {"HubAccountId"}, "Parameters.member.1.ParameterValue": {HubAccount},
		"Parameters.member.2.ParameterKey": {"HomeRegion"}, "Parameters.member.2.ParameterValue": {s.region},
		"EnableTerminationProtection": {"true"},
	}
	if s.hubBus != "" {
		form.Set("Parameters.member.3.ParameterKey", "HubBusArn")
		form.Set("Parameters.member.3.ParameterValue", s.hubBus)
	}
	s.mustQuery(account, region, "cloudformation", version, "CreateStack", form)
	s.world.RunDue()
	events := s.mustQuery(
		account, region, "cloudformation", version, "DescribeStackEvents",
		url.Values{"StackName": {onboardingStack}},
	)
	if reasons := failures.FindAllSubmatch(events, -1); len(reasons) > 0 {
		panic(fmt.Sprintf("sandbox: the template that prepares account %s failed: %s", account, reasons[len(reasons)-1][1]))
	}
}

// failures finds the reasons in a stack's events, newest first.
var failures = regexp.MustCompile(
	`(?s)<ResourceStatus>[A-Z_]*FAILED</ResourceStatus>\s*<ResourceStatusReason>(.*?)</ResourceStatusReason>`,
)

// setUpHub creates the hub's table and settings by the calls that a client would make.
func (s *Sandbox) setUpHub() {
	s.open(HubAccount, s.region, "dynamodb")
	s.mustJSON("dynamodb", "CreateTable", map[string]any{
		"TableName":   HubName,
		"BillingMode": "PAY_PER_REQUEST",
		"AttributeDefinitions": []map[string]string{
			{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "S"},
		},
		"KeySchema": []map[string]string{
			{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"},
		},
	})
	s.world.RunDue() // the table is active now
	s.mustJSON("dynamodb", "UpdateTimeToLive", map[string]any{
		"TableName":               HubName,
		"TimeToLiveSpecification": map[string]any{"AttributeName": "expires", "Enabled": true},
	})
	settings, err := json.Marshal(struct {
		Format    int    `json:"format"`
		Region    string `json:"region"`
		Table     string `json:"table"`
		AccountID string `json:"account_id"`
	}{1, s.region, HubName, HubAccount})
	if err != nil {
		panic(fmt.Sprintf("sandbox: the hub's settings can't be encoded: %v", err))
	}
	s.mustJSON("ssm", "PutParameter", map[string]any{
		"Name": "/stowage/hub/" + HubName, "Type": "String", "Value": string(settings),
		"Description": "Settings of the hub " + HubName,
	})
}

// mustQuery and mustJSON make a call as an account's administrator, with the lock held. They skip a
// service that is not part of the world. A refusal is a broken invariant, since these calls are
// fixed.
func (s *Sandbox) mustQuery(account, region, service, version, operation string, form url.Values) []byte {
	form.Set("Action", operation)
	form.Set("Version", version)
	return s.must(
		account, region,
		&cloud.Request{Service: service, Operation: operation, Form: form, Body: []byte(form.Encode())},
		http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
	)
}

func (s *Sandbox) mustJSON(service, operation string, body map[string]any) []byte {
	encoded, err := json.Marshal(body)
	if err != nil {
		panic(fmt.Sprintf("sandbox: %s can't be encoded: %v", operation, err))
	}
	return s.must(
		HubAccount, s.region, &cloud.Request{Service: service, Operation: operation, Body: encoded}, http.Header{},
	)
}

func (s *Sandbox) must(account, region string, r *cloud.Request, header http.Header) []byte {
	service := s.services[r.Service]
	if service == nil {
		return nil
	}
	r.HTTP = &http.Request{
		Method: http.MethodPost,
		URL:    &url.URL{Scheme: "https", Host: r.Service + "." + region + ".amazonaws.com", Path: "/"},
		Header: header,
	}
	access, _ := StaticCredentials(account)
	_, r.Caller, _, _ = s.key(access)
	r.Caller.Region, r.Endpoint = region, endpointOf(r.HTTP)
	answer, err := service.Handle(r)
	if err != nil {
		panic(fmt.Sprintf("sandbox: setting up account %s: %s %s: %v", account, strings.ToUpper(r.Service), r.Operation, err))
	}
	return answer.Body
}
