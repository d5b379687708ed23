package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

// full is set by make bench.
var full = flag.Bool("full", false, "measure all sizes and print a table")

// betweenEntities is the maximum time between two entities of one of Terraform's slots: the work of
// the CLI and of the plugin protocol.
const betweenEntities = 50 * time.Millisecond

type virtual struct {
	commits int
	calls   int
	took    time.Duration // of virtual time
	cpu     time.Duration // real time: what remains without waiting for AWS
}

// TestAppliesInVirtualTime counts the commits of applies, and their time with AWS. It runs
// projects.Service in the process, on the sandbox with AWS's latencies, under a clock that skips
// waits. A slot takes its next entity as Terraform's walk does; parallelism 1 is one commit per
// entity.
func TestAppliesInVirtualTime(t *testing.T) {
	if !*full {
		for parallelism, want := range map[int]int{1: 10, 10: 2, 100: 2} { // 2: buckets and users, then permissions
			if got := apply(t, 10, parallelism).commits; got != want {
				t.Errorf("10 entities at parallelism %d take %d commits, want %d", parallelism, got, want)
			}
		}
		return
	}
	rows := []string{"entities\t-parallelism\tcommits\ttime\tAWS calls\tCPU and simulation"}
	for _, size := range []int{10, 100, 300, 1000} {
		for _, parallelism := range []int{1, 10, 100} {
			row := fmt.Sprintf("%d\t%d", size, parallelism)
			if parallelism == 1 {
				row = fmt.Sprintf("%d\tone by one", size)
			}
			v := apply(t, size, parallelism)
			rows = append(
				rows,
				fmt.Sprintf("%s\t%d\t%s\t%d\t%s", row, v.commits, v.took.Round(time.Second), v.calls, seconds(v.cpu)),
			)
			progress("applied %d entities at parallelism %d in virtual time", size, parallelism)
		}
	}
	table(
		"Applies in virtual time, into a project that is there: a fifth buckets, a fifth users, the rest permissions.",
		rows...)
}

func apply(t *testing.T, size, parallelism int) (v virtual) {
	began := time.Now()
	synctest.Test(t, func(t *testing.T) {
		box := sandbox.New(sandbox.Options{Seed: 1, Latency: sandbox.LatencyAWS()})
		walk := walk{random: rand.New(rand.NewPCG(uint64(size), uint64(parallelism)))}
		setUp, service := process(t, box, "setup"), process(t, box, "bench")
		p := model.Project{Name: "acme", AccountID: "000000300000", Region: "eu-west-1", OnDelete: model.Refuse}
		if err := setUp.CreateProject(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		walk.add(p, size, service)
		v = cost(t, box, func() error { return errors.Join(walk.run(t.Context(), parallelism)...) })
	})
	v.cpu = time.Since(began)
	return v
}

// walk creates a graph of entities as Terraform does: up to -parallelism entities at once whose
// parents exist, in no particular order.
type walk struct {
	random *rand.Rand
	ready  []*node
	all    int
}

type node struct {
	create   func(context.Context) error
	parents  int // number of parents that do not exist yet
	children []*node
}

// add adds a mix of entities of a project: a fifth of them are buckets, a fifth users, the rest
// permissions.
func (w *walk) add(p model.Project, size int, s *projects.Service) {
	fifth := size / 5
	entity := func(e model.Entity, parents ...*node) *node {
		n := &node{create: func(ctx context.Context) error { return s.Create(ctx, p.Name, e) }, parents: len(parents)}
		for _, parent := range parents {
			parent.children = append(parent.children, n)
		}
		if len(parents) == 0 {
			w.ready = append(w.ready, n)
		}
		w.all++
		return n
	}
	var buckets, users []*node
	bucketName, userName := func(n int) string { return fmt.Sprintf("bucket%d", n) }, func(n int) string { return fmt.Sprintf("user%d", n) }
	for n := range fifth {
		buckets = append(buckets, entity(model.Bucket{
			Name: bucketName(n), BucketName: model.DefaultBucketName(p.Name, bucketName(n), p.AccountID, p.Region),
			Lifecycle: model.DefaultLifecycle(), OnDelete: model.Refuse,
		}))
		users = append(users, entity(model.User{Name: userName(n)}))
	}
	for n := range size - 2*fifth {
		user, bucket := n%fifth, (n%fifth+n/fifth)%fifth
		entity(
			model.Permission{
				User: userName(user), Bucket: bucketName(bucket), Prefix: fmt.Sprintf("%d/", n/fifth),
				Access: model.ReadWrite,
			},
			users[user],
			buckets[bucket],
		)
	}
}

func (w *walk) run(ctx context.Context, parallelism int) []error {
	var (
		group  sync.WaitGroup
		mu     sync.Mutex
		errs   []error
		change = sync.NewCond(&mu) // of ready and all
	)
	take := func() (*node, time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		for len(w.ready) == 0 && w.all > 0 {
			change.Wait()
		}
		if w.all == 0 {
			return nil, 0
		}
		i := w.random.IntN(len(w.ready))
		n := w.ready[i]
		w.ready[i] = w.ready[len(w.ready)-1]
		w.ready = w.ready[:len(w.ready)-1]
		return n, time.Duration(w.random.Int64N(int64(betweenEntities)))
	}
	done := func(n *node, err error) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			errs = append(errs, err)
		}
		w.all--
		for _, child := range n.children {
			if child.parents--; child.parents == 0 {
				w.ready = append(w.ready, child)
			}
		}
		change.Broadcast()
	}
	for range parallelism {
		group.Go(func() {
			for n, pause := take(); n != nil; n, pause = take() {
				time.Sleep(pause)
				done(n, n.create(ctx))
			}
		})
	}
	group.Wait()
	return errs
}

func process(t *testing.T, box *sandbox.Sandbox, name string) *projects.Service {
	t.Helper()
	return processOver(t, simulate.NewTransport(box), name)
}

func processOver(t *testing.T, transport http.RoundTripper, name string) *projects.Service {
	t.Helper()
	return projects.New(projects.Config{
		Clients: processClients(t, transport), Hub: sandbox.HubName, RoleName: "StowageProvisioner",
		ReadMode: projects.Verified, Writer: name,
		Warn: func(_ context.Context, message string, fields map[string]any) {
			t.Logf("warning: %s %v", message, fields)
		},
	})
}

// processClients returns clients as the administrator of the hub's account.
func processClients(t *testing.T, transport http.RoundTripper) *awsclient.Clients {
	t.Helper()
	access, secret := sandbox.StaticCredentials(sandbox.HubAccount)
	clients, err := awsclient.New(t.Context(), awsclient.Config{
		Region: "eu-west-1", AccessKey: access, SecretKey: secret, Version: "bench",
		HTTPClient: &http.Client{Transport: transport},
	})
	if err != nil {
		t.Fatal(err)
	}
	return clients
}

func control(t *testing.T, box *sandbox.Sandbox, method string) []byte {
	t.Helper()
	recorder := httptest.NewRecorder()
	box.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), method, "/_sandbox/calls", nil))
	if recorder.Code/100 != 2 {
		t.Fatalf("%s: %d %s", method, recorder.Code, recorder.Body)
	}
	return recorder.Body.Bytes()
}

// TestMain isolates the tests from the machine's own AWS settings.
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
