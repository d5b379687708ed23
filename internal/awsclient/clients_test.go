package awsclient

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/smithy-go"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

const (
	projectAccount = "111122223333"
	projectRole    = "arn:aws:iam::111122223333:role/StowageProvisioner"
)

func TestHubCostsOneCall(t *testing.T) {
	cleanEnvironment(t)
	f := newFakeAWS()
	c := mustNew(t, hubConfig(f))
	if got, want := f.count(), map[string]int{"sts:GetCallerIdentity": 1}; !maps.Equal(got, want) {
		t.Errorf("calls %v, want %v", got, want)
	}
	if c.AccountID() != "000000000000" || c.Partition() != "aws" || c.Hub().Region != "eu-west-1" ||
		c.Hub().ID != "000000000000" {
		t.Errorf("account %q, partition %q, region %q", c.AccountID(), c.Partition(), c.Hub().Region)
	}
}

func TestHub_NoCallsWithoutAccountID(t *testing.T) {
	cleanEnvironment(t)
	f := newFakeAWS()
	config := hubConfig(f)
	config.SkipRequestingAccountID = true
	config.Region = "cn-north-1"
	c := mustNew(t, config)
	if n := f.count(); len(n) != 0 {
		t.Errorf("calls %v, want none", n)
	}
	if c.AccountID() != "" || c.Partition() != "aws-cn" {
		t.Errorf("account %q, partition %q", c.AccountID(), c.Partition())
	}
}

func TestProjectCostsOneAssumeRole(t *testing.T) {
	cleanEnvironment(t)
	f := newFakeAWS()
	f.roles[projectRole] = []string{"arn:aws:iam::000000000000:user/deploy"}
	c := mustNew(t, hubConfig(f))

	var wg sync.WaitGroup
	accounts := make([]*Account, 20)
	for i := range accounts {
		wg.Go(func() {
			var err error
			if accounts[i], err = c.Project(t.Context(), projectAccount, "eu-central-1", "StowageProvisioner"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got, want := f.count(), map[string]int{"sts:GetCallerIdentity": 1, "sts:AssumeRole": 1}; !maps.Equal(got, want) {
		t.Errorf("calls %v, want %v", got, want)
	}
	for _, a := range accounts {
		if a != accounts[0] {
			t.Fatal("concurrent callers got different client sets")
		}
	}
	if a := accounts[0]; a.ID != projectAccount || a.Region != "eu-central-1" {
		t.Errorf("account %s in %s", a.ID, a.Region)
	}
	assumed := f.all("AssumeRole")[0]
	if got := assumed.Form.Get("RoleSessionName"); got != "stowage-deploy" {
		t.Errorf("session name %q", got)
	}
	if assumed.Region != "eu-west-1" {
		t.Errorf("AssumeRole was signed for %s, want the provider's region", assumed.Region)
	}
	f.other = func(sdkCall) (int, string) {
		return 200, `<DescribeStacksResponse><DescribeStacksResult><Stacks/></DescribeStacksResult></DescribeStacksResponse>`
	}
	if _, err := accounts[0].CloudFormation.DescribeStacks(
		t.Context(), &cloudformation.DescribeStacksInput{},
	); err != nil {
		t.Fatal(err)
	}
	call := f.all("DescribeStacks")[0]
	if call.AccessKey != "ASIASESSION1" || call.Region != "eu-central-1" {
		t.Errorf("CloudFormation was called by %s in %s", call.AccessKey, call.Region)
	}

	if other, err := c.Project(
		t.Context(), projectAccount, "", "StowageProvisioner",
	); err != nil || other == accounts[0] ||
		other.Region != "eu-west-1" {
		t.Errorf("another region: %v, %v", other, err)
	}
}

func TestSessionName(t *testing.T) {
	for caller, want := range map[string]string{
		"arn:aws:iam::000000000000:user/path/deploy":                  "stowage-deploy",
		"arn:aws:sts::000000000000:assumed-role/Terraform/1699999999": "stowage-Terraform",
		"arn:aws:iam::000000000000:root":                              "stowage-root",
		"arn:aws:sts::000000000000:federated-user/a b":                "stowage-a-b",
		"": "stowage-provider",
		"arn:aws:sts::000000000000:assumed-role/" + strings.Repeat("r", 64) + "/s": "stowage-" + strings.Repeat("r", 56),
	} {
		if got := sessionName(caller); got != want {
			t.Errorf("%s: %q, want %q", caller, got, want)
		}
	}
}

func TestUnassumableProjectRole(t *testing.T) {
	cleanEnvironment(t)
	f := newFakeAWS()
	c := mustNew(t, hubConfig(f))
	_, err := c.Project(t.Context(), projectAccount, "eu-west-1", "StowageProvisioner")
	e := wantError[*AssumeRoleError](
		t, err, projectRole, "account "+projectAccount, "arn:aws:iam::000000000000:user/deploy",
		"AccessDenied: User: arn:aws:iam::000000000000:user/deploy is not authorized to perform: sts:AssumeRole",
		"req-1", "trust policy", "onboarded",
	)
	if e.RoleARN != projectRole || e.ProjectID != projectAccount {
		t.Errorf("%+v", e)
	}

	f.mu.Lock()
	f.roles[projectRole] = []string{"arn:aws:iam::000000000000:user/deploy"}
	f.mu.Unlock()
	if _, err := c.Project(t.Context(), projectAccount, "eu-west-1", "StowageProvisioner"); err != nil {
		t.Errorf("an error was kept: %v", err)
	}
}

func TestOwnCredentialsServeProjects(t *testing.T) {
	cleanEnvironment(t)
	for _, skip := range []bool{false, true} {
		t.Run(fmt.Sprintf("skip_requesting_account_id=%t", skip), func(t *testing.T) {
			f := newFakeAWS()
			config := hubConfig(f)
			config.SkipRequestingAccountID = skip
			c := mustNew(t, config)
			if a, err := c.Project(t.Context(), "000000000000", "eu-central-1", ""); err != nil || a.ID != "000000000000" ||
				a.Region != "eu-central-1" {
				t.Errorf("own account: %+v, %v", a, err)
			}
			if n := f.count(); n["sts:GetCallerIdentity"] != 1 || n["sts:AssumeRole"] != 0 {
				t.Errorf("calls %v", n)
			}
			_, err := c.Project(t.Context(), projectAccount, "eu-west-1", "")
			e := wantError[*WrongAccountError](t, err, projectAccount, "000000000000", "project_role_name")
			if e.Want != projectAccount || e.Got != "000000000000" {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestProjectArguments(t *testing.T) {
	cleanEnvironment(t)
	f := newFakeAWS()
	config := hubConfig(f)
	config.ForbiddenAccountIDs = []string{"999999999999"}
	c := mustNew(t, config)
	_, err := c.Project(t.Context(), "1234", "", "R")
	wantError[*ArgumentError](t, err, "1234", "12 digits")
	_, err = c.Project(t.Context(), projectAccount, "", projectRole)
	wantError[*ArgumentError](t, err, "name of a role", "not its ARN")
	_, err = c.Project(t.Context(), projectAccount, "eu-wset-1", "R")
	wantError[*ArgumentError](t, err, "eu-wset-1", "skip_region_validation")
	_, err = c.Project(t.Context(), projectAccount, "us-gov-west-1", "R")
	wantError[*ArgumentError](t, err, "us-gov-west-1", "partition aws")
	_, err = c.Project(t.Context(), "999999999999", "", "R")
	wantError[*ArgumentError](t, err, "999999999999", "forbidden_account_ids")
	if n := f.count(); n["sts:AssumeRole"] != 0 {
		t.Errorf("calls %v, want no AssumeRole", n)
	}
}

func TestChainOfRoles(t *testing.T) {
	cleanEnvironment(t)
	const (
		first  = "arn:aws:iam::000000000001:role/First"
		second = "arn:aws:iam::000000000002:role/Second"
	)
	start := func(f *fakeAWS) Config {
		f.roles[first] = []string{"arn:aws:iam::000000000000:user/deploy"}
		config := hubConfig(f)
		config.AssumeRole = []AssumeRole{
			{
				RoleARN:           first,
				SessionName:       "one",
				ExternalID:        "ext",
				Tags:              map[string]string{"b": "2", "a": "1"},
				TransitiveTagKeys: []string{"a"},
			},
			{
				RoleARN:        second,
				SessionName:    "two",
				Duration:       30 * time.Minute,
				Policy:         "{}",
				PolicyARNs:     []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"},
				SourceIdentity: "me",
			},
		}
		return config
	}

	t.Run("in order", func(t *testing.T) {
		f := newFakeAWS()
		config := start(f)
		f.roles[second] = []string{"arn:aws:sts::000000000001:assumed-role/First/one"}
		c := mustNew(t, config)
		if c.AccountID() != "000000000002" || c.Caller() != "arn:aws:sts::000000000002:assumed-role/Second/two" {
			t.Errorf("account %s, caller %s", c.AccountID(), c.Caller())
		}
		calls := f.all("AssumeRole")
		if len(calls) != 2 || calls[0].Form.Get("RoleArn") != first || calls[1].Form.Get("RoleArn") != second ||
			calls[1].AccessKey != "ASIASESSION1" {
			t.Errorf("calls %v", calls)
		}
		for i, want := range []map[string]string{
			{"ExternalId": "ext", "Tags.member.1.Key": "a", "Tags.member.2.Value": "2", "TransitiveTagKeys.member.1": "a", "DurationSeconds": "900"},
			{"DurationSeconds": "1800", "Policy": "{}", "PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/ReadOnlyAccess", "SourceIdentity": "me"},
		} {
			for name, value := range want {
				if got := calls[i].Form.Get(name); got != value {
					t.Errorf("hop %d: %s is %q, want %q", i+1, name, got, value)
				}
			}
		}
	})
	t.Run("second hop fails", func(t *testing.T) {
		f := newFakeAWS()
		_, err := New(t.Context(), start(f))
		e := wantError[*AssumeRoleError](t, err, second, "2 of 2", "assumed-role/First/one is not authorized")
		if e.RoleARN != second || e.Hop != 2 {
			t.Errorf("%+v", e)
		}
	})
	t.Run("first hop fails", func(t *testing.T) {
		f := newFakeAWS()
		config := start(f)
		delete(f.roles, first)
		_, err := New(t.Context(), config)
		if e := wantError[*AssumeRoleError](t, err, first, "1 of 2"); e.Hop != 1 {
			t.Errorf("%+v", e)
		}
		if n := f.count(); n["sts:AssumeRole"] != 1 {
			t.Errorf("calls %v", n)
		}
	})
}

func TestWebIdentity(t *testing.T) {
	cleanEnvironment(t)
	const role = "arn:aws:iam::000000000000:role/FromToken"
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("jwt1"), 0o600); err != nil {
		t.Fatal(err)
	}
	config := func(f *fakeAWS, path string) Config {
		return Config{Region: "eu-west-1", HTTPClient: f.client(),
			AssumeRoleWithWebIdentity: &AssumeRoleWithWebIdentity{RoleARN: role, SessionName: "s", WebIdentityTokenFile: path}}
	}
	f := newFakeAWS()
	f.roles[role] = []string{"token:jwt1"}
	if c := mustNew(t, config(f, file)); c.Caller() != "arn:aws:sts::000000000000:assumed-role/FromToken/s" {
		t.Errorf("caller %s", c.Caller())
	}

	f = newFakeAWS()
	_, err := New(t.Context(), config(f, file))
	if e := wantError[*AssumeRoleError](t, err, role, "web identity", "AccessDenied", "audience"); !e.WebIdentity {
		t.Errorf("%+v", e)
	}
	_, err = New(t.Context(), config(f, file+"missing"))
	wantError[*AssumeRoleError](t, err, role, file+"missing", "no such file")

	// HCP Terraform's dynamic credentials are set in the environment only.
	t.Setenv("AWS_ROLE_ARN", role)
	t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", file)
	t.Setenv("AWS_ROLE_SESSION_NAME", "env")
	f = newFakeAWS()
	f.roles[role] = []string{"token:jwt1"}
	if c := mustNew(
		t, Config{Region: "eu-west-1", HTTPClient: f.client()},
	); c.Caller() != "arn:aws:sts::000000000000:assumed-role/FromToken/env" {
		t.Errorf("caller %s", c.Caller())
	}
}

func TestPrecedence(t *testing.T) {
	cleanEnvironment(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "credentials")
	configFile := filepath.Join(dir, "config")
	for path, text := range map[string]string{
		file:       "[default]\naws_access_key_id=AKIDDEFAULT\naws_secret_access_key=s\n[named]\naws_access_key_id=AKIDNAMED\naws_secret_access_key=s\n",
		configFile: "[default]\nregion=eu-north-1\n[profile named]\nregion=eu-south-1\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files := func(c Config) Config {
		c.SharedCredentialsFiles, c.SharedConfigFiles = []string{file}, []string{configFile}
		return c
	}
	for _, test := range []struct {
		name, key, region string
		env               map[string]string
		config            Config
	}{
		{name: "default profile", key: "AKIDDEFAULT", region: "eu-north-1"},
		{name: "environment over files", key: "AKIDENV", region: "eu-west-2",
			env: map[string]string{"AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "eu-west-2"}},
		{name: "profile argument over environment keys", key: "AKIDNAMED", region: "eu-south-1", config: Config{Profile: "named"},
			env: map[string]string{"AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "s"}},
		{name: "profile of the environment", key: "AKIDNAMED", region: "eu-south-1", env: map[string]string{"AWS_PROFILE": "named"}},
		{name: "explicit keys over everything", key: "AKIDARG", region: "eu-west-3",
			config: Config{AccessKey: "AKIDARG", SecretKey: "s", Profile: "named", Region: "eu-west-3"},
			env:    map[string]string{"AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "eu-west-2"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			f := newFakeAWS()
			f.identities[test.key] = "arn:aws:iam::000000000000:user/x"
			config := files(test.config)
			config.HTTPClient = f.client()
			c := mustNew(t, config)
			if got := f.all("GetCallerIdentity")[0].AccessKey; got != test.key {
				t.Errorf("signed by %s, want %s", got, test.key)
			}
			if c.Hub().Region != test.region {
				t.Errorf("region %s, want %s", c.Hub().Region, test.region)
			}
		})
	}
}

func TestAccountGuards(t *testing.T) {
	cleanEnvironment(t)
	const hub, other = "000000000000", "999999999999"
	for _, test := range []struct {
		name               string
		allowed, forbidden []string
		skip               bool
		argument           string // the refusing argument, or empty
	}{
		{name: "none"},
		{name: "allowed", allowed: []string{other, hub}},
		{name: "not allowed", allowed: []string{other}, argument: "allowed_account_ids"},
		{name: "not forbidden", forbidden: []string{other}},
		{name: "forbidden", forbidden: []string{other, hub}, argument: "forbidden_account_ids"},
		{name: "allowed but unknown", allowed: []string{hub}, skip: true, argument: "allowed_account_ids"},
		{name: "forbidden but unknown", forbidden: []string{other}, skip: true, argument: "forbidden_account_ids"},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := hubConfig(newFakeAWS())
			config.AllowedAccountIDs, config.ForbiddenAccountIDs, config.SkipRequestingAccountID = test.allowed, test.forbidden, test.skip
			_, err := New(t.Context(), config)
			if test.argument == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			e := wantError[*ArgumentError](t, err, test.argument)
			if e.Argument != test.argument || !strings.Contains(e.Error(), hub) != test.skip {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestRefusedCredentials(t *testing.T) {
	cleanEnvironment(t)
	f := newFakeAWS()
	config := hubConfig(f)
	config.AccessKey = "AKIDWRONG"
	_, err := New(t.Context(), config)
	wantError[*CredentialsError](
		t, err, "AWS refused", "InvalidClientTokenId: The security token included in the request is invalid.",
		"req-1", "does not exist",
	)

	config.SkipCredentialsValidation = true
	c := mustNew(t, config)
	if c.AccountID() != "" || len(c.Warnings()) != 1 {
		t.Errorf("account %q, warnings %v", c.AccountID(), c.Warnings())
	}
	_, err = c.Project(t.Context(), projectAccount, "", "")
	wantError[*CredentialsError](t, err, "InvalidClientTokenId")
}

func TestExpiredCredentials(t *testing.T) {
	cleanEnvironment(t)
	for _, code := range []string{"ExpiredToken", "ExpiredTokenException"} {
		f := newFakeAWS()
		c := mustNew(t, hubConfig(f))
		f.other = func(sdkCall) (int, string) {
			return awsError(403, code, "The security token included in the request is expired")
		}
		_, err := c.Hub().CloudFormation.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{})
		wantError[*CredentialsError](t, err, code+": The security token included in the request is expired", "Sign in again")
		var api smithy.APIError
		if !errors.As(err, &api) || api.ErrorCode() != code {
			t.Errorf("AWS's error is not in %v", err)
		}
	}
	err := &AssumeRoleError{RoleARN: projectRole, Err: &smithy.GenericAPIError{Code: "ExpiredToken"}}
	if explained := err.Explain(); !strings.Contains(explained.Remedy, "Sign in again") {
		t.Errorf("%+v", explained)
	}
}

func TestNoCredentials(t *testing.T) {
	cleanEnvironment(t)
	f := newFakeAWS()
	_, err := New(t.Context(), Config{Region: "eu-west-1", HTTPClient: f.client()})
	wantError[*CredentialsError](t, err, "No AWS credentials were found", "AWS_ACCESS_KEY_ID", "profile")

	_, err = New(t.Context(), Config{Region: "eu-west-1", Profile: "nobody", HTTPClient: f.client()})
	wantError[*CredentialsError](t, err, "nobody")
}

func TestRegion(t *testing.T) {
	cleanEnvironment(t)
	f := newFakeAWS()
	config := hubConfig(f)
	config.Region = ""
	_, err := New(t.Context(), config)
	wantError[*ArgumentError](t, err, "no AWS region is set", "AWS_REGION")
	config.Region = "mars-1"
	_, err = New(t.Context(), config)
	wantError[*ArgumentError](t, err, "mars-1")
	if n := f.count(); len(n) != 0 {
		t.Errorf("calls %v, want none", n)
	}
	config.SkipRegionValidation = true
	mustNew(t, config)
	config.SkipRegionValidation, config.Region = false, "cn-north-1"
	_, err = New(t.Context(), config)
	wantError[*ArgumentError](t, err, "cn-north-1", "partition aws")
}

func TestWrongArguments(t *testing.T) {
	cleanEnvironment(t)
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	proxy := "://user:proxysecret@host"
	for _, test := range []struct {
		argument string
		change   func(*Config)
		words    []string
	}{
		{"custom_ca_bundle", func(c *Config) { c.CustomCABundle = "/nowhere/ca.pem" }, []string{"/nowhere/ca.pem", "no such file"}},
		{"custom_ca_bundle", func(c *Config) { c.CustomCABundle = empty }, []string{empty, "no certificate"}},
		{"shared_config_files", func(c *Config) { c.SharedConfigFiles = []string{empty, "/nowhere/config"} }, []string{"/nowhere/config", "no such file"}},
		{"shared_credentials_files", func(c *Config) { c.SharedCredentialsFiles = []string{"~/no such credentials"} }, []string{"/no such credentials", "no such file"}},
		{"secret_key", func(c *Config) { c.SecretKey = "" }, nil},
		{"access_key", func(c *Config) { c.AccessKey = "" }, nil},
		{"allowed_account_ids", func(c *Config) { c.AllowedAccountIDs, c.ForbiddenAccountIDs = []string{"1"}, []string{"2"} }, nil},
		{"assume_role", func(c *Config) { c.AssumeRole = []AssumeRole{{RoleARN: "arn"}, {}} }, []string{"2 of 2"}},
		{"assume_role_with_web_identity", func(c *Config) { c.AssumeRoleWithWebIdentity = &AssumeRoleWithWebIdentity{} }, []string{"role_arn"}},
		{"assume_role_with_web_identity", func(c *Config) { c.AssumeRoleWithWebIdentity = &AssumeRoleWithWebIdentity{RoleARN: "a"} }, []string{"exactly one"}},
		{"retry_mode", func(c *Config) { c.RetryMode = "often" }, []string{"often"}},
		{"max_retries", func(c *Config) { c.MaxRetries = -1 }, nil},
		{"token_bucket_rate_limiter_capacity", func(c *Config) { c.TokenBucketRateLimiterCapacity = -1 }, nil},
		{"ec2_metadata_service_endpoint_mode", func(c *Config) { c.EC2MetadataServiceEndpointMode = "IPv5" }, nil},
		{"endpoints", func(c *Config) { c.Endpoints = map[string]string{"ec2": "http://x"} }, []string{"ec2", "cloudformation"}},
		{"endpoints", func(c *Config) { c.Endpoints = map[string]string{"s3": "localhost:4566"} }, []string{"s3"}},
		{"http_proxy", func(c *Config) { c.HTTPProxy = &proxy }, nil},
		{"https_proxy", func(c *Config) { c.HTTPSProxy = &proxy }, nil},
	} {
		config := hubConfig(newFakeAWS())
		test.change(&config)
		_, err := New(t.Context(), config)
		e := wantError[*ArgumentError](t, err, append(test.words, test.argument)...)
		if e.Argument != test.argument {
			t.Errorf("argument %s, want %s", e.Argument, test.argument)
		}
		if strings.Contains(e.Error()+e.Explain().Cause, "proxysecret") {
			t.Errorf("the proxy's password is in %q", e.Explain().Cause)
		}
	}
}

func TestRetries_LastAttempt(t *testing.T) {
	cleanEnvironment(t)
	for _, test := range []struct {
		name                         string
		maxRetries, throttle, wanted int
		fails                        bool
	}{
		{name: "the 25th attempt succeeds", throttle: 24, wanted: 25},
		{name: "the 25th attempt is the last", throttle: 25, wanted: 25, fails: true},
		{name: "max_retries", maxRetries: 3, throttle: 9, wanted: 3, fails: true},
	} {
		for _, target := range []string{"hub", "project", "assume role"} {
			t.Run(test.name+"/"+target, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := newFakeAWS()
					f.roles[projectRole] = []string{"arn:aws:iam::000000000000:user/deploy"}
					f.other = func(sdkCall) (int, string) {
						return 200, `<DescribeStacksResponse><DescribeStacksResult><Stacks/></DescribeStacksResult></DescribeStacksResponse>`
					}
					config := hubConfig(f)
					config.MaxRetries = test.maxRetries
					c := mustNew(t, config)
					account := c.Hub()
					var err error
					operation := "DescribeStacks"
					if target == "project" {
						if account, err = c.Project(t.Context(), projectAccount, "", "StowageProvisioner"); err != nil {
							t.Fatal(err)
						}
					}
					f.mu.Lock()
					f.throttle = test.throttle
					f.mu.Unlock()
					if target == "assume role" {
						operation = "AssumeRole"
						_, err = c.Project(t.Context(), projectAccount, "", "StowageProvisioner")
					} else {
						_, err = account.CloudFormation.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{})
					}
					if got := len(f.all(operation)); got != test.wanted {
						t.Errorf("%d attempts, want %d", got, test.wanted)
					}
					if (err != nil) != test.fails {
						t.Errorf("error %v", err)
					}
					if test.fails && target == "assume role" {
						wantError[*AssumeRoleError](t, err, "Throttling: Rate exceeded", fmt.Sprintf("after %d attempts", test.wanted))
					}
				})
			})
		}
	}
}

// Many calls in a row that need retries must not exhaust a budget of later calls.
func TestRetries_NoRateLimit(t *testing.T) {
	cleanEnvironment(t)
	synctest.Test(t, func(t *testing.T) {
		f := newFakeAWS()
		f.other = func(sdkCall) (int, string) {
			return 200, `<DescribeStacksResponse><DescribeStacksResult><Stacks/></DescribeStacksResult></DescribeStacksResponse>`
		}
		c := mustNew(t, hubConfig(f))
		for range 20 {
			f.mu.Lock()
			f.throttle = 20
			f.mu.Unlock()
			if _, err := c.Hub().CloudFormation.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A closed port is not retried for minutes.
func TestConnection_Refused(t *testing.T) {
	cleanEnvironment(t)
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		config := hubConfig(nil)
		config.HTTPClient = &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			attempts++
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		})}
		_, err := New(t.Context(), config)
		wantError[*CredentialsError](t, err, "connection refused")
		if attempts != 9 {
			t.Errorf("%d attempts, want 9", attempts)
		}
	})
}

func TestRetries_Deadline(t *testing.T) {
	cleanEnvironment(t)
	synctest.Test(t, func(t *testing.T) {
		f := newFakeAWS()
		c := mustNew(t, hubConfig(f))
		f.mu.Lock()
		f.throttle = 1000
		f.mu.Unlock()
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := c.Hub().CloudFormation.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 10*time.Second {
			t.Errorf("a call ended after %v with %v", time.Since(start), err)
		}
		var api smithy.APIError
		if explained, ok := model.Explain(
			err,
		); !ok || !strings.Contains(explained.Remedy, "AWS's last answer: Throttling: Rate exceeded") ||
			errors.As(err, &api) {
			t.Errorf("the error does not tell AWS's last answer: %v", err)
		}
		start = time.Now()
		ctx, cancel = context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err = c.Project(ctx, projectAccount, "", "StowageProvisioner")
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 10*time.Second {
			t.Errorf("a project ended after %v with %v", time.Since(start), err)
		}
	})
}

func TestCanceledCallerLeavesOthersAlone(t *testing.T) {
	cleanEnvironment(t)
	synctest.Test(t, func(t *testing.T) {
		f := newFakeAWS()
		f.roles[projectRole] = []string{"arn:aws:iam::000000000000:user/deploy"}
		c := mustNew(t, hubConfig(f))
		f.mu.Lock()
		f.throttle = 5
		f.mu.Unlock()
		ctx, cancel := context.WithCancel(t.Context())
		first := make(chan error, 1)
		go func() {
			_, err := c.Project(ctx, projectAccount, "", "StowageProvisioner")
			first <- err
		}()
		synctest.Wait()
		second := make(chan error, 1)
		go func() {
			_, err := c.Project(t.Context(), projectAccount, "", "StowageProvisioner")
			second <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("the canceled caller got %v", err)
		}
		if err := <-second; err != nil {
			t.Errorf("the other caller got %v", err)
		}
		if n := f.count()["sts:AssumeRole"]; n != 6 {
			t.Errorf("%d attempts, want 6: both callers share them", n)
		}
	})
}

// Assumed credentials must be renewed before they expire.
func TestProjectCredentialsRenew(t *testing.T) {
	cleanEnvironment(t)
	synctest.Test(t, func(t *testing.T) {
		f := newFakeAWS()
		f.roles[projectRole] = []string{"arn:aws:iam::000000000000:user/deploy"}
		f.other = func(sdkCall) (int, string) {
			return 200, `<DescribeStacksResponse><DescribeStacksResult><Stacks/></DescribeStacksResult></DescribeStacksResponse>`
		}
		c := mustNew(t, hubConfig(f))
		a, err := c.Project(t.Context(), projectAccount, "", "StowageProvisioner")
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, wait := range []time.Duration{0, 57 * time.Minute, 2 * time.Minute} {
			<-time.After(wait)
			if _, err := a.CloudFormation.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{}); err != nil {
				t.Fatal(err)
			}
			calls := f.all("DescribeStacks")
			keys = append(keys, calls[len(calls)-1].AccessKey)
		}
		if want := []string{"ASIASESSION1", "ASIASESSION1", "ASIASESSION2"}; !slices.Equal(keys, want) {
			t.Errorf("signed by %v, want %v", keys, want)
		}
	})
}
