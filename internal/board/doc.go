// Package board is the live page: the projects and their objects, the changes in progress with
// their authors, and what needs attention. It consists of static files without a build step or
// external content. Any web server can serve them.
//
//	index.html      the page, and its text without JavaScript
//	board.css       the layout, light and dark
//	protocol.js     the live protocol: event.Client in JavaScript, without page and connection
//	view.js         what a client knows of a project: event.View in JavaScript
//	connection.js   a WebSocket connection: tokens, heartbeats, reconnection, announced ends
//	content.js      the page's content as a function of the protocol's state: changes, commits, marks
//	attention.js    what needs attention, in the same way
//	tree.js         the rows of the tree, in the same way
//	detail.js       the content of the detail panel of one object, in the same way
//	rows.js         a tree of any size that keeps only the visible rows in the page
//	elements.js     the elements of the page's content
//	account.js      who is signed in, and the buttons that sign in and out
//	signin.js       the authorization code flow with PKCE, and the renewal of tokens
//	storage.js      what survives a reload, in the tab's sessionStorage
//	board.js        the page
//	vendor/         oauth4webapi (MIT), unchanged; versions and checksums in vendor/SOURCES.txt
//
// # Signing in
//
// The server tells the page the WebSocket API, the issuer and the board's client (Settings) in
// config.json. The page signs people in with the authorization code flow and PKCE, checks state and
// nonce, and connects with the ID token. The redirect address is that of the page's folder, with the
// slash at its end.
//
// It renews the token with the refresh token, in the second half of its life and at most eleven
// minutes before it expires, and opens a connection with the new token before it closes the old one.
// Failures are repeated, except a refusal: then the token expires, the content stays, and the person
// can sign in again.
//
// Tokens are in memory. They are in sessionStorage only while the page is being reloaded, so no two
// tabs share a refresh token. Signing out ends the session of all tabs.
//
// # Address
//
// Instead, the page can be opened with a token of the hub's OIDC issuer in the fragment, which
// browsers do not send to servers: board/#token=TOKEN&ws=wss://API. It removes both from the address
// bar at once and keeps them in the tab's sessionStorage, so a reload works and other tabs have no
// access. Without ws= it connects to ws(s)://HOST/live. Such a token is not renewed.
//
// The object in the detail panel has an address of its own: #/PROJECT, or #/PROJECT/KIND/NAME, as
// in #/acme/bucket/inbox.
//
// # Guarantees
//
//   - It behaves as event.Client: the tests feed both the same messages and compare requests and
//     content.
//   - Its content is live, or it shows since when it is not.
//   - External content is inserted as text. The content security policy (Settings.Policy) allows
//     only the page's own scripts, styles and pictures, and connections to the WebSocket API and the
//     issuer.
//   - It works with a keyboard and with screen readers. Colors have a contrast of 4.5 to 1, and
//     words repeat what colors convey.
//   - Thousands of entities do not freeze it: the page contains only the visible rows, and draws
//     once for many messages.
//
// # Tests
//
// The tests that need a browser have the build tag browser, so that go test needs none. make
// board-test installs Chromium where it is missing, and runs them. make board-lint checks the
// formatting, lint rules and types of the JavaScript; types.d.ts declares the types.
package board
