package model

import (
	"fmt"
	"net/netip"
)

// User is a managed IAM user of a project. Its permissions define what it may do.
type User struct {
	Name string `json:"name"`
	// SourceIPs are the networks from which the user has access; empty for any.
	SourceIPs []string `json:"source_ips,omitempty"`
	// AccessKey is the user's access to S3; nil for none.
	AccessKey *AccessKey `json:"access_key,omitempty"`
	// SecretReaders are the ARNs or account ids of the principals that may read the secret of the
	// access key.
	SecretReaders []string `json:"secret_readers,omitempty"`
	// SFTP is the user's access by SFTP; nil for none.
	SFTP *SFTP             `json:"sftp,omitempty"`
	Tags map[string]string `json:"tags,omitempty"`
}

// ID implements Entity.
func (u User) ID() ID { return ID{KindUser, u.Name} }

// Problems implements Entity.
func (u User) Problems() []Problem {
	problems := nameProblems("name", u.Name, userName)
	for _, cidr := range u.SourceIPs {
		if prefix, err := netip.ParsePrefix(cidr); err != nil || prefix.Masked() != prefix || prefix.Addr().Is4In6() {
			problems = append(
				problems,
				Problem{
					"source_ips",
					fmt.Sprintf("%q must be a network such as 203.0.113.0/24, with no bits set behind the mask", cidr),
				},
			)
		}
	}
	if u.AccessKey != nil {
		problems = append(problems, u.AccessKey.problems()...)
	}
	problems = append(problems, u.readerProblems()...)
	if u.SFTP != nil {
		problems = append(problems, u.SFTP.problems()...)
	}
	problems = append(problems, TagProblems(u.Tags)...)
	return append(problems, tagCaseProblems(u.Tags)...)
}
