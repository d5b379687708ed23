// Package awsclient creates AWS clients from the provider's arguments: one set for the hub's
// account, and one for each project's account, region and role.
//
//	// one sts:GetCallerIdentity, and one AssumeRole per hop
//	clients, err := awsclient.New(ctx, config)
//	hub := clients.Hub() // no call
//	// one sts:AssumeRole, the first time
//	acme, err := clients.Project(ctx, "111122223333", "eu-west-1", role)
//	acme.CloudFormation.DescribeStacks(...)
//
// Everything is safe for concurrent use. Credentials are renewed two minutes before they expire.
// Clients live as long as the process.
//
// # Sources of settings
//
// The first column with a value has precedence, as with the aws provider. The arguments are the
// fields of Config.
//
//	setting            argument                       environment                              profile in the files
//	access key         access_key, secret_key, token  AWS_ACCESS_KEY_ID ... AWS_SESSION_TOKEN  aws_access_key_id ...
//	profile            profile                        AWS_PROFILE                              -
//	region             region                         AWS_REGION, AWS_DEFAULT_REGION           region
//	files              shared_config_files,           AWS_CONFIG_FILE,                         -
//	                   shared_credentials_files       AWS_SHARED_CREDENTIALS_FILE
//	web identity       assume_role_with_web_identity  AWS_ROLE_ARN,                            role_arn,
//	                                                  AWS_WEB_IDENTITY_TOKEN_FILE,             web_identity_token_file
//	                                                  AWS_ROLE_SESSION_NAME
//	chain of roles     assume_role                    -                                        role_arn, source_profile
//	endpoint of one    endpoints                      AWS_ENDPOINT_URL_<SERVICE>,              services, endpoint_url
//	service                                           AWS_ENDPOINT_URL
//	certificates       custom_ca_bundle               AWS_CA_BUNDLE                            -
//	proxy              http_proxy, https_proxy,       HTTP_PROXY, HTTPS_PROXY, NO_PROXY        -
//	                   no_proxy
//	attempts           max_retries (25)               -                                        -
//	retry mode         retry_mode (standard)          AWS_RETRY_MODE                           retry_mode
//	FIPS, dual stack   use_fips_endpoint,             AWS_USE_FIPS_ENDPOINT,                   use_fips_endpoint,
//	                   use_dualstack_endpoint         AWS_USE_DUALSTACK_ENDPOINT               use_dualstack_endpoint
//	instance metadata  ec2_metadata_service_...,      AWS_EC2_METADATA_...                     -
//	                   skip_metadata_api_check
//	user agent         user_agent                     TF_APPEND_USER_AGENT (added)             -
//
// Credentials are looked up in this order: access key of the arguments; web identity of the
// arguments; profile of the arguments; environment keys; web identity of the environment; shared
// files (keys, roles, single sign-on, credential_process); container; instance metadata. The chain
// assume_role starts from the result. A profile in the arguments has precedence over keys in the
// environment. A profile in the environment only replaces the default profile. Boolean arguments
// can enable a setting but not disable it. skip_metadata_api_check sets AWS_EC2_METADATA_DISABLED
// in the process, because the SDK has no other way.
//
// # Accounts
//
// New learns the account and partition from one sts:GetCallerIdentity, and checks
// allowed_account_ids and forbidden_account_ids with it. With skip_requesting_account_id it makes
// no call, and the account is unknown; both guards are then errors, since they could not be
// enforced. forbidden_account_ids also applies to projects' accounts. allowed_account_ids applies
// to the provider's own credentials only.
//
// Project assumes arn:<partition>:iam::<account>:role/<role> with the provider's own credentials,
// for an hour at a time. The ARN determines the account. The session is named stowage-<user or role
// of the provider>, the same in every run, so that CloudTrail in the project's account can be
// searched for it. Without a role, the provider's credentials must belong to the account. Otherwise
// the error is a *WrongAccountError; the project never looks empty.
//
// # Errors
//
// All errors except the end of a caller's context implement model.Explainer: they state what
// failed, AWS's reason with its request id, and what to do. *ArgumentError names the argument.
// *AssumeRoleError names the role, its position in the chain or the project's account, and the
// caller. The others are *CredentialsError and *WrongAccountError. No text contains a secret.
//
// # Calls
//
// Calls are retried here and nowhere above: 25 attempts, at most 20 seconds apart, never beyond the
// context's deadline. There is no token bucket, because an empty one would fail calls that AWS
// would answer. Only the first calls for a web identity or single sign-on have the SDK's default of
// three attempts. Calls that find no host or no open port end after nine attempts.
//
// Each attempt logs one DEBUG line: service, operation, region, host and path, status, request id,
// error code, duration. This list is explicit. Bodies, headers, query strings and error messages
// are not on it, because they carry templates, items, tokens and signatures.
//
// The user agent is "APN/1.0 Stowage/1.0 Terraform/<version> stowage/<version> <the SDK's>
// <user_agent> <TF_APPEND_USER_AGENT>".
//
// # Tests
//
// Config.HTTPClient replaces the transport of all calls, so that a test or simulation needs no
// network and can run in virtual time. Credentials from AssumeRole contain their account, and the
// SDK then calls DynamoDB at <account>.ddb.<region>.amazonaws.com. A transport that dispatches on
// host names should use the signature's scope instead, or the test should set Endpoints.
package awsclient
