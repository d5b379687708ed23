//go:build browser

package board_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	devtools "github.com/chromedp/cdproto/page"

	"github.com/stowage/terraform-provider-stowage/internal/event"
)

const detailText = `document.querySelector("#detail").innerText`

// TestBoard_DetailOfBucket opens the panel of a bucket by mouse and checks its settings, the users
// with access and its changes.
func TestBoard_DetailOfBucket(t *testing.T) {
	f := showing(t, exchange())
	p := startChromium(t).open(t, f.address(), desktop)
	p.until(live + " && " + row("inbox"))
	eval[any](p, row("inbox")+".click()")
	for _, text := range []string{
		"Bucket inbox", "Bucket name\nacme-inbox-111122223333-eu-west-1-an", "Versioning\nOn",
		"The project's key",
		"courier: Write, the whole bucket", "partner: Read and write, delete, below incoming/", "No changes in the last 24 hours.",
	} {
		p.shows(text)
	}
	if at := eval[string](p, "location.hash"); at != "#/acme/bucket/inbox" {
		t.Errorf("the address is %s", at)
	}
	link := eval[string](p, `document.querySelector("#detail .links a").href`)
	if want := "https://eu-west-1.console.aws.amazon.com/s3/buckets/acme-inbox-111122223333-eu-west-1-an?region=eu-west-1"; link != want {
		t.Errorf("the link to the console is %s, not %s", link, want)
	}
	p.picture("detail")

	change := event.StackChange{StackState: exchange().StackState, Facts: exchange().Facts}
	change.Version.LastUpdated = epoch.Add(time.Minute)
	unversioned := bucket("acme", "inbox")
	unversioned.Unversioned = true
	change.Put.Add(unversioned)
	message := f.message(event.TypeStack, 2, change)
	message.Run = "run-9"
	f.say(message)
	p.until(detailText + `.includes("Versioning\nOff")`)
	p.until(detailText + `.includes("changed by run-9")`)
}

// TestBoard_DetailByKeyboard opens, follows and closes the panel without a mouse. The focus moves
// into the panel and back.
func TestBoard_DetailByKeyboard(t *testing.T) {
	f := showing(t, exchange())
	p := startChromium(t).open(t, f.address(), desktop)
	p.until(live + " && " + row("courier"))
	p.press("/", "Enter", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "Enter")
	for _, text := range []string{
		"User courier", "IAM user\nacme-courier", "203.0.113.0/24", "Key a: 140 days old", "inbox/: Write",
		"with the key from the secret stowage/acme/courier", "s3://acme-inbox-111122223333-eu-west-1-an/", "Key a is 140 days old and is never rotated",
	} {
		p.until(detailText + ".includes(" + quote(text) + ")")
	}
	if at := eval[string](p, "document.activeElement.id"); at != "detail-title" {
		t.Errorf("the focus is on %q", at)
	}
	eval[any](p, `[...document.querySelectorAll("#detail a")].find((a) => a.textContent.startsWith("inbox/")).focus()`)
	p.press("Enter")
	p.until(`document.querySelector("#detail-title").textContent === "Bucket inbox"`)
	p.press("Escape")
	p.until(`document.querySelector("#detail").hidden && location.hash === "" && document.activeElement.id === "tree"`)
}

func TestBoard_DetailAddress(t *testing.T) {
	f := showing(t, exchange())
	p := startChromium(t).open(t, f.address(), desktop)
	p.until(live + " && " + row("inbox"))
	for hash, want := range map[string]string{
		"#/acme/permission/partner/inbox/incoming/": "Read and write, delete",
		"#/acme":               "stowage-acme-0: UPDATE_COMPLETE",
		"#/acme/bucket/absent": "The bucket does not exist in the project acme.",
		"#/other/bucket/inbox": "The bucket does not exist in the project other.",
	} {
		eval[any](p, "location.hash = "+quote(hash))
		p.until(detailText + ".includes(" + quote(want) + ")")
	}
	eval[any](p, `location.hash = "#/acme/user/partner"`)
	call(p, devtools.Reload, devtools.ReloadParams{})
	p.until(detailText + `.includes("SFTP as partner")`)
	eval[any](p, "history.back()")
	p.until(`!` + detailText + `.includes("SFTP as partner")`)
}

// TestBoard_DriftAge shows in a project's details when its stacks were checked for drift.
func TestBoard_DriftAge(t *testing.T) {
	checked := time.Now().Add(-190 * time.Minute).UTC()
	for want, s := range map[string]event.StackSnapshot{
		"never checked for drift":          exchange(),
		"checked for drift 3 h 10 min ago": exchange(),
	} {
		if !strings.HasPrefix(want, "never") {
			s.Facts.DriftChecked = &checked
		}
		f := showing(t, s)
		p := startChromium(t).open(t, f.address(), desktop)
		p.until(live + " && " + row("acme"))
		eval[any](p, row("acme")+".click()")
		p.until(detailText + ".includes(" + quote(want) + ")")
	}
}

// TestBoard_Filter shows only the objects that are changing or need attention, with their parents.
func TestBoard_Filter(t *testing.T) {
	f := showing(t, busy()...)
	p := startChromium(t).open(t, f.address(), desktop)
	p.until(live + " && " + row("archive"))
	eval[any](p, `document.querySelector("#filter").click()`)
	p.until("!" + row("archive"))
	names := eval[[]string](
		p,
		`[...document.querySelectorAll("#tree .row")].sort((a, b) => a.dataset.row - b.dataset.row).map((r) => r.querySelector(".name").textContent)`,
	)
	want := []string{"acme", "inbox", "returns", "auditor", "courier", "returns/2025/", "partner", "outbox/"}
	if !slices.Equal(names, want) {
		t.Errorf("the rows are %q, not %q", names, want)
	}
	p.picture("filter")
}

// No section claims to be empty before the first snapshot.
func TestBoard_Loading(t *testing.T) {
	var f *fake
	f = newFake(t, func(event.Hello) []event.Message {
		return []event.Message{f.message(event.TypeWelcome, 0, event.Welcome{
			Protocol:         "1.0",
			HeartbeatSeconds: 60,
			Ends:             time.Now().Add(time.Hour).UTC(),
			Projects:         map[string]event.Position{"acme": {Epoch: "e", Seq: 1}},
		})}
	})
	p := startChromium(t).open(t, f.address(), desktop)
	p.until(live)
	claims := func() []string {
		return eval[[]string](
			p,
			`[...document.querySelectorAll("section .empty")].filter((e) => e.checkVisibility()).map((e) => e.textContent)`,
		)
	}
	if got := claims(); strings.Join(got, ", ") != "Loading, Loading, Loading, Loading" {
		t.Errorf("before the snapshot the sections say %q", got)
	}
	f.say(f.message(event.TypeSnapshot, 1, event.Snapshot{Stacks: []event.StackSnapshot{stackOf(event.Entities{})}}))
	p.until(`!document.body.innerText.includes("Loading")`)
	p.shows("No changes in progress.")
}

func quote(text string) string { return strconv.Quote(text) }
