package board

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
)

//go:embed static/*.* static/vendor/*.js static/vendor/*.txt
var static embed.FS

// Settings are what the page needs to sign people in and to connect. With the zero value the page
// needs an address that contains a token.
type Settings struct {
	// WebSocket is the URL of the WebSocket API, as in
	// wss://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/live.
	WebSocket string `json:"websocket,omitempty"`
	// Issuer is the URL of the OIDC issuer, and ClientID the board's public client there.
	Issuer   string `json:"issuer,omitempty"`
	ClientID string `json:"client_id,omitempty"`
	// Scope lists the requested scopes, separated by spaces; "" means openid. The page adds
	// offline_access if the issuer supports it.
	Scope string `json:"scope,omitempty"`
	// ProjectsClaim is the claim of the ID token that names the projects; "" means stowage_projects.
	ProjectsClaim string `json:"projects_claim,omitempty"`
	// TokenEndpoint is the issuer's token endpoint, whose host may differ from the issuer's; ""
	// means that it does not.
	TokenEndpoint string `json:"-"`
}

// Policy returns the content security policy of the page. It allows connections to the WebSocket
// API and the issuer only. Without the WebSocket API's URL it allows every WebSocket, since the
// page's address names one.
func (s Settings) Policy() string {
	connect := []string{"'self'"}
	if s.WebSocket == "" {
		connect = append(connect, "ws:", "wss:")
	}
	for _, address := range []string{s.WebSocket, s.Issuer, s.TokenEndpoint} {
		if origin := originOf(address); origin != "" && connect[len(connect)-1] != origin {
			connect = append(connect, origin)
		}
	}
	return "default-src 'self'; connect-src " + strings.Join(connect, " ") +
		"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
}

// originOf returns the scheme, host and port of a URL; "" for anything else.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// Files returns the page's files; index.html is the page.
func Files() fs.FS {
	files, err := fs.Sub(static, "static")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return files
}

// versions are the entity tags of the files by path.
var versions = func() map[string]string {
	tags := map[string]string{}
	err := fs.WalkDir(Files(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(Files(), name)
		sum := sha256.Sum256(content)
		tags["/"+name] = `"` + hex.EncodeToString(sum[:8]) + `"`
		return err
	})
	if err != nil {
		panic(err) // the files are embedded
	}
	tags["/"] = tags["/index.html"]
	return tags
}()

// Handler serves the page at /, with headers that isolate it, and the settings at /config.json.
func Handler(settings Settings) http.Handler {
	files, policy := http.FileServerFS(Files()), settings.Policy()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Strict-Transport-Security", "max-age=31536000") // browsers ignore it on http
		h.Set("X-Content-Type-Options", "nosniff")
		tag, exists := versions[r.URL.Path]
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "The board can only be read.", http.StatusMethodNotAllowed)
		case r.URL.Path == "/config.json":
			h.Set("Cache-Control", "no-store")
			h.Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(settings) // the client may have disconnected
		case exists:
			h.Set("Cache-Control", "no-cache") // file names contain no versions
			h.Set("Etag", tag)
			files.ServeHTTP(w, r)
		default:
			h.Set("Cache-Control", "no-store")
			http.NotFound(w, r)
		}
	})
}
