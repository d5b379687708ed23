//go:build browser

package board_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/board"
	"github.com/stowage/terraform-provider-stowage/internal/cmd/localhub/localhubtest"
)

// TestExample_WebClient opens examples/web-client as its README describes: from a web server of its
// own, against a hub.
func TestExample_WebClient(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir("../../examples/web-client")))
	for _, file := range []string{"/connection.js", "/protocol.js", "/view.js"} {
		mux.Handle(file, http.FileServerFS(board.Files()))
	}
	mux.HandleFunc("/favicon.ico", func(http.ResponseWriter, *http.Request) {}) // browsers request it automatically
	server := httptest.NewServer(mux)
	defer server.Close()

	h := localhubtest.Start(t)
	address, err := url.Parse(h.Address(h.Token(nil, "*")))
	must(t, err)
	p := startChromium(t).open(t, server.URL+"/#"+address.EscapedFragment(), desktop)
	p.shows("Live")
	s := h.Provider("run-1")
	must(t, s.CreateProject(t.Context(), project("acme")))
	must(t, s.Create(t.Context(), "acme", bucket("acme", "inbox")))
	p.shows("acme: inbox is acme-inbox-" + account)
	must(t, s.Delete(t.Context(), "acme", bucket("acme", "inbox").ID()))
	p.until(`!document.body.innerText.includes("inbox")`)
}
