// Package board is the live page: what stands in the projects, what is being changed right now, by whom, and what needs somebody's
// attention. It is static files, without a build step and without anything from elsewhere; whoever serves them, the sandbox or
// a bucket behind CloudFront, needs to know nothing of them.
//
//	index.html      the page, and what is said without JavaScript
//	board.css       its looks, light and dark
//	protocol.js     the live protocol: what event.Client and event.View do, in JavaScript; no page and no connection in it
//	connection.js   keeps a WebSocket connection up: tokens, heartbeats, waiting between attempts, announced ends
//	content.js      what the page shows of what the protocol knows: rows, what needs attention; no page in it
//	rows.js         shows a tree of any size, of which only the rows in sight are in the page
//	board.js        puts it all together
//
// # Address
//
// The page is opened with the address of the WebSocket API and a token of the hub's OIDC issuer in the fragment, which no browser sends to
// a server: board/#token=TOKEN&ws=wss://API. It takes both out of the address bar at once and keeps them in the tab's
// sessionStorage, so that a reload works and another tab knows nothing. Without ws= it connects to ws(s)://HOST/live.
//
// # What it promises
//
//   - Whatever event.Client promises: the tests feed both the same messages, and they must ask for and show the same.
//   - What it shows is either live, or it says since when it isn't.
//   - Everything that came from elsewhere is put into the page as text. Its content security policy (Policy) allows no script, style or
//     picture but its own files, and connections to WebSockets only.
//   - It can be used by keyboard and by screen readers; colors keep a contrast of 4.5 to 1, and say nothing that words don't say, too.
//   - Thousands of entities don't freeze it: only the rows in sight are in the page, and many messages make one drawing.
//
// # Tests
//
// The tests that need a browser have the build tag browser, so that go test needs none: make board-test installs Chromium where it is
// missing, and runs them.
package board
