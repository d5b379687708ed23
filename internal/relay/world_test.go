package relay_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/relay"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

const (
	account = "111122223333"
	region  = "eu-west-1"
)

// world is a sandbox and the processes that use it.
type world struct {
	t         *testing.T
	box       *sandbox.Sandbox
	log       sharedLog // of all relays, as JSON
	processes int
}

func newWorld(t *testing.T, latency bool) *world {
	t.Helper()
	options := sandbox.Options{Seed: 1, Region: region}
	if latency {
		options.Latency = sandbox.LatencyAWS()
	}
	return &world{t: t, box: sandbox.New(options)}
}

// counted counts calls by service and operation.
type counted struct {
	next http.RoundTripper

	mu    sync.Mutex
	calls map[string]int
}

func (c *counted) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.calls[c.name(r)]++
	c.mu.Unlock()
	return c.next.RoundTrip(r)
}

func (c *counted) name(r *http.Request) string {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		_, operation, _ := strings.Cut(target, ".")
		return operation
	}
	if r.Body == nil {
		return r.Method + " " + r.URL.Path
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return err.Error()
	}
	r.Body = io.NopCloser(bytes.NewReader(text))
	for pair := range strings.SplitSeq(string(text), "&") {
		if operation, ok := strings.CutPrefix(pair, "Action="); ok {
			return operation
		}
	}
	return r.Method + " " + r.URL.Path
}

// take returns the counts since its last call.
func (c *counted) take() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	calls := c.calls
	c.calls = map[string]int{}
	return calls
}

func (w *world) clients(id string, transport http.RoundTripper) *awsclient.Clients {
	w.t.Helper()
	access, secret := sandbox.StaticCredentials(id)
	clients, err := awsclient.New(w.t.Context(), awsclient.Config{
		Region: region, AccessKey: access, SecretKey: secret, Version: "test", HTTPClient: &http.Client{Transport: transport},
	})
	must(w.t, err)
	return clients
}

// relay returns a new relay and the counter of its calls.
func (w *world) relay(change ...func(*relay.Config)) (*relay.Relay, *counted) {
	w.t.Helper()
	calls := &counted{next: simulate.NewTransport(w.box), calls: map[string]int{}}
	r := w.relayOver(calls, change...)
	calls.take()
	return r, calls
}

// relayOver returns a new relay whose calls are counted with those of others.
func (w *world) relayOver(calls *counted, change ...func(*relay.Config)) *relay.Relay {
	w.t.Helper()
	config := relay.Config{
		Clients: w.clients(sandbox.HubAccount, calls), Hub: sandbox.HubName, RoleName: relay.DefaultRole,
		Log: slog.New(slog.NewJSONHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, c := range change {
		c(&config)
	}
	r, err := relay.New(w.t.Context(), config)
	must(w.t, err)
	return r
}

// sharedLog is a log for several concurrent relays.
type sharedLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *sharedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *sharedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// subscribe delivers the notifications of an account's stacks to a function.
func (w *world) subscribe(accountID string, f func(context.Context, []byte) ([]byte, error)) {
	w.t.Helper()
	w.processes++
	arn := fmt.Sprintf("arn:aws:lambda:%s:%s:function:relay%d", region, sandbox.HubAccount, w.processes)
	w.box.RegisterFunction(arn, f)
	_, err := sns.NewFromConfig(w.sdk(accountID)).Subscribe(w.t.Context(), &sns.SubscribeInput{
		TopicArn: aws.String("arn:aws:sns:" + region + ":" + accountID + ":" + sandbox.TopicName),
		Protocol: aws.String("lambda"),
		Endpoint: aws.String(arn),
	})
	must(w.t, err)
}

// sdk returns the configuration of a user in an account.
func (w *world) sdk(accountID string) aws.Config {
	access, secret := sandbox.StaticCredentials(accountID)
	return aws.Config{
		Region: region, HTTPClient: &http.Client{Transport: simulate.NewTransport(w.box)},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: access, SecretAccessKey: secret}, nil
		}),
	}
}

func (w *world) process(change ...func(*projects.Config)) *projects.Service {
	w.t.Helper()
	w.processes++
	config := projects.Config{
		Clients:  w.clients(sandbox.HubAccount, simulate.NewTransport(w.box)),
		Hub:      sandbox.HubName,
		RoleName: "StowageProvisioner",
		ReadMode: projects.Verified,
		Writer:   fmt.Sprintf("process-%d", w.processes),
	}
	for _, c := range change {
		c(&config)
	}
	return projects.New(config)
}

func (w *world) table() *mirror.Table {
	return mirror.New(w.clients(sandbox.HubAccount, simulate.NewTransport(w.box)).Hub().DynamoDB, "stowage")
}

func (w *world) mirrored(project string) *mirror.Snapshot {
	w.t.Helper()
	snapshot, err := w.table().Read(w.t.Context(), project)
	must(w.t, err)
	return snapshot
}

func project(name string) model.Project {
	return model.Project{Name: name, AccountID: account, Region: region, OnDelete: model.Refuse}
}

// addByHand adds parameters to a stack's template, as a user would in the console.
func (w *world) addByHand(stack string, n int) {
	w.t.Helper()
	w.addByHandIn(account, stack, n)
}

// addByHandIn is addByHand for a stack of any account.
func (w *world) addByHandIn(accountID, stack string, n int) {
	w.t.Helper()
	w.edit(accountID, stack, func(sections map[string]json.RawMessage) string {
		resources := map[string]json.RawMessage{}
		must(w.t, json.Unmarshal(sections["Resources"], &resources))
		for i := range n {
			resources[fmt.Sprintf("ByHand%d", i)] = json.RawMessage(
				fmt.Sprintf(
					`{"Type":"AWS::SSM::Parameter","Properties":{"Name":"/by/hand/%d","Type":"String","Value":"canary-%d"}}`,
					i, i,
				),
			)
		}
		var err error
		sections["Resources"], err = json.Marshal(resources)
		must(w.t, err)
		body, err := json.Marshal(sections)
		must(w.t, err)
		return string(body)
	})
}

// spoil saves a template as YAML, which is unreadable.
func (w *world) spoil(accountID, stack string) {
	w.t.Helper()
	w.edit(accountID, stack, func(sections map[string]json.RawMessage) string {
		var text strings.Builder
		for name, section := range sections {
			text.WriteString(name + ": " + string(section) + "\n")
		}
		return text.String()
	}, "77")
}

// edit changes the template of a stack and its revision, so that CloudFormation detects a change.
func (w *world) edit(
	accountID, stack string, change func(sections map[string]json.RawMessage) string, revision ...string,
) {
	w.t.Helper()
	client := cloudformation.NewFromConfig(w.sdk(accountID))
	got, err := client.GetTemplate(w.t.Context(), &cloudformation.GetTemplateInput{StackName: &stack})
	must(w.t, err)
	sections := map[string]json.RawMessage{}
	must(w.t, json.Unmarshal([]byte(aws.ToString(got.TemplateBody)), &sections))
	parameter := cfntypes.Parameter{ParameterKey: aws.String(template.RevisionParameter), UsePreviousValue: aws.Bool(true)}
	for _, value := range revision {
		parameter.UsePreviousValue, parameter.ParameterValue = nil, aws.String(value)
	}
	_, err = client.UpdateStack(w.t.Context(), &cloudformation.UpdateStackInput{
		StackName: &stack, TemplateBody: aws.String(change(sections)), Parameters: []cfntypes.Parameter{parameter},
		Capabilities: []cfntypes.Capability{cfntypes.CapabilityCapabilityNamedIam},
	})
	must(w.t, err)
	must(
		w.t,
		cloudformation.NewStackUpdateCompleteWaiter(client).Wait(
			w.t.Context(), &cloudformation.DescribeStacksInput{StackName: &stack}, 1<<41,
		),
	)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func sum(calls map[string]int) int {
	n := 0
	for c := range maps.Values(calls) {
		n += c
	}
	return n
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
