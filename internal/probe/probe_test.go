package probe_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/probe"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

const account = "111122223333"

// world is a sandbox with the durations of AWS, and a person in one of its accounts.
type world struct {
	t         *testing.T
	box       *sandbox.Sandbox
	transport http.RoundTripper
	mu        sync.Mutex
	log       strings.Builder
}

func newWorld(t *testing.T, answers unproven.Answers) *world {
	t.Helper()
	box := sandbox.New(sandbox.Options{Seed: 1, Latency: sandbox.LatencyAWS(), Answers: answers})
	return &world{t: t, box: box, transport: simulate.NewTransport(box)}
}

func (w *world) clients(roles ...awsclient.AssumeRole) (*awsclient.Account, error) {
	access, secret := sandbox.StaticCredentials(account)
	clients, err := awsclient.New(w.t.Context(), awsclient.Config{
		Region:     "eu-west-1",
		AccessKey:  access,
		SecretKey:  secret,
		Version:    "test",
		HTTPClient: &http.Client{Transport: w.transport},
		AssumeRole: roles,
	})
	if err != nil {
		return nil, err
	}
	return clients.Hub(), nil
}

func (w *world) config(rules ...string) probe.Config {
	w.t.Helper()
	clients, err := w.clients()
	if err != nil {
		w.t.Fatal(err)
	}
	return probe.Config{
		Account: clients, Partition: "aws", Run: "test", Rules: rules,
		As: func(_ context.Context, role, externalID string) (*awsclient.Account, error) {
			return w.clients(awsclient.AssumeRole{RoleARN: role, ExternalID: externalID})
		},
		Log: func(format string, args ...any) {
			w.mu.Lock()
			defer w.mu.Unlock()
			fmt.Fprintf(&w.log, format+"\n", args...)
		},
	}
}

// left are the stacks that exist, but for those that were there before.
func (w *world) left() []string {
	w.t.Helper()
	clients, err := w.clients()
	if err != nil {
		w.t.Fatal(err)
	}
	out, err := clients.CloudFormation.DescribeStacks(w.t.Context(), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	var names []string
	for _, s := range out.Stacks {
		names = append(names, aws.ToString(s.StackName)+" "+string(s.StackStatus))
	}
	return names
}

// measured are the answers of a report, with the reasons of rules that have none.
func measured(report unproven.Report) map[string]string {
	all := map[string]string{}
	for _, f := range report.Findings {
		all[f.Rule] = f.Measured + f.Reason
	}
	return all
}

// TestMeasure_EveryAnswer measures each answer of each switch that has a measurement: the sandbox's
// switch decides what is measured.
func TestMeasure_EveryAnswer(t *testing.T) {
	for _, rule := range unproven.Switches() {
		if rule.Unmeasured != "" {
			continue
		}
		for _, answer := range rule.Answers {
			t.Run(rule.ID+"/"+answer, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, unproven.Answers{rule.ID: answer})
					report, err := probe.Measure(t.Context(), w.config(rule.ID))
					if err != nil {
						t.Error(err)
					}
					if got := measured(report)[rule.ID]; got != answer {
						t.Errorf("measured %q, want %q\n%s", got, answer, w.log.String())
					}
					if left := w.left(); len(left) > 0 {
						t.Errorf("left behind: %q", left)
					}
				})
			})
		}
	}
}

// TestMeasure_RandomAnswers measures everything in sandboxes whose switches are set at random. The
// report sets another sandbox's switches in the same way.
func TestMeasure_RandomAnswers(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				answers := unproven.Answers(nil)
				if seed > 0 {
					answers = unproven.Draw(rand.New(rand.NewPCG(seed, 1))) //nolint:gosec // chance, not a secret
					answers[unproven.ValuesIncomplete] = unproven.Off       // else change sets tell too little
				}
				w := newWorld(t, answers)
				report, err := probe.Measure(t.Context(), w.config())
				if err != nil {
					t.Error(err)
				}
				text, err := probe.Encode(report)
				if err != nil {
					t.Fatal(err)
				}
				read, err := unproven.Read(bytes.NewReader(text))
				if err != nil {
					t.Fatal(err)
				}
				for _, rule := range unproven.Switches() {
					if rule.Unmeasured == "" && read[rule.ID] != answers.Of(rule.ID) {
						t.Errorf("%s: measured %q, want %q", rule.ID, measured(report)[rule.ID], answers.Of(rule.ID))
					}
				}
				if strings.Contains(string(text)+w.log.String(), "secret_access_key") {
					t.Error("the report or the log has a secret")
				}
			})
		})
	}
}

// TestMeasure_EveryRule compares the measurements with the list: each rule is measured, or says why
// it is not.
func TestMeasure_EveryRule(t *testing.T) {
	t.Parallel()
	var plan strings.Builder
	if err := probe.PrintPlan(&plan, nil); err != nil {
		t.Fatal(err)
	}
	for _, rule := range unproven.Rules {
		isMeasured := strings.Contains(plan.String(), "  measures "+rule.ID+"\n")
		switch {
		case isMeasured == (rule.Unmeasured != ""):
			t.Errorf(
				"%s: measured: %t, but the reason for not measuring it is %q",
				rule.ID,
				isMeasured,
				rule.Unmeasured,
			)
		case !isMeasured && !strings.Contains(plan.String(), rule.ID+": "+rule.Unmeasured):
			t.Errorf("%s: the plan lacks the reason for which it is not measured", rule.ID)
		}
	}
}

// cancelling ends a context at the nth call.
type cancelling struct {
	next   http.RoundTripper
	cancel context.CancelFunc
	mu     sync.Mutex
	left   int
}

func (c *cancelling) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.left--
	if c.left == 0 {
		c.cancel()
	}
	c.mu.Unlock()
	return c.next.RoundTrip(r)
}

// TestMeasure_Interrupted ends the context at calls all over a run: what was made is removed.
func TestMeasure_Interrupted(t *testing.T) {
	for n := 1; n < 200; n += 9 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				config := w.config()
				w.transport = &cancelling{next: w.transport, cancel: cancel, left: n}
				var err error
				if config.Account, err = w.clients(); err != nil {
					t.Fatal(err)
				}
				report, err := probe.Measure(ctx, config)
				if err != nil {
					t.Errorf("the removal: %v", err)
				}
				for _, f := range report.Findings {
					rule, _ := unproven.Find(f.Rule)
					if rule.Unmeasured == "" && f.Measured == "" &&
						!strings.Contains(f.Reason, context.Canceled.Error()) {
						t.Errorf("%s does not say that it was interrupted: %q", f.Rule, f.Reason)
					}
				}
				if left := w.left(); len(left) > 0 {
					t.Errorf("left behind: %q", left)
				}
			})
		})
	}
}

// TestMeasure_NotRemoved has the deletion of a parameter fail: the error names the stack and the
// resource, and Leftovers removes it.
func TestMeasure_NotRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		if err := w.box.AddFaults(
			sandbox.Fault{
				ResourceType: "AWS::SSM::Parameter",
				PhysicalID:   "*/017",
				Phase:        "delete",
				Reason:       "not today",
			},
		); err != nil {
			t.Fatal(err)
		}
		report, err := probe.Measure(t.Context(), w.config(unproven.EventsPerPage))
		if err == nil || !strings.Contains(err.Error(), "could not remove the stack stowage-probe-test-operations") ||
			!strings.Contains(err.Error(), "Parameter017: not today") {
			t.Errorf("the error is %v", err)
		}
		if got := measured(report)[unproven.EventsPerPage]; got != "100" {
			t.Errorf("measured %q", got)
		}
		w.box.ClearFaults()
		if err := probe.Leftovers(t.Context(), w.config()); err != nil {
			t.Error(err)
		}
		if left := w.left(); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
	})
}

// TestLeftovers_OthersStay removes no stack that a probe has not made.
func TestLeftovers_OthersStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		clients, err := w.clients()
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"stowage-acme-0", "stowage-probe-theirs"} {
			_, err := clients.CloudFormation.CreateStack(t.Context(), &cloudformation.CreateStackInput{
				StackName: aws.String(
					name,
				),
				TemplateBody: aws.String(
					`{"Resources":{"P":{"Type":"AWS::SSM::Parameter","Properties":{"Type":"String","Value":"0"}}}}`,
				),
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := probe.Leftovers(t.Context(), w.config()); err != nil {
			t.Error(err)
		}
		if left := w.left(); len(left) != 2 {
			t.Errorf("left: %q", left)
		}
	})
}

// TestMeasure_Refused has AWS refuse a measurement: its rules say why, and the others are measured.
func TestMeasure_Refused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		if err := w.box.AddFaults(
			sandbox.Fault{Service: "secretsmanager", Effect: sandbox.FailCall, Code: "AccessDeniedException"},
		); err != nil {
			t.Fatal(err)
		}
		report, err := probe.Measure(t.Context(), w.config(unproven.EventSecrets, unproven.AdditionsHaveReplacement))
		if err != nil {
			t.Error(err)
		}
		got := measured(report)
		if !strings.Contains(got[unproven.EventSecrets], "AccessDenied") ||
			got[unproven.AdditionsHaveReplacement] != unproven.Off {
			t.Errorf("measured %v", got)
		}
		var table strings.Builder
		if err := errors.Join(probe.PrintTable(&table, report)); err != nil {
			t.Fatal(err)
		}
		if strings.Count(table.String(), "\n") != len(unproven.Rules)+1 {
			t.Errorf("the table:\n%s", table.String())
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
