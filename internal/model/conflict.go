package model

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Conflict is the kind of state that forbids a change.
type Conflict string

const (
	// ConflictExists means that an entity to create exists: Origin is that of the existing one.
	ConflictExists Conflict = "exists"
	// ConflictDuplicate means that another change creates the same entity at the same time.
	ConflictDuplicate Conflict = "duplicate"
	// ConflictOwner means that the entity has another incarnation than the caller's: it was created
	// again or taken over.
	ConflictOwner Conflict = "owner"
	// ConflictAwaitsDeletion means that another change of the batch deletes the entity. The
	// creation is repeated once the deletion is committed.
	ConflictAwaitsDeletion Conflict = "awaits deletion"
	// ConflictBucketName means that the S3 bucket with the physical name, Bucket, is another one of
	// the project: the entity By's, or one of the project's own with By the project.
	ConflictBucketName Conflict = "bucket name"
	// ConflictBucketKept means that the S3 bucket with the physical name, Bucket, is in the account
	// and in no stack: a deletion retained it, or it was created without Stowage.
	ConflictBucketKept Conflict = "bucket kept"
	// ConflictInUse means that other entities, By, still need the entity.
	ConflictInUse Conflict = "in use"
	// ConflictServerInUse means that users, By, still need the project's SFTP server.
	ConflictServerInUse Conflict = "server in use"
	// ConflictKeys means that another writer changed the access keys of the user.
	ConflictKeys Conflict = "keys"
	// ConflictClosing means that the project is being deleted.
	ConflictClosing Conflict = "closing"
	// ConflictStackAdded means that the project has more stacks than the caller knew.
	ConflictStackAdded Conflict = "stack added"
	// ConflictStackChanged means that a stack changed after it was read.
	ConflictStackChanged Conflict = "stack changed"
)

// ConflictError is returned when the current state of a project forbids a change. Nothing was
// changed. Fields that the kind does not need are empty.
type ConflictError struct {
	Kind    Conflict
	Project string
	ID      ID     // the entity to change
	By      []ID   // the entities that forbid it
	Origin  string // of the configuration that created the existing entity
	Bucket  string // physical name of a bucket
	// Held is the incarnation of the caller, and Present the one in the template.
	Held, Present string
	Stack         string
	Stacks        int // that the project has
}

// IsConflict reports whether err is a ConflictError of one of the kinds.
func IsConflict(err error, kinds ...Conflict) bool {
	var conflict *ConflictError
	return errors.As(err, &conflict) && slices.Contains(kinds, conflict.Kind)
}

func (e *ConflictError) Error() string {
	switch e.Kind {
	case ConflictExists:
		return fmt.Sprintf("the %s exists already", e.ID)
	case ConflictDuplicate:
		return fmt.Sprintf("the %s is created twice at the same time", e.ID)
	case ConflictOwner:
		return fmt.Sprintf(
			"the %s is another incarnation: %s, not %s", e.ID, quoteIncarnation(e.Present), quoteIncarnation(e.Held),
		)
	case ConflictAwaitsDeletion:
		return fmt.Sprintf("the %s is created once its deletion is committed", e.ID)
	case ConflictBucketName:
		return fmt.Sprintf("the S3 bucket %s of the %s is that of the %s already", e.Bucket, e.ID, namesOf(e.By))
	case ConflictBucketKept:
		return fmt.Sprintf("the S3 bucket %s of the %s is in the account already", e.Bucket, e.ID)
	case ConflictInUse:
		return fmt.Sprintf("the %s is still needed by: %s", e.ID, namesOf(e.By))
	case ConflictServerInUse:
		return fmt.Sprintf("the SFTP server of the project %s is still needed by: %s", e.Project, namesOf(e.By))
	case ConflictKeys:
		return fmt.Sprintf("another writer changed the access keys of the %s", e.ID)
	case ConflictClosing:
		return fmt.Sprintf("the project %s is being deleted", e.Project)
	case ConflictStackAdded:
		return fmt.Sprintf("the project %s has %d stacks by now", e.Project, e.Stacks)
	case ConflictStackChanged:
		return fmt.Sprintf("the stack %s has changed since it was read", e.Stack)
	}
	return string(e.Kind)
}

// quoteIncarnation formats an incarnation for a log.
func quoteIncarnation(incarnation string) string {
	if incarnation == "" {
		return "one without a name"
	}
	return incarnation
}

// Explain implements Explainer.
func (e *ConflictError) Explain() Explanation {
	explanation := e.explain()
	explanation.Changed = ChangedNothing
	return explanation
}

func (e *ConflictError) explain() Explanation {
	switch e.Kind {
	case ConflictExists:
		return e.explainExists()
	case ConflictDuplicate:
		return Explanation{
			Attribute: AttributeName,
			Cause:     "Another resource of this run manages it, too.",
			Remedy:    "Rename or remove one of the two resources: a name identifies one object in a project.",
		}
	case ConflictOwner:
		return e.explainOwner()
	case ConflictAwaitsDeletion:
		return Explanation{Cause: "Another resource of this run deletes it at the same time.", Remedy: "Apply again."}
	case ConflictBucketName:
		return e.explainBucketName()
	case ConflictBucketKept:
		return e.explainBucketKept()
	case ConflictInUse:
		return e.explainInUse()
	case ConflictServerInUse:
		return Explanation{
			Attribute: "sftp",
			Cause:     fmt.Sprintf("Users still have SFTP: %s.", firstOf(e.By)),
			Remedy:    "First apply without sftp in these users, then remove the server: Terraform changes the project before its users.",
		}
	case ConflictKeys:
		return Explanation{
			Attribute: "access_key",
			Cause:     "Another writer changed its access keys after the plan was made.",
			Remedy:    "Run plan again: it shows the current keys and how they will change.",
		}
	case ConflictClosing:
		return Explanation{
			Cause:  fmt.Sprintf("The project %q is being deleted and accepts no changes.", e.Project),
			Remedy: "Finish the deletion by applying again where it was started; then create the project again if it is still wanted.",
		}
	case ConflictStackAdded:
		return Explanation{
			Cause:  fmt.Sprintf("The project %q was given another stack in the meantime: it has %d now.", e.Project, e.Stacks),
			Remedy: "Apply again.",
		}
	case ConflictStackChanged:
		return Explanation{
			Cause:  fmt.Sprintf("The stack %s has changed since it was read.", e.Stack),
			Remedy: "Apply again.",
		}
	}
	return Explanation{}
}

func (e *ConflictError) explainExists() Explanation {
	cause := "It exists already, and no configuration's origin is recorded for it."
	if e.Origin != "" {
		cause = fmt.Sprintf("It exists already. A configuration with the origin %q created it.", e.Origin)
	}
	return Explanation{
		Attribute:  AttributeName,
		Cause:      cause + " An object that an interrupted run created is taken over only if its settings and its origin are the same.",
		Importable: true,
		Remedy:     "Otherwise, choose another name.",
	}
}

func (e *ConflictError) explainBucketName() Explanation {
	whose := "one of the project's own buckets"
	if len(e.By) > 0 && e.By[0].Kind == KindBucket {
		whose = fmt.Sprintf("the bucket %q of this project", e.By[0].Name)
	}
	return Explanation{
		Attribute: "bucket_name",
		Cause:     fmt.Sprintf("The S3 bucket %s exists already: it is %s.", e.Bucket, whose),
		Remedy:    "Set another bucket_name, or leave it out: then the bucket gets a name of its own.",
	}
}

func (e *ConflictError) explainBucketKept() Explanation {
	return Explanation{
		Attribute: "bucket_name",
		Cause: fmt.Sprintf("The S3 bucket %s exists already in this account, and no stack manages it: "+
			"it was retained when it was deleted with on_delete = %q, or it was made without Stowage.", e.Bucket, Retain),
		Remedy: fmt.Sprintf(
			"To manage it, with its data, import it:\n\n  import {\n    to = stowage_project_bucket.NAME\n    id = %q\n  }\n\n"+
				"Otherwise set another bucket_name.",
			e.Project+"/"+e.ID.Name+"/"+e.Bucket,
		),
	}
}

// resourceTypes are the types of the resources that manage entities.
var resourceTypes = map[Kind]string{
	KindProject:    "stowage_project",
	KindBucket:     "stowage_project_bucket",
	KindUser:       "stowage_project_user",
	KindPermission: "stowage_user_permission",
}

// explainInUse explains how to delete and how to replace the entity, as the provider does not know
// which of the two Terraform is doing.
func (e *ConflictError) explainInUse() Explanation {
	var types []string
	for _, id := range e.By {
		if !slices.Contains(types, resourceTypes[id.Kind]) {
			types = append(types, resourceTypes[id.Kind])
		}
	}
	slices.Sort(types)
	return Explanation{
		Cause: fmt.Sprintf("It is still needed by: %s.", firstOf(e.By)),
		Remedy: fmt.Sprintf(
			"To delete it, remove these first. If they are in this configuration, refer to this object's name in them, "+
				"so that Terraform knows the order; if not, another configuration or person manages them.\n\n"+
				"To replace it, replace these in the same run: add -replace=ADDRESS for each of them (%s), "+
				"or add lifecycle { replace_triggered_by = [%s.<NAME>] } to their resources.",
			strings.Join(types, ", "),
			resourceTypes[e.ID.Kind],
		),
	}
}

func (e *ConflictError) explainOwner() Explanation {
	cause := "Another resource manages it: it was created again or taken over since this resource created it"
	if e.Origin != "" {
		cause += fmt.Sprintf(", by a configuration with the origin %q", e.Origin)
	}
	return Explanation{
		Cause: fmt.Sprintf("%s. Its incarnation is %q, and this resource holds %q.", cause, e.Present, e.Held),
		Remedy: "Remove this resource from the configuration: destroying it only removes it from the state. " +
			"If it is the one that should manage the object, remove it from the state (terraform state rm) and import it again.",
	}
}

// mostNames is the maximum number of entities named in a text.
const mostNames = 10

// firstOf returns the names of the first entities.
func firstOf(ids []ID) string {
	if len(ids) <= mostNames {
		return namesOf(ids)
	}
	return fmt.Sprintf("%s, and %d more", namesOf(ids[:mostNames]), len(ids)-mostNames)
}

func namesOf(ids []ID) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = id.String()
	}
	return strings.Join(names, ", ")
}
