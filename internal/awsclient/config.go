package awsclient

import (
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// DefaultMaxRetries is the number of attempts of a call when Config.MaxRetries is 0.
const DefaultMaxRetries = 25

// Config holds the provider's arguments for calling AWS. For a zero field the environment and the
// shared configuration files decide, as for every AWS SDK.
type Config struct {
	Region                 string
	Profile                string
	AccessKey              string
	SecretKey              string
	Token                  string
	SharedConfigFiles      []string
	SharedCredentialsFiles []string

	// AssumeRole is a chain: each role is assumed with the credentials of the previous one.
	AssumeRole                []AssumeRole
	AssumeRoleWithWebIdentity *AssumeRoleWithWebIdentity

	// AllowedAccountIDs, if not empty, must contain the account of the provider's own credentials;
	// ForbiddenAccountIDs neither that account nor a project's. Only one of them may be set.
	AllowedAccountIDs   []string
	ForbiddenAccountIDs []string

	// Endpoints replaces the addresses of services, by the names in EndpointServices.
	Endpoints map[string]string

	CustomCABundle string  // path of a PEM file; ~ and environment variables are expanded
	HTTPProxy      *string // nil: HTTP_PROXY decides; empty: no proxy
	HTTPSProxy     *string // nil: HTTPS_PROXY decides; empty: no proxy
	NoProxy        string
	Insecure       bool // accept any TLS certificate

	MaxRetries                     int    // attempts per call, including the first; 0 is DefaultMaxRetries
	RetryMode                      string // "standard" or "adaptive"
	TokenBucketRateLimiterCapacity int    // 0: no client-side limit on retries

	STSRegion            string
	UseFIPSEndpoint      bool
	UseDualStackEndpoint bool

	EC2MetadataServiceEndpoint     string
	EC2MetadataServiceEndpointMode string // "IPv4" or "IPv6"
	// true: never ask the instance metadata service; nil: AWS_EC2_METADATA_DISABLED decides
	SkipMetadataAPICheck *bool

	// SkipCredentialsValidation lets New succeed with credentials that AWS refuses. The account is
	// then unknown.
	SkipCredentialsValidation bool
	SkipRegionValidation      bool
	// SkipRequestingAccountID saves New's GetCallerIdentity. The account is then unknown until a
	// project needs it.
	SkipRequestingAccountID bool

	S3UsePathStyle bool

	// ProjectExternalID is the external ID for assuming roles of projects' accounts, or empty.
	ProjectExternalID string

	Version          string    // of Stowage, for the user agent
	TerraformVersion string    // for the user agent; may be empty
	UserAgent        []Product // the user's own additions to the user agent

	// HTTPClient replaces the transport of every call, including those that find credentials; nil
	// is the SDK's. Tests and simulations use it instead of AWS. CustomCABundle, the proxies and
	// Insecure then have no effect.
	HTTPClient *http.Client
}

// AssumeRole is one hop of a chain of roles.
type AssumeRole struct {
	RoleARN           string
	Duration          time.Duration // 0: 15 minutes, renewed as needed
	ExternalID        string
	Policy            string
	PolicyARNs        []string
	SessionName       string
	SourceIdentity    string
	Tags              map[string]string
	TransitiveTagKeys []string
}

// AssumeRoleWithWebIdentity exchanges an OIDC token for a role's credentials. Exactly one of the
// two token fields must be set.
type AssumeRoleWithWebIdentity struct {
	RoleARN              string
	Duration             time.Duration
	Policy               string
	PolicyARNs           []string
	SessionName          string
	WebIdentityToken     string
	WebIdentityTokenFile string
}

// Product is one part of the user agent: name/version (comment).
type Product struct {
	Name    string
	Version string
	Comment string
}

var (
	accountIDPattern = regexp.MustCompile(`^[0-9]{12}$`)
	// externalIDPattern is the pattern in the STS API reference, AssumeRole.
	externalIDPattern = regexp.MustCompile(`^[\w+=,.@:/-]+$`)
	roleNamePattern   = regexp.MustCompile(`^[\w+=,.@/-]{1,576}$`)
)

// IsExternalID reports whether s is a valid external ID for AssumeRole.
func IsExternalID(s string) bool {
	return len(s) >= 2 && len(s) <= 1224 && externalIDPattern.MatchString(s)
}

// check returns errors that need no call of AWS. Messages contain no secret, and so no URL with its
// user info.
func (c *Config) check() error {
	for _, check := range []func() error{
		c.checkCredentials, c.checkRoles, c.checkRetries, c.checkEndpoints, c.checkProxies, c.checkFiles,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkCredentials checks the access keys and the lists of accounts.
func (c *Config) checkCredentials() error {
	if c.AccessKey != "" && c.SecretKey == "" {
		return &ArgumentError{Argument: "secret_key", Err: errors.New("access_key is set but secret_key is not")}
	}
	if c.AccessKey == "" && (c.SecretKey != "" || c.Token != "") {
		return &ArgumentError{Argument: "access_key", Err: errors.New("secret_key or token is set but access_key is not")}
	}
	if len(c.AllowedAccountIDs) > 0 && len(c.ForbiddenAccountIDs) > 0 {
		return &ArgumentError{
			Argument: "allowed_account_ids",
			Err:      errors.New("only one of allowed_account_ids and forbidden_account_ids may be set"),
		}
	}
	return nil
}

func (c *Config) checkRoles() error {
	if c.ProjectExternalID != "" && !IsExternalID(c.ProjectExternalID) {
		return &ArgumentError{
			Argument: "project_external_id",
			Err:      errors.New("it must have 2 to 1224 letters, digits and characters of +=,.@:/_-"),
		}
	}
	for i, r := range c.AssumeRole {
		if r.RoleARN == "" {
			return &ArgumentError{
				Argument: "assume_role", Err: fmt.Errorf("role %d of %d has no role_arn", i+1, len(c.AssumeRole)),
			}
		}
	}
	if w := c.AssumeRoleWithWebIdentity; w != nil {
		if w.RoleARN == "" {
			return &ArgumentError{Argument: "assume_role_with_web_identity", Err: errors.New("role_arn is not set")}
		}
		if (w.WebIdentityToken == "") == (w.WebIdentityTokenFile == "") {
			return &ArgumentError{
				Argument: "assume_role_with_web_identity",
				Err:      errors.New("set exactly one of web_identity_token and web_identity_token_file"),
			}
		}
	}
	return nil
}

func (c *Config) checkRetries() error {
	if c.MaxRetries < 0 {
		return &ArgumentError{Argument: "max_retries", Err: errors.New("must not be negative")}
	}
	if c.TokenBucketRateLimiterCapacity < 0 {
		return &ArgumentError{Argument: "token_bucket_rate_limiter_capacity", Err: errors.New("must not be negative")}
	}
	if c.RetryMode != "" {
		if _, err := aws.ParseRetryMode(c.RetryMode); err != nil {
			return &ArgumentError{Argument: "retry_mode", Err: fmt.Errorf("%q is neither standard nor adaptive", c.RetryMode)}
		}
	}
	return nil
}

// checkEndpoints checks the addresses of services.
func (c *Config) checkEndpoints() error {
	if m := c.EC2MetadataServiceEndpointMode; m != "" && !strings.EqualFold(m, "IPv4") && !strings.EqualFold(m, "IPv6") {
		return &ArgumentError{
			Argument: "ec2_metadata_service_endpoint_mode", Err: fmt.Errorf("%q is neither IPv4 nor IPv6", m),
		}
	}
	for _, service := range slices.Sorted(maps.Keys(c.Endpoints)) {
		if !slices.Contains(EndpointServices, service) {
			return &ArgumentError{
				Argument: "endpoints",
				Err: fmt.Errorf(
					"%q is not a service of this provider; known are %s", service, strings.Join(EndpointServices, ", "),
				),
			}
		}
		if err := checkURL(c.Endpoints[service]); err != nil {
			return &ArgumentError{Argument: "endpoints", Err: fmt.Errorf("%s: %w", service, err)}
		}
	}
	return nil
}

func (c *Config) checkProxies() error {
	if c.HTTPProxy != nil && *c.HTTPProxy != "" && checkProxy(*c.HTTPProxy) != nil {
		return &ArgumentError{Argument: "http_proxy", Err: checkProxy(*c.HTTPProxy)}
	}
	if c.HTTPSProxy != nil && *c.HTTPSProxy != "" && checkProxy(*c.HTTPSProxy) != nil {
		return &ArgumentError{Argument: "https_proxy", Err: checkProxy(*c.HTTPSProxy)}
	}
	return nil
}

// checkFiles checks that the configuration files and the CA bundle can be read.
func (c *Config) checkFiles() error {
	for argument, paths := range map[string][]string{
		"shared_config_files": c.SharedConfigFiles, "shared_credentials_files": c.SharedCredentialsFiles,
	} {
		for _, path := range paths {
			if err := checkFile(path); err != nil {
				return &ArgumentError{Argument: argument, Err: err, Remedy: "Correct the path, or remove it."}
			}
		}
	}
	if c.CustomCABundle != "" {
		if err := checkCABundle(c.CustomCABundle); err != nil {
			return &ArgumentError{Argument: "custom_ca_bundle", Err: err}
		}
	}
	return nil
}

func checkURL(s string) error {
	if s == "" {
		return nil // as if not set
	}
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return errors.New("must be a URL such as https://host:port")
	}
	if u.User != nil {
		return errors.New("must not hold a user name or password")
	}
	return nil
}

// checkProxy omits the URL from its message, because it may contain a password.
func checkProxy(s string) error {
	if u, err := url.Parse(s); err != nil || u.Host == "" {
		return errors.New("must be a URL such as http://host:port")
	}
	return nil
}

// expand replaces environment variables and the home directory in a path, as the SDK does.
func expand(path string) (string, error) {
	path = os.ExpandEnv(path)
	rest, ok := strings.CutPrefix(path, "~/")
	if !ok {
		return path, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, rest), nil
}

// checkFile requires a readable file. The SDK ignores a missing one, and would use other
// credentials.
func checkFile(path string) error {
	path, err := expand(path)
	if err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("the file cannot be read: %w", err)
	}
	return file.Close()
}

func checkCABundle(path string) error {
	path, err := expand(path)
	if err != nil {
		return err
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("the file of certificates can't be read: %w", err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(pem) {
		return fmt.Errorf("the file %s holds no certificate in PEM form", path)
	}
	return nil
}
