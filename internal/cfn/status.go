package cfn

import (
	"slices"
	"strings"
)

// The statuses of stacks that Stowage uses (CloudFormation user guide, view-stack-events, stack
// status codes).
const (
	ReviewInProgress       = "REVIEW_IN_PROGRESS" // created by a change set that was not executed
	CreateComplete         = "CREATE_COMPLETE"
	CreateFailed           = "CREATE_FAILED"
	RollbackComplete       = "ROLLBACK_COMPLETE" // the first creation failed: the stack can only be deleted
	RollbackFailed         = "ROLLBACK_FAILED"
	UpdateComplete         = "UPDATE_COMPLETE"
	UpdateFailed           = "UPDATE_FAILED"
	UpdateRollbackComplete = "UPDATE_ROLLBACK_COMPLETE"
	UpdateRollbackFailed   = "UPDATE_ROLLBACK_FAILED" // the rollback can only be continued
	DeleteInProgress       = "DELETE_IN_PROGRESS"
	DeleteFailed           = "DELETE_FAILED"
	DeleteComplete         = "DELETE_COMPLETE" // the stack's ID is never used again
	ImportComplete         = "IMPORT_COMPLETE"
	ImportRollbackComplete = "IMPORT_ROLLBACK_COMPLETE"
)

// StackType is the resource type of events about the stack itself.
const StackType = "AWS::CloudFormation::Stack"

// stable are the statuses in which no operation is running, CloudFormation accepts a change set,
// and the template is that of the stack. They exclude RollbackComplete: after a failed first
// creation only the empty stack is left.
var stable = []string{CreateComplete, UpdateComplete, UpdateRollbackComplete, ImportComplete, ImportRollbackComplete}

// Stable reports whether a stack with this status can be updated, and its template describes its
// contents.
func Stable(status string) bool { return slices.Contains(stable, status) }

// InProgress reports whether an operation is running that ends automatically. It is not the
// opposite of Stable: a stuck stack may require manual intervention.
func InProgress(status string) bool { return strings.HasSuffix(status, "_IN_PROGRESS") }

// CleaningUp reports whether an update has succeeded or was rolled back, and only replaced
// resources are being deleted.
func CleaningUp(status string) bool { return strings.HasSuffix(status, "_CLEANUP_IN_PROGRESS") }

// Failed reports whether an operation is stuck, or the change of a resource failed.
func Failed(status string) bool { return strings.HasSuffix(status, "_FAILED") }

// Complete reports whether an operation has ended, including by a rollback.
func Complete(status string) bool { return strings.HasSuffix(status, "_COMPLETE") }

// Succeeded reports whether an operation has succeeded.
func Succeeded(status string) bool { return Complete(status) && !RolledBack(status) }

// RolledBack reports whether an operation is being or was rolled back.
func RolledBack(status string) bool { return strings.Contains(status, "ROLLBACK") }
