// Package entity implements what all Terraform objects of the provider share, the envelope. It
// knows Terraform and the model, and nothing of AWS.
//
// # An object
//
// An object package (such as provider/projectbucket) combines a model of its schema, the schema,
// and three callbacks in an Object. The callbacks never see a request or a response:
//
//   - Entity converts the model to the entity in the template;
//   - Plan sets the computed attributes that are known before the apply;
//   - FromEntity sets the attributes from the entity and its project.
//
// # Parts
//
// Resource translates Terraform's requests. Its parts do the work: validator, planner, reader and
// writer, and conversion, which the others use to convert between a model and its entity. Object
// itself knows what follows from the description alone: names, identities and diagnostics.
//
// # What the envelope adds
//
//   - The attributes id and drift, timeouts if the model embeds Timed, and tags and tags_all if it
//     embeds Tagged.
//   - Identity and import ID, both made of the attributes in Object.Identity: acme/inbox. The first
//     is the project.
//   - Replacement: a change of the identity, or of an attribute in Object.Replaces.
//   - Validation: the problems of model.Entity.Problems are reported on their attributes, for known
//     values while validating, and for the planned values, with default tags, while planning.
//   - One path for create and update. The state is what was written; a write with unknown outcome
//     sets no state.
//   - Read: an entity leaves the state if its project does not hold it, or if the directory does
//     not know the project. Every other failure is an error, since "not found" makes Terraform
//     create everything again.
//   - Drift: Read shows what was changed in the template by hand. Every plan sets drift to null, so
//     the next apply restores the entity's resources.
//   - State upgrades from every earlier schema version, in upgrade.go.
//   - Diagnostics: one constructor per failure, in diagnostics.go.
//
// # What a plan refuses
//
// A plan refuses only what is certain to fail: an invalid entity, moving a project with entities to
// another account or region, adding or removing object lock. The plan does not know whether a
// bucket is empty: it warns about a replacement, and Delete refuses before any change. A parent
// that is missing while planning may be created by the same apply, and existing dependents may be
// deleted by it.
package entity
