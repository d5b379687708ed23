package template

import "github.com/stowage/terraform-provider-stowage/internal/model"

// Hardening.
//
// Every bucket has what AWS's Foundational Security Best Practices, the CIS benchmark and the
// common scanners require and CloudFormation can set: public access blocked four ways (S3.2, S3.3,
// S3.8), ACLs off (S3.12), TLS 1.2 or better (S3.5), a customer managed key (S3.17) with
// customer-provided keys blocked, versioning (S3.14), lifecycle rules (S3.10, S3.13), access logs
// (S3.9), events (S3.11), object lock if configured (S3.15). CloudFormation can't set MFA delete
// (S3.20).

func compileBucket(env Env, bucket model.Bucket, first, meta OwnerMetadata) Resources {
	properties := hardened(env, bucket.BucketName)
	if bucket.Adoption != nil {
		delete(properties, "BucketNamespace") // it can be given only when the bucket is created
	}
	properties["BucketEncryption"] = encryptedWith(bucketKey(env, bucket))
	properties["VersioningConfiguration"] = object{"Status": versioningStatus(bucket)}
	properties["LoggingConfiguration"] = object{
		"DestinationBucketName": model.LogBucketName(env.Project, env.AccountID, env.Region),
		"LogFilePrefix":         bucket.Name + "/",
	}
	properties["NotificationConfiguration"] = object{"EventBridgeConfiguration": object{"EventBridgeEnabled": true}}
	properties["Tags"] = tags(bucket.Tags, env.Project, "bucket", bucket.Name)
	if rules := lifecycleRules(bucket.Lifecycle); len(rules) > 0 {
		properties["LifecycleConfiguration"] = object{"Rules": rules}
	}
	if bucket.ObjectLock != nil {
		properties["ObjectLockEnabled"] = true
		properties["ObjectLockConfiguration"] = object{
			"ObjectLockEnabled": "Enabled",
			"Rule": object{"DefaultRetention": object{
				"Mode": bucket.ObjectLock.Mode, "Days": bucket.ObjectLock.Days,
			}},
		}
	}
	if len(bucket.CORS) > 0 {
		properties["CorsConfiguration"] = object{"CorsRules": corsRules(bucket.CORS)}
	}
	id, policyID := bucketID(bucket.Name), bucketPolicyID(bucket.Name)
	statements := requireTLS(env, bucket.BucketName)
	if bucket.Adoption != nil {
		statements = keepUnmodeled(bucket, properties, statements)
	}
	resources := Resources{
		id:       Resource{Type: bucketType, Metadata: Metadata{first}, Properties: properties}.retained(),
		policyID: bucketPolicy(bucket.BucketName, id, meta, statements),
	}
	if bucket.Adoption != nil {
		// What RetainExceptOnCreate does to what a commit has imported is not documented.
		resources[id], resources[policyID] = resources[id].imported(), resources[policyID].imported()
	}
	return resources
}

func bucketKey(env Env, bucket model.Bucket) string {
	if bucket.KMSKeyARN != "" {
		return bucket.KMSKeyARN
	}
	return env.KeyARN
}

func versioningStatus(bucket model.Bucket) string {
	if bucket.Unversioned {
		return "Suspended"
	}
	return "Enabled"
}

func hardened(env Env, name string) object {
	properties := object{
		"BucketName": name,
		"PublicAccessBlockConfiguration": object{
			"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true,
		},
		"OwnershipControls": object{"Rules": list{object{"ObjectOwnership": "BucketOwnerEnforced"}}},
	}
	if model.InAccountNamespace(name, env.AccountID, env.Region) {
		properties["BucketNamespace"] = "account-regional"
	}
	return properties
}

func encryptedWith(keyARN string) object {
	return object{"ServerSideEncryptionConfiguration": list{object{
		"BucketKeyEnabled":              true,
		"BlockedEncryptionTypes":        object{"EncryptionType": list{"SSE-C"}},
		"ServerSideEncryptionByDefault": object{"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": keyARN},
	}}}
}

// s3Encryption is for buckets that AWS services write to or read from on their own: log delivery
// can't use a key that doesn't name it (AmazonS3 user guide, enable-server-access-logging).
func s3Encryption() object {
	return object{"ServerSideEncryptionConfiguration": list{object{
		"BlockedEncryptionTypes":        object{"EncryptionType": list{"SSE-C"}},
		"ServerSideEncryptionByDefault": object{"SSEAlgorithm": "AES256"},
	}}}
}

func lifecycleRules(lifecycle model.Lifecycle) list {
	var rules list
	add := func(id string, rule object) {
		rule["Id"], rule["Status"] = id, "Enabled"
		rules = append(rules, rule)
	}
	if days := lifecycle.ExpireAfterDays; days > 0 {
		add("expire", object{"ExpirationInDays": days})
	}
	if days := lifecycle.ExpireNoncurrentAfterDays; days > 0 {
		add("expire-noncurrent", object{"NoncurrentVersionExpiration": object{"NoncurrentDays": days}})
	}
	if days := lifecycle.AbortMultipartAfterDays; days > 0 {
		add("abort-multipart", object{"AbortIncompleteMultipartUpload": object{"DaysAfterInitiation": days}})
	}
	return rules
}

func corsRules(rules []model.CORSRule) list {
	var result list
	for _, rule := range rules {
		compiled := object{"AllowedOrigins": rule.AllowedOrigins, "AllowedMethods": rule.AllowedMethods}
		if len(rule.AllowedHeaders) > 0 {
			compiled["AllowedHeaders"] = rule.AllowedHeaders
		}
		if len(rule.ExposeHeaders) > 0 {
			compiled["ExposedHeaders"] = rule.ExposeHeaders
		}
		if rule.MaxAgeSeconds > 0 {
			compiled["MaxAge"] = rule.MaxAgeSeconds
		}
		result = append(result, compiled)
	}
	return result
}

// logDays is the retention of access logs: a year, as audit schemes commonly require.
const logDays = 365

func logBucket(env Env, name string, tags list, meta OwnerMetadata) Resource {
	properties := hardened(env, name)
	properties["BucketEncryption"] = s3Encryption()
	properties["VersioningConfiguration"] = object{"Status": "Enabled"}
	properties["LifecycleConfiguration"] = object{"Rules": lifecycleRules(model.Lifecycle{
		ExpireAfterDays: logDays, ExpireNoncurrentAfterDays: 30, AbortMultipartAfterDays: 7,
	})}
	properties["Tags"] = tags
	return Resource{Type: bucketType, Metadata: Metadata{meta}, Properties: properties}.retained()
}

// templateDays is the retention of an uploaded template, which CloudFormation reads once, for the
// change set.
const templateDays = 7

func templateBucket(env Env, name string, tags list, meta OwnerMetadata) Resource {
	properties := hardened(env, name)
	properties["BucketEncryption"] = s3Encryption()
	properties["VersioningConfiguration"] = object{"Status": "Enabled"}
	properties["LifecycleConfiguration"] = object{"Rules": lifecycleRules(model.Lifecycle{
		ExpireAfterDays: templateDays, ExpireNoncurrentAfterDays: templateDays, AbortMultipartAfterDays: 1,
	})}
	properties["Tags"] = tags
	return Resource{Type: bucketType, Metadata: Metadata{meta}, Properties: properties}.retained()
}

func bucketPolicy(name, bucketLogicalID string, meta OwnerMetadata, statements list) Resource {
	return Resource{
		Type: "AWS::S3::BucketPolicy", Metadata: Metadata{meta}, DependsOn: []string{bucketLogicalID},
		Properties: object{
			"Bucket":         name,
			"PolicyDocument": object{"Version": "2012-10-17", "Statement": statements},
		},
	}.retained()
}

func requireTLS(env Env, name string) list {
	deny := func(sid string, condition object) object {
		return object{
			"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": "s3:*",
			"Resource": list{env.bucketARN(name), env.bucketARN(name) + "/*"}, "Condition": condition,
		}
	}
	return list{
		deny("RequireTLS", object{"Bool": object{"aws:SecureTransport": "false"}}),
		deny("RequireTLS12", object{"NumericLessThan": object{"s3:TlsVersion": "1.2"}}),
	}
}
