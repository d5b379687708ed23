package mutation

// Defects contains all defects, the commit protocol's first.
var Defects = []Defect{
	{
		Name: "no diff check", In: "internal/commit Verify",
		Old: "surprises := verifyDiff(intents, changes)", New: "var surprises []string",
		Packages: []string{"internal/commit"}, Run: "Catches",
	}, {
		Name: "no carrier check", In: "internal/commit verifyCarrier",
		Old: "want {", New: "want && false {",
		Packages: []string{"internal/commit"}, Run: "Catches",
	}, {
		Name: "no before-value check", In: "internal/commit Verify",
		Old: "surprises = append(surprises, verifyBefore(base, change)...)", New: "_ = base",
		Packages: []string{"internal/commit"}, Run: "Catches",
	}, {
		Name: "an addition is taken for a replacement", In: "internal/commit replaces",
		Old: "change.Action == string(template.Modify) && ", New: "",
		Packages: []string{"internal/commit", "internal/stack"}, Run: "TestVerify|TestDescribeChangeSet",
	}, {
		Name: "a dependent is an unexpected change", In: "internal/commit verifyDiff",
		Old: "!intended && change.Dependent", New: "false && change.Dependent",
		Packages: []string{"internal/commit"}, Run: "TestVerify",
	}, {
		Name: "a change of metadata needs a context", In: "internal/commit propertiesStay",
		Old: "change.Before == nil && ", New: "false && ",
		Packages: []string{"internal/commit", "internal/stack"}, Run: "TestVerify|TestSwitches",
	}, {
		Name: "a change of properties needs no context", In: "internal/commit propertiesStay",
		Old: `!slices.Contains(change.Scope, "Properties")`, New: "true",
		Packages: []string{"internal/commit"}, Run: "TestVerify",
	}, {
		Name: "values that were left out count as another revision", In: "internal/commit verifyCarrier",
		Old: "if change.Unvalued {", New: "if false {",
		Packages: []string{"internal/commit", "internal/stack"}, Run: "TestVerify|TestSwitches",
	}, {
		Name: "a remembered base is executed without its revision's check", In: "internal/commit Engine.changeSetMade",
		Old: "marker && (e.base.remembered || e.base.doubtful)", New: "marker && e.base == nil",
		Packages: []string{"internal/commit"}, Run: "TestUnvalued",
	}, {
		Name: "another resource is imported than intended", In: "internal/commit verifyDiff",
		Old: "change.PhysicalID != physicalIDs[change.LogicalID]:", New: `change.PhysicalID == "never":`,
		Packages: []string{"internal/commit"}, Run: "TestVerify",
	}, {
		Name: "adoptions are committed with other changes", In: "internal/commit Engine.separateAdoptions",
		Old: "if !slices.ContainsFunc(e.batch, adopts) ||", New: "if true || !slices.ContainsFunc(e.batch, adopts) ||",
		Packages: []string{"internal/commit"}, Run: "TestAdoptions",
	}, {
		Name: "what is not imported fails the whole batch", In: "internal/commit Engine.notImported",
		Old: "change.Action == string(template.Add) {", New: `change.Action == "never" {`,
		Packages: []string{"internal/commit"}, Run: "TestAdoptions",
	}, {
		Name: "the tags of AWS are declared", In: "internal/template DecodeLive",
		Old: `return strings.HasPrefix(textAt(tag, "Key"), "aws:")`, New: `return textAt(tag, "Key") == "aws:"`,
		Packages: []string{"internal/template"}, Run: "TestAdopt_|TestLive",
	}, {
		Name: "a rollback deletes what was imported", In: "internal/template Resource.imported",
		Old: `"Retain", "Retain"`, New: `"RetainExceptOnCreate", "Retain"`,
		Packages: []string{"internal/template"}, Run: "TestAdopt_",
	}, {
		Name: "an update drops what an adopted bucket keeps", In: "internal/template afterAdoption",
		Old: "before.Adoption.Done(bucket.UnmodeledSettings)", New: "&model.Adoption{}",
		Packages: []string{"internal/template"}, Run: "TestAdopt_",
	}, {
		Name: "a bucket that has changed since the plan is adopted", In: "internal/projects writer.adopt",
		Old: "a.Live.Differences(now); len(changed) > 0 {", New: "a.Live.Differences(now); len(changed) > 99 {",
		Packages: []string{"internal/projects"}, Run: "TestAdopt_ChangedSinceThePlan",
	}, {
		Name: "unmodeled settings are removed without words", In: "internal/provider/projectbucket planAdoption",
		Old: "diags.Append(planUnmodeled(p, there)...)", New: "_ = planUnmodeled",
		Packages: []string{"internal/provider/projectbucket"}, Run: "TestAdoption",
	}, {
		Name: "an import removes data at the next destroy", In: "internal/provider/projectbucket planAdoption",
		Old: "if p.Plan.OnDelete.ValueString() == string(model.Empty) {", New: "if false {",
		Packages: []string{"internal/provider/projectbucket"}, Run: "TestAdoption",
	}, {
		Name: "the bucket of another stack is adopted", In: "internal/account Existing.unstacked",
		Old: "if aws.ToString(resource.PhysicalResourceId) != bucket {", New: `if bucket != "" {`,
		Packages: []string{"internal/projects"}, Run: "TestAdopt_Refusals",
	}, {
		Name: "a change of policies alone is not intended", In: "internal/template Intents",
		Old: `case differ(before, raw, "DeletionPolicy", "UpdateReplacePolicy"):`, New: "case false:",
		Packages: []string{"internal/template", "internal/projects"}, Run: "TestIntents|TestPoliciesEdited",
	}, {
		Name: "a change of policies alone must be listed", In: "internal/commit verifyDiff",
		Old: "if unlisted[logicalID] {", New: "if false {",
		Packages: []string{"internal/commit"}, Run: "TestVerify",
	}, {
		Name: "policies before a change are not compared", In: "internal/commit verifyBefore",
		Old: "!= withDefault(change.Policies[policy])", New: `== "never"`,
		Packages: []string{"internal/commit"}, Run: "TestVerify",
	}, {
		Name: "the same surprise is tried for ever", In: "internal/commit Engine.surprise",
		Old: "switch again := e.surprised == hash; {", New: "switch again := false; {",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	}, {
		Name: "a fixed name for change sets", In: "internal/commit changeSetName",
		Old: "func changeSetName(b *base) string { return ChangeSetPrefix + b.hash()[:40] }", New: `func changeSetName(b *base) string { _ = b; return ChangeSetPrefix + "fixed" }`,
		Packages: []string{"internal/commit", "internal/stack"},
	}, {
		Name: "no patience with another writer's change set", In: "internal/commit Engine.collide",
		Old: `if now.Sub(e.collidedAt) < CollisionPatience || arn == "" {`, New: `if arn == "" {`,
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	}, {
		Name: "acknowledged before the end", In: "internal/commit Engine.executed",
		Old: "if o.Err == nil {\n\t\te.follow()", New: "if o.Err == nil {\n\t\tfor _, m := range e.batch {\n\t\t\te.emit(Done{m.ID, nil})\n\t\t}\n\t\te.batch = nil\n\t\te.follow()",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts|TestAnySchedule",
	}, {
		Name: "a lost reply is taken for a lost race", In: "internal/commit Engine.executed",
		Old: "e.emit(Settle{e.attempt.arn, e.attempt.stackID, e.attempt.token})", New: "e.pause(now, BusyPause)",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	}, {
		Name: "a failed batch is sent again whole", In: "internal/commit attribution.failed",
		Old: "if err := errs[m.ID]; err != nil {", New: "if err := errs[m.ID]; err != nil && len(batch) == 1 {",
		Packages: []string{"internal/commit"}, Run: "TestAttribution|TestNamed",
	}, {
		Name: "cancelled siblings are blamed", In: "internal/commit Engine.causes",
		Old: "if cfn.Failed(event.Status) && !cancelled(event.Reason) {", New: "if cfn.Failed(event.Status) {",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	}, {
		Name: "failures of the rollback are blamed", In: "internal/commit Engine.causes",
		Old: "if cfn.RolledBack(event.Status) {\n\t\t\t\tbreak\n\t\t\t}", New: "",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	}, {
		Name: "no bisection: all members that share a resource are culprits", In: "internal/commit attribution.bisect",
		Old: "half := (len(owners) + 1) / 2", New: "half := len(owners)",
		Packages: []string{"internal/commit"}, Run: "TestAttribution|TestShared",
	}, {
		Name: "DELETE_FAILED is ignored", In: "internal/commit Engine.committed",
		Old: "if event.Status == cfn.DeleteFailed {", New: `if event.Status == "DELETE_IGNORED" {`,
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	}, {
		Name: "a failed rollback is left to a person", In: "internal/commit Engine.baseRead",
		Old: "e.recover(now, o)", New: `e.stuck(now, o.After.Status, "")`,
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	}, {
		Name: "a rollback is continued without an end", In: "internal/commit recovery.found",
		Old: "r.rollback.tries == maxContinuing", New: "false",
		Packages: []string{"internal/commit"}, Run: "TestRecovery",
	}, {
		Name: "what was skipped is not healed", In: "internal/commit recovery.ended",
		Old: "r.heal = b.skip", New: "",
		Packages: []string{"internal/commit", "internal/stack"}, Run: "TestTranscripts|TestRecovery|Healed",
	}, {
		Name: "whatever failed is skipped, healable or not", In: "internal/commit recovery.ended",
		Old: "len(failed) == 0 || len(unable) > 0 {", New: "len(failed) == 0 && len(unable) >= 0 {",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts|TestRecovery",
	}, {
		Name: "a stale template is taken for fresh", In: "internal/commit Engine.baseRead",
		Old: "case !o.Consistent(), e.staleness.Wait(now, o.Stale()):", New: "case !o.Consistent():",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	}, {
		Name: "a batch is committed to a template in doubt", In: "internal/commit Engine.compose",
		Old: "if e.base.doubtful {", New: "if false {",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	}, {
		Name: "a stale description is the end of a commit", In: "internal/stack performer.follow",
		Old: "case !before(e, *d):", New: "case true:",
		Packages: []string{"internal/stack"}, Run: "TestCommitThatEventsToldOf",
	}, {
		Name: "a stack is read without looking at it twice", In: "internal/commit BaseRead.Consistent",
		Old: "&& r.Before.same(r.After)", New: "",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	}, {
		Name: "whole-shard recompile", In: "internal/template editor.finish",
		Old:      "for id := range e.touched {",
		New:      "for _, b := range e.buckets {\n\t\tfor id, r := range Compile(e.env, b, e.origins[b.ID()]) {\n\t\t\tchanges[id] = encodeJSON(r)\n\t\t}\n\t}\n\tfor id := range e.touched {",
		Packages: []string{"internal/template"},
	}, {
		Name: "a project loses the boundary that its older users name", In: "internal/template editor.keepsProjectBoundary",
		Old: "return logicalID == projectBoundaryID && e.project() != nil", New: "return false",
		Packages: []string{"internal/template"}, Run: "TestBoundary_OlderProjects",
	}, {
		Name: "copied metadata makes a resource ours", In: "internal/template read",
		Old: "if !mark.belongs(id) {", New: "if false {",
		Packages: []string{"internal/template"}, Run: "TestCopies|TestOccupied",
	}, {
		Name: "an edit compiles a bucket again and again", In: "internal/template Edit",
		Old: "compiled, true", New: "compiled, false",
		Packages: []string{"internal/template"}, Run: "TestCompilations",
	}, {
		Name: "a changed resource is taken for the one that was read before", In: "internal/template shard.unchanged",
		Old: "bytes.Equal(before, of.resources[logicalID])", New: "bytes.Equal(before, before)",
		Packages: []string{"internal/template"}, Run: "TestOwnership_",
	}, {
		Name: "what needs more room than a stack has is given a stack of its own", In: "internal/template Demand.Check",
		Old: "full.Stack = false", New: "",
		Packages: []string{"internal/template"}, Run: "TestDemand_",
	}, {
		Name: "of two projects in one stack a random one counts", In: "internal/template read",
		Old: "return s, checkOneProject(all)", New: "return s, nil",
		Packages: []string{"internal/template"}, Run: "TestSeveralProjects",
	}, {
		Name: "a bucket is the one that its metadata names", In: "internal/template shard.named",
		Old: "if physical, ok := s.physicalName(logicalID); ok {", New: `if physical, ok := s.physicalName(logicalID); ok && physical == "" {`,
		Packages: []string{"internal/template"}, Run: "TestDamagedMetadata|TestMismatch",
	}, {
		Name: "an entity whose metadata contradicts its properties is deleted from the template", In: "internal/template editor.remove",
		Old: "if err := e.before.mismatchOf(id); err != nil {\n\t\treturn err\n\t}\n\tswitch id.Kind {", New: "if err := e.before.mismatchOf(id); err != nil && false {\n\t\treturn err\n\t}\n\tswitch id.Kind {",
		Packages: []string{"internal/template"}, Run: "TestMismatch",
	}, {
		Name: "a new entity overwrites a foreign resource", In: "internal/template editor.set",
		Old: "if err := e.vacant(c.Entity, c.Origin); err != nil {\n\t\t\t\treturn err\n\t\t\t}\n\t\t}", New: "if err := e.vacant(c.Entity); err != nil && false {\n\t\t\t\treturn err\n\t\t\t}\n\t\t}",
		Packages: []string{"internal/template"}, Run: "TestOccupied",
	}, {
		Name: "an update opens a closing project again", In: "internal/template editor.closingAlready",
		Old: "if !isProject || before == nil || !before.Closing {\n\t\treturn false, nil", New: "if !isProject || before == nil || !before.Closing || !next.Closing {\n\t\treturn false, nil",
		Packages: []string{"internal/template", "internal/projects"}, Run: "TestRefusals|TestProjectIsNotOpened",
	}, {
		Name: "closing a project reverts hand edits", In: "internal/template editor.set",
		Old: "if e.closes(i, c) {", New: "if false && e.closes(i, c) {",
		Packages: []string{"internal/projects"}, Run: "TestProjectBuckets",
	}, {
		Name: "policies name principals that do not exist", In: "internal/sandbox/iam/policydoc validPrincipal",
		Old: " && exists(name)", New: "",
		Packages: []string{"internal/sandbox"}, Run: "TestPrincipals",
	}, {
		Name: "a key's policy locks its maker out", In: "internal/sandbox/kms Service.checkPolicy",
		Old: "!bypass && ", New: "false && ",
		Packages: []string{"internal/sandbox"}, Run: "TestKey",
	}, {
		Name: "a bucket's policy has actions that apply to nothing", In: "internal/sandbox/s3 checkStatement",
		Old: "!applies && ", New: "false && ",
		Packages: []string{"internal/sandbox"}, Run: "TestBucketPolicies",
	}, {
		Name: "log groups take keys that do not let them in", In: "internal/sandbox/logs Service.usable",
		Old: "!evaluate.ServiceMay(request, policy)", New: "!evaluate.ServiceMay(request, policy) && false",
		Packages: []string{"internal/sandbox"}, Run: "TestKeysOfLogGroups",
	}, {
		Name: "a topic's policy has no say", In: "internal/sandbox/sns Service.Demands",
		Old: "d.Account, d.Policy = t.owner, t.attributes[\"Policy\"]", New: "_ = t",
		Packages: []string{"internal/sandbox"}, Run: "TestTopicPolicies",
	}, {
		Name: "dependents are listed with values", In: "internal/sandbox/cloudformation comparison.value",
		Old: "c.s.w.On(cloud.DependentsListedWithValues) && ", New: "",
		Packages: []string{"internal/sandbox/cloudformation"}, Run: "TestSwitches|TestAddedDependent",
	}, {
		Name: "references to what a condition leaves out", In: "internal/sandbox/cloudformation scope.checkConditions",
		Old: "resource && !is && ", New: "resource && is && !is && ",
		Packages: []string{"internal/sandbox/cloudformation"}, Run: "TestTemplatesThatAreRefusedAtOnce",
	}, {
		Name: "dynamic references in lists are left as they are", In: "internal/sandbox/cloudformation operation.resolveDynamic",
		Old: "resolved[i], err = op.resolveDynamic(element)", New: "resolved[i], err = element, nil",
		Packages: []string{"internal/sandbox/cloudformation"}, Run: "TestDynamicReferencesWherever",
	}, {
		Name: "quoted scalars in YAML have types", In: "internal/sandbox/cloudformation yamlScalar",
		Old: "if n.Style&(yamlQuoted|yaml.TaggedStyle) != 0 {", New: "if n.Style&yaml.TaggedStyle != 0 {",
		Packages: []string{"internal/sandbox/cloudformation"}, Run: "TestParseYAML",
	}, {
		Name: "projects' roles are assumed without the external ID", In: "internal/awsclient Clients.makeProject",
		Old: "ExternalID:  c.config.ProjectExternalID,", New: "",
		Packages: []string{"examples/onboarding"}, Run: "TestExternalID",
	}, {
		Name: "the sandbox's sessions forget their source identity", In: "internal/sandbox/sts Service.inherits",
		Old: "session.sourceIdentity = from.sourceIdentity", New: "",
		Packages: []string{"internal/sandbox/sts"},
	}, {
		Name: "the sandbox deletes without the rights that handlers need", In: "internal/sandbox step.handlers",
		Old: "actions = h.remove", New: "actions = nil",
		Packages: []string{"examples/onboarding"}, Run: "TestMissingRightIsNamed/iam:DeleteLoginProfile",
	}, {
		Name: "the sandbox ignores the answers that it is given", In: "internal/sandbox/unproven Answers.Of",
		Old: "if answer, ok := a[id]; ok {", New: "if answer, ok := a[id]; ok && false {",
		Packages: []string{"internal/sandbox/unproven"},
	}, {
		Name: "the sandbox ignores measured answers that it cannot give", In: "internal/sandbox/unproven Answers.Check",
		Old: "case !rule.takes(a[id]):", New: "case false:",
		Packages: []string{"internal/sandbox/unproven"},
	}, {
		Name: "an interrupted probe removes nothing", In: "internal/probe probe.remove",
		Old: "context.WithoutCancel(ctx)", New: "ctx",
		Packages: []string{"internal/probe"}, Run: "TestMeasure_Interrupted",
	}, {
		Name: "a probe measures in any account", In: "internal/cmd/probe run",
		Old: "id != o.account {", New: "id == \"\" {",
		Packages: []string{"internal/cmd/probe"}, Run: "TestRun_Refusals",
	}, {
		Name: "leftovers of a probe are told by their names", In: "internal/probe probe.leftovers",
		Old: "(tagged || ", New: "(!tagged || ",
		Packages: []string{"internal/probe"}, Run: "TestLeftovers",
	}, {
		Name: "actions that take no resource may be allowed on one", In: "internal/judge misplaced",
		Old: "case len(formats) == 0:", New: "case false:",
		Packages: []string{"internal/judge"}, Run: "TestUnknownResources",
	}, {
		Name: "a newer format is read as if it were known", In: "internal/template read",
		Old: "return nil, newerFormat(id, mark.Format)", New: "_ = mark.Format",
		Packages: []string{"internal/template"},
	}, {
		Name: "data is not retained", In: "internal/template Resource.retained",
		Old: `r.DeletionPolicy, r.UpdateReplacePolicy = "RetainExceptOnCreate", "Retain"`, New: `r.DeletionPolicy, r.UpdateReplacePolicy = "", ""`,
		Packages: []string{"internal/template"},
	}, {
		Name: "a rollback that failed has changed nothing", In: "internal/commit Engine.rolledBack",
		Old: "if status != cfn.UpdateRollbackComplete {", New: "if false {",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	}, {
		Name: "a bucket that was deleted before a commit failed was not changed", In: "internal/projects deletion.remove",
		Old: `if err != nil && done != "" {`, New: "if false {",
		Packages: []string{"internal/projects"}, Run: "TestErrors_Say",
	}, {
		Name: "a project that is closed was not changed", In: "internal/projects projectDeletion.deleteContents",
		Old: "return model.AfterChange(err, closed)", New: "return err",
		Packages: []string{"internal/projects"}, Run: "TestErrors_Say",
	}, {
		Name: "markers go before the locked versions that they hide", In: "internal/account Buckets.Empty",
		Old: "remove, err = e.deleteBeforeMarkers, e.deleteNewest(ctx)", New: "err = e.deleteNewest(ctx)",
		Packages: []string{"internal/account"}, Run: "TestEmpty_",
	}, {
		Name: "object lock is met in the middle of an emptying", In: "internal/account Buckets.Empty",
		Old: "remove, err = e.deleteBeforeMarkers, e.deleteNewest(ctx)", New: "remove = e.deleteBeforeMarkers",
		Packages: []string{"internal/account"}, Run: "TestEmpty_",
	}, {
		Name: "what a request without an answer deleted is counted as nothing", In: "internal/account emptying.stopped",
		Old: "e.uncertain = true", New: "",
		Packages: []string{"internal/account"}, Run: "TestEmpty_",
	}, {
		Name: "a shared call hides AWS's last answer", In: "internal/projects flights.do",
		Old: "joined.attempts.Ended(ctx.Err())", New: "ctx.Err()",
		Packages: []string{"internal/projects"}, Run: "TestErrors_Last",
	}, {
		Name: "AWS's last answer is not told", In: "internal/commit Engine.expire",
		Old: "return &InterruptedError{Stack: e.config.Stack, Doing: doing, Last: e.lastAnswer()}", New: "return &InterruptedError{Stack: e.config.Stack, Doing: doing}",
		Packages: []string{"internal/stack"}, Run: "TestUnserved",
	}, {
		Name: "what AWS does not serve is asked for without an end", In: "internal/commit Engine.notServed",
		Old: "if now.Sub(e.unserved.since) < UnservedPatience {", New: "if now.Sub(e.unserved.since) >= 0 {",
		Packages: []string{"internal/stack"}, Run: "TestUnserved",
	}, {
		Name: "calls are repeated without a line of progress", In: "internal/awsclient keepAttempt",
		Old: "if err != nil && answered(ctx, err) && repeated(err) {", New: "if false {",
		Packages: []string{"internal/awsclient"}, Run: "TestLogShowsRepeatedCalls",
	}, {
		Name: "replacing a retained bucket is planned without a warning", In: "internal/provider/projectbucket warnOfRetained",
		Old: "!= model", New: "== model",
		Packages: []string{"internal/provider/projectbucket"}, Run: "TestReplacement_Retained",
	}, {
		Name: "a call ends with the first of the callers that share it", In: "internal/projects flights.join",
		Old: "context.WithoutCancel(ctx)", New: "ctx",
		Packages: []string{"internal/projects"}, Run: "TestFlights",
	}, {
		Name: "a coalesced call is joined while it is in progress", In: "internal/projects coalescer.do",
		Old: "c.next.detach(next)", New: "_ = next",
		Packages: []string{"internal/projects"}, Run: "TestCoalescer",
	}, {
		Name: "a bucket of the project is called one outside of the stack", In: "internal/projects attempt.run",
		Old: "return a.bucketNameTaken(ctx, failure)", New: "return failure",
		Packages: []string{"internal/projects"}, Run: "TestBucketName",
	}, {
		Name: "a fraction is a bug of the provider", In: "internal/provider withoutConversionErrors",
		Old: "if len(found) == 0 {", New: "if true {",
		Packages: []string{"internal/provider"}, Run: "TestFractions",
	}, {
		Name: "0 days are taken for never", In: "internal/provider/projectbucket notZero.ValidateInt64",
		Old: "if req.ConfigValue.Equal(types.Int64Value(0)) {", New: "if false {",
		Packages: []string{"internal/provider"}, Run: "TestMistakes",
	}, {
		Name: "credentials that expire during a run are an unexpected error", In: "internal/awsclient explainFailure",
		Old: `case credentialsCodes[errorCode(err)] != "":`, New: "case false:",
		Packages: []string{"internal/awsclient"}, Run: "TestExpiredCredentials",
	}, {
		Name: "a shared configuration file that does not exist is ignored", In: "internal/awsclient Config.check",
		Old: "path); err != nil {\n\t\t\t\treturn &", New: "path); false {\n\t\t\t\treturn &",
		Packages: []string{"internal/awsclient"}, Run: "TestWrongArguments",
	}, {
		Name: "retry without token", In: "internal/stack performer.execute",
		Old: "ClientRequestToken: aws.String(e.Token),", New: "",
		Packages: []string{"internal/stack"},
	}, {
		Name: "an update without a change set ends a commit", In: "internal/stack performer.finished",
		Old: "d.LastUpdated.Equal(own)", New: "!d.LastUpdated.Before(own)",
		Packages: []string{"internal/stack"}, Run: "TestFollow",
	}, {
		Name: "what an update without a change set left is taken for a commit's", In: "internal/stack withoutChangeSet",
		Old: `d.ChangeSetID = ""`, New: "_ = d",
		Packages: []string{"internal/stack"}, Run: "TestFollow",
	}, {
		Name: "an incomplete change set is not completed", In: "internal/stack performer.describeChangeSet",
		Old: `aws.ToString(out.StatusReason) != ""`, New: "out == nil",
		Packages: []string{"internal/stack"}, Run: "TestSwitches",
	}, {
		Name: "a new change set is given up when it is not found at first", In: "internal/stack performer.describeChangeSet",
		Old: "time.Since(began) < newSetPatience", New: "began.IsZero()",
		Packages: []string{"internal/stack"}, Run: "TestSwitches",
	}, {
		Name: "a change set fails without its reason", In: "internal/stack performer.failure",
		Old: `if err == nil && aws.ToString(plain.StatusReason) != "" {`, New: `if err != nil && aws.ToString(plain.StatusReason) != "" {`,
		Packages: []string{"internal/stack"}, Run: "TestDescribeChangeSet",
	}, {
		Name: "a token that exists is a refusal", In: "internal/stack classify",
		Old: "case errors.As(err, &token):", New: "case errors.As(err, &token) && false:",
		Packages: []string{"internal/stack"}, Run: "TestRefusals",
	}, {
		Name: "rollback is left to the default", In: "internal/stack performer.execute",
		Old: "false", New: "true",
		Packages: []string{"internal/stack"},
	}, {
		Name: "change sets are executed by name", In: "internal/stack performer.execute",
		Old: "ChangeSetName: aws.String(e.ARN", New: `StackName: aws.String(s.config.Stack), ChangeSetName: aws.String(strings.Split(e.ARN, "/")[1]`,
		Packages: []string{"internal/stack"},
	}, {
		Name: "new stacks are not protected", In: "internal/stack performer.protect",
		Old: "StackName: aws.String(stackID), EnableTerminationProtection: aws.Bool(true),", New: "StackName: aws.String(stackID), EnableTerminationProtection: aws.Bool(false),",
		Packages: []string{"internal/stack"},
	}, {
		Name: "a reading serves a commit although the stack has changed since", In: "internal/stack Stack.takeEarlier",
		Old: "|| s.newest.changed.After(read.description.LastUpdated)", New: "",
		Packages: []string{"internal/stack"}, Run: "TestCommit_Reads",
	}, {
		Name: "a reading serves a commit however old it is", In: "internal/stack Stack.takeEarlier",
		Old: "if read.description == nil || time.Since(read.at) > earlierBound ||", New: "if read.description == nil || ",
		Packages: []string{"internal/stack"}, Run: "TestCommit_Reads",
	}, {
		Name: "an earlier reading refuses changes", In: "internal/commit Engine.baseRead",
		Old: "remembered: o.Earlier,", New: "",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	}, {
		Name: "an operation is polled for the first time after a second", In: "internal/stack firstPause",
		Old: "250 * time.Millisecond", New: "time.Second",
		Packages: []string{"internal/stack"}, Run: "TestPausesOfOperation",
	}, {
		Name: "a reading that is behind what was seen is believed", In: "internal/stack Stack.readSince",
		Old: "s.behind(*after)", New: "false",
		Packages: []string{"internal/stack"}, Run: "TestAStaleBase",
	}, {
		Name: "a stack is deleted that has changed since it was read", In: "internal/stack Stack.Delete",
		Old: "if d.Status != cfn.DeleteInProgress && !still(*d) {", New: "if d.Status != cfn.DeleteInProgress && false {",
		Packages: []string{"internal/stack"}, Run: "TestStackThatHasChanged",
	}, {
		Name: "a stack that was deleted while it was being made is waited for", In: "internal/stack performer.finished",
		Old: "case d.Status == cfn.DeleteComplete, d.Status == cfn.DeleteFailed:", New: "case false:",
		Packages: []string{"internal/stack"}, Run: "TestStackDeletedWhile",
	}, {
		Name: "a stack that nobody counts is mirrored", In: "internal/projects shard.write",
		Old: "if !sh.counts() {", New: "if false {",
		Packages: []string{"internal/projects"}, Run: "TestStackMadeForAProjectThatIsGone",
	}, {
		Name: "a project that was made while one of its name was being deleted is in no directory", In: "internal/projects lifecycle.delete",
		Old: "if anew != nil && anew.contents.Project != nil && !anew.contents.Project.Closing {", New: "if false && anew.contents.Project != nil && !anew.contents.Project.Closing {",
		Packages: []string{"internal/projects"}, Run: "TestProjectMadeBefore",
	}, {
		Name: "no condition on the mirror's write", In: "internal/mirror Table.commit",
		Old: "headPut, err := t.put(head, b.headUnchanged())", New: "headPut, err := t.put(head, expression.Name(PartitionKey).AttributeExists().Or(expression.Name(PartitionKey).AttributeNotExists()))",
		Packages: []string{"internal/mirror"},
	}, {
		Name: "the mirror is ordered by revision", In: "internal/mirror Version.Supersedes",
		Old: "return v.LastUpdated.After(other.LastUpdated)", New: "return v.Revision > other.Revision",
		Packages: []string{"internal/mirror"},
	}, {
		Name: "the mirror goes back on a stale read", In: "internal/mirror Update.isNewer",
		Old: "if u.Supersedes(b.head.Version) {", New: "if u.Version != b.head.Version {",
		Packages: []string{"internal/mirror"},
	}, {
		Name: "reads of a process go back", In: "internal/projects shard.latest",
		Old: "!read.version.LastUpdated.After(newest.version.LastUpdated)", New: "false",
		Packages: []string{"internal/projects"}, Run: "TestReadsOfAProcess",
	}, {
		Name: "an outage of the mirror holds up a plan", In: "internal/mirror Table.page",
		Old: "if bound == 0 {", New: "if bound >= 0 {",
		Packages: []string{"internal/projects"}, Run: "TestMirror_Outage",
	}, {
		Name: "a mistyped table is an outage", In: "internal/projects hub.missingTable",
		Old: "if !model.IsNotFound(err, model.NotFoundTable) {", New: "if err == nil || true {",
		Packages: []string{"internal/projects"}, Run: "TestHub_TableMissing",
	}, {
		Name: "a lost directory is taken for a new one", In: "internal/projects directory.listed",
		Old: "return len(body.Contents.Listings), nil", New: "return 0, nil",
		Packages: []string{"internal/projects"}, Run: "TestDirectory_Missing",
	}, {
		Name: "settings of another account's hub are used", In: "internal/projects readHubSettings",
		Old: "if written := (HubLocation{settings.AccountID, settings.Region}); written != at {", New: "if written := (HubLocation{settings.AccountID, settings.Region}); written != at && false {",
		Packages: []string{"internal/projects"}, Run: "TestHubSettings_Copied",
	}, {
		Name: "a bucket whose metadata contradicts its properties is deleted", In: "internal/projects deletion.deletable",
		Old: "return entity, d.view.Contents.MismatchOf(d.id)", New: "return entity, nil",
		Packages: []string{"internal/projects"}, Run: "TestDamagedMetadata",
	}, {
		Name: "what a mirror says counts as much as the template", In: "internal/projects shard.latest",
		Old: "better := !read.doubtful && (newest.doubtful || newest.mirrored && !read.mirrored)", New: "better := !read.doubtful && (newest.doubtful)",
		Packages: []string{"internal/projects"}, Run: "TestDamagedMetadata|TestReadsOfAProcess",
	}, {
		Name: "a stale reading is certain for a process that remembers the same", In: "internal/projects reread",
		Old: "!", New: "",
		Packages: []string{"internal/projects"}, Run: "TestDeletionBehind",
	}, {
		Name: "a deletion believes an old reading", In: "internal/projects deletion.deletable",
		Old: "if !there || another || ok && bucket.OnDelete != model.Retain {", New: "if another || ok && bucket.OnDelete != model.Retain {",
		Packages: []string{"internal/simulation"}, Run: "TestSimulation",
	}, {
		Name: "copies of resources are not shown", In: "internal/entity Resource.refresh",
		Old: "diags.Append(r.copies(view, name)...)", New: "",
		Packages: []string{"internal/provider"}, Run: "TestCopiedResource",
	}, {
		Name: "a missing stack is taken for a deleted project", In: "internal/entity Services.checkGone",
		Old: "!model.IsNotFound(err, model.NotFoundEntity, model.NotFoundProject, model.NotFoundDirectory)", New: "false",
		Packages: []string{"internal/entity", "internal/provider"},
	},
	{
		Name: "drift is lost when an old state is upgraded", In: "internal/entity version1",
		Old: `attributes["drift"] = drift`, New: "_ = drift",
		Packages: []string{"internal/provider"}, Run: "TestStateUpgrade",
	}, {
		Name: "the provider's commit_timeout is ignored", In: "internal/entity Resource.limit",
		Old: "limit := r.services.CommitTimeout", New: "limit := 0 * r.services.CommitTimeout",
		Packages: []string{"internal/provider"}, Run: "TestTimeouts|TestCommitTimeout",
	},
	{
		Name: "an update since the stack was read is overlooked", In: "internal/commit Engine.changeSetMade",
		Old: "o.StackUpdated.After(e.base.description.LastUpdated) && e.attempt.purpose != creating", New: "false",
		Packages: []string{"internal/commit", "internal/stack"}, Run: "TestTranscripts|TestHandEdits",
	},
	{
		Name: "an intrinsic function hides what stands beside it", In: "internal/commit intrinsic",
		Old:      "if len(object) != 1 {\n\t\treturn false\n\t}\n\tfor name := range object {\n\t\treturn name == \"Ref\" || name == \"Condition\" || strings.HasPrefix(name, \"Fn::\")",
		New:      "for name := range object {\n\t\tif name == \"Ref\" || name == \"Condition\" || strings.HasPrefix(name, \"Fn::\") {\n\t\t\treturn true\n\t\t}",
		Packages: []string{"internal/commit"}, Run: "TestVerify_Intrinsic",
	}, {
		Name: "a change set that was not executed is left for a late call", In: "internal/stack performer.settle",
		Old: "if s.deleteChangeSet(ctx, e.ARN) == nil {", New: `if e.ARN != "" {`,
		Packages: []string{"internal/stack"}, Run: "TestSettle_",
	}, {
		Name: "what another operation has left is taken for ours", In: "internal/stack described",
		Old: `StatusReason = ""`, New: "ChangeSetID = e.ARN",
		Packages: []string{"internal/stack"}, Run: "TestOutcomeIs",
	}, {
		Name: "sweep deletes the fresh change sets of other writers", In: "internal/stack performer.sweep",
		Old: "if ours && time.Since(aws.ToTime(set.CreationTime)) > deadAfter {", New: "if ours && deadAfter > 0 {",
		Packages: []string{"internal/stack"}, Run: "Swept",
	}, {
		Name: "sweep deletes change sets that are not ours", In: "internal/stack performer.sweep",
		Old: "ours := strings.HasPrefix(aws.ToString(set.ChangeSetName), commit.ChangeSetPrefix)", New: "ours := strings.Contains(aws.ToString(set.ChangeSetName), commit.ChangeSetPrefix)",
		Packages: []string{"internal/stack"}, Run: "Swept",
	}, {
		Name: "delete markers are no data", In: "internal/account emptying.versions",
		Old: "add(m.Key, m.VersionId, aws.ToBool(m.IsLatest), m.LastModified, [2]kind{hiding, marker})", New: "_ = m",
		Packages: []string{"internal/account"}, Run: "TestCheckEmpty",
	}, {
		Name: "only the first page of buckets is looked at", In: "internal/account Buckets.EncryptedWith",
		Old: "for pages.HasMorePages() {", New: "for first := true; first && pages.HasMorePages(); first = false {",
		Packages: []string{"internal/account"}, Run: "TestEncryptedWith_SecondPage",
	}, {
		Name: "the encryption of another account's bucket is read", In: "internal/account Buckets.uses",
		Old: ", ExpectedBucketOwner: aws.String(b.AccountID)", New: "",
		Packages: []string{"internal/account"}, Run: "TestEveryCallSays",
	}, {
		Name: "only the first resources of a failed first creation are looked at", In: "internal/stack performer.clear",
		Old: "for pages.HasMorePages() {", New: "for first := true; first && pages.HasMorePages(); first = false {",
		Packages: []string{"internal/stack"}, Run: "DeadFirst",
	}, {
		Name: "names that begin alike collide", In: "internal/model NamesCollide",
		Old: `return a == b || strings.HasPrefix(a, b+"-") || strings.HasPrefix(b, a+"-")`, New: `return a == b || strings.HasPrefix(a, b) || strings.HasPrefix(b, a+"-")`,
		Packages: []string{"internal/model"}, Run: "Collide",
	}, {
		Name: "foreign resources of other stacks are not shown", In: "internal/projects View.merge",
		Old: "append(c.Foreign, s.Foreign...)", New: "c.Foreign",
		Packages: []string{"internal/projects"}, Run: "TestView_",
	}, {
		Name: "a project that was made again in another region is where it was", In: "internal/projects refresh.relocated",
		Old: "|| now.Region != first.env.Region", New: "",
		Packages: []string{"internal/projects"}, Run: "TestRefreshStack_",
	}, {
		Name: "a project that was made again in another account is where it was", In: "internal/projects refresh.relocated",
		Old: "AccountID != first.env.AccountID || now.", New: "",
		Packages: []string{"internal/projects"}, Run: "TestRefreshStack_",
	}, {
		Name: "a boundary that is missing is explained like any failure", In: "internal/commit CommitError.Explain",
		Old: "if slices.ContainsFunc(e.Reasons, unprepared) {", New: "if slices.ContainsFunc(e.Reasons, unprepared) && false {",
		Packages: []string{"examples/onboarding"}, Run: "TestUnpreparedAccount",
	}, {
		Name: "every notification of an unknown project reads the directory", In: "internal/projects directory.unlisted",
		Old: "dir.lookup.listed != nil", New: "false",
		Packages: []string{"internal/relay"}, Run: "TestNotifications_UnknownProjects",
	}, {
		Name: "a failed reading is kept for all clients", In: "internal/relay cache.get",
		Old: "if err == nil {\n\t\t\tc.keep(key, value)\n\t\t}", New: "c.keep(key, value)",
		Packages: []string{"internal/relay"}, Run: "TestCache_",
	}, {
		Name: "a client sees projects whose names begin like one of its own", In: "internal/relay client.sees",
		Old:      "return slices.Contains(c.projects, project) && isProjectName(project)",
		New:      "return slices.ContainsFunc(c.projects, func(own string) bool { return strings.HasPrefix(project, own) }) && isProjectName(project)",
		Packages: []string{"internal/relay"}, Run: "TestSees",
	}, {
		Name: "events expire after 24 minutes", In: "internal/event EventLife",
		Old: "Hour", New: "Minute",
		Packages: []string{"internal/mirror"}, Run: "TestEvents_TimeToLive",
	},
	{
		Name: "keys are listed as XML has them", In: "internal/account emptying.versions",
		Old: "EncodingType: types.EncodingTypeUrl, ExpectedBucketOwner", New: "ExpectedBucketOwner",
		Packages: []string{"internal/account"}, Run: "TestEmpty_HostileKeys",
	}, {
		Name: "keys that XML can't hold are deleted in XML", In: "internal/account emptying.deleteVersions",
		Old: "if inXML(one.key) {", New: `if one.key != "" {`,
		Packages: []string{"internal/account"}, Run: "TestEmpty_HostileKeys",
	}, {
		Name: "MFA delete is not told apart", In: "internal/account emptying.deleteBatch",
		Old: "if needsMFA", New: "if err == nil && needsMFA",
		Packages: []string{"internal/account"}, Run: "TestEmpty_MFADelete",
	}, {
		Name: "what was deleted beside a protected version is not counted", In: "internal/account emptying.deleteBatch",
		Old: "if !failed[one.ref] {", New: "if len(failed) == 0 {",
		Packages: []string{"internal/account"}, Run: "TestEmpty_Protected",
	}, {
		Name: "a bucket of an opt-in region holds up the deletion of a project", In: "internal/account elsewhere",
		Old: `, "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"`, New: "",
		Packages: []string{"internal/account"}, Run: "TestEncryptedWith_OtherRegions",
	}, {
		Name: "the region that S3 lists for a bucket doesn't count", In: "internal/account Buckets.EncryptedWith",
		Old: `if region != "" && region != b.S3.Options().Region {`, New: `if region != "" && region == "none" {`,
		Packages: []string{"internal/account"}, Run: "TestEncryptedWith_OtherRegions",
	},
	{
		Name: "drift shows the text of a secret", In: "internal/template conceals",
		Old: "return !slices.Contains(harmless, at)", New: `return at == "Properties.SecretBinary" && !slices.Contains(harmless, at)`,
		Packages: []string{"internal/template"}, Run: "TestParse_SecretPutInByHand",
	}, {
		Name: "drift shows what a user's output was changed to", In: "internal/template conceals",
		Old: "return strings.HasPrefix(logicalID, outputPrefix+userOutputPrefix)", New: "return false",
		Packages: []string{"internal/template"}, Run: "TestParse_SecretPutInByHand",
	}, {
		Name: "any text of an output is taken for the id of a key", In: "internal/template credentials",
		Old: `&& strings.HasPrefix(id, "AKIA")`, New: "",
		Packages: []string{"internal/template"}, Run: "TestCredentials_SecretInOutput",
	},
	{
		Name: "null tags vanish", In: "internal/entity Tagged.fill",
		Old: "elements[key] = types.StringNull()", New: "delete(elements, key)",
		Packages: []string{"internal/entity"}, Run: "TestTagsAreMerged",
	}, {
		Name: "null networks are no networks", In: "internal/provider/projectuser noNulls",
		Old: "NoNullValues(", New: "SizeAtMost(1000",
		Packages: []string{"internal/provider/projectuser"}, Run: "TestBad",
	}, {
		Name: "keys are planned while access_key is known in part", In: "internal/provider/projectuser planKeys",
		Old: "if raw, err := m.AccessKey.ToTerraformValue(ctx); err != nil || !raw.IsFullyKnown() {", New: "if raw, err := m.AccessKey.ToTerraformValue(ctx); err != nil || !raw.IsKnown() {",
		Packages: []string{"internal/provider/projectuser"}, Run: "TestPlan_UnknownInAccessKey",
	}, {
		Name: "the plan doesn't know where the project is", In: "internal/entity Resource.problems",
		Old: "if located, ok := e.(model.Located); ok && view != nil {", New: "if located, ok := e.(model.Located); false && ok && view != nil {",
		Packages: []string{"internal/provider/projectbucket"}, Run: "TestBadInput",
	}, {
		Name: "an argument is judged by another one that is unknown", In: "internal/entity Resource.problems",
		Old: "ok = ok && !unknownAt(ctx, at, other)", New: "_ = other",
		Packages: []string{"internal/provider/projectuser"}, Run: "TestPlan_UnknownInAccessKey",
	}, {
		Name: "prefixes with dynamic references", In: "internal/model prefixProblems",
		Old: "if problems := referenceProblems(field, prefix); problems != nil {", New: "if problems := referenceProblems(field); problems != nil {",
		Packages: []string{"internal/model"}, Run: "TestProblems_DynamicReference",
	}, {
		Name: "tags of buckets are not judged", In: "internal/model Bucket.Problems",
		Old: "return append(problems, TagProblems(b.Tags)...)", New: "return problems",
		Packages: []string{"internal/model"}, Run: "TestProblems",
	}, {
		Name: "the plan after a replacement deletes the old key", In: "internal/model AccessKey.Next",
		Old: "case !now.Before(key.Inactive.Add(max(overlap, minInactive))):", New: "case !now.Before(key.Inactive.Add(max(overlap, 0))):",
		Packages: []string{"internal/model"}, Run: "TestNext_Idempotent",
	},
	{
		Name: "the state is saved with an unknown outcome", In: "internal/entity Resource.write",
		Old:      "}\n\t\treturn append(diags, f.diagnostic(err))",
		New:      "}\n\t\tdiags.Append(f.diagnostic(err))",
		Packages: []string{"internal/entity", "internal/provider"},
	}, {
		Name: "a notification's content is believed", In: "internal/projects refresh.stack",
		Old: "if head != nil && whole && !update.Supersedes(head.Version) {", New: "if head != nil && whole {",
		Packages: []string{"internal/simulation"}, Run: "TestSimulation",
	}, {
		Name: "an object that another hub lacks is gone", In: "internal/entity Services.otherHub",
		Old: "return recorded, now, err == nil && recorded != now", New: "return recorded, now, err != nil && recorded != now",
		Packages: []string{"internal/provider"}, Run: "TestRead_OtherHub",
	}, {
		Name: "an interrupted creation of a project does not know that it has succeeded", In: "internal/projects lifecycle.create",
		Old: ")\n\t// The project exists from here on. A run that is interrupted now has to know that: the next one would be refused to create it.\n\tctx,", New: ")\n\t// The project exists from here on. A run that is interrupted now has to know that: the next one would be refused to create it.\n\t_,",
		Packages: []string{"internal/projects"}, Run: "TestCreateProject_InterruptedAtItsEnd",
	}, {
		Name: "a full stack fails its member", In: "internal/projects attempt.retries",
		Old: "if errors.As(failure, &full) && full.Stack {", New: "if errors.As(failure, &full) && full.Stack && n < 0 {",
		Packages: []string{"internal/projects"}, Run: "TestFullStack|TestPoliciesOverflow|TestPermissionFinds",
	}, {
		Name: "a later stack that is missing is taken for an empty one", In: "internal/projects project.readOthers",
		Old: "if errs[n] == nil && shards[n] == nil && !first.contents.Project.Closing {", New: "if errs[n] == nil && shards[n] == nil && n < 0 {",
		Packages: []string{"internal/projects"}, Run: "TestLaterStack",
	}, {
		Name: "policies in other stacks are left as they were", In: "internal/projects writer.change",
		Old: "if change.Op == template.Update {", New: "if change.Op == template.Delete {",
		Packages: []string{"internal/projects"}, Run: "TestPoliciesOverflow",
	}, {
		Name: "an absent project is looked up for every object", In: "internal/projects memory.store",
		Old: "case isAbsence(err):", New: "case isAbsence(err) && false:",
		Packages: []string{"internal/projects"}, Run: "TestReadBudget_Absent",
	}, {
		Name: "a write believes in an absence found earlier", In: "internal/projects memory.lookAgain",
		Old: "m.absence = nil", New: "_ = m",
		Packages: []string{"internal/projects"}, Run: "TestAbsence_Writes",
	}, {
		Name: "a failed call is taken for an absence", In: "internal/projects isAbsence",
		Old: "errors.Is(err, template.ErrNotJSON)", New: "err != nil",
		Packages: []string{"internal/projects"}, Run: "TestAbsence_Failures",
	}, {
		Name: "a stale directory is taken for an absence", In: "internal/projects directory.listing",
		Old: "if read.doubtful {", New: "if read.doubtful && false {",
		Packages: []string{"internal/projects"}, Run: "TestAbsence_StaleDirectory",
	}, {
		Name: "policies that are outdated are no deviation", In: "internal/projects View.merge",
		Old: "c.Deviations = append(c.Deviations, o.deviation())", New: "_ = o",
		Packages: []string{"internal/projects"}, Run: "TestOutdated",
	}, {
		Name: "a project closes whatever it has grown to", In: "internal/template editor.check",
		Old: "> c.Shards", New: "< 0",
		Packages: []string{"internal/template"}, Run: "TestProjectCloses",
	}, {
		Name: "an entity of another incarnation is changed", In: "internal/template editor.holds",
		Old: "if present := e.incarnations[id]; !c.AnyIncarnation && present != c.Incarnation {", New: `if present := e.incarnations[id]; !c.AnyIncarnation && present != c.Incarnation && present == "" {`,
		Packages: []string{"internal/template"}, Run: "TestOwnership",
	}, {
		Name: "a caller without an incarnation changes any", In: "internal/template editor.holds",
		Old: "if present := e.incarnations[id]; !c.AnyIncarnation && present != c.Incarnation {", New: `if present := e.incarnations[id]; !c.AnyIncarnation && c.Incarnation != "" && present != c.Incarnation {`,
		Packages: []string{"internal/template"}, Run: "TestOwnership",
	}, {
		Name: "a takeover keeps the incarnation", In: "internal/template editor.meet",
		Old: "e.incarnations[id] = c.Incarnation", New: "",
		Packages: []string{"internal/template"}, Run: "TestOwnership",
	}, {
		Name: "a takeover of a permission reverts hand edits", In: "internal/template editor.finishPolicy",
		Old: "&&\n\t\t\tbytes", New: "&& false &&\n\t\t\tbytes",
		Packages: []string{"internal/template"}, Run: "TestOwnership",
	}, {
		Name: "twins of one batch take over from each other", In: "internal/template editor.meet",
		Old: `, taken && c.Incarnation != "":`, New: ":\n\t\t_ = taken",
		Packages: []string{"internal/template"}, Run: "TestOwnership",
	}, {
		Name: "an entity is deleted and created in one commit", In: "internal/template editor.set",
		Old: "return &model.ConflictError{Kind: model.ConflictAwaitsDeletion, ID: id}", New: "",
		Packages: []string{"internal/template", "internal/commit"}, Run: "TestOwnership|TestTranscripts",
	}, {
		Name: "a creation that awaits a deletion is refused", In: "internal/commit Engine.compose",
		Old: "if e.awaitDeletions(now, edited.Errors) {", New: "if false {",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	}, {
		Name: "policies that have become too large are not packed again", In: "internal/template editor.apply",
		Old: "e.repack(errs, refused)", New: "_ = e.repack",
		Packages: []string{"internal/template"}, Run: "TestPackingHolds",
	}, {
		Name: "fields of a newer provider are dropped", In: "internal/template editor.apply",
		Old: "e.keepNewer(refused, errs)", New: "_ = e.keepNewer",
		Packages: []string{"internal/template"}, Run: "Newer",
	}, {
		Name: "an item of a newer format is read as if it were known", In: "internal/mirror readable",
		Old: "return newerItem(i, n.Value)", New: "return nil",
		Packages: []string{"internal/mirror"}, Run: "Newer",
	}, {
		Name: "contexts of calls are kept", In: "internal/provider during",
		Old: "parent = *s.first.Load()", New: "_ = first",
		Packages: []string{"internal/provider"}, Run: "TestServer_Memory",
	}, {
		Name: "calls outlive the provider", In: "internal/provider Server.StopProvider",
		Old: "for _, cancel := range s.running {\n\t\tcancel()", New: "for range s.running {",
		Packages: []string{"internal/provider"}, Run: "TestServer_Cancellation",
	}, {
		Name: "a call that is answered twice claims its entity twice", In: "internal/entity Services.claim",
		Old: "ctx,", New: "context.Background(),",
		Packages: []string{"internal/provider"}, Run: "TestOwnership",
	}, {
		Name: "an answer without the framework ignores what a destroy loses", In: "internal/entity Resource.PlanDestroyModel",
		Old: "return r.services != nil && len(r.planRemoval(ctx, state)) == 0", New: "return r.services != nil",
		Packages: []string{"internal/provider"}, Run: "TestOwnership",
	}, {
		Name: "an answer without the framework swallows the warnings of a read", In: "internal/entity Services.warningsOfRead",
		Old: "return slices.Clone(unchanged.Once(ctx, pendingWarnings{}, s.warnings))", New: "return slices.Clone(unchanged.Once(context.Background(), pendingWarnings{}, s.warnings))",
		Packages: []string{"internal/provider"}, Run: "TestRead_MirrorWarning",
	}, {
		Name: "a key is due at two times of one read", In: "internal/entity Resource.refresh",
		Old: "now := unchanged.Once(ctx, readAt{}, time.Now)", New: "now := unchanged.Once(context.Background(), readAt{}, time.Now)",
		Packages: []string{"internal/provider/projectuser"}, Run: "TestKeys_DueByTheClock",
	}, {
		Name: "an unchanged plan forgets the defaults", In: "internal/unchanged attribute.withDefaults",
		Old: "if config.IsNull() && a.fallback != nil {", New: "if config.IsNull() && a.fallback != nil && false {",
		Packages: []string{"internal/provider"}, Run: "TestUnchanged",
	}, {
		Name: "an unchanged plan is whatever the resource plans", In: "internal/unchanged Answers.PlanResourceChange",
		Old: "private) || !plan.equal(prior) {\n\t\treturn", New: "private) {\n\t\treturn",
		Packages: []string{"internal/provider"}, Run: "TestUnchanged",
	}, {
		Name: "a read object is unchanged whatever was read", In: "internal/unchanged Answers.ReadResource",
		Old: "if !o.ReadModel(ctx, state, private) || !state.equal(before) {", New: "if !o.ReadModel(ctx, state, private) || before == nil {",
		Packages: []string{"internal/provider"}, Run: "TestUnchanged",
	}, {
		Name: "an unchanged object loses its private state", In: "internal/unchanged Answers.ReadResource",
		Old: "private.encode()", New: "req.Private",
		Packages: []string{"internal/provider"}, Run: "TestUnchanged",
	}, {
		Name: "an unchanged object keeps another's identity", In: "internal/unchanged Answers.ReadResource",
		Old: "if !ok || current != nil && !maps.Equal(current, identity) {", New: "if !ok || current != nil && !maps.Equal(current, current) {",
		Packages: []string{"internal/provider"}, Run: "TestUnchanged",
	}, {
		Name: "validators are not called without the framework", In: "internal/unchanged attribute.validatorsAccept",
		Old: "for _, check := range a.texts {", New: "for _, check := range a.texts[:0] {",
		Packages: []string{"internal/provider"}, Run: "TestUnchanged",
	}, {
		Name: "required arguments are not missed without the framework", In: "internal/unchanged attribute.valid",
		Old: "return !a.required", New: "return !a.required || true",
		Packages: []string{"internal/provider"}, Run: "TestUnchanged",
	}, {
		Name: "computed attributes may be set without the framework", In: "internal/unchanged attribute.valid",
		Old: "if a.readOnly {", New: "if a.readOnly && false {",
		Packages: []string{"internal/provider"}, Run: "TestUnchanged",
	}, {
		Name: "a plan has unknown values without the framework", In: "internal/unchanged Answers.PlanResourceChange",
		Old: "if !ok || !config.known {", New: "if !ok {",
		Packages: []string{"internal/provider"}, Run: "TestUnchanged",
	}, {
		Name: "credentials are sent to AWS although an endpoint is configured", In: "internal/awsclient setCredentialsEndpoints",
		Old: "base.StsEndpoint = aws.ToString(sts.NewFromConfig(configured).Options().BaseEndpoint)", New: "_ = sts.NewFromConfig(configured)",
		Packages: []string{"internal/awsclient"}, Run: "TestCredentialsEndpoint",
	}, {
		Name: "drop 410: who has gone is sent to for ever", In: "internal/push Pusher.Publish",
		Old: "result.Gone = append(result.Gone, connection)", New: "_ = connection",
		Packages: []string{"internal/push"},
	}, {
		Name: "a client that has lost something is sent what comes after", In: "internal/mirror Table.Audience",
		Old: "c.Behind ||", New: "",
		Packages: []string{"internal/mirror"}, Run: "TestEventsGo",
	}, {
		Name: "what a dead process has stored is never sent", In: "internal/relay Relay.sweepLive",
		Old: "return errors.Join(live.mend(ctx), live.beat(ctx))", New: "return live.beat(ctx)",
		Packages: []string{"internal/relay", "internal/simulation"}, Run: "TestClientsSee|Sweep",
	}, {
		Name: "nobody hears what has been lost", In: "internal/relay live.heartbeats",
		Old: "heartbeats[c.group()] = event.Heartbeat{Projects: positions}", New: "heartbeats[c.group()] = event.Heartbeat{}; _ = positions",
		Packages: []string{"internal/relay", "internal/simulation"}, Run: "TestClientsSee|Heartbeat",
	}, {
		Name: "lost notifications are never made up for", In: "internal/relay Relay.Sweep",
		Old: "if r.compareDue() {", New: "if false {",
		Packages: []string{"internal/relay", "internal/simulation"}, Run: "TestClientsSee|Sweep",
	}, {
		Name: "a topic reports on another account's stacks", In: "internal/relay notification.wake",
		Old: "if err != nil || !w.isOf(topic.AccountID, topic.Region) {", New: "if err != nil {",
		Packages: []string{"internal/relay"}, Run: "TestNotifications_OwnAccountOnly",
	}, {
		Name: "an event is noted as sent that clients could not be reached for", In: "internal/projects hub.send",
		Old: "return upto, errors.Join(result.Err, hub.note(ctx, result))", New: "return upto, errors.Join(nil, hub.note(ctx, result))",
		Packages: []string{"internal/projects"}, Run: "TestWhoCouldNotBeTold",
	},
}
