// Package awsclient turns the provider's arguments into AWS clients: one set for the hub's account, one for each project's account,
// region and role.
//
//	clients, err := awsclient.New(ctx, config)                            // one sts:GetCallerIdentity, and one AssumeRole a hop
//	hub := clients.Hub()                                                  // no call
//	acme, err := clients.Project(ctx, "111122223333", "eu-west-1", role)  // one sts:AssumeRole, the first time
//	acme.CloudFormation.DescribeStacks(...)
//
// Everything is safe for concurrent use. Credentials are renewed two minutes before they end. Clients live as long as the process.
//
// # Where a setting comes from
//
// The first column that has a value wins, as with the aws provider. The arguments are the fields of Config.
//
//	setting              argument                        environment                              shared files (of the profile)
//	access key           access_key, secret_key, token   AWS_ACCESS_KEY_ID ... AWS_SESSION_TOKEN  aws_access_key_id ...
//	profile              profile                         AWS_PROFILE                              -
//	region               region                          AWS_REGION, AWS_DEFAULT_REGION           region
//	files                shared_config_files,            AWS_CONFIG_FILE,                         -
//	                     shared_credentials_files        AWS_SHARED_CREDENTIALS_FILE
//	web identity         assume_role_with_web_identity   AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE, role_arn, web_identity_token_file
//	                                                     AWS_ROLE_SESSION_NAME
//	chain of roles       assume_role                     -                                        role_arn, source_profile
//	endpoint of one      endpoints                       AWS_ENDPOINT_URL_<SERVICE>,              services, endpoint_url
//	service                                              AWS_ENDPOINT_URL
//	certificates         custom_ca_bundle                AWS_CA_BUNDLE                            -
//	proxy                http_proxy, https_proxy,        HTTP_PROXY, HTTPS_PROXY, NO_PROXY        -
//	                     no_proxy
//	attempts             max_retries (25)                -                                        -
//	retry mode           retry_mode (standard)           AWS_RETRY_MODE                           retry_mode
//	FIPS, dual stack     use_fips_endpoint,              AWS_USE_FIPS_ENDPOINT,                   use_fips_endpoint,
//	                     use_dualstack_endpoint          AWS_USE_DUALSTACK_ENDPOINT               use_dualstack_endpoint
//	instance metadata    ec2_metadata_service_...,       AWS_EC2_METADATA_...                     -
//	                     skip_metadata_api_check
//	user agent           user_agent                      TF_APPEND_USER_AGENT (added)             -
//
// Credentials are looked for in this order: access key of the arguments; web identity of the arguments; profile of the arguments;
// environment keys; web identity of the environment; shared files (keys, roles, single sign-on, credential_process); container; instance
// metadata. The chain assume_role then starts from what was found. A profile given as an argument goes before keys in the
// environment; a profile of the environment goes before nothing but the default profile. Boolean arguments can switch on, not off.
// skip_metadata_api_check works by setting AWS_EC2_METADATA_DISABLED in the process, since the SDK has no other way.
//
// # Whose account
//
// New knows the account and the partition by one sts:GetCallerIdentity, and checks allowed_account_ids and forbidden_account_ids by it. With
// skip_requesting_account_id there is no such call, and the account is unknown; then either guard is an error, since it could not be obeyed.
// forbidden_account_ids also keeps out of projects' accounts. allowed_account_ids is about the provider's own credentials only.
//
// Project assumes arn:<partition>:iam::<account>:role/<role> by the provider's own credentials, for an hour at a time. The account
// follows from the ARN. The session is named stowage-<user or role of the provider>, the same in every run, so that CloudTrail
// in the project's account can be searched for it. Without a role the provider's credentials must belong to the account: anything else is a
// *WrongAccountError, never an empty account.
//
// # Errors
//
// All errors but a caller's own canceled context implement Explained: a title and a text that says what failed, AWS's reason with its request id, and
// what to do. *ArgumentError names the argument. *AssumeRoleError names the role, its place in the chain or the project's account, and who
// tried. *CredentialsError and *WrongAccountError are the others. No text holds a secret.
//
// # Calls
//
// Retrying is done here and nowhere above: 25 attempts, at most 20 seconds apart, without a token bucket (whose emptiness would fail a call that AWS
// would answer), and never beyond the context's deadline. Only the first attempts to reach AWS for a web identity or single sign-on have the SDK's
// default of three. Calls that find no host or no open port end after nine attempts.
//
// One DEBUG line is logged for each attempt: service, operation, region, host and path, status, request id, error code, duration. What may be logged is an
// explicit list. Bodies, headers, query strings and error messages are not on it, because templates, items, tokens and signatures travel in them.
//
// The user agent is "APN/1.0 Stowage/1.0 Terraform/<version> stowage/<version> <the SDK's> <user_agent> <TF_APPEND_USER_AGENT>".
//
// # Tests
//
// Config.HTTPClient replaces the transport under all calls, so that a test or a simulation needs no network and can run under virtual time.
// Credentials that come from AssumeRole carry their account, and the SDK then calls DynamoDB at <account>.ddb.<region>.amazonaws.com; a transport that
// goes by host names should go by the signature's scope instead, or the test should set Endpoints.
package awsclient
