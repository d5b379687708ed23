//go:build browser

package board_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/board"
)

// fakes installs a clock, a random source and sockets that follow a scenario. It records what
// happens, with the seconds since the scenario's start. token(n) expires after n seconds.
const fakes = `import("./connection.js").then(({ Connection }) => {
	let now = 1_700_000_000_000, timers = [];
	const began = now, log = [], sockets = [];
	const note = (what) => log.push((now - began) / 1000 + " " + what);
	const timer = (f, ms, every) => { const t = { f, at: now + ms, every }; timers.push(t); return t; };
	window.setTimeout = (f, ms) => timer(f, ms);
	window.setInterval = (f, ms) => timer(f, ms, ms);
	window.clearTimeout = (t) => { timers = timers.filter((other) => other !== t); };
	Date.now = () => now;
	Math.random = () => 0.5;
	window.WebSocket = class {
		static CONNECTING = 0;
		static OPEN = 1;
		readyState = 0;
		constructor(url, protocols) {
			this.number = sockets.push(this);
			note("socket " + this.number + " opens" + (this.number === 1 ? " " + url + " " + protocols : ""));
		}
		send(text) { const m = JSON.parse(text); note("socket " + this.number + " is sent " + m.type + " " + JSON.stringify(m.data?.projects ?? {})); }
		close(code) { if (this.readyState === 3) return; note("socket " + this.number + " is closed " + code); if (this.answers !== false) this.end(); }
		end() { this.readyState = 3; this.onclose?.({}); }
		come() { this.readyState = 1; this.onopen({}); }
		say(m) { this.onmessage({ data: JSON.stringify({ v: 1, ...m }) }); }
		welcome(seconds = 60) { this.say({ type: "welcome", data: { protocol: "1.0", heartbeat_seconds: seconds, projects: { demo: { epoch: "e", seq: 3 } } } }); }
		snapshot() { this.say({ type: "snapshot", project: "demo", epoch: "e", seq: 3, data: { stacks: [] } }); }
	};
	window.pass = (seconds) => {
		const end = now + seconds * 1000;
		for (;;) {
			timers.sort((a, b) => a.at - b.at);
			const next = timers[0];
			if (!next || next.at > end) break;
			now = Math.max(now, next.at);
			if (next.every) next.at += next.every;
			else timers.shift();
			next.f();
		}
		now = end;
	};
	window.token = (seconds) => "head." + btoa(JSON.stringify({ exp: (now / 1000) + seconds })).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "") + ".signature";
	window.last = () => sockets.at(-1);
	window.untilNext = () => { for (const n = sockets.length; sockets.length === n;) pass(0.25); };
	window.log = log;
	window.connect = (token) => {
		window.connection = new Connection("wss://hub", token, { onState: (state) => note(state), onChange: () => {} });
		connection.open();
		return last();
	};
})`

// TestConnection_KeptAlive checks the events of a connection to the millisecond.
func TestConnection_KeptAlive(t *testing.T) {
	server := httptest.NewServer(board.Handler(board.Settings{}))
	defer server.Close()
	b := startChromium(t)
	for name, c := range map[string]struct{ scenario, want string }{
		"comes up, and comes back with its place": {
			`const a = connect("t"); pass(1); a.come(); a.welcome(); a.snapshot(); pass(9); a.end(); pass(0.75); last().come(); last().welcome(); pass(0.25); if (connection.since !== Date.now() - 250) log.push("since " + connection.since)`,
			`0 socket 1 opens wss://hub stowage.v1,stowage.token.t
			1 socket 1 is sent hello {}
			1 live
			10 reconnecting
			10.75 socket 2 opens
			10.75 socket 2 is sent hello {"demo":{"epoch":"e","seq":3}}
			10.75 live`,
		},
		"waits longer and longer, by chance": {
			`const a = connect("t"); a.come(); a.welcome(); for (let n = 0; n < 8; n++) { last().end(); untilNext(); } if (connection.since !== Date.now() - 90_750) log.push("since " + connection.since)`,
			`0 socket 1 opens wss://hub stowage.v1,stowage.token.t
			0 socket 1 is sent hello {}
			0 live
			0 reconnecting
			0.75 socket 2 opens
			2.25 socket 3 opens
			5.25 socket 4 opens
			11.25 socket 5 opens
			23.25 socket 6 opens
			45.75 socket 7 opens
			68.25 socket 8 opens
			90.75 socket 9 opens`,
		},
		"says when it never came up": {
			`connect("t"); for (let n = 0; n < 4; n++) { last().end(); pass(10); } last().come(); last().welcome()`,
			`0 socket 1 opens wss://hub stowage.v1,stowage.token.t
			0.75 socket 2 opens
			11.5 socket 3 opens
			20 refused
			23 socket 4 opens
			36 socket 5 opens
			40 socket 5 is sent hello {}
			40 live`,
		},
		"doesn't wait for an attempt that hangs": {
			`connect("t"); pass(25)`,
			`0 socket 1 opens wss://hub stowage.v1,stowage.token.t
			21 socket 1 is closed 4000
			21.75 socket 2 opens`,
		},
		"is given up when nothing comes for two heartbeats": {
			`const a = connect("t"); a.answers = false; a.come(); a.welcome(5); pass(9); a.say({ type: "heartbeat", data: {} }); pass(11.5); pass(0.5)`,
			`0 socket 1 opens wss://hub stowage.v1,stowage.token.t
			0 socket 1 is sent hello {}
			0 live
			20 socket 1 is closed 4000
			20 reconnecting
			20.75 socket 2 opens`,
		},
		"opens another one before an announced end": {
			`const a = connect("t"); a.come(); a.welcome(); a.snapshot(); a.say({ type: "reconnect", data: { spread_seconds: 20 } }); a.say({ type: "reconnect", data: { spread_seconds: 20 } });
			 pass(11); a.say({ type: "operation", project: "demo", epoch: "e", seq: 4, data: {} }); last().come(); last().welcome(); pass(60); log.push(connection.client.view("demo").position.seq)`,
			`0 socket 1 opens wss://hub stowage.v1,stowage.token.t
			0 socket 1 is sent hello {}
			0 live
			10 socket 2 opens
			11 socket 2 is sent hello {"demo":{"epoch":"e","seq":4}}
			11 socket 1 is closed 1000
			4`,
		},
		"keeps the old one when the next doesn't come up": {
			`const a = connect("t"); a.come(); a.welcome(); a.say({ type: "reconnect", data: { spread_seconds: 20 } }); pass(10); last().end(); pass(5); a.end(); pass(1)`,
			`0 socket 1 opens wss://hub stowage.v1,stowage.token.t
			0 socket 1 is sent hello {}
			0 live
			10 socket 2 opens
			15 reconnecting
			15.75 socket 3 opens`,
		},
		"takes a successor that comes up late": {
			`const a = connect("t"); a.come(); a.welcome(); a.say({ type: "reconnect", data: { spread_seconds: 20 } }); pass(10); a.end(); pass(0.5); last().come(); last().welcome(); pass(60)`,
			`0 socket 1 opens wss://hub stowage.v1,stowage.token.t
			0 socket 1 is sent hello {}
			0 live
			10 socket 2 opens
			10 reconnecting
			10.5 socket 2 is sent hello {}
			10.5 live`,
		},
		"ends with its token": {
			`const a = connect(token(100)); log[0] = ""; a.come(); a.welcome(); pass(99); a.say({ type: "heartbeat", data: {} }); pass(200)`,
			`
			0 socket 1 is sent hello {}
			0 live
			100 socket 1 is closed 1000
			100 expired`,
		},
		"continues with a renewed token": {
			`const a = connect(token(100)); log[0] = ""; a.come(); a.welcome(); pass(50); connection.renew(token(100)); last().come(); last().welcome(); pass(60)`,
			`
			0 socket 1 is sent hello {}
			0 live
			50 socket 2 opens
			50 socket 2 is sent hello {}
			50 socket 1 is closed 1000`,
		},
		"tries again until the renewed token connects": {
			`const a = connect(token(100)); log[0] = ""; a.come(); a.welcome(); pass(50); connection.renew(token(100)); last().end(); pass(11); last().come(); pass(30)`,
			`
			0 socket 1 is sent hello {}
			0 live
			50 socket 2 opens
			61 socket 3 opens
			61 socket 3 is sent hello {}
			61 socket 1 is closed 1000`,
		},
		"comes back when an expired token is renewed": {
			`const a = connect(token(10)); log[0] = ""; a.come(); a.welcome(); pass(20); connection.renew(token(100)); last().come(); last().welcome()`,
			`
			0 socket 1 is sent hello {}
			0 live
			10 socket 1 is closed 1000
			10 expired
			20 reconnecting
			20 socket 2 opens
			20 socket 2 is sent hello {}
			20 live`,
		},
		"isn't tried without a good token": {`connect(token(-1)); pass(100)`, `0 expired`},
		"isn't tried when the page is too old": {
			`const a = connect("t"); a.come(); a.say({ type: "error", data: { code: "version", message: "too old" } }); pass(100); dispatchEvent(new Event("online"))`,
			`0 socket 1 opens wss://hub stowage.v1,stowage.token.t
			0 socket 1 is sent hello {}
			0 outdated
			0 socket 1 is closed 1000`,
		},
		"asks again when it is told to": {
			`const a = connect("t"); a.come(); a.welcome(); a.snapshot(); a.say({ type: "error", data: { code: "unavailable", message: "tired", retry_seconds: 7 } }); pass(8)`,
			`0 socket 1 opens wss://hub stowage.v1,stowage.token.t
			0 socket 1 is sent hello {}
			0 live
			7 socket 1 is sent hello {"demo":{"epoch":"e","seq":3}}`,
		},
		"hurries when the network is there again": {
			`const a = connect("t"); a.come(); a.welcome(); for (let n = 0; n < 6; n++) { last().end(); untilNext(); } last().end(); log.length = 0; dispatchEvent(new Event("online"))`,
			`45.75 socket 8 opens`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := b.open(t, server.URL, desktop)
			p.until(`document.readyState === "complete"`)
			eval[any](p, fakes)
			encoded, err := json.Marshal(c.scenario)
			must(t, err)
			got := strings.Join(eval[[]string](p, fmt.Sprintf("(new Function(%s)(), log.map(String))", encoded)), "\n")
			if diff := cmp.Diff(strings.ReplaceAll(c.want, "\t", ""), got); diff != "" {
				t.Errorf("(- want, + got)\n%s\n%s", diff, got)
			}
		})
	}
}
