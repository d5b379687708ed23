// Package cloudformation simulates AWS CloudFormation's stacks with change sets. It follows the
// semantics on which a writer with its model in templates depends, and is strict where AWS is
// strict.
//
// # What is modelled
//
// Stacks with all their statuses, one operation at a time; change sets of the types CREATE, UPDATE
// and IMPORT with their before and after values; rollback of template, parameters, tags, topics and
// resources; replacement, the clean-up phase and deletion policies; stack policies; termination
// protection; events and their SNS notifications; stale reads. The other services register their
// resource types with the world. Resources are created, changed and deleted in the order of their
// dependencies, and in parallel without any. The world's agenda schedules what takes time.
//
// Not modelled, and refused with SandboxNotModelled: transforms, nested stacks, exports, rules,
// hooks, stack sets, refactoring, RollbackStack, DescribeEvents of stacks, dynamic
// references to anything but a whole secret, creation and update policies, resource types that no
// service has registered, and request parameters that are not in the table of operations.
//
// Three simplifications: a change of stack tags causes events of taggable resources without calls of
// their types, which receive tags only at creation; an imported resource has no attributes except
// its properties; a policy that is attached by one resource of a stack is drift of another that
// lists policies, or entities, too.
//
// # Sources of the rules
//
// A comment names each rule's source: recorded from AWS (responses of AWS that LocalStack's tests
// recorded), a page of AWS's documentation, or reports of AWS's users. Rules without one are listed
// in package unproven, and the comment names the entry.
//
// # Reading the code
//
//   - service.go: the table of operations.
//   - stacks.go: stacks. lifecycle.go, changeset.go, imports.go, policy.go: write operations.
//     describe.go, changeset_describe.go, events.go: read operations.
//   - template.go, yaml.go, validate.go: templates. intrinsics.go, conditions.go, references.go:
//     intrinsic functions, conditions, and what a value refers to.
//   - diff.go: the content of a change set. It uses the current stack, so that a caller with an
//     outdated template sees (or could see) what it would revert.
//   - findings.go: the validation before deployment, and DescribeEvents with its findings.
//   - operation.go, reconcile.go, failure.go, values.go: deployment, as steps on the agenda.
//     rollback.go: rollbacks and deletions.
//   - notify.go: stack notifications.
//   - drift.go, drift_types.go, drift_compare.go, drift_describe.go: drift detection.
//   - revert.go: drift-aware change sets.
package cloudformation
