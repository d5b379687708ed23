package model

import (
	"fmt"
	"strings"
)

// Access says what a permission lets its user do.
type Access string

// The kinds of access.
const (
	Read      Access = "read"
	Write     Access = "write"
	ReadWrite Access = "read_write"
)

// Permission lets one user reach one bucket, or the part of it below a prefix.
type Permission struct {
	User        string `json:"user"`
	Bucket      string `json:"bucket"`
	Prefix      string `json:"prefix,omitempty"` // "": the whole bucket
	Access      Access `json:"access"`
	AllowDelete bool   `json:"allow_delete,omitempty"`
}

// ID implements Entity: user/bucket, or user/bucket/prefix.
func (p Permission) ID() ID {
	name := p.User + "/" + p.Bucket
	if p.Prefix != "" {
		name += "/" + p.Prefix
	}
	return ID{KindPermission, name}
}

// UserID is the identity of the user that the permission belongs to.
func (p Permission) UserID() ID { return ID{KindUser, p.User} }

// BucketID is the identity of the bucket that the permission reaches.
func (p Permission) BucketID() ID { return ID{KindBucket, p.Bucket} }

// maxPrefix is S3's limit for an object key, in bytes of UTF-8 (AmazonS3 user guide, object-keys).
const maxPrefix = 1024

// Problems implements Entity.
func (p Permission) Problems() []Problem {
	problems := nameProblems("user", p.User, userName)
	problems = append(problems, nameProblems("bucket", p.Bucket, bucketName)...)
	switch p.Access {
	case Read, Write, ReadWrite:
	default:
		problems = append(problems, Problem{"access", `must be "read", "write" or "read_write"`})
	}
	if p.AllowDelete && p.Access == Read {
		problems = append(problems, Problem{"allow_delete", `needs access = "write" or "read_write"`})
	}
	switch {
	case strings.HasPrefix(p.Prefix, "/"):
		problems = append(problems, Problem{"prefix", "must not begin with a slash: object keys don't"})
	case len(p.Prefix) > maxPrefix:
		problems = append(problems, Problem{"prefix", fmt.Sprintf("is %d bytes long; object keys have at most %d", len(p.Prefix), maxPrefix)})
	case strings.ContainsFunc(p.Prefix, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0xfffd }):
		problems = append(problems, Problem{"prefix", "must not hold control characters"})
	}
	return problems
}
