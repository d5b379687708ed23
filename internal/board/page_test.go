//go:build browser

package board_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	devtools "github.com/chromedp/cdproto/page"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

const live = `document.querySelector("#freshness").textContent === "Live"`

// exchange returns a project that contains every kind of object.
func exchange() event.StackSnapshot {
	var e event.Entities
	e.Add(model.Project{Name: "acme", AccountID: account, Region: region, OnDelete: model.Refuse, SFTP: true})
	for _, name := range []string{"archive", "inbox", "outbox"} {
		e.Add(bucket("acme", name))
	}
	e.Buckets[0].ObjectLock = &model.ObjectLock{Mode: "COMPLIANCE", Days: 365}
	old := time.Now().AddDate(0, 0, -140).UTC()
	e.Add(
		model.User{
			Name: "auditor",
			AccessKey: &model.AccessKey{
				Rotation: &model.Rotation{EveryDays: 90, OverlapDays: 7},
				Keys:     map[model.Slot]model.Key{"a": {Created: time.Now().UTC()}},
			},
		},
	)
	e.Add(
		model.User{
			Name: "courier", SourceIPs: []string{"203.0.113.0/24"},
			AccessKey: &model.AccessKey{Keys: map[model.Slot]model.Key{"a": {Created: old}}},
		},
	)
	e.Add(model.User{Name: "partner", SFTP: &model.SFTP{}})
	e.Add(model.Permission{User: "auditor", Bucket: "archive", Access: model.Read})
	e.Add(model.Permission{User: "courier", Bucket: "inbox", Access: model.Write})
	e.Add(model.Permission{User: "courier", Bucket: "returns", Prefix: "2025/", Access: model.Read})
	e.Add(
		model.Permission{User: "partner", Bucket: "inbox", Prefix: "incoming/", Access: model.ReadWrite, AllowDelete: true},
	)
	e.Add(model.Permission{User: "partner", Bucket: "outbox", Access: model.Read})
	s := stackOf(e)
	s.Facts.Policies = map[string]int{"auditor": 9}
	s.Facts.Drift = []event.Drift{{Text: "Bucketinbox /Properties/VersioningConfiguration was changed by hand"}}
	return s
}

func busy() []event.StackSnapshot {
	s := exchange()
	s.Operation = &event.Operation{
		Token:   "t",
		Run:     "run-CZcmD7eagjhyX0vN",
		Who:     "arn:aws:sts::000000000000:assumed-role/Deploy/alice",
		Started: time.Now().Add(-83 * time.Second).UTC(),
		Expires: time.Now().Add(time.Hour).UTC(),
		Members: []string{
			"bucket inbox", "bucket returns", "user partner", "permission partner/outbox",
			"permission courier/returns/2025/",
		},
	}
	second := stackOf(event.Entities{})
	second.Shard, second.StackName, second.Status = 1, "stowage-acme-1", "UPDATE_ROLLBACK_FAILED"
	return []event.StackSnapshot{s, second}
}

func commitsOf(f *fake) []event.Message {
	var all []event.Message
	for n, c := range []event.StackChange{
		{StackState: exchange().StackState, Ended: &event.Operation{Who: "arn:aws:iam::000000000000:user/bob", Started: time.Now().Add(-40 * time.Second).UTC()}},
		{StackState: exchange().StackState},
	} {
		c.Version.LastUpdated = epoch.Add(-time.Hour)
		c.Facts = exchange().Facts
		if n == 0 {
			for i := range 6 {
				c.Put.Add(bucket("acme", fmt.Sprintf("delivery-%d", i)))
			}
		} else {
			c.Status, c.Removed = "UPDATE_ROLLBACK_COMPLETE", []model.ID{{Kind: model.KindUser, Name: "former"}}
		}
		m := f.message(event.TypeStack, int64(n+2), c)
		m.Run = "run-7"
		all = append(all, m)
	}
	return all
}

func TestAttention(t *testing.T) {
	f := showing(t, busy()...)
	p := startChromium(t).open(t, f.address(), desktop)
	p.until(live)
	f.say(commitsOf(f)...)
	for _, text := range []string{
		"stowage-acme-1 is in UPDATE_ROLLBACK_FAILED", "Permission without a bucket", "The permission of courier names returns", "auditor has little room for permissions", "9 of 10 policies",
		"Old key of courier", "Key a is 140 days old and is never rotated", "VersioningConfiguration was changed by hand",
		"alice (Deploy) · run-CZcmD7eagjhyX0vN · for 1 min", "bucket delivery-0", "rolled back", "user former removed",
	} {
		p.shows(text)
	}
	if strings.Contains(p.text(), "Old key of auditor") {
		t.Error("a key is called old whose rotation isn't due")
	}
	for name, l := range map[string]look{"desktop-light": desktop, "desktop-dark": {desktop.width, desktop.height, true}, "phone-light": phone, "phone-dark": {phone.width, phone.height, true}} {
		p.look(l)
		p.until("new Promise((f) => requestAnimationFrame(() => requestAnimationFrame(() => f(true))))")
		p.picture(name)
		if wide := eval[int](p, "document.documentElement.scrollWidth"); wide > l.width {
			t.Errorf("%s: the page is %d pixels wide", name, wide)
		}
	}
}

// No address bar, history or request contains the token, and a reload works without it.
func TestToken_RemovedFromAddress(t *testing.T) {
	f := showing(t, exchange())
	p := startChromium(t).open(t, f.url+"/#token=secret.to.ken", desktop)
	p.until(live)
	if at := eval[string](p, "location.href"); at != f.url+"/" {
		t.Errorf("the address is %s", at)
	}
	call(p, devtools.Reload, devtools.ReloadParams{})
	p.until(live)
	if offered := f.subprotocols(); offered != strings.TrimSuffix(
		strings.Repeat("stowage.v1, stowage.token.secret.to.ken\n", 2), "\n",
	) {
		t.Errorf("offered were %q", offered)
	}
	fresh := startChromium(t).open(t, f.url+"/", desktop)
	fresh.shows("Not signed in")
}

// TestADroppedConnectionMissesNothing checks what the page shows without a connection, and that
// nothing is missing afterwards.
func TestADroppedConnectionMissesNothing(t *testing.T) {
	f := showing(t, exchange())
	p := startChromium(t).open(t, f.address(), desktop)
	p.until(live + " && " + row("inbox"))
	f.drop()
	p.until(`/^Reconnecting, out of date since \d/.test(document.querySelector("#freshness").textContent)`)
	if eval[bool](p, row("inbox")+" == null") {
		t.Error("what was known isn't shown any more")
	}
	p.picture("reconnecting")
	greet := f.greet
	f.greet = func(hello event.Hello) []event.Message {
		if at := hello.Projects["acme"]; at != (event.Position{Epoch: "e", Seq: 1}) {
			t.Errorf("it came back with %+v", hello)
		}
		welcome := greet(hello)[0]
		change := event.StackChange{StackState: exchange().StackState, Facts: exchange().Facts}
		change.Version.LastUpdated = epoch.Add(time.Minute)
		change.Put.Add(bucket("acme", "meanwhile"))
		return []event.Message{welcome, f.message(event.TypeStack, 2, change)}
	}
	f.open()
	p.until(live)
	p.until(row("meanwhile") + `.dataset.state === "changed"`)
}

// Everything works by keyboard and has a name for screen readers.
func TestWithoutAMouse(t *testing.T) {
	f := showing(t, busy()...)
	p := startChromium(t).open(t, f.address(), desktop)
	p.until(live + " && " + row("partner"))
	active := func() string {
		return eval[string](
			p,
			`document.getElementById(document.querySelector("#tree").getAttribute("aria-activedescendant"))?.querySelector(".name").textContent ?? ""`,
		)
	}
	p.press("/")
	if at := eval[string](p, "document.activeElement.id"); at != "search" {
		t.Fatalf("the focus is on %q", at)
	}
	p.press("Enter")
	if at := eval[string](p, "document.activeElement.id"); at != "tree" {
		t.Fatalf("the focus is on %q", at)
	}
	for _, c := range []struct{ keys, want string }{
		{"ArrowDown", "archive"}, {"End", "outbox/"}, {"ArrowLeft", "partner"}, {"ArrowLeft", "partner"}, {"ArrowRight ArrowRight", "inbox/incoming/"}, {"Home", "acme"},
		{"ArrowLeft", "acme"}, {"ArrowDown", "acme"}, {"ArrowRight ArrowDown", "archive"}, {"ArrowUp ArrowUp", "acme"}, {"PageDown", "outbox/"},
	} {
		p.press(strings.Fields(c.keys)...)
		if got := active(); got != c.want {
			t.Errorf("after %s it is on %q, not %q", c.keys, got, c.want)
		}
	}
	p.picture("keyboard")

	roles := map[string]int{}
	for _, n := range p.accessible() {
		roles[n.role]++
		switch n.role {
		case "treeitem", "tree", "searchbox", "heading", "region", "DisclosureTriangle":
			if strings.TrimSpace(n.name) == "" {
				t.Errorf("a %s has no name", n.role)
			}
		}
		if n.role == "treeitem" && strings.Contains(n.name, "returns") && !strings.Contains(n.name, "being created") &&
			!strings.Contains(n.name, "being changed") {
			t.Errorf("the state isn't in %q", n.name)
		}
	}
	for role, least := range map[string]int{"banner": 1, "main": 1, "region": 4, "tree": 1, "treeitem": 5, "searchbox": 1, "status": 2} {
		if roles[role] < least {
			t.Errorf("there are %d elements with the role %s", roles[role], role)
		}
	}
}

// contrasts returns the texts of the page with too little contrast, computed from what the browser
// draws.
const contrasts = `(() => {
	const parse = (c) => { const n = c.match(/[\d.]+/g).map(Number); return { rgb: n.slice(0, 3), a: n[3] ?? 1 }; };
	const luminance = (rgb) => { const [r, g, b] = rgb.map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
	const behind = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.a === 1) return c.rgb; } return [255, 255, 255]; };
	const low = new Set();
	let looked = 0;
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let n; (n = walker.nextNode());) {
		const e = n.parentElement;
		if (!n.data.trim() || !e.checkVisibility() || e.matches(".spoken, script, noscript")) continue;
		looked++;
		const a = luminance(parse(getComputedStyle(e).color).rgb), b = luminance(behind(e));
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (ratio < 4.5) low.add(n.data.trim().slice(0, 40) + " " + ratio.toFixed(2));
	}
	return { low: [...low], looked };
})()`

func TestTextsCanBeRead(t *testing.T) {
	f := showing(t, busy()...)
	b := startChromium(t)
	for _, dark := range []bool{false, true} {
		p := b.open(t, f.address(), look{desktop.width, desktop.height, dark})
		p.until(live + " && " + row("partner"))
		f.say(commitsOf(f)...)
		p.shows("user former removed")
		for _, state := range []string{"live", "reconnecting", "expired"} {
			eval[any](p, fmt.Sprintf(`document.querySelector("#freshness").dataset.state = %q`, state))
			got := eval[struct {
				Low    []string
				Looked int
			}](p, contrasts)
			if len(got.Low) > 0 || got.Looked < 40 {
				t.Errorf("dark %v, %s: of %d texts these can hardly be read: %q", dark, state, got.Looked, got.Low)
			}
		}
	}
}

// A large project needs few elements and the search works. It logs durations.
func TestFiveThousandEntities(t *testing.T) {
	var e event.Entities
	e.Add(model.Project{Name: "acme", AccountID: account, Region: region, OnDelete: model.Refuse})
	for n := range 1000 {
		e.Add(bucket("acme", fmt.Sprintf("bucket-%04d", n)))
		e.Add(model.User{Name: fmt.Sprintf("user-%04d", n)})
		for i := range 3 {
			e.Add(
				model.Permission{
					User: fmt.Sprintf("user-%04d", n), Bucket: fmt.Sprintf("bucket-%04d", (n+i)%1000), Access: model.Read,
				},
			)
		}
	}
	f := showing(t, stackOf(e))
	p := startChromium(t).open(t, f.address(), desktop)
	p.until(live + " && " + row("bucket-0000"))
	measured := func(name, expression, shown string) {
		t.Helper()
		took := eval[float64](p, fmt.Sprintf(`(async () => {
			const began = performance.now();
			%s;
			for (let n = 0; n < 600 && !(%s); n++) await new Promise(requestAnimationFrame);
			return performance.now() - began;
		})()`, expression, shown))
		if drawn := eval[int](p, `document.querySelectorAll("#tree .row").length`); drawn > 60 {
			t.Errorf("%s: %d rows are in the page", name, drawn)
		}
		if !eval[bool](p, "Boolean("+shown+")") {
			t.Errorf("%s: it isn't shown", name)
		}
		t.Logf("%s: %.0f ms", name, took)
	}
	measured("scrolling to the end", `document.querySelector("#tree").scrollTop = 1e9`, row("user-0999"))
	measured(
		"searching",
		`document.querySelector("#search").value = "user-0777"; document.querySelector("#search").dispatchEvent(new Event("input"))`,
		row("user-0777"),
	)
	p.shows("1 found")
	p.picture("search")
	measured(
		"searching for what all have",
		`document.querySelector("#search").value = "bucket"; document.querySelector("#search").dispatchEvent(new Event("input"))`,
		`document.querySelector("#found").textContent === "4,000 found"`,
	)
	measured(
		"clearing the search",
		`document.querySelector("#search").value = ""; document.querySelector("#search").dispatchEvent(new Event("input"))`,
		row("user-0999")+" || "+row("bucket-0000"),
	)
	eval[any](p, `document.querySelector("#tree").scrollTop = 0`)

	// A hundred changes in a row do not freeze the page, and cause few drawings.
	eval[any](
		p,
		`window.longest = 0; new PerformanceObserver((l) => { for (const e of l.getEntries()) longest = Math.max(longest, e.duration); }).observe({ type: "longtask" })`,
	)
	var storm []event.Message
	for n := range 100 {
		change := event.StackChange{StackState: stackOf(e).StackState, Facts: &event.Facts{MaxPolicies: 10}}
		change.Version.LastUpdated = epoch.Add(time.Duration(n+1) * time.Second)
		change.Put.Add(bucket("acme", fmt.Sprintf("a-%03d", n)))
		storm = append(storm, f.message(event.TypeStack, int64(n+2), change))
	}
	began := time.Now()
	f.say(storm...)
	p.until(row("a-000") + ` && document.querySelector("#tree .row .badge").textContent === "1,100 buckets"`)
	t.Logf(
		"a hundred changes: %d ms, the longest task %.0f ms", time.Since(began).Milliseconds(),
		eval[float64](p, "longest"),
	)
	p.picture("large")
}
