package hub_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/stowage/terraform-provider-stowage/examples/onboarding"
	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/hub"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/relay"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

const (
	account  = "111122223333"
	function = "arn:aws:lambda:" + region + ":" + sandbox.HubAccount + ":function:stowage-hub-main-relay"
	region   = "eu-west-1"
	root     = "arn:aws:iam::" + sandbox.HubAccount + ":root"
)

var place = hub.Place{AccountID: sandbox.HubAccount, Region: region, Partition: "aws"}

// world is a sandbox with a hub.
type world struct {
	t   *testing.T
	box *sandbox.Sandbox
	// processes counts the created services. Each represents one run of the provider.
	processes int
	warnings  []string
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOf(t, reporting(), hub.Settings{
		Name: "main", AccountIDs: []string{account},
		Live:      &hub.Live{OIDCIssuer: "https://login.example.com", OIDCClientID: "stowage-board"},
		Operators: hub.Operators{Principals: []string{root}},
	})
}

// reporting returns the options of a sandbox whose accounts report to the hub.
func reporting() sandbox.Options {
	return sandbox.Options{Seed: 1, Onboarding: onboarding.Account, HubBus: hub.BusARN("main", place)}
}

func newWorldOf(t *testing.T, options sandbox.Options, settings hub.Settings) *world {
	t.Helper()
	w := &world{t: t, box: sandbox.New(options)}
	relay := hub.Relay{Version: "0.1.0", Hash: strings.Repeat("0123456789abcdef", 4)}
	tpl := hub.Compile(place, settings, relay, hub.Shared{})
	name := hub.StackName("main")
	stacks := w.as("").Hub().CloudFormation
	_, err := stacks.CreateStack(t.Context(), &cloudformation.CreateStackInput{
		StackName: &name, TemplateBody: aws.String(string(hub.Foundation(place, settings).Encode())),
	})
	must(t, err)
	w.box.RunDue()
	_, err = w.as("").Hub().S3.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(hub.ArtifactBucket("main", place)), Key: aws.String(relay.Key()), Body: relayZip(t),
	})
	must(t, err)
	_, err = stacks.UpdateStack(t.Context(), &cloudformation.UpdateStackInput{
		StackName: &name, TemplateBody: aws.String(string(tpl.Encode())),
		Capabilities: []cfntypes.Capability{cfntypes.CapabilityCapabilityNamedIam},
	})
	must(t, err)
	w.box.RunDue()
	out, err := stacks.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: &name})
	must(t, err)
	if status := out.Stacks[0].StackStatus; status != cfntypes.StackStatusUpdateComplete {
		events, err := stacks.DescribeStackEvents(t.Context(), &cloudformation.DescribeStackEventsInput{StackName: &name})
		must(t, err)
		for _, e := range events.StackEvents {
			t.Log(aws.ToString(e.LogicalResourceId), e.ResourceStatus, aws.ToString(e.ResourceStatusReason))
		}
		t.Fatalf("the hub's stack is %s", status)
	}
	return w
}

// relayZip returns a package whose program does not run: tests register the relay's Go code.
func relayZip(t *testing.T) *bytes.Reader {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	_, err := z.Create("bootstrap")
	must(t, err)
	must(t, z.Close())
	return bytes.NewReader(b.Bytes())
}

// as returns clients as the administrator of the hub's account, or as one of its roles by its ARN.
func (w *world) as(role string) *awsclient.Clients {
	w.t.Helper()
	config := awsclient.Config{
		Region: region, Version: "test", HTTPClient: &http.Client{Transport: simulate.NewTransport(w.box)},
	}
	config.AccessKey, config.SecretKey = sandbox.StaticCredentials(sandbox.HubAccount)
	if role != "" {
		config.AssumeRole = []awsclient.AssumeRole{{RoleARN: role, SessionName: "test"}}
	}
	clients, err := awsclient.New(w.t.Context(), config)
	must(w.t, err)
	return clients
}

// process returns a run of the provider, with a role of the hub and the role of projects.
func (w *world) process(role, projectRole string, mode projects.ReadMode) *projects.Service {
	w.t.Helper()
	w.processes++
	return projects.New(projects.Config{
		Clients: w.as(role), Hub: "main", RoleName: projectRole, ReadMode: mode, Writer: fmt.Sprint("test-", w.processes),
		Warn: func(_ context.Context, message string, fields map[string]any) {
			w.warnings = append(w.warnings, fmt.Sprint(message, fields))
		},
		Log: func(context.Context, string, map[string]any) {},
	})
}

// allowed returns the actions that a role's policies allow.
func (w *world) allowed(role string) []string {
	w.t.Helper()
	client := w.as("").Hub().IAM
	name := role[strings.LastIndex(role, "/")+1:]
	list, err := client.ListRolePolicies(w.t.Context(), &iam.ListRolePoliciesInput{RoleName: &name})
	must(w.t, err)
	actions := map[string]bool{}
	for _, policy := range list.PolicyNames {
		out, err := client.GetRolePolicy(w.t.Context(), &iam.GetRolePolicyInput{RoleName: &name, PolicyName: &policy})
		must(w.t, err)
		text, err := url.QueryUnescape(aws.ToString(out.PolicyDocument))
		must(w.t, err)
		document, err := policydoc.Parse(text, policydoc.Identity)
		must(w.t, err)
		for _, s := range document.Statements {
			for _, action := range s.Actions {
				actions[action] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(actions))
}

// compare compares what a role may do with what it has done. unshown are the allowed actions that
// the sandbox cannot show, by the reason why they are allowed.
func (w *world) compare(role string, unshown map[string][]string) {
	w.t.Helper()
	if len(w.warnings) > 0 {
		w.t.Errorf("warnings: %v", w.warnings)
	}
	session := strings.Replace(strings.Replace(role, ":iam:", ":sts:", 1), ":role/", ":assumed-role/", 1)
	used := map[string]bool{}
	for _, p := range w.box.Permissions()[session] {
		used[p.Action] = true
	}
	reasons := map[string]bool{}
	for _, actions := range unshown {
		for _, action := range actions {
			reasons[action] = true
		}
	}
	allowed := w.allowed(role)
	if len(allowed) < 4 {
		w.t.Errorf("%s is allowed only %v", role, allowed)
	}
	for _, action := range allowed {
		switch {
		case used[action] && reasons[action]:
			w.t.Errorf("%s was used: the list of those that weren't is out of date", action)
		case !used[action] && !reasons[action]:
			w.t.Errorf("%s is allowed and was not used", action)
		}
	}
	for action := range reasons {
		if !slices.Contains(allowed, action) {
			w.t.Errorf("%s has a reason and is not allowed", action)
		}
	}
}

func bucket(name string) model.Bucket {
	return model.Bucket{
		Name: name, BucketName: model.DefaultBucketName("acme", name, account, region), Lifecycle: model.DefaultLifecycle(),
		OnDelete: model.Empty,
	}
}

func project() model.Project {
	return model.Project{Name: "acme", AccountID: account, Region: region, OnDelete: model.Empty}
}

// watch stores a connection that sees everything, so that changes are sent to it.
func (w *world) watch(id string) {
	w.t.Helper()
	table := mirror.New(w.as("").Hub().DynamoDB, hub.TableName("main"))
	must(w.t, table.Connect(w.t.Context(), mirror.Connection{
		ID: id, Projects: []string{mirror.Everything}, Ends: time.Now().Add(2 * time.Hour),
	}))
}

// TestOperator runs a project's life as StowageOperator. No call is refused, and every allowed
// action is used or has a reason.
func TestOperator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx := t.Context()
		w.watch("one=")
		role := hub.OperatorARN("main", place)
		s := w.process(role, "StowageProvisioner", projects.Verified)
		must(t, s.CreateProject(ctx, project()))
		must(t, s.Create(ctx, "acme", bucket("inbox")))
		must(t, s.Delete(ctx, "acme", bucket("inbox").ID()))
		must(t, w.process(role, "StowageProvisioner", projects.Verified).DeleteProject(ctx, "acme"))
		w.compare(role, map[string][]string{
			"what recovers from failures that this life hasn't": {
				"cloudformation:ContinueUpdateRollback", "cloudformation:DeleteChangeSet", "cloudformation:DeleteStack",
				"cloudformation:DescribeEvents", "cloudformation:DescribeStackEvents", "cloudformation:ListChangeSets",
				"cloudformation:ListStackResources",
			},
			"what SSM's handler needs for the tags of stacks, which this one hasn't": {
				"ssm:AddTagsToResource", "ssm:RemoveTagsFromResource",
			},
			"a directory with more projects, whose template does not fit into a request": {"s3:GetObject", "s3:PutObject"},
		})
	})
}

// TestPlanner plans as StowagePlanner in all modes, and tries to change something.
func TestPlanner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx := t.Context()
		admin := w.process("", "StowageProvisioner", projects.Verified)
		must(t, admin.CreateProject(ctx, project()))
		must(t, admin.Create(ctx, "acme", bucket("inbox")))
		other := project()
		other.Name = "globex"
		must(t, admin.CreateProject(ctx, other))
		role := hub.PlannerARN("main", place)
		for _, mode := range []projects.ReadMode{projects.Verified, projects.Cached, projects.Authoritative} {
			s := w.process(role, "StowageReader", mode)
			view, err := s.Read(ctx, "acme")
			must(t, err)
			list, err := s.List(ctx)
			must(t, err)
			if len(view.Contents.Buckets) != 1 || len(list) != 2 {
				t.Errorf("%v: %d buckets, projects %v", mode, len(view.Contents.Buckets), list)
			}
		}
		w.compare(role, nil)
		s := w.process(role, "StowageReader", projects.Verified)
		for name, change := range map[string]func() error{
			"create a bucket":  func() error { return s.Create(ctx, "acme", bucket("outbox")) },
			"delete a bucket":  func() error { return s.Delete(ctx, "acme", bucket("inbox").ID()) },
			"create a project": func() error { p := project(); p.Name = "initech"; return s.CreateProject(ctx, p) },
			"delete a project": func() error { return s.DeleteProject(ctx, "globex") },
			"work as the provisioner": func() error {
				return w.process(role, "StowageProvisioner", projects.Verified).Create(ctx, "acme", bucket("outbox"))
			},
		} {
			if err := change(); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestRelay runs the relay with its role: changes by hand, a sweep, and a web client.
func TestRelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		role := "arn:aws:iam::" + sandbox.HubAccount + ":role/StowageRelay-main-" + region
		_, err := w.as("").Hub().IAM.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{
			RoleName: aws.String("StowageRelay-main-" + region), PolicyDocument: aws.String(
				`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + root + `"},"Action":"sts:AssumeRole"}]}`,
			),
		})
		must(t, err) // in place of Lambda, which the template names
		r, err := relay.New(ctx, relay.Config{
			Clients: w.as(role), Hub: "main", RoleName: relay.DefaultRole, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		})
		must(t, err)
		handle := func(ctx context.Context, event []byte) ([]byte, error) {
			answer, err := r.Handle(ctx, event)
			if err != nil {
				t.Errorf("%s: %v", event, err)
			}
			return answer, err
		}
		w.box.RegisterFunction(function, handle)
		go w.box.Run(ctx)
		admin := w.process("", "StowageProvisioner", projects.Verified)
		must(t, admin.CreateProject(ctx, project()))
		for _, request := range []string{
			`"routeKey":"$connect","eventType":"CONNECT"`, `"routeKey":"$default","eventType":"MESSAGE"`,
			`"routeKey":"$disconnect","eventType":"DISCONNECT"`,
		} {
			text := `{"headers":{"Sec-WebSocket-Protocol":"stowage.v1"},"body":"{\"type\":\"hello\",\"v\":1}","requestContext":{` + request +
				fmt.Sprintf(`,"connectionId":"one=","connectedAt":%d,"authorizer":{"subject":"me","projects":"*"}}}`, time.Now().UnixMilli())
			answer, err := handle(ctx, []byte(text))
			must(t, err)
			if string(answer) == "" {
				t.Errorf("%s: no answer", request)
			}
		}
		w.watch("two=")
		time.Sleep(20 * time.Minute)
		must(t, admin.Create(ctx, "acme", bucket("inbox")))
		time.Sleep(20 * time.Minute)
		w.compare(role, map[string][]string{
			"what clears the mirror of a project whose deletion was interrupted": {"dynamodb:BatchWriteItem"},
			"Lambda writes the log with the function's role":                     {"logs:CreateLogStream", "logs:PutLogEvents"},
		})
	})
}
