package awsclient

import (
	"context"
	"encoding/pem"
	"io"
	"log"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

var oneCall = map[string]func(context.Context, *Account){
	"cloudformation": func(ctx context.Context, a *Account) {
		a.CloudFormation.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{})
	},
	"dynamodb": func(ctx context.Context, a *Account) {
		a.DynamoDB.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String("table")})
	},
	"iam": func(ctx context.Context, a *Account) { a.IAM.ListRoles(ctx, &iam.ListRolesInput{}) },
	"kms": func(ctx context.Context, a *Account) { a.KMS.ListKeys(ctx, &kms.ListKeysInput{}) },
	"s3": func(ctx context.Context, a *Account) {
		a.S3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String("pail")})
	},
	"secretsmanager": func(ctx context.Context, a *Account) {
		a.SecretsManager.ListSecrets(ctx, &secretsmanager.ListSecretsInput{})
	},
	"ssm": func(ctx context.Context, a *Account) {
		a.SSM.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/p")})
	},
	"sts": func(ctx context.Context, a *Account) { a.STS.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}) },
}

func TestEndpointsPerService(t *testing.T) {
	cleanEnvironment(t)
	t.Setenv("AWS_ENDPOINT_URL", "http://env.test:1") // arguments have precedence
	f := newFakeAWS()
	f.roles[projectRole] = []string{"arn:aws:iam::000000000000:user/deploy"}
	config := hubConfig(f)
	config.S3UsePathStyle = true
	config.Endpoints = map[string]string{"apigatewaymanagementapi": "http://push.test:9"}
	for service := range oneCall {
		config.Endpoints[service] = "http://" + service + ".test:9"
	}
	clients := mustNew(t, config)
	project, err := clients.Project(t.Context(), projectAccount, "", "StowageProvisioner")
	if err != nil {
		t.Fatal(err)
	}
	for _, call := range f.calls {
		if !strings.HasPrefix(call.URL, "http://sts.test:9/") {
			t.Errorf("%s went to %s", call, call.URL)
		}
	}
	for name, account := range map[string]*Account{"hub": clients.Hub(), "project": project} {
		for service, call := range oneCall {
			f.calls = nil
			call(t.Context(), account)
			if len(f.calls) != 1 || !strings.HasPrefix(f.calls[0].URL, "http://"+service+".test:9/") {
				t.Errorf("%s: %s: %v", name, service, f.calls)
			}
			if service == "s3" && f.calls[0].URL != "http://s3.test:9/pail" {
				t.Errorf("path style: %s", f.calls[0].URL)
			}
		}
	}
	if got := clients.Endpoint("apigatewaymanagementapi"); got != "http://push.test:9" {
		t.Errorf("Endpoint: %q", got)
	}
}

// One environment variable must redirect every call, including those that find credentials.
func TestEndpoints_Environment(t *testing.T) {
	cleanEnvironment(t)
	const first, token = "arn:aws:iam::000000000001:role/First", "arn:aws:iam::000000000000:role/FromToken"
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("jwt"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := newFakeAWS()
	f.roles[token] = []string{"token:jwt"}
	f.roles[first] = []string{"arn:aws:sts::000000000000:assumed-role/FromToken/s"}
	f.roles[projectRole] = []string{"arn:aws:sts::000000000001:assumed-role/First/s"}
	server := httptest.NewServer(f)
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL", server.URL)

	// This transport reaches only the server, so it detects calls to other hosts.
	var elsewhere []string
	config := Config{
		Region:                    "eu-west-1",
		AssumeRoleWithWebIdentity: &AssumeRoleWithWebIdentity{RoleARN: token, SessionName: "s", WebIdentityTokenFile: file},
		AssumeRole:                []AssumeRole{{RoleARN: first, SessionName: "s"}},
		HTTPClient:                onlyHost(server.URL, &elsewhere),
	}
	clients := mustNew(t, config)
	project, err := clients.Project(t.Context(), projectAccount, "", "StowageProvisioner")
	if err != nil {
		t.Fatal(err)
	}
	for service, call := range oneCall {
		f.calls = nil
		call(t.Context(), project)
		if len(f.calls) != 1 {
			t.Errorf("%s: %d calls at AWS_ENDPOINT_URL", service, len(f.calls))
		}
	}
	if len(elsewhere) > 0 {
		t.Errorf("calls went to %v", elsewhere)
	}
}

// The argument's certificates are trusted. Without them, an unknown issuer is a clear error.
func TestCustomCABundle(t *testing.T) {
	cleanEnvironment(t)
	server := httptest.NewTLSServer(newFakeAWS())
	defer server.Close()
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(
		bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600,
	); err != nil {
		t.Fatal(err)
	}
	config := hubConfig(newFakeAWS())
	config.HTTPClient = nil
	config.MaxRetries = 1
	config.Endpoints = map[string]string{"sts": server.URL}

	_, err := New(t.Context(), config)
	wantError[*CredentialsError](t, err, "certificate")
	config.Insecure = true
	mustNew(t, config)
	config.Insecure, config.CustomCABundle = false, bundle
	mustNew(t, config)
}

func TestProxy(t *testing.T) {
	cleanEnvironment(t)
	f := newFakeAWS()
	proxy := httptest.NewServer(f)
	defer proxy.Close()
	config := hubConfig(f)
	config.HTTPClient = nil
	config.HTTPProxy = &proxy.URL
	config.Endpoints = map[string]string{"sts": "http://sts.test:9"}
	c := mustNew(t, config)
	if call := f.all("GetCallerIdentity")[0]; call.URL != "http://sts.test:9/" {
		t.Errorf("the proxy was asked for %s", call.URL)
	}
	if w := c.Warnings(); len(w) != 1 || !strings.Contains(w[0].Detail, "HTTPS") {
		t.Errorf("warnings %v, want one that no proxy is set for HTTPS", w)
	}
}

func TestSTSRegion(t *testing.T) {
	cleanEnvironment(t)
	f := newFakeAWS()
	config := hubConfig(f)
	config.STSRegion = "us-east-1"
	mustNew(t, config)
	if call := f.all("GetCallerIdentity")[0]; call.Region != "us-east-1" ||
		!strings.HasPrefix(call.URL, "https://sts.us-east-1.amazonaws.com/") {
		t.Errorf("%+v", call)
	}
}

func TestFIPSAndDualStack(t *testing.T) {
	cleanEnvironment(t)
	f := newFakeAWS()
	config := hubConfig(f)
	config.Region, config.UseFIPSEndpoint, config.UseDualStackEndpoint, config.SkipRequestingAccountID = "us-east-1", true, true, true
	mustNew(t, config).Hub().CloudFormation.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{})
	if got := f.calls[0].URL; !strings.HasPrefix(got, "https://cloudformation-fips.us-east-1.api.aws/") {
		t.Errorf("called %s", got)
	}
}

func TestUserAgent(t *testing.T) {
	cleanEnvironment(t)
	t.Setenv("TF_APPEND_USER_AGENT", "team/7")
	f := newFakeAWS()
	f.roles[projectRole] = []string{"arn:aws:iam::000000000000:user/deploy"}
	config := hubConfig(f)
	config.TerraformVersion = "1.14.0"
	config.UserAgent = []Product{{Name: "pipeline", Version: "3", Comment: "nightly"}}
	clients := mustNew(t, config)
	project, err := clients.Project(t.Context(), projectAccount, "", "StowageProvisioner")
	if err != nil {
		t.Fatal(err)
	}
	project.CloudFormation.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{})
	for _, call := range f.calls {
		if !strings.HasPrefix(call.UserAgent, "APN/1.0 Stowage/1.0 Terraform/1.14.0 stowage/1.2.3 ") ||
			!strings.Contains(call.UserAgent, " pipeline/3 (nightly) team/7") {
			t.Errorf("%s: %s", call, call.UserAgent)
		}
	}
	if len(f.calls) != 3 {
		t.Errorf("calls %v", f.calls)
	}
}

func TestMetadataServiceSwitch(t *testing.T) {
	cleanEnvironment(t)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "") // as on an instance
	for _, test := range []struct {
		skip bool
		asks bool
	}{{true, false}, {false, true}} {
		f := newFakeAWS()
		config := Config{
			Region:                     "eu-west-1",
			HTTPClient:                 f.client(),
			SkipMetadataAPICheck:       &test.skip,
			EC2MetadataServiceEndpoint: "http://imds.test",
			MaxRetries:                 1,
		}
		if _, err := New(t.Context(), config); err == nil {
			t.Fatal("credentials out of nowhere")
		}
		asked := false
		for _, call := range f.calls {
			u, _ := url.Parse(call.URL)
			asked = asked || u.Host == "imds.test"
		}
		if asked != test.asks {
			t.Errorf("skip_metadata_api_check=%t: asked is %t", test.skip, asked)
		}
	}
}

// TestCredentialsEndpoint finds credentials in every way that calls STS. The call must use the
// endpoint of all other calls.
func TestCredentialsEndpoint(t *testing.T) {
	const role = "arn:aws:iam::000000000000:role/ci"
	for _, test := range []struct {
		name string
		// env and shared are the environment and the shared configuration file; %s is the server,
		// TOKEN the token file.
		env    map[string]string
		shared string
		change func(c *Config, server string)
	}{
		{
			name: "web identity of the environment",
			env:  map[string]string{"AWS_ENDPOINT_URL": "%s", "AWS_ROLE_ARN": role, "AWS_WEB_IDENTITY_TOKEN_FILE": "TOKEN"},
		},
		{
			name: "service endpoint of the environment before the general one",
			env: map[string]string{
				"AWS_ENDPOINT_URL": "http://other.test", "AWS_ENDPOINT_URL_STS": "%s",
				"AWS_ROLE_ARN": role, "AWS_WEB_IDENTITY_TOKEN_FILE": "TOKEN",
			},
		},
		{
			name: "argument before the environment",
			env: map[string]string{
				"AWS_ENDPOINT_URL": "http://other.test", "AWS_ROLE_ARN": role, "AWS_WEB_IDENTITY_TOKEN_FILE": "TOKEN",
			},
			change: func(c *Config, server string) { c.Endpoints = map[string]string{"sts": server} },
		},
		{
			name:   "profile with a role and a source profile",
			env:    map[string]string{"AWS_ENDPOINT_URL": "%s", "AWS_PROFILE": "ci"},
			shared: "[profile base]\naws_access_key_id = AKIDHUB\naws_secret_access_key = hubsecret\n[profile ci]\nrole_arn = " + role + "\nsource_profile = base\n",
		},
		{
			name:   "profile argument with a web identity and an endpoint of its own",
			shared: "[profile ci]\nrole_arn = " + role + "\nweb_identity_token_file = TOKEN\nendpoint_url = %s\n",
			change: func(c *Config, _ string) { c.Profile = "ci" },
		},
		{
			name: "profile with a services section",
			env:  map[string]string{"AWS_PROFILE": "ci"},
			shared: "[profile ci]\nrole_arn = " + role + "\nweb_identity_token_file = TOKEN\nservices = local\n" +
				"[services local]\nsts =\n  endpoint_url = %s\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			cleanEnvironment(t)
			f := newFakeAWS()
			f.roles[role] = []string{"token:jwt", "arn:aws:iam::000000000000:user/deploy"}
			server := httptest.NewServer(f)
			defer server.Close()
			dir := t.TempDir()
			token, shared := filepath.Join(dir, "token"), filepath.Join(dir, "config")
			fill := strings.NewReplacer("%s", server.URL, "TOKEN", token).Replace
			for name, content := range map[string]string{token: "jwt", shared: fill(test.shared)} {
				if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("AWS_CONFIG_FILE", shared)
			for name, value := range test.env {
				t.Setenv(name, fill(value))
			}
			var elsewhere []string
			config := Config{
				Region: "eu-west-1", MaxRetries: 1, SkipRequestingAccountID: true,
				HTTPClient: onlyHost(server.URL, &elsewhere),
			}
			if test.change != nil {
				test.change(&config, server.URL)
			}
			clients, err := New(t.Context(), config)
			if err != nil {
				t.Fatalf("New: %v; calls went to %v", err, elsewhere)
			}
			if _, err := clients.Hub().SDK().Credentials.Retrieve(t.Context()); err != nil || len(elsewhere) > 0 {
				t.Errorf("credentials: %v; calls went to %v", err, elsewhere)
			}
		})
	}
}

func TestIgnoredEndpoint(t *testing.T) {
	cleanEnvironment(t)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("jwt"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": "http://other.test", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
		"AWS_ROLE_ARN": "arn:aws:iam::000000000000:role/ci", "AWS_WEB_IDENTITY_TOKEN_FILE": token,
	} {
		t.Setenv(name, value)
	}
	synctest.Test(t, func(t *testing.T) {
		var elsewhere []string
		_, err := New(
			t.Context(),
			Config{Region: "eu-west-1", MaxRetries: 1, HTTPClient: onlyHost("http://none.test", &elsewhere)},
		)
		if err == nil || !slices.Contains(elsewhere, "sts.eu-west-1.amazonaws.com") ||
			slices.Contains(elsewhere, "other.test") {
			t.Errorf("New: %v; calls went to %v", err, elsewhere)
		}
	})
}
