package commit

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// discards says whether the engine throws a change set away that was made from a base (a
// description and a template, not necessarily of one moment) and computed against the actual stack.
func discards(t *testing.T, described, templated, actual state, change template.Change) bool {
	t.Helper()
	e := New(config())
	e.Submit(began, Member{ID: 1, Change: change})
	e.Tick(began.Add(Quiet))
	e.Effects()
	e.Observe(began, BaseRead{Before: described.description, After: described.description, Template: templated.template})
	effects := e.Effects()
	if len(effects) != 1 {
		t.Fatalf("%v instead of CreateChangeSet", effects)
	}
	create, ok := effects[0].(CreateChangeSet)
	if !ok {
		t.Fatalf("%T instead of CreateChangeSet", effects[0])
	}
	e.Observe(began, ChangeSetMade{ARN: "arn", StackID: stackID, Changes: actual.computed(create.Template)})
	for _, effect := range e.Effects() {
		switch effect.(type) {
		case Execute:
			return false
		case DeleteChangeSet:
			return true
		}
	}
	t.Fatal("the set is neither executed nor deleted")
	return false
}

// TestUnvalued: where the service leaves out the value that would show an old base, only a base
// that was really read is trusted.
func TestUnvalued(t *testing.T) {
	stack := newState(t, 1, "s1", began, create(bucket("old", "")))
	for name, test := range map[string]struct{ earlier, marker, executed bool }{
		"read, marker left out":         {false, true, true},
		"read earlier, marker left out": {true, true, false},
		"read earlier, marker shown":    {true, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			e := New(config())
			e.Submit(began, Member{ID: 1, Change: create(bucket("mine", ""))})
			e.Tick(began.Add(Quiet))
			e.Effects()
			e.Observe(
				began,
				BaseRead{Before: stack.description, After: stack.description, Template: stack.template, Earlier: test.earlier},
			)
			create, ok := e.Effects()[0].(CreateChangeSet)
			if !ok {
				t.Fatal("no change set is asked for")
			}
			changes := stack.computed(create.Template)
			for i := range changes {
				if (changes[i].LogicalID == template.RevisionMarkerID) == test.marker {
					changes[i].Before, changes[i].Unvalued = nil, true
				}
			}
			e.Observe(began, ChangeSetMade{ARN: "arn", StackID: stackID, Changes: changes})
			executed := slices.ContainsFunc(e.Effects(), func(effect Effect) bool { _, is := effect.(Execute); return is })
			if executed != test.executed {
				t.Errorf("executed: %t", executed)
			}
		})
	}
}

func create(entity model.Entity) template.Change {
	return template.Change{Op: template.Create, Entity: entity}
}

func update(entity model.Entity) template.Change {
	return template.Change{Op: template.Update, Entity: entity}
}

// Each of the next three fails when its check is taken away, and no other check can save it.

// TestDiffCheckCatchesLostUpdate: a person has added a resource, which doesn't raise the revision.
// The descriptions show the edit already, but GetTemplate still answers with the old template: the
// set would remove what the person made.
func TestDiffCheckCatchesLostUpdate(t *testing.T) {
	before := newState(t, 1, "s1", began, create(bucket("old", "")))
	after := before.byHand(t, "s2", began.Add(time.Minute), func(resources map[string]any) {
		resources["Theirs"] = map[string]any{"Type": "AWS::SNS::Topic"}
	})
	if !discards(t, after, before, after, create(bucket("mine", ""))) {
		t.Error("the change set that removes the person's resource is executed")
	}
	if discards(t, after, after, after, create(bucket("mine", ""))) {
		t.Error("the change set from the true base is discarded")
	}
}

// TestVerify_SameResourceWriter: another writer has changed a setting of the same bucket that is in
// its metadata only. The set does to the stack what is intended, and replaces the properties that
// were expected.
func TestVerify_SameResourceWriter(t *testing.T) {
	before := newState(t, 1, "s1", began, create(bucket("shared", "a")))
	retained := bucket("shared", "a")
	retained.OnDelete = model.Retain
	after := before.committed(t, "other", "s2", began.Add(time.Minute), update(retained))
	if !discards(t, before, before, after, update(bucket("shared", "b"))) {
		t.Error("the change set that reverts the other writer's setting is executed")
	}
	if discards(t, after, after, after, update(bucket("shared", "b"))) {
		t.Error("the change set from the true base is discarded")
	}
}

// TestVerify_HandEditInBeforeValue: a person has changed the same bucket in the template,
// without raising the revision.
func TestVerify_HandEditInBeforeValue(t *testing.T) {
	before := newState(t, 1, "s1", began, create(bucket("shared", "a")))
	after := before.byHand(
		t, "s2", began.Add(time.Minute), func(resources map[string]any) { handTag(resources, "shared", "byhand") },
	)
	if !discards(t, before, before, after, update(bucket("shared", "b"))) {
		t.Error("the change set that reverts the edit unseen is executed")
	}
	if discards(t, after, after, after, update(bucket("shared", "b"))) {
		t.Error("the change set from the true base is discarded")
	}
}

func decode(t *testing.T, text string) *template.Template {
	t.Helper()
	decoded, err := template.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}

// before decodes properties as the driver does.
func before(t *testing.T, text string) map[string]any {
	t.Helper()
	if text == "" {
		return nil
	}
	var properties map[string]any
	if err := json.Unmarshal([]byte(text), &properties); err != nil {
		t.Fatal(err)
	}
	return properties
}

func TestVerify_Diff(t *testing.T) {
	base := decode(
		t,
		`{"Resources":{"Carrier":{"Properties":{"Value":{"Ref":"Revision"}}},"A":{"Properties":{"P":"1"}},"B":{}}}`,
	)
	revisionMarker := ResourceChange{
		LogicalID: "Carrier", Action: "Modify", Replacement: "False", Before: map[string]any{"Value": "7"},
	}
	markerAlone := []ResourceChange{revisionMarker}
	modify := func(replacement string) ResourceChange {
		return ResourceChange{LogicalID: "A", Action: "Modify", Replacement: replacement, Before: map[string]any{"P": "1"}}
	}
	for name, test := range map[string]struct {
		intents []template.Intent
		changes []ResourceChange
		want    []string
	}{
		"nothing but the revision marker": {nil, markerAlone, nil},
		"all that is intended": {
			[]template.Intent{{LogicalID: "N", Action: template.Add}, {LogicalID: "A", Action: template.Modify}, {LogicalID: "B", Action: template.Remove}},
			[]ResourceChange{{LogicalID: "B", Action: "Remove"}, revisionMarker, modify("False"), {LogicalID: "N", Action: "Add"}}, nil,
		},
		"an addition that is said to replace": {[]template.Intent{{LogicalID: "N", Action: template.Add}},
			[]ResourceChange{revisionMarker, {LogicalID: "N", Action: "Add", Replacement: "True"}}, nil},
		"no change at all":       {nil, nil, []string{"Modify Carrier is missing"}},
		"an unintended removal":  {nil, []ResourceChange{revisionMarker, {LogicalID: "B", Action: "Remove"}}, []string{"Remove B is not intended"}},
		"an unintended addition": {nil, []ResourceChange{revisionMarker, {LogicalID: "C", Action: "Add"}}, []string{"Add C is not intended"}},
		"an unintended change":   {nil, []ResourceChange{revisionMarker, modify("False")}, []string{"Modify A is not intended"}},
		"an undecided change":    {nil, []ResourceChange{revisionMarker, {LogicalID: "B", Action: "Dynamic"}}, []string{"Dynamic B is not intended"}},
		"a missing change":       {[]template.Intent{{LogicalID: "B", Action: template.Remove}}, markerAlone, []string{"Remove B is missing"}},
		"an unlisted change":     {[]template.Intent{{LogicalID: "A", Action: template.Modify, Unlisted: true}}, markerAlone, nil},
		"an unlisted change that is listed": {[]template.Intent{{LogicalID: "A", Action: template.Modify, Unlisted: true}},
			[]ResourceChange{revisionMarker, modify("False")}, nil},
		"an unlisted change that replaces": {[]template.Intent{{LogicalID: "A", Action: template.Modify, Unlisted: true}},
			[]ResourceChange{revisionMarker, modify("True")}, []string{"A would be replaced (True)"}},
		"another action":         {[]template.Intent{{LogicalID: "A", Action: template.Add}}, []ResourceChange{revisionMarker, modify("False")}, []string{"Modify A instead of Add"}},
		"a replacement":          {[]template.Intent{{LogicalID: "A", Action: template.Modify}}, []ResourceChange{revisionMarker, modify("True")}, []string{"A would be replaced (True)"}},
		"a possible replacement": {[]template.Intent{{LogicalID: "A", Action: template.Modify}}, []ResourceChange{revisionMarker, modify("Conditional")}, []string{"A would be replaced (Conditional)"}},
		"a replacement of what holds nothing": {[]template.Intent{{LogicalID: "A", Action: template.Modify, Replaceable: true}},
			[]ResourceChange{revisionMarker, modify("True")}, nil},
		"a dependent that holds nothing and might be replaced": {[]template.Intent{{LogicalID: "A", Action: template.Modify, Unlisted: true, Dependent: true, Replaceable: true}},
			[]ResourceChange{revisionMarker, {LogicalID: "A", Action: "Modify", Replacement: "Conditional", Dependent: true, Unvalued: true}}, nil},
		"a dependent that changes itself": {[]template.Intent{{LogicalID: "A", Action: template.Modify, Unlisted: true, Dependent: true, Replaceable: true}},
			[]ResourceChange{revisionMarker, modify("False")}, []string{"Modify A is not intended"}},
		"the same resource twice": {[]template.Intent{{LogicalID: "A", Action: template.Modify}}, []ResourceChange{revisionMarker, modify("False"), modify("False")}, []string{"Modify A is not intended"}},
		"a dependent": {nil, []ResourceChange{revisionMarker, {LogicalID: "A", Action: "Modify", Replacement: "False", Dependent: true}}, []string{
			"A P is not what it was when the stack was read",
		}},
		"a dependent without values":     {nil, []ResourceChange{revisionMarker, {LogicalID: "A", Action: "Modify", Replacement: "False", Dependent: true, Unvalued: true}}, nil},
		"a dependent that might replace": {nil, []ResourceChange{revisionMarker, {LogicalID: "A", Action: "Modify", Replacement: "Conditional", Dependent: true, Unvalued: true}}, []string{"Modify A is not intended"}},
		"a change without values": {[]template.Intent{{LogicalID: "A", Action: template.Modify}},
			[]ResourceChange{revisionMarker, {LogicalID: "A", Action: "Modify", Replacement: "False", Unvalued: true}}, nil},
		"an unintended change without values":        {nil, []ResourceChange{revisionMarker, {LogicalID: "A", Action: "Modify", Unvalued: true}}, []string{"Modify A is not intended"}},
		"a marker without values, all else verified": {nil, []ResourceChange{{LogicalID: "Carrier", Action: "Modify", Unvalued: true}}, nil},
		"metadata without context": {[]template.Intent{{LogicalID: "A", Action: template.Modify}},
			[]ResourceChange{revisionMarker, {LogicalID: "A", Action: "Modify", Scope: []string{"Metadata"}}}, nil},
		"metadata and properties without context": {[]template.Intent{{LogicalID: "A", Action: template.Modify}},
			[]ResourceChange{revisionMarker, {LogicalID: "A", Action: "Modify", Scope: []string{"Metadata", "Properties"}}}, []string{"A P is not what it was when the stack was read"}},
		"an unintended change of metadata without context": {nil, []ResourceChange{revisionMarker, {LogicalID: "A", Action: "Modify", Scope: []string{"Metadata"}}},
			[]string{"Modify A is not intended"}},
		"another revision": {nil, []ResourceChange{{LogicalID: "Carrier", Action: "Modify", Before: map[string]any{"Value": "8"}}},
			[]string{`the stack is at revision "8", not 7`}},
		"a revision marker without values": {nil, []ResourceChange{{LogicalID: "Carrier", Action: "Modify"}},
			[]string{`the stack is at revision "", not 7`, "Carrier Value is not what it was when the stack was read"}},
		"a revision marker that is added": {nil, []ResourceChange{{LogicalID: "Carrier", Action: "Add"}}, []string{
			"Add Carrier instead of Modify", `the stack is at revision "", not 7`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got := Verify(base, 7, test.intents, test.changes)
			if !slices.Equal(got, test.want) {
				t.Errorf("Verify finds\n%q, not\n%q", got, test.want)
			}
		})
	}
}

// TestVerify_policies: a hand edit of the policies of a resource that the commit modifies, too, is
// not reverted.
func TestVerify_policies(t *testing.T) {
	base := decode(
		t, `{"Resources":{"Carrier":{"Properties":{"Value":{"Ref":"Revision"}}},"A":{"DeletionPolicy":"Retain"}}}`,
	)
	for name, test := range map[string]struct {
		policies map[string]string
		want     []string
	}{
		"not shown":   {nil, nil},
		"the same":    {map[string]string{"DeletionPolicy": "Retain"}, nil},
		"the default": {map[string]string{"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Delete"}, nil},
		"another":     {map[string]string{"DeletionPolicy": "Delete"}, []string{"A DeletionPolicy is not what it was when the stack was read"}},
		"a new one":   {map[string]string{"UpdateReplacePolicy": "Retain"}, []string{"A UpdateReplacePolicy is not what it was when the stack was read"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := Verify(base, 7, []template.Intent{{LogicalID: "A", Action: template.Modify}}, []ResourceChange{
				{LogicalID: "Carrier", Action: "Modify", Before: map[string]any{"Value": "7"}},
				{LogicalID: "A", Action: "Modify", Replacement: "False", Policies: test.policies},
			})
			if !slices.Equal(got, test.want) {
				t.Errorf("Verify finds %q, not %q", got, test.want)
			}
		})
	}
}

// TestVerifyComparesBeforeValues: the values that a modification replaces must be those of the base.
func TestVerifyComparesBeforeValues(t *testing.T) {
	for name, test := range map[string]struct {
		properties, before string
		want               []string // paths
	}{
		"equal strings":                 {`{"A":"x"}`, `{"A":"x"}`, nil},
		"other strings":                 {`{"A":"x"}`, `{"A":"y"}`, []string{"A"}},
		"numbers as strings":            {`{"A":30,"B":1.5,"C":90071992547409931}`, `{"A":"30","B":"1.5","C":"90071992547409931"}`, nil},
		"numbers as numbers":            {`{"A":30}`, `{"A":30}`, nil},
		"other numbers":                 {`{"A":30}`, `{"A":"31"}`, []string{"A"}},
		"booleans as strings":           {`{"A":true,"B":false}`, `{"A":"true","B":"false"}`, nil},
		"other booleans":                {`{"A":true}`, `{"A":"false"}`, []string{"A"}},
		"nested paths":                  {`{"A":{"B":{"C":"x","D":"y"}}}`, `{"A":{"B":{"C":"x","D":"z"}}}`, []string{"A.B.D"}},
		"a list's element":              {`{"A":[{"K":"a"},{"K":"b"}]}`, `{"A":[{"K":"a"},{"K":"c"}]}`, []string{"A.1.K"}},
		"a list in another order":       {`{"A":["a","b"]}`, `{"A":["b","a"]}`, []string{"A.0", "A.1"}},
		"a longer list":                 {`{"A":["a"]}`, `{"A":["a","b"]}`, []string{"A"}},
		"a list instead of a scalar":    {`{"A":"a"}`, `{"A":["a"]}`, []string{"A"}},
		"a scalar instead of a list":    {`{"A":["a"]}`, `{"A":"a"}`, []string{"A"}},
		"a scalar instead of an object": {`{"A":{"B":"a"}}`, `{"A":"a"}`, []string{"A"}},
		"a property more":               {`{"A":"x"}`, `{"A":"x","B":{"C":"y"}}`, []string{"B"}},
		"a property less":               {`{"A":"x","B":"y"}`, `{"A":"x"}`, []string{"B"}},
		"a reference":                   {`{"A":{"Ref":"Other"}}`, `{"A":"physical-id"}`, nil},
		"a function":                    {`{"A":{"Fn::GetAtt":["Other","Arn"]}}`, `{"A":"arn:aws:x"}`, nil},
		"a function in a list":          {`{"A":["x",{"Fn::Sub":"${B}"}]}`, `{"A":["x","anything"]}`, nil},
		"beside a function":             {`{"A":["x",{"Fn::Sub":"${B}"}]}`, `{"A":["y","anything"]}`, []string{"A.0"}},
		"no values at all":              {`{"A":"x"}`, ``, []string{"A"}},
		"neither has properties":        {`{}`, `{}`, nil},
		"both have none":                {``, ``, nil},
		"an empty string is no value":   {`{"A":""}`, `{"A":null}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			resource := `{}`
			if test.properties != "" {
				resource = `{"Properties":` + test.properties + `}`
			}
			base := decode(t, `{"Resources":{"Carrier":{"Properties":{"Value":{"Ref":"Revision"}}},"R":`+resource+`}}`)
			got := Verify(base, 7, []template.Intent{{LogicalID: "R", Action: template.Modify}}, []ResourceChange{
				{LogicalID: "Carrier", Action: "Modify", Before: map[string]any{"Value": "7"}},
				{LogicalID: "R", Action: "Modify", Replacement: "False", Before: before(t, test.before)},
			})
			var want []string
			for _, path := range test.want {
				want = append(want, "R "+path+" is not what it was when the stack was read")
			}
			if !slices.Equal(got, want) {
				t.Errorf("Verify finds\n%q, not\n%q", got, want)
			}
		})
	}
}

// TestVerify_IntrinsicBesideOtherMembers compares objects with other members beside one named like
// an intrinsic function.
func TestVerify_IntrinsicBesideOtherMembers(t *testing.T) {
	for name, test := range map[string]struct{ base, before, want string }{
		"function":                {`{"A":{"Ref":"X"}}`, `{"A":"anything"}`, ""},
		"member named Ref":        {`{"A":{"Ref":"X","Other":"1"}}`, `{"A":{"Ref":"X","Other":"2"}}`, "R A.Other"},
		"member named Fn::":       {`{"A":{"Fn::Sub":"x","Other":"1"}}`, `{"A":{"Fn::Sub":"x","Other":"2"}}`, "R A.Other"},
		"member named Condition":  {`{"A":{"Condition":"x","Effect":"Allow"}}`, `{"A":{"Condition":"x","Effect":"Deny"}}`, "R A.Effect"},
		"beside in a list":        {`{"A":[{"Ref":"X"},"1"]}`, `{"A":["anything","2"]}`, "R A.1"},
		"deeper":                  {`{"A":{"B":{"Ref":"X"},"C":"1"}}`, `{"A":{"B":"anything","C":"2"}}`, "R A.C"},
		"function that was added": {`{"A":{"B":{"Ref":"X"}}}`, `{"A":{}}`, "R A.B"},
	} {
		base := decode(t, `{"Resources":{"Carrier":{},"R":{"Properties":`+test.base+`}}}`)
		got := verifyBefore(base, ResourceChange{LogicalID: "R", Action: "Modify", Before: before(t, test.before)})
		var want []string
		if test.want != "" {
			want = []string{test.want + " is not what it was when the stack was read"}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
