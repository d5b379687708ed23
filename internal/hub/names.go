package hub

import (
	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Place is the account and region of a hub.
type Place struct{ AccountID, Region, Partition string }

// arn returns an ARN in the hub's account and region.
func (p Place) arn(service, resource string) string {
	return "arn:" + p.Partition + ":" + service + ":" + p.Region + ":" + p.AccountID + ":" + resource
}

func (p Place) roleARN(name string) string {
	return "arn:" + p.Partition + ":iam::" + p.AccountID + ":role/" + name
}

// host returns the name of a service in the region, under which it also acts for others.
func (p Place) host(service string) string {
	return service + "." + p.Region + "." + cfn.DNSSuffix(p.Partition)
}

// StackName returns the name of a hub's stack.
func StackName(hub string) string { return "stowage-hub-" + hub }

// TableName returns the name of a hub's table.
func TableName(hub string) string { return StackName(hub) }

// BusName returns the name of a hub's event bus.
func BusName(hub string) string { return StackName(hub) }

// ParameterName returns the name of the SSM parameter with the settings for a hub's clients.
func ParameterName(hub string) string { return "/stowage/hub/" + hub }

// RevisionName returns the name of the SSM parameter that counts the commits of a hub's stack.
func RevisionName(hub string) string { return ParameterName(hub) + "/revision" }

// ArtifactBucket returns the name of the bucket for the relay's packages.
func ArtifactBucket(hub string, at Place) string {
	return model.HubBucketName(hub, at.AccountID, at.Region)
}

// BusARN returns the ARN of a hub's event bus.
func BusARN(hub string, at Place) string { return at.arn("events", "event-bus/"+BusName(hub)) }

// OperatorARN returns the ARN of the role that applies.
func OperatorARN(hub string, at Place) string { return at.roleARN(roleName("Operator", hub, at)) }

// PlannerARN returns the ARN of the role that only plans.
func PlannerARN(hub string, at Place) string { return at.roleARN(roleName("Planner", hub, at)) }

func roleName(kind, hub string, at Place) string {
	return "Stowage" + kind + "-" + hub + "-" + at.Region
}

func functionName(hub string) string { return StackName(hub) + "-relay" }
func queueName(hub string) string    { return StackName(hub) + "-dead-letters" }

// logName returns the name of a log group of a hub.
func logName(hub, of string) string { return "/stowage/hub/" + hub + "/" + of }

// The names of the rules: on the hub's bus, and on the default bus of its account.
func changesRule(hub string) string { return StackName(hub) }
func ownRule(hub string) string     { return StackName(hub) + "-own" }
func sweepRule(hub string) string   { return StackName(hub) + "-sweep" }

// Roles in the accounts of projects, which onboarding makes (examples/onboarding).
const (
	provisionerRole = "StowageProvisioner"
	readerRole      = "StowageReader"
)

// directoryStack is the stack that lists the projects. The provider makes it in the hub account.
const directoryStack = "stowage-directory"
