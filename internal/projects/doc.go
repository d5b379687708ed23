// Package projects is what every front door calls: it reads projects and commits changes to their entities.
//
// # Parts
//
// Service is the facade. Each of its parts has one job:
//
//   - reader reads projects (reading.go).
//   - writer changes entities (change.go, deletion.go). placement.go assigns each change to a stack.
//   - lifecycle makes, changes and deletes projects (lifecycle.go, projectdeletion.go).
//   - synchronizer brings the mirror up to date with the stacks (refresh.go).
//   - registry opens the hub and finds the handles of projects (registry.go, hub.go).
//
// A project handle knows its hub, its stacks (shard.go), what was read of it (memory.go) and which of its entities are being
// changed (changes.go). The directory of projects is such a handle with one stack (directory.go). Calls that several callers
// wait for are in shared.go. Every wait ends with the context of its caller.
//
// # Reading
//
// A project is read once per process, however many resources ask: one Query of the mirror, checked against the stacks as
// the read mode says (see ReadMode). What this process commits updates what it has read, so nothing is read twice and reads
// never go back in time.
//
// # Writing
//
// Create, Update and Delete hand a change to the commit engine of the stack that the entity lives in and wait for its
// outcome. Many callers at once share commits. A nil error means that CloudFormation has finished the commit that holds the
// change; any other error but *commit.OutcomeUnknownError means that the template doesn't hold it.
//
// Terraform makes as many changes at once as its -parallelism says, and a commit holds what is made at once: m independent
// changes at parallelism n to one stack take m/n commits, rounded up. When several stacks share the n, each of these waves takes
// a commit in each stack, side by side, and up to twice that where waves fall apart. Warnings returns a SaturatedWarning when n
// was the limit for long.
//
// # Several stacks
//
// A project whose stacks have no room for an entity gets another stack, without failing anybody (placement.go): the View is what all
// stacks hold together (view.go). Permissions know users and buckets of other stacks by literals; what they say is brought up to date
// after a change, and shows as a deviation where it isn't.
//
// # Making and deleting projects
//
// A project stands in two places that no commit changes together: in the directory, and in the stacks of its account. It is entered first
// and taken out last, so whatever dies in between leaves an entry without stacks, which the next creation takes over and the next deletion
// clears away, and never stacks that nobody knows of. Those who make and delete a project of one name at the same time are kept from it
// by two rules. A stack is deleted only as it was read: what has changed since is looked at again (projectdeletion.go). And both look after the
// entry once more at their end: a project that is there is entered.
//
// # Throttling
//
// Only the SDK repeats calls (package awsclient); the poller of a stack, of which there is one however many wait, takes
// throttling for "not yet". So a storm in which every second call is throttled makes an apply slower and fails nothing, and an
// apply of c commits within s seconds makes at most 2 x (10 + 14 c + s/5) attempts in it. The mirror is written
// within two seconds or not at all, which costs the next plan a template.
//
// # Telling
//
// Whoever stores an event in the mirror sends it to the web clients (publish.go): an announcement before CloudFormation begins, a
// change before the caller hears of it. That holds up a commit for two seconds at the most in each case, and a failure is a warning: the
// relay's sweep sends what is left. Each of the two events costs two Queries and a write, and with clients one more Query and a post for
// each client and 32 KB. A hub without a WebSocket API costs nothing.
//
// # The budget of a process
//
// A plan of one project costs, whatever its size: GetCallerIdentity once (who are we), the hub's settings once
// (ssm GetParameter), AssumeRole once per project, Query once per project (and one more for each megabyte), and with verified
// reads DescribeStacks once per stack. Cached reads take no call in the project's account at all, so no AssumeRole either.
// A project that is not there costs a plan the reading of the directory (DescribeStacks twice, GetTemplate once; in a hub without a
// directory DescribeStacks and a Query), and one whose stack
// is not there another Query and three DescribeStacks: once per process, since the answer is remembered like any other. A write looks
// again before it fails. Errors of calls are not remembered.
// Making or changing a project takes one call more, GetPublicAccessBlock of the account, which warns and changes nothing, and making
// or deleting one another look at the directory, or the account. Making one also takes a Query, which finds a table that does not exist before
// anything is changed.
//
// # The wrong place
//
// Settings of a hub that name another account or region, a table that does not exist and a lost directory are errors of type *HubError
// (hubsettings.go, directory.go). None of them is ever "not found": Terraform would create everything again. A mirror that cannot be read
// within two seconds is a MirrorWarning, and the templates are read.
package projects
