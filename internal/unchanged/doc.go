// Package unchanged answers Terraform's questions about objects that do not change, without the plugin framework.
//
// Nearly all objects of a plan do not change. The framework spends some 4 ms of CPU on each of them: it converts every value
// several times, by reflection, and walks the schema for every attribute. This package decodes what Terraform sent directly into
// the object's Go model, makes the same decisions, and returns what Terraform sent if the decisions change nothing.
//
// # The contract
//
// A method of Answers returns the response that the framework would return, or nil. Nil means: ask the framework. Nil is always
// correct; only a wrong answer is a defect. So each method declines whatever it does not know:
//
//   - types of resources that do not implement Object, or whose schema, metadata or interfaces hold anything that New does not
//     know: see Unsupported. The provider's tests fail when one of its own resources is among them;
//   - values that are not encoded as Terraform encodes values of the schema: another encoding, unknown attributes, fractions;
//   - an unknown value in anything but a configuration to validate;
//   - provider metadata, and keys of the framework in the private state;
//   - decisions that have anything to say, be it an error or a warning, or that change anything.
//
// # Why the answers are the framework's
//
//   - UpgradeResourceState of the current schema version: the framework parses the JSON, without asking the resource, and
//     encodes it as MessagePack. So does this package, if the JSON holds attributes of the schema only.
//   - ReadResource: the framework returns what the resource's Read left in the state. Read decides by Object.ReadModel; if that
//     leaves the model as it was, the state is the one that Terraform sent.
//   - PlanResourceChange: the framework replaces null arguments by their defaults, marks computed attributes as unknown if the
//     result differs from the prior state, runs plan modifiers, and asks the resource's ModifyPlan. Here the result must not
//     differ, there are no plan modifiers, and ModifyPlan decides by Object.PlanModel, which must leave the prior state. Of a
//     plan to destroy, the framework returns null after it asked ModifyPlan, which decides by Object.PlanDestroyModel.
//   - ValidateResourceConfig: the framework checks required and read-only attributes, runs the validators, and asks the
//     resource's ValidateConfig, which decides by Object.ValidateModel. All of them must have nothing to say.
//   - Private state is decoded, handed to the decisions, and encoded as the framework does. Identities are the prior ones, or made
//     by Object.IdentityOf.
//
// The decisions are therefore the same functions in both ways, and only the way to them differs. Tests compare both on generated
// values, and on every call of the acceptance tests (package comparison).
//
// A decision may be made twice for one call: here, and by the framework after this package declined. What costs calls of AWS, or has
// effects that count how often it is made, is therefore done by Once.
package unchanged
