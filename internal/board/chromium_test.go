//go:build browser

package board_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	devtools "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// pictures is the folder for screenshots of the tests; "" for none.
var pictures = flag.String("board.pictures", "", "folder for pictures of the page")

const patience = 30 * time.Second

type chromium struct {
	ctx context.Context
}

func startChromium(t *testing.T) *chromium {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(cmp.Or(os.Getenv("CHROMIUM"), "chromium")), chromedp.UserDataDir(t.TempDir()),
		// In containers tests run as root, for which the kernel's sandbox is not available.
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WSURLReadTimeout(patience))
	allocator, release := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	t.Cleanup(release)
	ctx, stop := chromedp.NewContext(allocator)
	t.Cleanup(stop)
	must(t, chromedp.Do(ctx))
	return &chromium{ctx: ctx}
}

type page struct {
	t   *testing.T
	ctx context.Context

	mu     sync.Mutex
	errors []string // exceptions of the page and messages of the console
}

type look struct {
	width, height int
	dark          bool
}

var desktop, phone = look{width: 1280, height: 860}, look{width: 390, height: 844}

// open opens a page at an address, in a profile of its own.
func (b *chromium) open(t *testing.T, url string, l look) *page {
	t.Helper()
	p := &page{t: t}
	ctx, closePage := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(p.happened))
	p.ctx = ctx
	t.Cleanup(func() {
		for _, problem := range p.problems() {
			t.Errorf("the page: %s", problem)
		}
		closePage()
	})
	must(t, chromedp.Do(ctx)) // opens the tab, which lives as long as this context
	p.look(l)
	call(p, devtools.Navigate, devtools.NavigateParams{URL: url})
	return p
}

func call[P, R any](p *page, command cdp.Command[P, R], params P) R {
	p.t.Helper()
	return run(
		p,
		func(ctx context.Context, tab *chromedp.Target) (R, error) { return cdp.Call(ctx, tab, command, params) },
	)
}

func run[T any](p *page, action chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	result, err := chromedp.Run(ctx, action)
	must(p.t, err)
	return result
}

func (p *page) look(l look) {
	p.t.Helper()
	scheme := "light"
	if l.dark {
		scheme = "dark"
	}
	call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: int64(l.width), Height: int64(l.height), DeviceScaleFactor: 1, Mobile: l.width < 600,
	})
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

func (p *page) happened(event any) {
	problem := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		problem = e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			problem += " " + e.ExceptionDetails.Exception.Description
		}
	case *log.EventEntryAdded:
		if e.Entry.Level != log.EntryLevelError {
			return
		}
		problem = e.Entry.Text + " " + e.Entry.URL
	case *runtime.EventConsoleAPICalled:
		if e.Type != runtime.ConsoleAPICalledTypeError && e.Type != runtime.ConsoleAPICalledTypeWarning {
			return
		}
		for _, arg := range e.Args {
			problem += string(arg.Value) + " "
		}
	default:
		return
	}
	if strings.Contains(problem, "WebSocket connection to") {
		return // the browser logs every failed connection
	}
	if os.Getenv(issuerVariable) != "" && containsAny(problem, "/favicon.ico", "https://fonts.googleapis.com/") {
		return // what the sign-in page of a foreign issuer lacks
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.errors = append(p.errors, problem)
}

func (p *page) problems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.errors
}

// eval evaluates an expression, waits for it if it is a promise, and decodes its value. undefined
// is the zero value.
func eval[T any](p *page, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	userGesture := func(params *runtime.EvaluateParams) { gesture := true; params.UserGesture = &gesture }
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise, userGesture))
	if err != nil && !errors.Is(err, chromedp.ErrJSUndefined) && !errors.Is(err, chromedp.ErrJSNull) {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// arriving is eval for expressions during which the page may be left for another one, where they are
// evaluated again.
func arriving[T any](p *page, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	for {
		value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
		if err == nil {
			return value
		}
		if !containsAny(err.Error(), "navigated", "context", "Promise was collected") || ctx.Err() != nil {
			p.t.Fatalf("%s: %v", expression, err)
		}
	}
}

// until waits until an expression is true, and evaluates it with every frame.
func (p *page) until(expression string) {
	p.t.Helper()
	holds := arriving[bool](p, fmt.Sprintf(`(async () => {
		const end = performance.now() + %d;
		for (;;) {
			try { if (%s) return true; } catch {} // it isn't there yet
			if (performance.now() > end) return false;
			await new Promise((f) => { const t = setTimeout(f, 50); requestAnimationFrame(() => { clearTimeout(t); f(); }); });
		}
	})()`, (patience-5*time.Second).Milliseconds(), expression))
	if !holds {
		p.t.Fatalf("it never came that %s; the page shows\n%s", expression, p.text())
	}
}

func (p *page) text() string {
	p.t.Helper()
	return eval[string](p, "document.body.innerText")
}

func (p *page) shows(text string) {
	p.t.Helper()
	encoded, err := json.Marshal(text)
	must(p.t, err)
	p.until(fmt.Sprintf("document.body.innerText.includes(%s)", encoded))
}

var keys = map[string]string{
	"ArrowDown":  kb.ArrowDown,
	"ArrowLeft":  kb.ArrowLeft,
	"ArrowRight": kb.ArrowRight,
	"ArrowUp":    kb.ArrowUp,
	"End":        kb.End,
	"Enter":      kb.Enter,
	"Escape":     kb.Escape,
	"Home":       kb.Home,
	"PageDown":   kb.PageDown,
	"PageUp":     kb.PageUp,
	"Tab":        kb.Tab,
}

// press presses keys, given by name or as letters.
func (p *page) press(names ...string) {
	p.t.Helper()
	for _, name := range names {
		key, named := keys[name]
		if !named && len(name) != 1 {
			p.t.Fatalf("there is no key %s", name)
		}
		// chromedp.KeyEvent sends a char event besides the down event, so the character would
		// appear although the page prevented the down event. A down event with text makes both, as
		// a real key does.
		down := kb.Keys[[]rune(cmp.Or(key, name))[0]]
		params := input.DispatchKeyEventParams{
			Type: input.DispatchKeyEventTypeKeyDown, Key: down.Key, Code: down.Code, Text: down.Text,
			WindowsVirtualKeyCode: down.Windows,
		}
		call(p, input.DispatchKeyEvent, params)
		params.Type, params.Text = input.DispatchKeyEventTypeKeyUp, ""
		call(p, input.DispatchKeyEvent, params)
	}
}

type node struct {
	role, name string
	focusable  bool
}

// accessible returns the accessibility tree, as a screen reader gets it.
func (p *page) accessible() []node {
	p.t.Helper()
	text := func(v *accessibility.Value) string {
		var decoded string
		if v != nil && len(v.Value) > 0 {
			must(p.t, json.Unmarshal(v.Value, &decoded))
		}
		return decoded
	}
	var nodes []node
	for _, n := range call(p, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{}).Nodes {
		if n.Ignored {
			continue
		}
		found := node{role: text(n.Role), name: text(n.Name)}
		for _, property := range n.Properties {
			found.focusable = found.focusable || property.Name == "focusable" && string(property.Value.Value) == "true"
		}
		nodes = append(nodes, found)
	}
	return nodes
}

func (p *page) picture(name string) {
	p.t.Helper()
	if *pictures == "" {
		return
	}
	data := run(p, chromedp.CaptureScreenshot())
	must(p.t, os.MkdirAll(*pictures, 0o750))
	must(p.t, os.WriteFile(filepath.Join(*pictures, name+".png"), data, 0o600))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
