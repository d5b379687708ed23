package model

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Access is what a permission allows its user to do.
type Access string

// The kinds of access.
const (
	Read      Access = "read"
	Write     Access = "write"
	ReadWrite Access = "read_write"
)

// Permission gives one user access to one bucket, or to a prefix of it.
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

// UserID returns the identity of the permission's user.
func (p Permission) UserID() ID { return ID{KindUser, p.User} }

// BucketID returns the identity of the permission's bucket.
func (p Permission) BucketID() ID { return ID{KindBucket, p.Bucket} }

// maxPrefix is the maximum length of a prefix, in bytes of UTF-8. Object keys have at most 1,024
// (AmazonS3 user guide, object-keys). So has the prefix's SFTP directory, which starts with the
// bucket's name (AWS Transfer Family API, HomeDirectoryMapEntry).
const maxPrefix = 1024 - MaxBucketName - len("//")

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
	return append(problems, prefixProblems(p.Prefix)...)
}

func prefixProblems(prefix string) []Problem {
	const field = "prefix"
	if problems := referenceProblems(field, prefix); problems != nil {
		return problems
	}
	switch {
	case strings.HasPrefix(prefix, "/"):
		return []Problem{{field, "must not begin with a slash: object keys don't"}}
	case len(prefix) > maxPrefix:
		return []Problem{{field, fmt.Sprintf("is %d bytes long; at most %d fit", len(prefix), maxPrefix)}}
	case strings.ContainsFunc(prefix, unicode.IsControl):
		return []Problem{{field, "must not hold control characters"}}
	}
	if bad := strings.IndexFunc(prefix, notInPolicies); bad >= 0 {
		char, _ := utf8.DecodeRuneInString(prefix[bad:])
		return []Problem{{field, fmt.Sprintf("holds %q: IAM policies take characters up to U+00FF (Latin-1) only", char)}}
	}
	return nil
}

// notInPolicies reports whether IAM accepts a character in no policy (IAM API reference,
// CreatePolicy: [\u0009\u000A\u000D\u0020-\u00FF]+).
func notInPolicies(char rune) bool { return char > 0xff }
