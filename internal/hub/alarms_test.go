package hub_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/hub"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

// TestAlarms_States runs a hub for half an hour: healthy, with a relay that fails, that is throttled,
// that is gone, and without its schedule. The alarms that are raised are those that should be.
func TestAlarms_States(t *testing.T) {
	all := map[string]string{"errors": "OK", "throttles": "OK", "dead-letters": "OK", "sweep": "OK"}
	raised := func(names ...string) map[string]string {
		states := maps.Clone(all)
		for _, name := range names {
			states[name] = "ALARM"
		}
		return states
	}
	answers := func(context.Context, <-chan struct{}) error { return nil }
	for name, c := range map[string]struct {
		// code is the relay's. It ends when its invocation or the test is over.
		code func(ctx context.Context, over <-chan struct{}) error
		// change changes a resource of the hub by hand.
		change func(resources map[string]map[string]any)
		want   map[string]string
	}{
		"healthy": {answers, nil, raised()},
		// Each event fails three times, within three minutes, and becomes a dead letter.
		"relay fails": {
			func(context.Context, <-chan struct{}) error { return errors.New("no table") }, nil,
			raised("errors", "dead-letters"),
		},
		// One run occupies the only process for its five minutes. Lambda repeats the others for an hour.
		"relay is throttled": {
			func(ctx context.Context, over <-chan struct{}) error {
				select {
				case <-ctx.Done():
				case <-over:
				}
				return nil
			},
			func(resources map[string]map[string]any) {
				resources["Relay"]["Properties"].(map[string]any)["ReservedConcurrentExecutions"] = 1
			},
			raised("errors", "throttles"),
		},
		"relay may not be invoked": {answers, func(resources map[string]map[string]any) {
			delete(resources, "SweepPermission")
		}, raised("dead-letters")},
		"schedule is off": {answers, func(resources map[string]map[string]any) {
			resources["Sweep"]["Properties"].(map[string]any)["State"] = "DISABLED"
		}, raised("sweep")},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorldOf(t, sandbox.Options{Seed: 1}, hub.Settings{Name: "main", AccountIDs: []string{account}})
				over := make(chan struct{})
				w.box.RegisterFunction(function, func(ctx context.Context, _ []byte) ([]byte, error) {
					return nil, c.code(ctx, over)
				})
				w.purge() // the events of the hub's own stack, for which there was no code yet
				if c.change != nil {
					w.changeByHand(c.change)
				}
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				go w.box.Run(ctx)
				time.Sleep(30 * time.Minute)
				synctest.Wait()
				if diff := cmp.Diff(c.want, w.alarmStates()); diff != "" {
					t.Error(diff)
				}
				stop()
				close(over)
				time.Sleep(10 * time.Minute) // until running invocations have ended
			})
		})
	}
}

// purge deletes the dead letters.
func (w *world) purge() {
	w.t.Helper()
	access, secret := sandbox.StaticCredentials(sandbox.HubAccount)
	client := sqs.New(sqs.Options{
		Region: region, HTTPClient: &http.Client{Transport: simulate.NewTransport(w.box)},
		Credentials: credentials.NewStaticCredentialsProvider(access, secret, ""),
	})
	queue := aws.String("https://sqs." + region + ".amazonaws.com/" + sandbox.HubAccount + "/" + hub.StackName("main") + "-dead-letters")
	for {
		out, err := client.ReceiveMessage(w.t.Context(), &sqs.ReceiveMessageInput{QueueUrl: queue, MaxNumberOfMessages: 10})
		must(w.t, err)
		if len(out.Messages) == 0 {
			return
		}
		for _, m := range out.Messages {
			_, err := client.DeleteMessage(
				w.t.Context(), &sqs.DeleteMessageInput{QueueUrl: queue, ReceiptHandle: m.ReceiptHandle},
			)
			must(w.t, err)
		}
	}
}

// changeByHand changes the hub's template as a user would in the console.
func (w *world) changeByHand(change func(resources map[string]map[string]any)) {
	w.t.Helper()
	stacks, name := w.as("").Hub().CloudFormation, hub.StackName("main")
	got, err := stacks.GetTemplate(w.t.Context(), &cloudformation.GetTemplateInput{StackName: &name})
	must(w.t, err)
	var document map[string]any
	var resources struct{ Resources map[string]map[string]any }
	must(w.t, json.Unmarshal([]byte(aws.ToString(got.TemplateBody)), &document))
	must(w.t, json.Unmarshal([]byte(aws.ToString(got.TemplateBody)), &resources))
	change(resources.Resources)
	document["Resources"] = resources.Resources
	body, err := json.Marshal(document)
	must(w.t, err)
	_, err = stacks.UpdateStack(w.t.Context(), &cloudformation.UpdateStackInput{
		StackName: &name, TemplateBody: aws.String(string(body)),
		Capabilities: []cfntypes.Capability{cfntypes.CapabilityCapabilityNamedIam},
	})
	must(w.t, err)
	w.box.RunDue()
	out, err := stacks.DescribeStacks(w.t.Context(), &cloudformation.DescribeStacksInput{StackName: &name})
	must(w.t, err)
	if status := out.Stacks[0].StackStatus; status != cfntypes.StackStatusUpdateComplete {
		w.t.Fatalf("the hub's stack is %s: %s", status, aws.ToString(out.Stacks[0].StackStatusReason))
	}
}

// alarmStates returns the states of the hub's alarms, by what follows the hub's name.
func (w *world) alarmStates() map[string]string {
	w.t.Helper()
	const form = "Action=DescribeAlarms&Version=2010-08-01"
	request, err := http.NewRequestWithContext(
		w.t.Context(), http.MethodPost, "https://monitoring."+region+".amazonaws.com/", strings.NewReader(form),
	)
	must(w.t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	access, secret := sandbox.StaticCredentials(sandbox.HubAccount)
	hash := sha256.Sum256([]byte(form))
	must(w.t, v4.NewSigner().SignHTTP(
		w.t.Context(), aws.Credentials{AccessKeyID: access, SecretAccessKey: secret}, request, hex.EncodeToString(hash[:]),
		"monitoring", region, time.Now(),
	))
	answer, err := simulate.NewTransport(w.box).RoundTrip(request)
	must(w.t, err)
	defer func() { must(w.t, answer.Body.Close()) }()
	var out struct {
		Alarms []struct{ AlarmName, StateValue string } `xml:"DescribeAlarmsResult>MetricAlarms>member"`
	}
	must(w.t, xml.NewDecoder(answer.Body).Decode(&out))
	states := map[string]string{}
	for _, a := range out.Alarms {
		states[strings.TrimPrefix(a.AlarmName, hub.StackName("main")+"-")] = a.StateValue
	}
	return states
}
