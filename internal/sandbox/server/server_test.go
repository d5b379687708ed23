package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/server"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

func TestServe_UntilStopped(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	reader, writer := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := server.Main(ctx, []string{"--listen", "127.0.0.1:0", "--seed", "7"}, "", writer, io.Discard)
		_ = writer.CloseWithError(io.EOF)
		ended <- err
	}()
	line, err := bufio.NewReader(reader).ReadBytes('\n')
	if err != nil {
		t.Fatalf("no ready line: %v (%v)", err, <-ended)
	}
	var ready server.Ready
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatal(err)
	}
	if ready.Env["AWS_ENDPOINT_URL"] != ready.Endpoint {
		t.Errorf("endpoint %s, but the environment says %s", ready.Endpoint, ready.Env["AWS_ENDPOINT_URL"])
	}
	who, err := sts.NewFromConfig(aws.Config{
		Region:       ready.Env["AWS_REGION"],
		BaseEndpoint: &ready.Endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(
			ready.Env["AWS_ACCESS_KEY_ID"], ready.Env["AWS_SECRET_ACCESS_KEY"], "",
		),
	}).GetCallerIdentity(t.Context(), nil)
	if err != nil || aws.ToString(who.Account) != "000000000000" {
		t.Errorf("caller %+v, %v", who, err)
	}
	config := ready.Env["TF_CLI_CONFIG_FILE"]
	content, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"dev_overrides", `"registry.opentofu.org/stowage/stowage"`, "direct {}"} {
		if !strings.Contains(string(content), want) {
			t.Errorf("the CLI configuration lacks %s:\n%s", want, content)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the end: %v", err)
	}
	if _, err := os.Stat(config); !os.IsNotExist(err) {
		t.Errorf("the CLI configuration is left behind: %v", err)
	}
}

// TestServe_Empty starts without a hub and creates an API, whose endpoint is below the server's address.
func TestServe_Empty(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	reader, writer := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := server.Main(
			ctx, []string{"--listen", "127.0.0.1:0", "--empty"}, "", writer, io.Discard,
			func(context.Context, *server.Hub) error { return errors.New("a setup ran") },
		)
		_ = writer.CloseWithError(io.EOF)
		ended <- err
	}()
	line, err := bufio.NewReader(reader).ReadBytes('\n')
	if err != nil {
		t.Fatalf("no ready line: %v (%v)", err, <-ended)
	}
	var ready server.Ready
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatal(err)
	}
	if ready.Board != "" || ready.WebSocket != "" {
		t.Errorf("there is a hub: %+v", ready)
	}
	config := aws.Config{
		Region: ready.Env["AWS_REGION"], BaseEndpoint: &ready.Endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(
			ready.Env["AWS_ACCESS_KEY_ID"], ready.Env["AWS_SECRET_ACCESS_KEY"], "",
		),
	}
	var missing *ssmtypes.ParameterNotFound
	_, err = ssm.NewFromConfig(config).GetParameter(
		t.Context(), &ssm.GetParameterInput{Name: aws.String("/stowage/hub/stowage")},
	)
	if !errors.As(err, &missing) {
		t.Errorf("the settings of a hub: %v", err)
	}
	stacks := cloudformation.NewFromConfig(config)
	_, err = stacks.CreateStack(t.Context(), &cloudformation.CreateStackInput{
		StackName: aws.String("api"), TemplateBody: aws.String(`{"Resources":{"Api":{"Type":"AWS::ApiGatewayV2::Api","Properties":{
			"Name":"a","ProtocolType":"HTTP"}}},"Outputs":{"Address":{"Value":{"Fn::GetAtt":["Api","ApiEndpoint"]}}}}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := stacks.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String("api")})
	if err != nil {
		t.Fatal(err)
	}
	if address := aws.ToString(out.Stacks[0].Outputs[0].OutputValue); !strings.HasPrefix(address, ready.Endpoint+"/") {
		t.Errorf("the API's address is %s", address)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the end: %v", err)
	}
}

func TestBadCommandLines(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--latency", "slow"}, {"extra"}, {"--seed", "x"}, {"--listen", "nowhere:port"}, {"--answers", "none.json"}} {
		if err := server.Main(t.Context(), args, "", io.Discard, io.Discard); err == nil {
			t.Errorf("%v was taken", args)
		}
	}
}

// TestAnswers_FromReport starts the server with a report of measured answers, which the option or
// the environment names.
func TestAnswers_FromReport(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.json")
	report, err := json.Marshal(unproven.Report{
		Format:   unproven.ReportFormat,
		Findings: []unproven.Finding{{Rule: unproven.AdditionsHaveReplacement, Measured: unproven.On}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, report, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{"option": {"--answers", path}, "environment": nil} {
		t.Run(name, func(t *testing.T) {
			if args == nil {
				t.Setenv(server.AnswersVariable, path)
			}
			if got := switchesOn(t, args...); !slices.Equal(got, []string{unproven.AdditionsHaveReplacement}) {
				t.Errorf("the switches %q are on", got)
			}
		})
	}
}

// switchesOn starts a server and returns the names of the switches that are on.
func switchesOn(t *testing.T, args ...string) []string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := server.Main(ctx, append(args, "--listen", "127.0.0.1:0"), "", writer, io.Discard)
		_ = writer.CloseWithError(io.EOF)
		ended <- err
	}()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the end: %v", err)
		}
	}()
	var ready server.Ready
	if err := json.NewDecoder(reader).Decode(&ready); err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, ready.Endpoint+"/_sandbox/switches", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it was only read
	var switches struct{ On []string }
	if err := json.NewDecoder(response.Body).Decode(&switches); err != nil {
		t.Fatal(err)
	}
	return switches.On
}
