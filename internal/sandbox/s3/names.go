package s3

import (
	"net/netip"
	"regexp"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// regionalSuffix matches names that are reserved for the account-regional namespace:
// -<account>-<region>-an at the end.
var regionalSuffix = regexp.MustCompile(`-[0-9]{12}-[a-z]{2}(-[a-z]+)+-[0-9]-an$`)

const (
	namespaceGlobal  = "global"
	namespaceAccount = "account-regional"
)

// checkName checks a bucket name: S3 User Guide, "General purpose bucket naming rules".
func checkName(name string) error {
	invalid := &cloud.Error{
		Code: "InvalidBucketName", Message: "The specified bucket is not valid.",
		Extra: map[string]any{"BucketName": name},
	}
	if !namePattern.MatchString(name) || strings.Contains(name, "..") {
		return invalid
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return invalid
	}
	for _, prefix := range []string{"xn--", "sthree-", "amzn-s3-demo-"} {
		if strings.HasPrefix(name, prefix) {
			return invalid
		}
	}
	for _, suffix := range []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"} {
		if strings.HasSuffix(name, suffix) {
			return invalid
		}
	}
	return nil
}

// checkNamespace checks the namespace of a new bucket: S3 User Guide, "Namespaces for general
// purpose buckets". A name in the account-regional namespace ends with -<account>-<region>-an of
// its owner. A name with such an ending is reserved for that namespace and requires naming it.
func checkNamespace(c cloud.Caller, name, namespace string) error {
	switch namespace {
	case namespaceAccount:
		if suffix := "-" + c.Account + "-" + c.Region + "-an"; !strings.HasSuffix(name, suffix) || len(name) == len(suffix) {
			return &cloud.Error{
				Code:    "InvalidBucketName",
				Message: "The specified bucket is not valid. A bucket in the account-regional namespace must have a name that ends with " + suffix + ".",
				Extra:   map[string]any{"BucketName": name},
			}
		}
	case "", namespaceGlobal:
		if regionalSuffix.MatchString(name) {
			return &cloud.Error{
				Code:    "InvalidBucketName",
				Message: "The specified bucket is not valid. Names that end with -an are reserved for buckets in the account-regional namespace.",
				Extra:   map[string]any{"BucketName": name},
			}
		}
	default:
		return cloud.Errorf("InvalidArgument", "The bucket namespace %q is not valid.", namespace)
	}
	return nil
}
