package judge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// CFNLint checks the templates of corpus, stored in dir, with the cfn-lint in the program folder
// bin.
func CFNLint(ctx context.Context, bin, dir string, corpus map[string]*template.Template) ([]Finding, error) {
	var reports []struct {
		Filename, Level, Message string
		Rule                     struct{ ID string }
		Location                 struct{ Path []any }
	}
	if err := run(
		ctx, &reports, filepath.Join(bin, "cfn-lint"), "--format", "json", "--", filepath.Join(dir, "*.json"),
		filepath.Join(dir, "*.yaml"),
	); err != nil {
		return nil, err
	}
	var findings []Finding
	for _, r := range reports {
		f := Finding{Judge: "cfn-lint", ID: r.Rule.ID, Template: nameOf(r.Filename), Text: r.Level + ": " + r.Message}
		if len(r.Location.Path) > 1 && r.Location.Path[0] == "Resources" {
			f.Resource = fmt.Sprint(r.Location.Path[1])
			f.Type = typeOf(corpus[f.Template], f.Resource)
		}
		findings = append(findings, f)
	}
	return findings, nil
}

// Checkov checks the templates in dir with the checkov in the program folder bin. It returns an
// error for a template that checkov cannot read or did not check.
func Checkov(ctx context.Context, bin, dir string, corpus map[string]*template.Template) ([]Finding, error) {
	type check struct {
		ID       string `json:"check_id"`
		Name     string `json:"check_name"`
		File     string `json:"file_path"`
		Resource string
	}
	var report struct {
		Results struct {
			Passed  []check  `json:"passed_checks"`
			Failed  []check  `json:"failed_checks"`
			Parsing []string `json:"parsing_errors"`
		}
	}
	if err := run(
		ctx, &report, filepath.Join(bin, "checkov"), "-d", dir, "--framework", "cloudformation", "-o", "json",
		"--skip-download",
	); err != nil {
		return nil, err
	}
	if len(report.Results.Parsing) > 0 || len(report.Results.Passed) == 0 {
		return nil, fmt.Errorf(
			"checkov passed %d checks and could not read %v", len(report.Results.Passed), report.Results.Parsing,
		)
	}
	var findings []Finding
	for _, c := range report.Results.Failed {
		typ, id, _ := strings.Cut(c.Resource, ".")
		findings = append(findings, Finding{"checkov", c.ID, nameOf(c.File), id, typ, c.Name})
	}
	return findings, nil
}

// run decodes the output of a scanner. Scanners exit with an error when they find something, so
// only incomplete output is an error.
func run(ctx context.Context, into any, program string, arguments ...string) error {
	command := exec.CommandContext(ctx, program, arguments...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return err
	}
	if decodeErr := json.Unmarshal(out, into); decodeErr != nil {
		return fmt.Errorf("%s: %w: %w: %s", filepath.Base(program), err, decodeErr, stderr.Bytes())
	}
	return nil
}

func nameOf(file string) string { return strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)) }

func typeOf(tpl *template.Template, id string) string {
	if tpl == nil {
		return ""
	}
	raw, _ := tpl.Resource(id)
	var r struct{ Type string }
	if json.Unmarshal(raw, &r) != nil {
		return ""
	}
	return r.Type
}
