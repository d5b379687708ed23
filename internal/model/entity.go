package model

import (
	"cmp"
	"strings"
)

// Kind is the kind of an entity.
type Kind string

// The kinds of entities.
const (
	KindProject    Kind = "project"
	KindBucket     Kind = "bucket"
	KindUser       Kind = "user"
	KindPermission Kind = "permission"
	// KindDirectoryEntry is a project's entry in the hub's directory of projects.
	KindDirectoryEntry Kind = "listing"
)

// ID identifies an entity within its project: a kind and a name that is unique in it.
type ID struct {
	Kind Kind   `json:"kind"`
	Name string `json:"name"`
}

// String returns the id for users: "bucket inbox".
func (id ID) String() string { return string(id.Kind) + " " + id.Name }

// Compare orders ids by kind, then name.
func (id ID) Compare(other ID) int {
	return cmp.Or(cmp.Compare(id.Kind, other.Kind), strings.Compare(id.Name, other.Name))
}

// Entity is a Project, Bucket, User, Permission or DirectoryEntry.
type Entity interface {
	// ID is the entity's identity.
	ID() ID
	// Problems lists what makes the entity invalid on its own; empty if it is valid.
	Problems() []Problem
}

// Problem describes what is wrong with one field of an entity.
type Problem struct {
	Field  string // the field's JSON name; nested fields with dots: lifecycle.expire_after_days
	Reason string // a sentence without a full stop, for the author of the value
}

// Quotable reports whether an error about a field may be on its attribute. Terraform 1.17 quotes
// the attribute's line there, which may hold a private key by mistake.
func Quotable(field string) bool { return field != publicKeysField }

// DependsOn returns the other fields that decide whether a field's value is a problem. While they
// are unknown, the field cannot be checked.
func DependsOn(field string) []string {
	return map[string][]string{
		"access_key.rotation.overlap_days": {"access_key.rotation.every_days"},
		"allow_delete":                     {"access"},
		"object_lock":                      {"versioning"},
		"secret_readers":                   {"access_key"},
	}[field]
}

// OnDelete decides what happens to an entity's data when the entity is deleted.
type OnDelete string

// What deleting a bucket or a project does with its data.
const (
	// Refuse makes the deletion fail while there is data.
	Refuse OnDelete = "refuse"
	// Retain keeps the data in the account, outside the model.
	Retain OnDelete = "retain"
	// Empty deletes the data.
	Empty OnDelete = "empty"
)

func (o OnDelete) problem(field string) []Problem {
	switch o {
	case Refuse, Retain, Empty:
		return nil
	default:
		return []Problem{{field, `must be "refuse", "retain" or "empty"`}}
	}
}

// Project is a project's own settings. They are in its first stack, with the resources that all
// buckets share: the encryption key, the log bucket and the template bucket.
type Project struct {
	Name      string   `json:"name"`
	AccountID string   `json:"account_id"`
	Region    string   `json:"region"`
	RoleName  string   `json:"role_name,omitempty"` // role assumed in the account; "" for the caller's own credentials
	OnDelete  OnDelete `json:"on_delete"`
	// SFTP enables the project's SFTP server, which costs money while it exists. Partners use its
	// address, which a new server would not keep.
	SFTP bool              `json:"sftp,omitempty"`
	Tags map[string]string `json:"tags,omitempty"`
	// Closing is set by the first commit of a deletion. Every other commit refuses a closing
	// project.
	Closing bool `json:"closing,omitempty"`
}

// ID implements Entity.
func (p Project) ID() ID { return ID{KindProject, p.Name} }

// Problems implements Entity.
func (p Project) Problems() []Problem {
	problems := nameProblems("name", p.Name, projectName)
	if !IsAccountID(p.AccountID) {
		problems = append(problems, Problem{"account_id", "must be the 12 digits of an AWS account"})
	}
	if !isRegion(p.Region) {
		problems = append(problems, Problem{"region", "must be the code of an AWS region, such as eu-west-1"})
	}
	if p.RoleName != "" && !IsRoleName(p.RoleName) {
		problems = append(problems, Problem{"role_name", "must be the name of an IAM role"})
	}
	problems = append(problems, p.OnDelete.problem("on_delete")...)
	return append(problems, TagProblems(p.Tags)...)
}

// DirectoryEntry is a project's entry in the directory: its location and access.
type DirectoryEntry struct {
	Name      string `json:"name"`
	AccountID string `json:"account_id"`
	Region    string `json:"region"`
	RoleName  string `json:"role_name,omitempty"`
}

// ID implements Entity.
func (l DirectoryEntry) ID() ID { return ID{KindDirectoryEntry, l.Name} }

// Problems implements Entity.
func (l DirectoryEntry) Problems() []Problem {
	return Project{Name: l.Name, AccountID: l.AccountID, Region: l.Region, OnDelete: Refuse}.Problems()
}

// DirectoryEntry returns the project's entry in the directory.
func (p Project) DirectoryEntry() DirectoryEntry {
	return DirectoryEntry{Name: p.Name, AccountID: p.AccountID, Region: p.Region, RoleName: p.RoleName}
}
