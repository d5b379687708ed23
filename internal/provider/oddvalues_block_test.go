package provider

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/entity/entitytest"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// oddBlock is a provider block with a value for every argument. Some of them conflict.
var oddBlock = values{
	"hub":                                sandbox.HubName,
	"project_role_name":                  "StowageProvisioner",
	"project_external_id":                "ext",
	"read_consistency":                   "cached",
	"origin":                             "o",
	"commit_timeout":                     "90m",
	"detect_drift":                       true,
	"region":                             "eu-west-1",
	"profile":                            "p",
	"access_key":                         "a",
	"secret_key":                         "s",
	"token":                              "t",
	"shared_config_files":                []any{"/none"},
	"shared_credentials_files":           []any{"/none"},
	"allowed_account_ids":                []any{sandbox.HubAccount},
	"forbidden_account_ids":              []any{"111122223333"},
	"custom_ca_bundle":                   "/none",
	"http_proxy":                         "",
	"https_proxy":                        "",
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
			"role_arn": "arn:aws:iam::111122223333:role/StowageProvisioner", "duration": "1h", "external_id": "id",
			"policy": "{}", "policy_arns": []any{"arn:aws:iam::aws:policy/ReadOnlyAccess"}, "session_name": "name",
			"source_identity": "me", "tags": values{"k": "v"}, "transitive_tag_keys": []any{"k"},
		},
	},
	"assume_role_with_web_identity": []any{
		values{
			"role_arn": "arn:aws:iam::111122223333:role/StowageProvisioner", "duration": "1h", "policy": "{}",
			"policy_arns": []any{"arn:aws:iam::aws:policy/ReadOnlyAccess"}, "session_name": "name",
			"web_identity_token": "t", "web_identity_token_file": "f",
		},
	},
	"default_tags": []any{values{"tags": values{"team": "core"}}},
	"ignore_tags":  []any{values{"keys": []any{"k"}, "key_prefixes": []any{"p:"}}},
}

// TestOddValues_ProviderBlock sets every argument of the provider block to nulls, empty collections
// and unknown values. A value that is not refused on its path creates an object and leaves an empty
// plan.
func TestOddValues_ProviderBlock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box := sandbox.New(sandbox.Options{Seed: 1})
		tf := onSandbox(t, box)
		entitytest.Must(t, tf.Configure(minimal()))
		tf.Created("stowage_project", values{"name": "acme", "account_id": oddAccount})
		schema := tf.ProviderSchema()
		full := maps.Clone(oddBlock)
		endpoints := values{}
		for _, service := range awsclient.EndpointServices {
			endpoints[service] = "http://endpoint"
		}
		full["endpoints"] = []any{endpoints}
		for name, where := range configurable(schema) {
			if lookup(full, where.at) == nil {
				t.Errorf("the argument %s has no value in the complete block of this test", name)
			}
		}
		for i, odd := range oddCases(schema, full) {
			block := minimal()
			block[odd.argument()] = oddCombination{odd}.final(full)[odd.argument()]
			if (oddCombination{odd}).late() {
				block[odd.argument()] = oddCombination{odd}.planned(full)[odd.argument()]
			}
			tryBlock(t, onSandbox(t, box).Case(odd.name), odd, block, fmt.Sprintf("user%d", i))
		}
	})
}

// forObjects are the arguments that affect objects, and not only the access to AWS.
var forObjects = []string{"default_tags", "ignore_tags", "origin", "read_consistency", "commit_timeout", "detect_drift"}

// tryBlock configures a provider, and creates a user if the user differs from that with every other
// argument.
func tryBlock(t *testing.T, tf *entitytest.Terraform, odd oddCase, block values, user string) {
	diagnostics := entitytest.Errors(tf.Configure(block))
	if len(diagnostics) == 0 {
		if !slices.Contains(forObjects, odd.argument()) {
			return
		}
		config := values{"project": "acme", "name": user, "tags": values{"own": "x"}}
		object := tf.Created("stowage_project_user", config)
		if action := tf.Action(object, config); action != "no-op" {
			t.Errorf("%s: after it was applied the next plan would %s the user", odd.name, action)
		}
		tf.Applied("stowage_project_user", object, nil)
		return
	}
	for _, d := range diagnostics {
		text := fmt.Sprintf("%v: %s\n%s", d.Attribute, d.Summary, d.Detail)
		if blamesProvider(text) {
			t.Errorf("%s: it is refused as a fault of the provider: %s", odd.name, text)
		}
		if steps := d.Attribute.Steps(); len(steps) > 0 && steps[0] != tftypes.AttributeName(odd.argument()) {
			t.Errorf("%s: it is refused at another argument: %s", odd.name, text)
		}
	}
}
