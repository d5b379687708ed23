package model

import "fmt"

// Location is where a project's resources are.
type Location struct {
	Project   string
	Partition string
	AccountID string
	Region    string
}

// Located is an entity with rules that depend on the location of its project.
type Located interface {
	Entity
	// ProblemsAt lists what is wrong with the entity in the location, in addition to Problems.
	ProblemsAt(at Location) []Problem
}

var (
	_ Located = Bucket{}
	_ Located = User{}
)

// ProblemsAt implements Located.
func (b Bucket) ProblemsAt(at Location) []Problem {
	var problems []Problem
	if m := namespacePattern.FindStringSubmatch(b.BucketName); m != nil &&
		!InAccountNamespace(b.BucketName, at.AccountID, at.Region) {
		problems = append(problems, Problem{
			"bucket_name",
			fmt.Sprintf(
				"%q lies in the namespace of the account %s in %s; names that end with -an must end with %s here",
				b.BucketName, m[1], m[2], namespaceSuffix(at.AccountID, at.Region),
			),
		})
	}
	if b.BucketName == LogBucketName(at.Project, at.AccountID, at.Region) ||
		b.BucketName == TemplateBucketName(at.Project, at.AccountID, at.Region) {
		problems = append(problems, Problem{"bucket_name", fmt.Sprintf("%q is a bucket of the project itself", b.BucketName)})
	}
	if m := keyARNPattern.FindStringSubmatch(b.KMSKeyARN); m != nil {
		partition, region, account := m[1], m[2], m[3]
		switch {
		case region != at.Region || partition != at.Partition:
			problems = append(
				problems,
				Problem{
					"kms_key_arn",
					fmt.Sprintf(
						"the key is in %s, the bucket in %s: S3 encrypts with keys of the bucket's own region only", region,
						at.Region,
					),
				},
			)
		case account != at.AccountID:
			problems = append(problems, Problem{"kms_key_arn", fmt.Sprintf(
				"the key belongs to the account %s, the project to %s: use a key of the project's account", account, at.AccountID)})
		}
	}
	return problems
}

// ProblemsAt implements Located.
func (u User) ProblemsAt(at Location) []Problem {
	var problems []Problem
	for _, reader := range u.SecretReaders {
		if m := readerPattern.FindStringSubmatch(reader); m != nil && m[2] != "" && m[2] != at.Partition {
			problems = append(
				problems,
				Problem{
					"secret_readers",
					fmt.Sprintf(
						"%q is of the partition %s, the project of %s: no principal reaches from one to the other", reader,
						m[2], at.Partition,
					),
				},
			)
		}
	}
	return problems
}
