//go:build browser

package board_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/event"
)

// TestFocus_AccessibleNames reads the browser's accessibility tree.
func TestFocus_AccessibleNames(t *testing.T) {
	f := showing(t, busy()...)
	p := startChromium(t).open(t, f.address(), desktop)
	p.until(live + " && " + row("partner"))
	f.say(commitsOf(f)...)
	p.shows("user former removed")
	focusable := 0
	for _, n := range p.accessible() {
		if !n.focusable {
			continue
		}
		focusable++
		if strings.TrimSpace(n.name) == "" {
			t.Errorf("a %s that takes the focus has no name", n.role)
		}
	}
	if focusable < 5 {
		t.Errorf("%d elements take the focus", focusable)
	}
	// Every reference points to an existing element, and IDs are unique.
	problems := eval[[]string](p, `(() => {
		const problems = [], ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
		for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) problems.push("two elements have the id " + id);
		for (const name of ["aria-labelledby", "aria-describedby", "aria-controls", "aria-owns", "aria-activedescendant"]) {
			for (const e of document.querySelectorAll("[" + name + "]")) {
				for (const id of e.getAttribute(name).split(" ")) if (!document.getElementById(id)) problems.push(name + " names " + id + ", which isn't there");
			}
		}
		for (const e of document.querySelectorAll("[tabindex]")) if (e.tabIndex > 0) problems.push("an order of its own: " + e.outerHTML.slice(0, 80));
		if (!document.documentElement.lang || !document.title) problems.push("the page has no language or title");
		if (document.querySelectorAll("h1").length !== 1) problems.push("the page has not one h1");
		for (const e of document.querySelectorAll("[role=treeitem]")) {
			for (const name of ["aria-level", "aria-posinset", "aria-setsize"]) if (!(e.getAttribute(name) >= 1)) problems.push(name + " of " + e.innerText);
			if (!e.closest("[role=tree]")) problems.push("outside of the tree: " + e.innerText);
		}
		return problems;
	})()`)
	if len(problems) > 0 {
		t.Errorf("%q", problems)
	}
}

// color contains color functions for expressions.
const color = `
	const parse = (c) => c.match(/[\d.]+/g).map(Number);
	const luminance = (c) => { const [r, g, b] = parse(c).map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
	const ratio = (c, d) => { const [a, b] = [luminance(c), luminance(d)]; return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); };
	const behind = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if ((parse(c)[3] ?? 1) === 1) return c; } return "rgb(255, 255, 255)"; };`

// TestFocus_Visible moves through the page by Tab. The focused element always has a visible ring.
func TestFocus_Visible(t *testing.T) {
	f := showing(t, busy()...)
	b := startChromium(t)
	for _, dark := range []bool{false, true} {
		p := b.open(t, f.address(), look{desktop.width, desktop.height, dark})
		p.until(live + " && " + row("partner"))
		var went []string
		for range 12 {
			p.press("Tab")
			at := eval[struct {
				Name  string
				Width float64
				Ratio float64
				Shown bool
			}](p, `(() => {`+color+`
				const e = document.activeElement, style = getComputedStyle(e);
				return {
					Name: e === document.body ? "" : e.id || e.tagName.toLowerCase() + " of " + (e.closest("section")?.id ?? ""), Shown: e.checkVisibility() && e.getBoundingClientRect().height > 0,
					Width: style.outlineStyle === "none" ? 0 : Number.parseFloat(style.outlineWidth), Ratio: ratio(style.outlineColor, behind(e.parentElement ?? e)),
				};
			})()`)
			if at.Name == "" {
				break
			}
			went = append(went, at.Name)
			if at.Width < 2 || at.Ratio < 3 || !at.Shown {
				t.Errorf(
					"dark %v: the focus on %s has a ring of %v pixels and a contrast of %.2f", dark, at.Name, at.Width,
					at.Ratio,
				)
			}
		}
		order := strings.Join(went, ", ")
		if !strings.HasPrefix(order, "search, summary of changes") || !strings.Contains(order, "tree") {
			t.Errorf("dark %v: the focus goes to %s", dark, order)
		}
		low := eval[[]string](p, `(() => {`+color+`
			const low = [], search = document.querySelector("#search");
			const check = (what, c, d, least) => { const r = ratio(c, d); if (r < least) low.push(what + " " + r.toFixed(2)); };
			check("the placeholder", getComputedStyle(search, "::placeholder").color, behind(search), 4.5);
			check("the border of the search", getComputedStyle(search).borderTopColor, behind(search.parentElement), 3);
			return low;
		})()`)
		if len(low) > 0 {
			t.Errorf("dark %v: %q stand out too little", dark, low)
		}
	}
}

// On a phone every target is large enough and everything fits, down to 320 pixels, the width of a
// page of 1280 pixels at a zoom of 400%.
func TestFingersAndSmallScreens(t *testing.T) {
	f := showing(t, busy()...)
	p := startChromium(t).open(t, f.address(), phone)
	p.until(live + " && " + row("partner"))
	f.say(commitsOf(f)...)
	p.shows("user former removed")
	for _, width := range []int{320, 390, 600, 820, 1280} {
		p.look(look{width: width, height: 700})
		got := eval[struct {
			Wide  int
			Small []string
			Cut   []string
		}](p, `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
			const boxes = (selector) => [...document.querySelectorAll(selector)].filter((e) => e.checkVisibility());
			done({
				Wide: document.documentElement.scrollWidth,
				Small: boxes("input, summary, [role=treeitem], button, a").filter((e) => { const r = e.getBoundingClientRect(); return r.height < 24 || r.width < 24; }).map((e) => e.outerHTML.slice(0, 80) + " " + e.getBoundingClientRect().height),
				Cut: boxes(".row .name, .row .state, .cards p, h1, h2, #freshness").filter((e) => e.getBoundingClientRect().right > innerWidth || e.getBoundingClientRect().width < 8).map((e) => e.innerText),
			});
		})))`)
		if got.Wide > width {
			t.Errorf("%d: the page is %d pixels wide", width, got.Wide)
		}
		if len(got.Cut) > 0 {
			t.Errorf("%d: these don't fit: %q", width, got.Cut)
		}
		if width < 820 && len(got.Small) > 0 {
			t.Errorf("%d: these can hardly be hit: %q", width, got.Small)
		}
		p.picture(fmt.Sprintf("width-%d", width))
	}
	if moving := eval[int](p, `document.getAnimations().length`); moving != 0 {
		t.Errorf("%d things move, though little motion is asked for", moving)
	}
}

// Screen readers announce each change of the connection's state once, and not the elapsed time.
func TestScreenReader_Announcements(t *testing.T) {
	f := showing(t, busy()...)
	p := startChromium(t).open(t, f.address(), desktop)
	p.until(live + " && " + row("partner"))
	eval[any](p, `(() => {
		window.said = [];
		for (const e of document.querySelectorAll("[role=status], [aria-live]")) {
			if (e.getAttribute("aria-live") === "assertive") said.push("interrupts: " + e.id);
			new MutationObserver(() => said.push(e.id + ": " + e.textContent.replace(/\d\d.*/, "TIME"))).observe(e, { childList: true, characterData: true, subtree: true });
		}
		window.ticks = 0;
		new MutationObserver(() => ticks++).observe(document.querySelector("#changes time"), { childList: true, characterData: true, subtree: true });
	})()`)
	p.until("ticks >= 2") // the elapsed time is shown and not announced
	f.drop()
	p.until(`said.length > 0`)
	f.open()
	p.until(live + " && said.length > 1")
	want := []string{"freshness: Reconnecting, out of date since TIME", "freshness: Live"}
	if diff := cmp.Diff(want, eval[[]string](p, "said")); diff != "" {
		t.Errorf("(- want, + got)\n%s", diff)
	}
}

// Opened elements stay open, the focus stays, and the scroll position stays while messages arrive.
func TestUpdates_KeepFocusAndSelection(t *testing.T) {
	f := showing(t, busy()...)
	p := startChromium(t).open(t, f.address(), desktop)
	p.until(live + " && " + row("partner"))
	eval[any](p, `(() => { const s = document.querySelector("#changes summary"); s.focus(); s.click(); })()`)
	change := event.OperationChange{Version: exchange().Version, Operation: busy()[0].Operation}
	change.Operation.Members = append(change.Operation.Members, "bucket another")
	f.say(f.message(event.TypeOperation, 2, change))
	p.until(row("another"))
	p.shows("bucket another")
	got := eval[string](p, `document.activeElement.tagName + " " + document.querySelector("#changes details").open`)
	if got != "SUMMARY true" {
		t.Errorf("after a message it is %s", got)
	}
	commits := commitsOf(f)
	commits[0].Seq, commits[1].Seq = 3, 4
	f.say(commits[0])
	p.shows("What changed")
	eval[any](p, `document.querySelector("#commits summary").focus()`)
	f.say(commits[1])
	p.shows("user former removed")
	if got := eval[string](p, `document.activeElement.innerText`); got != "What changed" {
		t.Errorf("after another commit the focus is on %q", got)
	}
	before := eval[string](
		p,
		`(() => { const e = `+row(
			"partner",
		)+`; e.click(); return document.querySelector("#tree").getAttribute("aria-activedescendant"); })()`,
	)
	stack := event.StackChange{StackState: exchange().StackState, Facts: exchange().Facts}
	stack.Version.LastUpdated = epoch.Add(time.Minute)
	stack.Put.Add(bucket("acme", "aaa"))
	f.say(f.message(event.TypeStack, 5, stack))
	p.until(row("aaa"))
	if after := eval[string](p, `document.querySelector("#tree").getAttribute("aria-activedescendant")`); after != before {
		t.Error("another row is the active one after a message")
	}
}
