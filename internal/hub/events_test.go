package hub_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	lambda "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/stowage/terraform-provider-stowage/examples/onboarding"
	"github.com/stowage/terraform-provider-stowage/internal/hub"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

// eventsOnly returns the options of a sandbox whose accounts are prepared by the part of the template
// that reports to the hub. The rest takes most of the time.
func eventsOnly(t *testing.T) sandbox.Options {
	t.Helper()
	options := reporting()
	head, resources, ok := strings.Cut(onboarding.Account, "\nResources:\n")
	from, to := strings.Index(resources, "  EventsRule:\n"), strings.Index(resources, "\nOutputs:\n")
	if !ok || from < 0 || to < from {
		t.Fatal("the template has no events")
	}
	options.Onboarding = head + "\nResources:\n" + resources[from:to]
	return options
}

// stack creates a stack as an account's administrator.
func (w *world) stack(accountID, name, body string) {
	w.t.Helper()
	id, secret := sandbox.StaticCredentials(accountID)
	client := cloudformation.NewFromConfig(aws.Config{
		Region: region, HTTPClient: &http.Client{Transport: simulate.NewTransport(w.box)},
		Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""),
	})
	_, err := client.CreateStack(w.t.Context(), &cloudformation.CreateStackInput{
		StackName: &name, TemplateBody: &body, Capabilities: []cfntypes.Capability{cfntypes.CapabilityCapabilityIam},
	})
	must(w.t, err)
	w.box.RunDue()
	out, err := client.DescribeStacks(w.t.Context(), &cloudformation.DescribeStacksInput{StackName: &name})
	must(w.t, err)
	if status := out.Stacks[0].StackStatus; status != cfntypes.StackStatusCreateComplete {
		w.t.Fatalf("the stack %s of %s is %s", name, accountID, status)
	}
}

// TestEvents checks which changes invoke the relay: those of projects' stacks in 500 accounts of the
// organization, of the hub's own stacks, and a schedule. One statement of the bus's policy is for
// all accounts.
func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorldOf(t, eventsOnly(t), hub.Settings{Name: "main", OrganizationID: sandbox.OrganizationID})
		var mu sync.Mutex
		done, scheduled := map[string]bool{}, 0
		w.box.RegisterFunction(function, func(_ context.Context, event []byte) ([]byte, error) {
			var e lambda.EventBridgeEvent
			var detail struct {
				StatusDetails struct {
					Status string `json:"status"`
				} `json:"status-details"`
			}
			if err := json.Unmarshal(event, &e); err != nil {
				t.Error(err)
			}
			if err := json.Unmarshal(e.Detail, &detail); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if e.Source == "aws.events" {
				scheduled++
			} else if detail.StatusDetails.Status == "CREATE_COMPLETE" {
				done[e.AccountID+" "+strings.Split(e.Resources[0], "/")[1]] = true
			}
			return nil, nil
		})
		const parameter = `{"Resources":{"P":{"Type":"AWS::SSM::Parameter","Properties":{"Type":"String","Value":"1"}}}}`
		var want []string
		for i := range 500 {
			accountID := fmt.Sprintf("9000000%05d", i)
			w.stack(accountID, "stowage-acme-0", parameter)
			w.stack(accountID, "unrelated", parameter)
			want = append(want, accountID+" stowage-acme-0")
		}
		w.stack(sandbox.HubAccount, "stowage-directory", parameter)
		w.stack(sandbox.HubAccount, "unrelated", parameter)
		want = append(want, sandbox.HubAccount+" stowage-directory")
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go w.box.Run(ctx)
		time.Sleep(5*time.Minute + time.Second)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		for _, stack := range want {
			if !done[stack] {
				t.Errorf("the relay did not hear of %s", stack)
			}
			delete(done, stack)
		}
		if len(done) > 0 || scheduled != 5 {
			t.Errorf("the relay also heard of %v, and %d times of the schedule", done, scheduled)
		}
	})
}
