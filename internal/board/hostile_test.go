//go:build browser

package board_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// hostile returns text that would become an element and run a script if inserted as HTML.
func hostile(name string) string {
	return name + `"><img src=x onerror="window.pwned=1"><script>pwned=1</script>`
}

// TestHostileText puts markup into every text that users and AWS can write, and
// finds it in the page as text.
func TestHostileText(t *testing.T) {
	var e event.Entities
	e.Add(model.Project{Name: "acme", AccountID: hostile("account"), Region: hostile("region")})
	e.Add(model.Bucket{Name: hostile("bucket"), BucketName: hostile("bucket name")})
	e.Add(
		model.User{
			Name:      hostile("user"),
			AccessKey: &model.AccessKey{Keys: map[model.Slot]model.Key{model.Slot(hostile("slot")): {}}},
		},
	)
	e.Add(
		model.Permission{
			User: hostile("user"), Bucket: "gone", Prefix: hostile("prefix"), Access: model.Access(hostile("access")),
		},
	)
	stack := stackOf(e)
	stack.Status, stack.Reason = "UPDATE_ROLLBACK_FAILED", hostile("reason")
	stack.Facts.Drift = []event.Drift{{Text: hostile("deviation")}}
	stack.Facts.Policies = map[string]int{hostile("policies"): 10}
	stack.Operation = &event.Operation{
		Token:   hostile("token"),
		Run:     hostile("run"),
		Who:     hostile("who"),
		Members: []string{"bucket " + hostile("member"), hostile("member without a kind")},
		Started: time.Now().UTC(),
		Expires: time.Now().Add(time.Hour).UTC(),
	}
	f := showing(t, stack)
	p := startChromium(t).open(t, f.address(), desktop)
	p.until(live)
	change := event.StackChange{
		StackState: stack.StackState, Ended: &event.Operation{Who: hostile("committer")},
		Removed: []model.ID{{Kind: model.KindUser, Name: hostile("former")}},
	}
	change.Status, change.StackName, change.Version.Phase = hostile("STATUS"), hostile("stack"), 9
	change.Facts = stack.Facts
	m := f.message(event.TypeStack, 2, change)
	m.Run = hostile("committing run")
	f.say(m)
	p.press("/")
	call(p, input.InsertText, input.InsertTextParams{Text: "<img"}) // a search expands everything
	for _, what := range []string{
		"bucket", "bucket name", "user", "slot", "prefix", "deviation", "policies", "run", "who", "member", "committer", "former", "committing run",
	} {
		encoded, err := json.Marshal(hostile(what))
		must(t, err)
		p.until("document.body.textContent.includes(" + string(encoded) + ")")
	}
	if found := eval[int](
		p,
		`document.querySelectorAll("img, script:not([src='board.js']), [onerror]").length + (window.pwned ?? 0)`,
	); found != 0 {
		t.Errorf("%d elements or scripts are in the page that a name contains", found)
	}
	p.picture("hostile")
}

// The browser runs only the page's own scripts, even if the page contains another one.
func TestContentSecurityPolicy(t *testing.T) {
	f := showing(t, exchange())
	p := startChromium(t).open(t, f.address(), desktop)
	p.until(live)
	eval[any](p, `(() => {
		window.refused = [];
		document.addEventListener("securitypolicyviolation", (e) => refused.push(e.effectiveDirective));
		const script = document.createElement("script");
		script.textContent = "window.pwned = 1";
		const picture = document.createElement("img");
		picture.src = "https://example.com/picture";
		document.body.append(script, picture);
		fetch("https://example.com/").catch(() => {});
	})()`)
	p.until(
		`refused.includes("script-src-elem") && refused.includes("img-src") && refused.includes("connect-src") && !window.pwned`,
	)
	p.mu.Lock()
	p.errors = nil // the browser reports each, as it should
	p.mu.Unlock()
}
