package commit

import (
	"errors"
	"fmt"
	"math/bits"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// batchOf returns members with the IDs.
func batchOf(ids ...MemberID) []member {
	var batch []member
	for _, id := range ids {
		batch = append(batch, member{Member: Member{ID: id}})
	}
	return batch
}

func idsOf[M any](members []M, id func(M) MemberID) (ids []MemberID) {
	for _, m := range members {
		ids = append(ids, id(m))
	}
	slices.Sort(ids)
	return ids
}

// TestAttribution drives the state machine alone, commit by commit: what is committed again, who is
// a culprit, who is held back.
func TestAttribution(t *testing.T) {
	type step struct {
		causes    []cause    // of a failed commit of the batch; nil for one that succeeded
		batch     []MemberID // afterwards
		culprits  []MemberID
		held      []MemberID
		everybody bool
	}
	shared := func(ids ...MemberID) []cause { return []cause{{reason: "shared", owners: ids}} }
	named := func(id MemberID) []cause { return []cause{{reason: "named", owners: []MemberID{id}}} }
	unnamed := func(ids ...MemberID) []cause { return []cause{{reason: "unnamed", owners: ids, unnamed: true}} }
	for name, c := range map[string]struct {
		batch []MemberID
		steps []step
	}{
		"one owner": {[]MemberID{1, 2, 3}, []step{
			{causes: named(2), batch: []MemberID{1, 3}, culprits: []MemberID{2}},
			{},
		}},
		"the culprit is held back": {[]MemberID{1, 2, 3, 4, 5}, []step{
			{causes: shared(1, 2, 3, 4), batch: []MemberID{1, 2, 5}, held: []MemberID{3, 4}},
			{batch: []MemberID{3}, held: []MemberID{4}},
			{culprits: []MemberID{4}},
		}},
		"the culprit takes part": {[]MemberID{1, 2, 3, 4}, []step{
			{causes: shared(1, 2, 3, 4), batch: []MemberID{1, 2}, held: []MemberID{3, 4}},
			{causes: shared(1, 2), batch: []MemberID{1}, held: []MemberID{2, 3, 4}},
			{culprits: []MemberID{2}, held: []MemberID{3, 4}},
		}},
		"a culprit of another resource during the search": {[]MemberID{1, 2, 3}, []step{
			{causes: shared(1, 2), batch: []MemberID{1, 3}, held: []MemberID{2}},
			{causes: named(3), batch: []MemberID{1}, culprits: []MemberID{3}, held: []MemberID{2}},
			{culprits: []MemberID{2}},
		}},
		"a resource without an owner": {[]MemberID{1, 2}, []step{
			{causes: []cause{{reason: "foreign"}}, batch: []MemberID{1, 2}, everybody: true},
		}},
		"an owner left before the failure": {[]MemberID{1}, []step{
			{causes: []cause{{reason: "late", owners: []MemberID{1}, left: true}}, batch: []MemberID{1}},
		}},
		"unnamed failures in a row": {[]MemberID{1, 2, 3, 4}, []step{
			{causes: unnamed(1), batch: []MemberID{2, 3, 4}, culprits: []MemberID{1}},
			{causes: unnamed(2), batch: []MemberID{3, 4}, culprits: []MemberID{2}},
			{causes: unnamed(3), batch: []MemberID{3, 4}, everybody: true},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			a, batch := attribution{stack: stackName}, batchOf(c.batch...)
			for n, want := range c.steps {
				var have step
				var culprits []outcome
				if want.causes == nil {
					batch, culprits = a.succeeded(idsOf(batch, func(m member) MemberID { return m.ID }))
				} else {
					batch, culprits, have.everybody = a.failed(batch, failure{causes: want.causes})
				}
				have.causes = want.causes
				have.batch = idsOf(batch, func(m member) MemberID { return m.ID })
				have.culprits = idsOf(culprits, func(o outcome) MemberID { return o.ID })
				have.held = idsOf(slices.Concat(a.held()...), func(m member) MemberID { return m.ID })
				if !reflect.DeepEqual(have, want) {
					t.Fatalf("after commit %d: %+v, want %+v", n+1, have, want)
				}
				for _, o := range culprits {
					var failed *CommitError
					if !errors.As(o.err, &failed) || failed.Stack != stackName || len(failed.Reasons) == 0 {
						t.Errorf("member %d fails with %v", o.ID, o.err)
					}
				}
			}
		})
	}
}

// TestAttribution_MemberLeft: a member that took part and left before the commit proves nothing, so
// all who are held back follow.
func TestAttribution_MemberLeft(t *testing.T) {
	a := attribution{stack: stackName}
	batch, _, _ := a.failed(
		batchOf(1, 2, 3, 4), failure{causes: []cause{{reason: "shared", owners: []MemberID{1, 2, 3, 4}}}},
	)
	if len(batch) != 2 {
		t.Fatalf("%d members in the batch, want 2", len(batch))
	}
	next, culprits := a.succeeded([]MemberID{1})
	if len(next) != 2 || len(culprits) != 0 || len(slices.Concat(a.held()...)) != 0 {
		t.Errorf("%d members follow and %d fail, want 2 and 0", len(next), len(culprits))
	}
}

// service is CloudFormation for one engine alone: a commit with a bad member fails, and its events
// name the resource.
type service struct {
	t       *testing.T
	engine  *Engine
	now     time.Time
	state   state
	bad     func(t *template.Template) (logicalID string) // what fails of a new template; "" for nothing
	set     CreateChangeSet
	commits int
	done    map[MemberID]error
}

func newService(t *testing.T, s state, bad func(*template.Template) string) *service {
	return &service{t: t, engine: New(config()), now: began, state: s, bad: bad, done: map[MemberID]error{}}
}

// run performs effects and lets time pass until the engine is idle.
func (s *service) run() {
	s.t.Helper()
	for range 10000 {
		if effects := s.engine.Effects(); len(effects) > 0 {
			for _, effect := range effects {
				s.perform(effect)
			}
			continue
		}
		at, ok := s.engine.NextTick()
		if !ok {
			return
		}
		s.now = at
		s.engine.Tick(s.now)
	}
	s.t.Fatal("the engine doesn't come to rest")
}

func (s *service) perform(effect Effect) {
	switch e := effect.(type) {
	case Read:
		s.engine.Observe(s.now, BaseRead{Before: s.state.description, After: s.state.description, Template: s.state.template})
	case CreateChangeSet:
		s.set = e
		s.engine.Observe(s.now, ChangeSetMade{ARN: e.Token, StackID: stackID, Changes: s.state.computed(e.Template)})
	case Execute:
		s.commits++
		s.engine.Observe(s.now, Executed{})
	case Follow:
		s.engine.Observe(s.now, s.finish(e))
	case Done:
		s.done[e.Member] = e.Err
	case Announce, Committed:
	default:
		s.t.Fatalf("unexpected %T", effect)
	}
}

func (s *service) finish(e Follow) Finished {
	s.now = s.now.Add(10 * time.Second)
	s.state.description.ChangeSetID, s.state.description.LastUpdated = e.ARN, s.now
	if bad := s.bad(s.set.Template); bad != "" {
		s.state.description.Status = "UPDATE_ROLLBACK_COMPLETE"
		return Finished{Description: s.state.description, Events: []Event{
			{LogicalID: bad, Type: "AWS::S3::Bucket", Status: "CREATE_FAILED", Reason: "it is bad"},
			{LogicalID: stackName, Type: cfn.StackType, Status: "UPDATE_ROLLBACK_IN_PROGRESS"},
			{LogicalID: stackName, Type: cfn.StackType, Status: "UPDATE_ROLLBACK_COMPLETE"},
		}}
	}
	s.state.template, s.state.description.Status = s.set.Template, "UPDATE_COMPLETE"
	s.state = s.state.withRevision(s.set.Revision)
	return Finished{Description: s.state.description}
}

// outcomes checks that the bad members, and no others, have their error.
func (s *service) outcomes(members int, bad ...int) {
	s.t.Helper()
	if len(s.done) != members {
		s.t.Errorf("%d of %d members have an outcome", len(s.done), members)
	}
	for id, err := range s.done {
		var failed *CommitError
		isBad := slices.Contains(bad, int(id))
		if isBad && (!errors.As(err, &failed) || !strings.Contains(err.Error(), "it is bad")) || !isBad && err != nil {
			s.t.Errorf("member %d: %v", id, err)
		}
	}
}

// TestAttribution_NamedMembers: where AWS names a resource of one member, a batch takes 1 +
// number of bad members commits.
func TestAttribution_NamedMembers(t *testing.T) {
	for _, bad := range [][]int{nil, {0}, {9}, {2, 5}, {1, 3, 4, 8}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}} {
		t.Run(fmt.Sprint(bad), func(t *testing.T) {
			s := newService(t, newState(t, 1, "set", began), func(next *template.Template) string {
				for _, i := range bad {
					if _, there := next.Resource(fmt.Sprintf("Bucketb%d", i)); there {
						return fmt.Sprintf("Bucketb%d", i)
					}
				}
				return ""
			})
			for i := range 10 {
				s.engine.Submit(
					s.now,
					Member{ID: MemberID(i), Change: template.Change{Op: template.Create, Entity: bucket(fmt.Sprintf("b%d", i), "")}},
				)
			}
			s.run()
			s.outcomes(10, bad...)
			want := 1 + len(bad)
			if len(bad) == 10 {
				want = 10 // no member is left for the last one
			}
			if s.commits != want {
				t.Errorf("%d commits, want %d", s.commits, want)
			}
		})
	}
}

// TestAttribution_SharedResources: one bad permission among n in one policy, with two buckets
// beside them, takes at most 2 + log2(n) commits, wherever it is.
func TestAttribution_SharedResources(t *testing.T) {
	for n := 2; n <= 9; n++ {
		for bad := range n {
			s := newBisection(t, n, bad)
			s.run()
			s.outcomes(n+2, bad)
			if most := 2 + bits.Len(uint(n-1)); s.commits > most {
				t.Errorf("permission %d of %d: %d commits, want at most %d", bad, n, s.commits, most)
			}
		}
	}
}

// TestAttribution_SeveralMembersOfOneResource: each of them costs a search of its own at most.
func TestAttribution_SeveralMembersOfOneResource(t *testing.T) {
	for _, bad := range [][]int{{0, 1}, {0, 7}, {3, 4}, {1, 2, 6}, {0, 1, 2, 3, 4, 5, 6, 7}} {
		s := newBisection(t, 8, bad...)
		s.run()
		s.outcomes(10, bad...)
		if most := 1 + len(bad)*(1+3); s.commits > most {
			t.Errorf("permissions %v of 8: %d commits, want at most %d", bad, s.commits, most)
		}
	}
}

func newBisection(t *testing.T, n int, bad ...int) *service {
	there := []template.Change{{Op: template.Create, Entity: user("u", "")}}
	for i := range n {
		there = append(there, template.Change{Op: template.Create, Entity: bucket(fmt.Sprintf("b%d", i), "")})
	}
	s := newService(t, newState(t, 1, "set", began, there...), func(next *template.Template) string {
		contents, err := template.Parse(next, env)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(contents.Permissions, func(p model.Permission) bool {
			return slices.ContainsFunc(bad, func(i int) bool { return p.Bucket == fmt.Sprintf("b%d", i) })
		}) {
			return "PolicyuN1"
		}
		return ""
	})
	for i := range n {
		s.engine.Submit(s.now, Member{ID: MemberID(i), Change: template.Change{Op: template.Create, Entity: model.Permission{
			User: "u", Bucket: fmt.Sprintf("b%d", i), Access: model.Read,
		}}})
	}
	for i := range 2 {
		s.engine.Submit(
			s.now,
			Member{
				ID:     MemberID(n + i),
				Change: template.Change{Op: template.Create, Entity: bucket(fmt.Sprintf("other%d", i), "")},
			},
		)
	}
	return s
}
