package stack_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
	"github.com/stowage/terraform-provider-stowage/internal/stack"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

const (
	account   = "111122223333"
	region    = "eu-west-1"
	stackName = "stowage-acme-0"
)

// world is a sandbox and the processes that write to one stack in it.
type world struct {
	t   *testing.T
	box *sandbox.Sandbox
	// transport carries the processes' calls.
	transport http.RoundTripper
	processes int
}

// newWorld returns a sandbox with the durations of AWS.
func newWorld(t *testing.T) *world {
	t.Helper()
	box := sandbox.New(sandbox.Options{Seed: 1, Latency: sandbox.LatencyAWS()})
	return &world{t: t, box: box, transport: simulate.NewTransport(box)}
}

// client returns an SDK client of the project's account: a person or a script.
func (w *world) client() *awsclient.Account { return w.clientBy(w.transport) }

func (w *world) clientBy(transport http.RoundTripper) *awsclient.Account {
	w.t.Helper()
	access, secret := sandbox.StaticCredentials(account)
	clients, err := awsclient.New(w.t.Context(), awsclient.Config{
		Region: region, AccessKey: access, SecretKey: secret, Version: "test", HTTPClient: &http.Client{Transport: transport},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return clients.Hub()
}

// config returns the SDK configuration of a person in the project's account.
func (w *world) config() aws.Config {
	access, secret := sandbox.StaticCredentials(account)
	return aws.Config{
		Region:      region,
		Credentials: credentials.NewStaticCredentialsProvider(access, secret, ""),
		HTTPClient:  &http.Client{Transport: w.transport},
	}
}

func env() template.Env {
	return template.Env{Project: "acme", AccountID: account, Region: region, Partition: "aws"}
}

// process returns a new process that writes to the stack.
func (w *world) process(change ...func(*stack.Config)) *stack.Stack {
	w.t.Helper()
	w.processes++
	client := w.client()
	config := stack.Config{
		Config: commit.Config{
			Stack: stackName, Env: env(), Create: true, RevisionMarkerName: template.RevisionMarkerName("acme", 0), Description: "A test",
			Writer: fmt.Sprintf("process-%d", w.processes),
		},
		CloudFormation:   client.CloudFormation,
		S3:               client.S3,
		TemplateBucket:   model.TemplateBucketName("acme", account, region),
		NotificationARNs: []string{"arn:aws:sns:" + region + ":" + account + ":" + sandbox.TopicName},
	}
	for _, c := range change {
		c(&config)
	}
	return stack.New(config)
}

// reports counts the notifications of an observer. It ignores all others.
type reports struct {
	committed            []commit.Committed
	superseded, unhealed int
}

func (r *reports) Announce(context.Context, commit.Announce) {}
func (r *reports) Committed(_ context.Context, committed commit.Committed) {
	r.committed = append(r.committed, committed)
}
func (r *reports) Superseded()                                 { r.superseded++ }
func (r *reports) Unchanged(context.Context, commit.Unchanged) {}
func (r *reports) Unhealed(context.Context, commit.Unhealed)   { r.unhealed++ }

// filled creates the stack with the project's own resources and resets the call counts.
func (w *world) filled(s *stack.Stack) {
	w.t.Helper()
	must(
		w.t,
		s.Commit(
			w.t.Context(),
			create(model.Project{Name: "acme", AccountID: account, Region: region, OnDelete: model.Refuse}),
		),
	)
	w.box.ResetCalls()
}

// called returns how often an operation of CloudFormation was called since the last reset.
func (w *world) called(operation string) int {
	w.t.Helper()
	return w.box.Calls()["cloudformation"][operation]
}

func (w *world) faults(list ...sandbox.Fault) {
	w.t.Helper()
	must(w.t, w.box.AddFaults(list...))
}

// contents returns what the stack holds, read by a new process.
func (w *world) contents() *template.Contents {
	w.t.Helper()
	read, err := w.process().ReadStable(w.t.Context())
	must(w.t, err)
	if read == nil {
		w.t.Fatal("there is no stack")
	}
	where := env()
	where = where.With(read.After.Outputs)
	contents, err := template.Parse(read.Template, where)
	must(w.t, err)
	return contents
}

func (w *world) described() types.Stack {
	w.t.Helper()
	out, err := w.client().CloudFormation.DescribeStacks(
		w.t.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String(stackName)},
	)
	must(w.t, err)
	return out.Stacks[0]
}

// byHand changes the template as a person would, with UpdateStack. It returns while the update is
// running.
func (w *world) byHand(parameters []types.Parameter, edit func(sections map[string]any)) {
	w.t.Helper()
	w.byHandTagged(parameters, nil, edit)
}

func (w *world) byHandTagged(parameters []types.Parameter, tags []types.Tag, edit func(sections map[string]any)) {
	w.t.Helper()
	client, ctx := w.client().CloudFormation, w.t.Context()
	got, err := client.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: aws.String(stackName)})
	must(w.t, err)
	decoder := json.NewDecoder(strings.NewReader(aws.ToString(got.TemplateBody)))
	decoder.UseNumber()
	var sections map[string]any
	must(w.t, decoder.Decode(&sections))
	edit(sections)
	body, err := json.Marshal(sections)
	must(w.t, err)
	_, err = client.UpdateStack(ctx, &cloudformation.UpdateStackInput{
		StackName:    aws.String(stackName),
		TemplateBody: aws.String(string(body)),
		Tags:         tags,
		Parameters: append(
			parameters,
			types.Parameter{ParameterKey: aws.String(template.RevisionParameter), UsePreviousValue: aws.Bool(true)},
		),
		Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam},
	})
	must(w.t, err)
}

func section(sections map[string]any, name string) map[string]any {
	members, ok := sections[name].(map[string]any)
	if !ok {
		members = map[string]any{}
		sections[name] = members
	}
	return members
}

func bucket(name string) model.Bucket {
	return model.Bucket{
		Name: name, BucketName: model.DefaultBucketName("acme", name, account, region),
		Lifecycle: model.DefaultLifecycle(), OnDelete: model.Refuse,
	}
}

func user(name string) model.User { return model.User{Name: name} }

func create(e model.Entity) template.Change { return template.Change{Op: template.Create, Entity: e} }

// commitAll commits changes with parallelism n, as Terraform does, and returns their outcomes in
// order.
func commitAll(ctx context.Context, s *stack.Stack, n int, changes ...template.Change) []error {
	outcomes := make([]error, len(changes))
	slots := make(chan struct{}, n)
	var group sync.WaitGroup
	for i, change := range changes {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			outcomes[i] = s.Commit(ctx, change)
		})
	}
	group.Wait()
	return outcomes
}

func creations(kind string, n int) []template.Change {
	changes := make([]template.Change, n)
	for i := range changes {
		name := fmt.Sprintf("%s%02d", kind, i)
		if kind == "user" {
			changes[i] = create(user(name))
		} else {
			changes[i] = create(bucket(name))
		}
	}
	return changes
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mustAll(t *testing.T, errs []error) {
	t.Helper()
	for i, err := range errs {
		if err != nil {
			t.Errorf("change %d: %v", i, err)
		}
	}
}

// TestMain isolates the tests from the machine's AWS settings.
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
