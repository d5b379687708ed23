// Package judge checks templates with cfn-lint, checkov, the controls of AWS's Foundational
// Security Best Practices and the common scanners (Controls), and the grammar of IAM policies. It
// is test equipment.
//
// Corpus produces the templates: those of the golden files and the examples, the directory,
// templates in repair and recovery, a full stack, a second stack of a project, a user with many
// permissions, permissions without their bucket, and drawn ones, in several partitions. Equal seeds
// give equal templates. cfn-lint and checkov also check the template that prepares accounts
// (examples/onboarding).
//
// HubCorpus produces the templates of hubs, which the same programs and controls check. Nothing
// deploys them yet.
//
// exceptions.txt lists the accepted findings, each with its reason. An unlisted finding fails, and
// so does an unused exception. A test compares the list with the guide "Hardening and accepted
// findings". Settings outside templates (the account's own settings, MFA delete, trails) are not
// checked.
//
// The rights of the role that changes stacks are compared with those that the handlers of the
// corpus's resource types require to create, read, update and delete, according to the schemas of
// cfn-lint. rights.txt lists the rights that the role lacks on purpose, each with its reason. Every
// action must be allowed on resources that it accepts, according to the service authorization
// reference of cfn-lint.
//
//	make lint-templates
package judge
