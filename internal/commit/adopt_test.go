package commit

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// adoption is that of a bucket that exists.
func adoption(t *testing.T, name string) template.Change {
	t.Helper()
	live, err := template.DecodeLive(fmt.Sprintf(`{"BucketName":"legacy-%s"}`, name), "")
	if err != nil {
		t.Fatal(err)
	}
	return template.Change{Op: template.Adopt, Entity: live.Entity(config().Env, name, ""), Live: live, Incarnation: "one"}
}

// asImports turns the additions of buckets named legacy- into imports, as the service does for
// those that exist.
func asImports(changes []ResourceChange, missing ...string) []ResourceChange {
	for i, change := range changes {
		if name, ok := strings.CutPrefix(change.LogicalID, "Bucket"); ok && change.Action == string(template.Add) &&
			!slices.Contains(missing, name) {
			changes[i].Action, changes[i].PhysicalID = string(template.Import), "legacy-"+name
		}
	}
	return changes
}

// adopting is an engine to which changes were submitted, and its first effect: the change set of
// the first batch.
func adopting(t *testing.T, stack state, changes ...template.Change) (*Engine, CreateChangeSet) {
	t.Helper()
	e := New(config())
	for i, change := range changes {
		e.Submit(began, Member{ID: MemberID(i + 1), Change: change})
	}
	e.Tick(began.Add(Quiet))
	e.Effects()
	e.Observe(began, BaseRead{Before: stack.description, After: stack.description, Template: stack.template})
	return e, changeSetOf(t, e)
}

func changeSetOf(t *testing.T, e *Engine) CreateChangeSet {
	t.Helper()
	for _, effect := range e.Effects() {
		if set, ok := effect.(CreateChangeSet); ok {
			return set
		}
	}
	t.Fatal("no change set")
	return CreateChangeSet{}
}

func TestAdoptions_AreApart(t *testing.T) {
	stack := newState(t, 1, "s1", began, create(bucket("old", "")))
	_, set := adopting(t, stack, adoption(t, "one"), create(bucket("mine", "")), adoption(t, "two"))
	if _, there := set.Template.Resource("Bucketmine"); !there || set.Import {
		t.Error("ordinary changes are not committed first, without imports")
	}
	if _, there := set.Template.Resource("Bucketone"); there {
		t.Error("an adoption is committed with an ordinary change")
	}
	_, set = adopting(t, stack, adoption(t, "one"), adoption(t, "two"))
	if _, there := set.Template.Resource("Buckettwo"); !there || !set.Import {
		t.Error("adoptions are not committed together, as imports")
	}
}

func TestAdoptions_NotImported(t *testing.T) {
	stack := newState(t, 1, "s1", began, create(bucket("old", "")))
	e, set := adopting(t, stack, adoption(t, "one"), adoption(t, "two"))
	e.Observe(began, ChangeSetMade{ARN: "arn", StackID: stackID, Changes: asImports(stack.computed(set.Template), "one")})
	e.Effects()
	e.Observe(began, ChangeSetDeleted{})
	var failed []Done
	for _, effect := range e.Effects() {
		if done, ok := effect.(Done); ok {
			failed = append(failed, done)
		}
	}
	if len(failed) != 1 || failed[0].Member != 1 ||
		!strings.Contains(failed[0].Err.Error(), `"legacy-one", which it would create`) {
		t.Errorf("outcomes: %+v", failed)
	}
}

func TestVerify_Imports(t *testing.T) {
	stack := newState(t, 1, "s1", began, create(bucket("old", "")))
	e, set := adopting(t, stack, adoption(t, "one"))
	changes := asImports(stack.computed(set.Template))
	if unexpected := Verify(stack.template, 1, e.round.attempt.intents, changes); len(unexpected) > 0 {
		t.Errorf("an import as intended: %v", unexpected)
	}
	for i := range changes {
		if changes[i].Action == string(template.Import) {
			changes[i].PhysicalID = "another"
		}
	}
	if unexpected := Verify(stack.template, 1, e.round.attempt.intents, changes); len(unexpected) != 1 ||
		!strings.Contains(unexpected[0], `would import "another"`) {
		t.Errorf("an import of another bucket: %v", unexpected)
	}
	ordinary := []template.Intent{{LogicalID: "Bucketone", Action: template.Add}}
	if unexpected := Verify(stack.template, 1, ordinary, changes); len(unexpected) == 0 {
		t.Error("an import that is not intended passes")
	}
}
