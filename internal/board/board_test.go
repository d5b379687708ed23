package board_test

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/board"
)

func TestHandler_SecurityHeaders(t *testing.T) {
	for path, kind := range map[string]string{
		"/": "text/html", "/board.css": "text/css", "/board.js": "text/javascript", "/protocol.js": "text/javascript", "/icon.svg": "image/svg+xml",
	} {
		w := httptest.NewRecorder()
		board.Handler(board.Settings{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		h := w.Result().Header
		if w.Code != http.StatusOK || !strings.HasPrefix(h.Get("Content-Type"), kind) {
			t.Errorf("%s: %d, %s", path, w.Code, h.Get("Content-Type"))
		}
		if h.Get("Content-Security-Policy") != (board.Settings{}).Policy() || h.Get("Referrer-Policy") != "no-referrer" ||
			h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, h)
		}
	}
	if unsafe := regexp.MustCompile(`unsafe-|data:|blob:|\*`).FindString((board.Settings{}).Policy()); unsafe != "" {
		t.Errorf("the policy allows %s", unsafe)
	}
}

// The files refer only to each other and insert no text as HTML.
func TestFilesNeedNothingFromElsewhere(t *testing.T) {
	refers := regexp.MustCompile(`(?:href=|src=|from |import\()"([^"]+)"`)
	unsafe := regexp.MustCompile(
		`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|https?://\w|\son[a-z]+="`,
	)
	types := regexp.MustCompile(`/\*\* @import .* \*/`)
	references := 0
	err := fs.WalkDir(board.Files(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(name, "vendor/") {
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

// TestPolicy checks to which servers the page can connect.
func TestPolicy(t *testing.T) {
	const api = "wss://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"
	for name, c := range map[string]struct {
		settings board.Settings
		want     string
	}{
		"no settings": {board.Settings{}, "'self' ws: wss:"},
		"no issuer":   {board.Settings{WebSocket: api + "/live"}, "'self' " + api},
		"one host": {
			board.Settings{
				WebSocket: api + "/live", Issuer: "https://login.example.com/tenant", TokenEndpoint: "https://login.example.com/token",
			},
			"'self' " + api + " https://login.example.com",
		},
		"a token endpoint on another host": {
			board.Settings{
				WebSocket: api + "/live", Issuer: "https://cognito-idp.eu-west-1.amazonaws.com/pool",
				TokenEndpoint: "https://acme.auth.eu-west-1.amazoncognito.com/oauth2/token",
			},
			"'self' " + api + " https://cognito-idp.eu-west-1.amazonaws.com https://acme.auth.eu-west-1.amazoncognito.com",
		},
	} {
		got := c.settings.Policy()
		if want := "default-src 'self'; connect-src " + c.want + "; base-uri 'none'; form-action 'none'; " +
			"frame-ancestors 'none'; object-src 'none'"; got != want {
			t.Errorf("%s: %s, not %s", name, got, want)
		}
	}
}

// Nothing keeps a copy of the settings, which have no secret.
func TestHandler_Settings(t *testing.T) {
	settings := board.Settings{WebSocket: "wss://api", Issuer: "https://login", ClientID: "board", TokenEndpoint: "https://t"}
	w := httptest.NewRecorder()
	board.Handler(settings).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/config.json", nil))
	want := `{"websocket":"wss://api","issuer":"https://login","client_id":"board"}` + "\n"
	if w.Body.String() != want || w.Header().Get("Cache-Control") != "no-store" ||
		w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%s %v", w.Body, w.Header())
	}
}

// TestVendoredFiles compares the files of other authors with their checksums.
func TestVendoredFiles(t *testing.T) {
	sources, err := os.ReadFile("static/vendor/SOURCES.txt")
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir("static/vendor")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if file.Name() == "SOURCES.txt" {
			continue
		}
		content, err := os.ReadFile("static/vendor/" + file.Name())
		if err != nil {
			t.Fatal(err)
		}
		if line := fmt.Sprintf("%x  %s\n", sha256.Sum256(content), file.Name()); !strings.Contains(string(sources), line) {
			t.Errorf("SOURCES.txt does not have %s", line)
		}
	}
	if _, err := fs.Stat(board.Files(), "vendor/oauth4webapi.LICENSE.txt"); err != nil {
		t.Error("the license is not served with the library")
	}
}
