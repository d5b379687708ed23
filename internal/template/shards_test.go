package template

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// home is the project of these tests.
func home() model.Project {
	return model.Project{Name: "acme", AccountID: testEnv().AccountID, Region: testEnv().Region, OnDelete: model.Refuse}
}

// refusal returns the error of the last of some changes to a template.
func refusal(t *testing.T, base *Template, changes ...Change) error {
	t.Helper()
	edited, err := Edit(base, testEnv(), changes)
	if err != nil {
		t.Fatal(err)
	}
	return edited.Errors[len(changes)-1]
}

func TestGrow_NeverLowers(t *testing.T) {
	base := edit(t, seed(), Change{Op: Create, Entity: home()})
	grow := func(base *Template, n int) *Template {
		return edit(t, base, Change{Op: Grow, Entity: model.Project{Name: "acme"}, Shards: n})
	}
	for _, step := range []struct{ to, want int }{{2, 2}, {4, 4}, {3, 4}} {
		base = grow(base, step.to)
		if got := parse(t, base); got.Shards != step.want || len(got.Drift) > 0 {
			t.Errorf("after growing to %d: %d stacks, want %d; drift %v", step.to, got.Shards, step.want, got.Drift)
		}
	}
	changed := home()
	changed.Tags = map[string]string{"team": "blue"}
	base = edit(t, base, Change{Op: Update, Entity: changed})
	if got := parse(t, base); got.Shards != 4 {
		t.Errorf("an update of the project makes it %d stacks", got.Shards)
	}
	if err := refusal(t, seed(), Change{Op: Grow, Entity: model.Project{Name: "acme"}, Shards: 2}); !model.IsNotFound(
		err, model.NotFoundEntity,
	) {
		t.Errorf("growing a project that is not there: %v", err)
	}
}

func TestClose_OnlyAsKnown(t *testing.T) {
	base := edit(t, seed(), Change{Op: Create, Entity: home()})
	base = edit(t, base, Change{Op: Grow, Entity: model.Project{Name: "acme"}, Shards: 3})
	closing := home()
	closing.Closing = true
	var grown *model.ConflictError
	if err := refusal(
		t, base, Change{Op: Update, Entity: closing, Shards: 2},
	); !errors.As(err, &grown) || grown.Kind != model.ConflictStackAdded ||
		grown.Stacks != 3 {
		t.Errorf("closing two of three stacks: %v", err)
	}
	closed := edit(t, base, Change{Op: Update, Entity: closing, Shards: 3})
	if err := refusal(t, closed, Change{Op: Grow, Entity: model.Project{Name: "acme"}, Shards: 4}); !model.IsConflict(
		err, model.ConflictClosing,
	) {
		t.Errorf("growing a project that is being deleted: %v", err)
	}
}

func TestClosing_Stack(t *testing.T) {
	project, user := model.Project{Name: "acme"}, model.User{Name: "partner"}
	open := edit(t, seed(), Change{Op: Create, Entity: user})
	var inUse *model.ConflictError
	if err := refusal(
		t, open, Change{Op: Close, Entity: project},
	); !errors.As(err, &inUse) || inUse.Kind != model.ConflictInUse ||
		len(inUse.By) != 1 {
		t.Errorf("closing a stack that holds a user: %v", err)
	}
	closed := edit(t, edit(t, open, Change{Op: Delete, Entity: user}), Change{Op: Close, Entity: project})
	if got := parse(t, closed); !got.Closed || NewDemand(testEnv(), Change{Op: Create, Entity: user}).Fits(got) {
		t.Errorf("the contents of a closed stack: %+v", got)
	}
	for _, change := range []Change{{Op: Create, Entity: user}, {Op: Open, Entity: project}} {
		if err := refusal(t, closed, change); !model.IsConflict(err, model.ConflictClosing) {
			t.Errorf("%s in a closed stack: %v", change.Op, err)
		}
	}
	if err := refusal(t, closed, Change{Op: Close, Entity: project}); err != nil {
		t.Errorf("closing it again: %v", err)
	}
	stamped, err := Stamp(closed, "token", 7)
	if err != nil || !parse(t, stamped).Closed {
		t.Errorf("the next commit opens it: %v", err)
	}
}

// TestPolicies_EntitiesInOtherStacks tests a permission whose user and bucket are in other stacks.
func TestPolicies_EntitiesInOtherStacks(t *testing.T) {
	user := model.User{Name: "partner", SourceIPs: []string{"203.0.113.0/24"}, Tags: map[string]string{"team": "blue"}}
	permission := model.Permission{User: "partner", Bucket: "inbox", Access: model.Read}
	ref := BucketRef{BucketName: "acme-inbox", KeyARN: "arn:aws:kms:eu-west-1:111122223333:key/1"}
	var missing *model.NotFoundError
	if err := refusal(
		t, seed(), Change{Op: Create, Entity: permission, CrossStackRefs: CrossStackRefs{User: &user}},
	); !errors.As(err, &missing) || missing.Kind != model.NotFoundParent ||
		missing.ID != permission.BucketID() {
		t.Errorf("a permission without its bucket: %v", err)
	}
	base := edit(
		t,
		seed(),
		Change{
			Op: Create, Entity: permission,
			CrossStackRefs: CrossStackRefs{User: &user, Bucket: &ref, Policies: map[string][]int{"partner": {10, 9}}},
		},
	)
	got := parse(t, base)
	want := &HeldRefs{Buckets: map[string][]BucketRef{"inbox": {ref}}, Users: []model.User{UserRef(user)}}
	if diff := cmp.Diff(want, got.HeldRefs); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string][]int{"partner": {8}}, got.Policies); diff != "" {
		t.Errorf("it should take the last number that is free: %s", diff)
	}
	if len(got.Drift) > 0 || len(got.Dangling) > 0 {
		t.Errorf("drift %v, dangling %v", got.Drift, got.Dangling)
	}
	ref.KeyARN = "arn:aws:kms:eu-west-1:111122223333:key/2"
	base = edit(t, base, Change{Op: Update, Entity: permission, CrossStackRefs: CrossStackRefs{User: &user, Bucket: &ref}})
	if diff := cmp.Diff([]BucketRef{ref}, parse(t, base).HeldRefs.Buckets["inbox"]); diff != "" {
		t.Error(diff)
	}
}

// TestSecondFormat_Read reads the files named format2: what the first version wrote of a
// project of several stacks. They never change.
func TestSecondFormat_Read(t *testing.T) {
	first, second := firstFormat(t, "format2-0.json"), firstFormat(t, "format2-1.json")
	if c := parse(t, first); c.Project == nil || c.Shards != 2 || len(c.Drift) > 0 {
		t.Errorf("the first stack: %+v", c)
	}
	c := parse(t, second)
	if len(c.Permissions) != 1 || len(c.Users) != 1 || c.HeldRefs == nil || c.HeldRefs.Buckets["inbox"][0].BucketName != "acme-inbox" ||
		len(c.HeldRefs.Users) != 1 ||
		c.HeldRefs.Users[0].SourceIPs[0] != "203.0.113.0/24" ||
		len(c.Drift) > 0 ||
		len(c.Dangling) > 0 {
		t.Errorf("the second stack: %+v", c)
	}
	after := edit(t, second, Change{Op: Create, Entity: model.User{Name: "third"}})
	onlyChanged(t, second, after)
}
