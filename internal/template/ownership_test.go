package template

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// owned returns an entity of each kind with an incarnation, and a changed version of it, in order
// of creation.
func owned() []struct{ entity, changed model.Entity } {
	project := home()
	project.SFTP = true
	bucket := model.Bucket{Name: "inbox", BucketName: "acme-inbox", OnDelete: model.Refuse}
	user := partner()
	permission := model.Permission{User: user.Name, Bucket: bucket.Name, Access: model.Read}
	otherProject, otherBucket, otherUser, otherPermission := project, bucket, user, permission
	otherProject.OnDelete, otherBucket.OnDelete, otherPermission.Access = model.Retain, model.Retain, model.Write
	otherUser.SourceIPs = []string{"203.0.113.0/24"}
	return []struct{ entity, changed model.Entity }{
		{project, otherProject}, {bucket, otherBucket}, {user, otherUser}, {permission, otherPermission},
	}
}

// held returns a template with all of owned, created with an origin and an incarnation; "" for
// none.
func held(t *testing.T, origin, incarnation string) *Template {
	t.Helper()
	tpl := seed()
	for _, o := range owned() {
		tpl = edit(t, tpl, Change{Op: Create, Entity: o.entity, Origin: origin, Incarnation: incarnation})
	}
	return tpl
}

// tried returns the outcome of changes made in one batch.
func tried(t *testing.T, base *Template, changes ...Change) *Edited {
	t.Helper()
	edited, err := Edit(base, testEnv(), changes)
	if err != nil {
		t.Fatal(err)
	}
	return edited
}

// refusedAs checks that a single change is refused with an error of type E and changes nothing.
func refusedAs[E error](t *testing.T, base *Template, change Change) E {
	t.Helper()
	var want E
	edited := tried(t, base, change)
	if !errors.As(edited.Errors[0], &want) {
		t.Errorf("%s %s: %v, want a %T", change.Op, change.Entity.ID(), edited.Errors[0], want)
	}
	if !edited.Template.Equal(base) {
		t.Errorf("%s %s changed the template", change.Op, change.Entity.ID())
	}
	return want
}

func TestOwnership_CreateWritesTheIncarnationOnce(t *testing.T) {
	tpl := held(t, "ws", "one")
	contents := parse(t, tpl)
	for _, o := range owned() {
		if got := contents.IncarnationOf(o.entity.ID()); got != "one" {
			t.Errorf("the incarnation of %s is %q", o.entity.ID(), got)
		}
	}
	if n := bytes.Count(tpl.Encode(), []byte(`"incarnation":"one"`)); n != len(owned()) {
		t.Errorf("%d incarnations in the template, want one for each of %d entities", n, len(owned()))
	}
	if len(contents.Drift) > 0 {
		t.Errorf("incarnations are drift: %v", contents.Drift)
	}
	if bytes.Contains(held(t, "ws", "").Encode(), []byte("incarnation")) {
		t.Error("entities without an incarnation are spelled with one")
	}
}

func TestOwnership_OnlyTheHolderChanges(t *testing.T) {
	for _, c := range []struct{ present, held string }{{"one", "two"}, {"one", ""}, {"", "two"}} {
		tpl := held(t, "ws", c.present)
		for _, o := range owned() {
			id := o.entity.ID()
			for _, change := range []Change{{Op: Update, Entity: o.changed}, {Op: Delete, Entity: o.entity}} {
				change.Incarnation = c.held
				err := refusedAs[*model.ConflictError](t, tpl, change)
				if diff := cmp.Diff(
					&model.ConflictError{Kind: model.ConflictOwner, ID: id, Held: c.held, Present: c.present, Origin: "ws"},
					err,
				); diff != "" {
					t.Error(diff)
				}
			}
			after := edit(t, tpl, Change{Op: Update, Entity: o.changed, Incarnation: c.present})
			if got := parse(t, after).IncarnationOf(id); got != c.present {
				t.Errorf("an update made the incarnation of %s %q", id, got)
			}
			edit(t, tpl, Change{Op: Update, Entity: o.changed, AnyIncarnation: true})
		}
		left := tpl
		for _, o := range owned() {
			id := o.entity.ID()
			change := Change{Op: Delete, Entity: o.entity, Incarnation: c.present}
			if id.Kind != model.KindPermission { // the permission needs the others, or holds the incarnation
				left = edit(t, tpl, Change{Op: Delete, Entity: owned()[3].entity, AnyIncarnation: true})
			}
			if id.Kind == model.KindProject {
				continue
			}
			if _, there := parse(t, edit(t, left, change)).Of(id); there {
				t.Errorf("the holder can't delete %s", id)
			}
		}
	}
}

// A takeover writes the incarnation and nothing else: edits by hand stay, and the previous holder
// can change nothing.
func TestOwnership_Takeover(t *testing.T) {
	for _, before := range []string{"one", ""} {
		tpl := held(t, "ws", before)
		for _, o := range owned() {
			id := o.entity.ID()
			edited := tried(t, tpl, Change{Op: Create, Entity: o.entity, Origin: "ws", Incarnation: "two"})
			if err := edited.Errors[0]; err != nil {
				t.Fatalf("%s is not taken over: %v", id, err)
			}
			contents := parse(t, edited.Template)
			if got := contents.IncarnationOf(id); got != "two" {
				t.Errorf("the incarnation of %s is %q", id, got)
			}
			if len(edited.Intents) != 1 || edited.Intents[0].Action != Modify || len(edited.Intents[0].Members) != 1 {
				t.Errorf("taking %s over does %+v", id, edited.Intents)
			}
			_ = refusedAs[*model.ConflictError](t, edited.Template, Change{Op: Update, Entity: o.changed, Incarnation: before})
			_ = refusedAs[*model.ConflictError](t, edited.Template, Change{Op: Delete, Entity: o.entity, Incarnation: before})
			if again := edit(
				t, edited.Template, Change{Op: Create, Entity: o.entity, Origin: "ws", Incarnation: "two"},
			); !again.Equal(edited.Template) {
				t.Errorf("creating the same incarnation of %s again changes the template", id)
			}
		}
	}
}

func TestOwnership_TakeoverKeepsHandEdits(t *testing.T) {
	tpl := held(t, "ws", "one")
	for from, to := range map[string]string{
		`"VersioningConfiguration":{"Status":"Enabled"}`: `"VersioningConfiguration":{"Status":"Suspended"}`,
		`"ManagedPolicyName":"acme-partner-1"`:           `"ManagedPolicyName":"by-hand"`,
	} {
		tpl = replaced(t, tpl, from, to)
	}
	want := parse(t, tpl).Drift
	if len(want) < 2 {
		t.Fatalf("the edits show as %v", want)
	}
	for _, o := range owned() {
		tpl = edit(t, tpl, Change{Op: Create, Entity: o.entity, Origin: "ws", Incarnation: "two"})
	}
	if diff := cmp.Diff(want, parse(t, tpl).Drift); diff != "" {
		t.Errorf("taking over changed what was edited by hand: %s", diff)
	}
}

func TestOwnership_NoTakeover(t *testing.T) {
	for _, o := range owned() {
		for name, c := range map[string]struct {
			origin string
			change Change
		}{
			"without an origin": {"", Change{Entity: o.entity}},
			"another origin":    {"ws", Change{Entity: o.entity, Origin: "other"}},
			"other settings":    {"ws", Change{Entity: o.changed, Origin: "ws"}},
		} {
			c.change.Op, c.change.Incarnation = Create, "two"
			if err := refusedAs[*model.ConflictError](t, held(t, c.origin, "one"), c.change); err != nil &&
				err.Origin != c.origin {
				t.Errorf("%s: %s is said to be of the origin %q", name, o.entity.ID(), err.Origin)
			}
		}
	}
}

// Two resources of one name are an error even if they are equal.
func TestOwnership_TwinsInOneBatch(t *testing.T) {
	bucket := owned()[1].entity
	twins := []Change{
		{
			Op:          Create,
			Entity:      bucket,
			Origin:      "ws",
			Incarnation: "two",
		},
		{Op: Create, Entity: bucket, Origin: "ws", Incarnation: "three"},
	}
	for name, base := range map[string]*Template{"created": seed(), "taken over": held(t, "ws", "one")} {
		edited := tried(t, base, twins...)
		if edited.Errors[0] != nil || !model.IsConflict(edited.Errors[1], model.ConflictDuplicate) {
			t.Errorf("%s: %v", name, edited.Errors)
		}
		if got := parse(t, edited.Template).IncarnationOf(bucket.ID()); got != "two" {
			t.Errorf("%s: the incarnation is %q", name, got)
		}
	}
}

// Deleted and created in one commit, an entity's resources would not be replaced.
func TestOwnership_DeletionsAreCommittedFirst(t *testing.T) {
	tpl := held(t, "ws", "one")
	for _, o := range owned() {
		id := o.entity.ID()
		if id.Kind == model.KindProject {
			continue
		}
		base := tpl
		if id.Kind != model.KindPermission {
			base = edit(t, tpl, Change{Op: Delete, Entity: owned()[3].entity, Incarnation: "one"})
		}
		removal := Change{Op: Delete, Entity: o.entity, Incarnation: "one"}
		creation := Change{Op: Create, Entity: o.entity, Origin: "ws", Incarnation: "two"}
		for _, batch := range [][]Change{{removal, creation}, {creation, removal}} {
			edited := tried(t, base, batch...)
			for i, c := range batch {
				if c.Op == Create && !model.IsConflict(edited.Errors[i], model.ConflictAwaitsDeletion) ||
					c.Op == Delete && edited.Errors[i] != nil {
					t.Errorf("%s %s: %v", c.Op, id, edited.Errors[i])
				}
			}
			if _, there := parse(t, edited.Template).Of(id); there {
				t.Errorf("%s is not deleted", id)
			}
			again := edit(t, edited.Template, creation)
			if got := parse(t, again).IncarnationOf(id); got != "two" {
				t.Errorf("after its deletion %s is created as %q", id, got)
			}
		}
		// A refused deletion delays nothing.
		removal.Incarnation = "other"
		if edited := tried(t, base, removal, creation); edited.Errors[0] == nil || edited.Errors[1] != nil {
			t.Errorf("%s with a refused deletion: %v", id, edited.Errors)
		}
	}
}

// In any sequence of changes, no caller deletes or changes what another one holds.
func TestOwnership_AnySequence(t *testing.T) {
	bucket := func(version int) model.Bucket {
		return model.Bucket{
			Name: "inbox", BucketName: "acme-inbox", OnDelete: model.Refuse,
			Tags: map[string]string{"v": fmt.Sprint(version)},
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		tpl, next := seed(), 0
		holders := []string{""} // the current and former incarnations of callers
		var owner, version *string
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			entity := bucket(rapid.IntRange(1, 2).Draw(t, "version"))
			c := Change{
				Op:          rapid.SampledFrom([]Op{Create, Update, Delete}).Draw(t, "op"),
				Entity:      entity,
				Origin:      rapid.SampledFrom([]string{"", "ws"}).Draw(t, "origin"),
				Incarnation: rapid.SampledFrom(holders).Draw(t, "holder"),
			}
			if c.Op == Create {
				next++
				c.Incarnation = fmt.Sprint("i", next)
			}
			edited, err := Edit(tpl, testEnv(), []Change{c})
			if err != nil {
				t.Fatal(err)
			}
			tpl = edited.Template
			refused := edited.Errors[0]
			switch held := owner != nil && *owner == c.Incarnation; {
			case c.Op == Create && refused == nil:
				if owner != nil && *version != entity.Tags["v"] {
					t.Fatalf("%+v took over other settings", c)
				}
				owner, version = &c.Incarnation, ptr(entity.Tags["v"])
				holders = append(holders, c.Incarnation)
			case c.Op == Create && owner == nil,
				c.Op == Update && (refused == nil) != held,
				c.Op == Delete && (refused == nil) != (held || owner == nil):
				t.Fatalf("%+v: %v, with the owner %v", c, refused, owner)
			case c.Op == Update && held:
				version = ptr(entity.Tags["v"])
			case c.Op == Delete && held:
				owner, version = nil, nil
			}
			contents := parse(t, tpl)
			have, there := contents.Of(entity.ID())
			if there != (owner != nil) {
				t.Fatalf("after %+v the bucket is there: %v", c, there)
			}
			if there && (contents.IncarnationOf(entity.ID()) != *owner || have.(model.Bucket).Tags["v"] != *version) {
				t.Fatalf("after %+v: %v of %s", c, have, contents.IncarnationOf(entity.ID()))
			}
		}
	})
}

func ptr(s string) *string { return &s }
