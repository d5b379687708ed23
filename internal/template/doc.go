// Package template implements CloudFormation templates as values and stores entities in them.
//
// # A template as a value
//
// Decode reads a template's text, Encode writes it. What the package doesn't know (sections,
// foreign resources, big numbers, unknown attributes) is kept as raw JSON and written back
// unchanged. Encode is deterministic: equal templates have equal bytes.
//
// # Entities in a template
//
// An entity is a group of resources. A bucket is an AWS::S3::Bucket and its AWS::S3::BucketPolicy.
// A user is an AWS::IAM::User and its own AWS::IAM::Group, which carries its policies. The
// permissions of a user are compiled together into managed policies on that group. Each resource of
// Stowage has Metadata.Stowage (type OwnerMetadata): the entity it belongs to, the compiler's
// version, and the settings of its entities.
//
// The settings are stored whole, not just those that the properties can't give back. So a property
// that was edited by hand is drift of the template from its entity, never a changed setting, and
// reading an entity doesn't depend on its compiler.
//
// Compile and Parse are inverse: Parse(Compile(e)) is e without drift, for every valid entity.
//
// # Edits
//
// Edit applies changes to a template. It replaces the resources of the changed entities only;
// everything else keeps its raw JSON. It validates the end state of the batch: a bucket or user
// that still has permissions after all changes can't be deleted, a permission needs its user and
// its bucket. It returns an error per change, and the intents: what CloudFormation must find when
// it compares the new template with the stack.
//
// The stack of a hub holds no entities: one change replaces its whole template, bound to the one
// that its caller has read (replace.go).
//
// # Names
//
// Physical names and ARNs are literals. Nothing refers to another entity's resources by Ref or
// GetAtt, so the before-values in a change set are those of the template, and entities can move to
// another stack. DependsOn is used where the order matters. The only reference is the revision
// marker's: its value is the stack parameter Revision.
//
// # Several stacks
//
// A project can have several stacks. Each is parsed and edited independently. What its policies
// need of users and buckets in other stacks is stored in their owner metadata as literals (see
// shards.go); the caller provides them with each change of a permission (CrossStackRefs). The
// number of stacks is stored in the owner metadata of the project.
//
// # Secrets and stack events
//
// An access key is AWS::IAM::AccessKey, and its secret reaches AWS::SecretsManager::Secret by
// Fn::GetAtt. No template, change set or mirror holds it. But CloudFormation resolves the
// reference, and its events show resolved properties: recorded from AWS for Fn::GetAtt in
// AWS::SNS::Topic, not measured for these two types. Until it is measured, assume that the secret
// can be in the stack's events for 90 days, and in its notifications. Onboarding lets only the
// provisioner read events and only the hub subscribe to the topic; the relay keeps nothing of a
// notification but the stack's ID.
//
// Alternatives that pass no secret through CloudFormation; none is implemented:
//
//   - A custom resource in place of the key and its secret, backed by a function of onboarding. The
//     function calls iam:CreateAccessKey and secretsmanager:PutSecretValue, and returns the key's
//     ID alone. Commits stay atomic, because CloudFormation creates, deletes and rolls back the
//     key. The template stays the only model. The cost: a function to maintain in each account and
//     region, a role for it that may create keys, and another way to hang a stack: a custom
//     resource that never answers blocks it for up to an hour. Existing keys are replaced with
//     their next rotation. Choose this if a measurement shows secrets in events.
//   - Rotation by Secrets Manager, with such a function. The same cost, and the existing keys are
//     no longer in the template: their state has to be read from IAM, and a plan cannot show a
//     rotation.
//   - The provider creates the key and stores it in the stack's secret, by the APIs of IAM and
//     Secrets Manager. It needs no function. But the role needs iam:CreateAccessKey and
//     secretsmanager:PutSecretValue outside CloudFormation, and the secret passes through the
//     process of every writer. A crash in between leaves a key that no secret holds (a user may
//     have two), a rollback keeps the key, and no writer but the provider can create one: the
//     compare-and-swap of a commit does not cover it.
//
// # Versions
//
// FormatVersion is the newest shape of OwnerMetadata that this version knows; a template with a
// newer one is refused (model.NewerFormatError). Format 2 is written to the project's owner
// metadata, in its first stack, once the project has several stacks. A provider that knows only the
// first stack would consider the entities in the others deleted, and create them again; it refuses
// the whole project instead. All else is written in format 1, so that older providers still work
// with projects of one stack.
//
// CompilerVersion is the version of how entities are written as resources. Resources of a newer
// compiler are read, left alone, and not checked for drift.
//
// Fields may be added to owner metadata and settings within a format, except the revision marker's,
// which every commit rewrites. A version that doesn't know a field refuses to rewrite its resource
// (model.NewerFormatError), and leaves it alone otherwise. Owner metadata always holds its format
// as a number.
package template
