package projects

import (
	"fmt"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// ReadMode says how much a read trusts the mirror.
type ReadMode string

// The read modes.
const (
	// Verified compares the mirror with one DescribeStacks per stack and reads the templates where they disagree.
	Verified ReadMode = "verified"
	// Cached takes the mirror as it is; templates are read only when it has nothing.
	Cached ReadMode = "cached"
	// Authoritative reads the templates and leaves the mirror aside.
	Authoritative ReadMode = "authoritative"
)

// CommitError says that CloudFormation refused or rolled back the commit that held a change, with AWS's own reasons.
type CommitError struct {
	ID      model.ID
	Stack   string
	Reasons []string
	// NameTaken says that something of the same physical name exists outside of the stack.
	NameTaken bool
}

func (e *CommitError) Error() string {
	return fmt.Sprintf("the commit to the stack %s failed: %s", e.Stack, strings.Join(e.Reasons, "; "))
}

// UndeletedError says that an entity is no longer in the model, while AWS could not delete what it consisted of.
type UndeletedError struct {
	ID      model.ID
	Stack   string
	Reasons []string
}

func (e *UndeletedError) Error() string {
	return fmt.Sprintf("the %s is no longer in the stack %s, but it could not be deleted: %s", e.ID, e.Stack, strings.Join(e.Reasons, "; "))
}

// StackMissingError says that the directory has a project whose account lacks one of its stacks: the wrong account, the wrong
// region, or a stack that somebody deleted.
type StackMissingError struct {
	Project, Stack, AccountID, Region string
}

func (e *StackMissingError) Error() string {
	return fmt.Sprintf("the project %s has no stack %s in the account %s and region %s", e.Project, e.Stack, e.AccountID, e.Region)
}

// OutcomeUnknownError says that nobody knows whether a change was made: the time ran out while CloudFormation was at work
// on it. The next apply settles it.
type OutcomeUnknownError struct {
	ID    model.ID
	Stack string
	Err   error
}

func (e *OutcomeUnknownError) Error() string {
	return fmt.Sprintf("the outcome of the change of the %s in the stack %s is unknown: %v", e.ID, e.Stack, e.Err)
}

func (e *OutcomeUnknownError) Unwrap() error { return e.Err }

// NotEmptyError refuses to delete what holds data.
type NotEmptyError struct {
	ID     model.ID
	Bucket string // physical name
	Err    error
}

func (e *NotEmptyError) Error() string {
	return fmt.Sprintf("the bucket %s of the %s is not empty", e.Bucket, e.ID)
}

func (e *NotEmptyError) Unwrap() error { return e.Err }

// CollisionError refuses a project whose physical names could collide with those of another one in the same account.
type CollisionError struct{ Project, Other, AccountID string }

func (e *CollisionError) Error() string {
	return fmt.Sprintf("the projects %q and %q in the account %s could give two entities one physical name", e.Project, e.Other, e.AccountID)
}
