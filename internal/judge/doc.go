// Package judge has templates judged: by cfn-lint, by checkov, by what AWS's Foundational Security Best Practices and the common
// scanners ask of each resource (Controls), and by the grammar of IAM policies. It is test equipment.
//
// Corpus makes the templates: those of the golden files and of the examples, the directory, templates that are being healed and
// restored, a full stack, a second stack of a project, a user with many permissions, permissions whose bucket is gone, and drawn
// ones, in several partitions. Equal seeds make equal templates. The template that prepares accounts (examples/onboarding) is judged by
// cfn-lint and checkov beside them.
//
// exceptions.txt lists the findings that are accepted, each with its reason. A finding that is not listed fails, and so does an
// exception that no template needs. The guide "Hardening and accepted findings" has the same list; a test compares them. What concerns no template (the account's own settings, MFA delete, trails) isn't judged.
//
// The rights of the role that changes stacks are compared with what the handlers of the corpus's resource types ask for when they
// create, read, update and delete, by the schemas that are installed with cfn-lint. rights.txt lists what the role does without,
// each with its reason. Every action must be allowed on resources that it takes, by the service authorization reference that is
// installed with cfn-lint, too.
//
//	make judge
package judge
