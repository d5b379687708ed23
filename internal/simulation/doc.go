// Package simulation runs the whole of Stowage on the sandbox, in one process and in virtual time: several provider processes, two
// relays and a person with the CloudFormation API work on one project, while a seed chooses what happens when and what goes wrong.
//
// # A run
//
// Everything follows from the seed: which processes there are and what they change, which faults there are (the swarm: each seed
// draws its own mixture), and in which order the calls of all of them reach AWS (package simulate). A run has three parts: the
// project is made, then everybody works while things go wrong, then the faults stop and everything must come to rest within
// settleTime of virtual time.
//
// To questions that AWS has answered in two ways, or whose answer nobody has measured (package unproven), a seed draws one answer.
//
// A process is one projects.Service. When it crashes, its calls reach nothing any more, and those that had been waiting to reach AWS
// never do; another process then takes up what was left to do. In a third of the seeds stacks are so small that the project grows.
//
// Processes hold incarnations, as Terraform's states do: they apply plans a while after they were made, import what others hold, and
// replace entities in every order, deposed ones included (ownership_test.go). The person adds resources, copies the metadata of ours
// into theirs, and damages metadata.
//
// Besides, small runs are repeated with a crash at each of their calls (crash_test.go, crash_project_test.go, crash_rotation_test.go); of the longest ones
// only every fifth call in the usual tests, and every call with
//
//	go test ./internal/simulation -run Crash -simulation.stride=1
//
// # Web clients
//
// live_test.go adds a WebSocket API, web clients (event.Client) with and without the right to see the project, schedules, and what goes
// wrong with them: connections break, get lost or are not read, messages are lost, repeated and reordered, relays die and begin anew, and in
// some seeds no notification arrives at all. At rest every client knows what stands in the mirror, at its position, and no other; the
// mirror says what the template does; and no event is left unsent. Every message is checked against the schemas.
//
// # What is checked
//
// The names are those under which failures are reported:
//
//   - outcomes: an acknowledged write is in the template, a failed one is not, an unknown one may be; between the processes the
//     history is linearizable for each entity (Linearizable), and within a process reads don't go back (Sessions).
//   - revisions: a stack's revision is the number of commits that succeeded: there is no hole and no repeat.
//   - mirror: at rest it says exactly what the template says; while things happen it never goes back.
//   - resources: each of the account's users and buckets belongs to an entity of the template, and each entity has its own. What a
//     failed deletion has left is the exception, so this is checked where the seed has no such fault.
//   - second plan: reading with and without the mirror gives the same, and no entity deviates from what it compiles to, except
//     where a person has damaged metadata.
//   - by hand: what a person added and CloudFormation acknowledged is still there.
//   - liveness: all calls return, and the stacks are at rest in a good status.
//
// That no secret is ever written, and that a user may do what the permissions say, is tested where secrets and policies are made.
//
// # Known weakness
//
// Commits carry their revision in the template, so a stale GetTemplate is recognised. An edit by hand doesn't raise the
// revision: a template that is stale after it is taken for the edited one, and the mirror lacks the edit until the next commit. Commits are
// safe (their change set is compared with the real stack). Where a seed has both, the check of the mirror leaves what the person did aside.
//
// Stale answers of this world are stale for minutes, those of AWS for seconds. A process that gets a stale template for half a minute and five
// times goes on with it, as nobody would get on otherwise who has set a revision by hand: it may read what a commit was to write that was
// rolled back. It claims nothing by it: before it changes anything, a commit of the carrier alone shows whether the template is the
// stack's, and what isn't there is said to be in doubt.
//
// # Replaying
//
// A failure names its seed and the command that runs it again, which prints the trace of all calls. Seeds that have shown a
// defect are kept in a list (past) and always run.
package simulation
