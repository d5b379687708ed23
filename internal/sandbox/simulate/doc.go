// Package simulate connects AWS SDK clients with a Sandbox in the same process, without sockets.
//
// Transport alone is an http.RoundTripper that answers from the Sandbox at once. Give it to the SDK as
// aws.Config.HTTPClient = &http.Client{Transport: t}; no endpoint needs to be set, since the Sandbox knows a call by its
// signature.
//
// # Deterministic simulation
//
// Virtual time (testing/synctest) alone doesn't order goroutines. With a Driver every call parks in the transport; the
// Driver waits until all goroutines of the bubble are blocked and then lets one of the parked calls go on, chosen by its
// seed. What is chosen from is sorted by what the calls are (actor, account, service, operation, body), not by the
// order in which they came, which the scheduler decides. So a run is a function of the seed provided that
//
//   - the goroutines of the test meet through calls, sleeps and channels alone;
//   - calls that can be made at the same moment differ in something other than random identifiers; where they don't, WithActor
//     tells them apart;
//   - the SDK's randomness (jitter, tokens) is seeded by testing/cryptotest.SetGlobalRandom.
//
// A test looks like this:
//
//	cryptotest.SetGlobalRandom(t, seed)
//	synctest.Test(t, func(t *testing.T) {
//		box := sandbox.New(sandbox.Options{Seed: seed})
//		driver := simulate.NewDriver(box, seed)
//		... start goroutines whose clients use driver.Transport() ...
//		driver.Run(done) // until done is closed
//		... driver.Trace() ...
//	})
package simulate
