package s3

import (
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

// The actions and condition keys of S3 (service authorization reference, Amazon S3), by what the
// actions apply to.
var (
	objectActions = strings.Fields(
		`AbortMultipartUpload BypassGovernanceRetention DeleteObject DeleteObjectTagging DeleteObjectVersion
	DeleteObjectVersionTagging GetObject GetObjectAcl GetObjectAttributes GetObjectLegalHold GetObjectRetention
	GetObjectTagging GetObjectTorrent GetObjectVersion GetObjectVersionAcl GetObjectVersionAttributes
	GetObjectVersionForReplication GetObjectVersionTagging GetObjectVersionTorrent InitiateReplication
	ListMultipartUploadParts ObjectOwnerOverrideToBucketOwner PutObject PutObjectAcl PutObjectLegalHold
	PutObjectRetention PutObjectTagging PutObjectVersionAcl PutObjectVersionTagging ReplicateDelete
	ReplicateObject ReplicateTags RestoreObject`,
	)
	bucketActions = strings.Fields(
		`CreateBucket DeleteBucket DeleteBucketPolicy DeleteBucketWebsite GetAccelerateConfiguration
	GetAnalyticsConfiguration GetBucketAcl GetBucketCORS GetBucketLocation GetBucketLogging GetBucketNotification
	GetBucketObjectLockConfiguration GetBucketOwnershipControls GetBucketPolicy GetBucketPolicyStatus
	GetBucketPublicAccessBlock GetBucketRequestPayment GetBucketTagging GetBucketVersioning GetBucketWebsite
	GetEncryptionConfiguration GetIntelligentTieringConfiguration GetInventoryConfiguration
	GetLifecycleConfiguration GetMetricsConfiguration GetReplicationConfiguration ListBucket
	ListBucketMultipartUploads ListBucketVersions PauseReplication PutAccelerateConfiguration
	PutAnalyticsConfiguration PutBucketAcl PutBucketCORS PutBucketLogging PutBucketNotification
	PutBucketObjectLockConfiguration PutBucketOwnershipControls PutBucketPolicy PutBucketPublicAccessBlock
	PutBucketRequestPayment PutBucketTagging PutBucketVersioning PutBucketWebsite PutEncryptionConfiguration
	PutIntelligentTieringConfiguration PutInventoryConfiguration PutLifecycleConfiguration PutMetricsConfiguration
	PutReplicationConfiguration`,
	)
	otherActions = strings.Fields(
		`AssociateAccessGrantsIdentityCenter CreateAccessGrant CreateAccessGrantsInstance CreateAccessGrantsLocation
	CreateAccessPoint CreateAccessPointForObjectLambda CreateJob CreateMultiRegionAccessPoint
	CreateStorageLensGroup DeleteAccessGrant DeleteAccessGrantsInstance DeleteAccessGrantsInstanceResourcePolicy
	DeleteAccessGrantsLocation DeleteAccessPoint DeleteAccessPointForObjectLambda DeleteAccessPointPolicy
	DeleteAccessPointPolicyForObjectLambda DeleteJobTagging DeleteMultiRegionAccessPoint
	DeleteStorageLensConfiguration DeleteStorageLensConfigurationTagging DeleteStorageLensGroup DescribeJob
	DescribeMultiRegionAccessPointOperation DissociateAccessGrantsIdentityCenter GetAccessGrant
	GetAccessGrantsInstance GetAccessGrantsInstanceForPrefix GetAccessGrantsInstanceResourcePolicy
	GetAccessGrantsLocation GetAccessPoint GetAccessPointConfigurationForObjectLambda
	GetAccessPointForObjectLambda GetAccessPointPolicy GetAccessPointPolicyForObjectLambda
	GetAccessPointPolicyStatus GetAccessPointPolicyStatusForObjectLambda GetAccountPublicAccessBlock GetDataAccess
	GetJobTagging GetMultiRegionAccessPoint GetMultiRegionAccessPointPolicy GetMultiRegionAccessPointPolicyStatus
	GetMultiRegionAccessPointRoutes GetStorageLensConfiguration GetStorageLensConfigurationTagging
	GetStorageLensDashboard GetStorageLensGroup ListAccessGrants ListAccessGrantsInstances
	ListAccessGrantsLocations ListAccessPoints ListAccessPointsForObjectLambda ListAllMyBuckets
	ListCallerAccessGrants ListJobs ListMultiRegionAccessPoints ListStorageLensConfigurations
	ListStorageLensGroups ListTagsForResource PutAccessGrantsInstanceResourcePolicy
	PutAccessPointConfigurationForObjectLambda PutAccessPointPolicy PutAccessPointPolicyForObjectLambda
	PutAccessPointPublicAccessBlock PutAccountPublicAccessBlock PutJobTagging PutMultiRegionAccessPointPolicy
	PutStorageLensConfiguration PutStorageLensConfigurationTagging SubmitMultiRegionAccessPointRoutes TagResource
	UntagResource UpdateAccessGrantsLocation UpdateJobPriority UpdateJobStatus UpdateStorageLensGroup`,
	)
	conditionKeys = strings.Fields(
		`s3:AccessGrantsInstanceArn s3:AccessPointNetworkOrigin s3:BucketTag/ s3:DataAccessPointAccount
	s3:DataAccessPointArn s3:ExistingJobOperation s3:ExistingJobPriority s3:ExistingObjectTag/
	s3:InventoryAccessibleOptionalFields s3:JobSuspendedCause s3:ObjectCreationOperation s3:RequestJobOperation
	s3:RequestJobPriority s3:RequestObjectTag/ s3:RequestObjectTagKeys s3:ResourceAccount s3:TlsVersion
	s3:authType s3:delimiter s3:destinationRegion s3:if-match s3:if-none-match s3:isReplicationPauseRequest
	s3:locationconstraint s3:max-keys s3:object-lock-legal-hold s3:object-lock-mode
	s3:object-lock-remaining-retention-days s3:object-lock-retain-until-date s3:prefix s3:signatureAge
	s3:signatureversion s3:versionid s3:x-amz-acl s3:x-amz-bucket-namespace s3:x-amz-content-sha256
	s3:x-amz-copy-source s3:x-amz-grant-full-control s3:x-amz-grant-read s3:x-amz-grant-read-acp
	s3:x-amz-grant-write s3:x-amz-grant-write-acp s3:x-amz-metadata-directive s3:x-amz-object-ownership
	s3:x-amz-server-side-encryption s3:x-amz-server-side-encryption-aws-kms-key-id
	s3:x-amz-server-side-encryption-customer-algorithm s3:x-amz-storage-class s3:x-amz-website-redirect-location`,
	)
)

// checkStatement checks a statement as PutBucketPolicy does, beyond its format. It refuses unknown
// actions of S3, actions that apply to none of the statement's resources, and unknown condition
// keys of S3. It ignores keys with the prefix aws:. Users report the texts.
func checkStatement(st policydoc.Statement, bucket string) error {
	var applies bool
	for _, pattern := range st.Actions {
		name := pattern
		if pattern != "*" {
			var ok bool
			if name, ok = strings.CutPrefix(strings.ToLower(pattern), "s3:"); !ok {
				return malformedPolicy("Policy has invalid action")
			}
		}
		onObjects, onBuckets, elsewhere := anyMatches(name, objectActions), anyMatches(
			name, bucketActions,
		), anyMatches(name, otherActions)
		if !onObjects && !onBuckets && !elsewhere {
			return malformedPolicy("Policy has invalid action")
		}
		for _, r := range st.Resources {
			object, whole := addresses(r)
			applies = applies || onObjects && object || onBuckets && whole
		}
	}
	for _, r := range st.Resources {
		if !withinBucket(r, bucket) {
			return malformedPolicy("Policy has invalid resource")
		}
	}
	if !applies && !st.NotAction && !st.NotResource {
		return malformedPolicy("Action does not apply to any resource(s) in statement")
	}
	for _, keys := range st.Conditions {
		for key := range keys {
			if !knownKey(key) {
				return malformedPolicy("Policy has an invalid condition key")
			}
		}
	}
	return nil
}

// anyMatches reports whether a pattern in lower case matches one of the actions.
func anyMatches(pattern string, actions []string) bool {
	return slices.ContainsFunc(
		actions, func(action string) bool { return matchesPattern(pattern, strings.ToLower(action)) },
	)
}

// matchesPattern supports * (any text) and ? (any one character).
func matchesPattern(pattern, text string) bool {
	if pattern == "" {
		return text == ""
	}
	if pattern[0] == '*' {
		return matchesPattern(pattern[1:], text) || text != "" && matchesPattern(pattern, text[1:])
	}
	return text != "" && (pattern[0] == '?' || pattern[0] == text[0]) && matchesPattern(pattern[1:], text[1:])
}

// addresses reports whether a policy's resource can be an object, and whether it can be a bucket.
func addresses(resource string) (object, whole bool) {
	name := strings.TrimPrefix(resource, "arn:aws:s3:::")
	bucket, _, hasKey := strings.Cut(name, "/")
	wild := strings.ContainsAny(bucket, "*?")
	return hasKey || wild, !hasKey
}

// knownKey reports whether S3 accepts a condition key. Keys of the list with a final / have a
// user-defined part.
func knownKey(key string) bool {
	lower := strings.ToLower(key)
	return strings.HasPrefix(lower, "aws:") || slices.ContainsFunc(conditionKeys, func(k string) bool {
		k = strings.ToLower(k)
		return lower == k || strings.HasSuffix(k, "/") && strings.HasPrefix(lower, k)
	})
}
