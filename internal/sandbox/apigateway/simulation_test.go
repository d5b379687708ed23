package apigateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/apigateway"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

// simulated runs six clients that send messages at the same moments. Their function forwards each
// message to all other clients. It returns the trace of calls and what each client received.
func simulated(t *testing.T, seed uint64) (trace, received []string) {
	t.Helper()
	cryptotest.SetGlobalRandom(t, seed)
	synctest.Test(t, func(t *testing.T) {
		box := sandbox.New(sandbox.Options{Seed: seed, Latency: sandbox.LatencyAWS()})
		driver := simulate.NewDriver(box, seed)
		stage, err := box.WebSockets().Deploy(apigateway.Settings{
			API:     "live",
			Stage:   "prod",
			Account: sandbox.HubAccount,
			Region:  region,
			Routes:  map[string]string{"$connect": routesARN, "$default": routesARN},
		})
		if err != nil {
			t.Fatal(err)
		}
		client := management(
			sandbox.HubAccount,
			"https://"+stage.Domain()+"/prod",
			&http.Client{Transport: driver.Transport()},
		)
		box.RegisterFunction(routesARN, func(ctx context.Context, event []byte) ([]byte, error) {
			var e events.APIGatewayWebsocketProxyRequest
			if err := json.Unmarshal(event, &e); err != nil {
				return nil, err
			}
			if e.RequestContext.EventType == "CONNECT" {
				return []byte(`{"statusCode":200}`), nil
			}
			for _, c := range box.WebSockets().Connections() {
				if c.ID == e.RequestContext.ConnectionID {
					continue
				}
				if err := post(ctx, client, c.ID, []byte(e.RequestContext.Identity.SourceIP+" says "+e.Body)); err != nil {
					return nil, err
				}
			}
			return nil, nil
		})
		const clients, messages = 6, 3
		heard := make([][]string, clients)
		done := make(chan struct{})
		var group sync.WaitGroup
		for i := range clients {
			group.Go(func() {
				name := fmt.Sprint("192.0.2.", i)
				// One after the other, for a fixed order of the list.
				time.Sleep(time.Duration(i) * time.Second)
				c, err := stage.Connect(simulate.WithActor(t.Context(), name), apigateway.Handshake{SourceIP: name})
				if err != nil {
					t.Error(err)
					return
				}
				defer c.Close(1000, "")
				time.Sleep(time.Duration(clients-i) * time.Second)
				for n := range messages { // at the same moment as all others
					if err := c.Send([]byte(fmt.Sprint(n))); err != nil {
						t.Error(err)
					}
				}
				for range messages * (clients - 1) {
					m, err := c.Receive(t.Context())
					if err != nil {
						t.Error(err)
						return
					}
					heard[i] = append(heard[i], string(m))
				}
				time.Sleep(time.Minute) // the others have not received it yet
			})
		}
		go func() { group.Wait(); close(done) }()
		driver.Run(done)
		trace = driver.Trace()
		for _, list := range heard {
			received = append(received, strings.Join(list, "; "))
		}
	})
	return trace, received
}

func TestClients_Deterministic(t *testing.T) {
	trace, received := simulated(t, 7)
	if len(trace) != 6*3*5 {
		t.Fatalf("%d calls:\n%s", len(trace), strings.Join(trace, "\n"))
	}
	for run := range 9 {
		again, heard := simulated(t, 7)
		if diff := cmp.Diff(trace, again); diff != "" {
			t.Fatalf("run %d differs (-first +this):\n%s", run+2, diff)
		}
		if diff := cmp.Diff(received, heard); diff != "" {
			t.Fatalf("in run %d the clients received (-first +this):\n%s", run+2, diff)
		}
	}
	if _, other := simulated(t, 8); cmp.Equal(received, other) {
		t.Error("another seed orders nothing differently")
	}
}
