// Package simulation runs the whole of Stowage on the sandbox, in one process and in virtual time.
// Several provider processes, two relays and a person with the CloudFormation API work on one
// project. A seed decides what happens when, and which faults occur.
//
// # A run
//
// Everything follows from the seed: the processes and their changes, the mixture of faults (the
// swarm), and the order in which all calls reach AWS (package simulate). A run has three parts: the
// project is created; all writers work under faults; the faults stop, and everything must come to
// rest within settleTime of virtual time.
//
// Where AWS has given two answers, or its answer is not measured (package unproven), a seed draws
// one.
//
// A process is one projects.Service. When it crashes, its calls reach nothing any more, including
// those that were waiting. Another process then takes over the rest of its work. In a third of the
// seeds, stacks are so small that the project grows.
//
// Processes hold incarnations, as Terraform's states do. They apply plans some time after planning,
// import what others hold, and replace entities in every order, with deposed ones
// (ownership_test.go). The person adds resources, copies our metadata into them, and damages
// metadata.
//
// Small runs are also repeated with a crash at each of their calls (crash_test.go,
// crash_project_test.go, crash_rotation_test.go). The usual tests crash the longest runs at every
// fifth call only; this crashes them at every call:
//
//	go test ./internal/simulation -run Crash -simulation.stride=1
//
// # Web clients
//
// live_test.go adds a WebSocket API, web clients (event.Client) with and without the right to see
// the project, schedules, and their faults. Connections break, get lost or are not read. Messages
// are lost, repeated and reordered. Relays die and restart. In some seeds no notification arrives
// at all. At rest, exactly the clients with the right know the project, with the mirror's state and
// position; the mirror equals the template; and no event is unsent. Every message is checked
// against the schemas.
//
// # What is checked
//
// Failures are reported under these names:
//
//   - outcomes: an acknowledged write is in the template, a failed one is not, an unknown one may
//     be. Between the processes the history is linearizable for each entity (Linearizable), and
//     reads of one process do not go back in time (Sessions).
//   - revisions: a stack's revision is the number of successful commits, without a gap or
//     repetition.
//   - mirror: at rest it equals the template; it never goes back in time.
//   - resources: each user and bucket in the account belongs to an entity of the template, and each
//     entity has its own. Failed deletions leave resources, so seeds with that fault skip this
//     check.
//   - second plan: reads with and without the mirror are equal, and no entity has drift, except
//     where a person has damaged metadata.
//   - by hand: what a person added and CloudFormation acknowledged is still there.
//   - liveness: all calls return, and the stacks are at rest in a good status.
//
// Other packages test that no secret is ever written, and that users may do exactly what their
// permissions allow.
//
// # Known weakness
//
// Commits store their revision in the template, so a stale GetTemplate is detected. A hand edit
// does not raise the revision. A template that is stale after a hand edit is therefore taken for
// the edited one, and the mirror lacks the edit until the next commit. Commits are safe, because
// their change set is compared with the real stack. In seeds with both faults, the check of the
// mirror ignores the person's changes.
//
// Stale answers last for minutes in this world, and for seconds in AWS. A process that receives a
// stale template five times within half a minute uses it; otherwise a revision that was set by hand
// would block every writer. It may thus read what a rolled-back commit was to write, but does not
// trust it: before it changes anything, a commit of the revision marker alone shows whether the
// template is current. An entity that is missing from it is reported as uncertain.
//
// # Replaying
//
// A failure names its seed and the command that runs it again, which prints the trace of all calls.
// Seeds that have shown a defect are listed in past and always run.
package simulation
