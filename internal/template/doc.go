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
