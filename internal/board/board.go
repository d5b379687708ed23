package board

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed static
var static embed.FS

// Policy is the content security policy of the page. Handler sends it; other servers should.
const Policy = "default-src 'self'; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"

// Files returns the page's files; index.html is the page.
func Files() fs.FS {
	files, err := fs.Sub(static, "static")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return files
}

// Handler serves the page at /, with headers that isolate it.
func Handler() http.Handler {
	files := http.FileServerFS(Files())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", Policy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-cache") // file names contain no versions
		files.ServeHTTP(w, r)
	})
}
