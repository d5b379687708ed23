// Package commit implements the commit engine: it turns changes to entities into commits of one
// CloudFormation stack, as a pure state machine. It has no goroutine, no clock and no network. A
// driver tells it what happened (Submit, Cancel, Observe, Tick) and when, and performs the effects
// that it asks for (Effects), in their order.
//
// # A commit is a compare-and-swap
//
// There is no lock service. CloudFormation keeps every change set apart from the stack until it is
// executed, and discards the others when one is. That makes a compare-and-swap possible:
//
//  1. Read the base: DescribeStacks, GetTemplate, DescribeStacks. It is valid only when both
//     descriptions agree and the stack is at rest. After a commit or a creation of this process the
//     base is known, and the driver may have read it earlier; such a base is read again before a
//     change is refused. A base older than one already observed, or whose template has another
//     revision than its descriptions, is retried for up to cfn.StalePatience: an entity must not be
//     reported as gone because of a stale read. If the template stays stale, a commit of the
//     revision marker alone precedes the batch. Its change set shows any other difference from the
//     stack.
//  2. Edit the base (template.Edit). A change that can't be made gets its error. When nothing
//     changes, all members are done.
//  3. Create a change set. Its name is a hash of the base, so two writers on one base already collide
//     here. The loser waits up to CollisionPatience for the winner to execute, then considers it dead
//     and deletes its set. A slow winner merely loses: its set is gone when it executes it.
//  4. Verify what the service computed (Verify). DescribeStacks may be stale, but a change set is
//     computed against the real stack. The change set may contain only the intended changes (the
//     diff check). The revision that it replaces must be the base's (the revision check), which also
//     detects another writer of the same resource. The values that it replaces must be those of the
//     base (the before-value check), which detects an edit by hand, as that keeps the revision. An
//     edit by hand that no change set shows (outputs, conditions, stack tags) is detected by the time
//     of the stack's last update: described once the set is created, it may not be later than the
//     base's (the update check). After an unexpected change, the set is deleted and the commit starts
//     again at 1. The same unexpected change twice on one base is an error that shows it.
//  5. Execute. "Obsolete", "not found" and "busy" mean that the race is lost: start again at 1. When
//     the reply is lost, the driver asks whose operation runs, by token and change set ID.
//  6. Follow the operation to its final status, by its own token. Its own events say what failed.
//
// The time of the last update alone would not do as a version number: that description can be as
// stale as the first one. Only the service's own comparison is made against the real stack.
//
// # Phases
//
// The engine is in one phase at a time. The effects are those that need an answer:
//
//	phase       effect, or what it waits for         next
//	idle        a submission                         gathering
//	gathering   the end of the batch (closeAt)       reading; making on a known base
//	reading     Read                                 making; pausing, continuing, clearing or
//	                                                 protecting as the stack requires
//	pausing     resumeAt                             reading
//	protecting  Protect                              making
//	making      CreateChangeSet                      executing; discarding if it is not to be executed
//	discarding  DeleteChangeSet                      pausing
//	executing   Execute                              following; resolving when the reply is lost
//	resolving   ResolveExecution                     following; pausing if another writer's runs
//	following   Follow                               idle, or reading or making for what remains
//	continuing  ContinueRollback                     following
//	clearing    Clear                                reading
//
// An attempt is a change set on its way from making to following. Its purpose decides what its end
// means:
//
//	changing    the members' changes
//	creating    a new stack, with the revision marker alone
//	confirming  whether a template that stays stale is the stack's: the revision marker alone
//	healing     resources whose rollback was skipped (recovery.go)
//	recovering  a failed rollback; there is no change set (recovery.go)
//
// # Parts
//
// Engine passes each observation to the part that waits for it. The part enters the next phase, or
// lets Engine go on with the rest of the batch.
//
//	members       the members without an outcome: queued, in the batch, held back, or decided
//	attribution   the culprits of failed commits
//	round         the phase of the batch, with its base and its attempt
//	baseReader    from a reading of the stack to a base
//	preparation   from a base and the batch to a verified change set
//	execution     from a verified change set to the end of its operation
//	repair        continued rollbacks, healing commits and cleared stacks, as recovery decides
//	availability  the calls that AWS does not serve
//
// # Batches
//
// Terraform calls many resources at once, and a commit takes a quarter of a minute. So changes are
// gathered: the first one waits until none has arrived for Quiet, at most Linger. While a commit is
// in flight, all new changes join the next one. It waits, within Linger, for as many as the last one
// released: the freed slots of Terraform are about to be used. A permission that arrives before its
// user or bucket waits for one more batch. A creation of an entity that the batch deletes waits for
// the next batch, as the deletion has to be committed first.
//
// # Failures
//
// One bad member never fails the others. The culprits of a failed commit are found (attribution.go)
// and get AWS's reason as their error. The others are committed again. A stack that a failed rollback
// or a failed first creation has left unusable is repaired (recovery.go), no matter which writer left
// it. What requires manual intervention is a *StuckError with instructions.
//
// # Invariants
//
//   - Every submitted member gets exactly one Done effect.
//   - Done without an error follows CloudFormation's final status of the commit that holds the
//     change, or a base that held the change already.
//   - At most one of Read, CreateChangeSet, DeleteChangeSet, Execute, ResolveExecution, Follow,
//     Protect, ContinueRollback and Clear is outstanding. The other effects need no answer.
//   - The failure of a member is delivered when what it has left behind (a change set, a failed
//     rollback) is tidied up: the process may end with it.
//   - A member that is being executed can't be cancelled. It gets the true outcome, or
//     *OutcomeUnknownError at its deadline.
package commit
