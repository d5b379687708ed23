// Package entity is the envelope around every Terraform object of the provider. It knows Terraform and the model, and nothing
// of AWS.
//
// # An object
//
// An object package (such as provider/projectbucket) holds a model of its schema, the schema, and three callbacks over the
// model, put together in an Object. The callbacks never see a request or a response:
//
//   - Entity turns the model into the entity that the template holds;
//   - Plan sets the computed attributes that are known before the apply;
//   - Fill sets the attributes that the entity, and the project around it, tell.
//
// # What the envelope adds
//
//   - The attributes id and drift, timeouts if the model embeds Timed, and tags and tags_all if it embeds Tagged.
//   - Identity and import id, both made of the attributes in Object.Identity: acme/inbox. Their first is the project.
//   - Replacement: a change of the identity, or of an attribute in Object.Replaces.
//   - Validation: what model.Entity.Problems finds is reported on the attribute, of known values while validating, and of the
//     planned values, default tags included, while planning.
//   - One path for create and update. What was written is what goes to the state; a write whose outcome isn't known writes no
//     state.
//   - Read: an entity that its project doesn't hold any more leaves the state; so do the entities of a project that the
//     directory doesn't know. Every other failure is an error, since "not found" makes Terraform create everything again.
//   - Drift: Read shows what was changed in the template by hand. Every plan sets drift to null, so the next apply restores
//     the entity's resources.
//   - State upgrades from every earlier schema version, in upgrade.go.
//   - Diagnostics: one constructor per failure, in diagnostics.go.
//
// # What a plan refuses
//
// A plan refuses only what is certain to fail: an entity that is invalid by itself, moving a project that holds entities to
// another account or region, taking away or adding object lock. That a bucket isn't empty is not known while planning: a plan
// that replaces a bucket warns, and Delete refuses before any change. A parent that is missing while planning may come with
// the same apply, and dependents that are there may go with it.
package entity
