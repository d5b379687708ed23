package board_test

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/board"
)

// TestHandler_SecurityHeaders checks the headers of the page.
func TestHandler_SecurityHeaders(t *testing.T) {
	for path, kind := range map[string]string{
		"/": "text/html", "/board.css": "text/css", "/board.js": "text/javascript", "/protocol.js": "text/javascript", "/icon.svg": "image/svg+xml",
	} {
		w := httptest.NewRecorder()
		board.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		h := w.Result().Header
		if w.Code != http.StatusOK || !strings.HasPrefix(h.Get("Content-Type"), kind) {
			t.Errorf("%s: %d, %s", path, w.Code, h.Get("Content-Type"))
		}
		if h.Get("Content-Security-Policy") != board.Policy || h.Get("Referrer-Policy") != "no-referrer" ||
			h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, h)
		}
	}
	if unsafe := regexp.MustCompile(`unsafe-|data:|blob:|\*`).FindString(board.Policy); unsafe != "" {
		t.Errorf("the policy allows %s", unsafe)
	}
}

// TestFilesNeedNothingFromElsewhere checks that the files refer only to each other and insert no
// text as HTML.
func TestFilesNeedNothingFromElsewhere(t *testing.T) {
	refers := regexp.MustCompile(`(?:href=|src=|from |import\()"([^"]+)"`)
	unsafe := regexp.MustCompile(
		`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|https?://\w|\son[a-z]+="`,
	)
	types := regexp.MustCompile(`/\*\* @import .* \*/`)
	references := 0
	err := fs.WalkDir(board.Files(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(board.Files(), name)
		if err != nil {
			return err
		}
		for _, found := range refers.FindAllStringSubmatch(types.ReplaceAllString(string(text), ""), -1) {
			references++
			if _, err := fs.Stat(board.Files(), strings.TrimPrefix(found[1], "./")); err != nil {
				t.Errorf("%s refers to %s: %v", name, found[1], err)
			}
		}
		for _, found := range unsafe.FindAllString(strings.ReplaceAll(string(text), "http://www.w3.org/2000/svg", ""), -1) {
			t.Errorf("%s has %q", name, found)
		}
		return nil
	})
	if err != nil || references < 6 {
		t.Errorf("%d references, error %v", references, err)
	}
}
