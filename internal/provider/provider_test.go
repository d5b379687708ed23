package provider

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/entity/entitytest"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

type values = entitytest.Values

// clean unsets the environment variables that the block reads.
func clean(t *testing.T) {
	t.Helper()
	t.Setenv("STOWAGE_HUB", "stowage")
	t.Setenv("STOWAGE_PROJECT_ROLE_NAME", "StowageProvisioner")
	t.Setenv("STOWAGE_READ_CONSISTENCY", "verified")
	t.Setenv("STOWAGE_DETECT_DRIFT", "")
	t.Setenv("TFC_WORKSPACE_SLUG", "")
	t.Setenv("TFC_RUN_ID", "")
}

// recorded is a provider that records how it would connect.
type recorded struct {
	config   awsclient.Config
	settings projects.Config
	projects *entitytest.Projects
	err      error
}

func (r *recorded) start(t *testing.T) *entitytest.Terraform {
	t.Helper()
	return entitytest.Start(
		t,
		&Stowage{
			version: "1.2.3",
			connect: func(_ context.Context, c awsclient.Config, s projects.Config) (entity.Projects, entity.Hubs, string, []awsclient.Warning, error) {
				r.config, r.settings = c, s
				return r.projects, entitytest.NewHubs(), "eu-west-1", nil, r.err
			},
		},
	)
}

func TestEmptyBlock(t *testing.T) {
	clean(t)
	r := &recorded{}
	entitytest.Must(t, r.start(t).Configure(values{}))
	if diff := cmp.Diff(
		awsclient.Config{Version: "1.2.3", TerraformVersion: "1.12.0"}, r.config, cmpopts.EquateEmpty(),
	); diff != "" {
		t.Error(diff)
	}
	want := projects.Config{Hub: "stowage", RoleName: "StowageProvisioner", ReadMode: projects.Verified}
	if diff := cmp.Diff(want, r.settings, cmpopts.IgnoreFields(projects.Config{}, "Log", "Warn", "Writer")); diff != "" {
		t.Error(diff)
	}
	if r.settings.Writer == "" {
		t.Error("the process has no name as a writer")
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("STOWAGE_HUB", "other")
	t.Setenv("STOWAGE_PROJECT_ROLE_NAME", "")
	t.Setenv("STOWAGE_PROJECT_EXTERNAL_ID", "ext")
	t.Setenv("STOWAGE_READ_CONSISTENCY", "cached")
	t.Setenv("TFC_WORKSPACE_SLUG", "org/workspace")
	t.Setenv("TFC_RUN_ID", "run-1")
	r := &recorded{}
	entitytest.Must(t, r.start(t).Configure(values{}))
	if r.config.ProjectExternalID != "ext" {
		t.Errorf("external ID %q", r.config.ProjectExternalID)
	}
	want := projects.Config{Hub: "other", ReadMode: projects.Cached, Origin: "org/workspace", Run: "run-1"}
	if diff := cmp.Diff(want, r.settings, cmpopts.IgnoreFields(projects.Config{}, "Log", "Warn", "Writer")); diff != "" {
		t.Error(diff)
	}
}

func TestFullBlock(t *testing.T) {
	clean(t)
	r := &recorded{}
	entitytest.Must(t, r.start(t).Configure(values{
		"hub":                                "h",
		"project_role_name":                  "",
		"project_external_id":                "ext",
		"read_consistency":                   "authoritative",
		"origin":                             "o",
		"commit_timeout":                     "90m",
		"detect_drift":                       true,
		"region":                             "eu-west-1",
		"profile":                            "p",
		"access_key":                         "a",
		"secret_key":                         "s",
		"token":                              "t",
		"shared_config_files":                []any{"c"},
		"shared_credentials_files":           []any{"d"},
		"allowed_account_ids":                []any{"111122223333"},
		"custom_ca_bundle":                   "ca",
		"http_proxy":                         "",
		"https_proxy":                        "http://proxy",
		"no_proxy":                           "n",
		"insecure":                           true,
		"max_retries":                        int64(3),
		"retry_mode":                         "adaptive",
		"token_bucket_rate_limiter_capacity": int64(5),
		"sts_region":                         "eu-west-2",
		"use_fips_endpoint":                  true,
		"use_dualstack_endpoint":             true,
		"ec2_metadata_service_endpoint":      "http://x",
		"ec2_metadata_service_endpoint_mode": "IPv6",
		"skip_metadata_api_check":            "true",
		"skip_credentials_validation":        true,
		"skip_region_validation":             true,
		"skip_requesting_account_id":         true,
		"s3_use_path_style":                  true,
		"user_agent":                         []any{values{"product_name": "x", "product_version": "1", "comment": "y"}},
		"assume_role": []any{
			values{
				"role_arn": "one", "duration": "1h", "policy_arns": []any{"p"}, "tags": values{"k": "v"},
				"transitive_tag_keys": []any{"k"},
			},
			values{"role_arn": "two", "external_id": "e", "policy": "{}", "session_name": "n", "source_identity": "i"},
		},
		"assume_role_with_web_identity": []any{values{"role_arn": "w", "web_identity_token_file": "f"}},
		"default_tags":                  []any{values{"tags": values{"a": "b"}}},
		"ignore_tags":                   []any{values{"keys": []any{"k"}, "key_prefixes": []any{"p:"}}},
		"endpoints":                     []any{values{"s3": "http://s3", "sts": "http://sts"}},
	}))
	yes, none, proxy := true, "", "http://proxy"
	want := awsclient.Config{
		Region:                         "eu-west-1",
		Profile:                        "p",
		AccessKey:                      "a",
		SecretKey:                      "s",
		Token:                          "t",
		SharedConfigFiles:              []string{"c"},
		SharedCredentialsFiles:         []string{"d"},
		AllowedAccountIDs:              []string{"111122223333"},
		CustomCABundle:                 "ca",
		HTTPProxy:                      &none,
		HTTPSProxy:                     &proxy,
		NoProxy:                        "n",
		Insecure:                       true,
		MaxRetries:                     3,
		RetryMode:                      "adaptive",
		TokenBucketRateLimiterCapacity: 5,
		STSRegion:                      "eu-west-2",
		UseFIPSEndpoint:                true,
		UseDualStackEndpoint:           true,
		EC2MetadataServiceEndpoint:     "http://x",
		EC2MetadataServiceEndpointMode: "IPv6",
		SkipMetadataAPICheck:           &yes,
		SkipCredentialsValidation:      true,
		SkipRegionValidation:           true,
		SkipRequestingAccountID:        true,
		S3UsePathStyle:                 true,
		ProjectExternalID:              "ext",
		UserAgent:                      []awsclient.Product{{Name: "x", Version: "1", Comment: "y"}},
		AssumeRole: []awsclient.AssumeRole{
			{
				RoleARN:           "one",
				Duration:          3600e9,
				PolicyARNs:        []string{"p"},
				Tags:              map[string]string{"k": "v"},
				TransitiveTagKeys: []string{"k"},
			},
			{RoleARN: "two", ExternalID: "e", Policy: "{}", SessionName: "n", SourceIdentity: "i"},
		},
		AssumeRoleWithWebIdentity: &awsclient.AssumeRoleWithWebIdentity{RoleARN: "w", WebIdentityTokenFile: "f"},
		Endpoints: map[string]string{
			"s3":  "http://s3",
			"sts": "http://sts",
		},
		Version:          "1.2.3",
		TerraformVersion: "1.12.0",
	}
	if diff := cmp.Diff(want, r.config, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	settings := projects.Config{Hub: "h", ReadMode: projects.Authoritative, Origin: "o"}
	if diff := cmp.Diff(
		settings, r.settings, cmpopts.IgnoreFields(projects.Config{}, "Log", "Warn", "Writer"),
	); diff != "" {
		t.Error(diff)
	}
}

func TestArguments_Unknown(t *testing.T) {
	clean(t)
	for argument, value := range unknowns {
		r := &recorded{}
		diagnostics := r.start(t).Configure(values{argument: value})
		if problem := entitytest.Lacks(
			diagnostics, "Unable to Configure Provider",
			`The value of the provider argument "`+argument+`" is not known`, argument,
		); problem != "" {
			t.Error(problem)
		}
	}
}

var unknowns = values{
	"region": entitytest.Unknown, "allowed_account_ids": []any{entitytest.Unknown},
	"default_tags": []any{values{"tags": values{"a": entitytest.Unknown}}},
}

func TestBadArguments(t *testing.T) {
	clean(t)
	for _, c := range []struct {
		argument string
		value    any
		text, at string
	}{
		{"read_consistency", "never", "value must be one of", "read_consistency"},
		{"assume_role", []any{values{"role_arn": "r", "duration": "soon"}}, `"soon" is not a duration`, "assume_role[0].duration"},
		{"max_retries", int64(-1), "at least 0", "max_retries"},
		{"hub", "", "letters, digits, dots, hyphens and underscores", "hub"},
		{"project_role_name", "a b", "the name of an IAM role", "project_role_name"},
		{"project_external_id", "a b", "2 to 1224 letters", "project_external_id"},
		{"project_external_id", "a", "2 to 1224 letters", "project_external_id"},
		{"origin", "{{resolve:ssm:/x}}", "dynamic reference", "origin"},
		{"allowed_account_ids", []any{nil}, "null value", "allowed_account_ids"},
		{"shared_config_files", []any{nil}, "null value", "shared_config_files"},
		{"assume_role", []any{values{"role_arn": "r", "tags": values{"a": nil}}}, "null value", "assume_role[0].tags"},
		{"default_tags", []any{values{"tags": values{"a": "R&D"}}}, `holds '&'`, "default_tags[0].tags"},
		{"commit_timeout", "soon", `"soon" is not a duration`, "commit_timeout"},
		{"commit_timeout", "0s", `"0s" is not a duration`, "commit_timeout"},
	} {
		r := &recorded{}
		diagnostics := r.start(t).Configure(values{c.argument: c.value})
		if problem := entitytest.Lacks(diagnostics, "", c.text, c.at); problem != "" {
			t.Error(problem)
		}
	}
}

func TestConfigure_ConnectionErrors(t *testing.T) {
	clean(t)
	for _, c := range []struct {
		err      error
		text, at string
	}{
		{&awsclient.ArgumentError{Argument: "retry_mode", Err: errors.New("it is odd")}, `The argument "retry_mode" is invalid: it is odd.`, "retry_mode"},
		{&awsclient.CredentialsError{Err: errors.New("none")}, "No AWS credentials were found", ""},
		{&awsclient.AssumeRoleError{RoleARN: "arn:aws:iam::1:role/x", Err: errors.New("denied")}, "The role arn:aws:iam::1:role/x could not be assumed", ""},
		{errors.New("surprise"), "Original error: surprise", ""},
	} {
		r := &recorded{err: c.err}
		if problem := entitytest.Lacks(
			r.start(t).Configure(values{}), "Unable to Configure Provider", c.text, c.at,
		); problem != "" {
			t.Error(problem)
		}
	}
}

func TestObjects_Tags(t *testing.T) {
	clean(t)
	r := &recorded{projects: entitytest.NewProjects()}
	tf := r.start(t)
	entitytest.Must(t, tf.Configure(values{"default_tags": []any{values{"tags": values{"team": "x", "cost": nil}}}}))
	object := tf.Created("stowage_project_user", values{"project": "acme", "name": "partner"})
	if diff := cmp.Diff(values{"team": "x"}, object.Get("tags_all")); diff != "" {
		t.Error(diff)
	}
}

// Writes wait as long as the block allows.
func TestCommitTimeout(t *testing.T) {
	clean(t)
	synctest.Test(t, func(t *testing.T) {
		r := &recorded{projects: entitytest.NewProjects()}
		tf := r.start(t)
		entitytest.Must(t, tf.Configure(values{"commit_timeout": "90s"}))
		plan, diagnostics := tf.Plan("stowage_project_user", nil, values{"project": "acme", "name": "partner"})
		entitytest.Must(t, diagnostics)
		r.projects.Fail = func(ctx context.Context, method string) error {
			if method == "Create" {
				<-ctx.Done()
			}
			return ctx.Err()
		}
		begin := time.Now()
		tf.Apply(plan)
		if took := time.Since(begin); took != 90*time.Second {
			t.Errorf("the create was given up after %s", took)
		}
	})
}

func TestConfigure_EveryKind(t *testing.T) {
	var resp provider.ConfigureResponse
	services := &entity.Services{}
	share(services, &resp)
	v := reflect.ValueOf(resp)
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; name != "Diagnostics" && name != "Deferred" &&
			v.Field(i).Interface() != any(services) {
			t.Errorf("%s has no services", name)
		}
	}
}

func TestModel_BlockArguments(t *testing.T) {
	var resp provider.SchemaResponse
	New("test").Schema(t.Context(), provider.SchemaRequest{}, &resp)
	if diags := resp.Schema.ValidateImplementation(t.Context()); diags.HasError() {
		t.Error(diags)
	}
	var want []string
	for name := range resp.Schema.Attributes {
		want = append(want, name)
	}
	for name := range resp.Schema.Blocks {
		want = append(want, name)
	}
	have := entitytest.Fields(reflect.TypeOf(Model{}))
	slices.Sort(want)
	slices.Sort(have)
	if diff := cmp.Diff(want, have); diff != "" {
		t.Error(diff)
	}
}

// Terraform answers unknown for an unknown argument and never calls the provider.
func TestFunction_Protocol(t *testing.T) {
	server, err := providerserver.NewProtocol6WithError(New("test"))()
	if err != nil {
		t.Fatal(err)
	}
	call := func(last tftypes.Value) *tfprotov6.CallFunctionResponse {
		t.Helper()
		var arguments []*tfprotov6.DynamicValue
		for _, value := range []tftypes.Value{
			tftypes.NewValue(tftypes.String, "acme"), tftypes.NewValue(tftypes.String, "inbox"), tftypes.NewValue(tftypes.String, "111122223333"), last,
		} {
			dynamic, err := tfprotov6.NewDynamicValue(tftypes.String, value)
			if err != nil {
				t.Fatal(err)
			}
			arguments = append(arguments, &dynamic)
		}
		resp, err := server.CallFunction(
			t.Context(), &tfprotov6.CallFunctionRequest{Name: "bucket_name", Arguments: arguments},
		)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	if resp := call(tftypes.NewValue(tftypes.String, nil)); resp.Error == nil {
		t.Error("null is taken for a region")
	}
	resp := call(tftypes.NewValue(tftypes.String, "eu-west-1"))
	if resp.Error != nil {
		t.Fatal(resp.Error.Text)
	}
	got, err := resp.Result.Unmarshal(tftypes.String)
	if want := tftypes.NewValue(tftypes.String, "acme-inbox-111122223333-eu-west-1-an"); err != nil || !got.Equal(want) {
		t.Errorf("%s, %v", got, err)
	}
}
