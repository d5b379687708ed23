package acceptance_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// keyed is a user whose access key is read during the run. The condition holds once the key exists.
const keyed = acmeProject + `
resource "stowage_project_user" "partner" {
  project        = stowage_project.acme.name
  name           = "partner"
  access_key     = { rotation = { every_days = 90 }, replacement_trigger = var.trigger }
  secret_readers = ["arn:aws:iam::444455556666:role/partner"]
}

variable "trigger" {
  default = null
}

ephemeral "stowage_user_credentials" "partner" {
  secret_arn = stowage_project_user.partner.secret_arn

  lifecycle {
    postcondition {
      condition     = self.secret_access_key != "" && self.user_name == "acme-partner"
      error_message = "No key was opened."
    }
  }
}
`

// TestSecretsLeaveNoTrace creates, reads, replaces and reads a key again. Then it searches for its
// secrets in everything that Terraform, the provider and the stacks store.
func TestSecretsLeaveNoTrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.makeRole("444455556666", "partner")
	s := w.workspace(keyed)
	s.env["TF_LOG"], s.env["TF_LOG_PATH"] = "TRACE", filepath.Join(s.dir, "trace.log")
	secret := func() string {
		t.Helper()
		client := secretsmanager.NewFromConfig(w.config(account))
		out, err := client.GetSecretValue(
			t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("stowage/acme/partner")},
		)
		var key struct {
			Secret string `json:"secret_access_key"`
		}
		if err := json.Unmarshal([]byte(aws.ToString(must(w, out, err).SecretString)), &key); err != nil ||
			len(key.Secret) < 30 {
			t.Fatalf("the secret holds %d characters, error %v", len(key.Secret), err)
		}
		return key.Secret
	}
	s.apply()
	if opensLater {
		s.run("plan", "-input=false", "-no-color").succeeds()
	}
	first := secret()
	if got := w.calls()["secretsmanager.GetSecretValue"]; got < 2 {
		t.Errorf("the secret was read %d times: the ephemeral resource was not opened", got)
	}
	s.run("plan", "-input=false", "-no-color", "-out=saved.tfplan", "-var=trigger=leaked").succeeds()
	s.run("apply", "-input=false", "-no-color", "saved.tfplan").succeeds()
	second := secret()
	if first == second {
		t.Fatal("the key was not replaced")
	}

	for name, text := range s.remains(w) {
		for n, canary := range []string{first, second} {
			if strings.Contains(text, canary) {
				t.Errorf("%s holds the %d. secret", name, n+1)
			}
		}
	}
}

// remains returns all texts that a workspace and the stacks' accounts store, by name: files with
// their packed contents, the mirror with its events, templates, outputs, change sets and
// parameters. It leaves out Secrets Manager and IAM, which store secrets by design, and
// CloudFormation's events, whose content is uncertain and not stored (see the relay).
func (s *workspace) remains(w *world) map[string]string {
	t := s.t
	t.Helper()
	texts := map[string]string{}
	err := filepath.WalkDir(s.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Type()&fs.ModeSymlink != 0 {
			return err
		}
		body, err := os.ReadFile(path) //nolint:gosec // below the test's own directory
		if err != nil {
			return err
		}
		texts[filepath.Base(path)] = string(body)
		if packed, err := zip.NewReader(bytes.NewReader(body), int64(len(body))); err == nil {
			for _, file := range packed.File {
				opened, err := file.Open()
				if err != nil {
					return err
				}
				text, err := io.ReadAll(opened)
				if err != nil {
					return err
				}
				texts[filepath.Base(path)+"/"+file.Name] = string(text)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	table, err := dynamodb.NewFromConfig(w.config(sandbox.HubAccount)).Scan(
		t.Context(), &dynamodb.ScanInput{TableName: aws.String("stowage")},
	)
	texts["the mirror"] = asJSON(t, must(w, table, err).Items)
	cfn := cloudformation.NewFromConfig(w.config(account))
	stacks, err := cfn.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{})
	for _, stack := range must(w, stacks, err).Stacks {
		texts["the stack "+aws.ToString(stack.StackName)] = asJSON(t, stack)
		body, err := cfn.GetTemplate(t.Context(), &cloudformation.GetTemplateInput{StackName: stack.StackId})
		texts["the template of "+aws.ToString(stack.StackName)] = aws.ToString(must(w, body, err).TemplateBody)
		if stack.ChangeSetId == nil {
			continue // created by the onboarding
		}
		set, err := cfn.DescribeChangeSet(
			t.Context(),
			&cloudformation.DescribeChangeSetInput{ChangeSetName: stack.ChangeSetId, IncludePropertyValues: aws.Bool(true)},
		)
		texts["the last change set of "+aws.ToString(stack.StackName)] = asJSON(t, must(w, set, err))
	}
	parameters, err := ssm.NewFromConfig(w.config(account)).GetParametersByPath(
		t.Context(), &ssm.GetParametersByPathInput{Path: aws.String("/"), Recursive: aws.Bool(true)},
	)
	texts["the parameters"] = asJSON(t, must(w, parameters, err).Parameters)
	for _, name := range []string{"terraform.tfstate", "saved.tfplan/tfplan", "trace.log", "the mirror", "the stack stowage-acme-0", "the last change set of stowage-acme-0"} {
		if len(texts[name]) < 100 {
			t.Errorf("nothing was found in %s, so that nothing was tested there", name)
		}
	}
	return texts
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	body, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprintf("%+v", value)
	}
	return string(body)
}
