package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

const account = "111122223333"

func clientsOf(box *sandbox.Sandbox) awsclient.Config {
	access, secret := sandbox.StaticCredentials(account)
	return awsclient.Config{
		AccessKey:  access,
		SecretKey:  secret,
		Version:    "test",
		HTTPClient: &http.Client{Transport: simulate.NewTransport(box)},
	}
}

func calls(box *sandbox.Sandbox) int {
	n := 0
	for _, operations := range box.Calls() {
		for _, times := range operations {
			n += times
		}
	}
	return n
}

func TestRun_DryByDefault(t *testing.T) {
	t.Parallel()
	box := sandbox.New(sandbox.Options{Seed: 1})
	var out bytes.Buffer
	if err := run(t.Context(), nil, &out, io.Discard, clientsOf(box)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Dry run", "makes: ", "costs: ", "measures " + unproven.EventSecrets} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the plan lacks %q:\n%s", want, out.String())
		}
	}
	if n := calls(box); n != 0 {
		t.Errorf("%d calls were made", n)
	}
}

func TestRun_Refusals(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no account":      {[]string{"-apply"}, "-account must be the 12 digits"},
		"no account id":   {[]string{"-apply", "-account", "acme"}, "-account must be the 12 digits"},
		"another account": {[]string{"-apply", "-account", "444455556666", "-region", "eu-west-1"}, "belong to the account 111122223333"},
		"unknown rule":    {[]string{"-rules", "x"}, `unknown rule "x"`},
		"unmeasured rule": {[]string{"-rules", "dynamodb-details"}, "is not measured"},
		"an argument":     {[]string{"apply"}, "unexpected argument"},
	} {
		box := sandbox.New(sandbox.Options{Seed: 1})
		err := run(t.Context(), test.args, io.Discard, io.Discard, clientsOf(box))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
		if n := len(box.Calls()["cloudformation"]); n != 0 {
			t.Errorf("%s: CloudFormation was called", name)
		}
	}
}

func TestRun_Apply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := sandbox.New(
			sandbox.Options{
				Seed:    1,
				Latency: sandbox.LatencyAWS(),
				Answers: unproven.Answers{unproven.AdditionsHaveReplacement: unproven.On},
			},
		)
		path := filepath.Join(t.TempDir(), "new", "report.json")
		var out, log bytes.Buffer
		args := []string{
			"-apply",
			"-account",
			account,
			"-region",
			"eu-west-1",
			"-out",
			path,
			"-rules",
			unproven.AdditionsHaveReplacement,
		}
		if err := run(t.Context(), args, &out, &log, clientsOf(box)); err != nil {
			t.Fatalf("%v\n%s", err, log.String())
		}
		answers, err := unproven.Load(path)
		if err != nil || answers[unproven.AdditionsHaveReplacement] != unproven.On {
			t.Errorf("the report has %v, %v", answers, err)
		}
		if !strings.Contains(out.String(), "differs") {
			t.Errorf("the table:\n%s", out.String())
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the file: %v, %v", info, err)
		}
	})
}

// TestMain keeps the machine's own AWS settings out of the tests.
func TestMain(m *testing.M) {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			if err := os.Unsetenv(name); err != nil {
				panic(err)
			}
		}
	}
	os.Exit(m.Run())
}
