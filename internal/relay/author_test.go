package relay_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/events"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

// TestAuthor_FirstCreation creates the directory and a project while the relay hears of every stack
// before or after the provider writes the mirror. All commits are those of the provider's run, and
// the project's creation is attributed while it is running.
func TestAuthor_FirstCreation(t *testing.T) {
	for name, c := range map[string]struct {
		relayFirst bool
		lost       string // the status of the events that are lost
	}{
		"relay first, before the announcement": {relayFirst: true},
		"relay first, after the announcement":  {relayFirst: true, lost: "REVIEW_IN_PROGRESS"},
		"provider first":                       {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, true)
				r, calls := w.relay()
				deliver := make(chan struct{})
				if c.relayFirst {
					close(deliver)
				}
				const arn = "arn:aws:lambda:" + region + ":" + sandbox.HubAccount + ":function:relay"
				w.box.RegisterFunction(arn, func(ctx context.Context, event []byte) ([]byte, error) {
					<-deliver
					if c.lost != "" && strings.Contains(string(event), c.lost) {
						return nil, nil
					}
					return r.Handle(ctx, event)
				})
				must(t, w.box.AddRule(events.Rule{Name: "changes", Stacks: "stowage-*", Target: arn}))
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				go w.box.Run(ctx)
				clients := w.clients(sandbox.HubAccount, simulate.NewTransport(w.box))
				provider := projects.New(projects.Config{
					Clients: clients, Hub: sandbox.HubName, RoleName: "StowageProvisioner", ReadMode: projects.Verified,
					Writer: "provider", Run: "run-7",
				})
				must(t, provider.CreateProject(ctx, project("acme")))
				must(t, provider.Create(ctx, "acme", model.User{Name: "partner"}))
				if !c.relayFirst {
					close(deliver)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if wrote := calls.take()["TransactWriteItems"] > 0; wrote != c.relayFirst {
					t.Errorf("the relay wrote the mirror: %v", wrote)
				}
				for _, project := range []string{mirror.Directory, "acme"} {
					stored, err := w.table().Events(ctx, project, 0)
					must(t, err)
					commits := event.Commits(stored)
					if len(commits) == 0 || c.relayFirst != (commits[0].Status == "CREATE_COMPLETE") {
						t.Errorf("%s has the commits %+v", project, commits)
					}
					for _, commit := range commits {
						if commit.Who != clients.Caller() || commit.Run != "run-7" {
							t.Errorf("%s: %s of %s is by %q in %q", project, commit.Status, commit.StackName, commit.Who, commit.Run)
						}
					}
				}
			})
		})
	}
}
