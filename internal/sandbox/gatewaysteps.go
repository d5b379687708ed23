package sandbox

import (
	"fmt"
	"net/url"
)

// The permissions for the types of API Gateway; see steps.go. Its actions are HTTP verbs on the
// paths of its API, without an account ID (Service authorization reference, "Amazon API Gateway
// Management V2"; API Gateway developer guide, "API Gateway actions and resources"). The ID of an
// object in creation is unknown: the handler's read of it requires a permission on all of the kind
// (unproven: api-permissions).

// gatewayStep demands what a step of such a type requires. It reports false for other types.
func (t *step) gatewayStep() bool {
	api := "/apis/" + t.text("ApiId")
	switch t.Type {
	case "AWS::ApiGatewayV2::Api":
		t.gatewayObject("/apis")
		t.gatewayTags("/apis")
	case "AWS::ApiGatewayV2::Authorizer":
		t.gatewayObject(api + "/authorizers")
	case "AWS::ApiGatewayV2::Integration":
		t.gatewayObject(api + "/integrations")
	case "AWS::ApiGatewayV2::Route":
		t.gatewayObject(api + "/routes")
	case "AWS::ApiGatewayV2::Deployment":
		t.gatewayObject(api + "/deployments")
	case "AWS::ApiGatewayV2::Stage":
		t.gatewayStage(api + "/stages")
	case "AWS::ApiGatewayV2::DomainName":
		t.gatewayDomain()
	case "AWS::ApiGatewayV2::ApiMapping":
		t.gatewayObject("/domainnames/" + t.text("DomainName") + "/apimappings")
	case "AWS::ApiGateway::Account":
		t.gatewayAccount()
	default:
		return false
	}
	return true
}

func (t *step) gateway(path string) string { return "arn:aws:apigateway:" + t.region + "::" + path }

// gatewayObject demands the permissions for an object of a collection.
func (t *step) gatewayObject(collection string) {
	object := t.gateway(collection + "/" + t.gatewayID())
	if t.making() {
		t.needs(t.gateway(collection), "apigateway:POST")
	} else {
		t.life(object, "", "apigateway:PATCH", "apigateway:DELETE")
	}
	t.handlers(object)
}

func (t *step) gatewayID() string {
	if t.making() {
		return "*"
	}
	return t.PhysicalID
}

// gatewayTags demands the permissions for the tags of an object, which have a path of their own (API
// Gateway developer guide, "Tagging API Gateway resources").
func (t *step) gatewayTags(collection string) {
	tags := t.gateway("/tags/" + url.QueryEscape(t.gateway(collection+"/"+t.gatewayID())))
	if t.sets("Tags") {
		t.needsWith(mapTags(t.After["Tags"]), tags, "apigateway:PUT")
	}
	if t.dropsTags() {
		t.needs(tags, "apigateway:DELETE")
	}
}

// mapTags returns the condition keys of the tags that a call sets, for types with a map of tags.
func mapTags(tags any) map[string][]string {
	context := map[string][]string{}
	values, _ := tags.(map[string]any)
	for key, value := range values {
		context["aws:RequestTag/"+key] = []string{fmt.Sprint(value)}
	}
	return context
}

// dropsTags reports whether an update removes tags.
func (t *step) dropsTags() bool {
	if t.making() || t.deleting() {
		return false
	}
	before, _ := t.Before["Tags"].(map[string]any)
	after, _ := t.After["Tags"].(map[string]any)
	for key := range before {
		if _, stays := after[key]; !stays {
			return true
		}
	}
	return false
}

// gatewayStage also demands the permissions for the delivery of an HTTP API's logs (API Gateway
// developer guide, "Configure logging for HTTP APIs"). A WebSocket API logs with the account's role;
// the sandbox does not know here which kind it is, and demands them of stages without execution
// logs.
func (t *step) gatewayStage(collection string) {
	stage := t.gateway(collection + "/" + t.text("StageName"))
	if t.making() {
		t.needs(t.gateway(collection), "apigateway:POST")
	} else {
		t.life(stage, "", "apigateway:PATCH", "apigateway:DELETE")
	}
	if t.sets("Tags") {
		t.needsWith(mapTags(t.After["Tags"]), stage, "apigateway:TagResource")
	}
	if t.dropsTags() {
		t.needs(stage, "apigateway:UntagResource")
	}
	settings, _ := t.After["DefaultRouteSettings"].(map[string]any)
	if t.sets("AccessLogSettings") && settings["LoggingLevel"] == nil {
		t.needs("*", "logs:CreateLogDelivery", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies",
			"logs:DescribeLogGroups")
	}
	t.handlers(stage)
}

// gatewayDomain demands the permissions for a domain and its certificate.
func (t *step) gatewayDomain() {
	t.gatewayObject("/domainnames")
	t.gatewayTags("/domainnames")
	domain := t.gateway("/domainnames/" + t.text("DomainName"))
	if t.sets("DomainNameConfigurations") {
		t.needs(domain, "apigateway:AddCertificateToDomain")
	}
	if t.deleting() || !t.making() && t.sets("DomainNameConfigurations") {
		t.needs(domain, "apigateway:RemoveCertificateFromDomain")
	}
}

// gatewayAccount demands the permissions to set the role for logs.
func (t *step) gatewayAccount() {
	account := t.gateway("/account")
	if !t.deleting() {
		t.needs(account, "apigateway:PATCH")
		if role, ok := t.After["CloudWatchRoleArn"].(string); ok {
			t.needs(role, "iam:GetRole")
			t.needsWith(map[string][]string{"iam:PassedToService": {"apigateway.amazonaws.com"}}, role, "iam:PassRole")
		}
	}
	t.handlers(account)
}
