package template

import (
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

type single struct{ name string }

func (o single) ID() model.ID              { return model.ID{Kind: "hub", Name: o.name} }
func (o single) Problems() []model.Problem { return nil }

func decoded(t *testing.T, text string) *Template {
	t.Helper()
	tpl, err := Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return tpl
}

func TestReplace(t *testing.T) {
	seed := string(Seed("/x/revision", "d").Encode())
	add := func(text string) *Template {
		return decoded(t, strings.Replace(seed, `"Resources":{`, `"Resources":{`+text, 1))
	}
	base, err := Stamp(add(`"A":{"Type":"T","Properties":{"P":1}},"B":{"Type":"T","UpdateReplacePolicy":"Retain"},"C":{"Type":"T"},`), "t", 7)
	if err != nil {
		t.Fatal(err)
	}
	read := add(`"A":{"Type":"T","Properties":{"P":1}},"B":{"Type":"T","UpdateReplacePolicy":"Retain"},"C":{"Type":"T"},`)
	next := add(`"A":{"Type":"T","Properties":{"P":2}},"B":{"Type":"T","UpdateReplacePolicy":"Retain","Properties":{"P":2}},"D":{"Type":"T"},`)
	change := func(from, to *Template) Change {
		return Change{Op: Replace, Entity: single{"main"}, Replacement: Replacement{from, to}}
	}
	edited, err := Edit(base, Env{}, []Change{change(read, next), change(read, next), change(read, read)})
	if err != nil {
		t.Fatal(err)
	}
	if edited.Errors[0] != nil || edited.Errors[1] != nil || !model.IsConflict(edited.Errors[2], model.ConflictDuplicate) {
		t.Errorf("errors %v", edited.Errors)
	}
	if !SameButRevision(edited.Template, next) {
		t.Errorf("the template is %s", edited.Template.Encode())
	}
	if revision, ok := edited.Template.Revision(); !ok || revision != 7 {
		t.Errorf("revision %d, %v: the marker is not the base's", revision, ok)
	}
	want := []Intent{
		{LogicalID: "A", Action: Modify, Members: []int{0, 1}, Replaceable: true},
		{LogicalID: "B", Action: Modify, Members: []int{0, 1}},
		{LogicalID: "C", Action: Remove, Members: []int{0, 1}, Replaceable: true},
		{LogicalID: "D", Action: Add, Members: []int{0, 1}, Replaceable: true},
	}
	if diff := gocmp.Diff(want, edited.Intents); diff != "" {
		t.Error(diff)
	}
}

// TestReplace_Changed refuses a replacement of a template that has changed since it was read, unless
// it already is what is wanted.
func TestReplace_Changed(t *testing.T) {
	seed := string(Seed("/x/revision", "d").Encode())
	add := func(text string) *Template {
		return decoded(t, strings.Replace(seed, `"Resources":{`, `"Resources":{`+text, 1))
	}
	read, other, want := add(`"A":{"Type":"T"},`), add(`"A":{"Type":"U"},`), add(`"B":{"Type":"T"},`)
	change := Change{Op: Replace, Entity: single{"main"}, Replacement: Replacement{read, want}}
	edited, err := Edit(other, Env{}, []Change{change})
	if err != nil {
		t.Fatal(err)
	}
	if !model.IsConflict(edited.Errors[0], model.ConflictStackChanged) || edited.Template != other {
		t.Errorf("errors %v", edited.Errors)
	}
	edited, err = Edit(want, Env{}, []Change{change})
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(edited.Errors, func(err error) bool { return err != nil }) || len(edited.Intents) > 0 {
		t.Errorf("errors %v, intents %v", edited.Errors, edited.Intents)
	}
}

// TestReplace_Dependents expects that resources that refer to others are listed, if they hold nothing.
func TestReplace_Dependents(t *testing.T) {
	seed := string(Seed("/x/revision", "d").Encode())
	add := func(text string) *Template {
		return decoded(t, strings.Replace(seed, `"Resources":{`, `"Resources":{`+text, 1))
	}
	others := `"Holds":{"Type":"T","UpdateReplacePolicy":"Retain","Properties":{"P":{"Ref":"Api"}}},` +
		`"Literal":{"Type":"T","Properties":{"P":["Api"]}},"Route":{"Type":"T","Properties":{"P":[{"Fn::Join":["",["a",{"Ref":"Api"}]]}]}},`
	read, want := add(`"Api":{"Type":"T","Properties":{"Tags":1}},`+others), add(`"Api":{"Type":"T","Properties":{"Tags":2}},`+others)
	edited, err := Edit(read, Env{}, []Change{
		{Op: Replace, Entity: single{"main"}, Replacement: Replacement{read, want}},
	})
	if err != nil {
		t.Fatal(err)
	}
	intents := []Intent{
		{LogicalID: "Api", Action: Modify, Members: []int{0}, Replaceable: true},
		{LogicalID: "Route", Action: Modify, Members: []int{0}, Unlisted: true, Dependent: true, Replaceable: true},
	}
	if diff := gocmp.Diff(intents, edited.Intents); diff != "" {
		t.Error(diff)
	}
	edited, err = Edit(want, Env{}, []Change{
		{Op: Replace, Entity: single{"main"}, Replacement: Replacement{want, want}},
	})
	if err != nil || len(edited.Intents) > 0 {
		t.Errorf("%v, %v without a change", edited.Intents, err)
	}
}
