package template

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// TestCompilations creates a bucket as a process does: it finds a stack with room, edits its
// template, and reads what it has committed. That takes two compilations of the bucket.
func TestCompilations(t *testing.T) {
	base := edit(
		t, seed(),
		Change{Op: Create, Entity: model.Project{Name: "acme", AccountID: "111122223333", Region: "eu-west-1"}},
	)
	full := Contents{Usage: Budget()}
	room := parse(t, base)
	compiled := map[model.ID]int{}
	before := onCompile
	onCompile = func(e model.Entity) { compiled[e.ID()]++ }
	defer func() { onCompile = before }()

	inbox := small("inbox")
	change := Change{Op: Create, Entity: inbox, Origin: "ws", Incarnation: "one"}
	demand := NewDemand(testEnv(), change)
	for range 3 {
		if demand.Fits(&full) {
			t.Fatal("a full stack has room")
		}
	}
	if !demand.Fits(room) || demand.Check() != nil {
		t.Fatal("a stack with nothing in it has no room")
	}
	edited, err := Edit(base, testEnv(), []Change{change})
	if err != nil || edited.Errors[0] != nil {
		t.Fatal(err, edited.Errors)
	}
	stamped, err := Stamp(edited.Template, "token", 2)
	if err != nil {
		t.Fatal(err)
	}
	contents, err := Parse(stamped, testEnv())
	if err != nil || len(contents.Buckets) != 1 || len(contents.Drift) > 0 {
		t.Fatalf("%v, buckets %v, drift %v", err, contents.Buckets, contents.Drift)
	}
	if n := compiled[inbox.ID()]; n != 2 {
		t.Errorf("the bucket is compiled %d times, want twice", n)
	}
}

// TestDemand_Check checks an entity that is too large for any stack.
func TestDemand_Check(t *testing.T) {
	env := testEnv()
	env.Budget = Usage{Resources: 450, TemplateBytes: 4000, BodyBytes: 350_000, DynamicReferences: 50}
	large := small("large")
	large.Tags = map[string]string{}
	for i := range 40 {
		large.Tags[fmt.Sprint("tag", i)] = strings.Repeat("v", 60)
	}
	var full *FullError
	if err := NewDemand(env, Change{Op: Create, Entity: large}).Check(); !errors.As(err, &full) || full.Stack {
		t.Errorf("a bucket of many tags: %v", err)
	}
	if err := NewDemand(env, Change{Op: Create, Entity: small("small")}).Check(); err != nil {
		t.Errorf("a small bucket: %v", err)
	}
}
