// Package commit is the commit engine: it turns changes to entities into commits of one CloudFormation stack, as a pure state
// machine. It has no goroutine, no clock and no network. Whoever drives it tells it what happens (Submit, Cancel, Observe,
// Tick) with the time at which it happens, and performs the effects that it asks for (Effects), in their order.
//
// # A commit is a compare-and-swap
//
// There is no lock service. CloudFormation keeps every change set apart from the stack until it is executed, and throws away
// the others when one is. That is a compare-and-swap, if one takes care:
//
//  1. Read the base: DescribeStacks, GetTemplate, DescribeStacks. After a commit or a creation of this process it is known, and the
//     driver may have read it earlier: such a base is read again before a change is refused. It counts only when both descriptions agree and the
//     stack is at rest; else somebody was at work, and it is read again. So it is for a bounded time (cfn.StalePatience) when it is older
//     than what has been seen of the stack before, or its template is of another revision than its descriptions: whoever says that an
//     entity is gone must not say so of last minute's stack. What stays so all that time is in doubt: a commit of the carrier alone
//     comes first, whose change set shows any other difference between it and the stack.
//  2. Edit the base (template.Edit). A change that can't be made gets its error; when nothing changes, all are done.
//  3. Create a change set whose name is a hash of the base, so that two writers on one base collide here already. The
//     loser waits a bounded time (CollisionPatience) for the winner to execute; then it takes the winner for dead and
//     deletes its set. A slow winner merely loses then: its set is gone when it comes to execute it.
//  4. Verify what the service computed (Verify). DescribeStacks may be stale: it can show the state before the last commit
//     for seconds after it. A change set made from a stale base is computed against the real stack, so it shows what it would
//     do to it. It may do nothing but what we intend (the diff check); the revision that it replaces must be the base's (the
//     carrier check), which also catches a writer who touched the same resource; and the values that it replaces must be those of
//     the base (the before-value check), which catches a hand edit, as that doesn't raise the revision. A hand edit of what shows
//     in no change set (outputs, conditions, stack tags) is caught by the time of the stack's last update: described once the
//     set is made, it may not be later than the base's (the update check). A surprise deletes the change set and starts again at 1. The same surprise twice on one base is an error that shows it.
//  5. Execute. "Obsolete", "not found" and "busy" mean that the race is lost: start again at 1. When the reply is lost, ask
//     whose operation runs, by token and change set id; never guess.
//  6. Follow the operation to its final status, by its own token. Its own events say what failed.
//
// Why not rely on that time alone, as one would on a version number? Because that description can be as stale as the first one.
// Only the service's own comparison is made against the real stack.
//
// # Batches
//
// Terraform calls many resources at once, and a commit takes a quarter of a minute. So changes are gathered: the first one
// waits until none has come for Quiet, at most Linger. While a commit is in flight, all new changes join the next one, which
// waits, within Linger, for as many as the last one released: the slots of Terraform that have just become free are about
// to be used. A permission that comes before its user or bucket waits for one more batch. A creation of an entity that the
// batch deletes waits for the next batch, as the deletion has to be committed first.
//
// # Failures
//
// One bad member never takes the others down. Who is to blame for a failed commit is found out (blame.go) and gets AWS's reason
// as its error; the others are committed again. A stack that a failed rollback or a failed first creation has left unusable is
// brought back to a state in which it can be updated (recovery.go), whoever left it so; what needs a person is a *StuckError that
// says what to do.
//
// # Invariants
//
//   - Every submitted member gets exactly one Done effect.
//   - Done without an error comes after CloudFormation's final status of the commit that holds the change, or when
//     the base held the change already.
//   - At most one of Read, CreateChangeSet, DeleteChangeSet, Execute, Settle, Follow, Protect, ContinueRollback and Clear is
//     outstanding; the other effects need no answer.
//   - A member hears of its failure when what the failure has left behind (a change set, a failed rollback) is tidied up: the
//     process may end with it.
//   - A member that is being executed can't be cancelled: it gets the true outcome, or *OutcomeUnknownError at its deadline.
package commit
