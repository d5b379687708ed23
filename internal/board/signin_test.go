//go:build browser

package board_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	devtools "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/stowage/terraform-provider-stowage/internal/board"
	"github.com/stowage/terraform-provider-stowage/internal/cmd/localhub"
	"github.com/stowage/terraform-provider-stowage/internal/cmd/localhub/localhubtest"
)

// issuerVariable names an OIDC issuer of another author, on which make conformance runs the tests.
const issuerVariable = "STOWAGE_TEST_OIDC_ISSUER"

// identityProvider is an OIDC issuer with its sign-in page.
type identityProvider interface {
	// start starts a hub whose board signs people in at the issuer.
	start(t *testing.T) localhubtest.Hub
	// enter fills in the sign-in page. The ID token expires after a few seconds if brief is set.
	enter(p *page, who visitor)
	// cancel leaves the sign-in page.
	cancel(p *page)
}

// visitor is a person at the sign-in page.
type visitor struct {
	name string
	// refused: the token names no project.
	refused bool
	// brief: the token expires after a few seconds.
	brief bool
}

func provider() identityProvider {
	if issuer := os.Getenv(issuerVariable); issuer != "" {
		return foreignIssuer{issuer}
	}
	return sandboxIssuer{}
}

type sandboxIssuer struct{}

func (sandboxIssuer) start(t *testing.T) localhubtest.Hub { t.Helper(); return localhubtest.Start(t) }

func (sandboxIssuer) enter(p *page, who visitor) {
	p.t.Helper()
	projects, seconds := "*", 3600
	if who.refused {
		projects = ""
	}
	if who.brief {
		seconds = 12
	}
	p.until(`document.querySelector("input[name=user]")`)
	p.picture("sandbox-form")
	eval[any](p, fmt.Sprintf(`(() => {
		document.querySelector("input[name=user]").value = %q;
		document.querySelector("input[name=projects]").value = %q;
		document.querySelector("input[name=expires_in]").value = "%d";
		document.querySelector("button[value=sign-in]").click();
	})()`, who.name, projects, seconds))
}

func (sandboxIssuer) cancel(p *page) {
	p.t.Helper()
	p.until(`document.querySelector("button[value=cancel]")`)
	eval[any](p, `document.querySelector("button[value=cancel]").click()`)
}

const (
	signInButton  = `document.querySelector("#sign-in")`
	signedIn      = live + ` && !document.querySelector("#account").hidden`
	freshnessText = `document.querySelector("#freshness").textContent`
)

func (p *page) pressSignIn() {
	p.t.Helper()
	p.until(signInButton + ` && ` + signInButton + `.checkVisibility() && !` + signInButton + `.disabled`)
	eval[any](p, signInButton+".click()")
}

func (p *page) openTab(address string) *page {
	p.t.Helper()
	other := &page{t: p.t}
	ctx, closePage := chromedp.NewContext(p.ctx, chromedp.WithListener(other.happened))
	other.ctx = ctx
	p.t.Cleanup(func() {
		for _, problem := range other.problems() {
			p.t.Errorf("the second tab: %s", problem)
		}
		closePage()
	})
	must(p.t, chromedp.Do(ctx))
	other.look(desktop)
	call(other, devtools.Navigate, devtools.NavigateParams{URL: address})
	return other
}

// TestSignIn_Live signs a person in at the address of an object, and reloads the page.
func TestSignIn_Live(t *testing.T) {
	idp := provider()
	h := idp.start(t)
	must(t, h.Provider("run-1").CreateProject(t.Context(), project("acme")))
	p := startChromium(t).open(t, h.Board+"#/acme", desktop)
	p.until(signInButton + `.checkVisibility()`)
	if text := p.text(); !containsAny(text, "Not signed in") || containsAny(text, "acme", "Loading", "Nothing needs") {
		t.Errorf("before the sign-in the page says\n%s", text)
	}
	p.picture("sign-in")
	p.pressSignIn()
	idp.enter(p, visitor{name: "alice"})
	p.until(signedIn + " && " + row("acme"))
	p.until(detailText + `.includes("stowage-acme-0: ")`)
	if at := eval[string](p, "location.href"); at != h.Board+"#/acme" {
		t.Errorf("the address is %s", at)
	}
	if who := eval[string](p, `document.querySelector("#person").textContent`); who != "alice" {
		t.Errorf("the person is %q", who)
	}
	if stored := eval[string](p, `JSON.stringify({ ...sessionStorage }) + JSON.stringify({ ...localStorage })`); stored != "{}{}" {
		t.Errorf("the browser stores %s", stored)
	}
	p.picture("signed-in")
	for name, l := range map[string]look{
		"signed-in-dark":  {desktop.width, desktop.height, true},
		"signed-in-phone": phone,
	} {
		p.look(l)
		p.until("new Promise((f) => requestAnimationFrame(() => requestAnimationFrame(() => f(true))))")
		p.picture(name)
		if wide := eval[int](p, "document.documentElement.scrollWidth"); wide > l.width {
			t.Errorf("%s: the page is %d pixels wide", name, wide)
		}
	}
	p.look(desktop)
	call(p, devtools.Reload, devtools.ReloadParams{})
	p.until(signedIn + " && " + row("acme"))
}

// TestSignIn_Refused signs in a person whose token names no project, and one who cancels.
func TestSignIn_Refused(t *testing.T) {
	idp := provider()
	h := idp.start(t)
	p := startChromium(t).open(t, h.Board, desktop)
	p.pressSignIn()
	idp.enter(p, visitor{name: "mallory", refused: true})
	p.shows("You have access to no project: the claim stowage_projects of your token names none.")
	p.picture("no-project")
	p.look(phone)
	p.until("new Promise((f) => requestAnimationFrame(() => requestAnimationFrame(() => f(true))))")
	p.picture("no-project-phone")
	if wide := eval[int](p, "document.documentElement.scrollWidth"); wide > phone.width {
		t.Errorf("the page is %d pixels wide", wide)
	}
	for _, dark := range []bool{true, false} {
		p.look(look{desktop.width, desktop.height, dark})
		got := eval[struct {
			Low    []string
			Looked int
		}](p, contrasts)
		if len(got.Low) > 0 || got.Looked < 5 {
			t.Errorf("dark %v: of %d texts these can hardly be read: %q", dark, got.Looked, got.Low)
		}
	}
	var reached []string
	for range 2 {
		p.press("Tab")
		reached = append(reached, eval[string](p, "document.activeElement.textContent"))
	}
	if got := strings.Join(reached, ", "); got != "Sign in, Sign out" {
		t.Errorf("Tab reaches %q", got)
	}
	if !eval[bool](p, `document.querySelector("#sign-out").checkVisibility()`) {
		t.Error("the person cannot sign out")
	}

	other := startChromium(t).open(t, h.Board, desktop)
	other.pressSignIn()
	idp.cancel(other)
	other.until(freshnessText + `.includes("refused the sign-in: ")`)
	other.until(`location.href === ` + quote(h.Board))
}

// The connection changes to a renewed token without an interruption.
func TestSignIn_Renewal(t *testing.T) {
	idp := provider()
	h := idp.start(t)
	must(t, h.Provider("run-1").CreateProject(t.Context(), project("acme")))
	p := startChromium(t).open(t, h.Board, desktop)
	p.pressSignIn()
	idp.enter(p, visitor{name: "alice", brief: true})
	p.until(signedIn + " && " + row("acme"))
	eval[any](p, `(() => {
		window.states = [];
		new MutationObserver(() => states.push(document.querySelector("#freshness").dataset.state))
			.observe(document.querySelector("#freshness"), { attributes: true });
		window.opened = 0;
		const Native = WebSocket;
		window.WebSocket = class extends Native { constructor(...all) { super(...all); opened++; } };
		window.began = Date.now();
	})()`)
	p.until(`opened >= 2`) // two tokens later
	if states := eval[[]string](p, `states.filter((s) => s !== "live")`); len(states) > 0 {
		t.Errorf("the page was %q meanwhile", states)
	}
	must(t, h.Provider("run-2").Create(t.Context(), "acme", bucket("acme", "inbox")))
	p.until(row("inbox"))
}

// TestSignIn_Expiry checks the page of a person whose token is not renewed, who then signs in again.
func TestSignIn_Expiry(t *testing.T) {
	idp := provider()
	h := idp.start(t)
	must(t, h.Provider("run-1").CreateProject(t.Context(), project("acme")))
	p := startChromium(t).open(t, h.Board, desktop)
	p.pressSignIn()
	idp.enter(p, visitor{name: "unrenewed", brief: true})
	p.until(signedIn + " && " + row("acme"))
	if ender, ok := idp.(interface{ end(localhubtest.Hub) }); ok {
		ender.end(h)
	}
	p.until(freshnessText + `.startsWith("Signed out: the session has expired, out of date since ")`)
	if eval[bool](p, row("acme")+" == null") {
		t.Error("what was known isn't shown any more")
	}
	p.picture("session-expired")
	p.mu.Lock()
	p.errors = nil // the browser reports the refused renewal
	p.mu.Unlock()
	p.pressSignIn()
	if _, ok := idp.(interface{ end(localhubtest.Hub) }); ok {
		idp.enter(p, visitor{name: "alice"}) // the others' session continues
	}
	p.until(signedIn + " && " + row("acme"))
}

func (sandboxIssuer) end(h localhubtest.Hub) { h.EndSessions() }

// Nothing is left of a session in both tabs of a person.
func TestSignIn_SignOut(t *testing.T) {
	idp := provider()
	h := idp.start(t)
	must(t, h.Provider("run-1").CreateProject(t.Context(), project("acme")))
	p := startChromium(t).open(t, h.Board, desktop)
	p.pressSignIn()
	idp.enter(p, visitor{name: "alice"})
	p.until(signedIn + " && " + row("acme"))

	second := p.openTab(h.Board)
	second.until(freshnessText + ` === "Not signed in"`) // no tab has another's token
	second.pressSignIn()
	second.until(signedIn + " && " + row("acme")) // without the form: the session continues

	eval[any](second, `document.querySelector("#sign-out").click()`)
	if ending, ok := idp.(interface{ confirmSignOut(*page) }); ok {
		ending.confirmSignOut(second)
	}
	for name, tab := range map[string]*page{"first": p, "second": second} {
		tab.until(freshnessText + ` === "Not signed in"`)
		if text := tab.text(); containsAny(text, "acme", "alice") {
			t.Errorf("the %s tab still shows\n%s", name, text)
		}
		if stored := eval[string](tab, `JSON.stringify({ ...sessionStorage })`); stored != "{}" {
			t.Errorf("the %s tab stores %s", name, stored)
		}
	}
	p.pressSignIn()
	idp.enter(p, visitor{name: "bob"}) // the form again
	p.until(signedIn + ` && document.querySelector("#person").textContent === "bob"`)
}

// TestSignIn_SecondTab renews the tokens of two tabs of one person. A tab that is duplicated during
// the session has no token.
func TestSignIn_SecondTab(t *testing.T) {
	idp := provider()
	h := idp.start(t)
	p := startChromium(t).open(t, h.Board, desktop)
	p.pressSignIn()
	idp.enter(p, visitor{name: "alice", brief: true})
	p.until(signedIn)
	second := p.openTab(h.Board)
	second.pressSignIn()
	second.until(signedIn)
	for _, tab := range []*page{p, second} {
		eval[any](tab, `(() => {
			window.opened = 0;
			const Native = WebSocket;
			window.WebSocket = class extends Native { constructor(...all) { super(...all); opened++; } };
		})()`)
	}
	for _, tab := range []*page{p, second} {
		tab.until("opened >= 1 && " + signedIn)
	}
}

// TestBoard_TamperedSignIn changes the authorization request. The board or the issuer must refuse each.
func TestBoard_TamperedSignIn(t *testing.T) {
	h := localhubtest.Start(t)
	b := startChromium(t)
	for name, c := range map[string]struct{ parameter, want string }{
		"another state":     {"state", "The sign-in failed: "},
		"another nonce":     {"nonce", "The sign-in failed: "},
		"another challenge": {"code_challenge", "refused the sign-in: code_verifier does not match code_challenge"},
	} {
		t.Run(name, func(t *testing.T) {
			p := b.open(t, h.Board, desktop)
			p.pressSignIn()
			p.until(`document.querySelector("input[name=user]")`)
			request, err := url.Parse(eval[string](p, "location.href"))
			must(t, err)
			query := request.Query()
			query.Set(c.parameter, strings.Repeat("A", 43))
			request.RawQuery = query.Encode()
			call(p, devtools.Navigate, devtools.NavigateParams{URL: request.String()})
			sandboxIssuer{}.enter(p, visitor{name: "mallory"})
			p.until(freshnessText + ".includes(" + quote(c.want) + ")")
			p.mu.Lock()
			p.errors = nil // the browser reports the status 400
			p.mu.Unlock()
		})
	}
	t.Run("a code of another tab", func(t *testing.T) {
		p := b.open(t, h.Board+"?code=stolen&state=any", desktop)
		p.until(freshnessText + ` === "This sign-in was not started in this tab, or was used before."`)
		p.until(`location.href === ` + quote(h.Board))
	})
}

// TestBoard_IssuerUnreachable checks the text when the issuer does not answer, answers with an
// error, or has no discovery document.
func TestBoard_IssuerUnreachable(t *testing.T) {
	b := startChromium(t)
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"no answer":   {nil, "cannot be reached."},
		"an error":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, "cannot be reached."},
		"no document": {http.NotFound, "has no valid discovery document: "},
	} {
		t.Run(name, func(t *testing.T) {
			issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Access-Control-Allow-Origin", "*")
				c.answer(w, r)
			}))
			defer issuer.Close()
			if c.answer == nil {
				issuer.Close()
			}
			server := httptest.NewServer(board.Handler(board.Settings{
				WebSocket: "ws://127.0.0.1:1/live", Issuer: issuer.URL, ClientID: "board",
			}))
			defer server.Close()
			p := b.open(t, server.URL, desktop)
			p.pressSignIn()
			p.until(freshnessText + ".includes(" + quote(c.want) + ")")
			p.pressSignIn() // it can be tried again
			p.mu.Lock()
			p.errors = nil // the browser reports the failed requests
			p.mu.Unlock()
		})
	}
}

// foreignIssuer is an issuer of another author: internal/tools/conformance/oidc.
type foreignIssuer struct{ url string }

// start registers the board at the issuer, as its administrator does.
func (i foreignIssuer) start(t *testing.T) localhubtest.Hub {
	t.Helper()
	return localhubtest.StartWith(t, func(ctx context.Context, address string) (localhub.Registration, error) {
		body, err := json.Marshal(map[string]any{
			"redirect_uris": []string{address}, "post_logout_redirect_uris": []string{address},
			"token_endpoint_auth_method": "none", "grant_types": []string{"authorization_code", "refresh_token"},
			"response_types": []string{"code"}, "application_type": "web",
		})
		if err != nil {
			return localhub.Registration{}, err
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, i.url+"/reg", bytes.NewReader(body))
		if err != nil {
			return localhub.Registration{}, err
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return localhub.Registration{}, err
		}
		defer func() { _ = response.Body.Close() }()
		answer, err := io.ReadAll(response.Body)
		if err != nil {
			return localhub.Registration{}, err
		}
		var client struct {
			ID string `json:"client_id"`
		}
		if err := json.Unmarshal(answer, &client); err != nil || client.ID == "" {
			return localhub.Registration{}, fmt.Errorf("registering the board: %s: %s", response.Status, answer)
		}
		return localhub.Registration{Issuer: i.url, ClientID: client.ID}, nil
	})
}

func (foreignIssuer) enter(p *page, who visitor) {
	p.t.Helper()
	p.until(`document.querySelector("input[name=login]")`)
	eval[any](p, fmt.Sprintf(`(() => {
		document.querySelector("input[name=login]").value = %q;
		document.querySelector("input[name=password]").value = "any";
		document.querySelector("form").requestSubmit();
	})()`, who.name))
	p.until(`document.querySelector("input[name=prompt][value=consent]")`)
	eval[any](p, `document.querySelector("form").requestSubmit()`)
}

func (foreignIssuer) cancel(p *page) {
	p.t.Helper()
	p.until(`document.querySelector("a[href$='/abort']")`)
	eval[any](p, `document.querySelector("a[href$='/abort']").click()`)
}

func (foreignIssuer) confirmSignOut(p *page) {
	p.t.Helper()
	p.until(`document.querySelector("button[name=logout]")`)
	eval[any](p, `document.querySelector("button[name=logout]").click()`)
}
