package simulate_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

// run simulates five goroutines that use SSM and DynamoDB under throttling, and returns the trace.
func run(t *testing.T, seed uint64) []string {
	t.Helper()
	cryptotest.SetGlobalRandom(t, seed)
	var trace []string
	synctest.Test(t, func(t *testing.T) {
		box := sandbox.New(sandbox.Options{Seed: seed, Latency: sandbox.LatencyAWS()})
		if err := box.AddFaults(
			sandbox.Fault{Service: "ssm", Effect: sandbox.Throttle, After: 3, Times: 6},
			sandbox.Fault{Service: "dynamodb", Effect: sandbox.LostReply, After: 5, Times: 2},
			sandbox.Fault{Service: "ssm", Effect: sandbox.Delay, Delay: "20ms", After: 12, Times: 2},
		); err != nil {
			t.Fatal(err)
		}
		driver := simulate.NewDriver(box, seed)
		id, secret := sandbox.StaticCredentials(sandbox.HubAccount)
		config := aws.Config{
			Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""),
			HTTPClient: &http.Client{Transport: driver.Transport()}, RetryMaxAttempts: 10,
		}
		done := make(chan struct{})
		var group sync.WaitGroup
		for i := range 5 {
			group.Go(func() { work(simulate.WithActor(t.Context(), fmt.Sprint("actor", i)), t, config, i) })
		}
		go func() { group.Wait(); close(done) }()
		driver.Run(done)
		trace = driver.Trace()
	})
	return trace
}

func work(ctx context.Context, t *testing.T, config aws.Config, i int) {
	parameters, tables := ssm.NewFromConfig(config), dynamodb.NewFromConfig(config)
	for n := range 3 {
		name := fmt.Sprintf("/p/%d", (i+n)%3)
		if _, err := parameters.PutParameter(ctx, &ssm.PutParameterInput{
			Name: &name, Value: aws.String(fmt.Sprint(i)), Type: ssmtypes.ParameterTypeString, Overwrite: aws.Bool(true),
		}); err != nil {
			t.Errorf("actor %d: %v", i, err)
		}
		if _, err := tables.PutItem(
			ctx,
			&dynamodb.PutItemInput{TableName: aws.String("stowage"), Item: map[string]types.AttributeValue{
				"pk": &types.AttributeValueMemberS{Value: name}, "sk": &types.AttributeValueMemberS{Value: fmt.Sprint(i)},
			}},
		); err != nil {
			t.Errorf("actor %d: %v", i, err)
		}
	}
}

func TestDeterminism_TwentyRuns(t *testing.T) {
	first := run(t, 42)
	if len(first) < 30 {
		t.Fatalf("only %d calls:\n%s", len(first), strings.Join(first, "\n"))
	}
	for i := range 19 {
		if diff := cmp.Diff(first, run(t, 42)); diff != "" {
			t.Fatalf("run %d differs (-first +this):\n%s", i+2, diff)
		}
	}
	if cmp.Equal(first, run(t, 43)) {
		t.Error("another seed gives the same trace: it orders nothing")
	}
}

func TestAgenda_RunsWhenDue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box := sandbox.New(sandbox.Options{Seed: 1})
		driver := simulate.NewDriver(box, 1)
		done := make(chan struct{})
		var at time.Duration
		started := time.Now()
		box.World().Lock()
		box.World().After(time.Hour, func() { at = time.Since(started); close(done) })
		box.World().Unlock()
		driver.Run(done)
		if at != time.Hour {
			t.Errorf("what was due in an hour happened after %s", at)
		}
	})
}

func TestGate_CancelledCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box := sandbox.New(sandbox.Options{Seed: 1})
		driver := simulate.NewDriver(box, 1)
		id, secret := sandbox.StaticCredentials(sandbox.HubAccount)
		client := ssm.NewFromConfig(aws.Config{
			Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""),
			HTTPClient: &http.Client{Transport: driver.Transport()},
		})
		done := make(chan struct{})
		go func() {
			defer close(done)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel() // the driver does not run yet
			if _, err := client.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/stowage/hub/stowage")}); err == nil {
				t.Error("a call that was not released was answered")
			}
		}()
		<-done
		if got := box.Calls(); len(got) != 0 {
			t.Errorf("the call had an effect: %v", got)
		}
		driver.Run(done)
	})
}
