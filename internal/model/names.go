package model

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// nameRule is the required form of a kind of name.
type nameRule struct {
	what     string
	min, max int
	reserved []string
}

var (
	projectName = nameRule{"a project name", 2, 20, []string{"hub", "stowage", "directory"}}
	bucketName  = nameRule{"a bucket's name", 2, 32, nil}
	userName    = nameRule{"a user's name", 3, 32, []string{"root"}}

	namePattern = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
)

func nameProblems(field, name string, rule nameRule) []Problem {
	switch {
	case len(name) < rule.min || len(name) > rule.max:
		return []Problem{
			{field, fmt.Sprintf("%q has %d characters; %s has %d to %d", name, len(name), rule.what, rule.min, rule.max)},
		}
	case !namePattern.MatchString(name):
		return []Problem{{field, fmt.Sprintf("%q may hold only a-z, 0-9 and single hyphens between them", name)}}
	case slices.Contains(rule.reserved, name):
		return []Problem{{field, fmt.Sprintf("%q is reserved", name)}}
	}
	return nil
}

var (
	accountPattern = regexp.MustCompile(`^[0-9]{12}$`)
	regionPattern  = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)
	keyARNPattern  = regexp.MustCompile(`^arn:([a-z0-9-]+):kms:([a-z0-9-]+):([0-9]{12}):key/[A-Za-z0-9-]+$`)
	bucketPattern  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*[a-z0-9]$`)
	// namespacePattern matches names in the account-regional namespace (AmazonS3 user guide,
	// gpbucketnamespaces).
	namespacePattern = regexp.MustCompile(`^[a-z0-9-]+-([0-9]{12})-([a-z]{2}(-[a-z]+)+-[0-9])-an$`)
)

// IsAccountID reports whether s is the 12 digits of an AWS account.
func IsAccountID(s string) bool { return accountPattern.MatchString(s) }

// rolePattern matches a role's name, with or without its path (IAM API reference, CreateRole).
var rolePattern = regexp.MustCompile(`^([\w+=,.@-]+/)*[\w+=,.@-]{1,64}$`)

// IsRoleName reports whether s can be the name of an IAM role, with or without a path.
func IsRoleName(s string) bool { return rolePattern.MatchString(s) }

// ProjectNameProblems lists what is wrong with the project name that an object refers to.
func ProjectNameProblems(field, name string) []Problem { return nameProblems(field, name, projectName) }

func isRegion(s string) bool { return regionPattern.MatchString(s) }

func isKeyARN(s string) bool { return keyARNPattern.MatchString(s) }

// MaxBucketName is S3's limit for a bucket's name (AmazonS3 user guide, bucketnamingrules).
const MaxBucketName = 63

// physicalBucketNameProblems checks S3's rules for names (AmazonS3 user guide, bucketnamingrules).
// It also refuses dots, which break TLS with virtual-hosted names.
func physicalBucketNameProblems(field, name string) []Problem {
	switch {
	case len(name) < 3 || len(name) > MaxBucketName:
		return []Problem{
			{field, fmt.Sprintf("%q has %d characters; a bucket's physical name has 3 to %d", name, len(name), MaxBucketName)},
		}
	case !bucketPattern.MatchString(name):
		return []Problem{
			{
				field,
				fmt.Sprintf(
					"%q may hold only a-z, 0-9 and hyphens, and begins and ends with a letter or digit (no dots: they break TLS)",
					name,
				),
			},
		}
	}
	for _, prefix := range []string{"xn--", "sthree-", "amzn-s3-demo-"} {
		if strings.HasPrefix(name, prefix) {
			return []Problem{{field, fmt.Sprintf("%q begins with %s, which S3 reserves", name, prefix)}}
		}
	}
	for _, suffix := range []string{"-s3alias", "--ol-s3", "--x-s3", "--table-s3"} {
		if strings.HasSuffix(name, suffix) {
			return []Problem{{field, fmt.Sprintf("%q ends with %s, which S3 reserves", name, suffix)}}
		}
	}
	if strings.HasSuffix(name, "-an") && !namespacePattern.MatchString(name) {
		return []Problem{
			{field, fmt.Sprintf("%q ends with -an, which S3 reserves for names of the form PREFIX-ACCOUNT-REGION-an", name)},
		}
	}
	return nil
}

// regionsWithoutNamespace have no account-regional namespace for bucket names (AmazonS3 user guide,
// gpbucketnamespaces).
var regionsWithoutNamespace = []string{"me-south-1", "me-central-1"}

// HasAccountNamespace reports whether a region has the account-regional namespace, in which only
// the account itself can create a bucket's name.
func HasAccountNamespace(region string) bool {
	return !slices.Contains(regionsWithoutNamespace, region)
}

// InAccountNamespace reports whether a bucket's name is in the account-regional namespace of an
// account and region.
func InAccountNamespace(name, accountID, region string) bool {
	return HasAccountNamespace(region) && strings.HasSuffix(name, namespaceSuffix(accountID, region))
}

func namespaceSuffix(accountID, region string) string {
	return "-" + accountID + "-" + region + "-an"
}

// DefaultBucketName returns a bucket's default physical name:
// <project>-<name>-<account>-<region>-an, in the account-regional namespace. Where the region has
// none, the suffix is omitted. A name beyond S3's limit is cut and gets a hash of what was cut.
func DefaultBucketName(project, name, accountID, region string) string {
	return physicalBucketName(project+"-"+name, accountID, region)
}

// LogBucketName returns the physical name of the bucket for a project's access logs.
func LogBucketName(project, accountID, region string) string {
	return physicalBucketName("stowage-"+project+"-logs", accountID, region)
}

// TemplateBucketName returns the physical name of the bucket for a project's templates on their way
// to CloudFormation.
func TemplateBucketName(project, accountID, region string) string {
	return physicalBucketName("stowage-"+project+"-templates", accountID, region)
}

// HubBucketName returns the physical name of the bucket for the packages of a hub's relay.
func HubBucketName(hub, accountID, region string) string {
	return physicalBucketName("stowage-hub-"+hub+"-artifacts", accountID, region)
}

// hashLength is the number of hexadecimal digits that distinguish cut names. 32 bits are plenty for
// the buckets of one project, and S3 refuses a collision.
const hashLength = 8

func physicalBucketName(base, accountID, region string) string {
	suffix := "-" + accountID + "-" + region
	if HasAccountNamespace(region) {
		suffix = namespaceSuffix(accountID, region)
	}
	if len(base)+len(suffix) <= MaxBucketName {
		return base + suffix
	}
	sum := sha256.Sum256([]byte(base))
	hash := hex.EncodeToString(sum[:])[:hashLength]
	keep := max(MaxBucketName-len(suffix)-len(hash)-1, 1)
	return strings.TrimRight(base[:keep], "-") + "-" + hash + suffix
}

// UserName returns the IAM name of a project's user, and of the group with its policies.
func UserName(project, user string) string { return project + "-" + user }

// NamesCollide reports whether entities of two projects in one account could have one physical
// name: acme with a user x-y and acme-x with a user y would both create acme-x-y.
func NamesCollide(a, b string) bool {
	return a == b || strings.HasPrefix(a, b+"-") || strings.HasPrefix(b, a+"-")
}
