package projects_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/stowage/terraform-provider-stowage/examples/onboarding"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// TestMirror_ConcurrentWriters lets processes add to one project at once.
// Afterwards everything exists, and the mirror shows exactly what the template holds, whichever
// process wrote it last.
func TestMirror_ConcurrentWriters(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			cryptotest.SetGlobalRandom(t, seed)
			synctest.Test(t, func(t *testing.T) {
				w := &world{
					t:   t,
					box: sandbox.New(sandbox.Options{Seed: seed, Latency: sandbox.LatencyAWS(), Onboarding: onboarding.Account}),
				}
				must(t, w.process().CreateProject(t.Context(), acme()))
				const writers, each = 3, 4
				var group sync.WaitGroup
				for n := range writers {
					s := w.process()
					for i := range each {
						group.Go(func() {
							time.Sleep(time.Duration(n*i) * 7 * time.Second) // one after the other as well as at once
							if err := s.Create(t.Context(), "acme", model.User{Name: fmt.Sprintf("user%d%d", n, i)}); err != nil {
								t.Errorf("writer %d: %v", n, err)
							}
						})
					}
				}
				group.Wait()
				truth := w.read(projects.Authoritative)
				if got := len(truth.Contents.Users); got != writers*each {
					t.Errorf("%d users, want %d", got, writers*each)
				}
				sameView(t, truth, w.read(projects.Cached))
				w.resetCalls()
				sameView(t, truth, w.read(projects.Verified))
				if n := w.calls()["cloudformation.GetTemplate"]; n != 0 {
					t.Errorf("%d templates had to be read: the mirror is behind", n)
				}
			})
		})
	}
}
