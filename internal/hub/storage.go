package hub

import "github.com/stowage/terraform-provider-stowage/internal/model"

// Logical IDs of what stores a hub's data.
const (
	artifactsID      = "Artifacts"
	artifactPolicyID = "ArtifactsPolicy"
	keyID            = "Key"
	keyAliasID       = "KeyAlias"
	tableID          = "Table"
	parameterID      = "Parameter"
)

const (
	// templateDays is the retention of a template of the directory that is too large for a request.
	templateDays = 7
	// logDays is the retention of logs: a year, as audit schemes commonly require.
	logDays = 365
)

// artifacts adds the bucket for the relay's packages, which also stores templates of the directory.
// S3's own key encrypts it: Lambda and CloudFormation read it with their callers' rights, which
// would need rights on another key.
func (c *compiler) artifacts() {
	name := ArtifactBucket(c.Name, c.Place)
	properties := object{
		"BucketName": name,
		"PublicAccessBlockConfiguration": object{
			"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true,
		},
		"OwnershipControls": object{"Rules": list{object{"ObjectOwnership": "BucketOwnerEnforced"}}},
		"BucketEncryption": object{"ServerSideEncryptionConfiguration": list{object{
			"BlockedEncryptionTypes":        object{"EncryptionType": list{"SSE-C"}},
			"ServerSideEncryptionByDefault": object{"SSEAlgorithm": "AES256"},
		}}},
		"VersioningConfiguration": object{"Status": "Enabled"},
		"LifecycleConfiguration": object{"Rules": list{
			object{"Id": "templates", "Status": "Enabled", "Prefix": "templates/", "ExpirationInDays": templateDays},
			object{"Id": "noncurrent", "Status": "Enabled", "NoncurrentVersionExpiration": object{"NoncurrentDays": 30}},
			object{"Id": "uploads", "Status": "Enabled", "AbortIncompleteMultipartUpload": object{"DaysAfterInitiation": 1}},
		}},
		"Tags": c.tagList(),
	}
	if model.InAccountNamespace(name, c.AccountID, c.Region) {
		properties["BucketNamespace"] = "account-regional"
	}
	c.add(artifactsID, resource{Type: "AWS::S3::Bucket", Properties: properties}.retained())
	bucket := "arn:" + c.Partition + ":s3:::" + name
	deny := func(sid string, condition object) object {
		return object{
			"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": "s3:*",
			"Resource": list{bucket, bucket + "/*"}, "Condition": condition,
		}
	}
	c.add(artifactPolicyID, resource{
		Type: "AWS::S3::BucketPolicy", DependsOn: []string{artifactsID},
		Properties: object{"Bucket": name, "PolicyDocument": policy(
			deny("RequireTLS", object{"Bool": object{"aws:SecureTransport": "false"}}),
			deny("RequireTLS12", object{"NumericLessThan": object{"s3:TlsVersion": "1.2"}}),
		)},
	}.retained())
}

// storage adds the key, the table and the settings of the hub's clients.
func (c *compiler) storage() {
	c.add(keyID, resource{Type: "AWS::KMS::Key", Properties: object{
		"Description":         "Encrypts the table and the logs of the hub " + c.Name,
		"EnableKeyRotation":   true,
		"PendingWindowInDays": 30,
		"KeyPolicy":           c.keyPolicy(),
		"Tags":                c.tagList(),
	}}.retained())
	// Not alias/stowage-..., which are the projects'.
	c.add(keyAliasID, resource{Type: "AWS::KMS::Alias", Properties: object{
		"AliasName": "alias/StowageHub-" + c.Name, "TargetKeyId": ref(keyID),
	}})
	c.add(tableID, resource{Type: "AWS::DynamoDB::Table", Properties: object{
		"TableName":   TableName(c.Name),
		"BillingMode": "PAY_PER_REQUEST",
		"AttributeDefinitions": list{
			object{"AttributeName": "pk", "AttributeType": "S"}, object{"AttributeName": "sk", "AttributeType": "S"},
		},
		"KeySchema": list{
			object{"AttributeName": "pk", "KeyType": "HASH"}, object{"AttributeName": "sk", "KeyType": "RANGE"},
		},
		"TimeToLiveSpecification":          object{"AttributeName": "expires", "Enabled": true},
		"PointInTimeRecoverySpecification": object{"PointInTimeRecoveryEnabled": true},
		"SSESpecification": object{
			"SSEEnabled": true, "SSEType": "KMS", "KMSMasterKeyId": attribute(keyID, "Arn"),
		},
		"DeletionProtectionEnabled": true,
		"Tags":                      c.tagList(),
	}}.retained())
	c.add(parameterID, resource{Type: "AWS::SSM::Parameter", DependsOn: []string{tableID}, Properties: object{
		"Name":        ParameterName(c.Name),
		"Type":        "String",
		"Description": "The settings of the hub " + c.Name + ", which its clients read first",
		"Value":       c.clientSettings(),
		"Tags":        c.tagMap(),
	}})
}

// clientSettings returns the value of the hub's parameter (projects.HubSettings).
func (c *compiler) clientSettings() any {
	type settings struct {
		Format         int    `json:"format"`
		AccountID      string `json:"account_id"`
		Region         string `json:"region"`
		Table          string `json:"table"`
		TemplateBucket string `json:"template_bucket"`
	}
	text := string(encode(settings{1, c.AccountID, c.Region, TableName(c.Name), ArtifactBucket(c.Name, c.Place)}))
	if c.Live == nil {
		return text
	}
	// A custom domain is for web clients only. The endpoint is a wss URL, which clients read as https.
	return join(text[:len(text)-1]+`,"management_url":"`, attribute(apiID, "ApiEndpoint"), "/"+stageName+`"}`)
}

// keyPolicy delegates the key to the account's own policies. It lets DynamoDB use it for those who
// may use the table (DynamoDB developer guide, encryption.howitworks, "Authorizing use of your
// customer managed key"), and CloudWatch Logs for the hub's log groups (CloudWatch Logs user guide,
// encrypt-log-data-kms).
func (c *compiler) keyPolicy() object {
	return policy(
		object{
			"Sid": "Account", "Effect": "Allow", "Principal": object{"AWS": c.root()}, "Action": "kms:*", "Resource": "*",
		},
		object{
			"Sid": "UsersOfTable", "Effect": "Allow", "Principal": object{"AWS": "*"},
			"Action": list{
				"kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*",
			},
			"Resource": "*",
			"Condition": object{"StringEquals": object{
				"kms:CallerAccount": c.AccountID, "kms:ViaService": c.host("dynamodb"),
			}},
		},
		object{
			"Sid": "Logs", "Effect": "Allow", "Principal": object{"Service": c.host("logs")},
			"Action": list{
				"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*",
			},
			"Resource": "*",
			"Condition": object{"ArnLike": object{
				"kms:EncryptionContext:aws:logs:arn": c.arn("logs", "log-group:"+logName(c.Name, "*")),
			}},
		},
	)
}

func (c *compiler) root() string { return "arn:" + c.Partition + ":iam::" + c.AccountID + ":root" }

// logGroup adds a log group. The function or stage that logs to it depends on it.
func (c *compiler) logGroup(logicalID, of string) {
	c.add(logicalID, resource{Type: "AWS::Logs::LogGroup", Properties: object{
		"LogGroupName":    logName(c.Name, of),
		"RetentionInDays": logDays,
		"KmsKeyId":        attribute(keyID, "Arn"),
		"Tags":            c.tagList(),
	}}.deleted())
}
