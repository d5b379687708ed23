package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// The files named format1 are what the first version wrote. They never change.
func firstFormat(t *testing.T, name string) *Template {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	tpl, err := Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	if again := tpl.Encode(); !bytes.Equal(again, bytes.TrimSpace(body)) {
		t.Errorf("%s goes back as\n%s", name, cmp.Diff(string(body), string(again)))
	}
	return tpl
}

// onlyChanged fails the test unless exactly these resources differ.
func onlyChanged(t *testing.T, before, after *Template, prefixes ...string) {
	t.Helper()
	for id, raw := range before.resources {
		owned := false
		for _, prefix := range prefixes {
			owned = owned || strings.HasPrefix(id, prefix)
		}
		if !owned && !bytes.Equal(raw, after.resources[id]) {
			t.Errorf("%s changed, and belongs to no member:\n%s", id, cmp.Diff(string(raw), string(after.resources[id])))
		}
	}
}

func TestFirstFormat_OtherMembers(t *testing.T) {
	base := firstFormat(t, "format1.json")
	after := edit(t, base, Change{Op: Create, Entity: model.User{Name: "second"}})
	onlyChanged(t, base, after)

	directory := firstFormat(t, "format1-directory.json")
	contents := parse(t, directory)
	if len(contents.DirectoryEntries) != 2 || contents.DirectoryEntries[0].AccountID != "111122223333" ||
		contents.DirectoryEntries[1].RoleName != "Custom" {
		t.Errorf("listings %+v", contents.DirectoryEntries)
	}
	after = edit(
		t, directory,
		Change{Op: Create, Entity: model.DirectoryEntry{Name: "third", AccountID: "444455556666", Region: "eu-west-1"}},
	)
	onlyChanged(t, directory, after)
}

// replaced returns a template with one text, which must exist, replaced by another.
func replaced(t *testing.T, tpl *Template, from, to string) *Template {
	t.Helper()
	body := tpl.Encode()
	if !bytes.Contains(body, []byte(from)) {
		t.Fatalf("the template has no %s", from)
	}
	next, err := Decode(bytes.Replace(body, []byte(from), []byte(to), 1))
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// Newer owner metadata whose fields have another shape must not be taken for a foreign resource:
// its entity would be created again.
func TestNewerFormat_Refused(t *testing.T) {
	for _, meta := range []string{
		`{"format":4,"compiler":1,"of":{"kind":"bucket","name":"inbox"}`,
		`{"format":4,"compiler":"x","of":["bucket","inbox"]`,
		`{"format":4,"of":"bucket/inbox"`,
		`{"format":4,"compiler":1,"of":{"kind":"queue","name":"inbox"}`,
	} {
		newer := replaced(
			t, firstFormat(t, "format1.json"), `{"format":1,"compiler":1,"of":{"kind":"bucket","name":"inbox"}`, meta,
		)
		var format *model.NewerFormatError
		if _, err := Parse(newer, testEnv()); !errors.As(err, &format) || format.Format != "4" {
			t.Errorf("%s is read: %v", meta, err)
		}
		if _, err := Edit(newer, testEnv(), []Change{{Op: Create, Entity: model.User{Name: "second"}}}); !errors.As(
			err, &format,
		) {
			t.Errorf("%s is edited: %v", meta, err)
		}
	}
}

// A newer provider may add fields within a format. An older one leaves them alone, and refuses to
// lose them.
func TestNewerFields_Kept(t *testing.T) {
	first := firstFormat(t, "format1.json")
	contents := parse(t, first)
	bucket, user, permission := contents.Buckets[0], contents.Users[0], contents.Permissions[0]
	second := edit(
		t,
		first,
		Change{
			Op:     Create,
			Entity: model.Permission{User: user.Name, Bucket: bucket.Name, Prefix: "other/", Access: model.Read},
		},
	)
	changedBucket, changedUser, changedPermission := bucket, user, permission
	changedBucket.Tags = map[string]string{"new": "tag"}
	changedUser.Tags = map[string]string{"new": "tag"}
	changedPermission.AllowDelete = !permission.AllowDelete
	other := model.Permission{User: user.Name, Bucket: bucket.Name, Prefix: "other/", Access: model.ReadWrite}

	for name, c := range map[string]struct {
		from, to string
		refused  Change
		allowed  []Change
	}{
		"a setting": {
			`"settings":{"name":"inbox",`, `"settings":{"name":"inbox","shiny":true,`,
			Change{Op: Update, Entity: changedBucket},
			[]Change{{Op: Create, Entity: model.User{Name: "second"}}, {Op: Update, Entity: changedUser}},
		},
		"a field of the mark": {
			`"of":{"kind":"user","name":"partner"},"settings"`, `"of":{"kind":"user","name":"partner"},"shiny":1,"settings"`,
			Change{Op: Update, Entity: changedUser},
			[]Change{{Op: Create, Entity: model.User{Name: "second"}}, {Op: Update, Entity: changedBucket}},
		},
		"a permission": {
			`"grants":[{"permission":{`, `"grants":[{"permission":{"shiny":{"a":[1]},`,
			Change{Op: Update, Entity: changedPermission},
			[]Change{{Op: Create, Entity: model.User{Name: "second"}}, {Op: Update, Entity: changedBucket}},
		},
		"a neighbour in one policy": {
			`"grants":[{"permission":{`, `"grants":[{"permission":{"shiny":{"a":[1]},`,
			Change{Op: Update, Entity: other},
			[]Change{{Op: Create, Entity: model.User{Name: "second"}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			newer := replaced(t, second, c.from, c.to)
			parse(t, newer)
			edited, err := Edit(newer, testEnv(), append([]Change{c.refused}, c.allowed...))
			if err != nil {
				t.Fatal(err)
			}
			var lost *model.NewerFormatError
			if !errors.As(edited.Errors[0], &lost) || lost.Field != "shiny" {
				t.Errorf("the change of the newer member: %v", edited.Errors[0])
			}
			for i, err := range edited.Errors[1:] {
				if err != nil {
					t.Errorf("%s: %v", c.allowed[i].Entity.ID(), err)
				}
			}
			if !bytes.Contains(edited.Template.Encode(), []byte(c.to)) {
				t.Error("what the newer provider wrote is lost")
			}
		})
	}

	// Deleting loses nothing that is still needed.
	newer := replaced(t, first, `"settings":{"name":"inbox",`, `"settings":{"name":"inbox","shiny":true,`)
	edit(t, newer, Change{Op: Delete, Entity: permission}, Change{Op: Delete, Entity: bucket})
}

// Two providers with different compilers alternate in one stack: each change writes its own
// member's resources only, and the plans of the older one are empty.
func TestTwoCompilersTakeTurns(t *testing.T) {
	newerWrites := func(tpl *Template, name string) *Template {
		tpl = edit(
			t,
			tpl,
			Change{
				Op: Create,
				Entity: model.Bucket{
					Name: name, BucketName: name + "-bucket", Lifecycle: model.DefaultLifecycle(), OnDelete: model.Refuse,
				},
			},
		)
		next := map[string]json.RawMessage{}
		for _, id := range []string{bucketID(name), bucketPolicyID(name)} {
			raw := bytes.Replace(
				tpl.resources[id], fmt.Appendf(nil, `"compiler":%d`, CompilerVersion),
				fmt.Appendf(nil, `"compiler":%d`, CompilerVersion+1), 1,
			)
			next[id] = bytes.Replace(raw, []byte(`"Status":"Enabled"`), []byte(`"Status":"Better"`), 1)
		}
		return tpl.with(next)
	}
	tpl := firstFormat(t, "format1.json")
	for _, n := range []string{"a", "b", "c"} {
		tpl = newerWrites(tpl, "newer"+n)
		edited, err := Edit(tpl, testEnv(), []Change{{Op: Create, Entity: model.User{Name: "older" + n}}})
		if err != nil || edited.Errors[0] != nil {
			t.Fatal(err, edited.Errors)
		}
		onlyChanged(t, tpl, edited.Template)
		for _, intent := range edited.Intents {
			if !strings.HasSuffix(intent.LogicalID, "older"+n) {
				t.Errorf("the older provider also changes %s", intent.LogicalID)
			}
		}
		tpl = edited.Template
	}
	if drift := parse(t, tpl).Drift; len(drift) > 0 {
		t.Errorf("the older provider would revert: %v", drift)
	}
}
