package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/relay"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/apigateway"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/oidc"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// mostProjects is what a hub's directory holds: a stack with a resource for each project.
const mostProjects = 440

// projectAt returns a project in an account of its own.
func projectAt(n int) model.Project {
	return model.Project{
		Name: fmt.Sprintf("p%d", n), AccountID: fmt.Sprintf("88%010d", n), Region: "eu-west-1", OnDelete: model.Refuse,
	}
}

// TestSweepInVirtualTime measures a comparison of all stacks, by a relay that has just started and by
// the same one again.
func TestSweepInVirtualTime(t *testing.T) {
	size := 20
	if *full {
		size = mostProjects
	}
	first, again := swept(t, size)
	if !*full {
		// Again, each project takes a Query and a DescribeStacks, and the directory two of each.
		if want := map[string]int{"Query": size + 2, "DescribeStacks": size + 2}; !maps.Equal(again.calls, want) {
			t.Errorf("a comparison of %d projects takes the calls %v, want %v", size, again.calls, want)
		}
		return
	}
	for _, s := range []sweeping{first, again} {
		if s.took > time.Minute {
			t.Errorf("a comparison of %d projects takes %s, longer than the schedule gives it", size, s.took)
		}
	}
	table(fmt.Sprintf("The relay compares all stacks of %d projects in as many accounts, in virtual time.", size),
		"relay\ttime\tcalls",
		fmt.Sprintf("just started\t%s\t%v", first.took.Round(100*time.Millisecond), first.calls),
		fmt.Sprintf("again\t%s\t%v", again.took.Round(100*time.Millisecond), again.calls))
}

// sweeping is the cost of a comparison.
type sweeping struct {
	took  time.Duration
	calls map[string]int
}

func swept(t *testing.T, size int) (first, again sweeping) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		box := sandbox.New(sandbox.Options{Seed: 1, Latency: sandbox.LatencyAWS()})
		templates := "stowage-bench-directory"
		_, err := processClients(t, simulate.NewTransport(box)).Hub().S3.CreateBucket(t.Context(), &s3.CreateBucketInput{
			Bucket: &templates, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"},
		})
		must(t, err)
		must(t, box.SetHubSettings(map[string]any{"template_bucket": templates}))
		service := process(t, box, "setup")
		var group sync.WaitGroup
		limit := make(chan struct{}, 50)
		for n := range size {
			group.Go(func() {
				limit <- struct{}{}
				defer func() { <-limit }()
				must(t, service.CreateProject(t.Context(), projectAt(n)))
			})
		}
		group.Wait()
		calls := &counting{next: simulate.NewTransport(box), calls: map[string]int{}}
		r := relayOver(t, box, calls)
		for _, s := range []*sweeping{&first, &again} {
			calls.take()
			began := time.Now()
			must(t, r.Compare(t.Context()))
			s.took, s.calls = time.Since(began), calls.take()
		}
	})
	return first, again
}

// relayOver returns a relay that makes its calls over a transport.
func relayOver(t *testing.T, box *sandbox.Sandbox, transport http.RoundTripper) *relay.Relay {
	t.Helper()
	r, err := relay.New(t.Context(), relay.Config{
		Clients: processClients(t, transport), Hub: sandbox.HubName, RoleName: relay.DefaultRole, Log: slog.New(slog.DiscardHandler),
		Access: relay.Access{
			Issuer: oidc.URL(issuerAddress), Audiences: []string{"stowage"},
			HTTPClient: &http.Client{Transport: simulate.NewIssuerTransport(box.Issuer(), issuerAddress)},
		},
	})
	must(t, err)
	return r
}

// TestRelayInVirtualTime changes a stack by hand, and measures until each client knows of it.
func TestRelayInVirtualTime(t *testing.T) {
	clients := 20
	if *full {
		clients = 1000
	}
	delays, posts := byHand(t, clients)
	if !*full {
		// The start, the end of the update, which shows after its clean-up, and nothing else.
		if want := 2 * clients; posts != want {
			t.Errorf("%d posts for %d clients, want %d", posts, clients, want)
		}
		return
	}
	at := func(n int) time.Duration { return delays[(len(delays)-1)*n/100].Round(time.Millisecond) }
	table(fmt.Sprintf("A stack changed by hand, and %d web clients, in virtual time.", clients),
		"what\tmeasured",
		fmt.Sprintf("posts\t%d", posts),
		fmt.Sprintf("from the end in CloudFormation to a client, p50\t%s", at(50)),
		fmt.Sprintf("the same, p99\t%s", at(99)))
}

// spectator is a web client that waits for the end of an update.
type spectator struct {
	event.Client
	conn *apigateway.Conn
	told chan time.Time
}

func (s *spectator) listen() {
	told := false
	for {
		text, err := s.conn.Receive(context.Background())
		if err != nil {
			return
		}
		send, _ := s.Receive(text)
		for _, m := range send {
			encoded, _ := json.Marshal(m)
			_ = s.conn.Send(encoded)
		}
		if stack := s.stack(); !told && stack != nil && stack.Revision == editedRevision && stack.Status == "UPDATE_COMPLETE" {
			told = true
			s.told <- time.Now()
		}
	}
}

func (s *spectator) stack() *event.StackView {
	if view := s.View("p0"); view != nil {
		return view.Stacks[0]
	}
	return nil
}

func byHand(t *testing.T, clients int) (delays []time.Duration, posts int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		box := sandbox.New(sandbox.Options{Seed: 1, Latency: sandbox.LatencyAWS()})
		calls := &counting{next: simulate.NewTransport(box), calls: map[string]int{}}
		stage := serve(t, box, calls)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go box.Run(ctx)
		p := projectAt(0)
		must(t, process(t, box, "setup").CreateProject(t.Context(), p))
		token, err := box.Issuer().Token(oidc.URL(issuerAddress), oidc.TokenRequest{ExpiresIn: 24 * 3600})
		must(t, err)
		all := make([]*spectator, clients)
		for n := range all {
			all[n] = &spectator{told: make(chan time.Time, 1)}
			for { // API Gateway accepts a limited number per second
				all[n].conn, err = stage.Connect(t.Context(), apigateway.Handshake{
					SourceIP:     fmt.Sprintf("198.51.%d.%d", n/256, n%256),
					Subprotocols: []string{event.Subprotocol, "stowage.token." + token},
				})
				if err == nil {
					break
				}
				time.Sleep(250 * time.Millisecond)
			}
			hello, _ := json.Marshal(all[n].Hello())
			must(t, all[n].conn.Send(hello))
			go all[n].listen()
		}
		time.Sleep(time.Minute)
		calls.take()
		editByHand(t, box, p)
		ended := endOf(t, box, p)
		for _, s := range all {
			delays = append(delays, (<-s.told).Sub(ended))
		}
		slices.Sort(delays)
		time.Sleep(5 * time.Second)
		posts = calls.take()["PostToConnection"]
		box.WebSockets().Drop(apigateway.All)
		time.Sleep(30 * time.Second)
	})
	return delays, posts
}

// editedRevision is the revision that editByHand sets.
const editedRevision = 77

// editByHand raises a stack's revision as a user could in the console.
func editByHand(t *testing.T, box *sandbox.Sandbox, p model.Project) {
	t.Helper()
	client := stacksOf(box, p.AccountID)
	stack := aws.String("stowage-" + p.Name + "-0")
	_, err := client.UpdateStack(t.Context(), &cloudformation.UpdateStackInput{
		StackName: stack, UsePreviousTemplate: aws.Bool(true),
		Parameters: []cfntypes.Parameter{{
			ParameterKey: aws.String(template.RevisionParameter), ParameterValue: aws.String(strconv.Itoa(editedRevision)),
		}},
		Capabilities: []cfntypes.Capability{cfntypes.CapabilityCapabilityNamedIam},
	})
	must(t, err)
	for {
		out, err := client.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: stack})
		must(t, err)
		if out.Stacks[0].StackStatus == cfntypes.StackStatusUpdateComplete {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}
