package hub

import (
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// edit returns a template with one text replaced.
func edit(t *testing.T, tpl *template.Template, old, text string) *template.Template {
	t.Helper()
	before := string(tpl.Encode())
	if !strings.Contains(before, old) {
		t.Fatalf("the template does not hold %s", old)
	}
	changed, err := template.Decode([]byte(strings.Replace(before, old, text, 1)))
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

func TestChange(t *testing.T) {
	t.Parallel()
	want := Compile(place, minimal(), zip, Shared{})
	for name, read := range map[string]*template.Template{
		"a new stack": Seed("main"), "the foundation": Foundation(place, minimal()),
		"more": Compile(place, complete(), zip, Shared{}), "the same": want,
	} {
		c := Change("main", read, want)
		if diff := gocmp.Diff(string(want.Encode()), string(c.Replacement.Next.Encode())); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if c.Op != template.Replace || c.Replacement.Base != read || c.Entity.ID().String() != "hub main" {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

// TestChange_Foreign keeps what others have added, except references to what leaves the template.
func TestChange_Foreign(t *testing.T) {
	t.Parallel()
	read := Compile(place, complete(), zip, Shared{})
	read = edit(t, read, `"Resources":{`, `"Mappings":{"M":{"a":{"b":1}}},"Resources":{"Topic":{"Type":"AWS::SNS::Topic"},`)
	read = edit(t, read, `"Parameters":{`, `"Parameters":{"Owner":{"Type":"String"},`)
	read = edit(t, read, `"Outputs":{`, `"Outputs":{"Topic":{"Value":{"Ref":"Topic"}},"Region":{"Value":{"Ref":"AWS::Region"}},`+
		`"Api":{"Value":{"Fn::Join":["",["x",{"Ref":"BoardApi"}]]}},`)
	next := Change("main", read, Compile(place, minimal(), zip, Shared{})).Replacement.Next
	text := string(next.Encode())
	for _, kept := range []string{
		`"Mappings":{"M":{"a":{"b":1}}}`, `"Topic":{"Type":"AWS::SNS::Topic"}`, `"Owner":{"Type":"String"}`,
		`"Topic":{"Value":{"Ref":"Topic"}}`, `"Region":{"Value":{"Ref":"AWS::Region"}}`,
	} {
		if !strings.Contains(text, kept) {
			t.Errorf("%s is gone", kept)
		}
	}
	for _, gone := range []string{"BoardApi", "WebSocketUrl"} {
		if strings.Contains(text, gone) {
			t.Errorf("%s is still there", gone)
		}
	}
	deployed, err := Parse(next, place)
	if err != nil || len(deployed.Drift) > 0 {
		t.Errorf("%+v, %v", deployed, err)
	}
}

// TestOutputNames lists every output, so that an output that is no longer wanted is removed.
func TestOutputNames(t *testing.T) {
	t.Parallel()
	for name := range outputs(Compile(place, complete(), zip, Shared{})) {
		if !strings.Contains(strings.Join(outputNames(), " ")+" ", name+" ") {
			t.Errorf("outputNames does not list %s", name)
		}
	}
}
