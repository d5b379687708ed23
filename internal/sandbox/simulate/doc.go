// Package simulate connects AWS SDK clients to a Sandbox in the same process, without sockets.
//
// Transport alone is an http.RoundTripper that answers from the Sandbox immediately. Set it as the
// SDK's aws.Config.HTTPClient = &http.Client{Transport: t}; an endpoint is not necessary, since the
// Sandbox identifies a call by its signature.
//
// # Deterministic simulation
//
// Virtual time (testing/synctest) alone does not order goroutines. With a Driver every call waits
// in the transport. The Driver waits until all goroutines of the bubble are blocked, and then
// continues one of the waiting calls, chosen by its seed. The candidates are sorted by content
// (actor, account, service, operation, body), not by arrival, which the scheduler decides. So a run
// is a function of the seed provided that
//
//   - the goroutines of the test interact only through calls, sleeps and channels;
//   - concurrent calls differ in something other than random identifiers; where they do not,
//     WithActor distinguishes them;
//   - testing/cryptotest.SetGlobalRandom seeds the SDK's randomness (jitter, tokens).
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
