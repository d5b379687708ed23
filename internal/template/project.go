package template

import "github.com/stowage/terraform-provider-stowage/internal/model"

// compileProject compiles what a project's buckets and users share: the key, the log bucket, the
// bucket through which large templates reach CloudFormation, and the SFTP server if configured.
func compileProject(env Env, project model.Project, first, meta OwnerMetadata) Resources {
	logs := model.LogBucketName(project.Name, env.AccountID, env.Region)
	templates := model.TemplateBucketName(project.Name, env.AccountID, env.Region)
	projectTags := tags(project.Tags, project.Name, "", "")
	resources := Resources{
		keyID: Resource{
			Type: "AWS::KMS::Key", Metadata: Metadata{first},
			Properties: object{
				"Description":         "Encrypts the buckets of the project " + project.Name,
				"EnableKeyRotation":   true,
				"PendingWindowInDays": 30,
				"KeyPolicy":           keyPolicy(env, project),
				"Tags":                projectTags,
			},
		}.retained(),
		keyAliasID: Resource{
			Type: "AWS::KMS::Alias", Metadata: Metadata{meta},
			Properties: object{"AliasName": "alias/stowage-" + project.Name, "TargetKeyId": object{"Ref": keyID}},
		},
	}
	for id, bucket := range map[string]Resource{
		logBucketID:      logBucket(env, logs, projectTags, meta),
		templateBucketID: templateBucket(env, templates, projectTags, meta),
	} {
		resources[id] = bucket
	}
	resources[logPolicyID] = bucketPolicy(logs, logBucketID, meta, append(requireTLS(env, logs), object{
		"Sid": "AccessLogs", "Effect": "Allow", "Action": "s3:PutObject",
		"Principal": object{"Service": "logging.s3.amazonaws.com"},
		"Resource":  env.bucketARN(logs) + "/*",
		"Condition": object{"StringEquals": object{"aws:SourceAccount": env.AccountID}},
	}))
	resources[templatePolicyID] = bucketPolicy(templates, templateBucketID, meta, requireTLS(env, templates))
	if project.SFTP {
		resources[sftpLogsID], resources[sftpServerID] = sftpLogs(project, projectTags, meta), sftpServer(projectTags, meta)
	}
	return resources
}

// keyPolicy delegates the key to the account's own IAM policies: only the policies of the project's
// users grant its use (KMS developer guide, key-policy-default). Secrets Manager may use it for
// every principal that may read a secret of the project's users. The secret's own policy names
// those readers; they are in other accounts, whose policies have no effect here (Secrets Manager
// user guide, auth-and-access_examples_cross). CloudWatch Logs uses it for the SFTP server's log.
func keyPolicy(env Env, project model.Project) object {
	statements := list{
		object{
			"Sid":       "Account",
			"Effect":    "Allow",
			"Principal": object{"AWS": env.rootARN()},
			"Action":    "kms:*",
			"Resource":  "*",
		},
		object{
			"Sid":       "ReadersOfSecrets",
			"Effect":    "Allow",
			"Principal": object{"AWS": "*"},
			"Action":    "kms:Decrypt",
			"Resource":  "*",
			"Condition": object{
				"StringEquals": object{"kms:ViaService": env.via("secretsmanager")},
				"StringLike": object{
					"kms:EncryptionContext:SecretARN": env.arn("secretsmanager") + ":secret:" + SecretName(env.Project, "*"),
				},
			},
		},
	}
	if project.SFTP {
		statements = append(statements, object{
			"Sid":       "LogOfSFTP",
			"Effect":    "Allow",
			"Principal": object{"Service": env.via("logs")},
			"Action":    list{"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"},
			"Resource":  "*",
			"Condition": object{
				"ArnEquals": object{
					"kms:EncryptionContext:aws:logs:arn": env.arn("logs") + ":log-group:" + sftpLogName(env.Project),
				},
			},
		})
	}
	return object{"Version": "2012-10-17", "Statement": statements}
}

func sftpLogName(project string) string { return "/stowage/" + project + "/sftp" }

func sftpLogs(project model.Project, tags list, meta OwnerMetadata) Resource {
	return Resource{
		Type: "AWS::Logs::LogGroup", Metadata: Metadata{meta},
		Properties: object{
			"LogGroupName":    sftpLogName(project.Name),
			"RetentionInDays": logDays,
			"KmsKeyId":        object{"Fn::GetAtt": list{keyID, "Arn"}},
			"Tags":            tags,
		},
	}
}

// securityPolicy is AWS Transfer Family's newest without special needs; CloudFormation's default is
// of 2018 (AWS Transfer Family user guide, security-policies).
const securityPolicy = "TransferSecurityPolicy-2025-03"

// sftpServer changes only with the project's settings, never with users: partners use its address.
func sftpServer(tags list, meta OwnerMetadata) Resource {
	return Resource{
		Type: "AWS::Transfer::Server", Metadata: Metadata{meta},
		Properties: object{
			"Protocols": list{"SFTP"}, "IdentityProviderType": "SERVICE_MANAGED", "EndpointType": "PUBLIC", "Domain": "S3",
			"SecurityPolicyName":        securityPolicy,
			"StructuredLogDestinations": list{object{"Fn::GetAtt": list{sftpLogsID, "Arn"}}},
			"Tags":                      tags,
		},
	}
}

// SFTPEndpoint returns the host for a project's users (AWS Transfer Family user guide,
// "Transferring files").
func SFTPEndpoint(env Env) string {
	if env.SFTPServerID == "" {
		return ""
	}
	return env.SFTPServerID + ".server." + env.via("transfer")
}
