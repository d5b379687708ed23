package provider_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/entity/entitytest"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

// numbered returns services that draw numbered incarnations.
func numbered() entity.Services {
	n := 0
	return entity.Services{NewIncarnation: func() string { n++; return fmt.Sprint("i", n) }}
}

// wantWarnings checks for exactly one warning per summary, and no error.
func wantWarnings(t *testing.T, diagnostics []*entitytest.Diagnostic, summaries ...string) {
	t.Helper()
	entitytest.Must(t, diagnostics)
	got := []string{}
	for _, d := range diagnostics {
		got = append(got, d.Summary)
	}
	if diff := cmp.Diff(append([]string{}, summaries...), got); diff != "" {
		t.Errorf("warnings (-want +got): %s", diff)
	}
}

func there(t *testing.T, p *entitytest.Projects, user string) bool {
	t.Helper()
	view, err := p.Read(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	_, there := view.Contents.Of(model.ID{Kind: model.KindUser, Name: user})
	return there
}

func TestOwnership_EachCreateHasItsIncarnation(t *testing.T) {
	for _, s := range stored {
		tf, _, created := globex(t)
		incarnation, _ := created[s.typ].Get("incarnation").(string)
		if len(incarnation) != 12 {
			t.Errorf("the incarnation of %s is %q", s.typ, incarnation)
		}
		read, diagnostics := tf.Read(created[s.typ])
		wantWarnings(t, diagnostics)
		if read.Get("incarnation") != incarnation {
			t.Errorf("%s is read with the incarnation %v", s.typ, read.Get("incarnation"))
		}
	}
	tf, _ := start(t, numbered())
	first := tf.Created(typ, config(nil))
	plan, diagnostics := tf.Plan(typ, first, config(values{"source_ips": []any{"203.0.113.0/24"}}))
	wantWarnings(t, diagnostics)
	if plan.Planned("incarnation") != "i1" {
		t.Errorf("an update plans the incarnation %v", plan.Planned("incarnation"))
	}
	updated, diagnostics := tf.Apply(plan)
	wantWarnings(t, diagnostics)
	plan, diagnostics = tf.Plan(typ, updated, config(values{"name": "another"}))
	wantWarnings(t, diagnostics)
	if plan.Action != "replace" || plan.Planned("incarnation") != entitytest.Unknown {
		t.Errorf("%s plans the incarnation %v", plan.Action, plan.Planned("incarnation"))
	}
	imported, diagnostics := tf.Import(typ, "acme/partner")
	wantWarnings(t, diagnostics)
	if imported.Get("incarnation") != "i1" {
		t.Errorf("imported with the incarnation %v", imported.Get("incarnation"))
	}
}

// States older than incarnations take over the template's incarnation, if it has one.
func TestOwnership_OldStates(t *testing.T) {
	tf, p := start(t, numbered())
	if err := p.Create(t.Context(), "acme", model.User{Name: "partner"}, projects.As("")); err != nil {
		t.Fatal(err)
	}
	old, diagnostics := tf.Upgrade(typ, 1, []byte(`{"project":"acme","name":"partner","id":"acme/partner"}`))
	wantWarnings(t, diagnostics)
	if old.Get("incarnation") != nil {
		t.Fatalf("the state says %v", old.Get("incarnation"))
	}
	read, diagnostics := tf.Read(old)
	wantWarnings(t, diagnostics)
	if read.Get("incarnation") != "" || tf.Action(read, config(nil)) != "no-op" {
		t.Errorf("read with the incarnation %v, the plan is %s", read.Get("incarnation"), tf.Action(read, config(nil)))
	}
	read = tf.Applied(typ, read, config(values{"source_ips": []any{"203.0.113.0/24"}}))

	// Without a refresh, the state is that of an object which another resource has taken over.
	if err := p.Create(
		t.Context(), "acme", model.User{Name: "partner", SourceIPs: []string{"203.0.113.0/24"}}, projects.As("i9"),
	); err != nil {
		t.Fatal(err)
	}
	for _, object := range []*entitytest.Object{old, read} {
		plan, diagnostics := tf.Plan(typ, object, nil)
		wantWarnings(t, diagnostics)
		_, diagnostics = tf.Apply(plan)
		wantWarnings(t, diagnostics, "Project User Only Removed From State")
		if !there(t, p, "partner") {
			t.Fatal("an old state has deleted what another resource holds")
		}
	}
}

func TestOwnership_AnotherIncarnation(t *testing.T) {
	tf, p := start(t, numbered())
	object := tf.Created(typ, config(nil))
	// takes it over
	if err := p.Create(t.Context(), "acme", model.User{Name: "partner"}, projects.As("theirs")); err != nil {
		t.Fatal(err)
	}
	read, diagnostics := tf.Read(object)
	wantWarnings(t, diagnostics, "Project User Is Managed by Another Resource")
	for _, fact := range []string{`"theirs"`, `"i1"`, `the origin "test"`, `import it again with the id "acme/partner"`} {
		if !strings.Contains(diagnostics[0].Detail, fact) {
			t.Errorf("the warning lacks %s: %s", fact, diagnostics[0].Detail)
		}
	}
	if read.Get("incarnation") != "i1" {
		t.Errorf("the state takes over the incarnation %v", read.Get("incarnation"))
	}
	written := len(p.Written())
	plan, diagnostics := tf.Plan(typ, read, config(values{"source_ips": []any{"203.0.113.0/24"}}))
	wantWarnings(t, diagnostics)
	_, diagnostics = tf.Apply(plan)
	wantError(t, diagnostics, "Unable to Update Project User", "Another resource manages it", "")
	if len(p.Written()) != written {
		t.Error("an update of another incarnation changed something")
	}
	plan, diagnostics = tf.Plan(typ, read, nil)
	wantWarnings(t, diagnostics)
	left, diagnostics := tf.Apply(plan)
	wantWarnings(t, diagnostics, "Project User Only Removed From State")
	if left != nil || !there(t, p, "partner") {
		t.Errorf("after the deletion the state has %v", left)
	}
}

// create_before_destroy creates with the name of the old object, and then deletes the old one.
func TestOwnership_CreateBeforeDestroy(t *testing.T) {
	tf, p := start(t, numbered())
	object := tf.Created(typ, config(nil))
	plan, diagnostics := tf.Plan(typ, nil, config(nil))
	wantWarnings(t, diagnostics, "Project User Will Be Taken Over")
	created, diagnostics := tf.Apply(plan)
	wantWarnings(t, diagnostics)
	destroy, diagnostics := tf.Plan(typ, object, nil)
	wantWarnings(t, diagnostics)
	_, diagnostics = tf.Apply(destroy)
	wantWarnings(t, diagnostics, "Project User Only Removed From State")
	if !there(t, p, "partner") || tf.Action(created, config(nil)) != "no-op" {
		t.Error("the new object has lost its user")
	}

	p.Origin = "another"
	plan, diagnostics = tf.Plan(typ, nil, config(nil))
	wantWarnings(t, diagnostics, "Project User Exists Already")
	if problem := entitytest.Lacks(diagnostics, "", "", ""); problem == "" ||
		!strings.Contains(
			diagnostics[0].Detail, "import {\n    to = stowage_project_user.partner\n    id = \"acme/partner\"",
		) {
		t.Errorf("no import block in %s", diagnostics[0].Detail)
	}
	_, diagnostics = tf.Apply(plan)
	wantError(t, diagnostics, "Unable to Create Project User", `id = "acme/partner"`, "name")
}

// A plan announces what the apply will meet, unless that is undecided or the existing object is
// deleted first.
func TestOwnership_WhatACreateMeets(t *testing.T) {
	tf, p := start(t, numbered())
	if err := p.Create(t.Context(), "acme", model.User{Name: "partner"}, projects.As("theirs")); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		config  values
		warning []string
	}{
		"the same settings": {config(nil), []string{"Project User Will Be Taken Over"}},
		"other settings":    {config(values{"source_ips": []any{"203.0.113.0/24"}}), []string{"Project User Exists Already"}},
		"unknown settings":  {config(values{"source_ips": entitytest.Unknown}), []string{"Project User Exists Already"}},
		"an unknown name":   {config(values{"name": entitytest.Unknown}), nil},
		"another name":      {config(values{"name": "another"}), nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, diagnostics := tf.Plan(typ, nil, c.config)
			wantWarnings(t, diagnostics, c.warning...)
		})
	}
	// A tainted resource is read, and planned as if it did not exist.
	object, diagnostics := tf.Import(typ, "acme/partner")
	wantWarnings(t, diagnostics)
	tf.Walk(func() {
		_, diagnostics := tf.Read(object)
		wantWarnings(t, diagnostics)
		_, diagnostics = tf.Plan(typ, nil, config(nil))
		wantWarnings(t, diagnostics)
	})
}

// Two resources of one name are found while planning, in any order.
func TestOwnership_Twins(t *testing.T) {
	same, other := config(nil), config(values{"source_ips": []any{"203.0.113.0/24"}})
	another := config(values{"name": "another"})
	const (
		duplicate = "Duplicate Project User"
		destroys  = "Unable to Destroy Project User"
	)
	type plan struct {
		prior  string // "" for none
		config values // nil if it is destroyed
	}
	for name, c := range map[string]struct {
		plans []plan
		want  string // the summary of the last plan's diagnostic; "" for none
		fails bool
	}{
		"both created":                     {[]plan{{"", other}, {"", other}}, duplicate, true},
		"both created, differently":        {[]plan{{"", same}, {"", other}}, duplicate, true},
		"created beside one that exists":   {[]plan{{"one", same}, {"", same}}, duplicate, true},
		"renamed to one that exists":       {[]plan{{"one", same}, {"two", same}}, duplicate, true},
		"both exist":                       {[]plan{{"one", same}, {"copy of one", same}}, duplicate, false},
		"a copy destroyed":                 {[]plan{{"one", same}, {"copy of one", nil}}, destroys, true},
		"a copy without an origin":         {[]plan{{"one", same}, {"old one", nil}}, "", false},
		"both destroyed":                   {[]plan{{"one", nil}, {"copy of one", nil}}, "", false},
		"another address":                  {[]plan{{"one", nil}, {"", same}}, "", false},
		"different names":                  {[]plan{{"one", same}, {"", another}}, "", false},
		"replaced":                         {[]plan{{"one", another}}, "", false},
		"renamed to the name of a renamed": {[]plan{{"one", another}, {"two", same}}, "", false},
	} {
		for _, backwards := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", backwards ", backwards), func(t *testing.T) {
				tf, p := start(t, numbered())
				if err := p.Create(t.Context(), "acme", model.User{Name: "partner"}, projects.As("old")); err != nil {
					t.Fatal(err)
				}
				old, diagnostics := tf.Import(typ, "acme/partner")
				wantWarnings(t, diagnostics)
				one := tf.Created(typ, config(nil))
				objects := map[string]*entitytest.Object{
					"one": one, "copy of one": one, "old one": old, "two": tf.Created(typ, config(values{"name": "two"})),
				}
				plans := slices.Clone(c.plans)
				if backwards {
					slices.Reverse(plans)
				}
				tf.Walk(func() {
					for _, object := range objects {
						_, diagnostics := tf.Read(object)
						entitytest.Must(t, diagnostics)
					}
					for i, plan := range plans {
						_, diagnostics := tf.Plan(typ, objects[plan.prior], plan.config)
						last := i == len(plans)-1
						switch {
						case last && c.fails:
							wantError(t, diagnostics, c.want, "", "name")
						case last && c.want != "":
							wantWarnings(t, diagnostics, c.want)
						default:
							wantWarnings(t, diagnostics)
						}
					}
				})
			})
		}
	}
}

func TestThreeWay_SavedPlan(t *testing.T) {
	tf, p := start(t, numbered())
	object := tf.Created(typ, config(values{"tags": values{"team": "red"}}))
	plan, diagnostics := tf.Plan(typ, object, config(values{"tags": values{"team": "blue"}}))
	wantWarnings(t, diagnostics)
	if err := p.Update(
		t.Context(),
		"acme",
		model.User{
			Name: "partner", SourceIPs: []string{"203.0.113.0/24"},
			Tags: map[string]string{"team": "red", "theirs": "x"},
		},
	); err != nil {
		t.Fatal(err)
	}
	applied, diagnostics := tf.Apply(plan)
	wantWarnings(t, diagnostics)
	view, err := p.Read(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	got, _ := view.Contents.Of(model.ID{Kind: model.KindUser, Name: "partner"})
	want := model.User{
		Name: "partner", SourceIPs: []string{"203.0.113.0/24"},
		Tags: map[string]string{"team": "blue", "theirs": "x"},
	}
	if diff := cmp.Diff(model.Entity(want), got); diff != "" {
		t.Errorf("the saved plan has made of it (-want +got): %s", diff)
	}
	// The other writer's change appears in the next plan.
	if action := tf.Action(applied, config(values{"tags": values{"team": "blue"}})); action != "update" {
		t.Errorf("the next plan is %s", action)
	}

	applied, diagnostics = tf.Read(applied)
	wantWarnings(t, diagnostics)
	plan, diagnostics = tf.Plan(
		typ, applied,
		config(values{"tags": values{"team": "green", "theirs": "x"}, "source_ips": []any{"198.51.100.0/24"}}),
	)
	wantWarnings(t, diagnostics)
	want.Tags = map[string]string{"team": "yellow", "theirs": "x"}
	want.SourceIPs = nil
	if err := p.Update(t.Context(), "acme", want); err != nil {
		t.Fatal(err)
	}
	written := len(p.Written())
	_, diagnostics = tf.Apply(plan)
	const summary = "Unable to Update Project User"
	wantError(
		t, diagnostics, summary,
		`The argument "tags.team" was "blue" when the plan was made, the plan sets it to "green", and it is "yellow" now.`,
		"tags",
	)
	wantError(
		t,
		diagnostics,
		summary,
		`The argument "source_ips" was ["203.0.113.0/24"] when the plan was made, the plan sets it to ["198.51.100.0/24"], and it is unset now.`,
		"source_ips",
	)
	if len(diagnostics) != 2 || len(p.Written()) != written {
		t.Errorf("%d diagnostics, %d writes", len(diagnostics), len(p.Written())-written)
	}
}

func TestThreeWay_IgnoredTags(t *testing.T) {
	s := numbered()
	s.IgnoreTags = entity.IgnoreTags{Keys: []string{"cost"}}
	tf, p := start(t, s)
	object := tf.Created(typ, config(values{"tags": values{"team": "red"}}))
	plan, diagnostics := tf.Plan(typ, object, config(values{"tags": values{"team": "blue"}}))
	wantWarnings(t, diagnostics)
	if err := p.Update(
		t.Context(), "acme", model.User{Name: "partner", Tags: map[string]string{"team": "red", "cost": "1"}},
	); err != nil {
		t.Fatal(err)
	}
	_, diagnostics = tf.Apply(plan)
	wantWarnings(t, diagnostics)
	written := p.Written()
	view, err := p.Read(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	got, _ := view.Contents.Of(written[len(written)-1].ID())
	if diff := cmp.Diff(
		model.Entity(model.User{Name: "partner", Tags: map[string]string{"team": "blue", "cost": "1"}}), got,
	); diff != "" {
		t.Error(diff)
	}
}
