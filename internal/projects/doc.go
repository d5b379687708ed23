// Package projects reads projects and commits changes to their entities. Every front end calls it.
//
// # Parts
//
// Service is the facade. Each of its parts has one job:
//
//   - reader reads projects (reading.go).
//   - writer changes entities (change.go, deletion.go). placement.go assigns each change to a
//     stack.
//   - lifecycle creates, changes and deletes projects (lifecycle.go, projectdeletion.go).
//   - synchronizer brings the mirror up to date with the stacks (refresh.go).
//   - registry opens the hub and finds the handles of projects (registry.go, hub.go).
//
// A project handle holds its hub, its stacks (shard.go), what was read of it (memory.go) and its
// changes in progress (changes.go). The directory of projects is such a handle with one stack
// (directory.go). Calls that several callers wait for are in shared.go. Every wait ends with the
// context of its caller.
//
// # Reading
//
// A project is read once per process, however many resources need it: one Query of the mirror,
// checked against the stacks according to the read mode (see ReadMode). Commits of this process
// update what was read, so nothing is read twice and reads never go back in time.
//
// # Writing
//
// Create, Update and Delete submit a change to the commit engine of the entity's stack and wait for
// its outcome. Concurrent callers share commits. A nil error means that CloudFormation has finished
// the commit that holds the change. Any other error but *commit.OutcomeUnknownError means that the
// template doesn't hold it.
//
// Terraform makes -parallelism changes at once, and a commit holds concurrent changes: m
// independent changes at parallelism n to one stack take m/n commits, rounded up. When several
// stacks share the n, each of these waves takes a commit in each stack, concurrently, and up to
// twice as many where waves break up. Warnings returns a SaturatedWarning when n was the limit for
// a long time.
//
// # Several stacks
//
// A project whose stacks have no room for an entity gets another stack, without an error
// (placement.go). The View is what all stacks hold together (view.go). Permissions refer to users
// and buckets of other stacks by literals. These are updated after a change; outdated ones are
// drift.
//
// # Creating and deleting projects
//
// A project is in two places that no commit changes together: the directory, and the stacks of its
// account. Its entry is created first and removed last. So a crash leaves at most an entry without
// stacks, which the next creation takes over and the next deletion removes, and never unlisted
// stacks. Two rules make concurrent creations and deletions of a name safe. A stack is deleted only
// as it was read: after a change it is checked again (projectdeletion.go). And both check the entry
// again at their end: an existing project is listed.
//
// # Drift in AWS
//
// RefreshAndCheck compares stacks with AWS (drift.go). Its result is in the mirror, beside the
// stack's contents.
//
// # Throttling
//
// Only the SDK retries calls (package awsclient). The poller of a stack, which all waiters share,
// treats throttling as "not yet". So when every second call is throttled, an apply is slower and
// nothing fails: an apply of c commits within s seconds makes at most 2 x (10 + 14 c + s/5)
// attempts. The mirror is written within two seconds or not at all, which costs the next plan a
// template.
//
// # Publishing
//
// The process that stores an event in the mirror sends it to the web clients (publish.go): an
// announcement before CloudFormation begins, a change before the caller gets its result. Each
// delays a commit by at most two seconds, and a failure is a warning: the relay's sweep sends the
// rest. Each of the two events costs two Queries and a write, and with clients one more Query and a
// post for each client and 32 KB. A hub without a WebSocket API costs nothing.
//
// # The call budget of a process
//
// A plan of one project of any size costs GetCallerIdentity once, the hub's settings once (ssm
// GetParameter), AssumeRole once per project, Query once per project (and one more for each
// megabyte), and with verified reads DescribeStacks once per stack. Cached reads make no call in
// the project's account, so no AssumeRole either.
//
// A project that doesn't exist costs a read of the directory (DescribeStacks twice, GetTemplate
// once; in a hub without a directory DescribeStacks and a Query). One whose stack doesn't exist
// costs another Query and three DescribeStacks. Both are once per process, as the answer is stored.
// A write looks again before it fails. Errors of calls are not stored.
//
// Creating or changing a project costs one more call, GetPublicAccessBlock of the account, which
// only warns. Creating or deleting one costs another look at the directory or the account. Creating
// one also takes a Query, which detects a missing table before anything is changed.
//
// # Wrong settings
//
// Hub settings that name another account or region, a table that doesn't exist and a lost directory
// are errors of type *HubError (hubsettings.go, directory.go). None of them is ever "not found":
// Terraform would create everything again. A mirror that cannot be read within two seconds is a
// MirrorWarning, and the templates are read.
package projects
