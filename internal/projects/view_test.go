package projects

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// TestView_SeveralStacks puts a project together whose second stack was edited by hand: nothing of
// it is left out.
func TestView_SeveralStacks(t *testing.T) {
	inbox, partner := model.ID{Kind: model.KindBucket, Name: "inbox"}, model.ID{Kind: model.KindUser, Name: "partner"}
	second := template.Contents{
		Users:        []model.User{{Name: "partner"}},
		Drift:        []template.Drift{{Of: []model.ID{partner}, LogicalID: "Userpartner"}},
		Foreign:      []string{"Theirs"},
		Copies:       []template.Copy{{LogicalID: "Theirs", Of: partner}},
		Mismatches:   []template.Mismatch{{Of: inbox, LogicalID: "Bucketinbox"}},
		Origins:      map[string]string{partner.String(): "workspace"},
		Incarnations: map[string]string{partner.String(): "one"},
		Credentials:  map[string]template.Credentials{"partner": {}},
		Usage:        template.Usage{Resources: 3},
	}
	view := newView(
		"acme",
		[]*shardRead{{contents: &template.Contents{Usage: template.Usage{Resources: 2}}}, {contents: &second}},
	)
	want := second
	want.Usage = template.Usage{Resources: 5}
	if diff := cmp.Diff(want, view.Contents); diff != "" {
		t.Error(diff)
	}
}
