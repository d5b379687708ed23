//go:build browser

package board_test

import (
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/cmd/localhub/localhubtest"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// row returns an expression for the row of a name: its element, or null.
func row(name string) string {
	return `[...document.querySelectorAll("#tree .row")].find((r) => r.querySelector(".name").textContent === "` + name + `")`
}

// watching records what rows and changes show, so that tests do not depend on timing.
const watching = `(() => {
	window.seen = new Set();
	const look = () => {
		for (const r of document.querySelectorAll("#tree .row")) seen.add(r.querySelector(".name").textContent + " " + (r.querySelector(".state")?.textContent ?? "at rest"));
		for (const c of document.querySelectorAll("#changes .cards > li")) seen.add(c.innerText.replaceAll(/\s+/g, " "));
	};
	new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
})()`

// TestLive_Apply watches in a browser while resources are created: first as
// changing, then as settled.
func TestLive_Apply(t *testing.T) {
	b, h := startChromium(t), localhubtest.Start(t)
	everything, foreign := b.open(t, h.Address(h.Token(nil, "*")), desktop), b.open(t, h.Address(h.Token(nil, "globex")), desktop)
	everything.until(`document.querySelector("#freshness").textContent === "Live"`)
	foreign.until(`document.querySelector("#freshness").textContent === "Live"`)

	s := h.Provider("run-42")
	must(t, s.CreateProject(t.Context(), project("acme")))
	everything.until(row("acme"))
	everything.until(`document.querySelectorAll("#commits li").length >= 2`)
	if text := eval[string](everything, `document.querySelector("#commits").innerText`); containsAny(text, "by hand") {
		t.Errorf("the creation of a project is not attributed:\n%s", text)
	}
	eval[any](everything, watching)
	must(t, s.Create(t.Context(), "acme", bucket("acme", "inbox")))
	everything.until(`seen.has("inbox being created")`)
	everything.until(`[...seen].some((text) => text.startsWith("acme bucket inbox administrator · run-42 · for "))`)
	everything.until(row("inbox") + `.dataset.state === "changed"`)
	everything.until(`!document.querySelector("#changes").innerText.includes("inbox")`)
	everything.until(`document.querySelector("#commits").innerText.includes("bucket inbox")`)
	must(t, s.Create(t.Context(), "acme", model.User{Name: "partner", AccessKey: &model.AccessKey{}}))
	must(
		t,
		s.Create(
			t.Context(), "acme",
			model.Permission{User: "partner", Bucket: "inbox", Prefix: "incoming/", Access: model.ReadWrite},
		),
	)
	everything.until(row("partner"))
	everything.picture("settled")

	foreign.until(`document.querySelector("#projects .empty").textContent === "No projects that you can see."`)
	if text := foreign.text(); containsAny(text, "acme", "inbox", "partner", "111122223333") {
		t.Errorf("a person without the claim sees\n%s", text)
	}
}

// TestConnection_ReconnectsAfterLoss has the hub close all connections during changes.
func TestConnection_ReconnectsAfterLoss(t *testing.T) {
	h := localhubtest.Start(t)
	p := startChromium(t).open(t, h.Address(h.Token(nil, "*")), desktop)
	p.until(live)
	s := h.Provider("run-1")
	must(t, s.CreateProject(t.Context(), project("acme")))
	p.until(row("acme"))
	for _, name := range []string{"first", "second"} {
		eval[any](
			p,
			`(window.states = [], new MutationObserver(() => states.push(document.querySelector("#freshness").dataset.state)).observe(document.querySelector("#freshness"), { attributes: true }))`,
		)
		h.Control("/_sandbox/connections", `{"drop": "all"}`)
		must(t, s.Create(t.Context(), "acme", bucket("acme", name)))
		p.until(row(name) + " && " + live)
		if !eval[bool](p, `states.includes("reconnecting")`) {
			t.Error("the page didn't say that it had no connection")
		}
	}
}

// The page asks for another token and continues to show its content.
func TestConnection_EndsWithToken(t *testing.T) {
	h := localhubtest.Start(t)
	must(t, h.Provider("run-1").CreateProject(t.Context(), project("acme")))
	p := startChromium(t).open(t, h.Address(h.Token(map[string]any{"expires_in": 15}, "acme")), desktop)
	p.until(live + " && " + row("acme"))
	p.shows("Signed out: the token has expired, out of date since")
	if eval[bool](p, row("acme")+" == null") {
		t.Error("what was known isn't shown any more")
	}
	refused := startChromium(t).open(t, h.Endpoint+"/board/#token=none&ws="+h.WebSocket, desktop)
	refused.shows("The hub cannot be reached or rejects the token")
}
