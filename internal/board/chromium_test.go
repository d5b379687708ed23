//go:build browser

package board_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// pictures is the folder into which tests write pictures of the page; "" for none.
var pictures = flag.String("board.pictures", "", "folder for pictures of the page")

// patience is the most that a page may take for what a test waits for.
const patience = 30 * time.Second

// chromium is a browser without a window, driven by the DevTools protocol.
type chromium struct {
	t      *testing.T
	socket *websocket.Conn

	mu      sync.Mutex // protects what follows
	last    int
	answers map[int]chan answer
	pages   map[string]*page // by session
}

type answer struct {
	result json.RawMessage
	err    error
}

// command is what the DevTools protocol sends either way.
type command struct {
	ID        int             `json:"id,omitempty"`
	SessionID string          `json:"sessionId,omitempty"`
	Method    string          `json:"method,omitempty"`
	Params    any             `json:"params,omitempty"`
	Result    json.RawMessage `json:"result,omitempty"`
	Error     *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

var listening = regexp.MustCompile(`DevTools listening on (ws://\S+)`)

// startChromium starts a browser that lives as long as the test.
func startChromium(t *testing.T) *chromium {
	t.Helper()
	name := os.Getenv("CHROMIUM")
	if name == "" {
		name = "chromium"
	}
	// The kernel's sandbox isn't there for root, as which tests run in containers.
	process := exec.Command(name, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--hide-scrollbars", "--remote-debugging-port=0", "--user-data-dir="+t.TempDir(), "about:blank")
	log, err := process.StderrPipe()
	must(t, err)
	must(t, process.Start())
	lines := bufio.NewScanner(log)
	address := ""
	for address == "" && lines.Scan() {
		if found := listening.FindStringSubmatch(lines.Text()); found != nil {
			address = found[1]
		}
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		for lines.Scan() { // lest the browser waits for a reader
		}
	}()
	b := &chromium{t: t, answers: map[int]chan answer{}, pages: map[string]*page{}}
	t.Cleanup(func() {
		if b.socket != nil {
			_, _ = b.call("", "Browser.close", nil) // it goes before it answers
			_ = b.socket.CloseNow()
		}
		stop := time.AfterFunc(5*time.Second, func() { _ = process.Process.Kill() })
		<-drained
		_ = process.Wait()
		stop.Stop()
	})
	if address == "" {
		t.Fatalf("%s didn't say where it listens", name)
	}
	b.socket, _, err = websocket.Dial(t.Context(), address, nil)
	must(t, err)
	b.socket.SetReadLimit(64 << 20)
	go b.read()
	return b
}

// read takes what the browser says, until its end.
func (b *chromium) read() {
	for {
		_, text, err := b.socket.Read(context.Background())
		if err != nil {
			b.mu.Lock()
			for id, waiting := range b.answers {
				waiting <- answer{err: err}
				delete(b.answers, id)
			}
			b.mu.Unlock()
			return
		}
		var c struct {
			command
			Params json.RawMessage `json:"params"`
		}
		if json.Unmarshal(text, &c) != nil {
			continue
		}
		b.mu.Lock()
		waiting, p := b.answers[c.ID], b.pages[c.SessionID]
		delete(b.answers, c.ID)
		b.mu.Unlock()
		switch {
		case waiting != nil && c.Error != nil:
			waiting <- answer{err: errors.New(c.Error.Message)}
		case waiting != nil:
			waiting <- answer{result: c.Result}
		case p != nil:
			p.happened(c.Method, c.Params)
		}
	}
}

func (b *chromium) call(session, method string, params any) (json.RawMessage, error) {
	waiting := make(chan answer, 1)
	b.mu.Lock()
	b.last++
	id := b.last
	b.answers[id] = waiting
	b.mu.Unlock()
	text, err := json.Marshal(command{ID: id, SessionID: session, Method: method, Params: params})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := b.socket.Write(ctx, websocket.MessageText, text); err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	select {
	case a := <-waiting:
		if a.err != nil {
			return nil, fmt.Errorf("%s: %w", method, a.err)
		}
		return a.result, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%s: no answer", method)
	}
}

// page is a tab.
type page struct {
	t       *testing.T
	b       *chromium
	session string

	mu     sync.Mutex
	errors []string // that the page has thrown or the console has shown
}

type params map[string]any

// look is how a page is looked at.
type look struct {
	width, height int
	dark          bool
}

var desktop, phone = look{width: 1280, height: 860}, look{width: 390, height: 844}

// open opens a page at an address, in a profile of its own.
func (b *chromium) open(t *testing.T, url string, l look) *page {
	t.Helper()
	var made struct{ BrowserContextID, TargetID, SessionID string }
	into := func(raw json.RawMessage, err error) {
		t.Helper()
		must(t, err)
		must(t, json.Unmarshal(raw, &made))
	}
	into(b.call("", "Target.createBrowserContext", params{}))
	into(b.call("", "Target.createTarget", params{"url": "about:blank", "browserContextId": made.BrowserContextID, "width": l.width, "height": l.height}))
	into(b.call("", "Target.attachToTarget", params{"targetId": made.TargetID, "flatten": true}))
	p := &page{t: t, b: b, session: made.SessionID}
	b.mu.Lock()
	b.pages[p.session] = p
	b.mu.Unlock()
	t.Cleanup(func() {
		for _, problem := range p.problems() {
			t.Errorf("the page: %s", problem)
		}
		_, _ = b.call("", "Target.closeTarget", params{"targetId": made.TargetID}) // the browser may have gone already
	})
	p.call("Runtime.enable", nil)
	p.call("Log.enable", nil)
	p.call("Page.enable", nil)
	p.look(l)
	p.call("Page.navigate", params{"url": url})
	return p
}

// look sets the size and the color scheme.
func (p *page) look(l look) {
	p.t.Helper()
	scheme := "light"
	if l.dark {
		scheme = "dark"
	}
	p.call("Emulation.setDeviceMetricsOverride", params{"width": l.width, "height": l.height, "deviceScaleFactor": 1, "mobile": l.width < 600})
	p.call("Emulation.setEmulatedMedia", params{"features": []params{{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"}}})
}

func (p *page) call(method string, given params) json.RawMessage {
	p.t.Helper()
	result, err := p.b.call(p.session, method, given)
	must(p.t, err)
	return result
}

// happened notes what the page complains of.
func (p *page) happened(method string, raw json.RawMessage) {
	var event struct {
		ExceptionDetails struct {
			Text      string
			Exception struct{ Description string }
		}
		Entry struct{ Level, Text, URL string }
		Type  string
		Args  []struct{ Value any }
	}
	if json.Unmarshal(raw, &event) != nil {
		return
	}
	problem := ""
	switch {
	case method == "Runtime.exceptionThrown":
		problem = event.ExceptionDetails.Text + " " + event.ExceptionDetails.Exception.Description
	case method == "Log.entryAdded" && event.Entry.Level == "error":
		problem = event.Entry.Text + " " + event.Entry.URL
	case method == "Runtime.consoleAPICalled" && (event.Type == "error" || event.Type == "warning"):
		problem = fmt.Sprint(event.Args)
	default:
		return
	}
	if strings.Contains(problem, "WebSocket connection to") {
		return // the browser says so itself whenever a connection fails
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

// eval evaluates an expression, waits for it if it is a promise, and decodes what it gives.
func eval[T any](p *page, expression string) T {
	p.t.Helper()
	raw := p.call("Runtime.evaluate", params{"expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true})
	var result struct {
		Result           struct{ Value T }
		ExceptionDetails *struct {
			Exception struct{ Description string }
		}
	}
	must(p.t, json.Unmarshal(raw, &result))
	if result.ExceptionDetails != nil {
		p.t.Fatalf("%s: %s", expression, result.ExceptionDetails.Exception.Description)
	}
	return result.Result.Value
}

// until waits until an expression is true. It is looked at with every frame.
func (p *page) until(expression string) {
	p.t.Helper()
	holds := eval[bool](p, fmt.Sprintf(`(async () => {
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

// text is all that the page shows.
func (p *page) text() string {
	p.t.Helper()
	return eval[string](p, "document.body.innerText")
}

// shows waits for a text, in whatever case.
func (p *page) shows(text string) {
	p.t.Helper()
	encoded, err := json.Marshal(text)
	must(p.t, err)
	p.until(fmt.Sprintf("document.body.innerText.includes(%s)", encoded))
}

// press presses keys, by their names or, for letters, by themselves.
func (p *page) press(keys ...string) {
	p.t.Helper()
	for _, key := range keys {
		down := params{"type": "keyDown", "key": key}
		if len(key) == 1 {
			down["text"] = key
		}
		if code, ok := map[string]int{"Tab": 9, "Enter": 13, "Escape": 27}[key]; ok {
			down["windowsVirtualKeyCode"] = code
		}
		p.call("Input.dispatchKeyEvent", down)
		p.call("Input.dispatchKeyEvent", params{"type": "keyUp", "key": key})
	}
}

// picture writes a picture of the page, if the tests were asked for pictures.
func (p *page) picture(name string) {
	p.t.Helper()
	if *pictures == "" {
		return
	}
	var shot struct{ Data string }
	must(p.t, json.Unmarshal(p.call("Page.captureScreenshot", params{"format": "png"}), &shot))
	data, err := base64.StdEncoding.DecodeString(shot.Data)
	must(p.t, err)
	must(p.t, os.MkdirAll(*pictures, 0o750))
	must(p.t, os.WriteFile(filepath.Join(*pictures, name+".png"), data, 0o600))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
