package cloudformation

import (
	"slices"
	"strings"
)

// awsProperties are the properties in AWS's schemas of the sandbox's resource types (CloudFormation
// registry, as shipped with cfn-lint 1.51.0), except read-only ones. A property that a type of the
// sandbox lacks is refused as not modelled, and not as an error of AWS.
var awsProperties = map[string]string{
	"AWS::ApiGateway::Account": `CloudWatchRoleArn`,
	"AWS::ApiGatewayV2::Api": `ApiKeySelectionExpression BasePath Body BodyS3Location CorsConfiguration CredentialsArn Description
		DisableExecuteApiEndpoint DisableSchemaValidation FailOnWarnings IpAddressType Name ProtocolType RouteKey
		RouteSelectionExpression Tags Target Version`,
	"AWS::ApiGatewayV2::ApiMapping": `ApiId ApiMappingKey DomainName Stage`,
	"AWS::ApiGatewayV2::Authorizer": `ApiId AuthorizerCredentialsArn AuthorizerPayloadFormatVersion AuthorizerResultTtlInSeconds
		AuthorizerType AuthorizerUri EnableSimpleResponses IdentitySource IdentityValidationExpression
		JwtConfiguration Name`,
	"AWS::ApiGatewayV2::Deployment": `ApiId Description StageName`,
	"AWS::ApiGatewayV2::DomainName": `DomainName DomainNameConfigurations MutualTlsAuthentication RoutingMode Tags`,
	"AWS::ApiGatewayV2::Integration": `ApiId ConnectionId ConnectionType ContentHandlingStrategy CredentialsArn Description
		IntegrationMethod IntegrationSubtype IntegrationType IntegrationUri PassthroughBehavior
		PayloadFormatVersion RequestParameters RequestTemplates ResponseParameters TemplateSelectionExpression
		TimeoutInMillis TlsConfig`,
	"AWS::ApiGatewayV2::Route": `ApiId ApiKeyRequired AuthorizationScopes AuthorizationType AuthorizerId ModelSelectionExpression
		OperationName RequestModels RequestParameters RouteKey RouteResponseSelectionExpression Target`,
	"AWS::ApiGatewayV2::Stage": `AccessLogSettings ApiId AutoDeploy ClientCertificateId DefaultRouteSettings DeploymentId Description
		RouteSettings StageName StageVariables Tags`,
	"AWS::DynamoDB::Table": `AttributeDefinitions BillingMode ContributorInsightsSpecification DeletionProtectionEnabled
		GlobalSecondaryIndexes ImportSourceSpecification KeySchema KinesisStreamSpecification
		LocalSecondaryIndexes OnDemandThroughput PointInTimeRecoverySpecification ProvisionedThroughput
		ResourcePolicy SSESpecification StreamSpecification TableClass TableName Tags TimeToLiveSpecification
		WarmThroughput`,
	"AWS::Events::EventBus":       `DeadLetterConfig Description EventSourceName KmsKeyIdentifier LogConfig Name Policy Tags`,
	"AWS::Events::EventBusPolicy": `Action Condition EventBusName Principal Statement StatementId`,
	"AWS::Events::Rule":           `Description EventBusName EventPattern Name RoleArn ScheduleExpression State Tags Targets`,
	"AWS::IAM::AccessKey":         `Serial Status UserName`,
	"AWS::IAM::Group":             `GroupName ManagedPolicyArns Path Policies`,
	"AWS::IAM::ManagedPolicy":     `Description Groups ManagedPolicyName Path PolicyDocument Roles Users`,
	"AWS::IAM::Policy":            `Groups PolicyDocument PolicyName Roles Users`,
	"AWS::IAM::Role": `AssumeRolePolicyDocument Description ManagedPolicyArns MaxSessionDuration Path PermissionsBoundary
		Policies RoleName Tags`,
	"AWS::IAM::User":                `Groups LoginProfile ManagedPolicyArns Path PermissionsBoundary Policies Tags UserName`,
	"AWS::IAM::UserToGroupAddition": `GroupName Users`,
	"AWS::KMS::Alias":               `AliasName TargetKeyId`,
	"AWS::KMS::Key": `BypassPolicyLockoutSafetyCheck Description EnableKeyRotation Enabled KeyPolicy KeySpec KeyUsage
		MultiRegion Origin PendingWindowInDays RotationPeriodInDays Tags`,
	"AWS::Logs::LogGroup": `BearerTokenAuthenticationEnabled DataProtectionPolicy DeletionProtectionEnabled FieldIndexPolicies
		KmsKeyId LogGroupClass LogGroupName ResourcePolicyDocument RetentionInDays Tags`,
	"AWS::CloudWatch::Alarm": `ActionConfiguration ActionsEnabled AlarmActions AlarmDescription AlarmName ComparisonOperator
		DatapointsToAlarm Dimensions EvaluateLowSampleCountPercentile EvaluationCriteria
		EvaluationInterval EvaluationPeriods EvaluationWindow ExtendedStatistic InsufficientDataActions
		MetricName Metrics Namespace OKActions Period Statistic Tags Threshold ThresholdMetricId
		TreatMissingData Unit WarmUpConfiguration`,
	"AWS::IAM::OIDCProvider": `ClientIdList Tags ThumbprintList Url`,
	"AWS::SQS::Queue": `ContentBasedDeduplication DeduplicationScope DelaySeconds FifoQueue FifoThroughputLimit
		KmsDataKeyReusePeriodSeconds KmsMasterKeyId MaximumMessageSize MessageRetentionPeriod QueueName
		ReceiveMessageWaitTimeSeconds RedriveAllowPolicy RedrivePolicy SqsManagedSseEnabled Tags
		VisibilityTimeout`,
	"AWS::SQS::QueuePolicy": `PolicyDocument Queues`,
	"AWS::S3::Bucket": `AbacStatus AccelerateConfiguration AccessControl AnalyticsConfigurations BucketEncryption BucketName
		BucketNamePrefix BucketNamespace CorsConfiguration IntelligentTieringConfigurations
		InventoryConfigurations LifecycleConfiguration LoggingConfiguration MetadataConfiguration
		MetadataTableConfiguration MetricsConfigurations NotificationConfiguration ObjectLockConfiguration
		ObjectLockEnabled OwnershipControls PublicAccessBlockConfiguration ReplicationConfiguration Tags
		VersioningConfiguration WebsiteConfiguration`,
	"AWS::S3::BucketPolicy": `Bucket PolicyDocument`,
	"AWS::SNS::Topic": `ArchivePolicy ContentBasedDeduplication DataProtectionPolicy DeliveryStatusLogging DisplayName
		FifoThroughputScope FifoTopic KmsMasterKeyId SignatureVersion Subscription Tags TopicName TracingConfig`,
	"AWS::SNS::TopicPolicy":               `PolicyDocument Topics`,
	"AWS::SSM::Parameter":                 `AllowedPattern DataType Description Name Policies Tags Tier Type Value`,
	"AWS::SecretsManager::ResourcePolicy": `BlockPublicPolicy ResourcePolicy SecretId`,
	"AWS::SecretsManager::Secret":         `Description GenerateSecretString KmsKeyId Name ReplicaRegions SecretString Tags Type`,
	"AWS::Transfer::Server": `Certificate Domain EndpointDetails EndpointType IdentityProviderDetails IdentityProviderType
		IpAddressType LoggingRole PostAuthenticationLoginBanner PreAuthenticationLoginBanner ProtocolDetails
		Protocols S3StorageOptions SecurityPolicyName StructuredLogDestinations Tags WorkflowDetails`,
	"AWS::Transfer::User": `HomeDirectory HomeDirectoryMappings HomeDirectoryType Policy PosixProfile Role ServerId SshPublicKeys
		Tags UserName`,
}

// isProperty reports whether AWS's schema of a resource type has a property.
func isProperty(kind, property string) bool {
	return slices.Contains(strings.Fields(awsProperties[kind]), property)
}
