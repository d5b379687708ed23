// Package cloudformation simulates AWS CloudFormation as far as stacks with change sets go: the semantics on which a writer
// that keeps its model in templates stands, strict where AWS is strict.
//
// # What is modelled
//
// Stacks with all their statuses, one operation at a time; change sets of the types CREATE, UPDATE and IMPORT with their before and
// after values; rollback of template, parameters, tags, topics and resources; replacement, the clean-up phase and deletion
// policies; stack policies; termination protection; events and their SNS notifications; stale reads. Resources are
// created, changed and deleted through the resource types that the other services register with the world, in the
// order of their dependencies and in parallel where they have none. What takes time is on the world's agenda.
//
// Not modelled, and refused with SandboxNotModelled: transforms, nested stacks, exports, rules, hooks, stack sets, drift, refactoring,
// RollbackStack, DescribeEvents of stacks, dynamic references, creation and update policies, resource types that no service has registered, and
// request parameters that the table of operations doesn't list.
//
// Two simplifications: a change of stack tags makes events on the resources that take tags, but their types aren't told, as
// they learn tags at creation only; an imported resource has no attributes but its properties.
//
// # Where the rules come from
//
// A comment names each rule's source: recorded from AWS (the responses of the real service that LocalStack's tests recorded), a
// page of AWS's documentation, or reports of AWS's users. What none of these says is listed in package unproven,
// and the comment names the entry.
//
// # Reading the code
//
//   - service.go: the table of operations.
//   - stacks.go, changeset.go, imports.go, policy.go: what changes things. describe.go, events.go: what only reads.
//   - template.go, yaml.go, intrinsics.go, validate.go: templates.
//   - diff.go: what a change set says. It looks at the stack as it stands, so that a caller with an outdated template sees (or could
//     see) what he would revert.
//   - findings.go: the validation before deployment, and DescribeEvents that tells what it found.
//   - operation.go: deployment, as steps on the agenda. rollback.go: the way back, and deletions.
//   - notify.go: stack notifications.
package cloudformation
