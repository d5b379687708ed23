package apigateway

import (
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

// servicePrincipal is API Gateway, as policies name it.
const servicePrincipal = "apigateway.amazonaws.com"

// accountType is AWS::ApiGateway::Account: the role for the logs of all APIs of an account and
// region. Creation overwrites the role of another stack, and deletion leaves the role in place
// (CloudFormation template reference, AWS::ApiGateway::Account).
type accountType struct{ s *Service }

type accountProperties struct{ CloudWatchRoleArn string }

// Schema is that of the CloudFormation registry's aws-apigateway-account.
func (accountType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{"CloudWatchRoleArn": {Kind: cloud.KindString}},
		PrimaryID:  []string{"Id"}, Attributes: []string{"Id"},
	}
}

// Create sets the role.
func (t accountType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	if err := t.set(c, r.Properties); err != nil {
		return cloud.Resource{}, err
	}
	id := t.s.newID(10)
	return cloud.Resource{PhysicalID: id, Attributes: map[string]any{"Id": id}}, nil
}

// Update sets the role.
func (t accountType) Update(c cloud.Caller, physicalID string, _, desired map[string]any) (cloud.Resource, error) {
	if err := t.set(c, desired); err != nil {
		return cloud.Resource{}, err
	}
	return cloud.Resource{PhysicalID: physicalID, Attributes: map[string]any{"Id": physicalID}}, nil
}

// Delete leaves the role in place.
func (accountType) Delete(cloud.Caller, string, map[string]any) error { return nil }

// Exists is false: each account has its settings from the start, which a creation changes.
func (accountType) Exists(cloud.Caller, map[string]any) (string, bool) { return "", false }

// set checks and stores the role. The refusal's text was published by users of AWS.
func (t accountType) set(c cloud.Caller, desired map[string]any) error {
	var p accountProperties
	if err := properties.Decode(desired, &p); err != nil {
		return err
	}
	if p.CloudWatchRoleArn != "" && !t.s.mayLog(c, p.CloudWatchRoleArn) {
		return badRequest("The role ARN does not have required permissions configured. " +
			"Please grant trust permission for API Gateway and add the required role policy.")
	}
	t.s.at(placeOf(c)).logRole = p.CloudWatchRoleArn
	return nil
}

// mayLog reports whether API Gateway can assume a role and write logs with it (API Gateway
// developer guide, "Permissions for CloudWatch logging").
func (s *Service) mayLog(c cloud.Caller, role string) bool {
	if s.world.RoleMay == nil {
		return true // a world without IAM
	}
	groups := "arn:aws:logs:" + c.Region + ":" + c.Account + ":log-group:*"
	for _, demand := range []cloud.Demand{
		{Action: "logs:CreateLogGroup", Resource: groups}, {Action: "logs:CreateLogStream", Resource: groups},
		{Action: "logs:DescribeLogGroups", Resource: groups}, {Action: "logs:DescribeLogStreams", Resource: groups},
		{Action: "logs:FilterLogEvents", Resource: groups},
		{Action: "logs:GetLogEvents", Resource: groups + ":log-stream:*"},
		{Action: "logs:PutLogEvents", Resource: groups + ":log-stream:*"},
	} {
		if s.world.RoleMay(role, servicePrincipal, c.Region, demand) != nil {
			return false
		}
	}
	return true
}
