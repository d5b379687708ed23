// Package template treats a CloudFormation template as a value, and as the place where entities live.
//
// # A template as a value
//
// Decode reads a template's text, Encode writes it. What the package doesn't know (sections, resources that others made,
// big numbers, unknown attributes) is kept as the raw JSON that it was and goes back unchanged. Encode is deterministic:
// equal templates have equal bytes.
//
// # Entities in a template
//
// An entity is a group of resources: a bucket is an AWS::S3::Bucket and its AWS::S3::BucketPolicy, a user is an
// AWS::IAM::User and the AWS::IAM::Group of its own that carries its policies, the permissions of a user are compiled
// together into managed policies on that group. Each resource that we make carries Metadata.Stowage (type Mark), which says
// what it belongs to, who compiled it, and the settings of its entities.
//
// The settings are kept whole, not just those that the properties can't give back: so a property that somebody changed by
// hand is seen as a deviation of the template from its entity and never as a changed setting, and reading an entity doesn't
// depend on how its compiler happened to spell it.
//
// Compile and Parse are inverse: Parse(Compile(e)) is e without deviations, for every valid entity.
//
// # Edits
//
// Edit puts changes into a template. It replaces the resources of the changed entities only; everything else keeps its
// raw JSON. It judges the batch by its end state: a bucket or user that still has permissions when all changes are in can't
// go, a permission needs its user and its bucket. It says per change what is wrong, and returns the intents: what
// CloudFormation has to find when it compares the new template with the stack.
//
// # Names
//
// Physical names and ARNs are literals. Nothing refers to another entity's resources by Ref or GetAtt, so the before-values
// in a change set are the ones that stand in the template, and entities can move to another stack. DependsOn is used where
// the order matters. The only reference is the carrier's: its value is the stack parameter Revision.
//
// # Several stacks
//
// A project can have several stacks, each of which is parsed and edited by itself. What its policies say of users and buckets in
// other stacks stands in their marks as literals (see shards.go); whoever changes a permission brings them along (Elsewhere).
// The number of stacks stands in the mark of the project.
//
// # Secrets and stack events
//
// An access key is AWS::IAM::AccessKey, and its secret reaches AWS::SecretsManager::Secret by Fn::GetAtt. No template, change set or
// mirror holds it. But CloudFormation resolves the reference, and its events show resolved properties: recorded from AWS for
// Fn::GetAtt in AWS::SNS::Topic, not measured for these two types. The secret can therefore be in the stack's events for 90 days, and
// in its notifications. Until it is measured this is assumed. Onboarding lets only the provisioner read events and only the
// hub subscribe to the topic; the relay keeps nothing of a notification but the stack's id.
//
// Ways that pass no secret through CloudFormation, of which none is built:
//
//   - A custom resource in place of the key and its secret, served by a function of onboarding. The function calls
//     iam:CreateAccessKey and secretsmanager:PutSecretValue, and answers with the key's id alone. Commits stay all or
//     nothing, because CloudFormation creates, deletes and rolls back the key. The template stays the only model. It costs a function
//     in each account and region, which has to be updated, a role for it that may create keys, and one more thing that can hang a stack: a
//     custom resource that never answers blocks it for up to an hour. Existing keys are replaced with their next rotation. This is
//     the way to take if a measurement shows secrets in events.
//   - Rotation by Secrets Manager, with such a function. The same cost, and the keys that exist are no longer in the template: their
//     state has to be read from IAM, and a plan cannot show a rotation.
//   - The provider creates the key and stores it in the stack's secret, by the APIs of IAM and Secrets Manager. It needs no function. But
//     the role needs iam:CreateAccessKey and secretsmanager:PutSecretValue outside CloudFormation, the secret passes through the
//     process of every writer, a crash in between leaves a key that no secret holds (a user may have two), a rollback does not
//     take a key back, and no writer but the provider can make one: the compare-and-swap of a commit does not cover it.
//
// # Versions
//
// FormatVersion is the newest shape of Mark that this version knows; a template with a newer one is refused (model.NewerFormatError).
// Format 2 stands on the project's mark, in its first stack, once the project has more than one stack: a provider that knows only the first
// would take what lives in the others for deleted, and create it again. It refuses the whole project instead. All else is
// written in format 1, so that older providers go on working with projects of one stack. CompilerVersion is how
// entities are spelled as resources; resources of a newer compiler are read, left alone, and not judged for deviations.
// Fields may be added to marks and settings within a format, but for the carrier's, which every commit writes anew: who doesn't know them
// refuses to write their resource again (model.NewerFormatError), and leaves it alone otherwise. A mark always says its format
// as a number, whatever else it holds.
package template
