// Package unchanged answers Terraform's calls for objects that do not change, without the plugin
// framework.
//
// Nearly all objects of a plan do not change. The framework spends about 4 ms of CPU on each: it
// converts every value several times, by reflection, and walks the schema for every attribute. This
// package decodes Terraform's data directly into the object's Go model, makes the same decisions,
// and returns the same data if the decisions change nothing.
//
// # The contract
//
// A method of Answers returns the framework's response, or nil to leave the call to the framework.
// Nil is always correct; only a wrong answer is a defect. So each method declines what it does not
// know:
//
//   - types of resources that do not implement Object, or whose schema, metadata or interfaces
//     contain anything that New does not know: see Unsupported. The provider's tests fail if one of
//     its own resources is unsupported;
//   - values that are not in Terraform's encoding of the schema: another encoding, unknown
//     attributes, fractions;
//   - an unknown value, except in a configuration to validate;
//   - provider metadata, and keys of the framework in the private state;
//   - decisions that return an error or a warning, or that change anything.
//
// # Why the answers are the framework's
//
//   - UpgradeResourceState of the current schema version: the framework parses the JSON, without
//     calling the resource, and encodes it as MessagePack. So does this package, if the JSON
//     contains attributes of the schema only.
//   - ReadResource: the framework returns the state after the resource's Read. Read decides by
//     Object.ReadModel; if that does not change the model, the state is the one that Terraform
//     sent.
//   - PlanResourceChange: the framework replaces null arguments by their defaults, marks computed
//     attributes as unknown if the result differs from the prior state, runs plan modifiers, and
//     calls the resource's ModifyPlan. Here the result must not differ, there are no plan
//     modifiers, and ModifyPlan decides by Object.PlanModel, which must leave the prior state. For
//     a plan to destroy, the framework returns null after ModifyPlan, which decides by
//     Object.PlanDestroyModel.
//   - ValidateResourceConfig: the framework checks required and read-only attributes, runs the
//     validators, and calls the resource's ValidateConfig, which decides by Object.ValidateModel.
//     None of them may return a diagnostic.
//   - Private state is decoded, passed to the decisions, and encoded as the framework does.
//     Identities are the prior ones, or those of Object.IdentityOf.
//
// Both ways thus call the same decision functions. Tests compare both on generated values, and on
// every call of the acceptance tests (package comparison).
//
// A decision may be made twice per call: here, and by the framework after this package declined.
// Once therefore guards everything that calls AWS, or that must not happen twice.
package unchanged
