//go:build browser

package board_test

import (
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// row is an expression for the row of a name: its element, null when there is none.
func row(name string) string {
	return `[...document.querySelectorAll("#tree .row")].find((r) => r.querySelector(".name").textContent === "` + name + `")`
}

// TestAnApplyAppearsAsItHappens has a browser look on while things are made: first as being changed, then settled.
func TestAnApplyAppearsAsItHappens(t *testing.T) {
	b, h := startChromium(t), startHub(t)
	everything, foreign := b.open(t, h.Board, desktop), b.open(t, h.address("globex"), desktop)
	everything.until(`document.querySelector("#freshness").textContent === "Live"`)
	foreign.until(`document.querySelector("#freshness").textContent === "Live"`)

	s := h.process("run-42")
	must(t, s.CreateProject(t.Context(), project("acme")))
	everything.until(row("acme"))
	done := make(chan error)
	go func() { done <- s.Create(t.Context(), "acme", bucket("acme", "inbox")) }()
	everything.until(row("inbox") + `.dataset.state === "creating"`)
	everything.until(`document.querySelector("#changes").innerText.includes("bucket inbox") && document.querySelector("#changes").innerText.includes("run-42")`)
	everything.picture("changing")
	must(t, <-done)
	everything.until(row("inbox") + `.dataset.state === "changed"`)
	everything.until(`!document.querySelector("#changes").innerText.includes("inbox")`)
	everything.until(`document.querySelector("#commits").innerText.includes("bucket inbox")`)
	must(t, s.Create(t.Context(), "acme", model.User{Name: "partner", AccessKey: &model.AccessKey{}}))
	must(t, s.Create(t.Context(), "acme", model.Permission{User: "partner", Bucket: "inbox", Prefix: "incoming/", Access: model.ReadWrite}))
	everything.until(row("partner"))
	everything.picture("settled")

	foreign.until(`document.querySelector("#projects .empty").textContent === "There is no project that you may see."`)
	if text := foreign.text(); containsAny(text, "acme", "inbox", "partner", "111122223333") {
		t.Errorf("somebody without the claim sees\n%s", text)
	}
}
