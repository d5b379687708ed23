package s3

import (
	"net/http"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// cannedACLs are the canned ACLs of a bucket with grants to others (S3 User Guide, "Canned ACL").
var cannedACLs = map[string]bool{
	"PublicRead": true, "PublicReadWrite": true, "AuthenticatedRead": true, "LogDeliveryWrite": true,
}

// groupGrant is a grant to one of the predefined groups of S3.
type groupGrant struct{ group, permission string }

// grantsOf returns the grants of a canned ACL besides the owner's.
func grantsOf(canned string) []groupGrant {
	const global = "http://acs.amazonaws.com/groups/global/"
	switch canned {
	case "PublicRead":
		return []groupGrant{{global + "AllUsers", "READ"}}
	case "PublicReadWrite":
		return []groupGrant{{global + "AllUsers", "READ"}, {global + "AllUsers", "WRITE"}}
	case "AuthenticatedRead":
		return []groupGrant{{global + "AuthenticatedUsers", "READ"}}
	case "LogDeliveryWrite":
		const delivery = "http://acs.amazonaws.com/groups/s3/LogDelivery"
		return []groupGrant{{delivery, "WRITE"}, {delivery, "READ_ACP"}}
	}
	return nil
}

// enforced reports whether ACLs are off.
func (o *ownership) enforced() bool {
	return len(o.Rules) == 1 && o.Rules[0].ObjectOwnership == "BucketOwnerEnforced"
}

// aclsAreOff returns the refusal of an ACL with grants to others where ACLs are off, and of turning
// them off where there is one (hashicorp/terraform-provider-aws, issue 26164).
func aclsAreOff() error {
	return &cloud.Error{
		Code: "InvalidBucketAclWithObjectOwnership", Status: http.StatusBadRequest,
		Message: "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
	}
}
