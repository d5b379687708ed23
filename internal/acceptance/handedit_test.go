package acceptance_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// editedResource is what a person touches of a resource; the rest stays as it is.
type editedResource map[string]json.RawMessage

// set sets one property.
func (r editedResource) set(t *testing.T, property string, value any) {
	t.Helper()
	properties := map[string]json.RawMessage{}
	if err := json.Unmarshal(r["Properties"], &properties); err != nil {
		t.Fatal(err)
	}
	properties[property] = encoded(t, value)
	r["Properties"] = encoded(t, properties)
}

func encoded(t *testing.T, value any) json.RawMessage {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// editResources changes the resources of the project's template by hand.
func (c *clients) editResources(project string, change func(resources map[string]editedResource)) {
	c.w.t.Helper()
	c.edit(project, func(body string) string {
		sections, resources := map[string]json.RawMessage{}, map[string]editedResource{}
		if err := json.Unmarshal([]byte(body), &sections); err != nil {
			c.w.t.Fatal(err)
		}
		if err := json.Unmarshal(sections["Resources"], &resources); err != nil {
			c.w.t.Fatal(err)
		}
		change(resources)
		sections["Resources"] = encoded(c.w.t, resources)
		return string(encoded(c.w.t, sections))
	})
}

// TestHandEditIsShownAndPutRight edits a bucket in its template, as a person in the console would.
func TestHandEditIsShownAndPutRight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, other, c := w.workspace(acmeProject+bucketOf("inbox", afterProject)), w.workspace(bucketOf("outbox")), w.clients()
	owner.apply()
	other.apply()
	c.editResources("acme", func(resources map[string]editedResource) {
		resources["Bucketinbox"].set(t, "VersioningConfiguration", map[string]string{"Status": "Suspended"})
		resources["Theirs"] = editedResource{
			"Type": encoded(t, "AWS::SSM::Parameter"), "Properties": encoded(t, map[string]string{"Type": "String", "Value": "by hand"}),
		}
	})

	other.planIsEmpty() // what is not its own is not its business
	owner.planShows("1 to change", "Bucketinbox Properties.VersioningConfiguration.Status is", "Suspended")
	owner.apply().says("0 added, 1 changed, 0 destroyed")
	owner.planIsEmpty()
	versioning, err := c.s3.GetBucketVersioning(t.Context(), &s3.GetBucketVersioningInput{Bucket: aws.String(physical("inbox"))})
	if got := must(w, versioning, err).Status; got != "Enabled" {
		t.Errorf("versioning is %s", got)
	}
	if !strings.Contains(c.template("acme"), "by hand") {
		t.Error("the resource that somebody added to the template is gone")
	}
}

// TestWhatWasTakenOutOfTheTemplateIsCreatedAgain takes a user with its permission out of the template by hand.
func TestWhatWasTakenOutOfTheTemplateIsCreatedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, c := w.workspace(everything), w.clients()
	s.apply()
	c.editResources("acme", func(resources map[string]editedResource) {
		for id := range resources {
			if id == "Userpartner" || id == "Grouppartner" || strings.HasPrefix(id, "Policypartner") {
				delete(resources, id)
			}
		}
	})
	if users := c.users(); len(users) > 0 {
		t.Fatalf("the user was to be gone: %v", users)
	}
	s.planShows("3 to add, 0 to change, 0 to destroy", "stowage_project_user.partner will be created")
	s.apply()
	s.planIsEmpty()
	c.wantGroupOnly("acme-partner", []string{physical("inbox") + "/*", physical("inbox") + "/incoming/*"})
}
