package mutation

var commitDefects = []Defect{
	{
		Name: "no diff check", In: "internal/commit Verify",
		Old: "unexpected := verifyDiff(intents, changes)", New: "var unexpected []string",
		Packages: []string{"internal/commit"}, Run: "TestVerify_|Catches",
	},
	{
		Name: "no revision check", In: "internal/commit verifyRevisionMarker",
		Old: "want {", New: "want && false {",
		Packages: []string{"internal/commit"}, Run: "TestVerify_|Catches",
	},
	{
		Name: "no before-value check", In: "internal/commit Verify",
		Old: "unexpected = append(unexpected, verifyBefore(base, change)...)", New: "_ = base",
		Packages: []string{"internal/commit"}, Run: "TestVerify_|Catches",
	},
	{
		Name: "an addition is taken for a replacement", In: "internal/commit replaces",
		Old: "change.Action == string(template.Modify) && ", New: "",
		Packages: []string{"internal/commit", "internal/stack"}, Run: "TestVerify|TestDescribeChangeSet",
	},
	{
		Name: "a dependent is an unexpected change", In: "internal/commit verifyDiff",
		Old: "!intended && change.Dependent", New: "false && change.Dependent",
		Packages: []string{"internal/commit"}, Run: "TestVerify",
	},
	{
		Name: "a change of metadata needs a context", In: "internal/commit propertiesStay",
		Old: "change.Before == nil && ", New: "false && ",
		Packages: []string{"internal/commit", "internal/stack"}, Run: "TestVerify|TestSwitches",
	},
	{
		Name: "a change of properties needs no context", In: "internal/commit propertiesStay",
		Old: `!slices.Contains(change.Scope, "Properties")`, New: "true",
		Packages: []string{"internal/commit"}, Run: "TestVerify",
	},
	{
		Name: "values that were left out count as another revision", In: "internal/commit verifyRevisionMarker",
		Old: "if change.Unvalued {", New: "if false {",
		Packages: []string{"internal/commit", "internal/stack"}, Run: "TestVerify|TestSwitches",
	},
	{
		Name: "a remembered base is executed without its revision's check", In: "internal/commit preparation.verify",
		Old: "marker && (on.remembered || on.maybeStale)", New: "marker && on == nil",
		Packages: []string{"internal/commit"}, Run: "TestUnvalued",
	},
	{
		Name: "another resource is imported than intended", In: "internal/commit verifyDiff",
		Old: "change.PhysicalID != physicalIDs[change.LogicalID]:", New: `change.PhysicalID == "never":`,
		Packages: []string{"internal/commit"}, Run: "TestVerify",
	},
	{
		Name: "adoptions are committed with other changes", In: "internal/commit members.separateAdoptions",
		Old: "if !slices.ContainsFunc(m.batch, adopts) ||", New: "if true || !slices.ContainsFunc(m.batch, adopts) ||",
		Packages: []string{"internal/commit"}, Run: "TestAdoptions",
	},
	{
		Name: "what is not imported fails the whole batch", In: "internal/commit attempt.notImported",
		Old: "change.Action == string(template.Add) {", New: `change.Action == "never" {`,
		Packages: []string{"internal/commit"}, Run: "TestAdoptions",
	},
	{
		Name: "a change of policies alone must be listed", In: "internal/commit verifyDiff",
		Old: "if unlisted[logicalID] {", New: "if false {",
		Packages: []string{"internal/commit"}, Run: "TestVerify",
	},
	{
		Name: "policies before a change are not compared", In: "internal/commit verifyBefore",
		Old: "!= withDefault(change.Policies[policy])", New: `== "never"`,
		Packages: []string{"internal/commit"}, Run: "TestVerify",
	},
	{
		Name: "the same unexpected change is tried for ever", In: "internal/commit preparation.unexpectedChanges",
		Old: "switch again := p.unexpectedOn == hash; {", New: "switch again := false; {",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	},
	{
		Name:     "a fixed name for change sets",
		In:       "internal/commit changeSetName",
		Old:      "func changeSetName(b *base) string { return ChangeSetPrefix + b.hash()[:40] }",
		New:      `func changeSetName(b *base) string { _ = b; return ChangeSetPrefix + "fixed" }`,
		Packages: []string{"internal/commit", "internal/stack"},
	},
	{
		Name: "no patience with another writer's change set", In: "internal/commit preparation.collide",
		Old: `if now.Sub(p.collidedAt) < CollisionPatience || arn == "" {`, New: `if arn == "" {`,
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	},
	{
		Name:     "acknowledged before the end",
		In:       "internal/commit execution.executed",
		Old:      "if o.Err == nil {\n\t\tx.round.follow()",
		New:      "if o.Err == nil {\n\t\tfor _, m := range x.members.batch {\n\t\t\tx.members.effects.emit(Done{m.ID, nil})\n\t\t}\n\t\tx.members.batch = nil\n\t\tx.round.follow()",
		Packages: []string{"internal/commit"},
		Run:      "TestTranscripts|TestAnySchedule",
	},
	{
		Name: "a lost reply is taken for a lost race", In: "internal/commit execution.executed",
		Old: "x.round.resolve(now)", New: "x.round.pause(now, BusyPause)",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	},
	{
		Name: "a failed batch is sent again whole", In: "internal/commit attribution.failed",
		Old: "if err := errs[m.ID]; err != nil {", New: "if err := errs[m.ID]; err != nil && len(batch) == 1 {",
		Packages: []string{"internal/commit"}, Run: "TestAttribution",
	},
	{
		Name: "cancelled siblings are blamed", In: "internal/commit attempt.causes",
		Old: "if cfn.Failed(event.Status) && !cancelled(event.Reason) {", New: "if cfn.Failed(event.Status) {",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	},
	{
		Name: "failures of the rollback are blamed", In: "internal/commit attempt.causes",
		Old: "if cfn.RolledBack(event.Status) {\n\t\t\t\tbreak\n\t\t\t}", New: "",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	},
	{
		Name: "no bisection: all members that share a resource are culprits", In: "internal/commit attribution.bisect",
		Old: "half := (len(owners) + 1) / 2", New: "half := len(owners)",
		Packages: []string{"internal/commit"}, Run: "TestAttribution",
	},
	{
		Name: "DELETE_FAILED is ignored", In: "internal/commit execution.committed",
		Old: "if event.Status == cfn.DeleteFailed {", New: `if event.Status == "DELETE_IGNORED" {`,
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	},
	{
		Name: "a failed rollback is left to a person", In: "internal/commit baseReader.read",
		Old: "b.repair.recover(now, o)", New: `b.repair.stuck(now, o.After.Status, "")`,
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	},
	{
		Name: "a rollback is continued without an end", In: "internal/commit recovery.found",
		Old: "r.rollback.tries == maxContinuing", New: "false",
		Packages: []string{"internal/commit"}, Run: "TestRecovery",
	},
	{
		Name: "what was skipped is not healed", In: "internal/commit recovery.ended",
		Old: "r.heal = b.skip", New: "",
		Packages: []string{"internal/commit", "internal/stack"}, Run: "TestTranscripts|TestRecovery|TestHeal_SkippedResource",
	},
	{
		Name: "whatever failed is skipped, healable or not", In: "internal/commit recovery.ended",
		Old: "len(failed) == 0 || len(unable) > 0 {", New: "len(failed) == 0 && len(unable) >= 0 {",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts|TestRecovery",
	},
	{
		Name: "a stale template is taken for fresh", In: "internal/commit baseReader.read",
		Old: "case !o.Consistent(), b.staleness.Wait(now, o.Stale()):", New: "case !o.Consistent():",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	},
	{
		Name: "a batch is committed to a template that may be stale", In: "internal/commit preparation.compose",
		Old: "if p.round.base.maybeStale {", New: "if false {",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	},
	{
		Name: "a stack is read without looking at it twice", In: "internal/commit BaseRead.Consistent",
		Old: "&& r.Before.same(r.After)", New: "",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	},
	{
		Name: "a rollback that failed has changed nothing", In: "internal/commit execution.rolledBack",
		Old: "if status != cfn.UpdateRollbackComplete {", New: "if false {",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	},
	{
		Name:     "AWS's last answer is not told",
		In:       "internal/commit Engine.expire",
		Old:      "return &InterruptedError{Stack: e.members.stack, Doing: doing, Last: e.calls.answer()}",
		New:      "return &InterruptedError{Stack: e.members.stack, Doing: doing}",
		Packages: []string{"internal/stack"},
		Run:      "TestUnserved",
	},
	{
		Name: "what AWS does not serve is asked for without an end", In: "internal/commit preparation.notServed",
		Old: "if outage < UnservedPatience {", New: "if outage >= 0 {",
		Packages: []string{"internal/stack"}, Run: "TestUnserved",
	},
	{
		Name: "an earlier reading refuses changes", In: "internal/commit baseReader.found",
		Old: "remembered: o.Earlier,", New: "",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	},
	{
		Name: "an update since the stack was read is overlooked", In: "internal/commit preparation.verify",
		Old: "o.StackUpdated.After(on.description.LastUpdated)", New: "false",
		Packages: []string{"internal/commit", "internal/stack"}, Run: "TestTranscripts|TestHandEdits",
	},
	{
		Name:     "an intrinsic function hides its neighbours",
		In:       "internal/cfn IsFunction",
		Old:      "len(object) == 1",
		New:      "true",
		Packages: []string{"internal/commit"},
		Run:      "TestVerify_Intrinsic",
	},
	{
		Name:     "a boundary that is missing is explained like any failure",
		In:       "internal/commit CommitError.Explain",
		Old:      "if slices.ContainsFunc(e.Reasons, unprepared) {",
		New:      "if slices.ContainsFunc(e.Reasons, unprepared) && false {",
		Packages: []string{"examples/onboarding"},
		Run:      "TestUnpreparedAccount",
	},
	{
		Name: "a creation that awaits a deletion is refused", In: "internal/commit preparation.compose",
		Old: "if p.members.awaitDeletions(now, edited.Errors) {", New: "if false {",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	},
}
