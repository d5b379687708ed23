//go:build browser

package board_test

import (
	"encoding/json"
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/cmd/localhub/localhubtest"
)

func TestAHandEditAppears(t *testing.T) {
	h := localhubtest.Start(t)
	p := startChromium(t).open(t, h.Address(h.Token(nil, "acme")), desktop)
	s := h.Provider("run-1")
	must(t, s.CreateProject(t.Context(), project("acme")))
	for _, name := range []string{"inbox", "outbox"} {
		must(t, s.Create(t.Context(), "acme", bucket("acme", name)))
	}
	p.until(row("inbox") + " && " + row("outbox"))

	h.ByHand(account, "stowage-acme-0", func(resources map[string]json.RawMessage) {
		delete(resources, "Bucketinbox")
		delete(resources, "BucketPolicyinbox")
	})
	p.until("!" + row("inbox") + " && " + row("outbox"))
	p.until(
		`[...document.querySelectorAll("#commits li")].some((li) => li.innerText.includes("bucket inbox removed") && li.innerText.includes("by hand"))`,
	)

	h.ByHand(account, "stowage-acme-0", func(resources map[string]json.RawMessage) {
		var b struct {
			Type, DeletionPolicy, UpdateReplacePolicy string
			Metadata                                  json.RawMessage
			Properties                                map[string]any
		}
		must(t, json.Unmarshal(resources["Bucketoutbox"], &b))
		b.Properties["VersioningConfiguration"] = map[string]string{"Status": "Suspended"}
		var err error
		resources["Bucketoutbox"], err = json.Marshal(b)
		must(t, err)
	})
	p.until(`document.querySelector("#attention").innerText.includes("Changed by hand")`)
	p.picture("handedit")
}
